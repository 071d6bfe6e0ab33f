package main

import (
	"context"
	"fmt"

	"google.golang.org/genproto/googleapis/type/decimal"
	"google.golang.org/grpc/status"

	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

func getName(ctx context.Context, client pb.ExchangeServiceClient) error {
	answer, err := client.GetName(ctx, &pb.GetNameRequest{})
	if err != nil {
		return err
	}
	fmt.Println("the exchange field of every event:", answer.GetName())
	return nil
}

func getType(ctx context.Context, client pb.ExchangeServiceClient) error {
	answer, err := client.GetType(ctx, &pb.GetTypeRequest{})
	if err != nil {
		return err
	}
	fmt.Println(answer.GetType(), "unified margin:", answer.GetIsUnifiedMargin())
	return nil
}

func fetchExchangeInfo(ctx context.Context, client pb.ExchangeServiceClient) error {
	_, err := client.FetchExchangeInfo(ctx, &pb.FetchExchangeInfoRequest{Symbol: "BTCUSDT"})
	if err != nil {
		return err
	}
	fmt.Println("market definitions are fresh")
	return nil
}

func getSymbols(ctx context.Context, client pb.ExchangeServiceClient) error {
	answer, err := client.GetSymbols(ctx, &pb.GetSymbolsRequest{})
	if err != nil {
		return err
	}
	fmt.Println(len(answer.GetSymbols()), "symbols")
	return nil
}

func getSymbolInfo(ctx context.Context, client pb.ExchangeServiceClient) error {
	info, err := client.GetSymbolInfo(ctx, &pb.GetSymbolInfoRequest{Symbol: "BTCUSDT"})
	if err != nil {
		return err
	}
	fmt.Println("tick", info.GetTickSize().GetValue(), "step", info.GetStepSize().GetValue())
	return nil
}

func getLatestPrice(ctx context.Context, client pb.ExchangeServiceClient) error {
	answer, err := client.GetLatestPrice(ctx, &pb.GetLatestPriceRequest{Symbol: "BTCUSDT"})
	if err != nil {
		return err
	}
	fmt.Println("BTCUSDT", answer.GetPrice().GetValue())
	return nil
}

func getTickers(ctx context.Context, client pb.ExchangeServiceClient) error {
	answer, err := client.GetTickers(ctx, &pb.GetTickersRequest{})
	if err != nil {
		return err
	}
	for _, ticker := range answer.GetTickers() {
		fmt.Println(ticker.GetSymbol(), ticker.GetLastPrice().GetValue())
	}
	return nil
}

func getOpenInterest(ctx context.Context, client pb.ExchangeServiceClient) error {
	answer, err := client.GetOpenInterest(ctx, &pb.GetOpenInterestRequest{Symbol: "BTCUSDT"})
	if err != nil {
		return err
	}
	fmt.Println(answer.GetOpenInterest().GetValue(), "BTC are open")
	return nil
}

func getHistoricalKlines(ctx context.Context, client pb.ExchangeServiceClient) error {
	answer, err := client.GetHistoricalKlines(ctx, &pb.GetHistoricalKlinesRequest{Symbol: "BTCUSDT", Interval: "1m", Limit: 3})
	if err != nil {
		return err
	}
	for _, candle := range answer.GetCandles() { // oldest first; the last one is still forming
		fmt.Println(candle.GetTimestamp(), candle.GetClose().GetValue(), candle.GetIsClosed())
	}
	return nil
}

func getFundingRate(ctx context.Context, client pb.ExchangeServiceClient) error {
	funding, err := client.GetFundingRate(ctx, &pb.GetFundingRateRequest{Symbol: "BTCUSDT"})
	if err != nil {
		return err
	}
	fmt.Println(funding.GetRate().GetValue(), "to be paid at", funding.GetNextFundingTime())
	return nil
}

func getFundingRates(ctx context.Context, client pb.ExchangeServiceClient) error {
	answer, err := client.GetFundingRates(ctx, &pb.GetFundingRatesRequest{})
	if err != nil {
		return err
	}
	for _, funding := range answer.GetRates() {
		fmt.Println(funding.GetSymbol(), funding.GetRate().GetValue())
	}
	return nil
}

func getHistoricalFundingRates(ctx context.Context, client pb.ExchangeServiceClient) error {
	answer, err := client.GetHistoricalFundingRates(ctx, &pb.GetHistoricalFundingRatesRequest{Symbol: "BTCUSDT", Limit: 2})
	if err != nil {
		return err
	}
	for _, funding := range answer.GetRates() { // newest first
		fmt.Println(funding.GetRate().GetValue())
	}
	return nil
}

func getBalance(ctx context.Context, client pb.ExchangeServiceClient) error {
	answer, err := client.GetBalance(ctx, &pb.GetBalanceRequest{Asset: "USDT"})
	if err != nil {
		return err
	}
	fmt.Println(answer.GetBalance().GetValue(), "USDT are free")
	return nil
}

func placeOrder(ctx context.Context, client pb.ExchangeServiceClient) error {
	bought, err := client.PlaceOrder(ctx, &pb.PlaceOrderRequest{
		Symbol:        "BTCUSDT",
		Side:          pb.OrderSide_ORDER_SIDE_BUY,
		Type:          pb.OrderType_ORDER_TYPE_MARKET,
		Quantity:      &decimal.Decimal{Value: "0.010"},
		ClientOrderId: "go-market", // with it a repetition is safe
	})
	if err != nil {
		return err
	}
	fmt.Println(bought.GetStatus(), "at", bought.GetAvgPrice().GetValue())
	return nil
}

func batchPlaceOrders(ctx context.Context, client pb.ExchangeServiceClient) error {
	request := &pb.BatchPlaceOrdersRequest{}
	for _, price := range []string{"90000", "90100", "90200", "90300"} {
		request.Orders = append(request.Orders, &pb.PlaceOrderRequest{
			Symbol:        "BTCUSDT",
			Side:          pb.OrderSide_ORDER_SIDE_BUY,
			Type:          pb.OrderType_ORDER_TYPE_LIMIT,
			Quantity:      &decimal.Decimal{Value: "0.010"},
			Price:         &decimal.Decimal{Value: price},
			ClientOrderId: "go-" + price,
		})
	}
	answer, err := client.BatchPlaceOrders(ctx, request)
	if err != nil {
		return err
	}
	for _, failed := range answer.GetErrors() { // which of the request failed, and why
		fmt.Println(failed.GetIndex(), failed.GetErrorMessage())
	}
	fmt.Println(len(answer.GetOrders()), "rest in the book")
	return nil
}

func getOrder(ctx context.Context, client pb.ExchangeServiceClient) error {
	order, err := client.GetOrder(ctx, &pb.GetOrderRequest{Symbol: "BTCUSDT", ClientOrderId: "go-90000"})
	if err != nil {
		return err
	}
	fmt.Println(order.GetOrderId(), order.GetStatus())
	return nil
}

func getOpenOrders(ctx context.Context, client pb.ExchangeServiceClient) error {
	answer, err := client.GetOpenOrders(ctx, &pb.GetOpenOrdersRequest{Symbol: "BTCUSDT"})
	if err != nil {
		return err
	}
	for _, order := range answer.GetOrders() {
		fmt.Println(order.GetOrderId(), order.GetPrice().GetValue())
	}
	return nil
}

func cancelOrder(ctx context.Context, client pb.ExchangeServiceClient) error {
	order, err := client.GetOrder(ctx, &pb.GetOrderRequest{Symbol: "BTCUSDT", ClientOrderId: "go-90000"})
	if err != nil {
		return err
	}
	_, err = client.CancelOrder(ctx, &pb.CancelOrderRequest{Symbol: "BTCUSDT", OrderId: order.GetOrderId()})
	fmt.Println(status.Code(err)) // NotFound: it was final already
	return err
}

func batchCancelOrders(ctx context.Context, client pb.ExchangeServiceClient) error {
	open, err := client.GetOpenOrders(ctx, &pb.GetOpenOrdersRequest{Symbol: "BTCUSDT"})
	if err != nil {
		return err
	}
	request := &pb.BatchCancelOrdersRequest{Symbol: "BTCUSDT"}
	for _, order := range open.GetOrders() {
		request.OrderIds = append(request.OrderIds, order.GetOrderId())
	}
	answer, err := client.BatchCancelOrders(ctx, request)
	if err != nil {
		return err
	}
	fmt.Println(len(answer.GetErrors()), "could not be canceled")
	return nil
}

func cancelAllOrders(ctx context.Context, client pb.ExchangeServiceClient) error {
	_, err := client.CancelAllOrders(ctx, &pb.CancelAllOrdersRequest{Symbol: "BTCUSDT"})
	if err != nil {
		return err
	}
	fmt.Println("no order of BTCUSDT is open")
	return nil
}

func getAccount(ctx context.Context, client pb.ExchangeServiceClient) error {
	account, err := client.GetAccount(ctx, &pb.GetAccountRequest{})
	if err != nil {
		return err
	}
	fmt.Println(account.GetTotalWalletBalance().GetValue(), "health", account.GetHealthScore().GetValue())
	return nil
}

func getPositions(ctx context.Context, client pb.ExchangeServiceClient) error {
	answer, err := client.GetPositions(ctx, &pb.GetPositionsRequest{})
	if err != nil {
		return err
	}
	for _, position := range answer.GetPositions() { // a short one's size is negative
		fmt.Println(position.GetSymbol(), position.GetSize().GetValue())
	}
	return nil
}

func subscribePrice(ctx context.Context, client pb.ExchangeServiceClient) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave() // a stream that is left is let go
	stream, err := client.SubscribePrice(ctx, &pb.SubscribePriceRequest{Symbols: []string{"BTCUSDT", "ETHUSDT"}})
	if err != nil {
		return err
	}
	price, err := stream.Recv() // in a loop, as long as you want to listen
	if err != nil {
		return err
	}
	fmt.Println(price.GetSymbol(), price.GetPrice().GetValue())
	return nil
}

