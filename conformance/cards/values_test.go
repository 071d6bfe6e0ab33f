package cards

import (
	"math/big"
	"regexp"
	"time"

	"google.golang.org/genproto/googleapis/type/decimal"
)

var plain = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// The exact number of a field that has to be set.
func (t *T) exact(what string, d *decimal.Decimal) *big.Rat {
	t.Helper()
	if d == nil {
		t.Fatalf("%s is not set", what)
	}
	if !plain.MatchString(d.GetValue()) {
		t.Fatalf("%s is %q, not plain decimal text", what, d.GetValue())
	}
	number, ok := new(big.Rat).SetString(d.GetValue())
	if !ok {
		t.Fatalf("%s is %q", what, d.GetValue())
	}
	return number
}

func (t *T) number(what string, d *decimal.Decimal) float64 {
	t.Helper()
	near, _ := t.exact(what, d).Float64()
	return near
}

func (t *T) positive(what string, d *decimal.Decimal) float64 {
	t.Helper()
	number := t.number(what, d)
	t.check(number > 0, "%s is %v, want above 0", what, number)
	return number
}

func text(number *big.Rat, digits int32) *decimal.Decimal {
	return &decimal.Decimal{Value: number.FloatString(int(digits))}
}

// The nearest multiple, down.
func floor(number, step *big.Rat) *big.Rat {
	whole := new(big.Rat).Quo(number, step)
	count := new(big.Int).Div(whole.Num(), whole.Denom()) // Euclidean: down, for a positive divisor
	return new(big.Rat).Mul(new(big.Rat).SetInt(count), step)
}

func ratio(numerator, denominator int64) *big.Rat { return big.NewRat(numerator, denominator) }

func times(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }

// An instant in UTC milliseconds that is not far from ours.
func (t *T) recent(what string, ms int64, within time.Duration) {
	t.Helper()
	apart := time.Since(time.UnixMilli(ms)).Abs()
	t.check(apart < within, "%s is %d, %v from now; want UTC milliseconds within %v", what, ms, apart, within)
}
