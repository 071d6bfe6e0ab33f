// Package engine is a client that behaves towards a connector as the trading engine does, no better:
// no keepalive, gRPC's own message limits, no deadline of its own on most calls, and streams that
// reconnect without a pause.
package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

// What the first two calls get together, how often they are tried, and the longest pause between.
const (
	FirstCalls   = 5 * time.Second
	Attempts     = 10
	LongestPause = time.Minute
)

// Config says where the connector is and who asks.
type Config struct {
	Address string
	// APIKey goes along as x-api-key with every call but GetName, GetType and health. Empty: none.
	APIKey string
	// TLS is nil for plain text. RootCAs holds the server's certificate, ServerName is optional.
	TLS *tls.Config
	// Pause waits between two attempts to connect; nil sleeps. Tests put a clock of their own here.
	Pause func(context.Context, time.Duration) error
}

// Connector is a connection whose name and type are known.
type Connector struct {
	pb.ExchangeServiceClient
	Health  healthpb.HealthClient
	Name    string
	Type    pb.ExchangeType
	Unified bool

	conn *grpc.ClientConn
}

// Connect asks for name and type, within 5 s for both, up to ten times with pauses of 1, 2, 4 … 60 s.
func Connect(ctx context.Context, config Config) (*Connector, error) {
	c, err := open(config)
	if err != nil {
		return nil, err
	}
	pause := config.Pause
	if pause == nil {
		pause = sleep
	}
	for attempt, wait := 1, time.Second; ; attempt, wait = attempt+1, min(2*wait, LongestPause) {
		if err = c.introduce(ctx); err == nil {
			return c, nil
		}
		if attempt == Attempts {
			break
		}
		if stopped := pause(ctx, wait); stopped != nil {
			err = errors.Join(err, stopped)
			break
		}
	}
	_ = c.Close()
	return nil, fmt.Errorf("no name and type from %s: %w", config.Address, err)
}

// Close ends every call and stream of the connection.
func (c *Connector) Close() error { return c.conn.Close() }

func open(config Config) (*Connector, error) {
	transport := insecure.NewCredentials()
	if config.TLS != nil {
		transport = credentials.NewTLS(config.TLS)
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(transport)}
	if config.APIKey != "" {
		options = append(options,
			grpc.WithUnaryInterceptor(keyedCall(config.APIKey)),
			grpc.WithStreamInterceptor(keyedStream(config.APIKey)))
	}
	conn, err := grpc.NewClient(config.Address, options...)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", config.Address, err)
	}
	return &Connector{
		ExchangeServiceClient: pb.NewExchangeServiceClient(conn),
		Health:                healthpb.NewHealthClient(conn),
		conn:                  conn,
	}, nil
}

func (c *Connector) introduce(ctx context.Context) error {
	ctx, done := context.WithTimeout(ctx, FirstCalls)
	defer done()
	name, err := c.GetName(ctx, &pb.GetNameRequest{})
	if err != nil {
		return err
	}
	kind, err := c.GetType(ctx, &pb.GetTypeRequest{})
	if err != nil {
		return err
	}
	c.Name, c.Type, c.Unified = name.GetName(), kind.GetType(), kind.GetIsUnifiedMargin()
	return nil
}

// Open to everyone, so they carry no key.
var keyless = map[string]bool{
	pb.ExchangeService_GetName_FullMethodName: true,
	pb.ExchangeService_GetType_FullMethodName: true,
	healthpb.Health_Check_FullMethodName:      true,
	healthpb.Health_Watch_FullMethodName:      true,
	healthpb.Health_List_FullMethodName:       true,
}

func keyed(ctx context.Context, method, key string) context.Context {
	if keyless[method] {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "x-api-key", key)
}

func keyedCall(key string) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn,
		invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		return invoke(keyed(ctx, method, key), method, request, reply, conn, options...)
	}
}

func keyedStream(key string) grpc.StreamClientInterceptor {
	return func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string,
		stream grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
		return stream(keyed(ctx, method, key), desc, conn, method, options...)
	}
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
