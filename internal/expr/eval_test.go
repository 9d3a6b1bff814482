package expr

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bundle is a handle: a loop of resources whose names are known.
type bundle struct{}

func (bundle) Member(name string) (Value, bool) {
	return String("the " + name), strings.EqualFold(name, "name")
}

func (bundle) Element(position Value) (Value, bool) {
	return HandleValue("bundle "+show(position), bundle{}), true
}

func TestHandles(t *testing.T) {
	t.Parallel()
	h := HandleValue("bundle", bundle{})
	scope := names{"h": h}
	for _, c := range []struct {
		x    Expr
		want any
	}{
		{dot(name("h"), "name"), "the name"},
		{dot(name("h"), "id"), Apply(OpMember, KindUnknown, h, String("id"))},
		{dot(&Index{Base: name("h"), Index: lit(1)}, "name"), "the name"},
		{dot(invoke("first", name("h")), "name"), "the name"},
		{invoke("tryGet", name("h"), lit(2), lit("name")), "the name"},
	} {
		var e Evaluator
		if got := e.Eval(scope, c.x); show(got) != show(val(c.want)) {
			t.Errorf("got %s, want %s", show(got), show(val(c.want)))
		}
	}
	if HandleOf(h) == nil || HandleOf(x) != nil || HandleOf(Int(1)) != nil {
		t.Error("handles")
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	scope := names{"as": as, "os": os, "n": n, "x": x}
	list, object := lit(arr{"a", "b", "c"}), lit(obj{"K", 1})
	for _, c := range []struct {
		x    Expr
		want any
	}{
		{&Index{Base: list, Index: lit(1)}, "b"},
		{&Index{Base: list, Index: lit(3)}, unknown},
		{&Index{Base: list, Index: lit(-1)}, unknown},
		{&Index{Base: list, Index: lit(3), Safe: true}, nil},
		{&Index{Base: list, Index: lit(true)}, unknown},
		{&Index{Base: list, Index: lit("a")}, unknown},
		{&Index{Base: lit("abc"), Index: lit(0)}, unknown},
		{&Index{Base: list, Index: lit(1), FromEnd: true}, "c"},
		{&Index{Base: list, Index: lit(4), FromEnd: true, Safe: true}, nil},
		{&Index{Base: list, Index: lit(4), FromEnd: true}, unknown},
		{&Index{Base: lit(nil), Index: lit(1), FromEnd: true, Safe: true}, nil},
		{&Index{Base: name("as"), Index: lit(1), FromEnd: true}, LastOf(as)},
		{&Index{Base: name("as"), Index: lit(2), FromEnd: true}, Apply("fromend", KindUnknown, as, Int(2))},
		{&Index{Base: object, Index: lit("k")}, 1},
		{&Index{Base: object, Index: lit("none"), Safe: true}, nil},
		{&Index{Base: name("os"), Index: lit("K")}, Apply(OpMember, KindUnknown, os, String("k"))},
		{&Index{Base: list, Index: name("n")}, Apply(OpMember, KindUnknown, val(arr{"a", "b", "c"}), n)},
		{&Index{Base: object, Index: lit("none")}, unknown},
		{&Index{Base: object, Index: lit(0)}, unknown},
		{&Index{Base: lit(nil), Index: lit(0)}, unknown},
		{&Index{Base: lit(nil), Index: lit(0), Safe: true}, nil},
		{&Index{Base: name("none"), Index: lit(0)}, unknown},
		{dot(lit(nil), "a"), unknown},
		{dot(object, "none"), unknown},
		{&Member{Base: object, Name: "none", Safe: true}, nil},
		{dot(dot(&Member{Base: object, Name: "none", Safe: true}, "a"), "b"), nil},
		{&Index{Base: dot(&Index{Base: list, Index: lit(9), Safe: true}, "a"), Index: lit(0)}, nil},
		{dot(&Member{Base: object, Name: "k", Safe: true}, "a"), unknown},
		{dot(dot(&Member{Base: lit(obj{"a", obj{}}), Name: "a", Safe: true}, "b"), "c"), unknown},
		{dot(&Conditional{Cond: op(Equal, name("x"), lit("a")), Then: object, Else: lit(obj{"k", 1})}, "k"), 1},
		{invoke("nobody", name("x")), Apply("nobody", KindUnknown, x)},
		{&Call{Base: name("x"), Name: "listKeys"}, Apply(".listkeys", KindUnknown, x)},
		{&Call{Base: name("sys"), Name: "concat", Args: []Expr{lit("a"), lit("b")}}, "ab"},
		{&Unary{Op: Minus, X: lit(3)}, -3},
		{&Unary{Op: Plus, X: lit(3)}, 3},
		{&NonNull{X: lit(3)}, 3},
		{invoke("nameof", name("nobody")), "nobody"},
		{invoke("nameof", dot(name("x"), "some")), "some"},
		{invoke("nameof", &Index{Base: name("x"), Index: lit("at")}), "at"},
		{&Call{Base: name("sys"), Name: "nameof", Args: []Expr{&Nested{Base: name("x"), Name: "child"}}}, "child"},
		{invoke("nameof", lit("a")), unknown},
		{invoke("nameof"), unknown},
		{&Invalid{}, unknown},
		{nil, unknown},
	} {
		var e Evaluator
		if got := e.Eval(scope, c.x); show(got) != show(val(c.want)) {
			t.Errorf("got %s, want %s", show(got), show(val(c.want)))
		}
	}
}

// TestTimes are the loops that run a number of times, as copy does.
func TestTimes(t *testing.T) {
	t.Parallel()
	var e Evaluator
	l := e.Times(Int(3))
	if got := show(ArrayOf(l.Items...)); got != "[0, 1, 2]" || l.Symbolic || !l.Condition.IsTrue() {
		t.Errorf("three times: %s, %v", got, l.Symbolic)
	}
	e.Close(l)
	l = e.Times(apply(t, "length", as))
	over := e.Over(Atom("bs", KindArray))
	if !l.Symbolic || !Identical(l.Collection, as) || !Identical(e.IndexOf(as, l.Positions[0]), Apply(OpElement, KindUnknown, as)) {
		t.Errorf("as often as a collection is long: %s", show(e.IndexOf(as, l.Positions[0])))
	}
	if !Identical(l.Condition, Negate(Empty(as))) {
		t.Errorf("on condition %s", show(l.Condition))
	}
	e.Close(over)
	inner := e.Over(as)
	if Identical(inner.Positions[0], l.Positions[0]) {
		t.Error("the positions of two open loops are one")
	}
	e.Close(inner)
	e.Close(l)
	e.Times(Int(MaxLoop + 1))
	if e.Err() == nil || !strings.HasPrefix(e.Err().Error(), "limit exceeded: 800") {
		t.Errorf("more often than allowed: %v", e.Err())
	}
	e.Reset()
	if e.Err() != nil {
		t.Errorf("after Reset: %v", e.Err())
	}
}

// TestDeep is nesting past the limit, which is an answer and not a crash.
func TestDeep(t *testing.T) {
	t.Parallel()
	deep := lit(1)
	for range 1_000_000 {
		deep = &NonNull{X: deep}
	}
	var e Evaluator
	if v := e.Eval(names{}, deep); !v.IsUnknown() || e.Err() == nil {
		t.Errorf("%s, %v", show(v), e.Err())
	}
	v, w := Int(1), x
	for range 1_000_000 {
		v, w = ArrayOf(v), Apply("f", KindString, w)
	}
	if !Identical(v, v) || v.Known() || w.Vague() || !Identical(w, w) || Identical(w, Apply("f", KindString, w)) {
		t.Error("what nests too deep is not itself")
	}
	if depth := v.traits().depth; depth > maxNesting {
		t.Errorf("%d levels", depth)
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	leaf := name
	x := &Array{Items: []Item{
		{Value: &Interpolation{Parts: []Expr{leaf("a")}}},
		{Value: &Object{Properties: []Property{{Key: leaf("b"), Value: leaf("c")}, {Value: leaf("d")}}}},
		{Value: &Member{Base: leaf("e")}},
		{Value: &Nested{Base: leaf("f")}},
		{Value: &Index{Base: leaf("g"), Index: leaf("h")}},
		{Value: &Call{Base: leaf("i"), Args: []Expr{leaf("j")}}},
		{Value: &Call{Args: []Expr{leaf("k")}}},
		{Value: &Unary{X: leaf("l")}},
		{Value: &Binary{X: leaf("m"), Y: leaf("n")}},
		{Value: &Conditional{Cond: leaf("o"), Then: leaf("p"), Else: leaf("q")}},
		{Value: &NonNull{X: leaf("r")}},
		{Value: &Lambda{Body: leaf("s")}},
		{Value: &For{In: leaf("t"), If: leaf("u"), Body: leaf("v")}},
		{Value: &For{In: leaf("w"), Body: leaf("x")}},
		{Value: &Invalid{}},
	}}
	var got []string
	Walk(x, func(e Expr) bool {
		if n, ok := e.(*Name); ok {
			got = append(got, n.Name)
		}
		return true
	})
	if diff := cmp.Diff(strings.Split("abcdefghijklmnopqrstuvwx", ""), got); diff != "" {
		t.Error(diff)
	}
	Walk(x, func(e Expr) bool {
		if e != x {
			t.Error("went below where it was told to stop")
		}
		return false
	})
}
