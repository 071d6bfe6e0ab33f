package engine

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

// A server that notes how it is called; the connector's own behaviour is the cards' affair.
type fake struct {
	pb.UnimplementedExchangeServiceServer
	failures int
	streams  []error

	mutex     sync.Mutex
	calls     []string
	keys      [][]string
	deadlines []time.Time
}

func (f *fake) note(ctx context.Context, call string) int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	heads, _ := metadata.FromIncomingContext(ctx)
	deadline, _ := ctx.Deadline()
	f.calls = append(f.calls, call)
	f.keys = append(f.keys, heads.Get("x-api-key"))
	f.deadlines = append(f.deadlines, deadline)
	return len(f.calls)
}

func (f *fake) GetName(ctx context.Context, _ *pb.GetNameRequest) (*pb.GetNameResponse, error) {
	if f.note(ctx, "GetName") <= f.failures {
		return nil, status.Error(codes.Unavailable, "not yet")
	}
	return &pb.GetNameResponse{Name: "fake"}, nil
}

func (f *fake) GetType(ctx context.Context, _ *pb.GetTypeRequest) (*pb.GetTypeResponse, error) {
	f.note(ctx, "GetType")
	return &pb.GetTypeResponse{Type: pb.ExchangeType_EXCHANGE_TYPE_SPOT}, nil
}

func (f *fake) GetSymbols(ctx context.Context, _ *pb.GetSymbolsRequest) (*pb.GetSymbolsResponse, error) {
	f.note(ctx, "GetSymbols")
	return &pb.GetSymbolsResponse{}, nil
}

func (f *fake) SubscribePrice(_ *pb.SubscribePriceRequest, out grpc.ServerStreamingServer[pb.PriceChange]) error {
	attempt := f.note(out.Context(), "SubscribePrice")
	if err := out.Send(&pb.PriceChange{}); err != nil {
		return err
	}
	if attempt <= len(f.streams) {
		return f.streams[attempt-1]
	}
	<-out.Context().Done()
	return nil
}

func serve(t *testing.T, f *fake, options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	pb.RegisterExchangeServiceServer(server, f)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func bounded(t *testing.T) context.Context {
	ctx, done := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(done)
	return ctx
}

func TestNameAndTypeShareOneDeadlineOfFiveSeconds(t *testing.T) {
	f := &fake{}
	before := time.Now()
	c, err := Connect(bounded(t), Config{Address: serve(t, f)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Name != "fake" || c.Type != pb.ExchangeType_EXCHANGE_TYPE_SPOT {
		t.Fatalf("got %q, %v", c.Name, c.Type)
	}
	apart := f.deadlines[1].Sub(f.deadlines[0]).Abs()
	if left := f.deadlines[0].Sub(before); left > 6*time.Second || left < 4*time.Second || apart > 100*time.Millisecond {
		t.Fatalf("deadlines %v after the start, %v apart; want one of 5 s", left, apart)
	}
}

func TestTenAttemptsWithPausesThatDoubleUpToAMinute(t *testing.T) {
	f := &fake{failures: 10}
	var pauses []time.Duration
	_, err := Connect(bounded(t), Config{
		Address: serve(t, f),
		Pause: func(_ context.Context, wait time.Duration) error {
			pauses = append(pauses, wait/time.Second)
			return nil
		},
	})
	if err == nil || len(f.calls) != 10 {
		t.Fatalf("%d calls, error %v; want 10 and an error", len(f.calls), err)
	}
	if want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60}; !slices.Equal(pauses, want) {
		t.Fatalf("pauses %v, want %v", pauses, want)
	}
}

func TestAConnectorThatComesLateIsFound(t *testing.T) {
	f := &fake{failures: 9}
	none := func(context.Context, time.Duration) error { return nil }
	c, err := Connect(bounded(t), Config{Address: serve(t, f), Pause: none})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestAPauseThatIsBrokenOffEndsTheAttempts(t *testing.T) {
	f := &fake{failures: 10}
	broken := errors.New("broken off")
	_, err := Connect(bounded(t), Config{
		Address: serve(t, f), Pause: func(context.Context, time.Duration) error { return broken },
	})
	if !errors.Is(err, broken) || len(f.calls) != 1 {
		t.Fatalf("%d calls, error %v", len(f.calls), err)
	}
}

func TestTheKeyGoesAlongExceptWithTheFirstTwoCalls(t *testing.T) {
	f := &fake{}
	c, err := Connect(bounded(t), Config{Address: serve(t, f), APIKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.GetSymbols(bounded(t), &pb.GetSymbolsRequest{}); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(bounded(t))
	Follow(ctx, func(ctx context.Context) (grpc.ServerStreamingClient[pb.PriceChange], error) {
		return c.SubscribePrice(ctx, &pb.SubscribePriceRequest{})
	}, func(*pb.PriceChange) { leave() }, nil)
	want := [][]string{nil, nil, {"secret"}, {"secret"}}
	if !slices.EqualFunc(f.keys, want, slices.Equal) {
		t.Fatalf("keys of %v: %v, want %v", f.calls, f.keys, want)
	}
}

func TestAStreamIsOpenedAgainAtOnceWhateverEndedIt(t *testing.T) {
	f := &fake{streams: []error{
		nil, nil, // what is counted are all calls, and two came before
		nil, status.Error(codes.Unimplemented, ""), status.Error(codes.InvalidArgument, ""),
	}}
	c, err := Connect(bounded(t), Config{Address: serve(t, f)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var got int
	var ends []codes.Code
	ctx, leave := context.WithCancel(bounded(t))
	defer leave()
	began := time.Now()
	Follow(ctx, func(ctx context.Context) (grpc.ServerStreamingClient[pb.PriceChange], error) {
		return c.SubscribePrice(ctx, &pb.SubscribePriceRequest{})
	}, func(*pb.PriceChange) {
		if got++; got == 4 {
			leave()
		}
	}, func(err error) { ends = append(ends, status.Code(err)) })
	// a clean end is io.EOF, which has no status
	if want := []codes.Code{codes.Unknown, codes.Unimplemented, codes.InvalidArgument}; !slices.Equal(ends, want) {
		t.Fatalf("ends %v, want %v", ends, want)
	}
	if took := time.Since(began); took > time.Second {
		t.Fatalf("four streams took %v", took)
	}
}

func TestACertificateIsCheckedAndItsNameMayBeSet(t *testing.T) {
	certificate, roots := selfSigned(t, "connector.internal")
	address := serve(t, &fake{}, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	none := func(context.Context, time.Duration) error { return nil }

	named := &tls.Config{RootCAs: roots, ServerName: "connector.internal"}
	c, err := Connect(bounded(t), Config{Address: address, TLS: named})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()

	for what, wrong := range map[string]*tls.Config{
		"an unknown certificate": {ServerName: "connector.internal"},
		"another name":           {RootCAs: roots, ServerName: "elsewhere"},
	} {
		if c, err := Connect(bounded(t), Config{Address: address, TLS: wrong, Pause: none}); err == nil {
			c.Close()
			t.Errorf("%s was taken", what)
		}
	}
}

func selfSigned(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
