package expr

import (
	"slices"
	"strings"
)

// member reads a property. Azure refuses to read one that is not there, unless
// the access is a safe one or goes on from a safe one that found nothing.
func (e *Evaluator) member(s Scope, x *Member) Value {
	base := e.Eval(s, x.Base)
	v, ok := e.MemberOf(base, x.Name)
	if !ok && !x.Safe && !afterNothing(x.Base, base) {
		return Unknown()
	}
	return v
}

func (e *Evaluator) index(s Scope, x *Index) Value {
	base, at := e.Eval(s, x.Base), e.Eval(s, x.Index)
	if !e.Spend(base.cost() + at.cost()) {
		return Unknown()
	}
	if x.FromEnd {
		n, okn := at.AsInt()
		length, okl := base.Len()
		if base.kind != KindNull && (!okn || !okl || base.kind != KindArray) {
			return e.fromEnd(base, at)
		}
		at = Int(int64(length) - n)
	}
	if !x.Safe && !afterNothing(x.Base, base) {
		if absent(base, at) {
			return Unknown()
		}
		base, _ = Guarded(base) // where it is nothing, Azure refuses
	}
	return e.IndexOf(base, at)
}

// fromEnd is the element at a position from the end, from 1, of what is not known.
func (e *Evaluator) fromEnd(base, at Value) Value {
	if n, ok := at.AsInt(); ok && n == 1 && base.kind == KindTerm && TypeOf(base) != KindString {
		return e.Apply("last", []Value{base})
	}
	return Apply("fromend", KindUnknown, base, at)
}

// afterNothing reports whether a chain of accesses has come to its end: what
// is read from null is null where an access before was a safe one.
func afterNothing(x Expr, v Value) bool {
	for v.kind == KindNull {
		switch base := x.(type) {
		case *Member:
			if base.Safe {
				return true
			}
			x = base.Base
		case *Index:
			if base.Safe {
				return true
			}
			x = base.Base
		default:
			return false
		}
	}
	return false
}

// absent reports whether a value is known to have nothing at a position.
func absent(base, at Value) bool {
	switch base.kind {
	case KindNull:
		return true
	case KindObject:
		key, ok := at.AsString()
		_, has := base.Field(key)
		return ok && !has
	case KindArray:
		n, ok := at.AsInt()
		return ok && (n < 0 || n >= int64(len(base.Items())))
	default:
	}
	return false
}

// MemberOf is the property of a value: null with false when it is known to
// have none, a term when that is open.
func (e *Evaluator) MemberOf(base Value, name string) (Value, bool) {
	switch base.kind {
	case KindObject:
		if v, ok := base.Field(name); ok {
			return v, true
		}
		return Null(), false
	case KindNull:
		return Null(), false
	case KindTerm:
		t := base.Term()
		if t.handle != nil {
			if v, ok := t.handle.Member(name); ok {
				return v, true
			}
		}
		switch {
		case t.Op == OpIf:
			yes, _ := e.MemberOf(t.Args[1], name)
			no, _ := e.MemberOf(t.Args[2], name)
			return If(t.Args[0], yes, no), true
		case t.Op == "union" && t.typ != KindArray, t.Op == opOverlay:
			return e.memberOfUnion(t, name)
		}
		return Apply(OpMember, KindUnknown, base, String(strings.ToLower(name))), true
	default:
	}
	return Unknown(), false
}

// memberOfUnion reads a property of objects laid over each other: the last
// that has it, as long as everything above is known.
func (e *Evaluator) memberOfUnion(t *Term, name string) (Value, bool) {
	for _, arg := range slices.Backward(t.Args) {
		if arg.kind != KindObject {
			return Apply(OpMember, KindUnknown, termValue(t), String(strings.ToLower(name))), true
		}
		v, ok := arg.Field(name)
		if ok && (v.kind != KindObject || t.Op == opOverlay) { // union merges objects of the same name
			return v, true
		}
		if ok {
			return Apply(OpMember, KindUnknown, termValue(t), String(strings.ToLower(name))), true
		}
	}
	return Null(), false
}

// IndexOf is the element of an array, or the property of an object, that a
// computed position names.
func (e *Evaluator) IndexOf(base, at Value) Value {
	if key, ok := at.AsString(); ok {
		v, _ := e.MemberOf(base, key)
		return v
	}
	switch base.kind {
	case KindArray:
		n, ok := at.AsInt()
		if !ok {
			break
		}
		if items := base.Items(); n >= 0 && n < int64(len(items)) {
			return items[n]
		}
		return Null()
	case KindNull:
		return Null()
	case KindObject:
	case KindTerm:
		t := base.Term()
		if t.handle != nil {
			if v, ok := t.handle.Element(at); ok {
				return v
			}
		}
		if p := at.Term(); p != nil && p.Op == OpPosition && Identical(p.Args[0], e.lengthOf(base)) {
			depth := int64(0)
			if len(p.Args) > 1 {
				depth, _ = p.Args[1].AsInt()
			}
			return e.element(base, int(depth))
		}
		n, ok := at.AsInt()
		switch {
		case t.Op == OpIf && e.Spend(1):
			return If(t.Args[0], e.IndexOf(t.Args[1], at), e.IndexOf(t.Args[2], at))
		case ok && t.Op == OpConcat && t.typ == KindArray && n >= 0 && n < int64(len(t.Args[0].Items())):
			return t.Args[0].Items()[n]
		case ok && t.Op == "split" && len(t.Args) == 2:
			return ElementAt(base, n)
		}
	default:
		return Unknown() // nothing in it has a position
	}
	if base.kind != KindTerm && at.Known() {
		return Unknown()
	}
	return Apply(OpMember, KindUnknown, base, at)
}
