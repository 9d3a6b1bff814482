package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lower and upper are .NET's ToLowerInvariant and ToUpperInvariant: character
// by character, and nothing outside ASCII becomes a letter of ASCII.
func lower(s string) string { return strings.Map(invariant(unicode.ToLower), s) }

func upper(s string) string { return strings.Map(invariant(unicode.ToUpper), s) }

func invariant(mapping func(rune) rune) func(rune) rune {
	return func(r rune) rune {
		if to := mapping(r); r < utf8.RuneSelf || to >= utf8.RuneSelf {
			return to
		}
		return r
	}
}

func cased(mapping func(string) string) func(*Evaluator, []Value) (Value, error) {
	return func(e *Evaluator, args []Value) (Value, error) {
		s, err := textArg(args, 0)
		if err != nil {
			return Value{}, err
		}
		if strings.ContainsAny(s, doubtful) {
			return Value{}, argument(0, "a text whose case is beyond doubt")
		}
		return e.made(mapping(s))
	}
}

// doubtful are the characters, the Kelvin sign and the long s, that become
// letters of ASCII on some systems that .NET runs on and on others not.
const doubtful = "\u212a\u017f"

// casedPartial changes the case of each part of a text by itself, so that it
// does not matter where in an expression it is changed.
func casedPartial(op Op, mapping func(string) string) func(*Evaluator, []Value) (Value, bool) {
	return func(e *Evaluator, args []Value) (Value, bool) {
		return e.caseTerm(op, mapping, args[0]), true
	}
}

func (e *Evaluator) caseTerm(op Op, mapping func(string) string, v Value) Value {
	if s, ok := v.AsString(); ok && !strings.ContainsAny(s, doubtful) {
		return String(mapping(s))
	}
	t := v.Term()
	if t == nil || !e.Spend(1) || !e.Enter() {
		return Apply(op, KindString, v)
	}
	defer e.Leave()
	switch {
	case t.Op == op && len(t.Args) == 1:
		return v
	case t.Op == OpConcat && t.typ != KindArray:
		parts := make([]Value, len(t.Args))
		for i, p := range t.Args {
			parts[i] = p
			if TypeOf(p) != KindInt {
				parts[i] = e.caseTerm(op, mapping, p)
			}
		}
		return e.concat(parts)
	case t.Op == OpIf && t.typ == KindString:
		return If(t.Args[0], e.caseTerm(op, mapping, t.Args[1]), e.caseTerm(op, mapping, t.Args[2]))
	}
	return Apply(op, KindString, v)
}
