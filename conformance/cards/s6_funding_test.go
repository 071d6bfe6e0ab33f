package cards

import (
	"math"
	"slices"
	"time"

	"google.golang.org/genproto/googleapis/type/decimal"

	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

func (t *T) soundRate(what string, rate, predicted *decimal.Decimal, next int64) {
	t.Helper()
	told := t.number(what+" rate", rate)
	t.check(math.Abs(told) < 0.05, "%s: rate %v is no fraction of one interval", what, told)
	if predicted != nil {
		t.check(t.exact(what+" predicted_rate", predicted).Sign() != 0, "%s: predicted_rate is 0, want it unset when unknown", what)
	}
	if t.Type == pb.ExchangeType_EXCHANGE_TYPE_SPOT {
		t.check(told == 0 && next == 0, "%s: spot with rate %v and time %d", what, told, next)
		return
	}
	ahead := time.Until(time.UnixMilli(next))
	t.check(ahead > -time.Minute && ahead < 25*time.Hour, "%s: next_funding_time %d is %v from now", what, next, ahead)
}

var funding = []Card{
	{
		Number: "6.01", Title: "a funding rate is a fraction, its times UTC milliseconds, an unknown prediction unset",
		Given: "a connector that serves", Do: "GetFundingRate, SubscribeFundingRate", Expect: "rates",
		Pass: "within 5 % either way; predicted_rate never 0; the next payment within 25 h, on spot 0 like the rate; the time of telling within 10 min",
		Play: func(t *T) {
			asked, err := t.GetFundingRate(t.Ctx, &pb.GetFundingRateRequest{Symbol: t.any()})
			t.must(err)
			t.soundRate("asked", asked.GetRate(), asked.GetPredictedRate(), asked.GetNextFundingTime())
			t.recent("asked timestamp", asked.GetTimestamp(), 10*time.Minute)
			streamed := t.fundings(t.any()).until("funding", 15*time.Second, some)[0]
			t.soundRate("streamed", streamed.M.GetRate(), streamed.M.GetPredictedRate(), streamed.M.GetNextFundingTime())
			t.recent("streamed timestamp", streamed.M.GetTimestamp(), 10*time.Minute)
		},
	},
	{
		Number: "6.04", Title: "GetFundingRate answers, for every symbol that is listed (of the first ten)",
		Given: "a connector that serves", Do: "GetFundingRate of each", Expect: "rates", Pass: "all answer",
		Play: func(t *T) {
			listed, err := t.GetSymbols(t.Ctx, &pb.GetSymbolsRequest{})
			t.must(err)
			for _, symbol := range listed.GetSymbols()[:min(10, len(listed.GetSymbols()))] {
				_, err := t.GetFundingRate(t.Ctx, &pb.GetFundingRateRequest{Symbol: symbol})
				t.must(err)
			}
		},
	},
	{
		Number: "6.05", Title: "a funding stream speaks at least every 3 s",
		Given: "a connector that serves", Do: "SubscribeFundingRate for three messages", Expect: "rates",
		Pass: "no gap above 3.5 s",
		Play: func(t *T) {
			got := t.fundings(t.any()).until("three rates", 20*time.Second, atLeast[pb.FundingUpdate](3))
			widest := max(got[1].at.Sub(got[0].at), got[2].at.Sub(got[1].at))
			t.figure("widest gap %v", widest.Round(time.Millisecond))
			t.check(widest < 3500*time.Millisecond, "a gap of %v", widest)
		},
	},
	{
		Number: "6.05b", Title: "a funding stream speaks at least every 3 s, also of a quiet market",
		Given: "an exchange on which nothing trades", Do: "SubscribeFundingRate for three messages", Expect: "rates",
		Pass: "no gap above 3.5 s", On: "quiet",
		Play: func(t *T) {
			got := t.fundings(t.any()).until("three rates", 20*time.Second, atLeast[pb.FundingUpdate](3))
			widest := max(got[1].at.Sub(got[0].at), got[2].at.Sub(got[1].at))
			t.check(widest < 3500*time.Millisecond, "a gap of %v", widest)
		},
	},
	{
		Number: "6.06", Title: "past funding rates come newest first",
		Given: "a connector that serves", Do: "GetHistoricalFundingRates, 5 of them", Expect: "rates",
		Pass: "at most five, times fall, none ahead of now",
		Play: func(t *T) {
			told, err := t.GetHistoricalFundingRates(t.Ctx, &pb.GetHistoricalFundingRatesRequest{Symbol: t.any(), Limit: 5})
			t.must(err)
			rates := told.GetRates()
			t.check(len(rates) > 1 && len(rates) <= 5, "%d rates", len(rates))
			for index, rate := range rates {
				t.check(index == 0 || rate.GetTimestamp() < rates[index-1].GetTimestamp(), "rate %d is of %d", index, rate.GetTimestamp())
				t.check(time.Until(time.UnixMilli(rate.GetTimestamp())) < time.Minute, "rate %d is of %d", index, rate.GetTimestamp())
			}
		},
	},
	{
		Number: "6.07", Title: "GetFundingRates tells every symbol",
		Given: "a connector that serves", Do: "GetFundingRates, GetSymbols", Expect: "rates", Pass: "one for each symbol, each sound",
		Play: func(t *T) {
			listed, err := t.GetSymbols(t.Ctx, &pb.GetSymbolsRequest{})
			t.must(err)
			told, err := t.GetFundingRates(t.Ctx, &pb.GetFundingRatesRequest{})
			t.must(err)
			var names []string
			for _, rate := range told.GetRates() {
				names = append(names, rate.GetSymbol())
				t.soundRate(rate.GetSymbol(), rate.GetRate(), rate.GetPredictedRate(), rate.GetNextFundingTime())
			}
			slices.Sort(names)
			t.check(slices.Equal(names, listed.GetSymbols()), "rates of %v, symbols %v", names, listed.GetSymbols())
		},
	},
}
