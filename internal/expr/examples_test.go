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
		numberExamples(), jsonExamples(), lambdaExamples(), uriExamples(), cidrExamples(), dateExamples(), documented(),
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

// TestExamplesWithoutValues takes a value away from every example, wherever one
// stands. What is said without it is what is said with it, or open.
func TestExamplesWithoutValues(t *testing.T) {
	t.Parallel()
	for _, c := range examples() {
		want := val(c.want)
		if want.IsUnknown() {
			continue
		}
		args := vals(c.args...)
		for i, arg := range args {
			for _, open := range opened(arg) {
				var e Evaluator
				got := e.Apply(c.function, slices.Concat(args[:i], []Value{open}, args[i+1:]))
				if e.Err() != nil || got.Known() && !Identical(got, want) || got.IsNull() && !want.IsNull() {
					t.Errorf("%s(%s) with %s for argument %d\n got %s, %v\nwant %s", c.function, show(val(c.args)), show(open), i+1, show(got), e.Err(), show(want))
				}
				if k := TypeOf(got); k != KindUnknown && want.Known() && k != want.Kind() {
					t.Errorf("%s(%s) with %s for argument %d is said to be a %d: %s", c.function, show(val(c.args)), show(open), i+1, k, show(got))
				}
			}
		}
	}
}

// opened are a value and everything inside it, one at a time, as what nobody
// gave.
func opened(v Value) []Value {
	if v.Kind() == KindFunc {
		return nil
	}
	all := []Value{Unknown(), Atom("argument", KindUnknown)}
	if !v.IsNull() {
		all = append(all, Atom("argument", v.Kind()))
	}
	for i, item := range v.Items() {
		for _, open := range opened(item) {
			all = append(all, ArrayOf(slices.Concat(v.Items()[:i], []Value{open}, v.Items()[i+1:])...))
		}
	}
	for i, f := range v.Fields() {
		for _, open := range opened(f.Value) {
			fields := v.Fields()
			fields[i].Value = open
			all = append(all, ObjectOf(fields...))
		}
	}
	return all
}
