package expr

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// obj is an object in a test table: names and values in turn.
type obj []any

// arr is an array in a test table.
type arr []any

// val makes a value of what a test table writes down.
func val(x any) Value {
	switch x := x.(type) {
	case nil:
		return Null()
	case Value:
		return x
	case bool:
		return Bool(x)
	case int:
		return Int(int64(x))
	case int64:
		return Int(x)
	case string:
		return String(x)
	case arr:
		items := make([]Value, len(x))
		for i := range x {
			items[i] = val(x[i])
		}
		return ArrayOf(items...)
	case obj:
		fields := make([]Field, 0, len(x)/2)
		for i := 0; i < len(x); i += 2 {
			fields = append(fields, Field{Key: fmt.Sprint(x[i]), Value: val(x[i+1])})
		}
		return ObjectOf(fields...)
	case *Lambda:
		return Value{kind: KindFunc, ref: &closure{lambda: x, scope: names{}}}
	}
	panic(fmt.Sprintf("no value for %T", x))
}

func vals(xs ...any) []Value {
	out := make([]Value, len(xs))
	for i, x := range xs {
		out[i] = val(x)
	}
	return out
}

// show writes a value out in full, in the order of its properties.
func show(v Value) string {
	join := func(vs []Value) string {
		parts := make([]string, len(vs))
		for i, e := range vs {
			parts[i] = show(e)
		}
		return strings.Join(parts, ", ")
	}
	switch v.Kind() {
	case KindString:
		s, _ := v.AsString()
		return strconv.Quote(s)
	case KindArray:
		return "[" + join(v.Items()) + "]"
	case KindObject:
		parts := make([]string, 0, len(v.Fields()))
		for _, f := range v.Fields() {
			parts = append(parts, f.Key+": "+show(f.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case KindTerm:
		t := v.Term()
		if t.Op == OpAtom {
			return t.Name
		}
		return string(t.Op) + "(" + join(t.Args) + ")"
	default:
	}
	return v.Key()
}

// names is a scope of a few names.
type names map[string]Value

func (n names) Name(name string) (Value, bool) {
	v, ok := n[name]
	return v, ok
}

func (names) Call(Value, string, []Value) (Value, bool) { return Value{}, false }

// fn is a lambda.
func fn(body Expr, params ...string) *Lambda { return &Lambda{Params: params, Body: body} }

func name(s string) Expr           { return &Name{Name: s} }
func lit(x any) Expr               { return &Literal{Value: val(x)} }
func dot(base Expr, m string) Expr { return &Member{Base: base, Name: m} }

func op(o BinaryOp, x, y Expr) Expr { return &Binary{Op: o, X: x, Y: y} }

func invoke(function string, args ...Expr) Expr { return &Call{Name: function, Args: args} }

// atoms that tests speak of.
var (
	x  = Atom("x", KindString)
	y  = Atom("y", KindString)
	n  = Atom("n", KindInt)
	m  = Atom("m", KindInt)
	b  = Atom("b", KindBool)
	as = Atom("as", KindArray)
	os = Atom("os", KindObject)
	u  = Atom("u", KindUnknown)
)

func apply(t *testing.T, function string, args ...any) Value {
	t.Helper()
	var e Evaluator
	v := e.Apply(function, vals(args...))
	if err := e.Err(); err != nil {
		t.Fatalf("%s: %v", function, err)
	}
	return v
}
