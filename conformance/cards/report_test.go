package cards

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

type result struct {
	card    Card
	outcome string
	took    time.Duration
	figures []string
}

type results struct {
	mutex sync.Mutex
	all   []result
}

func (r *results) note(card Card, failed, skipped bool, took time.Duration, figures []string) {
	outcome := "pass"
	switch {
	case failed:
		outcome = "FAIL"
	case skipped:
		outcome = "skip"
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.all = append(r.all, result{card, outcome, took, figures})
}

// A line for each card, the count, then each card in full.
func (r *results) write(path string) error {
	slices.SortFunc(r.all, func(a, b result) int { return strings.Compare(a.card.Number, b.card.Number) })
	var text strings.Builder
	counts := map[string]int{}
	for _, each := range r.all {
		counts[each.outcome]++
		fmt.Fprintf(&text, "%-6s %s %5.1f s  %s\n", each.card.Number, each.outcome, each.took.Seconds(), each.card.Title)
		for _, figure := range each.figures {
			fmt.Fprintf(&text, "%20s%s\n", "", figure)
		}
	}
	fmt.Fprintf(&text, "\n%d cards: %d passed, %d failed, %d skipped\n\n",
		len(r.all), counts["pass"], counts["FAIL"], counts["skip"])
	for _, each := range r.all {
		c := each.card
		fmt.Fprintf(&text, "## %s %s\n\n- Prerequisite: %s\n- Action: %s\n- Expected: %s\n- Pass: %s\n",
			c.Number, c.Title, c.Given, c.Do, c.Expect, c.Pass)
		if skip := c.skipWhen(); skip != "" {
			fmt.Fprintf(&text, "- Skip when: %s\n", skip)
		}
		fmt.Fprintf(&text, "- Outcome: %s after %.1f s\n", each.outcome, each.took.Seconds())
		for _, figure := range each.figures {
			fmt.Fprintf(&text, "- %s\n", figure)
		}
		text.WriteString("\n")
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}

func (c Card) skipWhen() string {
	var reasons []string
	if c.On != "" && c.On != guarded {
		reasons = append(reasons, "the connector was not started by the test (ADDRESS)")
	}
	if c.Trades {
		reasons = append(reasons, "it is at ADDRESS and TRADE isn't 1")
	}
	if c.Skip != "" {
		reasons = append(reasons, c.Skip)
	}
	return strings.Join(reasons, "; ")
}
