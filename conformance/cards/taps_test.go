package cards

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/opensqt/connector/conformance/engine"
)

// An arrival is a message and when it came.
type arrival[M any] struct {
	M  *M
	at time.Time
}

// A tap keeps what a stream sends, following it as the engine does.
type tap[M any] struct {
	t       *T
	mutex   sync.Mutex
	got     []arrival[M]
	ends    []error
	changed chan struct{}
	leave   context.CancelFunc
}

func follow[M any](t *T, open engine.Open[M]) *tap[M] {
	ctx, leave := context.WithCancel(t.Ctx)
	p := &tap[M]{t: t, changed: make(chan struct{}), leave: leave}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		engine.Follow(ctx, open, func(m *M) {
			p.note(func() { p.got = append(p.got, arrival[M]{m, time.Now()}) })
		}, func(err error) {
			p.note(func() { p.ends = append(p.ends, err) })
		})
	}()
	t.Cleanup(func() {
		leave()
		<-gone
	})
	return p
}

func (p *tap[M]) note(change func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	change()
	close(p.changed)
	p.changed = make(chan struct{})
}

// Everything so far, in the order of arrival.
func (p *tap[M]) all() []arrival[M] {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.got[:len(p.got):len(p.got)]
}

func (p *tap[M]) ended() []error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.ends[:len(p.ends):len(p.ends)]
}

// Waits until what has come is enough; ends the card when it isn't in time, or the stream ended.
func (p *tap[M]) until(what string, within time.Duration, enough func([]arrival[M]) bool) []arrival[M] {
	p.t.Helper()
	late := time.NewTimer(within)
	defer late.Stop()
	for {
		p.mutex.Lock()
		got, ends, changed := p.got[:len(p.got):len(p.got)], len(p.ends), p.changed
		p.mutex.Unlock()
		if enough(got) {
			return got
		}
		if ends > 0 {
			p.t.Fatalf("the stream ended while waiting for %s: %v", what, p.ended()[0])
		}
		select {
		case <-changed:
		case <-late.C:
			p.t.Fatalf("no %s within %v; %d messages came", what, within, len(got))
		}
	}
}

// The first message that is meant, waited for.
func (p *tap[M]) first(what string, within time.Duration, meant func(*M) bool) arrival[M] {
	p.t.Helper()
	var found arrival[M]
	p.until(what, within, func(got []arrival[M]) bool {
		for _, each := range got {
			if meant(each.M) {
				found = each
				return true
			}
		}
		return false
	})
	return found
}

// Opens a stream once, waits for its end, and says how long that took.
func endOf[M any](ctx context.Context, open engine.Open[M]) (error, time.Duration) {
	began := time.Now()
	var stream grpc.ServerStreamingClient[M]
	stream, err := open(ctx)
	for err == nil {
		_, err = stream.Recv()
	}
	return err, time.Since(began)
}

// Rests, unless the card's time is over.
func (t *T) rest(wait time.Duration) {
	t.Helper()
	select {
	case <-time.After(wait):
	case <-t.Ctx.Done():
		t.Fatal(t.Ctx.Err())
	}
}
