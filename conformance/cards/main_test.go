package cards

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/opensqt/connector/conformance/engine"
	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

// A site is a connector to play against.
type site struct {
	address  string
	mayTrade bool
	shows    engine.Config // key and TLS
	process  *started      // nil when it isn't ours
	symbols  *pool
}

var (
	sites  = map[string]*site{}
	report = &results{}
)

// What the embedded exchange is told, by the name that a card's On says.
var setups = map[string][]string{
	"":        {},
	"orders":  {},
	"trading": {},
	// a 1m bar lasts a second, and there are more updates than may pass
	"fast": {
		"CONNECTOR_SIMULATOR__SPEED=60", "CONNECTOR_SIMULATOR__UPDATES_PER_SECOND=50",
		"CONNECTOR_SIMULATOR__SYMBOLS=6",
	},
	// nothing moves, so what is repeated comes from the connector
	"quiet": {"CONNECTOR_SIMULATOR__UPDATES_PER_SECOND=0", "CONNECTOR_SIMULATOR__SYMBOLS=3"},
	// asks for a key and has TLS: guard tells how
	guarded: {"CONNECTOR_SIMULATOR__SYMBOLS=3"},
}

func TestMain(m *testing.M) {
	flag.Parse()
	// most cards wait rather than work; but Bybit gives few requests a second, not many a minute
	side := "24"
	if os.Getenv("DIALECT") == "bybit" {
		side = "4"
	}
	if err := flag.Set("test.parallel", side); err != nil {
		panic(err)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "conformance")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	defer stopAll()
	if err := errors.Join(prepare(folder), learn()); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		return 1
	}
	status := m.Run()
	if path := os.Getenv("REPORT"); path != "" {
		if err := report.write(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return status
}

func prepare(folder string) error {
	if address := os.Getenv("ADDRESS"); address != "" {
		shows, err := guardAtAddress()
		sites[""] = &site{address: address, mayTrade: os.Getenv("TRADE") == "1", shows: shows}
		sites["orders"], sites["trading"], sites[guarded] = sites[""], sites[""], sites[""]
		return err
	}
	program := os.Getenv("CONNECTOR")
	if program == "" {
		program = "../../.venv/bin/connector"
	}
	program, err := filepath.Abs(program)
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		return fmt.Errorf("%w; `make setup` installs it, CONNECTOR names another, ADDRESS one that runs", err)
	}
	lock, shows, err := guard(program, folder)
	if err != nil {
		return err
	}
	var starting sync.WaitGroup
	var mutex sync.Mutex
	var failed error
	for name, settings := range setups {
		if dialect := os.Getenv("DIALECT"); dialect != "" {
			settings = append(settings, "CONNECTOR_SIMULATOR__DIALECT="+dialect)
		}
		var client engine.Config
		if name == guarded {
			settings, client = append(settings, lock...), shows
		}
		starting.Add(1)
		go func() {
			defer starting.Done()
			process, err := start(program, folder, "connector"+name, settings...)
			mutex.Lock()
			defer mutex.Unlock()
			if err != nil {
				failed = errors.Join(failed, err)
				return
			}
			sites[name] = &site{address: process.address, mayTrade: true, shows: client, process: process}
		}()
	}
	starting.Wait()
	return failed
}

// Ask each connector what it lists, so that cards have symbols.
func learn() error {
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	for _, each := range sites {
		c, err := engine.Connect(ctx, each.config())
		if err != nil {
			return err
		}
		listed, err := c.GetSymbols(ctx, &pb.GetSymbolsRequest{})
		_ = c.Close()
		if err != nil {
			return err
		}
		each.symbols = newPool(symbolsAt(listed.GetSymbols(), each.process != nil))
	}
	return nil
}

func stopAll() {
	var stopping sync.WaitGroup
	for _, each := range sites {
		if each.process != nil {
			stopping.Add(1)
			go func() {
				defer stopping.Done()
				each.process.stop()
			}()
		}
	}
	stopping.Wait()
}

// How a client reaches it.
func (s *site) config() engine.Config {
	config := s.shows
	config.Address = s.address
	return config
}
