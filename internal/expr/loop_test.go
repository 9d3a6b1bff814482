package expr

import "testing"

func TestGuarded(t *testing.T) {
	t.Parallel()
	p, q := Atom("p", KindBool), Atom("q", KindBool)
	for _, c := range []struct{ v, inner, cond Value }{
		{as, as, Bool(true)},
		{If(p, as, val(arr{})), as, p},
		{If(p, val(arr{}), val(arr{"a"})), val(arr{"a"}), Negate(p)},
		{If(p, If(q, as, Null()), val(arr{})), as, And(p, q)},
		{If(p, n, Int(0)), n, p},
		{If(p, as, val(arr{"a"})), If(p, as, val(arr{"a"})), Bool(true)},
	} {
		if inner, cond := Guarded(c.v); !Identical(inner, c.inner) || !Identical(cond, c.cond) {
			t.Errorf("%s: %s if %s", show(c.v), show(inner), show(cond))
		}
	}
}

// TestLoopsWithin evaluates loops within a loop over the same collection.
func TestLoopsWithin(t *testing.T) {
	t.Parallel()
	filtered := func(with Expr) Expr { return invoke("filter", name("as"), fn(op(NotEqual, name("e"), with), "e")) }
	of := func(in Expr, item string, body Expr) Expr { return &For{Item: item, In: in, Body: body} }
	inner := func(list Value, depth int64) Value {
		if depth == 0 {
			return Apply(OpElement, KindUnknown, list)
		}
		return Apply(OpElement, KindUnknown, list, Int(depth))
	}
	mapped := func(list, to Value) Value { return Apply(OpMap, KindArray, list, to) }
	within := func(op Op, list, said Value) Value { return Apply(op, KindArray, list, said, Int(1)) }
	notX := Apply(OpFilter, KindArray, as, Negate(Equals(inner(as, 0), String("x"))))
	deep := inner(as, 0)
	for range maxNesting + 1 {
		deep = Apply("f", KindUnknown, deep)
	}
	for title, c := range map[string]struct {
		x    Expr
		want Value
	}{
		"too deep to look into": {
			of(name("as"), "o", of(name("as"), "i", &Literal{Value: deep})),
			mapped(as, within(OpMap, as, deep)),
		},
		"the same": {
			of(name("as"), "o", of(name("as"), "i", &Interpolation{Parts: []Expr{name("o"), name("i")}})),
			mapped(as, within(OpMap, as, Concat(inner(as, 0), inner(as, 1)))),
		},
		"nothing of the inner one": {
			of(name("as"), "o", of(name("as"), "i", name("o"))),
			mapped(as, within(OpMap, as, inner(as, 0))),
		},
		"nothing of the outer one": {
			of(name("as"), "o", of(name("as"), "i", name("i"))),
			mapped(as, mapped(as, inner(as, 0))),
		},
		"filtered": {
			of(name("as"), "o", of(filtered(lit("x")), "i", &Interpolation{Parts: []Expr{name("o"), name("i")}})),
			mapped(as, within(OpMap, notX, Concat(inner(as, 0), inner(as, 1)))),
		},
		"filtered twice": {
			of(name("as"), "o", invoke("filter", filtered(lit("x")), fn(op(NotEqual, name("i"), name("o")), "i"))),
			mapped(as, within(OpFilter, notX, Negate(Equals(inner(as, 1), inner(as, 0))))),
		},
	} {
		if got := (&Evaluator{}).Eval(names{"as": as}, c.x); !Identical(got, c.want) {
			t.Errorf("%s: %s, want %s", title, show(got), show(c.want))
		}
	}
}

// TestNest has loops in each other over the same collection, which say nothing of
// those around: each is evaluated as if it were alone, also in what is declared
// elsewhere, and the work does not double with each level.
func TestNest(t *testing.T) {
	t.Parallel()
	const levels = 24
	nest := lit("x")
	want := String("x")
	for range levels {
		nest = invoke("map", name("as"), fn(nest, "e"))
		want = Apply(OpMap, KindArray, as, want)
	}
	e := &Evaluator{}
	if got := e.Eval(names{"as": as}, nest); !Identical(got, want) || e.Steps() > 20_000 {
		t.Errorf("%s in %d steps", show(got), e.Steps())
	}
	l := e.Over(as)
	defer e.Close(l)
	var kept []Value // what has a name is evaluated once, the first time
	e.ofEach(as, func(Loop) []Value {
		kept = append(kept, e.Within(OpenLoops{}, func() Value { return e.Eval(names{"as": as}, nest) }))
		return kept[:1]
	})
	if !Identical(kept[0], want) {
		t.Errorf("elsewhere: %s", show(kept[0]))
	}
}
