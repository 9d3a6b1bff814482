package expr

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// grower makes random expressions of a kind over the names in [grown].
type grower struct {
	pick  func(n int) int
	depth int
	local []string // lambda variables in reach, all strings
}

// grown are the names that random expressions speak of.
var grown = map[Kind][]string{
	KindString: {"x", "y"}, KindInt: {"n"}, KindBool: {"b", "c"}, KindArray: {"as"}, KindObject: {"os"},
}

// texts are the literals of random expressions; few, so that they meet.
var texts = []string{"", "a", "A", "b", "-", "/", "ab", "Ab-", "ba", "é", "dev", "prod"}

func (g *grower) grow(k Kind) Expr {
	if g.depth <= 0 || g.pick(6) == 0 {
		return g.leaf(k)
	}
	g.depth--
	defer func() { g.depth++ }()
	if g.pick(8) == 0 {
		return &Conditional{Cond: g.grow(KindBool), Then: g.grow(k), Else: g.grow(k)}
	}
	switch k {
	case KindString:
		return g.text()
	case KindInt:
		return g.number()
	case KindBool:
		return g.truth()
	case KindArray:
		return g.array()
	default:
		return g.object()
	}
}

// relative is an expression that has something to do with another one.
func (g *grower) relative(x Expr, k Kind) Expr {
	if g.pick(2) == 0 {
		return g.grow(k)
	}
	var near []Expr
	switch k {
	case KindString:
		near = []Expr{
			invoke("toLower", x), invoke("toUpper", x), invoke("trim", x), invoke("format", lit("{0}{1}"), x, g.grow(k)),
			invoke("concat", g.grow(k), x), invoke("join", invoke("split", x, lit("-")), lit("-")), invoke("take", x, lit(2)), invoke("skip", x, lit(1)),
		}
	case KindInt:
		near = []Expr{op(Add, x, lit(1)), op(Subtract, x, x), op(Subtract, op(Add, x, lit(2)), lit(2)), op(Multiply, lit(1), x)}
	case KindBool:
		near = []Expr{&Unary{Op: Not, X: x}, op(AndAlso, x, g.grow(k)), op(OrElse, g.grow(k), x), op(Equal, x, lit(true))}
	case KindArray:
		near = []Expr{invoke("concat", x, lit(arr{})), invoke("take", x, invoke("length", x)), invoke("map", x, fn(name("same"), "same")), invoke("concat", x, g.grow(k))}
	default:
		near = []Expr{invoke("union", x, lit(obj{})), invoke("shallowMerge", &Array{Items: []Item{{Value: x}, {Value: g.grow(k)}}})}
	}
	return append(near, &Conditional{Cond: g.grow(KindBool), Then: x, Else: g.grow(k)})[g.pick(len(near)+1)]
}

func (g *grower) leaf(k Kind) Expr {
	if known := grown[k]; g.pick(2) == 0 {
		if k == KindString && len(g.local) > 0 && g.pick(2) == 0 {
			return name(g.local[g.pick(len(g.local))])
		}
		return name(known[g.pick(len(known))])
	}
	switch k {
	case KindString:
		return lit(texts[g.pick(len(texts))])
	case KindInt:
		return lit(g.pick(4) - 1)
	case KindBool:
		return lit(g.pick(2) == 0)
	case KindArray:
		return lit([]arr{{}, {"a"}, {"b", "a"}}[g.pick(3)])
	default:
		return lit([]obj{{}, {"k", "a"}, {"k", "b", "m", "A"}}[g.pick(3)])
	}
}

func (g *grower) text() Expr {
	s := func() Expr { return g.grow(KindString) }
	switch g.pick(17) {
	case 0:
		return invoke("concat", s(), s())
	case 1:
		return invoke("format", lit("{0}-{1}{0}"), s(), g.grow(KindInt))
	case 2:
		return invoke("toLower", s())
	case 3:
		return invoke("toUpper", s())
	case 4:
		return invoke("substring", s(), lit(g.pick(2)), lit(g.pick(3)))
	case 5:
		return invoke("take", s(), g.grow(KindInt))
	case 6:
		return invoke("skip", s(), g.grow(KindInt))
	case 7:
		return invoke("replace", s(), lit("a"), s())
	case 8:
		return invoke("string", g.grow(KindInt))
	case 9:
		return invoke("join", g.grow(KindArray), lit("/"))
	case 10:
		return invoke("first", s())
	case 11:
		return invoke("last", s())
	case 12:
		return invoke("trim", s())
	case 13:
		return invoke("uniqueString", s(), s())
	case 14:
		return invoke("coalesce", invoke("tryGet", g.grow(KindObject), lit("k")), lit("none"))
	case 15:
		return invoke("coalesce", invoke([]string{"first", "last"}[g.pick(2)], g.grow(KindArray)), lit("none"))
	default:
		return &Interpolation{Parts: []Expr{s(), lit("/"), s()}}
	}
}

