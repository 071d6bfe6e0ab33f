package cards

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/opensqt/connector/conformance/engine"
	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

const service = "opensqt.market_maker.v1.ExchangeService"

var connecting = []Card{
	{
		Number: "1.01", Title: "name and type come within one shared 5 s, without metadata",
		Given: "a connector that listens", Do: "GetName, then GetType, one deadline of 5 s, no metadata",
		Expect: "both answer", Pass: "a name that isn't empty, a type that isn't unspecified, in time",
		Play: func(t *T) {
			began := time.Now()
			c := t.connect()
			t.figure("both after %v", time.Since(began).Round(time.Millisecond))
			t.check(c.Name != "" && c.Name == strings.ToLower(c.Name), "name is %q, want lower case", c.Name)
			t.check(c.Type != pb.ExchangeType_EXCHANGE_TYPE_UNSPECIFIED, "type is %v", c.Type)
			t.check(!c.Unified, "is_unified_margin is true, but one process serves one market")
		},
	},
	{
		Number: "1.04", Title: "an engine without credentials may call everything where no key is asked for",
		Given: "a connector without client keys", Do: "a unary call and a stream without metadata",
		Expect: "answers", Pass: "both answer", Skip: "ENGINE_KEY is set",
		Play: func(t *T) {
			t.needNoKeys()
			t.price(t.any())
			t.prices(t.any()).until("price", 15*time.Second, some)
		},
	},
	{
		Number: "1.05", Title: "a key in x-api-key is accepted on every call, and not asked for by the first two and health",
		Given: "a connector with client keys", Do: "calls with the key as x-api-key, with another, and with none",
		Expect: "answers, refusals", Pass: "the right key works; a wrong one and none: UNAUTHENTICATED, `authentication failed`, a stream's after a pause; name, type, health without a key answer",
		Skip: "at ADDRESS ENGINE_KEY isn't set", On: guarded,
		Play: func(t *T) {
			t.needKeys()
			t.price(t.any())
			t.prices(t.any()).until("price", 15*time.Second, some)
			for what, key := range map[string]string{"a wrong key": "wrong", "no key": ""} {
				config := t.on.config()
				config.APIKey = key
				c, err := engine.Connect(t.Ctx, config)
				t.must(err)
				defer c.Close()
				_, err = c.GetSymbols(t.Ctx, &pb.GetSymbolsRequest{})
				t.refused(what, err, "authentication failed", codes.Unauthenticated)
				err, took := endOf(t.Ctx, func(ctx context.Context) (grpc.ServerStreamingClient[pb.OrderUpdate], error) {
					return c.SubscribeOrders(ctx, &pb.SubscribeOrdersRequest{})
				})
				t.refused(what+" on a stream", err, "authentication failed", codes.Unauthenticated)
				t.check(took > 900*time.Millisecond, "the stream was refused after %v, without a pause", took)
				_, err = c.Health.Check(t.Ctx, &healthpb.HealthCheckRequest{})
				t.must(err)
			}
		},
	},
	{
		Number: "1.06", Title: "authorization: Bearer KEY is accepted too",
		Given: "a connector with client keys", Do: "GetSymbols with the key as a bearer", Expect: "an answer", Pass: "OK",
		Skip: "at ADDRESS ENGINE_KEY isn't set", On: guarded,
		Play: func(t *T) {
			t.needKeys()
			config := t.on.config()
			config.APIKey = ""
			c, err := engine.Connect(t.Ctx, config)
			t.must(err)
			defer c.Close()
			ctx := metadata.AppendToOutgoingContext(t.Ctx, "authorization", "Bearer "+t.on.shows.APIKey)
			_, err = c.GetSymbols(ctx, &pb.GetSymbolsRequest{})
			t.must(err)
		},
	},
	{
		Number: "1.07", Title: "a key that nobody asked for does no harm",
		Given: "a connector without client keys", Do: "a call and a stream with x-api-key and authorization",
		Expect: "answers", Pass: "both answer", Skip: "ENGINE_KEY is set",
		Play: func(t *T) {
			t.needNoKeys()
			config := t.on.config()
			config.APIKey = "unasked"
			c, err := engine.Connect(t.Ctx, config)
			t.must(err)
			defer c.Close()
			ctx := metadata.AppendToOutgoingContext(t.Ctx, "authorization", "Bearer unasked")
			_, err = c.GetSymbols(ctx, &pb.GetSymbolsRequest{})
			t.must(err)
			stream, err := c.SubscribePrice(ctx, &pb.SubscribePriceRequest{Symbols: []string{t.any()}})
			t.must(err)
			_, err = stream.Recv()
			t.must(err)
		},
	},
	{
		Number: "1.09", Title: "the exchange field of every event is the name that GetName tells",
		Given: "a connector that serves", Do: "a price, a funding rate asked for and streamed, all rates",
		Expect: "messages with `exchange`", Pass: "each equals the name, byte for byte",
		Play: func(t *T) {
			price := t.prices(t.any()).until("price", 15*time.Second, some)[0]
			t.check(price.M.GetExchange() == t.Name, "PriceChange.exchange is %q, GetName told %q", price.M.GetExchange(), t.Name)
			asked, err := t.GetFundingRate(t.Ctx, &pb.GetFundingRateRequest{Symbol: t.any()})
			t.must(err)
			t.check(asked.GetExchange() == t.Name, "FundingRate.exchange is %q, GetName told %q", asked.GetExchange(), t.Name)
			streamed := t.fundings(t.any()).until("funding", 15*time.Second, some)[0]
			t.check(streamed.M.GetExchange() == t.Name, "FundingUpdate.exchange is %q, GetName told %q", streamed.M.GetExchange(), t.Name)
			all, err := t.GetFundingRates(t.Ctx, &pb.GetFundingRatesRequest{})
			t.must(err)
			for _, each := range all.GetRates() {
				t.check(each.GetExchange() == t.Name, "FundingRate.exchange of %s is %q", each.GetSymbol(), each.GetExchange())
			}
		},
	},
	{
		Number: "1.09b", Title: "the exchange field of order events is the name, too",
		Given: "an account that may trade", Do: "an order that rests, cancelled", Expect: "NEW, CANCELED",
		Pass: "`exchange` of each equals the name", Trades: true,
		Play: func(t *T) {
			events := t.orderEvents(t.rules(t.own()))
			for _, each := range events.all() {
				t.check(each.M.GetExchange() == t.Name, "OrderUpdate.exchange is %q, GetName told %q", each.M.GetExchange(), t.Name)
			}
		},
	},
	{
		Number: "1.11", Title: "health answers for the empty name and for the service",
		Given: "a connector whose exchange is reachable", Do: "Health/Check of both names and of an unknown one",
		Expect: "SERVING, SERVING, NOT_FOUND", Pass: "these",
		Play: func(t *T) {
			for _, name := range []string{"", service} {
				answer, err := t.Health.Check(t.Ctx, &healthpb.HealthCheckRequest{Service: name})
				t.must(err)
				t.check(answer.GetStatus() == healthpb.HealthCheckResponse_SERVING, "health of %q is %v", name, answer.GetStatus())
			}
			_, err := t.Health.Check(t.Ctx, &healthpb.HealthCheckRequest{Service: "nobody"})
			t.check(status.Code(err) == codes.NotFound, "health of nobody: %v", err)
		},
	},
	{
		Number: "1.13", Title: "a server certificate is presented, its name may be given",
		Given: "a connector with TLS", Do: "connect with its certificate and name; with another name; with another authority; in plain text",
		Expect: "name and type; no answer to the others", Pass: "the first works, the others don't",
		Skip: "at ADDRESS ENGINE_TLS_CA isn't set", On: guarded,
		Play: func(t *T) {
			t.needTLS()
			good := t.on.config() // play has connected with it
			named, stranger := good.TLS.Clone(), good.TLS.Clone()
			named.ServerName = "somebody.else"
			stranger.RootCAs = x509.NewCertPool()
			for what, bad := range map[string]*tls.Config{
				"another name": named, "another authority": stranger, "plain text": nil,
			} {
				config := engine.Config{Address: t.on.address, TLS: bad, Pause: func(context.Context, time.Duration) error { return context.Canceled }}
				if c, err := engine.Connect(t.Ctx, config); err == nil {
					_ = c.Close()
					t.Errorf("%s was answered", what)
				}
			}
		},
	},
	{
		Number: "1.15", Title: "the longest answers fit gRPC's usual limit of 4 MiB",
		Given: "a client with default limits", Do: "GetTickers, GetFundingRates, GetSymbols, 1,500 bars, 1,500 rates",
		Expect: "answers", Pass: "none is refused for its length",
		Play: func(t *T) {
			_, err := t.GetTickers(t.Ctx, &pb.GetTickersRequest{})
			t.must(err)
			_, err = t.GetFundingRates(t.Ctx, &pb.GetFundingRatesRequest{})
			t.must(err)
			_, err = t.GetSymbols(t.Ctx, &pb.GetSymbolsRequest{})
			t.must(err)
			bars, err := t.GetHistoricalKlines(t.Ctx, &pb.GetHistoricalKlinesRequest{Symbol: t.any(), Interval: "1m", Limit: 1500})
			t.must(err)
			rates, err := t.GetHistoricalFundingRates(t.Ctx, &pb.GetHistoricalFundingRatesRequest{Symbol: t.any(), Limit: 1500})
			t.must(err)
			t.check(len(bars.GetCandles()) > 500, "%d bars came of 1,500", len(bars.GetCandles()))
			t.check(len(rates.GetRates()) > 0, "no rates came")
		},
	},
	{
		Number: "1.17", Title: "the environment of an existing deployment starts it, EXCHANGE=mock is the embedded exchange",
		Given: "a process of ours with EXCHANGE=mock and PORT=0, and no file", Do: "read the serving line, connect, ask for symbols",
		Expect: "name binance, a perpetual market", Pass: "BTCUSDT is listed", On: "quiet",
		Play: func(t *T) {
			listed, err := t.GetSymbols(t.Ctx, &pb.GetSymbolsRequest{})
			t.must(err)
			t.check(slices.Contains(listed.GetSymbols(), "BTCUSDT"), "symbols are %v", listed.GetSymbols())
			t.check(t.Type == pb.ExchangeType_EXCHANGE_TYPE_FUTURES, "type is %v", t.Type)
		},
	},
}
