package expr

import (
	"sort"
	"strings"
	"testing"
)

// source of the choices that make a tree: the bytes of the fuzzer, and zeros
// when they are used up.
type choices struct {
	data  []byte
	nodes int
}

func (c *choices) pick(n int) int {
	if len(c.data) == 0 {
		return 0
	}
	v := int(c.data[0])
	c.data = c.data[1:]
	return v % n
}

// tree makes an expression that fits together as badly as the choices say.
func (c *choices) tree(depth int) Expr {
	c.nodes++
	if depth > 2*MaxDepth || len(c.data) == 0 || c.nodes > 10_000 {
		return lit(c.pick(3))
	}
	t := func() Expr { return c.tree(depth + 1) }
	word := func() string { return []string{"x", "as", "os", "n", "b", "u", "p", "q", "none"}[c.pick(9)] }
	list := func() []Expr {
		var xs []Expr
		for range c.pick(4) {
			xs = append(xs, t())
		}
		return xs
	}
	switch c.pick(18) {
	case 0:
		return lit(c.pick(256) - 128)
	case 1:
		return lit(texts[c.pick(len(texts))])
	case 2:
		return name(word())
	case 3:
		return &Interpolation{Parts: list()}
	case 4:
		x := &Object{}
		for _, v := range list() {
			p := Property{Value: v}
			if c.pick(3) > 0 {
				p.Key = t()
			}
			x.Properties = append(x.Properties, p)
		}
		return x
	case 5:
		x := &Array{}
		for _, v := range list() {
			x.Items = append(x.Items, Item{Value: v, Spread: c.pick(3) == 0})
		}
		return x
	case 6:
		return &Member{Base: t(), Name: word(), Safe: c.pick(2) == 0}
	case 7:
		return &Index{Base: t(), Index: t(), Safe: c.pick(2) == 0, FromEnd: c.pick(3) == 0}
	case 8:
		return &Unary{Op: UnaryOp(c.pick(4)), X: t()}
	case 9:
		return op(BinaryOp(c.pick(18)), t(), t())
	case 10:
		return &Conditional{Cond: t(), Then: t(), Else: t()}
	case 11:
		return fn(t(), []string{"p", "q"}[:c.pick(3)]...)
	case 12:
		f := &For{Item: "p", Index: []string{"", "q"}[c.pick(2)], In: t(), Body: t()}
		if c.pick(2) == 0 {
			f.If = t()
		}
		return f
	case 13:
		return &Nested{Base: t(), Name: word()}
	case 14:
		return &Call{Base: name("sys"), Name: c.function(), Args: list()}
	case 15:
		return []Expr{nil, &Invalid{}, lit(nil), lit(true), &NonNull{X: t()}}[c.pick(5)]
	default:
		return &Call{Name: c.function(), Args: append(list(), fn(t(), "p", "q"))}
	}
}

// function is a name of the table, which is in no order by itself.
func (c *choices) function() string {
	table := functions()
	all := make([]string, 0, len(table))
	for f := range table {
		all = append(all, f)
	}
	sort.Strings(all)
	return all[c.pick(len(all))]
}

// FuzzExpr evaluates trees that no reader would make and takes the outcome
// apart in every way: it ends soon and nothing panics.
func FuzzExpr(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("\x0e\x08\x02\x02\x00\x01\x05"))
	f.Add([]byte(strings.Repeat("\x09\x01", 200)))
	f.Add([]byte(strings.Repeat("\x0c\x01\x02\x03", 100)))
	f.Add([]byte(strings.Repeat("\x10\x13\x02\x05", 300)))
	f.Add([]byte(strings.Repeat("\x04\x03", 3000)))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &choices{data: data}
		scope := names{"x": x, "as": as, "os": os, "n": n, "b": b, "u": u}
		var e Evaluator
		e.steps = MaxSteps * 15 / 16 // a sixteenth of the work is enough to find what is out of bounds
		v, w := e.Eval(scope, c.tree(0)), e.Eval(scope, c.tree(0))
		if e.steps > MaxSteps+1 {
			t.Errorf("%d steps", e.steps)
		}
		if e.depth != 0 {
			t.Errorf("left at depth %d", e.depth)
		}
		for _, open := range e.loops {
			if open != 0 {
				t.Errorf("%d loops left open", open)
			}
		}
		if got, back := SameName(v, w), SameName(w, v); got != back {
			t.Errorf("%s and %s are the same: %d, %d", show(v), show(w), got, back)
		}
		if same := SameName(v, v); same == False {
			t.Errorf("%s is not itself", show(v))
		}
		if parts, ok := Segments(v, 2); ok && len(parts) != 2 {
			t.Errorf("%d segments of %s", len(parts), show(v))
		}
		if !v.Vague() && Implies(v, v) != True && v.Kind() == KindBool {
			t.Errorf("%s does not imply itself", show(v))
		}
		Satisfiable(v, w)
		Implies(v, w)
		Equals(v, w)
		Empty(v)
		Fold(v)
		l := e.Over(v)
		e.Close(l)
	})
}
