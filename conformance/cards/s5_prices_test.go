package cards

import (
	"math"
	"os"
	"slices"
	"time"

	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

const minute = 60_000

var prices = []Card{
	{
		Number: "5.01", Title: "a price is above zero and never zero, asked for or streamed",
		Given: "a connector that serves", Do: "GetLatestPrice, a price stream for 3 s", Expect: "prices with a time",
		Pass: "all above zero, and asked and streamed within 5 % of each other",
		Play: func(t *T) {
			asked, _ := t.price(t.any()).Float64()
			stream := t.prices(t.any())
			stream.until("price", 15*time.Second, some)
			t.rest(3 * time.Second)
			for _, each := range stream.all() {
				told := t.positive("price", each.M.GetPrice())
				t.check(math.Abs(told/asked-1) < 0.05, "streamed %v, asked %v", told, asked)
				t.check(each.M.GetTimestamp() != nil, "a price without a time")
			}
		},
	},
	{
		Number: "5.03", Title: "at most 20 prices a second for each symbol, and never an older one after a newer",
		Given: "an exchange with 50 updates a second for each symbol", Do: "a price stream of three symbols for 5 s",
		Expect: "prices", Pass: "at most 20 a second over the 5 s, at least 10; times never fall", On: "fast",
		Play: func(t *T) {
			listed := t.on.symbols.all[:3]
			stream := t.prices(listed...)
			stream.until("price", 15*time.Second, some)
			began := time.Now()
			t.rest(5 * time.Second)
			passed := time.Since(began).Seconds()
			counts, last := map[string]int{}, map[string]time.Time{}
			for _, each := range stream.all() {
				at := each.M.GetTimestamp().AsTime()
				t.check(!at.Before(last[each.M.GetSymbol()]), "%s: a price of %v after one of %v", each.M.GetSymbol(), at, last[each.M.GetSymbol()])
				last[each.M.GetSymbol()] = at
				if each.at.After(began) {
					counts[each.M.GetSymbol()]++
				}
			}
			for _, symbol := range listed {
				rate := float64(counts[symbol]) / passed
				t.figure("%s: %.1f prices a second", symbol, rate)
				t.check(rate <= 20.5 && rate >= 10, "%s: %.1f prices a second", symbol, rate)
			}
		},
	},
	{
		Number: "5.05", Title: "a quiet market's price is repeated every 10 s",
		Given: "an exchange on which nothing moves", Do: "a price stream of two symbols", Expect: "each price, and again",
		Pass: "the second of each within 11 s of the first", On: "quiet",
		Play: func(t *T) {
			listed := t.on.symbols.all[:2]
			byName := map[string][]time.Time{}
			t.prices(listed...).until("each price twice", 30*time.Second, func(got []arrival[pb.PriceChange]) bool {
				clear(byName)
				for _, each := range got {
					byName[each.M.GetSymbol()] = append(byName[each.M.GetSymbol()], each.at)
				}
				return len(byName[listed[0]]) > 1 && len(byName[listed[1]]) > 1
			})
			for _, symbol := range listed {
				gap := byName[symbol][1].Sub(byName[symbol][0])
				t.figure("%s repeated after %v", symbol, gap.Round(time.Millisecond))
				t.check(gap < 11*time.Second, "%s repeated after %v", symbol, gap)
			}
		},
	},
	{
		Number: "5.06", Title: "each bar is closed exactly once, before the next one's first update",
		Given: "an exchange whose 1m bar lasts a second", Do: "a bar stream of three symbols until each has closed six",
		Expect: "forming bars, closed bars", Pass: "for each symbol: closed once each, a minute apart, nothing of a bar after its close or after a later bar's first",
		On: "fast",
		Play: func(t *T) {
			listed := t.on.symbols.all[:3]
			t.closedOnce(t.bars("1m", listed...), listed, 6, 30*time.Second)
		},
	},
	{
		Number: "5.06b", Title: "each bar is closed exactly once, on a market at its own pace",
		Given: "any connector", Do: "a bar stream until a bar of 1m has closed", Expect: "one closed bar, then updates of the next",
		Pass: "as 5.06", Skip: "at ADDRESS SLOW isn't 1: it takes up to a minute",
		Play: func(t *T) {
			if t.on.process == nil && os.Getenv("SLOW") != "1" {
				t.skipf("it takes up to a minute: set SLOW=1")
			}
			stream := t.bars("1m", t.any())
			stream.first("update after a close", 75*time.Second, func(*pb.Candle) bool {
				all := stream.all()
				return len(all) > 1 && all[len(all)-2].M.GetIsClosed()
			})
			t.closedOnce(stream, []string{t.any()}, 1, time.Second)
		},
	},
	{
		Number: "5.06c", Title: "a newcomer is never told an old close",
		Given: "an exchange whose 1m bar lasts a second, a bar stream that has run for two bars", Do: "a second client opens the same stream",
		Expect: "the forming bar first", Pass: "no bar is closed to it that was closed to the first before it came, and what it is told closed is so once", On: "fast",
		Play: func(t *T) {
			symbol := t.on.symbols.all[0]
			first := t.bars("1m", symbol)
			t.closedOnce(first, []string{symbol}, 2, 20*time.Second)
			var newest int64
			for _, bar := range first.all() {
				if bar.M.GetIsClosed() {
					newest = max(newest, bar.M.GetTimestamp())
				}
			}
			second := t.bars("1m", symbol)
			t.closedOnce(second, []string{symbol}, 2, 20*time.Second)
			for _, bar := range second.all() {
				t.check(!bar.M.GetIsClosed() || bar.M.GetTimestamp() > newest, "the bar of %d was closed again to a newcomer", bar.M.GetTimestamp())
			}
		},
	},
	{
		Number: "5.09", Title: "historical bars ascend, all closed but the last; their figures make sense",
		Given: "a connector that serves", Do: "GetHistoricalKlines of 1m and 1h, 50 and 3 of them", Expect: "bars",
		Pass: "as many as asked; opening times ascend by the interval; closed but for the last; close above 0, low ≤ open, close ≤ high, volume from 0",
		Play: func(t *T) {
			for _, asked := range []struct {
				interval string
				length   int64
				count    int
			}{{"1m", minute, 50}, {"1h", 60 * minute, 3}} {
				told, err := t.GetHistoricalKlines(t.Ctx, &pb.GetHistoricalKlinesRequest{Symbol: t.any(), Interval: asked.interval, Limit: int32(asked.count)})
				t.must(err)
				bars := told.GetCandles()
				t.check(len(bars) == asked.count, "%d bars of %s, want %d", len(bars), asked.interval, asked.count)
				for index, bar := range bars {
					t.soundBar(bar, asked.length)
					t.check(bar.GetIsClosed() == (index < len(bars)-1), "bar %d of %d: is_closed is %v", index, len(bars), bar.GetIsClosed())
					t.check(index == 0 || bar.GetTimestamp() == bars[index-1].GetTimestamp()+asked.length, "bar %d begins at %d after %d", index, bar.GetTimestamp(), bars[max(0, index-1)].GetTimestamp())
				}
			}
		},
	},
	{
		Number: "5.11", Title: "a ticker's change is a ratio, open interest is in base units",
		Given: "a connector that serves", Do: "GetTickers, GetOpenInterest", Expect: "tickers, an amount",
		Pass: "price_change_percent equals price_change over the price a day ago, to a hundredth of a per cent; last price above 0; open interest above 0",
		Play: func(t *T) {
			told, err := t.GetTickers(t.Ctx, &pb.GetTickersRequest{})
			t.must(err)
			t.check(len(told.GetTickers()) > 0, "no tickers")
			compared := 0
			for _, ticker := range told.GetTickers() {
				last := t.positive("last_price", ticker.GetLastPrice())
				if ticker.GetPriceChange() == nil || ticker.GetPriceChangePercent() == nil {
					continue
				}
				change := t.number("price_change", ticker.GetPriceChange())
				want := change / (last - change)
				got := t.number("price_change_percent", ticker.GetPriceChangePercent())
				t.check(math.Abs(got-want) < 0.0002, "%s: told %v, reckoned %v", ticker.GetSymbol(), got, want)
				compared++
			}
			t.figure("%d tickers, %d changes compared", len(told.GetTickers()), compared)
			if t.Type == pb.ExchangeType_EXCHANGE_TYPE_FUTURES {
				interest, err := t.GetOpenInterest(t.Ctx, &pb.GetOpenInterestRequest{Symbol: t.any()})
				t.must(err)
				t.positive("open_interest", interest.GetOpenInterest())
			}
		},
	},
}

func (t *T) soundBar(bar *pb.Candle, length int64) {
	t.Helper()
	low, high := t.positive("low", bar.GetLow()), t.positive("high", bar.GetHigh())
	open, closing := t.positive("open", bar.GetOpen()), t.positive("close", bar.GetClose())
	t.check(low <= min(open, closing) && high >= max(open, closing), "low %v, open %v, close %v, high %v", low, open, closing, high)
	t.check(t.number("volume", bar.GetVolume()) >= 0, "volume is %v", bar.GetVolume())
	t.check(bar.GetTimestamp() > 0 && bar.GetTimestamp()%length == 0, "%d is not the opening instant of a bar", bar.GetTimestamp())
}

// Waits until so many bars of each symbol have closed, then looks at everything that came.
func (t *T) closedOnce(stream *tap[pb.Candle], listed []string, count int, within time.Duration) {
	t.Helper()
	got := stream.until("closed bars", within, func(got []arrival[pb.Candle]) bool {
		closed := map[string]int{}
		for _, bar := range got {
			if bar.M.GetIsClosed() {
				closed[bar.M.GetSymbol()]++
			}
		}
		return !slices.ContainsFunc(listed, func(symbol string) bool { return closed[symbol] < count })
	})
	forming, closed, total := map[string]int64{}, map[string]int64{}, 0
	for _, bar := range got {
		symbol, opened := bar.M.GetSymbol(), bar.M.GetTimestamp()
		t.soundBar(bar.M, minute)
		t.check(opened > closed[symbol], "%s: the bar of %d came again after its close", symbol, opened)
		t.check(opened >= forming[symbol], "%s: the bar of %d came after one of %d", symbol, opened, forming[symbol])
		if opened > forming[symbol] && forming[symbol] > 0 {
			t.check(closed[symbol] == forming[symbol], "%s: the bar of %d began before that of %d was closed", symbol, opened, forming[symbol])
			t.check(opened == forming[symbol]+minute, "%s: the bar of %d follows that of %d", symbol, opened, forming[symbol])
		}
		forming[symbol] = opened
		if bar.M.GetIsClosed() {
			closed[symbol], total = opened, total+1
		}
	}
	t.figure("%d messages, %d closed bars of %d symbols", len(got), total, len(listed))
}
