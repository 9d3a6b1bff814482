package expr

import "strings"

// indexOf is the position of the first or last occurrence, -1 when there is
// none. In a string the case is ignored, in an array it is not.
func indexOf(fromEnd bool) func(*Evaluator, []Value) (Value, error) {
	return func(e *Evaluator, args []Value) (Value, error) {
		if args[0].kind == KindArray {
			v, ok := e.indexIn(args[0].Items(), args[1], fromEnd)
			if !ok {
				return openIndex(args, fromEnd), nil
			}
			return v, nil
		}
		s, t, err := twoTexts(args)
		if err != nil {
			return Value{}, err
		}
		if !e.Spend((len(s) + len(t)) / 16) {
			return Unknown(), nil
		}
		if fromEnd && t == "" { // the end or the last character, by the version of .NET
			return Value{}, argument(1, "a text to look for")
		}
		s, t = upper(s), upper(t)
		at := strings.Index(s, t)
		if fromEnd {
			at = strings.LastIndex(s, t)
		}
		if at < 0 {
			return Int(-1), nil
		}
		return Int(int64(unitsOf(s[:at]).len())), nil
	}
}

func openIndex(args []Value, fromEnd bool) Value {
	if fromEnd {
		return Apply("lastindexof", KindInt, args...)
	}
	return Apply("indexof", KindInt, args...)
}

// indexIn finds an element; false when that depends on what is not known.
func (e *Evaluator) indexIn(items []Value, item Value, fromEnd bool) (Value, bool) {
	if !e.Spend(4 * len(items)) {
		return Unknown(), true
	}
	for i := range items {
		at := i
		if fromEnd {
			at = len(items) - 1 - i
		}
		switch same := Equals(items[at], item); {
		case same.IsTrue():
			return Int(int64(at)), true
		case !same.IsFalse():
			return Value{}, false
		}
	}
	return Int(-1), true
}

// indexPartial looks for a term in a known array.
func indexPartial(op Op, fromEnd bool) func(*Evaluator, []Value) (Value, bool) {
	return func(e *Evaluator, args []Value) (Value, bool) {
		if args[0].kind == KindArray {
			if v, ok := e.indexIn(args[0].Items(), args[1], fromEnd); ok {
				return v, true
			}
		}
		return Apply(op, KindInt, args...), true
	}
}

func contains(e *Evaluator, args []Value) (Value, error) {
	switch args[0].kind {
	case KindArray:
		return e.containsElement(args), nil
	case KindObject:
		key, err := textArg(args, 1)
		if err != nil {
			return Value{}, err
		}
		_, has := args[0].Field(key)
		return Bool(has), nil
	case KindString:
		s, err := textArg(args, 1)
		if err != nil {
			return Value{}, err
		}
		if !e.Spend((len(args[0].str) + len(s)) / 16) {
			return Unknown(), nil
		}
		return Bool(strings.Contains(args[0].str, s)), nil
	default:
	}
	return Value{}, argument(0, "an array, an object or a string")
}

// maxAlternatives bounds how many elements an open "contains" is spelled out
// for, as item == a || item == b.
const maxAlternatives = 16

func (e *Evaluator) containsElement(args []Value) Value {
	items := args[0].Items()
	if !e.Spend(4 * len(items)) {
		return Unknown()
	}
	var open []Value
	for _, item := range items {
		same := Equals(item, args[1])
		if same.IsTrue() {
			return same
		}
		if !same.IsFalse() {
			open = append(open, same)
		}
	}
	if len(open) > maxAlternatives {
		return Apply("contains", KindBool, args...)
	}
	return Or(open...)
}

func containsPartial(e *Evaluator, args []Value) (Value, bool) {
	switch args[0].kind {
	case KindArray:
		return e.containsElement(args), true
	case KindTerm:
		return e.containsInTerm(args[0].Term(), args)
	default:
	}
	return Value{}, false
}

// containsInTerm decides as much as the known parts decide.
func (e *Evaluator) containsInTerm(t *Term, args []Value) (Value, bool) {
	switch {
	case !e.Spend(1):
		return Unknown(), true
	case t.Op == OpIf:
		return If(t.Args[0],
			e.Apply("contains", []Value{t.Args[1], args[1]}),
			e.Apply("contains", []Value{t.Args[2], args[1]})), true
	case t.Op == OpConcat, t.Op == "union":
		for _, part := range t.Args {
			if part.kind == KindTerm || part.kind == KindUnknown {
				continue
			}
			if e.Apply("contains", []Value{part, args[1]}).IsTrue() {
				return Bool(true), true
			}
		}
	}
	return Value{}, false
}
