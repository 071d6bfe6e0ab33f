package cards

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/type/decimal"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

// Pieces of a message by which the engine decides, and the head that alone may say it.
var decisive = map[string]string{
	"insufficient":              "insufficient funds",
	"margin":                    "insufficient funds",
	"INVALID_SYMBOL":            "INVALID_SYMBOL",
	"not found":                 "order not found",
	"already filled":            "order not found",
	"POST_ONLY":                 "POST_ONLY would execute immediately",
	"would execute immediately": "POST_ONLY would execute immediately",
	"51020":                     "POST_ONLY would execute immediately",
}

// Refused with a code, in words that begin with a head and a colon, and hold no piece of another's.
func (t *T) refused(what string, err error, head string, wanted ...codes.Code) {
	t.Helper()
	told, ok := status.FromError(err)
	if err == nil || !ok {
		t.Errorf("%s: got %v, want a refusal %q", what, err, head)
		return
	}
	message := told.Message()
	t.check(slices.Contains(wanted, told.Code()), "%s: code %v, want %v (%s)", what, told.Code(), wanted, message)
	t.check(strings.HasPrefix(message, head+":"), "%s: message %q, want it to begin with %q", what, message, head+":")
	for piece, speaker := range decisive {
		t.check(!strings.Contains(message, piece) || speaker == head, "%s: %q holds %q", what, message, piece)
	}
}

