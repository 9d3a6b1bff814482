package expr

import (
	"strings"
	"testing"
)

func TestValues(t *testing.T) {
	t.Parallel()
	o := val(obj{"Name", 1, "b", 2, "NAME", 3})
	if got, want := show(o), "{Name: 3, b: 2}"; got != want {
		t.Errorf("object %s, want %s", got, want)
	}
	if v, ok := o.Field("naME"); !ok || show(v) != "3" {
		t.Errorf("field %s, %v", show(v), ok)
	}
	if v, ok := String("x").Field("a"); ok || !v.IsUnknown() {
		t.Errorf("field of a string: %s, %v", show(v), ok)
	}
	for _, c := range []struct {
		v      Value
		length int
		ok     bool
	}{
		{String("a😀é"), 4, true}, {val(arr{1, 2}), 2, true}, {o, 2, true}, {Int(3), 0, false}, {x, 0, false},
	} {
		if got, ok := c.v.Len(); got != c.length || ok != c.ok {
			t.Errorf("length of %s: %d, %v", show(c.v), got, ok)
		}
	}
	for _, c := range []struct {
		v            Value
		known, vague bool
	}{
		{Null(), true, false},
		{Unknown(), false, true},
		{x, false, false},
		{val(arr{1, obj{"a", x}}), false, false},
		{val(obj{"a", arr{Unknown()}}), false, true},
		{val(arr{obj{"a", nil}}), true, false},
		{Apply("f", KindUnknown, x, Unknown()), false, true},
		{val(fn(lit(1))), false, true},
	} {
		if c.v.Known() != c.known || c.v.Vague() != c.vague {
			t.Errorf("%s: known %v, vague %v", show(c.v), c.v.Known(), c.v.Vague())
		}
	}
	var zero Value
	if !zero.IsUnknown() || zero.Kind() != KindUnknown || zero.Items() != nil || zero.Fields() != nil || zero.Term() != nil {
		t.Error("the zero Value is not unknown")
	}
}

func TestIdentical(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*maxKey)
	different := []Value{
		Null(), Bool(true), Bool(false), Int(1), String("1"), String("true"), String("null"), String(""), String("a"), String("A"),
		String(long), String(long + "y"), val(arr{}), val(arr{1}), val(arr{arr{1}}), val(arr{1, 2}), val(arr{"1"}), val(obj{}), val(obj{"a", 1}),
		val(obj{"a", 2}), val(obj{"a", 1, "b", 1}), x, y, Atom("a,b", KindString), Concat(x, String("a")), Concat(String("a"), x), ElementAt(as, 0), ElementAt(as, 1),
		String("<x>"), String("[1]"), Apply("f", KindUnknown, x, y), Apply("f", KindUnknown, y, x), Apply("f", KindUnknown, x),
		Apply("f", KindUnknown, String(long), x), Apply("f", KindUnknown, String(long), y),
		Apply("f", KindUnknown, val(obj{"a", x})), Apply("f", KindUnknown, val(obj{"A", x})), Apply("f", KindUnknown, val(arr{obj{"A", x}})),
	}
	for i, v := range different {
		for j, w := range different {
			if Identical(v, w) != (i == j) {
				t.Errorf("%s and %s: %v", show(v), show(w), i != j)
			}
		}
	}
	if !Identical(val(obj{"a", 1, "B", x}), val(obj{"b", x, "A", 1})) {
		t.Error("objects differ by the order or the case of their names")
	}
	if Identical(Unknown(), Unknown()) || Identical(val(arr{Unknown()}), val(arr{Unknown()})) {
		t.Error("what is not known is the same")
	}
}

