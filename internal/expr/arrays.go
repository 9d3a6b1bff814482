package expr

import "math"

// arrayFuncs are the functions that make arrays.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-array
func arrayFuncs() []Func {
	return []Func{
		{Name: "array", MinArgs: 1, MaxArgs: 1, Shallow: true, Eval: toArray, Partial: toArrayPartial, Result: KindArray},
		{Name: "createArray", MinArgs: 0, MaxArgs: -1, Shallow: true, Eval: createArray, Partial: createArrayPartial, Result: KindArray},
		{Name: "distinct", MinArgs: 1, MaxArgs: 1, Shallow: true, Eval: distinct, Partial: idempotent("distinct"), Result: KindArray},
		{Name: "flatten", MinArgs: 1, MaxArgs: 1, Shallow: true, Eval: flatten, Result: KindArray},
		{Name: "indexFromEnd", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: fromEnd(false), Partial: fromEndPartial},
		{Name: "range", MinArgs: 2, MaxArgs: 2, Eval: rangeOf, Partial: rangePartial, Result: KindArray},
		{Name: "tryIndexFromEnd", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: fromEnd(true), Partial: fromEndPartial},
	}
}

func toArray(_ *Evaluator, args []Value) (Value, error) {
	switch args[0].kind {
	case KindArray:
		return args[0], nil
	case KindString, KindInt, KindBool, KindObject:
		return ArrayOf(args[0]), nil
	default:
	}
	return Value{}, argument(0, "a scalar, an array or an object")
}

func toArrayPartial(_ *Evaluator, args []Value) (Value, bool) {
	switch TypeOf(args[0]) {
	case KindArray:
		return args[0], true
	case KindString, KindInt, KindBool, KindObject:
		return ArrayOf(args[0]), true
	default:
	}
	return Value{}, false
}

func createArray(e *Evaluator, args []Value) (Value, error) { return e.madeArray(args) }

func createArrayPartial(_ *Evaluator, args []Value) (Value, bool) { return ArrayOf(args...), true }

// flatten takes one level of arrays apart.
func flatten(e *Evaluator, args []Value) (Value, error) {
	items, err := arrayArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	for i := range items {
		switch items[i].kind {
		case KindArray, KindTerm, KindUnknown:
		default:
			return Value{}, argument(0, "an array of arrays")
		}
	}
	if len(items) == 0 {
		return ArrayOf(), nil
	}
	return e.concatArrays(items), nil
}

// maxRange is how many numbers range gives.
const maxRange = 10_000

func rangeOf(e *Evaluator, args []Value) (Value, error) {
	start, count, err := twoInts(args)
	if err != nil {
		return Value{}, err
	}
	if count > maxRange {
		return Value{}, &LimitError{What: "10000 numbers in one range"}
	}
	if count < 0 || start < math.MinInt32 || start > math.MaxInt32-count {
		return Value{}, argument(1, "a count of 32-bit numbers")
	}
	if !e.Spend(int(count)) {
		return Unknown(), nil
	}
	items := make([]Value, count)
	for i := range items {
		items[i] = Int(start + int64(i))
	}
	return ArrayOf(items...), nil
}

func rangePartial(e *Evaluator, args []Value) (Value, bool) { return e.ofChoice("range", 1, args) }

// fromEnd counts from the end, from 1.
func fromEnd(safe bool) func(*Evaluator, []Value) (Value, error) {
	return func(_ *Evaluator, args []Value) (Value, error) {
		n, err := intArg(args, 1)
		if err != nil {
			return Value{}, err
		}
		items, err := arrayArg(args, 0)
		if err != nil {
			if safe {
				return Null(), nil
			}
			return Value{}, err
		}
		if n >= 1 && n <= int64(len(items)) {
			return items[int64(len(items))-n], nil
		}
		if safe {
			return Null(), nil
		}
		return Value{}, argument(1, "a position in the array")
	}
}

// fromEndPartial is the term that base[^n] is.
func fromEndPartial(e *Evaluator, args []Value) (Value, bool) {
	return e.fromEnd(args[0], args[1]), true
}

// set collects values in their order, each once. Terms that may or may not be
// equal to another value leave it open what the set is.
type set struct {
	items []Value
	known map[string]Value
	terms []Value
	open  bool
}

// maxOpen bounds how many terms of a set are compared one by one.
const maxOpen = 64

func (s *set) add(v Value) {
	if s.open || s.has(v) {
		return
	}
	s.items = append(s.items, v)
	if v.Known() {
		if s.known == nil {
			s.known = map[string]Value{}
		}
		s.known[v.Key()] = v
		return
	}
	s.terms = append(s.terms, v)
}

// has reports whether v is in the set. Where that cannot be said the set is
// open from then on.
func (s *set) has(v Value) bool {
	others := s.terms
	if v.Known() {
		if other, ok := s.known[v.Key()]; ok {
			s.open = !alike(other, v)
			return true
		}
	} else {
		others = s.items
	}
	if len(others) > maxOpen {
		s.open = true
		return false
	}
	for _, other := range others {
		switch same := Equals(other, v); {
		case same.IsTrue():
			return true
		case !same.IsFalse():
			s.open = true
		}
	}
	return false
}

func distinct(e *Evaluator, args []Value) (Value, error) {
	items, err := arrayArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	if !e.Spend(4 * len(items)) {
		return Unknown(), nil
	}
	var s set
	for _, item := range items {
		s.add(item)
	}
	if s.open {
		return Apply("distinct", KindArray, args...), nil
	}
	return ArrayOf(s.items...), nil
}
