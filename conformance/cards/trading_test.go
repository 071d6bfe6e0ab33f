package cards

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"math/big"
	"os"
	"slices"
	"time"

	"google.golang.org/genproto/googleapis/type/decimal"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

const (
	buy    = pb.OrderSide_ORDER_SIDE_BUY
	sell   = pb.OrderSide_ORDER_SIDE_SELL
	limit  = pb.OrderType_ORDER_TYPE_LIMIT
	market = pb.OrderType_ORDER_TYPE_MARKET

	isNew      = pb.OrderStatus_ORDER_STATUS_NEW
	isFilled   = pb.OrderStatus_ORDER_STATUS_FILLED
	isCanceled = pb.OrderStatus_ORDER_STATUS_CANCELED
	isExpired  = pb.OrderStatus_ORDER_STATUS_EXPIRED
)

// Symbols that cards may trade, each card alone on its own.
type pool struct {
	all  []string
	free chan string
}

func newPool(names []string) *pool {
	p := &pool{all: names, free: make(chan string, len(names))}
	for _, name := range names {
		p.free <- name
	}
	return p
}

// The symbol to look at: the first one listed, or SYMBOL at ADDRESS.
func (t *T) any() string { return t.on.symbols.all[0] }

// A symbol that nobody else trades meanwhile; left flat and without orders.
func (t *T) own() string {
	t.Helper()
	var symbol string
	select {
	case symbol = <-t.on.symbols.free:
	case <-t.Ctx.Done():
		t.Fatal("no symbol became free")
	}
	t.Cleanup(func() {
		ctx, done := context.WithTimeout(context.Background(), 15*time.Second)
		defer done()
		t.tidy(ctx, symbol)
		t.on.symbols.free <- symbol
	})
	return symbol
}

func (t *T) tidy(ctx context.Context, symbol string) {
	if _, err := t.CancelAllOrders(ctx, &pb.CancelAllOrdersRequest{Symbol: symbol}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	held, err := t.GetPositions(ctx, &pb.GetPositionsRequest{Symbol: symbol})
	if err != nil {
		t.Errorf("afterwards: %v", err)
		return
	}
	for _, position := range held.GetPositions() {
		size, side := t.exact("size", position.GetSize()), sell
		if size.Sign() < 0 {
			side = buy
		}
		_, err := t.PlaceOrder(ctx, &pb.PlaceOrderRequest{
			Symbol: symbol, Side: side, Type: market, ReduceOnly: true, ClientOrderId: newID(),
			Quantity: text(size.Abs(size), 12),
		})
		if err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
}

// As the engine makes them: a prefix, an underscore, 36 characters at most.
func newID() string {
	var random [12]byte
	_, _ = rand.Read(random[:])
	return "x-zdfVM8vY_" + hex.EncodeToString(random[:])
}

// A rule is what a symbol demands, and its price now.
type rule struct {
	*pb.SymbolInfo
	symbol      string
	tick, step  *big.Rat
	price, size *big.Rat // size: a small order that is worth enough
}

func (t *T) rules(symbol string) rule {
	t.Helper()
	info, err := t.GetSymbolInfo(t.Ctx, &pb.GetSymbolInfoRequest{Symbol: symbol})
	t.must(err)
	r := rule{
		SymbolInfo: info, symbol: symbol, price: t.price(symbol),
		tick: t.exact("tick_size", info.GetTickSize()), step: t.exact("step_size", info.GetStepSize()),
	}
	worth := ratio(25, 1)
	if info.GetMinNotional() != nil {
		if least := times(t.exact("min_notional", info.GetMinNotional()), ratio(5, 2)); least.Cmp(worth) > 0 {
			worth = least
		}
	}
	r.size = floor(new(big.Rat).Quo(worth, r.price), r.step)
	r.size.Add(r.size, r.step)
	if info.GetMinQuantity() != nil {
		if least := t.exact("min_quantity", info.GetMinQuantity()); r.size.Cmp(least) < 0 {
			r.size = least
		}
	}
	return r
}

func (t *T) price(symbol string) *big.Rat {
	t.Helper()
	told, err := t.GetLatestPrice(t.Ctx, &pb.GetLatestPriceRequest{Symbol: symbol})
	t.must(err)
	return t.exact("price", told.GetPrice())
}

// A price on the tick, at a part of the present one: 96 is four per cent below.
func (r rule) at(percent int64) *decimal.Decimal {
	return text(floor(times(r.price, ratio(percent, 100)), r.tick), r.GetPricePrecision())
}

func (r rule) quantity(factor int64) *decimal.Decimal {
	return text(times(r.size, ratio(factor, 1)), r.GetQuantityPrecision())
}

// A buy order that rests below the market.
func (r rule) resting() *pb.PlaceOrderRequest {
	return &pb.PlaceOrderRequest{
		Symbol: r.symbol, Side: buy, Type: limit, Quantity: r.quantity(1), Price: r.at(96), ClientOrderId: newID(),
	}
}

func (r rule) atMarket(side pb.OrderSide, factor int64) *pb.PlaceOrderRequest {
	return &pb.PlaceOrderRequest{
		Symbol: r.symbol, Side: side, Type: market, Quantity: r.quantity(factor),
		Price: &decimal.Decimal{Value: "0"}, ClientOrderId: newID(),
	}
}

func (t *T) place(request *pb.PlaceOrderRequest) *pb.Order {
	t.Helper()
	order, err := t.PlaceOrder(t.Ctx, request)
	t.must(err)
	return order
}

// The open orders of a symbol that have one of the ids.
func (t *T) open(symbol string, ids ...string) []*pb.Order {
	t.Helper()
	listed, err := t.GetOpenOrders(t.Ctx, &pb.GetOpenOrdersRequest{Symbol: symbol})
	t.must(err)
	return slices.DeleteFunc(listed.GetOrders(), func(o *pb.Order) bool {
		return !slices.Contains(ids, o.GetClientOrderId())
	})
}

// The order stream, open for sure: an order's event has been heard on it.
func (t *T) orderEvents(r rule) *tap[pb.OrderUpdate] {
	t.Helper()
	events := follow(t, func(ctx context.Context) (grpc.ServerStreamingClient[pb.OrderUpdate], error) {
		return t.SubscribeOrders(ctx, &pb.SubscribeOrdersRequest{})
	})
	first := r.resting()
	order := t.place(first)
	event(events, first.GetClientOrderId(), isNew)
	_, err := t.CancelOrder(t.Ctx, &pb.CancelOrderRequest{Symbol: r.symbol, OrderId: order.GetOrderId()})
	if status.Code(err) != codes.NotFound {
		t.must(err)
	}
	return events
}

func event(events *tap[pb.OrderUpdate], id string, wanted pb.OrderStatus) arrival[pb.OrderUpdate] {
	events.t.Helper()
	return events.first(wanted.String()+" event", 10*time.Second, func(u *pb.OrderUpdate) bool {
		return u.GetClientOrderId() == id && u.GetStatus() == wanted
	})
}

func eventsOf(events *tap[pb.OrderUpdate], id string) []arrival[pb.OrderUpdate] {
	return slices.DeleteFunc(slices.Clone(events.all()), func(u arrival[pb.OrderUpdate]) bool {
		return u.M.GetClientOrderId() != id
	})
}

// SYMBOL names the one that may be looked at and traded at ADDRESS; BTCUSDT if it isn't set.
func symbolsAt(listed []string, ours bool) []string {
	if ours {
		return listed
	}
	if symbol := os.Getenv("SYMBOL"); symbol != "" {
		return []string{symbol}
	}
	return []string{"BTCUSDT"}
}
