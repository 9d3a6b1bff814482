package expr

import (
	"fmt"
	"strconv"
	"strings"
)

// jsonFuncs parse JSON.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-object#json
func jsonFuncs() []Func {
	return []Func{
		{Name: "base64ToJson", MinArgs: 1, MaxArgs: 1, Eval: base64ToJSON},
		{Name: "json", MinArgs: 1, MaxArgs: 1, Eval: parseJSON, Partial: jsonPartial},
	}
}

// maxJSONDepth bounds how deep parsed and written JSON nests.
const maxJSONDepth = 100

func parseJSON(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	return e.parseJSON(s)
}

func base64ToJSON(e *Evaluator, args []Value) (Value, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	if s, err = decodeBase64(s); err != nil {
		return Value{}, err
	}
	return e.parseJSON(s)
}

// jsonPartial undoes string() of something that is not a string.
func jsonPartial(_ *Evaluator, args []Value) (Value, bool) {
	t := args[0].Term()
	if t == nil || t.Op != "string" || len(t.Args) != 1 {
		return Value{}, false
	}
	k := TypeOf(t.Args[0])
	return t.Args[0], k == KindArray || k == KindObject || k == KindInt
}

// number is a number as JSON writes it. Templates compute with whole numbers
// only; any other is itself and nothing more.
func number(s string) Value {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return Int(n)
	}
	if f, err := strconv.ParseFloat(s[:min(len(s), maxDigits)], 64); err == nil && len(s) <= maxDigits && strings.ContainsAny(s, ".eE") {
		return fraction(f)
	}
	return Atom(numberAtom+s, KindUnknown)
}

// numberAtom is how the names of numbers begin that are no [KindInt].
const numberAtom = "number "

// fraction is a number with a fraction, which may be 0. Numbers that are equal
// are the same atom, however they are written.
func fraction(f float64) Value {
	return Atom(numberAtom+strconv.FormatFloat(f, 'f', -1, 64), KindUnknown)
}

// decimal is how a number with a fraction reads inside a text, and whether v is
// one that every version of .NET writes alike: with no exponent and in no more
// than the 15 digits that all of them give. Whether 1.0 reads "1" or "1.0" is
// not documented.
func decimal(v Value) (string, bool) {
	t := v.Term()
	if t == nil || t.Op != OpAtom {
		return "", false
	}
	s, ok := strings.CutPrefix(t.Name, numberAtom)
	if !ok || !isNumber(s) {
		return "", false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return "", false
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	return s, fraction != "" && len(digits) <= 15 && (whole != "0" || !strings.HasPrefix(fraction, "0000"))
}

// json writes a known value as JSON without white space.
func (e *Evaluator) json(v Value) (string, error) {
	var b strings.Builder
	if err := e.writeJSON(&b, v, maxJSONDepth); err != nil {
		return "", err
	}
	return b.String(), nil
}

func (e *Evaluator) writeJSON(b *strings.Builder, v Value, depth int) error {
	if b.Len() > MaxText {
		return textLimit()
	}
	if !e.Spend(1) {
		return errArgument
	}
	switch v.kind {
	case KindNull:
		b.WriteString("null")
	case KindBool, KindInt:
		b.WriteString(v.Key())
	case KindString:
		writeJSONString(b, v.str)
	case KindArray, KindObject:
		if depth == 0 {
			return &LimitError{What: fmt.Sprintf("%d levels of JSON", maxJSONDepth)}
		}
		return e.writeComposite(b, v, depth-1)
	default:
		return errArgument
	}
	return nil
}

func (e *Evaluator) writeComposite(b *strings.Builder, v Value, depth int) error {
	if v.kind == KindArray {
		b.WriteByte('[')
		for i, item := range v.Items() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := e.writeJSON(b, item, depth); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	}
	b.WriteByte('{')
	for i, f := range v.Fields() {
		if i > 0 {
			b.WriteByte(',')
		}
		writeJSONString(b, f.Key)
		b.WriteByte(':')
		if err := e.writeJSON(b, f.Value, depth); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// writeJSONString escapes what JSON must escape and nothing else, as
// Newtonsoft.Json does.
func writeJSONString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r < 0x20 || r == 0x85 || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}
