package expr

import (
	"cmp"
	"slices"
)

// Equals compares two values as equals() and == do: strings with case.
func Equals(a, b Value) Value {
	if Identical(a, b) {
		if !alike(a, b) {
			return Unknown()
		}
		return Bool(true)
	}
	if a.Known() && b.Known() {
		return Bool(false) // Identical has spoken
	}
	if j, k := TypeOf(a), TypeOf(b); j != k && certain(j) && certain(k) {
		return Bool(false)
	}
	for _, p := range [][2]Value{{a, b}, {b, a}} {
		if v, ok := equalsShape(p[0], p[1]); ok {
			return v
		}
	}
	if textual(a) && textual(b) && SameText(a, b) == False {
		return Bool(false)
	}
	args := []Value{a, b}
	slices.SortFunc(args, func(x, y Value) int { return cmp.Compare(x.Key(), y.Key()) })
	return Apply("equals", KindBool, args...)
}

// equalsShape decides comparisons that the shape of a decides.
func equalsShape(a, b Value) (Value, bool) {
	t := a.Term()
	if t == nil {
		return Value{}, false
	}
	if known, ok := b.AsBool(); ok && t.typ == KindBool {
		if known {
			return a, true
		}
		return Negate(a), true
	}
	if n, ok := b.AsInt(); ok && n == 0 && t.Op == "length" {
		return Empty(t.Args[0]), true
	}
	if t.Op == OpIf && b.Known() {
		return If(t.Args[0], Equals(t.Args[1], b), Equals(t.Args[2], b)), true
	}
	if s, ok := b.AsString(); ok && s == "" && t.typ == KindString {
		return Empty(a), true
	}
	return Value{}, false
}

// certain reports whether a value of that kind cannot equal one of another.
// What is said to be of a kind may still be null.
func certain(k Kind) bool {
	switch k {
	case KindBool, KindInt, KindString, KindArray, KindObject:
		return true
	case KindUnknown, KindNull, KindTerm, KindFunc:
	}
	return false
}

func textual(v Value) bool { return TypeOf(v) == KindString || v.kind == KindString }

// less is a < b, or a >= b when negated.
func less(a, b Value, negate bool) Value {
	v := lessThan(a, b)
	if negate {
		return Negate(v)
	}
	return v
}

func lessThan(a, b Value) Value {
	if v, ok := lessInt(a, b); ok {
		return v
	}
	if x, ok := a.AsString(); ok {
		if y, ok := b.AsString(); ok {
			order, ok := collate(x, y)
			if !ok {
				return Unknown()
			}
			return Bool(order < 0)
		}
	}
	if a.IsUnknown() || b.IsUnknown() || a.Known() && b.Known() {
		return Unknown()
	}
	if t := a.Term(); t != nil && t.Op == OpIf && b.Known() {
		return If(t.Args[0], lessThan(t.Args[1], b), lessThan(t.Args[2], b))
	}
	if t := b.Term(); t != nil && t.Op == OpIf && a.Known() {
		return If(t.Args[0], lessThan(a, t.Args[1]), lessThan(a, t.Args[2]))
	}
	if Identical(a, b) {
		return Bool(false)
	}
	return Apply("less", KindBool, a, b)
}

// lessInt decides comparisons of numbers that are known, and of a length with what
// only asks whether there is anything.
func lessInt(a, b Value) (Value, bool) {
	x, left := a.AsInt()
	y, right := b.AsInt()
	if left && right {
		return Bool(x < y), true
	}
	if t := b.Term(); left && t != nil && t.Op == "length" && x <= 0 {
		if x < 0 {
			return Bool(true), true
		}
		return Negate(Empty(t.Args[0])), true // 0 < length(x)
	}
	if t := a.Term(); right && t != nil && t.Op == "length" && y <= 1 {
		if y < 1 {
			return Bool(false), true
		}
		return Empty(t.Args[0]), true // length(x) < 1
	}
	return Value{}, false
}

func equalsFolded(a, b Value) Value {
	switch SameName(a, b) {
	case True:
		return Bool(true)
	case False:
		return Bool(false)
	case Maybe:
	}
	return Equals(foldText(a), foldText(b))
}

// foldText keeps the comparison without case apart from the one with case.
func foldText(v Value) Value {
	f := Fold(v)
	if f.Term() != nil {
		return Apply("tolower", KindString, f)
	}
	return f
}
