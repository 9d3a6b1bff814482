package expr

import (
	"strings"
)

// concatKnown joins strings, or arrays.
func concatKnown(e *Evaluator, args []Value) (Value, error) {
	if args[0].kind == KindArray {
		var items []Value
		for i := range args {
			more, err := arrayArg(args, i)
			if err != nil {
				return Value{}, err
			}
			if items = append(items, more...); len(items) > maxElements {
				return Value{}, elementLimit()
			}
		}
		return e.madeArray(items)
	}
	var b strings.Builder
	for i, a := range args {
		s, ok := Text(a)
		if !ok || a.IsNull() { // null is not documented
			return Value{}, argument(i, "a string")
		}
		if b.WriteString(s); b.Len() > MaxText {
			return Value{}, textLimit()
		}
	}
	return e.made(b.String())
}

func concatPartial(e *Evaluator, args []Value) (Value, bool) {
	text, list := false, false
	for _, a := range args {
		switch TypeOf(a) {
		case KindString, KindInt, KindBool:
			text = true
		case KindArray:
			list = true
		case KindObject, KindNull:
			return Unknown(), true
		default:
		}
	}
	switch {
	case list && text:
		return Unknown(), true // Azure joins texts, or arrays
	case list:
		return e.concatArrays(args), true
	}
	v := e.concat(args)
	if t := v.Term(); !text && t != nil && t.Op == OpConcat {
		// Arrays, for all that is known; names nearly always.
		return Apply(OpConcat, KindUnknown, t.Args...), true
	}
	return v, true
}

func (e *Evaluator) concat(parts []Value) Value {
	// Counted before anything is put together: it might not fit in the memory.
	text, pieces := 0, 0
	for _, p := range parts {
		for _, q := range Parts(p) {
			text += len(q.str)
			pieces++
		}
	}
	if text > MaxText {
		return e.Exceed(textLimit().What)
	}
	if !e.Spend(4*pieces + text/16) {
		return Unknown()
	}
	return Concat(parts...)
}

// concatArrays is the array put together from arrays and terms, in normal
// form: concatenations are flattened, known neighbours are one.
func (e *Evaluator) concatArrays(args []Value) Value {
	var flat, known []Value
	flush := func() {
		if len(known) > 0 {
			flat, known = append(flat, ArrayOf(known...)), nil
		}
	}
	size := 0
	for _, a := range args {
		parts := []Value{a}
		if t := a.Term(); t != nil && t.Op == OpConcat && t.typ == KindArray {
			parts = t.Args
		}
		for _, p := range parts {
			size += 1 + len(p.Items())
			if p.kind == KindArray {
				known = append(known, p.Items()...)
				continue
			}
			flush()
			flat = append(flat, p)
		}
		if size > maxElements {
			return e.Exceed(elementLimit().What)
		}
	}
	flush()
	if !e.Spend(size) {
		return Unknown()
	}
	switch {
	case len(flat) == 0:
		return ArrayOf()
	case len(flat) == 1 && TypeOf(flat[0]) == KindArray:
		return flat[0]
	case len(flat) > maxParts:
		return Apply(opJoined, KindArray, args...)
	}
	return Apply(OpConcat, KindArray, flat...)
}

func join(e *Evaluator, args []Value) (Value, error) {
	items, err := arrayArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	sep, err := textArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	if !e.Spend(len(items)) {
		return Unknown(), nil
	}
	// Known neighbours are joined here: handing them over one by one would copy
	// what is there for every one of them.
	var parts []Value
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteString(sep)
		}
		if s, ok := Text(item); ok && !item.IsNull() {
			b.WriteString(s)
		} else if item.kind == KindTerm || item.kind == KindUnknown {
			parts = append(parts, String(b.String()), item)
			b.Reset()
		} else {
			return Value{}, argument(0, "an array of strings")
		}
		if b.Len() > MaxText {
			return Value{}, textLimit()
		}
	}
	return e.concat(append(parts, String(b.String()))), nil
}

func joinPartial(_ *Evaluator, args []Value) (Value, bool) {
	t := args[0].Term()
	if t != nil && t.Op == "split" && len(t.Args) == 2 && Identical(t.Args[1], args[1]) {
		return t.Args[0], true
	}
	return Value{}, false
}
