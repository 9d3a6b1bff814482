package expr

import (
	"strings"
	"unicode"
)

// stringFuncs are the functions on strings that give a string or a truth.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string
func stringFuncs() []Func {
	return []Func{
		{Name: "base64", MinArgs: 1, MaxArgs: 1, Eval: base64Encode, Result: KindString},
		{Name: "base64ToString", MinArgs: 1, MaxArgs: 1, Eval: base64Decode, Result: KindString},
		{Name: "concat", MinArgs: 1, MaxArgs: -1, Shallow: true, Eval: concatKnown, Partial: concatPartial},
		{Name: "dataUri", MinArgs: 1, MaxArgs: 1, Eval: dataURI, Result: KindString},
		{Name: "dataUriToString", MinArgs: 1, MaxArgs: 1, Eval: dataURIToString, Result: KindString},
		{Name: "endsWith", MinArgs: 2, MaxArgs: 2, Eval: endsWith, Partial: endsWithPartial, Result: KindBool},
		{Name: "format", MinArgs: 1, MaxArgs: -1, Eval: format, Partial: formatPartial, Result: KindString},
		{Name: "join", MinArgs: 2, MaxArgs: 2, Shallow: true, Eval: join, Partial: joinPartial, Result: KindString},
		{Name: "like", MinArgs: 2, MaxArgs: 2, Eval: like, Result: KindBool},
		{Name: "padLeft", MinArgs: 2, MaxArgs: 3, Eval: padLeft, Result: KindString},
		{Name: "replace", MinArgs: 3, MaxArgs: 3, Eval: replace, Result: KindString},
		{Name: "split", MinArgs: 2, MaxArgs: 2, Eval: split, Partial: splitPartial, Result: KindArray},
		{Name: "startsWith", MinArgs: 2, MaxArgs: 2, Eval: startsWith, Partial: startsWithPartial, Result: KindBool},
		{Name: "string", MinArgs: 1, MaxArgs: 1, Eval: stringify, Partial: stringPartial, Result: KindString},
		{Name: "substring", MinArgs: 2, MaxArgs: 3, Eval: substring, Partial: substringPartial, Result: KindString},
		{Name: "toLower", MinArgs: 1, MaxArgs: 1, Eval: cased(lower), Partial: casedPartial("tolower", lower), Result: KindString},
		{Name: "toUpper", MinArgs: 1, MaxArgs: 1, Eval: cased(upper), Partial: casedPartial("toupper", upper), Result: KindString},
		{Name: "trim", MinArgs: 1, MaxArgs: 1, Eval: trim, Partial: idempotent("trim"), Result: KindString},
	}
}

// maxPad is the length that padLeft accepts.
const maxPad = 16

func padLeft(e *Evaluator, args []Value) (Value, error) {
	s, ok := Text(args[0])
	if !ok || args[0].kind != KindString && args[0].kind != KindInt {
		return Value{}, argument(0, "a string or a whole number")
	}
	n, err := intArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	if n < 1 || n > maxPad {
		return Value{}, argument(1, "a length from 1 to 16")
	}
	pad := " "
	if len(args) > 2 {
		if pad, err = textArg(args, 2); err != nil {
			return Value{}, err
		}
	}
	if unitsOf(pad).len() != 1 {
		return Value{}, argument(2, "a single character")
	}
	return e.made(strings.Repeat(pad, max(0, int(n)-unitsOf(s).len())) + s)
}

func replace(e *Evaluator, args []Value) (Value, error) {
	var s [3]string
	for i := range s {
		var err error
		if s[i], err = textArg(args, i); err != nil {
			return Value{}, err
		}
	}
	if s[1] == "" {
		return Value{}, argument(1, "a text to look for")
	}
	if n := strings.Count(s[0], s[1]); len(s[0])+n*(len(s[2])-len(s[1])) > MaxText {
		return Value{}, textLimit()
	}
	return e.made(strings.ReplaceAll(s[0], s[1], s[2]))
}

func stringify(e *Evaluator, args []Value) (Value, error) {
	switch args[0].kind {
	case KindString, KindInt, KindBool:
		s, _ := Text(args[0])
		return String(s), nil
	case KindArray, KindObject:
		s, err := e.json(args[0])
		if err != nil {
			return Value{}, err
		}
		return e.made(s)
	default:
	}
	return Value{}, argument(0, "a value with a text")
}

func stringPartial(_ *Evaluator, args []Value) (Value, bool) {
	if TypeOf(args[0]) == KindString {
		return args[0], true
	}
	s, ok := decimal(args[0])
	return String(s), ok
}

func substring(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	from, err := intArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	u := unitsOf(s)
	if from < 0 || from > int64(u.len()) {
		return Value{}, argument(1, "a position in the string")
	}
	n := int64(u.len()) - from
	if len(args) > 2 {
		if n, err = intArg(args, 2); err != nil {
			return Value{}, err
		}
	}
	if n < 0 || n > int64(u.len())-from {
		return Value{}, argument(2, "a length within the string")
	}
	cut, err := u.slice(int(from), int(from+n))
	if err != nil {
		return Value{}, err
	}
	return e.made(cut)
}

// substringPartial cuts out of the literal that a text begins with.
func substringPartial(e *Evaluator, args []Value) (Value, bool) {
	head, ok := leadingLiteral(args[0])
	if !ok || len(args) < 3 {
		return Value{}, false
	}
	v, err := substring(e, []Value{head, args[1], args[2]})
	return v, err == nil
}

// leadingLiteral is the known beginning of a text that is not wholly known.
func leadingLiteral(v Value) (Value, bool) {
	parts := Parts(v)
	if len(parts) < 2 || parts[0].kind != KindString {
		return Value{}, false
	}
	return parts[0], true
}

func trim(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	return e.made(strings.TrimFunc(s, unicode.IsSpace))
}

// idempotent leaves out the second of two applications of one function.
func idempotent(op Op) func(*Evaluator, []Value) (Value, bool) {
	return func(_ *Evaluator, args []Value) (Value, bool) {
		if t := args[0].Term(); t != nil && t.Op == op {
			return args[0], true
		}
		return Value{}, false
	}
}