func (g *grower) number() Expr {
	i := func() Expr { return g.grow(KindInt) }
	switch g.pick(6) {
	case 0:
		return op(Add, i(), i())
	case 1:
		return op(Subtract, i(), i())
	case 2:
		return op(Multiply, i(), i())
	case 3:
		return invoke("length", g.grow([]Kind{KindString, KindArray, KindObject}[g.pick(3)]))
	case 4:
		return invoke([]string{"indexOf", "lastIndexOf"}[g.pick(2)], g.grow([]Kind{KindString, KindArray}[g.pick(2)]), g.grow(KindString))
	default:
		return invoke("int", invoke("string", i()))
	}
}

func (g *grower) truth() Expr {
	s := func() Expr { return g.grow(KindString) }
	b := func() Expr { return g.grow(KindBool) }
	switch g.pick(11) {
	case 0:
		return op(Equal, s(), s())
	case 1:
		return op(EqualIgnoreCase, s(), s())
	case 2:
		return op(AndAlso, b(), b())
	case 3:
		return op(OrElse, b(), b())
	case 4:
		return &Unary{Op: Not, X: b()}
	case 5:
		return op([]BinaryOp{Less, LessOrEqual, Greater, GreaterOrEqual, Equal, NotEqual}[g.pick(6)], g.grow(KindInt), g.grow(KindInt))
	case 6:
		return invoke("contains", g.grow([]Kind{KindString, KindArray, KindObject}[g.pick(3)]), s())
	case 7:
		return invoke([]string{"startsWith", "endsWith"}[g.pick(2)], s(), s())
	case 8:
		return invoke("empty", g.grow([]Kind{KindString, KindArray, KindObject}[g.pick(3)]))
	case 9:
		return op(NotEqual, g.grow(KindArray), g.grow(KindArray))
	default:
		return op(Equal, g.grow(KindObject), g.grow(KindObject))
	}
}

func (g *grower) array() Expr {
	a := func() Expr { return g.grow(KindArray) }
	within := func(k Kind) Expr {
		v := fmt.Sprint("v", len(g.local))
		g.local = append(g.local, v)
		defer func() { g.local = g.local[:len(g.local)-1] }()
		return fn(g.grow(k), v)
	}
	switch g.pick(14) {
	case 11:
		loop := &For{Item: fmt.Sprint("v", len(g.local)), In: a()}
		g.local = append(g.local, loop.Item)
		defer func() { g.local = g.local[:len(g.local)-1] }()
		loop.Body = g.grow(KindString)
		if g.pick(2) == 0 {
			loop.If = g.grow(KindBool)
		}
		return loop
	case 12:
		return &For{Item: "item", Index: "at", In: a(), Body: &Interpolation{Parts: []Expr{name("item"), lit("-"), op(Add, name("at"), g.grow(KindInt))}}}
	case 13:
		in := a()
		return &For{Item: "at", In: invoke("range", lit(0), invoke("length", in)), Body: &Index{Base: in, Index: name("at")}}
	case 0:
		return invoke("createArray", g.grow(KindString), g.grow(KindString))
	case 1:
		return invoke("concat", a(), a())
	case 2:
		return invoke("filter", a(), within(KindBool))
	case 3:
		return invoke("map", a(), within(KindString))
	case 4:
		return invoke([]string{"take", "skip"}[g.pick(2)], a(), g.grow(KindInt))
	case 5:
		return invoke("union", a(), a())
	case 6:
		return invoke("objectKeys", g.grow(KindObject))
	case 7:
		return invoke("split", g.grow(KindString), lit("-"))
	case 8:
		return invoke("flatten", &Array{Items: []Item{{Value: a()}, {Value: a()}}})
	case 9:
		return invoke("distinct", a())
	default:
		return &Array{Items: []Item{{Value: a(), Spread: true}, {Value: g.grow(KindString)}}}
	}
}

