package expr

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// numberFuncs are the functions on whole numbers, and the conversions to
// numbers and truths.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-numeric
func numberFuncs() []Func {
	return []Func{
		{Name: "add", MinArgs: 2, MaxArgs: 2, Eval: add, Partial: sumPartial(add), Result: KindInt},
		{Name: "sub", MinArgs: 2, MaxArgs: 2, Eval: sub, Partial: sumPartial(sub), Result: KindInt},
		{Name: "mul", MinArgs: 2, MaxArgs: 2, Eval: mul, Partial: mulPartial, Result: KindInt},
		{Name: "div", MinArgs: 2, MaxArgs: 2, Eval: div, Result: KindInt},
		{Name: "mod", MinArgs: 2, MaxArgs: 2, Eval: mod, Result: KindInt},
		{Name: "min", MinArgs: 1, MaxArgs: -1, Eval: extreme(-1), Result: KindInt},
		{Name: "max", MinArgs: 1, MaxArgs: -1, Eval: extreme(1), Result: KindInt},
		{Name: "float", MinArgs: 1, MaxArgs: 1, Eval: toFloat},
		{Name: "int", MinArgs: 1, MaxArgs: 1, Eval: toInt, Partial: intPartial, Result: KindInt},
		{Name: "bool", MinArgs: 1, MaxArgs: 1, Eval: toBool, Partial: sameKind(KindBool), Result: KindBool},
		{Name: "any", MinArgs: 1, MaxArgs: 1, Shallow: true, Eval: identity, Partial: identityPartial},
	}
}

// maxAddends bounds how many terms a sum is kept in.
const maxAddends = 64

// sum is a number in normal form: terms that are added, terms that are taken
// away, and a constant. copyIndex(1) and add(copyIndex(), 1) are the same sum.
type sum struct {
	plus, minus []Value
	constant    int64
}

// collect adds v, or takes it away; it is false when the sum cannot be kept.
func (s *sum) collect(v Value, negative bool, depth int) bool {
	if n, ok := v.AsInt(); ok {
		if negative {
			s.constant, ok = subChecked(s.constant, n)
		} else {
			s.constant, ok = addChecked(s.constant, n)
		}
		return ok
	}
	t := v.Term()
	if depth > 0 && t != nil && (t.Op == "add" || t.Op == "sub" && len(t.Args) == 2) {
		for i, a := range t.Args {
			if !s.collect(a, negative != (t.Op == "sub" && i == 1), depth-1) {
				return false
			}
		}
		return true
	}
	if negative {
		s.minus = append(s.minus, v)
	} else {
		s.plus = append(s.plus, v)
	}
	return len(s.plus)+len(s.minus) <= maxAddends
}

func (s *sum) value() Value {
	for i := 0; i < len(s.plus); i++ {
		j := slices.IndexFunc(s.minus, func(v Value) bool { return Identical(v, s.plus[i]) })
		if j >= 0 {
			s.plus, s.minus = slices.Delete(s.plus, i, i+1), slices.Delete(s.minus, j, j+1)
			i--
		}
	}
	total := addTerms(s.plus, s.constant)
	if len(s.minus) > 0 {
		return Apply("sub", KindInt, total, addTerms(s.minus, 0))
	}
	return total
}

