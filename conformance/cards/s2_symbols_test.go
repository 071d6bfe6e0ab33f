package cards

import (
	"slices"
	"strings"
	"time"

	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

// ccxt's form of a symbol.
func (t *T) longForm(symbol string) string {
	t.Helper()
	info, err := t.GetSymbolInfo(t.Ctx, &pb.GetSymbolInfoRequest{Symbol: symbol})
	t.must(err)
	form := info.GetBaseAsset() + "/" + info.GetQuoteAsset()
	if t.Type == pb.ExchangeType_EXCHANGE_TYPE_FUTURES {
		form += ":" + info.GetQuoteAsset()
	}
	return form
}

func (t *T) spelled(what, got, asked string) {
	t.Helper()
	t.check(got == asked, "%s: asked for %q, told %q", what, asked, got)
}

var symbols = []Card{
	{
		Number: "2.01", Title: "answers and streams repeat the symbol as the engine spells it",
		Given: "a symbol in two spellings, BTCUSDT's and BTC/USDT:USDT's", Do: "each call and each public stream that names a symbol, in both",
		Expect: "answers and messages", Pass: "`symbol` equals what was asked, byte for byte",
		Play: func(t *T) {
			for _, asked := range []string{t.any(), t.longForm(t.any())} {
				info, err := t.GetSymbolInfo(t.Ctx, &pb.GetSymbolInfoRequest{Symbol: asked})
				t.must(err)
				t.spelled("GetSymbolInfo", info.GetSymbol(), asked)
				bars, err := t.GetHistoricalKlines(t.Ctx, &pb.GetHistoricalKlinesRequest{Symbol: asked, Interval: "1m", Limit: 3})
				t.must(err)
				for _, bar := range bars.GetCandles() {
					t.spelled("GetHistoricalKlines", bar.GetSymbol(), asked)
				}
				rate, err := t.GetFundingRate(t.Ctx, &pb.GetFundingRateRequest{Symbol: asked})
				t.must(err)
				t.spelled("GetFundingRate", rate.GetSymbol(), asked)
				rates, err := t.GetHistoricalFundingRates(t.Ctx, &pb.GetHistoricalFundingRatesRequest{Symbol: asked, Limit: 3})
				t.must(err)
				for _, each := range rates.GetRates() {
					t.spelled("GetHistoricalFundingRates", each.GetSymbol(), asked)
				}
				t.spelled("SubscribePrice", t.prices(asked).until("price", 15*time.Second, some)[0].M.GetSymbol(), asked)
				t.spelled("SubscribeKlines", t.bars("1m", asked).until("bar", 15*time.Second, some)[0].M.GetSymbol(), asked)
				t.spelled("SubscribeFundingRate", t.fundings(asked).until("funding", 15*time.Second, some)[0].M.GetSymbol(), asked)
			}
		},
	},
	{
		Number: "2.01b", Title: "orders and positions are answered in the engine's spelling",
		Given: "an account that may trade", Do: "an order placed, found, listed, and a position, in both spellings",
		Expect: "answers", Pass: "`symbol` equals what was asked, also of each trade in an order", Trades: true,
		Play: func(t *T) {
			own := t.own()
			r := t.rules(own)
			t.place(r.atMarket(buy, 1))
			for _, asked := range []string{own, t.longForm(own)} {
				request := r.resting()
				request.Symbol = asked
				order := t.place(request)
				t.spelled("PlaceOrder", order.GetSymbol(), asked)
				found, err := t.GetOrder(t.Ctx, &pb.GetOrderRequest{Symbol: asked, OrderId: order.GetOrderId()})
				t.must(err)
				t.spelled("GetOrder", found.GetSymbol(), asked)
				for _, each := range t.open(asked, request.GetClientOrderId()) {
					t.spelled("GetOpenOrders", each.GetSymbol(), asked)
				}
				filled := r.atMarket(buy, 1)
				filled.Symbol = asked
				for _, trade := range t.place(filled).GetTrades() {
					t.spelled("a trade of PlaceOrder", trade.GetSymbol(), asked)
				}
				held, err := t.GetPositions(t.Ctx, &pb.GetPositionsRequest{Symbol: asked})
				t.must(err)
				t.check(len(held.GetPositions()) == 1, "%d positions of %s", len(held.GetPositions()), asked)
				for _, position := range held.GetPositions() {
					t.spelled("GetPositions", position.GetSymbol(), asked)
				}
			}
		},
	},
	{
		Number: "2.02", Title: "one stream may name a market in two spellings, and each is answered",
		Given: "a connector that serves", Do: "SubscribePrice with both spellings of one market",
		Expect: "prices in both", Pass: "both spellings come",
		Play: func(t *T) {
			long := t.longForm(t.any())
			prices := t.prices(t.any(), long)
			for _, asked := range []string{t.any(), long} {
				prices.first("price of "+asked, 15*time.Second, func(p *pb.PriceChange) bool { return p.GetSymbol() == asked })
			}
		},
	},
	{
		Number: "2.04", Title: "where no symbol was named, each is spelled BASEQUOTE",
		Given: "a connector that serves", Do: "GetSymbols, GetTickers, GetFundingRates",
		Expect: "lists", Pass: "every symbol of the lists is one of GetSymbols; each is base and quote joined (of the first twenty)",
		Play: func(t *T) {
			listed, err := t.GetSymbols(t.Ctx, &pb.GetSymbolsRequest{})
			t.must(err)
			names := listed.GetSymbols()
			t.check(len(names) > 0 && slices.IsSorted(names), "symbols are %v", names)
			tickers, err := t.GetTickers(t.Ctx, &pb.GetTickersRequest{})
			t.must(err)
			for _, each := range tickers.GetTickers() {
				t.check(slices.Contains(names, each.GetSymbol()), "a ticker of %q, which GetSymbols hasn't", each.GetSymbol())
			}
			for _, name := range names[:min(20, len(names))] {
				info, err := t.GetSymbolInfo(t.Ctx, &pb.GetSymbolInfoRequest{Symbol: name})
				t.must(err)
				// a second market of one base and quote goes by the exchange's own id
				joined := info.GetBaseAsset() + info.GetQuoteAsset()
				t.check(name == joined || slices.Contains(names, joined), "%q is %s and %s", name, info.GetBaseAsset(), info.GetQuoteAsset())
				t.check(!strings.ContainsAny(joined, "/:"), "%q is not joined", joined)
			}
		},
	},
	{
		Number: "2.04b", Title: "orders and positions for which no symbol was named are spelled BASEQUOTE",
		Given: "an account that may trade", Do: "an order placed as BTC/USDT:USDT, lists and the order stream without a symbol",
		Expect: "the order and the position in both lists, events", Pass: "all are spelled BASEQUOTE", Trades: true,
		Play: func(t *T) {
			own := t.own()
			r := t.rules(own)
			events := t.orderEvents(r)
			long := t.longForm(own)
			request, filled := r.resting(), r.atMarket(buy, 1)
			request.Symbol, filled.Symbol = long, long
			t.place(request)
			t.place(filled)
			for _, each := range t.open("", request.GetClientOrderId()) {
				t.spelled("GetOpenOrders", each.GetSymbol(), own)
			}
			t.check(len(t.open("", request.GetClientOrderId())) == 1, "the order is not listed")
			held, err := t.GetPositions(t.Ctx, &pb.GetPositionsRequest{})
			t.must(err)
			t.check(slices.ContainsFunc(held.GetPositions(), func(p *pb.Position) bool { return p.GetSymbol() == own }),
				"no position of %s is listed", own)
			got := event(events, filled.GetClientOrderId(), isFilled)
			t.spelled("SubscribeOrders", got.M.GetSymbol(), own)
			if got.M.GetLastTrade() != nil {
				t.spelled("SubscribeOrders' trade", got.M.GetLastTrade().GetSymbol(), own)
			}
		},
	},
	{
		Number: "2.05", Title: "what a symbol demands is told in base units and fits itself",
		Given: "a connector that serves", Do: "GetSymbolInfo", Expect: "tick, step, least quantity, digits",
		Pass: "tick and step above zero; the counts of digits are those of tick and step; the least quantity is a multiple of the step",
		Play: func(t *T) {
			r := t.rules(t.any())
			t.check(r.tick.Sign() > 0 && r.step.Sign() > 0, "tick %v, step %v", r.tick, r.step)
			for what, got := range map[string]struct {
				step   string
				digits int32
			}{"price": {r.GetTickSize().GetValue(), r.GetPricePrecision()}, "quantity": {r.GetStepSize().GetValue(), r.GetQuantityPrecision()}} {
				trimmed := got.step
				if strings.Contains(trimmed, ".") {
					trimmed = strings.TrimRight(strings.TrimRight(trimmed, "0"), ".")
				}
				_, behind, _ := strings.Cut(trimmed, ".")
				t.check(int(got.digits) == len(behind), "%s: %d digits are told, the step is %s", what, got.digits, got.step)
			}
			if r.GetMinQuantity() != nil {
				least := t.exact("min_quantity", r.GetMinQuantity())
				t.check(floor(least, r.step).Cmp(least) == 0, "least quantity %v is off the step", least)
			}
		},
	},
}