func TestConcat(t *testing.T) {
	t.Parallel()
	xy := Concat(x, String("/"), y)
	for _, c := range []struct{ got, want Value }{
		{Concat(), String("")},
		{Concat(String("a"), Int(1), Bool(true), Bool(false), Null(), String("b")), String("a1TrueFalseb")},
		{Concat(x), x},
		{Concat(String(""), x, String("")), x},
		{Concat(Concat(x, String("/")), y), xy},
		{Concat(x, Concat(String("/"), y)), xy},
		{Concat(x, String("a"), String("b")), Concat(x, String("ab"))},
		{Concat(Apply("string", KindString, n), x), Concat(n, x)},
		{Concat(n), Apply(OpConcat, KindString, n)},
		{Concat(u), Apply(OpConcat, KindString, u)},
	} {
		if show(c.got) != show(c.want) || !Identical(c.got, c.want) {
			t.Errorf("got %s, want %s", show(c.got), show(c.want))
		}
		if TypeOf(c.got) != KindString {
			t.Errorf("%s is a %d", show(c.got), TypeOf(c.got))
		}
	}
	if !Concat(x, Unknown()).Vague() {
		t.Error("a text with something unknown in it is not vague")
	}
	long := x
	for range 2 * maxParts {
		long = Concat(long, String("-"), x)
	}
	if parts := Parts(long); len(parts) > maxParts {
		t.Errorf("%d parts", len(parts))
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    Value
		want arr
	}{
		{String("a/b"), arr{"a", "b"}},
		{String("a"), arr{"a"}},
		{String(""), arr{""}},
		{String("/"), arr{"", ""}},
		{Concat(x, String("/"), y), arr{x, y}},
		{Concat(x, String("-1/v"), y), arr{Concat(x, String("-1")), Concat(String("v"), y)}},
		{Concat(String("a//"), x), arr{"a", "", x}},
		{x, arr{x}},
		{Concat(n, String("/")), arr{Concat(n), ""}},
	} {
		if got := ArrayOf(Split(c.v, "/")...); show(got) != show(val(c.want)) {
			t.Errorf("%s: got %s, want %s", show(c.v), show(got), show(val(c.want)))
		}
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()
	whole, rest := Apply("split", KindArray, x, String("/")), Apply("split", KindArray, Concat(String("a"), x), String("/"))
	yes := Apply("on", KindBool, x)
	for _, c := range []struct {
		name Value
		n    int
		want any // nil: cannot be
	}{
		{String("svc/api"), 2, arr{"svc", "api"}},
		{String("svc"), 2, nil},
		{String("a/b/c"), 2, nil},
		{x, 1, arr{x}},
		{x, 2, arr{ElementAt(whole, 0), LastOf(whole)}},
		{x, 3, arr{ElementAt(whole, 0), ElementAt(whole, 1), LastOf(whole)}},
		{Concat(x, String("/policy")), 3, arr{ElementAt(whole, 0), LastOf(whole), "policy"}},
		{Concat(String("svc/"), x), 2, arr{"svc", x}},
		{Concat(String("a"), x), 2, arr{ElementAt(rest, 0), LastOf(rest)}},
		{Concat(String("a"), Apply("uniquestring", KindString, x)), 2, nil},
		{If(yes, String("svc/a"), String("svc/b")), 2, arr{"svc", If(yes, String("a"), String("b"))}},
		{If(yes, String("svc"), String("svc/b")), 2, arr{"svc", "b"}},
		{If(yes, String("svc/a"), String("svc")), 2, arr{"svc", "a"}},
		{If(yes, String("a"), String("b")), 2, nil},
		{If(yes, String("svc"), x), 1, arr{If(yes, String("svc"), x)}},
		{Unknown(), 2, arr{Unknown(), Unknown()}},
	} {
		got, ok := Segments(c.name, c.n)
		if ok != (c.want != nil) || ok && show(ArrayOf(got...)) != show(val(c.want)) {
			t.Errorf("%s in %d: %s, %v", show(c.name), c.n, show(ArrayOf(got...)), ok)
		}
	}
}

func TestSameName(t *testing.T) {
	t.Parallel()
	low := func(v Value) Value { return apply(t, "toLower", v) }
	yes := Apply("on", KindBool, x)
	for _, c := range []struct {
		a, b Value
		want Truth
	}{
		{String("Orders"), String("oRDERS"), True},
		{String("a"), String("b"), False},
		{x, x, True},
		{x, y, Maybe},
		{x, String("a"), Maybe},
		{low(x), x, True},
		{apply(t, "toUpper", x), low(x), True},
		{low(Concat(x, String("-API"))), Concat(x, String("-api")), True},
		{Concat(x, String("-orders")), Concat(x, String("-billing")), False},
		{Concat(String("a-"), x), Concat(String("b-"), x), False},
		{Concat(String("a-"), x), Concat(String("a-"), y), Maybe},
		{Concat(String("a-"), x), String("a-"), Maybe},
		{Concat(String("a-"), x), String("a"), False},
		{Concat(x, String("-a")), String("b"), False},
		{Concat(x, String("b"), y, String("a"), n), String("1a2b3"), False},
		{Concat(x, String("b"), y, String("a"), n), String("1b2a3"), Maybe},
		{Concat(x, String("a")), x, False},
		{Concat(x, String("a"), y), Concat(x, y), False},
		{Concat(String("a"), x, String("a")), String("a"), False},
		{Concat(x, y), String(""), Maybe},
		{Concat(x, String("-V"), y), String("orders"), False},
		{Concat(x, String("-V"), y), String("orders-v2"), Maybe},
		{Concat(x, String("b"), y, String("a")), String("ab"), False},
		{Concat(x, String("b"), y, String("a")), String("ba"), Maybe},
		{Concat(x, String("a"), y, String("a")), String("a"), False},
		{If(b, String("p"), String("q")), String("r"), False},
		{If(b, String("p"), String("q")), String("P"), Maybe},
		{If(b, String("p"), String("q")), If(b, String("P"), String("Q")), True},
		{If(b, String("p"), String("q")), If(b, String("q"), String("p")), False},
		{Concat(If(b, String("p"), String("q")), x), Concat(If(b, String("P"), String("Q")), low(x)), True},
		{If(b, x, y), If(Negate(b), y, x), True},
		{If(yes, String("b"), String("c")), Concat(If(b, If(yes, x, String("0")), String("0")), String("00")), False},
		{If(yes, x, String("c")), If(b, If(yes, x, String("a")), If(yes, x, String("b"))), Maybe},
		{If(yes, x, String("c")), If(b, If(yes, x, String("c")), If(yes, x, String("C"))), True},
		{Unknown(), Unknown(), Maybe},
		{Concat(String("a"), Unknown()), String("b"), False},
	} {
		if got := SameName(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: %d, want %d", show(c.a), show(c.b), got, c.want)
		}
		if got := SameName(c.b, c.a); got != c.want {
			t.Errorf("%s and %s: %d, want %d", show(c.b), show(c.a), got, c.want)
		}
	}
}

func TestEquals(t *testing.T) {
	t.Parallel()
	open := Apply("equals", KindBool, String("a"), x)
	for _, c := range []struct{ a, b, want Value }{
		{Int(1), Int(1), Bool(true)},
		{Int(1), String("1"), Bool(false)},
		{String("a"), String("A"), Bool(false)},
		{val(arr{1, obj{"a", 2, "b", "B"}}), val(arr{1, obj{"b", "B", "a", 2}}), Bool(true)},
		{val(obj{"b", "B"}), val(obj{"b", "b"}), Bool(false)},
		{Null(), Null(), Bool(true)},
		{Null(), Int(0), Bool(false)},
		{x, x, Bool(true)},
		{x, String("a"), open},
		{x, Int(1), Bool(false)},
		{b, Bool(true), b},
		{b, Bool(false), Negate(b)},
		{Concat(x, String("a")), Concat(x, String("b")), Bool(false)},
		{Apply("length", KindInt, as), Int(0), Empty(as)},
		{If(b, String("p"), String("q")), String("p"), b},
		{If(b, String("p"), String("q")), String("r"), Bool(false)},
		{x, Null(), Apply("equals", KindBool, x, Null())},
	} {
		for _, got := range []Value{Equals(c.a, c.b), Equals(c.b, c.a)} {
			if !Identical(got, c.want) {
				t.Errorf("%s == %s: %s, want %s", show(c.a), show(c.b), show(got), show(c.want))
			}
		}
	}
	for _, c := range [][2]Value{
		{Unknown(), Unknown()},
		{val(obj{"a", 2}), val(obj{"A", 2})},
		{val(arr{1, obj{"a", obj{"b", 2}}}), val(arr{1, obj{"a", obj{"B", 2}}})},
	} {
		if v := Equals(c[0], c[1]); !v.Vague() {
			t.Errorf("%s == %s: %s", show(c[0]), show(c[1]), show(v))
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	p, q, r := Atom("p", KindBool), Atom("q", KindBool), Atom("r", KindBool)
	for _, c := range []struct{ got, want Value }{
		{And(), Bool(true)},
		{Or(), Bool(false)},
		{And(p, Bool(true)), p},
		{And(p, Bool(false)), Bool(false)},
		{Or(p, Bool(true)), Bool(true)},
		{And(p, q, p), And(q, p)},
		{And(p, And(q, r)), And(And(p, q), r)},
		{And(p, Negate(p)), Bool(false)},
		{Or(p, q, Negate(p)), Bool(true)},
		{Negate(Negate(p)), p},
		{If(p, q, q), q},
		{If(Bool(true), p, q), p},
		{If(Bool(false), p, q), q},
		{If(p, Bool(true), Bool(false)), p},
		{If(p, Bool(false), Bool(true)), Negate(p)},
		{If(Negate(p), x, y), If(p, y, x)},
		{Empty(Null()), Bool(true)},
		{Empty(Concat(x, String("a"))), Bool(false)},
		{Empty(If(p, val(arr{}), val(arr{1}))), p},
		{Empty(Apply("range", KindArray, Int(0), n)), Negate(less(Int(0), n, false))},
		{less(Int(0), Apply("length", KindInt, as), false), Negate(Empty(as))},
		{less(Apply("length", KindInt, as), Int(1), false), Empty(as)},
		{less(Apply("length", KindInt, as), Int(0), false), Bool(false)},
		{less(n, n, false), Bool(false)},
		{less(String("a"), String("b"), false), Bool(true)},
		{coalesce([]Value{Null(), Int(1), x}), Int(1)},
		{coalesce([]Value{Null(), Null()}), Null()},
		{coalesce([]Value{Null(), x, Int(1)}), x},
		{coalesce([]Value{as, val(arr{})}), as},
		{coalesce([]Value{u, Null(), Int(1), x}), Apply("coalesce", KindUnknown, u, Int(1))},
		{coalesce([]Value{coalesce([]Value{u, Int(1)}), x}), coalesce([]Value{u, Int(1)})},
		{coalesce([]Value{u, coalesce([]Value{m, Int(1)})}), Apply("coalesce", KindUnknown, u, m, Int(1))},
		{coalesce([]Value{If(p, String("a"), Null()), u, String("b")}), If(p, String("a"), coalesce([]Value{u, String("b")}))},
		{coalesce([]Value{If(p, u, Null()), String("b")}), If(p, coalesce([]Value{u, String("b")}), String("b"))},
		{coalesce([]Value{If(p, u, m), Int(1)}), Apply("coalesce", KindUnknown, If(p, u, m), Int(1))},
		{Equals(x, String("")), Empty(x)},
		{Equals(u, String("")), Apply("equals", KindBool, String(""), u)},
	} {
		if !Identical(c.got, c.want) {
			t.Errorf("got %s, want %s", show(c.got), show(c.want))
		}
	}
	if v := And(Unknown(), Negate(Unknown())); !v.Vague() {
		t.Errorf("unknown and not unknown: %s", show(v))
	}
}

func TestImplies(t *testing.T) {
	t.Parallel()
	p, q, r := Atom("p", KindBool), Atom("q", KindBool), Atom("r", KindBool)
	dev, prod := Equals(x, String("dev")), Equals(x, String("prod"))
	var many []Value
	for name := range strings.SplitSeq("abcdefghijklmnop", "") {
		many = append(many, Atom(name, KindBool))
	}
	for _, c := range []struct {
		premise     Value
		conclusions []Value
		want        Truth
	}{
		{Bool(true), []Value{Bool(true)}, True},
		{Bool(false), nil, True},
		{Bool(true), nil, False},
		{p, []Value{p}, True},
		{p, []Value{q}, Maybe},
		{p, []Value{Negate(p)}, False},
		{And(p, q), []Value{p}, True},
		{p, []Value{And(p, q)}, Maybe},
		{p, []Value{Or(p, q)}, True},
		{Bool(true), []Value{p, Negate(p)}, True},
		{p, []Value{And(p, q), And(p, Negate(q))}, True},
		{Or(p, q), []Value{p, q, r}, True},
		{dev, []Value{prod}, False},
		{dev, []Value{Negate(prod)}, True},
		{dev, []Value{Or(dev, prod)}, True},
		{And(dev, prod), []Value{p}, True},
		{And(many...), []Value{many[0]}, Maybe},
		{many[3], many, True},
		{And(many[0], many[1]), []Value{And(many...), And(many[1], many[0])}, True},
		{dev, many, Maybe},
		{And(many...), []Value{And(many...)}, True},
		{Unknown(), []Value{Unknown()}, Maybe},
		{p, []Value{Or(p, Unknown())}, Maybe},
	} {
		if got := Implies(c.premise, c.conclusions...); got != c.want {
			t.Errorf("%s -> %s: %d, want %d", show(c.premise), show(ArrayOf(c.conclusions...)), got, c.want)
		}
	}
	if Satisfiable(dev, prod) || Satisfiable(dev, Empty(x)) || !Satisfiable(dev, p) || !Satisfiable() || Satisfiable(Bool(false)) || !Satisfiable(Unknown()) {
		t.Error("satisfiable")
	}
}

// TestLoops are spellings of one loop over a collection that nobody gave.
func TestLoops(t *testing.T) {
	t.Parallel()
	scope := names{"apis": as, "n": n}
	apis, i, a := name("apis"), name("i"), name("a")
	loop := func(in, body Expr) *For { return &For{Item: "a", In: in, Body: body} }
	byIndex := func(in Expr) *For {
		return &For{Item: "i", In: in, Body: dot(&Index{Base: apis, Index: i}, "name")}
	}
	indexed := &For{Item: "a", Index: "i", In: apis, Body: dot(&Index{Base: apis, Index: i}, "name")}
	on := fn(dot(name("v"), "on"), "v")
	filtered := &For{Item: "a", In: apis, If: dot(a, "on"), Body: dot(a, "name")}
	for _, c := range []struct {
		name string
		same []Expr
	}{
		{"element", []Expr{
			loop(apis, dot(a, "name")),
			byIndex(invoke("range", lit(0), invoke("length", apis))),
			indexed,
			loop(loop(apis, dot(a, "name")), a),
			loop(invoke("map", apis, fn(dot(name("v"), "name"), "v")), a),
			invoke("map", apis, fn(dot(name("v"), "NAME"), "v")),
			loop(loop(apis, &Object{Properties: []Property{{Key: lit("n"), Value: dot(a, "name")}}}), dot(a, "n")),
		}},
		{"position", []Expr{
			&For{Item: "a", Index: "i", In: apis, Body: i},
			invoke("map", apis, fn(name("k"), "v", "k")),
		}},
		{"filter", []Expr{
			filtered,
			loop(invoke("filter", apis, on), dot(a, "name")),
			invoke("map", invoke("filter", apis, on), fn(dot(name("v"), "name"), "v")),
		}},
		{"range", []Expr{
			&For{Item: "i", In: invoke("range", lit(0), name("n")), Body: op(Add, i, lit(1))},
			&For{Item: "i", In: invoke("range", lit(1), name("n")), Body: i},
		}},
		{"inner", []Expr{
			loop(apis, &For{Item: "b", In: apis, Body: &Interpolation{Parts: []Expr{dot(a, "name"), dot(name("b"), "name")}}}),
			loop(apis, invoke("map", apis, fn(invoke("concat", dot(a, "name"), dot(name("b"), "name")), "b"))),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var e Evaluator
			want := e.Eval(scope, c.same[0])
			if want.Vague() {
				t.Fatalf("%s says nothing", show(want))
			}
			for k, x := range c.same {
				if got := e.Eval(scope, x); !Identical(got, want) {
					t.Errorf("%d:\n got %s\nwant %s", k, show(got), show(want))
				}
			}
		})
	}
	var e Evaluator
	inner := e.Eval(scope, loop(apis, &For{Item: "b", In: apis, Body: &Array{Items: []Item{{Value: a}, {Value: name("b")}}}}))
	pair := inner.Term().Args[1].Term().Args[1].Items()
	if Identical(pair[0], pair[1]) {
		t.Errorf("the elements of two loops are one: %s", show(inner))
	}
	for _, l := range e.loops {
		if l != 0 {
			t.Errorf("%d loops left open", l)
		}
	}
}

// TestKnownLoops unrolls.
func TestKnownLoops(t *testing.T) {
	t.Parallel()
	scope := names{"x": x}
	for _, c := range []struct {
		loop *For
		want any
	}{
		{&For{Item: "a", Index: "i", In: lit(arr{"p", "q"}), Body: &Interpolation{Parts: []Expr{name("a"), name("i")}}}, arr{"p0", "q1"}},
		{&For{Item: "a", In: lit(arr{"p", "q"}), If: op(Equal, name("a"), lit("q")), Body: name("a")}, arr{"q"}},
		{&For{Item: "a", In: &Literal{Value: val(arr{x, "q"})}, Body: name("a")}, arr{x, "q"}},
		{&For{Item: "a", In: lit(nil), Body: name("a")}, arr{}},
		{&For{Item: "a", Index: "i", In: &Literal{Value: val(arr{"p", x, "q"})}, If: op(NotEqual, name("a"), lit("r")), Body: name("i")}, Apply(
			OpConcat, KindArray, val(arr{0}), If(Equals(x, String("r")), val(arr{}), val(arr{1})), val(arr{2}),
		)},
	} {
		var e Evaluator
		if got := e.Eval(scope, c.loop); show(got) != show(val(c.want)) {
			t.Errorf("got %s, want %s", show(got), show(val(c.want)))
		}
	}
	var e Evaluator
	if v := e.Eval(scope, &For{Item: "a", In: invoke("range", lit(0), lit(MaxLoop+1)), Body: name("a")}); !v.IsUnknown() || e.Err() == nil {
		t.Errorf("a loop of %d: %s, %v", MaxLoop+1, show(v), e.Err())
	}
}

// TestSpreads are object and array literals with "...".
func TestSpreads(t *testing.T) {
	t.Parallel()
	scope := names{"o": os, "as": as, "k": val(obj{"a", obj{"x", 1}, "b", 2})}
	spread := func(s string) Property { return Property{Value: name(s)} }
	field := func(s string, v any) Property { return Property{Key: lit(s), Value: lit(v)} }
	object := func(ps ...Property) Expr { return &Object{Properties: ps} }
	for _, c := range []struct {
		x    Expr
		want any
	}{
		{object(spread("k"), field("a", 3)), obj{"a", 3, "b", 2}},
		{object(field("a", 3), spread("k")), obj{"a", obj{"x", 1}, "b", 2}},
		{object(Property{Value: lit(nil)}, field("a", 1)), obj{"a", 1}},
		{object(field("a", 0), spread("o"), spread("k"), field("b", 3)), Apply(opOverlay, KindObject, val(obj{"a", 0}), os, val(obj{"a", obj{"x", 1}, "b", 3}))},
		{object(field("a", 1), field("a", 2)), obj{"a", 2}},
		{object(field("True", 1), field("b", 2), field("true", 3)), obj{"True", unknown, "b", 2}},
		{invoke("json", lit(`{"True": 1, "true": 2, "b": 3}`)), obj{"True", unknown, "b", 3}},
		{dot(object(spread("o"), spread("k")), "a"), obj{"x", 1}},
		{dot(object(spread("k"), spread("o")), "a"), Apply(OpMember, KindUnknown, Apply(opOverlay, KindObject, scope["k"], os), String("a"))},
		{invoke("shallowMerge", &Array{Items: []Item{{Value: name("o")}, {Value: object(field("a", 1))}}}), Apply(opOverlay, KindObject, os, val(obj{"a", 1}))},
		{&Array{Items: []Item{{Value: lit(1)}, {Value: lit(arr{2}), Spread: true}, {Value: lit(3)}}}, arr{1, 2, 3}},
		{&Array{Items: []Item{{Value: lit(nil), Spread: true}, {Value: lit(1)}}}, arr{1}},
		{&Array{Items: []Item{{Value: name("as"), Spread: true}, {Value: lit(1)}, {Value: lit(2)}}}, Apply(OpConcat, KindArray, as, val(arr{1, 2}))},
	} {
		var e Evaluator
		if got := e.Eval(scope, c.x); show(got) != show(val(c.want)) {
			t.Errorf("got %s, want %s", show(got), show(val(c.want)))
		}
	}
}
