package cards

import (
	"slices"
	"time"

	"google.golang.org/genproto/googleapis/type/decimal"
	"google.golang.org/grpc/codes"

	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

// Two messages that came in order wake two readers, which may look at the clock the other way round:
// often by next to nothing, seldom by more, never by much.
const (
	nothing     = 2 * time.Millisecond
	ownDisorder = 50 * time.Millisecond
	seldom      = 2
)

var orders = []Card{
	{
		Number: "3.01", Title: "an order's id is above zero and the same in answer, lookup, list and events",
		Given: "an account that may trade", Do: "a resting order", Expect: "answer, lookup by both ids, list, NEW event",
		Pass: "one positive id everywhere", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			events := t.orderEvents(r)
			request := r.resting()
			order := t.place(request)
			t.check(order.GetOrderId() > 0, "order_id is %d", order.GetOrderId())
			ids := map[string]int64{"event": event(events, request.GetClientOrderId(), isNew).M.GetOrderId()}
			for _, each := range t.open(r.symbol, request.GetClientOrderId()) {
				ids["GetOpenOrders"] = each.GetOrderId()
			}
			byID, err := t.GetOrder(t.Ctx, &pb.GetOrderRequest{Symbol: r.symbol, OrderId: order.GetOrderId()})
			t.must(err)
			ids["GetOrder by order_id"] = byID.GetOrderId()
			byClientID, err := t.GetOrder(t.Ctx, &pb.GetOrderRequest{Symbol: r.symbol, ClientOrderId: request.GetClientOrderId()})
			t.must(err)
			ids["GetOrder by client_order_id"] = byClientID.GetOrderId()
			t.check(len(ids) == 4, "it is not listed")
			for where, id := range ids {
				t.check(id == order.GetOrderId(), "%s tells %d, PlaceOrder %d", where, id, order.GetOrderId())
			}
		},
	},
	{
		Number: "3.04", Title: "the client's id comes back byte for byte, 36 characters and underscores too",
		Given: "an account that may trade", Do: "a resting order of such an id", Expect: "answer, list, lookup, event",
		Pass: "the id everywhere, no other", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			events := t.orderEvents(r)
			request := r.resting()
			request.ClientOrderId = (newID() + "_____")[:36]
			order := t.place(request)
			t.check(order.GetClientOrderId() == request.GetClientOrderId(), "PlaceOrder tells %q", order.GetClientOrderId())
			found, err := t.GetOrder(t.Ctx, &pb.GetOrderRequest{Symbol: r.symbol, OrderId: order.GetOrderId()})
			t.must(err)
			t.check(found.GetClientOrderId() == request.GetClientOrderId(), "GetOrder tells %q", found.GetClientOrderId())
			t.check(len(t.open(r.symbol, request.GetClientOrderId())) == 1, "GetOpenOrders doesn't tell it")
			event(events, request.GetClientOrderId(), isNew)
		},
	},
	{
		Number: "3.06", Title: "a repetition with the same client id is answered with the order that exists",
		Given: "an account that may trade", Do: "one request five times at once, then again after it filled or rests",
		Expect: "OK each time", Pass: "one order_id; listed once", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			resting, filled := r.resting(), r.atMarket(buy, 1)
			for _, request := range []*pb.PlaceOrderRequest{resting, filled} {
				answers := make(chan int64, 5)
				for range cap(answers) {
					go func() {
						order, err := t.PlaceOrder(t.Ctx, request)
						if err != nil {
							t.Errorf("a repetition: %v", err)
						}
						answers <- order.GetOrderId()
					}()
				}
				ids := map[int64]bool{}
				for range cap(answers) {
					ids[<-answers] = true
				}
				ids[t.place(request).GetOrderId()] = true
				t.check(len(ids) == 1, "%d order ids of one client id: %v", len(ids), ids)
			}
			t.check(len(t.open(r.symbol, resting.GetClientOrderId())) == 1, "the resting order is not listed once")
			held, err := t.GetPositions(t.Ctx, &pb.GetPositionsRequest{Symbol: r.symbol})
			t.must(err)
			t.check(len(held.GetPositions()) == 1, "%d positions", len(held.GetPositions()))
			for _, position := range held.GetPositions() {
				t.check(t.exact("size", position.GetSize()).Cmp(r.size) == 0, "bought %s, want %v once", position.GetSize().GetValue(), r.size)
			}
		},
	},
	{
		Number: "3.07", Title: "a used client id for another order is ALREADY_EXISTS",
		Given: "a resting order", Do: "its client id with another side, and with another quantity", Expect: "refusals",
		Pass: "ALREADY_EXISTS, nothing placed", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			first := r.resting()
			order := t.place(first)
			for what, change := range map[string]func(*pb.PlaceOrderRequest){
				"another quantity": func(o *pb.PlaceOrderRequest) { o.Quantity = r.quantity(2) },
				"another side":     func(o *pb.PlaceOrderRequest) { o.Side, o.Price = sell, r.at(104) },
			} {
				other := r.resting()
				other.ClientOrderId = first.GetClientOrderId()
				change(other)
				_, err := t.PlaceOrder(t.Ctx, other)
				t.refused(what, err, "duplicate order", codes.AlreadyExists)
			}
			left := t.open(r.symbol, first.GetClientOrderId())
			t.check(len(left) == 1 && left[0].GetOrderId() == order.GetOrderId(), "%d orders are listed", len(left))
		},
	},
	{
		Number: "3.08", Title: "an old finished order doesn't answer for a client id that recurs",
		Given: "a market order filled a minute ago by the exchange's clock", Do: "the same id again", Expect: "another order",
		Pass: "another order_id, FILLED", Trades: true, On: "fast",
		Play: func(t *T) {
			r := t.rules(t.own())
			request := r.atMarket(buy, 1)
			first := t.place(request)
			again := first
			for began := time.Now(); again.GetOrderId() == first.GetOrderId() && time.Since(began) < 15*time.Second; {
				t.rest(time.Second) // a minute there; the connector looks at that clock every 5 s
				again = t.place(request)
			}
			t.check(again.GetOrderId() != first.GetOrderId(), "the old order answered")
			t.check(again.GetStatus() == isFilled, "status is %v", again.GetStatus())
		},
	},
	{
		Number: "3.11", Title: "an order without a time in force waits until it is cancelled",
		Given: "an account that may trade", Do: "a limit order away from the market, time in force unspecified",
		Expect: "NEW, still listed after 1 s", Pass: "this", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			request := r.resting()
			t.check(t.place(request).GetStatus() == isNew, "it does not rest")
			t.rest(time.Second)
			t.check(len(t.open(r.symbol, request.GetClientOrderId())) == 1, "it is not listed any more")
		},
	},
	{
		Number: "3.12", Title: "an unspecified side or type is INVALID_ARGUMENT",
		Given: "a connector that trades", Do: "orders without side, without type", Expect: "refusals",
		Pass: "INVALID_ARGUMENT, `invalid order` or `invalid request`; nothing is placed", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			sideless, typeless := r.resting(), r.resting()
			sideless.Side, typeless.Type = pb.OrderSide_ORDER_SIDE_UNSPECIFIED, pb.OrderType_ORDER_TYPE_UNSPECIFIED
			for what, request := range map[string]*pb.PlaceOrderRequest{"no side": sideless, "no type": typeless} {
				_, err := t.PlaceOrder(t.Ctx, request)
				t.refused(what, err, "invalid order", codes.InvalidArgument)
			}
			t.check(len(t.open(r.symbol, sideless.GetClientOrderId(), typeless.GetClientOrderId())) == 0, "something was placed")
		},
	},
	{
		Number: "3.13", Title: "the price of a MARKET order is ignored",
		Given: "an account that may trade", Do: "market orders with price 0, none, and a far one", Expect: "FILLED",
		Pass: "all executed in full", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			for _, price := range []*decimal.Decimal{{Value: "0"}, nil, r.at(96)} {
				request := r.atMarket(buy, 1)
				request.Price = price
				t.check(t.place(request).GetStatus() == isFilled, "with price %v it was not filled", price)
			}
		},
	},
	{
		Number: "3.14", Title: "post-only rests when it may, also said as GTX, and a MARKET order can't be it",
		Given: "an account that may trade", Do: "post-only below the market, by the flag and by GTX; a post-only MARKET order",
		Expect: "NEW, NEW, a refusal", Pass: "the two are listed; INVALID_ARGUMENT", Trades: true,
		Skip: "the exchange has no post-only",
		Play: func(t *T) {
			r := t.rules(t.own())
			flag, gtx, wrong := r.resting(), r.resting(), r.atMarket(buy, 1)
			flag.PostOnly, wrong.PostOnly = true, true
			gtx.TimeInForce = pb.TimeInForce_TIME_IN_FORCE_GTX
			t.place(flag)
			t.place(gtx)
			t.check(len(t.open(r.symbol, flag.GetClientOrderId(), gtx.GetClientOrderId())) == 2, "they are not listed")
			_, err := t.PlaceOrder(t.Ctx, wrong)
			t.refused("a post-only MARKET order", err, "invalid order", codes.InvalidArgument)
		},
	},
	{
		Number: "3.15", Title: "prices are rounded to the nearest tick, quantities down to the step",
		Given: "an account that may trade", Do: "orders 0.4 and 0.6 of a tick above one, with a part of a step too much",
		Expect: "orders on tick and step", Pass: "the tick below, the tick above; the step below", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			below := t.exact("price", r.at(96))
			for _, part := range []struct{ tenths, ticks int64 }{{4, 0}, {6, 1}} {
				request := r.resting()
				unrounded := below.Add(below, times(r.tick, ratio(part.tenths, 10)))
				request.Price = text(unrounded, r.GetPricePrecision()+2)
				below = t.exact("price", r.at(96))
				quantity := t.exact("quantity", request.GetQuantity())
				request.Quantity = text(quantity.Add(quantity, times(r.step, ratio(7, 10))), r.GetQuantityPrecision()+2)
				order := t.place(request)
				want := t.exact("price", r.at(96))
				want.Add(want, times(r.tick, ratio(part.ticks, 1)))
				t.check(t.exact("price", order.GetPrice()).Cmp(want) == 0, "%s became %s, want %s",
					request.GetPrice().GetValue(), order.GetPrice().GetValue(), want.FloatString(8))
				t.check(t.exact("quantity", order.GetQuantity()).Cmp(r.size) == 0, "%s became %s",
					request.GetQuantity().GetValue(), order.GetQuantity().GetValue())
			}
		},
	},
	{
		Number: "3.16", Title: "a MARKET order's answer carries the quantity that was executed",
		Given: "an account that may trade", Do: "a market order each way", Expect: "FILLED with executed_qty and avg_price",
		Pass: "executed_qty equals the quantity in the answer itself, within 2.5 s", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			for _, side := range []pb.OrderSide{buy, sell} {
				began := time.Now()
				order := t.place(r.atMarket(side, 2))
				took := time.Since(began)
				t.figure("%v after %v", side, took.Round(time.Millisecond))
				t.check(took < 2500*time.Millisecond, "the answer took %v", took)
				t.check(order.GetStatus() == isFilled, "status is %v", order.GetStatus())
				t.check(t.exact("executed_qty", order.GetExecutedQty()).Cmp(times(r.size, ratio(2, 1))) == 0,
					"executed_qty is %s", order.GetExecutedQty().GetValue())
				t.positive("avg_price", order.GetAvgPrice())
			}
		},
	},
	{
		Number: "3.17", Title: "created_at is set on every order, update_time is UTC milliseconds",
		Given: "an account that may trade", Do: "orders by PlaceOrder and in a batch; lookup, list, event",
		Expect: "created_at and update_time", Pass: "both within a minute of now, and no update before the creation", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			events := t.orderEvents(r)
			request, batched := r.resting(), r.resting()
			seen := []*pb.Order{t.place(request), t.place(r.atMarket(buy, 1))}
			batch, err := t.BatchPlaceOrders(t.Ctx, &pb.BatchPlaceOrdersRequest{Orders: []*pb.PlaceOrderRequest{batched}})
			t.must(err)
			seen = append(append(seen, batch.GetOrders()...), t.open(r.symbol, request.GetClientOrderId(), batched.GetClientOrderId())...)
			found, err := t.GetOrder(t.Ctx, &pb.GetOrderRequest{Symbol: r.symbol, ClientOrderId: request.GetClientOrderId()})
			t.must(err)
			seen = append(seen, found)
			t.check(len(seen) == 6, "%d orders were seen", len(seen))
			for _, order := range seen {
				t.check(order.GetCreatedAt() != nil, "created_at of %v is not set", order)
				t.recent("created_at", order.GetCreatedAt().AsTime().UnixMilli(), time.Minute)
				t.recent("update_time", order.GetUpdateTime(), time.Minute)
				t.check(order.GetUpdateTime() >= order.GetCreatedAt().AsTime().UnixMilli(), "updated before it was created: %v", order)
			}
			t.recent("an event's update_time", event(events, request.GetClientOrderId(), isNew).M.GetUpdateTime(), time.Minute)
		},
	},
	{
		Number: "3.18", Title: "an average price is told when something was executed, and unset before",
		Given: "an open order stream", Do: "an order that rests, a market order", Expect: "answers and events",
		Pass: "avg_price is unset with executed_qty 0, above 0 otherwise", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			events := t.orderEvents(r)
			resting, filled := t.place(r.resting()), t.place(r.atMarket(buy, 1))
			t.check(resting.GetAvgPrice() == nil, "avg_price of a resting order is %v", resting.GetAvgPrice())
			t.positive("avg_price", filled.GetAvgPrice())
			event(events, filled.GetClientOrderId(), isFilled)
			for _, each := range events.all() {
				if t.exact("executed_qty", each.M.GetExecutedQty()).Sign() == 0 {
					t.check(each.M.GetAvgPrice() == nil, "avg_price of an event without an execution is %v", each.M.GetAvgPrice())
				} else {
					t.positive("an event's avg_price", each.M.GetAvgPrice())
				}
			}
		},
	},
	{
		Number: "3.19", Title: "a FILLED event follows although the answer has said FILLED",
		Given: "an open order stream", Do: "a market order", Expect: "answer FILLED, event FILLED with its execution",
		Pass: "exactly one FILLED event, of the whole quantity", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			events := t.orderEvents(r)
			request := r.atMarket(buy, 1)
			t.check(t.place(request).GetStatus() == isFilled, "the answer doesn't say FILLED")
			got := event(events, request.GetClientOrderId(), isFilled)
			t.check(t.exact("executed_qty", got.M.GetExecutedQty()).Cmp(r.size) == 0, "executed_qty is %s", got.M.GetExecutedQty().GetValue())
			t.rest(500 * time.Millisecond)
			fills := 0
			for _, each := range eventsOf(events, request.GetClientOrderId()) {
				if each.M.GetStatus() == isFilled {
					fills++
				}
			}
			t.check(fills == 1, "%d FILLED events", fills)
		},
	},
	{
		Number: "3.20", Title: "executed_qty is always set, cumulative, and never falls",
		Given: "an open order stream", Do: "a market order of forty times the least size; an order that rests and is cancelled",
		Expect: "events, some partial", Pass: "set on each, rising per order up to the whole; the executions' quantities add up where they are told", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			events := t.orderEvents(r)
			request := r.atMarket(buy, 40)
			t.place(request)
			event(events, request.GetClientOrderId(), isFilled)
			done, sum := ratio(0, 1), ratio(0, 1)
			all := eventsOf(events, request.GetClientOrderId())
			for _, each := range all {
				now := t.exact("executed_qty", each.M.GetExecutedQty())
				t.check(now.Cmp(done) >= 0, "executed_qty fell from %v to %v", done, now)
				done = now
				if each.M.GetLastTrade() != nil {
					sum.Add(sum, t.exact("quantity", each.M.GetLastTrade().GetQuantity()))
				}
			}
			t.figure("%d events of one market order", len(all))
			t.check(done.Cmp(times(r.size, ratio(40, 1))) == 0, "it ended with %v", done)
			t.check(sum.Sign() == 0 || sum.Cmp(done) == 0, "executions add up to %v, executed_qty to %v", sum, done)
			for _, each := range events.all() {
				t.exact("executed_qty", each.M.GetExecutedQty())
			}
		},
	},
	{
		Number: "3.21", Title: "an expired order is told truly, then as CANCELED",
		Given: "an open order stream", Do: "an IOC order away from the market", Expect: "EXPIRED, then CANCELED (or CANCELED alone where the exchange calls it so)",
		Pass: "the last event is CANCELED, and EXPIRED, if it came, stands before it", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			events := t.orderEvents(r)
			request := r.resting()
			request.TimeInForce = pb.TimeInForce_TIME_IN_FORCE_IOC
			order := t.place(request)
			t.check(order.GetStatus() == isExpired || order.GetStatus() == isCanceled, "the answer says %v", order.GetStatus())
			event(events, request.GetClientOrderId(), isCanceled)
			t.rest(300 * time.Millisecond)
			var told []pb.OrderStatus
			for _, each := range eventsOf(events, request.GetClientOrderId()) {
				told = append(told, each.M.GetStatus())
			}
			t.figure("told: %v", told)
			t.check(told[len(told)-1] == isCanceled, "the last is not CANCELED: %v", told)
			if t.on.process != nil && t.Name == "binance" {
				t.check(slices.Contains(told, isExpired), "it was never told as EXPIRED: %v", told)
			}
		},
	},
	{
		Number: "3.22", Title: "an event doesn't overtake the answer of the PlaceOrder that made it",
		Given: "an open order stream", Do: "ten market orders one after another, the stream read beside them",
		Expect: "each answer, then its events", Pass: "at most two of the ten events are seen 2 ms before their answer, and none by 50 ms (this client's own disorder)", Trades: true, Alone: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			events := t.orderEvents(r)
			worst, early := -time.Hour, 0
			for index := range 10 {
				request := r.atMarket([]pb.OrderSide{buy, sell}[index%2], 1)
				t.place(request)
				answered := time.Now()
				event(events, request.GetClientOrderId(), isFilled)
				ahead := answered.Sub(eventsOf(events, request.GetClientOrderId())[0].at)
				worst = max(worst, ahead)
				if ahead > nothing {
					early++
				}
				t.check(ahead < ownDisorder, "an event came %v before its answer", ahead)
			}
			t.check(early <= seldom, "%d of 10 events came 2 ms before their answer", early)
			t.figure("earliest event: %v after its answer; %d of 10 seen 2 ms before", -worst.Round(10*time.Microsecond), early)
		},
	},
	{
		Number: "3.23", Title: "an order is listed from the moment its PlaceOrder has answered, until it is cancelled",
		Given: "an account that may trade", Do: "place, list at once, cancel, list at once; five times", Expect: "listed, not listed",
		Pass: "each time", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			for range 5 {
				request := r.resting()
				order := t.place(request)
				t.check(len(t.open(r.symbol, request.GetClientOrderId())) == 1, "it is not listed after its answer")
				_, err := t.CancelOrder(t.Ctx, &pb.CancelOrderRequest{Symbol: r.symbol, OrderId: order.GetOrderId()})
				t.must(err)
				t.check(len(t.open(r.symbol, request.GetClientOrderId())) == 0, "it is listed after its cancellation")
			}
		},
	},
	{
		Number: "3.28", Title: "cancelling an unknown or a finished order is NOT_FOUND, with the words the engine looks for",
		Given: "an account that may trade", Do: "cancel a cancelled one, a filled one, and one that never was", Expect: "refusals",
		Pass: "NOT_FOUND, `order not found: …`", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			canceled := t.place(r.resting()).GetOrderId()
			_, err := t.CancelOrder(t.Ctx, &pb.CancelOrderRequest{Symbol: r.symbol, OrderId: canceled})
			t.must(err)
			filled := t.place(r.atMarket(buy, 1)).GetOrderId()
			for what, id := range map[string]int64{"a cancelled one": canceled, "a filled one": filled, "one that never was": filled + 7_000_000} {
				_, err := t.CancelOrder(t.Ctx, &pb.CancelOrderRequest{Symbol: r.symbol, OrderId: id})
				t.refused(what, err, "order not found", codes.NotFound)
			}
		},
	},
	{
		Number: "3.30", Title: "an order is looked up by order_id, or by the client's id when that is 0",
		Given: "a resting order", Do: "GetOrder by each, by neither, by unknown ones", Expect: "the order, refusals",
		Pass: "the same order twice; INVALID_ARGUMENT; NOT_FOUND", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			order := t.place(r.resting())
			for _, request := range []*pb.GetOrderRequest{{OrderId: order.GetOrderId()}, {ClientOrderId: order.GetClientOrderId()}} {
				request.Symbol = r.symbol
				found, err := t.GetOrder(t.Ctx, request)
				t.must(err)
				t.check(found.GetOrderId() == order.GetOrderId() && found.GetStatus() == isNew, "found %v", found)
			}
			_, err := t.GetOrder(t.Ctx, &pb.GetOrderRequest{Symbol: r.symbol})
			t.refused("neither", err, "invalid request", codes.InvalidArgument)
			_, err = t.GetOrder(t.Ctx, &pb.GetOrderRequest{Symbol: r.symbol, ClientOrderId: newID()})
			t.refused("an unknown client id", err, "order not found", codes.NotFound)
			_, err = t.GetOrder(t.Ctx, &pb.GetOrderRequest{Symbol: r.symbol, OrderId: order.GetOrderId() + 7_000_000})
			t.refused("an unknown order_id", err, "order not found", codes.NotFound)
		},
	},
}
