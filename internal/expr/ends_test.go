package expr_test

import (
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/expr"
)

// TestEnds checks that names whose ends are apart are different, and that
// those that may be equal never are apart.
func TestEnds(t *testing.T) {
	t.Parallel()
	p, q := expr.Atom("p", expr.KindString), expr.Atom("q", expr.KindString)
	s := expr.String
	names := []expr.Value{
		expr.Unknown(), s(""), s("a"), s("A"), s("ab"), s("ba"), p, q,
		expr.Concat(p, s("a")), expr.Concat(p, s("-a")), expr.Concat(q, s("-b")), expr.Concat(s("a"), p), expr.Concat(s("b"), q),
		expr.Concat(s("A"), p, s("b")), expr.Concat(p, s("x"), q), expr.Apply("tolower", expr.KindString, expr.Concat(s("B"), p)),
	}
	apart := 0
	for _, a := range names {
		for _, b := range names {
			if expr.EndsOf(a).Apart(expr.EndsOf(b)) {
				apart++
				if got := expr.SameName(a, b); got != expr.False {
					t.Errorf("%s and %s are apart, and their names compare as %v", a.Key(), b.Key(), got)
				}
			}
		}
	}
	if apart == 0 {
		t.Error("no names are apart")
	}
}
