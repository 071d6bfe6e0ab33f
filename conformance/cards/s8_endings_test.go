package cards

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/opensqt/connector/conformance/engine"
	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

// A refusedStream is one that the connector has to refuse, whatever its messages are.
type refusedStream struct {
	what   string
	end    func(context.Context) (error, time.Duration)
	follow func(ctx context.Context, ended func(error))
}

func refusedOf[M any](what string, open engine.Open[M]) refusedStream {
	return refusedStream{
		what: what,
		end:  func(ctx context.Context) (error, time.Duration) { return endOf(ctx, open) },
		follow: func(ctx context.Context, ended func(error)) {
			engine.Follow(ctx, open, func(*M) {}, ended)
		},
	}
}

func (t *T) badSymbolStreams(symbol string) []refusedStream {
	return []refusedStream{
		refusedOf("SubscribePrice", priceStream(t.Connector, symbol)),
		refusedOf("SubscribeKlines", barStream(t.Connector, "1m", symbol)),
		refusedOf("SubscribeFundingRate", fundingStream(t.Connector, symbol)),
		refusedOf("SubscribePositions", func(ctx context.Context) (grpc.ServerStreamingClient[pb.Position], error) {
			return t.SubscribePositions(ctx, &pb.SubscribePositionsRequest{Symbol: symbol})
		}),
	}
}

func (t *T) refusedStreams() []refusedStream {
	return append(t.badSymbolStreams("NOSUCHSYMBOL"),
		refusedOf("SubscribePrice of nothing", priceStream(t.Connector)),
		refusedOf("SubscribeKlines of an unknown interval", barStream(t.Connector, "7x", t.any())),
		refusedOf("SubscribeKlines of months", barStream(t.Connector, "1M", t.any())))
}

const (
	stormLasts   = 6 * time.Second
	stormClients = 10
	// A gap in another client's prices, and its calls; generous, since CI shares its processors.
	undisturbed = 2 * time.Second
	growth      = 25 // MiB
)

var endings = []Card{
	{
		Number: "8.01", Title: "a stream that has to be refused waits a second before it says so",
		Given: "a connector that serves", Do: "each kind of refused stream, once", Expect: "a status each",
		Pass: "after 0.9 s to 5 s",
		Play: func(t *T) {
			var all sync.WaitGroup
			for _, stream := range t.refusedStreams() {
				all.Add(1)
				go func() {
					defer all.Done()
					err, took := stream.end(t.Ctx)
					t.check(slices.Contains([]codes.Code{codes.InvalidArgument, codes.Unimplemented}, status.Code(err)), "%s: %v", stream.what, err)
					t.check(took > 900*time.Millisecond && took < 5*time.Second, "%s: refused after %v", stream.what, took)
				}()
			}
			all.Wait()
		},
	},
	{
		Number: "8.02", Title: "the pause before a refusal can be cancelled",
		Given: "a connector that serves", Do: "200 refused streams, each left after 50 ms, then a call", Expect: "they end, the call answers",
		Pass: "each ends as CANCELLED or DEADLINE_EXCEEDED within 1 s; the call within 2 s",
		Play: func(t *T) {
			streams := t.badSymbolStreams("NOSUCHSYMBOL")
			var all sync.WaitGroup
			for index := range 200 {
				all.Add(1)
				go func() {
					defer all.Done()
					ctx, leave := context.WithTimeout(t.Ctx, 50*time.Millisecond)
					defer leave()
					err, took := streams[index%len(streams)].end(ctx)
					t.check(slices.Contains([]codes.Code{codes.Canceled, codes.DeadlineExceeded}, status.Code(err)), "%v", err)
					t.check(took < time.Second, "left after %v", took)
				}()
			}
			all.Wait()
			began := time.Now()
			t.price(t.any())
			t.check(time.Since(began) < undisturbed, "the call took %v", time.Since(began))
		},
	},
	{
		Number: "8.03", Title: "a storm of reconnections without a pause: under 2 attempts a second for each stream, nobody disturbed",
		Given:  "a connector that serves, one client that reads prices",
		Do:     "ten clients, each following seven refused streams without a pause, 6 s; the reader asks for a price every 50 ms meanwhile",
		Expect: "refusals at the connector's pace", Alone: true,
		Pass: "each stream is opened less than 2 times a second; the reader's stream doesn't end, its widest gap and its slowest call stay under 2 s (figures tell them before and during); a process of ours grows by less than 25 MiB in the second half, and its open files return to what they were",
		Play: stormed,
	},
	{
		Number: "8.06", Title: "one client's end never touches another's stream",
		Given: "two clients on the same price, bar and funding streams", Do: "one cancels, comes back, and drops its connection", Expect: "the other's streams go on",
		Pass: "no end at the other, and prices after each",
		Play: func(t *T) {
			symbol := t.any()
			stays := []func(string){}
			price, bars, funding := t.prices(symbol), t.bars("1m", symbol), t.fundings(symbol)
			price.until("price", 15*time.Second, some)
			bars.until("bar", 15*time.Second, some)
			funding.until("funding", 15*time.Second, some)
			stays = append(stays, func(after string) {
				p, b, f := len(price.all()), len(bars.all()), len(funding.all())
				price.until("price after "+after, 15*time.Second, atLeast[pb.PriceChange](p+1))
				bars.until("bar after "+after, 15*time.Second, atLeast[pb.Candle](b+1))
				funding.until("funding after "+after, 15*time.Second, atLeast[pb.FundingUpdate](f+1))
			})
			for _, how := range []string{"a cancellation", "a lost connection"} {
				other := t.connect()
				ctx, leave := context.WithCancel(t.Ctx)
				for _, open := range []refusedStream{
					refusedOf("price", priceStream(other, symbol)), refusedOf("bars", barStream(other, "1m", symbol)),
					refusedOf("funding", fundingStream(other, symbol)),
				} {
					go open.end(ctx) //nolint:errcheck
				}
				first, err := other.SubscribePrice(ctx, &pb.SubscribePriceRequest{Symbols: []string{symbol}})
				t.must(err)
				_, err = first.Recv()
				t.must(err)
				if how == "a lost connection" {
					t.must(other.Close())
				}
				leave()
				for _, still := range stays {
					still(how)
				}
			}
			t.check(len(price.ended())+len(bars.ended())+len(funding.ended()) == 0, "streams ended: %v %v %v", price.ended(), bars.ended(), funding.ended())
		},
	},
}

