package cards

import (
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/type/decimal"
	"google.golang.org/grpc/codes"

	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

var batches = []Card{
	{
		Number: "3.25", Title: "a batch that is placed whole says so, and keeps the request's order",
		Given: "an account that may trade", Do: "three resting orders in a batch", Expect: "three orders, no errors",
		Pass: "all_success, client ids in the request's order, all listed", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			request, ids := r.batch(3)
			answer, err := t.BatchPlaceOrders(t.Ctx, request)
			t.must(err)
			t.check(answer.GetAllSuccess() && len(answer.GetErrors()) == 0, "errors: %v", answer.GetErrors())
			t.inOrder(answer, ids)
			t.check(len(t.open(r.symbol, ids...)) == 3, "not all are listed")
		},
	},
	{
		Number: "3.22b", Title: "the events of a batch don't overtake its answer, though its first orders were placed long before its last",
		Given: "an open order stream", Do: "twenty-three resting orders in one batch, several requests to the exchange", Expect: "the answer, then their NEW events",
		Pass: "all events come; at most two are seen 2 ms before the answer, and none by 50 ms (this client's own disorder)", Trades: true, Alone: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			events := t.orderEvents(r)
			request, ids := r.batch(23)
			_, err := t.BatchPlaceOrders(t.Ctx, request)
			answered := time.Now()
			t.must(err)
			worst, early := -time.Hour, 0
			for _, id := range ids {
				ahead := answered.Sub(event(events, id, isNew).at)
				worst = max(worst, ahead)
				if ahead > nothing {
					early++
				}
			}
			t.figure("earliest event: %v after the answer; %d of %d seen 2 ms before", -worst.Round(10*time.Microsecond), early, len(ids))
			t.check(early <= seldom && worst < ownDisorder, "%d of %d events came 2 ms before the answer, the first by %v", early, len(ids), worst)
		},
	},
	{
		Number: "3.26", Title: "a batch longer than the exchange's limit is cut, and each order placed once",
		Given: "an account that may trade", Do: "twenty-three resting orders in one batch", Expect: "twenty-three orders",
		Pass: "all_success, in order, each listed once", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			request, ids := r.batch(23)
			answer, err := t.BatchPlaceOrders(t.Ctx, request)
			t.must(err)
			t.check(answer.GetAllSuccess(), "errors: %v", answer.GetErrors())
			t.inOrder(answer, ids)
			t.check(len(t.open(r.symbol, ids...)) == 23, "%d are listed", len(t.open(r.symbol, ids...)))
		},
	},
	{
		Number: "3.27", Title: "one order's failure neither stops nor repeats the others, and is told by its index",
		Given: "an account that may trade", Do: "a batch of seven whose second has no side and whose fifth names no symbol",
		Expect: "five orders, two errors", Pass: "not all_success; indices 1 and 4 with code and text; the five listed once", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			request, ids := r.batch(7)
			request.Orders[1].Side = pb.OrderSide_ORDER_SIDE_UNSPECIFIED
			request.Orders[4].Symbol = "NOSUCHSYMBOL"
			answer, err := t.BatchPlaceOrders(t.Ctx, request)
			t.must(err)
			t.check(!answer.GetAllSuccess(), "all_success is true")
			want := map[int32]struct {
				head string
				code codes.Code
			}{1: {"invalid order:", codes.InvalidArgument}, 4: {"INVALID_SYMBOL:", codes.InvalidArgument}}
			t.check(len(answer.GetErrors()) == len(want), "errors: %v", answer.GetErrors())
			for _, each := range answer.GetErrors() {
				told := want[each.GetIndex()]
				t.check(told.head != "" && strings.HasPrefix(each.GetErrorMessage(), told.head) && each.GetCode() == int32(told.code),
					"index %d: code %d, %q", each.GetIndex(), each.GetCode(), each.GetErrorMessage())
				t.check(each.GetClientOrderId() == ids[each.GetIndex()], "index %d is told with %q", each.GetIndex(), each.GetClientOrderId())
			}
			good := []string{ids[0], ids[2], ids[3], ids[5], ids[6]}
			t.inOrder(answer, good)
			t.check(len(t.open(r.symbol, ids...)) == 5, "%d are listed", len(t.open(r.symbol, ids...)))
		},
	},
	{
		Number: "3.29", Title: "cancelling several answers OK and tells each that failed by index, code and text",
		Given: "two resting orders and a filled one", Do: "cancel the first, one that never was, the filled one, the second", Expect: "OK with two errors",
		Pass: "indices 1 and 2: NOT_FOUND, `order not found: …`; none is listed", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			first, filled, second := t.place(r.resting()), t.place(r.atMarket(buy, 1)), t.place(r.resting())
			answer, err := t.BatchCancelOrders(t.Ctx, &pb.BatchCancelOrdersRequest{Symbol: r.symbol, OrderIds: []int64{
				first.GetOrderId(), second.GetOrderId() + 7_000_000, filled.GetOrderId(), second.GetOrderId(),
			}})
			t.must(err)
			t.check(len(answer.GetErrors()) == 2, "errors: %v", answer.GetErrors())
			for position, each := range answer.GetErrors() {
				t.check(each.GetIndex() == int32(position+1), "index %d", each.GetIndex())
				t.check(each.GetCode() == int32(codes.NotFound) && strings.HasPrefix(each.GetErrorMessage(), "order not found:"),
					"index %d: code %d, %q", each.GetIndex(), each.GetCode(), each.GetErrorMessage())
			}
			t.check(len(t.open(r.symbol, first.GetClientOrderId(), second.GetClientOrderId())) == 0, "they are still listed")
		},
	},
	{
		Number: "3.31", Title: "cancelling all of a symbol ends them, and is OK when there is none",
		Given: "three resting orders", Do: "CancelAllOrders twice", Expect: "OK, OK", Pass: "none is listed", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			request, ids := r.batch(3)
			_, err := t.BatchPlaceOrders(t.Ctx, request)
			t.must(err)
			for range 2 {
				_, err := t.CancelAllOrders(t.Ctx, &pb.CancelAllOrdersRequest{Symbol: r.symbol})
				t.must(err)
				t.check(len(t.open(r.symbol, ids...)) == 0, "%d are still listed", len(t.open(r.symbol, ids...)))
			}
		},
	},
}

// So many resting orders, each a tick apart, and their client ids.
func (r rule) batch(count int) (*pb.BatchPlaceOrdersRequest, []string) {
	request, ids := &pb.BatchPlaceOrdersRequest{}, []string{}
	for index := range count {
		order := r.resting()
		price, _ := ratio(0, 1).SetString(order.GetPrice().GetValue())
		down := price.Sub(price, times(r.tick, ratio(int64(index), 1)))
		order.Price = &decimal.Decimal{Value: down.FloatString(int(r.GetPricePrecision()))}
		request.Orders = append(request.Orders, order)
		ids = append(ids, order.GetClientOrderId())
	}
	return request, ids
}

func (t *T) inOrder(answer *pb.BatchPlaceOrdersResponse, ids []string) {
	t.Helper()
	t.check(len(answer.GetOrders()) == len(ids), "%d orders, want %d", len(answer.GetOrders()), len(ids))
	for index, order := range answer.GetOrders() {
		t.check(index < len(ids) && order.GetClientOrderId() == ids[index] && order.GetOrderId() > 0, "order %d is %v", index, order)
	}
}
