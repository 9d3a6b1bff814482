package expr

import (
	"slices"
)

// coalesce is the first value that is not null. Terms that may be null stay.
func coalesce(vs []Value) Value {
	result := Null()
	for _, v := range slices.Backward(vs) {
		result = orElse(v, result)
	}
	return result
}

// orElse is v, or next if v is null.
func orElse(v, next Value) Value {
	switch {
	case v.IsNull():
		return next
	case next.IsNull(), !mayBeNull(v):
		return v
	}
	t := v.Term()
	if t != nil && t.Op == OpIf && (decided(t.Args[1]) || decided(t.Args[2])) {
		return If(t.Args[0], orElse(t.Args[1], next), orElse(t.Args[2], next))
	}
	var args []Value
	for _, part := range []Value{v, next} {
		if t := part.Term(); t != nil && t.Op == "coalesce" {
			args = append(args, t.Args...)
		} else {
			args = append(args, part)
		}
	}
	return Apply("coalesce", KindUnknown, args...)
}

func decided(v Value) bool { return v.IsNull() || !mayBeNull(v) }

func mayBeNull(v Value) bool {
	t := v.Term()
	switch {
	case t == nil:
		return v.IsNull() || v.IsUnknown()
	case t.Op == "coalesce":
		return mayBeNull(t.Args[len(t.Args)-1])
	}
	return t.typ != KindString && t.typ != KindBool && t.typ != KindArray
}
