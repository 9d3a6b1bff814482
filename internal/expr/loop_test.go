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
	for title, c := range map[string]struct {
		x    Expr
		want Value
	}{
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
