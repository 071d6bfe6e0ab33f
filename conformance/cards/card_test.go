// Package cards holds numbered cards: what a trading engine expects of a connector and can see for
// itself. `go test` plays them against a connector that it starts, or against ADDRESS.
package cards

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/opensqt/connector/conformance/engine"
)

// A Card is one expectation. Its number is that of the sentence in README.md; a letter behind it
// tells several cards of one sentence apart.
type Card struct {
	Number string
	Title  string // the sentence, in our words
	Given  string // prerequisite
	Do     string // action
	Expect string // events and answers
	Pass   string // criterion
	Skip   string // when it is skipped, besides what On and Trades say
	On     string // which connector: usual, fast, quiet, guarded; empty is usual
	Trades bool   // places orders
	Alone  bool   // measures, so nothing runs beside it
	Play   func(*T)
}

// A T plays one card.
type T struct {
	*testing.T
	*engine.Connector
	Ctx     context.Context
	card    Card
	on      *site
	figures []string
}

const (
	cardWithin = 90 * time.Second
	// At ADDRESS cards are played one after another, on one symbol, and not faster than an exchange's
	// limit of requests allows: all of them ask for as much as Binance gives in a minute and a half.
	between = 1500 * time.Millisecond
)

// A connector may ask an exchange only so much in a minute; these share nothing.
func (c Card) site() string {
	switch {
	case c.On != "" || !c.Trades:
		return c.On
	case strings.HasPrefix(c.Number, "3."):
		return "orders"
	default:
		return "trading"
	}
}

func every() []Card {
	var all []Card
	for _, section := range [][]Card{
		connecting, symbols, orders, batches, account, prices, funding, refusals, endings,
	} {
		all = append(all, section...)
	}
	return all
}

func TestCards(t *testing.T) {
	for _, card := range every() {
		t.Run(card.Number+" "+card.Title, func(t *testing.T) {
			if !card.Alone && sites[""].process != nil {
				t.Parallel()
			}
			play(t, card)
		})
	}
}

func play(t *testing.T, card Card) {
	began := time.Now()
	ctx, done := context.WithTimeout(t.Context(), cardWithin)
	c := &T{T: t, Ctx: ctx, card: card}
	t.Cleanup(func() {
		done()
		report.note(card, t.Failed(), t.Skipped(), time.Since(began), c.figures)
	})
	c.on = sites[card.site()]
	if c.on == nil {
		c.skipf("needs a connector with the embedded exchange set up for it (%s): leave ADDRESS out", card.On)
	}
	if card.Trades && !c.on.mayTrade {
		c.skipf("trades with the account of %s: set TRADE=1 if it may", c.on.address)
	}
	if c.on.process == nil {
		c.rest(between)
	}
	c.Connector = c.connect()
	card.Play(c)
}

// A client of its own, introduced as the engine is.
func (t *T) connect() *engine.Connector {
	t.Helper()
	c, err := engine.Connect(t.Ctx, t.on.config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (t *T) skipf(format string, values ...any) {
	t.Helper()
	reason := fmt.Sprintf(format, values...)
	t.figures = append(t.figures, "skipped: "+reason)
	t.Skip(reason)
}

// A measured figure, for the report.
func (t *T) figure(format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	t.figures = append(t.figures, text)
	t.Log(text)
}

func (t *T) must(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (t *T) check(holds bool, format string, values ...any) {
	t.Helper()
	if !holds {
		t.Errorf(format, values...)
	}
}

// Two numbers for one card, or fields left empty, would make the report lie.
func TestEveryCardSaysWhatItAsksFor(t *testing.T) {
	seen := map[string]bool{}
	for _, card := range every() {
		if seen[card.Number] {
			t.Errorf("two cards are numbered %s", card.Number)
		}
		seen[card.Number] = true
		for field, text := range map[string]string{
			"Number": card.Number, "Title": card.Title, "Given": card.Given, "Do": card.Do,
			"Expect": card.Expect, "Pass": card.Pass,
		} {
			if strings.TrimSpace(text) == "" {
				t.Errorf("card %s has no %s", card.Number, field)
			}
		}
	}
}
