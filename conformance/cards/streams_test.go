package cards

import (
	"context"

	"google.golang.org/grpc"

	"github.com/opensqt/connector/conformance/engine"
	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

func some[M any](got []arrival[M]) bool { return len(got) > 0 }

func atLeast[M any](count int) func([]arrival[M]) bool {
	return func(got []arrival[M]) bool { return len(got) >= count }
}

func (t *T) prices(symbols ...string) *tap[pb.PriceChange] {
	return follow(t, priceStream(t.Connector, symbols...))
}

func priceStream(c *engine.Connector, symbols ...string) engine.Open[pb.PriceChange] {
	return func(ctx context.Context) (grpc.ServerStreamingClient[pb.PriceChange], error) {
		return c.SubscribePrice(ctx, &pb.SubscribePriceRequest{Symbols: symbols})
	}
}

func (t *T) bars(interval string, symbols ...string) *tap[pb.Candle] {
	return follow(t, barStream(t.Connector, interval, symbols...))
}

func barStream(c *engine.Connector, interval string, symbols ...string) engine.Open[pb.Candle] {
	return func(ctx context.Context) (grpc.ServerStreamingClient[pb.Candle], error) {
		return c.SubscribeKlines(ctx, &pb.SubscribeKlinesRequest{Symbols: symbols, Interval: interval})
	}
}

func (t *T) fundings(symbol string) *tap[pb.FundingUpdate] {
	return follow(t, fundingStream(t.Connector, symbol))
}

func fundingStream(c *engine.Connector, symbol string) engine.Open[pb.FundingUpdate] {
	return func(ctx context.Context) (grpc.ServerStreamingClient[pb.FundingUpdate], error) {
		return c.SubscribeFundingRate(ctx, &pb.SubscribeFundingRateRequest{Symbol: symbol})
	}
}

func (t *T) accounts() *tap[pb.Account] {
	return follow(t, func(ctx context.Context) (grpc.ServerStreamingClient[pb.Account], error) {
		return t.SubscribeAccount(ctx, &pb.SubscribeAccountRequest{})
	})
}

func (t *T) positions(symbol string) *tap[pb.Position] {
	return follow(t, func(ctx context.Context) (grpc.ServerStreamingClient[pb.Position], error) {
		return t.SubscribePositions(ctx, &pb.SubscribePositionsRequest{Symbol: symbol})
	})
}