func (g *grower) object() Expr {
	o := func() Expr { return g.grow(KindObject) }
	switch g.pick(4) {
	case 0:
		return invoke("createObject", lit("k"), g.grow(KindString))
	case 1:
		return invoke("union", o(), o())
	case 2:
		return &Object{Properties: []Property{{Value: o()}, {Key: lit("k"), Value: g.grow(KindString)}}}
	default:
		return &Object{Properties: []Property{{Key: lit("m"), Value: g.grow(KindString)}, {Key: g.grow(KindString), Value: g.grow(KindString)}}}
	}
}

// TestKnownAgreesWithUnknown evaluates random expressions over what nobody
// gave, and then again with random values for it. Whatever was said without
// them must hold with them.
func TestKnownAgreesWithUnknown(t *testing.T) {
	t.Parallel()
	const rounds = 4
	for seed := range uint64(8) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			g := &grower{pick: random.IntN}
			for i := range 4000 {
				kind := []Kind{KindString, KindString, KindBool, KindInt, KindArray, KindObject}[i%6]
				g.depth = 1 + i%4
				one := g.grow(kind)
				two := g.relative(one, kind)
				var e Evaluator
				open := names{"x": x, "y": y, "n": n, "b": b, "c": Atom("c", KindBool), "as": as, "os": os}
				v, w := e.Eval(open, one), e.Eval(open, two)
				for range rounds {
					given := assignment(random)
					p, q := e.Eval(given, one), e.Eval(given, two)
					agree(t, v, p, given)
					agree(t, w, q, given)
					if !p.Vague() && !q.Vague() {
						compare(t, kind, v, w, p, q, given)
					}
				}
				if err := e.Err(); err != nil {
					t.Fatal(err)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

func assignment(random *rand.Rand) names {
	text := func() Value { return String([]string{"a", "B", "ab", "dev", "x-é", ""}[random.IntN(6)]) }
	list := make([]Value, random.IntN(4))
	for i := range list {
		list[i] = text()
	}
	fields := []Field{{Key: "k", Value: text()}, {Key: "z", Value: text()}}
	return names{
		"x": text(), "y": text(), "n": Int(int64(random.IntN(4)) - 1), "b": Bool(random.IntN(2) == 0), "c": Bool(random.IntN(2) == 0),
		"as": ArrayOf(list...), "os": ObjectOf(fields[random.IntN(3):]...),
	}
}

// agree reports where a value that was known without the given ones is another
// one with them.
func agree(t *testing.T, without, with Value, given names) {
	t.Helper()
	if without.Known() && !with.Vague() && !Identical(without, with) {
		t.Errorf("without %s, with %s: %s", show(without), given, show(with))
	}
	if k := TypeOf(without); k != KindUnknown && !with.Vague() && TypeOf(with) != k {
		t.Errorf("%s is said to be a %d, with %s it is %s", show(without), k, given, show(with))
	}
}

// compare reports where two values relate otherwise than was said of them.
func compare(t *testing.T, kind Kind, v, w, p, q Value, given names) {
	t.Helper()
	check := func(what string, said, is bool) {
		if said != is {
			t.Errorf("%s of\n %s\n %s\nsaid %v, but with %s: %s, %s", what, show(v), show(w), said, given, show(p), show(q))
		}
	}
	if eq := Equals(v, w); eq.Known() {
		check("==", eq.IsTrue(), Identical(p, q))
	}
	switch kind {
	case KindString:
		if same := SameName(v, w); same != Maybe {
			check("same name", same == True, strings.EqualFold(p.str, q.str))
		}
		if same := SameText(v, w); same != Maybe {
			check("same text", same == True, p.str == q.str)
		}
	case KindBool:
		if implied := Implies(v, w); implied != Maybe && p.IsTrue() {
			check("implies", implied == True, q.IsTrue())
		}
		if p.IsTrue() && q.IsTrue() && !Satisfiable(v, w) {
			check("satisfiable", false, true)
		}
	default:
	}
}

// String is the assignment, for messages.
func (n names) String() string {
	fields := make([]Field, 0, len(n))
	for k, v := range n {
		fields = append(fields, Field{Key: k, Value: v})
	}
	slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Key, b.Key) })
	return show(ObjectOf(fields...))
}
