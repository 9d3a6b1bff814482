package fix

import (
	"fmt"
	"strings"
	"testing"
)

// TestNames gives out the same name very often, and counts how many are tried.
func TestNames(t *testing.T) {
	t.Parallel()
	folded := 0
	n := newNames(func(name string) string { folded++; return strings.ToLower(name) })
	n.take("API3")
	const often = 1000
	for i := range often {
		want := "api"
		if i > 0 {
			want = fmt.Sprintf("api%d", i+1)
		}
		if i > 1 {
			want = fmt.Sprintf("api%d", i+2) // the third is taken
		}
		if got := n.free("api"); got != want {
			t.Fatalf("name %d is %q, want %q", i, got, want)
		}
	}
	if folded > 5*often {
		t.Errorf("looked at %d names for %d", folded, often)
	}
	if got := n.free("Api1000"); got != "Api10002" {
		t.Errorf("a taken name became %q", got)
	}
}
