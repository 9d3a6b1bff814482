package expr

import (
	"fmt"
	"strings"
	"testing"
)

// chain is a scope of variables v0, v1, …, each made of the one before, as
// var v1 = f(v0, v0) in a template.
type chain struct {
	e     *Evaluator
	first Expr
	next  func(previous Expr) Expr
	done  map[string]Value
}

func (c *chain) Name(s string) (Value, bool) {
	if v, ok := c.done[s]; ok {
		return v, true
	}
	var i int
	if _, err := fmt.Sscanf(s, "v%d", &i); err != nil {
		return Value{}, false
	}
	x := c.first
	if i > 0 {
		x = c.next(name(fmt.Sprintf("v%d", i-1)))
	}
	v := c.e.Eval(c, x)
	c.done[s] = v
	return v, true
}

func (*chain) Call(Value, string, []Value) (Value, bool) { return Value{}, false }

// TestGrowth are templates of a few lines that would fill the memory or take
// for ever. They end soon: at a limit, or with a value that is small.
func TestGrowth(t *testing.T) {
	t.Parallel()
	array := func(items ...Expr) Expr {
		x := &Array{}
		for _, i := range items {
			x.Items = append(x.Items, Item{Value: i})
		}
		return x
	}
	spread := func(items ...Expr) Expr {
		x := &Array{}
		for _, i := range items {
			x.Items = append(x.Items, Item{Value: i, Spread: true})
		}
		return x
	}
	object := func(key string, values ...Expr) Expr {
		x := &Object{}
		for i, v := range values {
			x.Properties = append(x.Properties, Property{Key: lit(fmt.Sprint(key, i)), Value: v})
		}
		return x
	}
	numbers := invoke("range", lit(0), lit(10000))
	many := invoke("range", lit(0), lit(700))
	for _, c := range []struct {
		name  string
		first Expr
		next  func(p Expr) Expr
		limit bool // ends at a limit rather than with a value
	}{
		{"text", lit("ab"), func(p Expr) Expr { return invoke("concat", p, p) }, true},
		{"format", lit("ab"), func(p Expr) Expr { return invoke("format", lit("{0}{0}{0}"), p) }, true},
		{"interpolation", lit("ab"), func(p Expr) Expr { return &Interpolation{Parts: []Expr{p, p}} }, true},
		{"replace", lit("aa"), func(p Expr) Expr { return invoke("replace", p, lit("a"), lit("aaaa")) }, true},
		{"join", lit("aa"), func(p Expr) Expr { return invoke("join", array(p, p), p) }, true},
		{"base64", lit("aa"), func(p Expr) Expr { return invoke("base64", invoke("concat", p, p)) }, true},
		{"escape", lit("//"), func(p Expr) Expr { return invoke("uriComponent", invoke("concat", p, p)) }, true},
		{"align", lit("a"), func(p Expr) Expr { return invoke("format", lit("{0,1000000}{0,1000000}"), p) }, true},
		{"terms", &Literal{Value: x}, func(p Expr) Expr { return invoke("concat", p, lit("-"), p) }, false},
		{"lower terms", &Literal{Value: x}, func(p Expr) Expr { return invoke("toLower", invoke("concat", p, lit("-"), p)) }, false},
		{"condition", &Literal{Value: x}, func(p Expr) Expr {
			return &Conditional{Cond: op(Equal, p, lit("a")), Then: invoke("toLower", p), Else: p}
		}, false},
		{"sum", &Literal{Value: n}, func(p Expr) Expr { return op(Add, p, op(Multiply, p, p)) }, false},
		{"array of arrays", lit(1), func(p Expr) Expr { return array(p, p) }, false},
		{"arrays of terms", &Literal{Value: x}, func(p Expr) Expr { return array(p, p) }, false},
		{"object of objects", lit(1), func(p Expr) Expr { return object("k", p, p) }, false},
		{"array of arrays, read", lit(1), func(p Expr) Expr { return invoke("take", array(p, p), invoke("length", invoke("array", array(p, p)))) }, false},
		{"array of arrays, text", lit(1), func(p Expr) Expr { return array(p, p, invoke("length", invoke("string", array(p, p)))) }, true},
		{"array of arrays, equal", lit(1), func(p Expr) Expr { return array(p, p, op(Equal, array(p, p), array(p, p, p))) }, false},
		{"same union", object("k", lit(1), lit(2)), func(p Expr) Expr { return invoke("union", object("k", p, p), object("k", p, p)) }, false},
		{"deep union", array(object("k", lit(1)), object("k", lit(2))), func(p Expr) Expr {
			at := func(i int) Expr { return &Index{Base: p, Index: lit(i)} }
			one, two := object("k", at(0), at(0)), object("k", at(1), at(1))
			return array(one, two, invoke("union", one, two))
		}, true},
		{"spread", array(lit(1), lit(2)), func(p Expr) Expr { return spread(p, p) }, true},
		{"arrays", array(lit(1), lit(2)), func(p Expr) Expr { return invoke("concat", p, p) }, true},
		{"open arrays", &Literal{Value: as}, func(p Expr) Expr { return invoke("concat", p, array(lit(1)), p) }, false},
		{"flatten", array(lit(1)), func(p Expr) Expr { return invoke("flatten", array(p, p)) }, true},
		{"open union", &Literal{Value: os}, func(p Expr) Expr { return invoke("union", p, object("k", p), p) }, false},
		{"open filter", &Literal{Value: as}, func(p Expr) Expr { return invoke("filter", p, fn(op(Equal, name("i"), p), "i")) }, false},
		{"map in map", many, func(p Expr) Expr { return invoke("map", many, fn(invoke("map", many, fn(p, "j")), "i")) }, true},
		{"reduce to depth", lit(1), func(Expr) Expr { return invoke("reduce", numbers, lit(1), fn(array(name("a"), name("a")), "a", "i")) }, false},
		{"reduce to an object", lit(1), func(Expr) Expr {
			key := &Interpolation{Parts: []Expr{name("i")}}
			return invoke("reduce", numbers, object("k"), fn(invoke("union", name("a"), invoke("createObject", key, name("i"))), "a", "i"))
		}, true},
		{"reduce to a spread", lit(1), func(Expr) Expr {
			x := &Object{Properties: []Property{{Value: name("a")}, {Key: &Interpolation{Parts: []Expr{name("i")}}, Value: name("i")}}}
			return invoke("reduce", numbers, object("k"), fn(x, "a", "i"))
		}, true},
		{"reduce to terms", lit(1), func(Expr) Expr {
			return invoke("reduce", numbers, &Literal{Value: x}, fn(invoke("concat", name("a"), &Literal{Value: y}), "a", "i"))
		}, true},
		{"reduce conditions", lit(1), func(Expr) Expr {
			return invoke("reduce", numbers, &Literal{Value: b}, fn(op(OrElse, name("a"), op(Equal, &Literal{Value: n}, name("i"))), "a", "i"))
		}, true},
		{"reduce ifs", lit(1), func(Expr) Expr {
			return invoke("reduce", many, lit("z"), fn(&Conditional{Cond: op(Equal, &Literal{Value: n}, name("i")), Then: name("i"), Else: name("a")}, "a", "i"))
		}, false},
		{"union of terms", lit(1), func(Expr) Expr {
			return invoke("reduce", many, array(), fn(invoke("union", name("a"), array(invoke("concat", &Literal{Value: x}, name("i")))), "a", "i"))
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var e Evaluator
			s := &chain{e: &e, first: c.first, next: c.next, done: map[string]Value{}}
			depth := 60
			if strings.HasPrefix(c.name, "reduce") || c.name == "union of terms" {
				depth = 1
			}
			v, _ := s.Name(fmt.Sprintf("v%d", depth))
			// What everybody does with a value.
			_ = v.Known()
			_ = v.Vague()
			_ = Identical(v, v)
			_ = SameName(v, Concat(v, String("a")))
			_, _ = Segments(v, 2)
			_ = Implies(Equals(v, String("a")), Equals(v, String("b")))
			if (e.Err() != nil) != c.limit {
				t.Errorf("limit: %v", e.Err())
			}
			if e.steps > MaxSteps+1 {
				t.Errorf("%d steps", e.steps)
			}
		})
	}
}