// addTerms writes terms in order, the constant last.
func addTerms(terms []Value, constant int64) Value {
	slices.SortFunc(terms, func(a, b Value) int { return cmp.Compare(a.Key(), b.Key()) })
	if constant != 0 || len(terms) == 0 {
		terms = append(terms, Int(constant))
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return Apply("add", KindInt, terms...)
}

func add(_ *Evaluator, args []Value) (Value, error) { return sumOf(args, false) }

func sub(_ *Evaluator, args []Value) (Value, error) { return sumOf(args, true) }

func sumOf(args []Value, negative bool) (Value, error) {
	for i, a := range args {
		if a.kind != KindInt && a.kind != KindTerm && a.kind != KindUnknown {
			return Value{}, argument(i, "a whole number")
		}
	}
	// A sum nests a difference of sums: three levels are all there can be.
	var s sum
	if !s.collect(args[0], false, 3) || !s.collect(args[1], negative, 3) {
		return Value{}, argument(1, "a number within 64 bits")
	}
	return s.value(), nil
}

func sumPartial(eval func(*Evaluator, []Value) (Value, error)) func(*Evaluator, []Value) (Value, bool) {
	return func(e *Evaluator, args []Value) (Value, bool) {
		e.Spend(maxAddends)
		v, err := eval(e, args)
		return v, err == nil
	}
}

func addChecked(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

func subChecked(a, b int64) (int64, bool) {
	c := a - b
	return c, (c < a) == (b > 0)
}

func twoInts(args []Value) (a, b int64, err error) {
	if a, err = intArg(args, 0); err != nil {
		return 0, 0, err
	}
	b, err = intArg(args, 1)
	return a, b, err
}

func mul(_ *Evaluator, args []Value) (Value, error) {
	a, b, err := twoInts(args)
	if err != nil {
		return Value{}, err
	}
	c := a * b
	if a != 0 && (c/a != b || a == -1 && b == math.MinInt64) {
		return Value{}, argument(1, "a number within 64 bits")
	}
	return Int(c), nil
}

// mulPartial brings the factors into one order.
func mulPartial(_ *Evaluator, args []Value) (Value, bool) {
	factors := slices.Clone(args)
	slices.SortStableFunc(factors, func(a, b Value) int {
		return cmp.Or(cmp.Compare(b.kind, a.kind), cmp.Compare(a.Key(), b.Key()))
	})
	if n, ok := factors[1].AsInt(); ok && n == 1 {
		return factors[0], true
	}
	return Apply("mul", KindInt, factors...), true
}

func div(_ *Evaluator, args []Value) (Value, error) {
	a, b, err := twoInts(args)
	if err != nil {
		return Value{}, err
	}
	if b == 0 || a == math.MinInt64 && b == -1 {
		return Value{}, argument(1, "a divisor")
	}
	return Int(a / b), nil
}

func mod(_ *Evaluator, args []Value) (Value, error) {
	a, b, err := twoInts(args)
	if err != nil {
		return Value{}, err
	}
	if b == 0 || a == math.MinInt64 && b == -1 {
		return Value{}, argument(1, "a divisor")
	}
	return Int(a % b), nil
}

// extreme is the smallest (sign < 0) or the largest of some numbers or of an
// array of them.
func extreme(sign int) func(*Evaluator, []Value) (Value, error) {
	return func(e *Evaluator, args []Value) (Value, error) {
		if len(args) == 1 && args[0].kind == KindArray {
			args = args[0].Items()
		}
		if len(args) == 0 {
			return Value{}, argument(0, "an array with elements")
		}
		if !e.Spend(len(args)) {
			return Unknown(), nil
		}
		best := int64(0)
		for i := range args {
			n, err := intArg(args, i)
			if err != nil {
				return Value{}, err
			}
			if i == 0 || cmp.Compare(n, best) == sign {
				best = n
			}
		}
		return Int(best), nil
	}
}

func toInt(_ *Evaluator, args []Value) (Value, error) {
	if args[0].kind == KindInt {
		return args[0], nil
	}
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	n, err := strconv.ParseInt(strings.Trim(s, whiteSpace), 10, 64)
	if err != nil {
		return Value{}, argument(0, "a whole number")
	}
	return Int(n), nil
}

// whiteSpace is what .NET passes over around a number.
const whiteSpace = " \t\n\v\f\r"

// maxDigits bounds the digits of a number with a fraction.
const maxDigits = 400

// toFloat gives a number with a fraction, with which nothing is computed.
func toFloat(_ *Evaluator, args []Value) (Value, error) {
	s, ok := Text(args[0])
	if !ok || args[0].kind != KindString && args[0].kind != KindInt {
		return Value{}, argument(0, "a number")
	}
	if len(s) > maxDigits {
		return Value{}, argument(0, "a number of that many digits")
	}
	f, err := strconv.ParseFloat(strings.Trim(s, whiteSpace), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(s, "xX_pP") {
		return Value{}, argument(0, "a number")
	}
	return fraction(f), nil
}

func intPartial(_ *Evaluator, args []Value) (Value, bool) {
	v := args[0]
	// string(n) of a number n, also where it was made part of a text.
	for t := v.Term(); t != nil && (t.Op == "string" || t.Op == OpConcat) && len(t.Args) == 1; t = v.Term() {
		v = t.Args[0]
	}
	if TypeOf(v) == KindInt {
		return v, true
	}
	return Value{}, false
}

func toBool(_ *Evaluator, args []Value) (Value, error) {
	switch v := args[0]; {
	case v.kind == KindBool:
		return v, nil
	case v.kind == KindInt:
		return Bool(v.num != 0), nil
	case v.kind == KindString && strings.EqualFold(v.str, "true"):
		return Bool(true), nil
	case v.kind == KindString && strings.EqualFold(v.str, "false"):
		return Bool(false), nil
	}
	return Value{}, argument(0, "a boolean")
}

// sameKind leaves out a conversion to what a term already is.
func sameKind(k Kind) func(*Evaluator, []Value) (Value, bool) {
	return func(_ *Evaluator, args []Value) (Value, bool) {
		return args[0], TypeOf(args[0]) == k
	}
}

func identity(_ *Evaluator, args []Value) (Value, error) { return args[0], nil }

func identityPartial(_ *Evaluator, args []Value) (Value, bool) { return args[0], true }
