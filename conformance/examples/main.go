// Command examples calls each of the service's 28 RPCs once: go run ./examples 127.0.0.1:50051
//
// It places, fills and cancels small orders: meant for the embedded exchange, which needs no keys.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

type example func(context.Context, pb.ExchangeServiceClient) error

var streams = []example{
	subscribePrice, subscribeKlines, subscribeFundingRate, subscribeOrders, subscribePositions, subscribeAccount,
}

var calls = []example{
	getName, getType, fetchExchangeInfo, getSymbols, getSymbolInfo, getLatestPrice, getTickers, getOpenInterest,
	getHistoricalKlines, getFundingRate, getFundingRates, getHistoricalFundingRates, getBalance, placeOrder,
	batchPlaceOrders, getOrder, getOpenOrders, cancelOrder, batchCancelOrders, cancelAllOrders, getAccount,
	getPositions,
}

func main() {
	address := "127.0.0.1:50051"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if err := play(address); err != nil {
		log.Fatal(err)
	}
}

// play opens every stream, asks every question, and waits until each stream has told something.
func play(address string) error {
	ctx, done := context.WithTimeout(context.Background(), 20*time.Second)
	defer done()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	client := pb.NewExchangeServiceClient(conn)

	told := make(chan error, len(streams))
	for _, stream := range streams {
		go func() { told <- stream(ctx, client) }()
	}
	for _, call := range calls {
		if err := call(ctx, client); err != nil {
			return err
		}
	}
	for range streams {
		if err := <-told; err != nil {
			return err
		}
	}
	return nil
}
