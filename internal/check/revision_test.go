package check

import "testing"

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