var refusals = []Card{
	{
		Number: "7.01", Title: "an order beyond the account's means: `insufficient funds`",
		Given: "an account that may trade", Do: "ever larger resting orders, doubled up to thirty times", Expect: "a refusal before long",
		Pass: "RESOURCE_EXHAUSTED, `insufficient funds: …`; an exchange's limit of quantity may come first only at ADDRESS", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			for doubling := range 30 {
				request := r.resting()
				request.Quantity = r.quantity(1 << doubling)
				order, err := t.PlaceOrder(t.Ctx, request)
				if err == nil {
					_, err = t.CancelOrder(t.Ctx, &pb.CancelOrderRequest{Symbol: r.symbol, OrderId: order.GetOrderId()})
					t.must(err)
					continue
				}
				if t.on.process == nil && strings.HasPrefix(status.Convert(err).Message(), "invalid order") {
					t.skipf("the exchange's limit of quantity comes before the account's means")
				}
				t.refused(fmt.Sprintf("at %s", request.GetQuantity().GetValue()), err, "insufficient funds", codes.ResourceExhausted)
				return
			}
			t.Error("nothing was refused")
		},
	},
	{
		Number: "7.02", Title: "a bad symbol: `INVALID_SYMBOL`, in every call that names one",
		Given: "a connector that serves", Do: "each such call with NOSUCHSYMBOL", Expect: "refusals",
		Pass: "INVALID_ARGUMENT, `INVALID_SYMBOL: …`",
		Play: func(t *T) {
			const bad = "NOSUCHSYMBOL"
			_, err := t.GetSymbolInfo(t.Ctx, &pb.GetSymbolInfoRequest{Symbol: bad})
			t.refused("GetSymbolInfo", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.GetLatestPrice(t.Ctx, &pb.GetLatestPriceRequest{Symbol: bad})
			t.refused("GetLatestPrice", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.GetHistoricalKlines(t.Ctx, &pb.GetHistoricalKlinesRequest{Symbol: bad, Interval: "1m"})
			t.refused("GetHistoricalKlines", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.GetOpenInterest(t.Ctx, &pb.GetOpenInterestRequest{Symbol: bad})
			t.refused("GetOpenInterest", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.GetFundingRate(t.Ctx, &pb.GetFundingRateRequest{Symbol: bad})
			t.refused("GetFundingRate", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.GetHistoricalFundingRates(t.Ctx, &pb.GetHistoricalFundingRatesRequest{Symbol: bad})
			t.refused("GetHistoricalFundingRates", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.FetchExchangeInfo(t.Ctx, &pb.FetchExchangeInfoRequest{Symbol: bad})
			t.refused("FetchExchangeInfo", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.PlaceOrder(t.Ctx, &pb.PlaceOrderRequest{
				Symbol: bad, Side: buy, Type: market, Quantity: &decimal.Decimal{Value: "1"}, ClientOrderId: newID(),
			})
			t.refused("PlaceOrder", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.CancelOrder(t.Ctx, &pb.CancelOrderRequest{Symbol: bad, OrderId: 1})
			t.refused("CancelOrder", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.BatchCancelOrders(t.Ctx, &pb.BatchCancelOrdersRequest{Symbol: bad, OrderIds: []int64{1}})
			t.refused("BatchCancelOrders", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.CancelAllOrders(t.Ctx, &pb.CancelAllOrdersRequest{Symbol: bad})
			t.refused("CancelAllOrders", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.GetOrder(t.Ctx, &pb.GetOrderRequest{Symbol: bad, OrderId: 1})
			t.refused("GetOrder", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.GetOpenOrders(t.Ctx, &pb.GetOpenOrdersRequest{Symbol: bad})
			t.refused("GetOpenOrders", err, "INVALID_SYMBOL", codes.InvalidArgument)
			_, err = t.GetPositions(t.Ctx, &pb.GetPositionsRequest{Symbol: bad})
			t.refused("GetPositions", err, "INVALID_SYMBOL", codes.InvalidArgument)
			for _, stream := range t.badSymbolStreams(bad) {
				err, _ := stream.end(t.Ctx)
				t.refused(stream.what, err, "INVALID_SYMBOL", codes.InvalidArgument)
			}
		},
	},
	{
		Number: "7.03", Title: "post-only that would take: `POST_ONLY would execute immediately`, then placed without it under the same id",
		Given: "an account that may trade", Do: "a post-only buy above the market; the same without post-only", Expect: "a refusal, an order",
		Pass: "FAILED_PRECONDITION and the head; then OK, and FILLED within 10 s", Trades: true, Skip: "the exchange has no post-only",
		Play: func(t *T) {
			r := t.rules(t.own())
			request := r.resting()
			request.Price, request.PostOnly = r.at(103), true
			_, err := t.PlaceOrder(t.Ctx, request)
			t.refused("post-only", err, "POST_ONLY would execute immediately", codes.FailedPrecondition)
			t.check(len(t.open(r.symbol, request.GetClientOrderId())) == 0, "it is listed all the same")
			request.PostOnly = false
			order := t.place(request)
			t.check(order.GetClientOrderId() == request.GetClientOrderId(), "then: %v", order)
			for began := time.Now(); order.GetStatus() != isFilled && time.Since(began) < 10*time.Second; t.rest(100 * time.Millisecond) {
				found, err := t.GetOrder(t.Ctx, &pb.GetOrderRequest{Symbol: r.symbol, OrderId: order.GetOrderId()})
				t.must(err)
				order = found
			}
			t.check(order.GetStatus() == isFilled, "then: %v", order)
		},
	},
	{
		Number: "7.05", Title: "a bad parameter: `invalid order` or `invalid request`, and what is allowed",
		Given: "a connector that serves", Do: "quantities that are no number, 0, below the step; a price of 0; limits below 0 and above 1500; an unknown interval; an id of 100 characters",
		Expect: "refusals", Pass: "INVALID_ARGUMENT, the head; nothing is placed", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			tiny := text(times(r.step, ratio(1, 10)), r.GetQuantityPrecision()+1)
			for what, change := range map[string]func(*pb.PlaceOrderRequest){
				"a quantity that is no number": func(o *pb.PlaceOrderRequest) { o.Quantity = &decimal.Decimal{Value: "much"} },
				"a quantity of 0":              func(o *pb.PlaceOrderRequest) { o.Quantity = &decimal.Decimal{Value: "0"} },
				"no quantity":                  func(o *pb.PlaceOrderRequest) { o.Quantity = nil },
				"a negative quantity":          func(o *pb.PlaceOrderRequest) { o.Quantity = &decimal.Decimal{Value: "-1"} },
				"a quantity below the step":    func(o *pb.PlaceOrderRequest) { o.Quantity = tiny },
				"a limit of price 0":           func(o *pb.PlaceOrderRequest) { o.Price = &decimal.Decimal{Value: "0"} },
				"a limit without a price":      func(o *pb.PlaceOrderRequest) { o.Price = nil },
			} {
				request := r.resting()
				change(request)
				_, err := t.PlaceOrder(t.Ctx, request)
				t.refused(what, err, "invalid order", codes.InvalidArgument)
			}
			long := r.resting()
			long.ClientOrderId = strings.Repeat("x", 100)
			_, err := t.PlaceOrder(t.Ctx, long)
			t.refused("an id of 100 characters", err, "invalid request", codes.InvalidArgument)
			for _, limit := range []int32{-1, 1501} {
				_, err := t.GetHistoricalKlines(t.Ctx, &pb.GetHistoricalKlinesRequest{Symbol: r.symbol, Interval: "1m", Limit: limit})
				t.refused(fmt.Sprintf("a limit of %d", limit), err, "invalid request", codes.InvalidArgument)
			}
			_, err = t.GetHistoricalKlines(t.Ctx, &pb.GetHistoricalKlinesRequest{Symbol: r.symbol, Interval: "7x"})
			t.refused("an interval 7x", err, "invalid request", codes.InvalidArgument)
		},
	},
	{
		Number: "7.10", Title: "another refusal of the exchange: `order rejected` or `exchange refused`",
		Given: "a flat symbol of a perpetual market", Do: "a reduce-only market order", Expect: "a refusal",
		Pass: "FAILED_PRECONDITION, `order rejected: …`, nothing bought", Trades: true, Skip: "the market is spot",
		Play: func(t *T) {
			if t.Type != pb.ExchangeType_EXCHANGE_TYPE_FUTURES {
				t.skipf("spot has no reduce-only")
			}
			r := t.rules(t.own())
			request := r.atMarket(buy, 1)
			request.ReduceOnly = true
			_, err := t.PlaceOrder(t.Ctx, request)
			t.refused("reduce-only without a position", err, "order rejected", codes.FailedPrecondition)
			held, err := t.GetPositions(t.Ctx, &pb.GetPositionsRequest{Symbol: r.symbol})
			t.must(err)
			t.check(len(held.GetPositions()) == 0, "it bought")
		},
	},
	{
		Number: "7.11", Title: "what isn't offered: UNIMPLEMENTED, `not supported`",
		Given: "a connector that serves", Do: "SubscribeKlines of calendar months", Expect: "a refusal",
		Pass: "UNIMPLEMENTED, `not supported: …`",
		Play: func(t *T) {
			err, _ := endOf(t.Ctx, barStream(t.Connector, "1M", t.any()))
			t.refused("bars of a month", err, "not supported", codes.Unimplemented)
		},
	},
}
