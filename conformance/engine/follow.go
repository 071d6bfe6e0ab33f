package engine

import (
	"context"

	"google.golang.org/grpc"
)

// Open begins a stream.
type Open[T any] func(context.Context) (grpc.ServerStreamingClient[T], error)

// Follow reads a stream for as long as the context lasts. Whatever ends it, a refusal, UNIMPLEMENTED
// or a clean end, it is opened again at once. `ended` hears of each end, and may be nil.
func Follow[T any](ctx context.Context, open Open[T], got func(*T), ended func(error)) {
	for ctx.Err() == nil {
		err := read(ctx, open, got)
		if ended != nil && ctx.Err() == nil {
			ended(err)
		}
	}
}

// Its own context: one that is left goes away at the server too.
func read[T any](ctx context.Context, open Open[T], got func(*T)) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	stream, err := open(ctx)
	if err != nil {
		return err
	}
	for {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		got(message)
	}
}
