package check

import (
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/expr"
)

// TestCutRevision has names whose lower case is longer or shorter than they
// are.
func TestCutRevision(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		base string
		cut  bool
	}{
		"orders":                {"orders", false},
		"orders;rev=2":          {"orders", true},
		"orders;REV=2;rev=3":    {"orders", true},
		";rev=":                 {"", true},
		"orders;rev":            {"orders;rev", false},
		"\x8a\x8a\x8a;Rev=2":    {"\x8a\x8a\x8a", true},
		"\u023a\u023a;rev=2":    {"\u023a\u023a", true},
		"\u212a\u212a;rev=2":    {"\u212a\u212a", true},
		"\u0130stanbul;rev=2;x": {"\u0130stanbul", true},
	} {
		if base, cut := CutRevision(name); base != want.base || cut != want.cut {
			t.Errorf("CutRevision(%q) = %q, %t, want %q, %t", name, base, cut, want.base, want.cut)
		}
	}
}

// TestSplitRevision cuts nothing off what is not the part before the revision.
func TestSplitRevision(t *testing.T) {
	t.Parallel()
	name := expr.Atom("name", expr.KindString)
	part := func(sep string, at int64) expr.Value {
		return expr.ElementAt(expr.Apply("split", expr.KindArray, name, expr.String(sep)), at)
	}
	for _, c := range []struct{ name, base expr.Value }{
		{part(";rev=", 0), name},
		{part(";Rev=", 0), name},
		{part(";rev=", 1), part(";rev=", 1)},
		{part("-", 0), part("-", 0)},
		{expr.Concat(expr.String("a-"), part(";rev=", 0)), expr.Concat(expr.String("a-"), name)},
	} {
		if base, cut := withoutRevision(c.name); !expr.Identical(base, c.base) || cut {
			t.Errorf("%s: %s, %t", c.name.Key(), base.Key(), cut)
		}
	}
}
