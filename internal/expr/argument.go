package expr

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// textArg is the i-th argument as a string.
func textArg(args []Value, i int) (string, error) {
	s, ok := args[i].AsString()
	if !ok {
		return "", argument(i, "a string")
	}
	return s, nil
}

// twoTexts are the first two arguments as strings.
func twoTexts(args []Value) (s, t string, err error) {
	if s, err = textArg(args, 0); err != nil {
		return "", "", err
	}
	t, err = textArg(args, 1)
	return s, t, err
}

// intArg is the i-th argument as a number.
func intArg(args []Value, i int) (int64, error) {
	n, ok := args[i].AsInt()
	if !ok {
		return 0, argument(i, "a whole number")
	}
	return n, nil
}

// arrayArg is the i-th argument as the elements of an array.
func arrayArg(args []Value, i int) ([]Value, error) {
	if args[i].kind != KindArray {
		return nil, argument(i, "an array")
	}
	return args[i].Items(), nil
}

// objectArg is the first argument as the properties of an object.
func objectArg(args []Value) ([]Field, error) {
	if args[0].kind != KindObject {
		return nil, argument(0, "an object")
	}
	return args[0].Fields(), nil
}

// made is the string that a function computed, within the limits.
func (e *Evaluator) made(s string) (Value, error) {
	if len(s) > MaxText {
		return Value{}, textLimit()
	}
	// A step for sixteen bytes keeps all texts of one deployment below 64 MiB.
	if !e.Spend(len(s) / 16) {
		return Unknown(), nil
	}
	return String(s), nil
}

// madeArray is the array that a function computed, within the limits.
func (e *Evaluator) madeArray(items []Value) (Value, error) {
	if len(items) > maxElements {
		return Value{}, elementLimit()
	}
	if !e.Spend(len(items)) {
		return Unknown(), nil
	}
	return ArrayOf(items...), nil
}

// madeObject is the object that a function computed, within the limits.
func (e *Evaluator) madeObject(fields []Field) (Value, error) {
	if len(fields) > maxElements {
		return Value{}, elementLimit()
	}
	if !e.Spend(fieldCost * len(fields)) {
		return Unknown(), nil
	}
	return writtenObject(fields), nil
}

// writtenObject is an object as somebody wrote it. Azure keeps names apart that
// differ in case only, and reads the one that is spelled as asked for; such
// names are one here, and what it has is not known.
func writtenObject(fields []Field) Value {
	v := ObjectOf(fields...)
	if n, ok := v.Len(); !ok || n == len(fields) {
		return v
	}
	spelling := make(map[string]string, len(fields))
	for _, f := range v.Fields() {
		spelling[strings.ToLower(f.Key)] = f.Key
	}
	for _, f := range fields {
		if kept := spelling[strings.ToLower(f.Key)]; kept != f.Key {
			fields = append(fields, Field{Key: kept, Value: Unknown()})
		}
	}
	return ObjectOf(fields...)
}

// units is a string as .NET counts and cuts it, in UTF-16 code units.
type units struct {
	text string
	wide []uint16 // nil when every unit is one byte of text
}

func unitsOf(s string) units {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return units{text: s, wide: utf16.Encode([]rune(s))}
		}
	}
	return units{text: s}
}

func (u units) len() int {
	if u.wide != nil {
		return len(u.wide)
	}
	return len(u.text)
}

// slice is the text of the units [from, to). Half of a surrogate pair is not a
// text that can be written down, so cutting one apart is an error.
func (u units) slice(from, to int) (string, error) {
	if u.wide == nil {
		return u.text[from:to], nil
	}
	for _, cut := range []int{from, to} {
		if cut > 0 && cut < len(u.wide) && utf16.IsSurrogate(rune(u.wide[cut-1])) && u.wide[cut]&0xFC00 == 0xDC00 && u.wide[cut-1]&0xFC00 == 0xD800 {
			return "", fmt.Errorf("%w: cuts a character apart", errArgument)
		}
	}
	return string(utf16.Decode(u.wide[from:to])), nil
}

// clamp brings a count into [0, n].
func clamp(count int64, n int) int { return int(min(max(count, 0), int64(n))) }