func subscribeKlines(ctx context.Context, client pb.ExchangeServiceClient) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave() // a stream that is left is let go
	stream, err := client.SubscribeKlines(ctx, &pb.SubscribeKlinesRequest{Symbols: []string{"BTCUSDT"}, Interval: "1m"})
	if err != nil {
		return err
	}
	candle, err := stream.Recv() // in a loop, as long as you want to listen
	if err != nil {
		return err
	}
	fmt.Println(candle.GetSymbol(), candle.GetClose().GetValue(), candle.GetIsClosed())
	return nil
}

func subscribeFundingRate(ctx context.Context, client pb.ExchangeServiceClient) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave() // a stream that is left is let go
	stream, err := client.SubscribeFundingRate(ctx, &pb.SubscribeFundingRateRequest{Symbol: "BTCUSDT"})
	if err != nil {
		return err
	}
	funding, err := stream.Recv() // in a loop, as long as you want to listen
	if err != nil {
		return err
	}
	fmt.Println(funding.GetSymbol(), funding.GetRate().GetValue())
	return nil
}

func subscribeOrders(ctx context.Context, client pb.ExchangeServiceClient) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave() // a stream that is left is let go
	stream, err := client.SubscribeOrders(ctx, &pb.SubscribeOrdersRequest{})
	if err != nil {
		return err
	}
	update, err := stream.Recv() // in a loop, as long as you want to listen
	if err != nil {
		return err
	}
	fmt.Println(update.GetClientOrderId(), update.GetStatus())
	return nil
}

func subscribePositions(ctx context.Context, client pb.ExchangeServiceClient) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave() // a stream that is left is let go
	stream, err := client.SubscribePositions(ctx, &pb.SubscribePositionsRequest{})
	if err != nil {
		return err
	}
	position, err := stream.Recv() // in a loop, as long as you want to listen
	if err != nil {
		return err
	}
	fmt.Println(position.GetSymbol(), position.GetSize().GetValue()) // 0: it was closed
	return nil
}

func subscribeAccount(ctx context.Context, client pb.ExchangeServiceClient) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave() // a stream that is left is let go
	stream, err := client.SubscribeAccount(ctx, &pb.SubscribeAccountRequest{})
	if err != nil {
		return err
	}
	account, err := stream.Recv() // in a loop, as long as you want to listen
	if err != nil {
		return err
	}
	fmt.Println(account.GetAvailableBalance().GetValue(), account.GetHealthScore().GetValue())
	return nil
}
