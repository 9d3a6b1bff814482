package expr

import (
	"slices"
	"testing"
)

// call is one line of a table: a function, its arguments and what it gives.
type call struct {
	function string
	args     arr
	want     any
}

func checkCalls(t *testing.T, calls []call) {
	t.Helper()
	for _, c := range calls {
		t.Run(c.function, func(t *testing.T) {
			t.Parallel()
			got := apply(t, c.function, c.args...)
			if show(got) != show(val(c.want)) {
				t.Errorf("%s(%s)\n got %s\nwant %s", c.function, show(val(c.args)), show(got), show(val(c.want)))
			}
		})
	}
}

// unknown is what a call gives that Azure refuses.
var unknown = Unknown()

// examples are the documented examples of every function, and the ends of what
// it accepts.
func examples() []call {
	return slices.Concat(
		logicExamples(), stringExamples(), formatExamples(), hashExamples(), sequenceExamples(), objectExamples(),
		numberExamples(), jsonExamples(), lambdaExamples(), uriExamples(), cidrExamples(), dateExamples(),
	)
}

func TestExamples(t *testing.T) {
	t.Parallel()
	checkCalls(t, examples())
}

// TestEveryFunctionHasExamples wants a known answer of every function and, of
// those that can refuse something, a refusal.
func TestEveryFunctionHasExamples(t *testing.T) {
	t.Parallel()
	answered, refused := map[string]bool{}, map[string]bool{}
	for _, c := range examples() {
		if want := val(c.want); want.IsUnknown() {
			refused[c.function] = true
		} else {
			answered[c.function] = true
		}
	}
	total := []string{"any", "array", "coalesce", "createArray", "equals", "fail", "false", "null", "true"}
	for _, f := range functions() {
		if !answered[f.Name] {
			t.Errorf("no example of %s", f.Name)
		}
		if !refused[f.Name] && !slices.Contains(total, f.Name) {
			t.Errorf("no example of what %s refuses", f.Name)
		}
	}
}

// TestHashLengths has every length of the last, incomplete block.
func TestHashLengths(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range 17 {
		seen[uniqueString("aaaaaaaaaaaaaaaa"[:i])] = true
	}
	if len(seen) != 17 {
		t.Errorf("%d hashes of 17 texts", len(seen))
	}
}