func stormed(t *T) {
	symbol := t.any()
	reader := t.prices(symbol)
	reader.until("price", 15*time.Second, some)

	// what the reader sees in a span: the widest gap between prices, the slowest call, and how many
	watch := func(span time.Duration) (gap, slowest time.Duration, calls int) {
		began := time.Now()
		for time.Since(began) < span {
			asked := time.Now()
			t.price(symbol)
			slowest, calls = max(slowest, time.Since(asked)), calls+1
			t.rest(50 * time.Millisecond)
		}
		last := began
		for _, each := range append(reader.all(), arrival[pb.PriceChange]{at: time.Now()}) {
			if each.at.After(began) {
				gap, last = max(gap, each.at.Sub(last)), each.at
			}
		}
		return gap, slowest, calls
	}
	gapBefore, slowestBefore, _ := watch(2 * time.Second)
	filesBefore := 0
	if t.on.process != nil {
		_, filesBefore, _ = t.on.process.size()
	}

	ctx, calm := context.WithCancel(t.Ctx)
	defer calm()
	var all sync.WaitGroup
	var attempts []*atomic.Int64
	var clients []*engine.Connector
	for range stormClients {
		client := &T{T: t.T, Connector: t.connect(), Ctx: t.Ctx, on: t.on}
		clients = append(clients, client.Connector)
		for _, stream := range client.refusedStreams() {
			count := &atomic.Int64{}
			attempts = append(attempts, count)
			all.Add(1)
			go func() {
				defer all.Done()
				stream.follow(ctx, func(error) { count.Add(1) })
			}()
		}
	}
	began := time.Now()
	gapOne, slowestOne, _ := watch(stormLasts / 2)
	half, _, _ := t.size()
	gapTwo, slowestTwo, calls := watch(stormLasts / 2)
	full, _, known := t.size()
	passed := time.Since(began).Seconds()
	calm()
	all.Wait()

	var busiest float64
	total := 0.0
	for _, count := range attempts {
		rate := float64(count.Load()) / passed
		busiest, total = max(busiest, rate), total+rate
	}
	gap, slowest := max(gapOne, gapTwo), max(slowestOne, slowestTwo)
	t.figure("%d streams of %d clients: %.1f attempts a second in all, %.2f of the busiest", len(attempts), stormClients, total, busiest)
	t.figure("another client's widest gap %v (before: %v), slowest of its calls %v (before: %v), %d in the second half",
		gap.Round(time.Millisecond), gapBefore.Round(time.Millisecond), slowest.Round(time.Millisecond), slowestBefore.Round(time.Millisecond), calls)
	t.check(busiest > 0.2, "nothing stormed: %.2f attempts a second", busiest)
	t.check(busiest < 2, "%.2f attempts a second of one stream", busiest)
	t.check(gap < undisturbed, "another client waited %v for a price", gap)
	t.check(slowest < undisturbed, "another client waited %v for an answer", slowest)
	t.check(len(reader.ended()) == 0, "another client's stream ended: %v", reader.ended())
	if !known {
		return
	}
	t.check(full-half < growth, "memory grew from %.1f to %.1f MiB in %v", half, full, stormLasts/2)
	for _, client := range clients {
		_ = client.Close()
	}
	filesAfter := 0
	for range 20 {
		_, filesAfter, _ = t.on.process.size()
		if filesAfter <= filesBefore+2 {
			break
		}
		t.rest(100 * time.Millisecond)
	}
	t.figure("memory %.1f MiB after half of it, %.1f at its end; open files %d before, %d after", half, full, filesBefore, filesAfter)
	t.check(filesAfter <= filesBefore+2, "open files: %d before, %d after", filesBefore, filesAfter)
}

func (t *T) size() (memory float64, files int, known bool) {
	if t.on.process == nil {
		return 0, 0, false
	}
	return t.on.process.size()
}
