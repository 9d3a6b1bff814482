package expr

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonReader reads JSON as the engine does, which is more than the standard
// has: single quotation marks, names without any, comments and a comma after
// the last element.
// https://www.newtonsoft.com/json/help/html/T_Newtonsoft_Json_JsonTextReader.htm
type jsonReader struct {
	e    *Evaluator
	text string
	pos  int
	// loaded says that Bicep reads the JSON, and writes its numbers anew.
	loaded bool
}

// LoadJSON is the value of a JSON file as Bicep puts it into a template: 1.0 is
// 1 there. It is unknown where the text is no JSON.
func (e *Evaluator) LoadJSON(text string) Value {
	return e.answer(e.readJSON(text, true))
}

func (e *Evaluator) parseJSON(s string) (Value, error) { return e.readJSON(s, false) }

func (e *Evaluator) readJSON(s string, loaded bool) (Value, error) {
	if !e.Spend(len(s) / 16) {
		return Unknown(), nil
	}
	r := &jsonReader{e: e, text: s, loaded: loaded}
	v, err := r.value(maxJSONDepth)
	if err != nil {
		return Value{}, err
	}
	if c := r.next(); c != 0 || r.pos < len(r.text) {
		return Value{}, r.refuse("the end")
	}
	return v, nil
}

func (r *jsonReader) refuse(want string) error {
	return fmt.Errorf("%w: JSON without %s at %d", errArgument, want, r.pos)
}

// next skips white space and comments; it is the byte that follows, or 0 at
// the end.
func (r *jsonReader) next() byte {
	for r.pos < len(r.text) {
		rest := r.text[r.pos:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			r.pos++
		case strings.HasPrefix(rest, "//"):
			if end := strings.IndexAny(rest, "\r\n"); end >= 0 {
				r.pos += end
			} else {
				r.pos = len(r.text)
			}
		case strings.HasPrefix(rest, "/*") && strings.Contains(rest[2:], "*/"):
			r.pos += 2 + strings.Index(rest[2:], "*/") + 2
		default:
			return rest[0]
		}
	}
	return 0
}

func (r *jsonReader) value(depth int) (Value, error) {
	if !r.e.Spend(2) { // a value takes more memory than what most steps leave behind
		return Unknown(), errArgument
	}
	switch c := r.next(); c {
	case '{', '[':
		if depth == 0 {
			return Value{}, &LimitError{What: fmt.Sprintf("%d levels of JSON", maxJSONDepth)}
		}
		r.pos++
		if c == '[' {
			return r.array(depth - 1)
		}
		return r.object(depth - 1)
	case '"', '\'':
		s, err := r.str()
		return String(s), err
	default:
		return r.scalar()
	}
}

func (r *jsonReader) array(depth int) (Value, error) {
	var items []Value
	for r.next() != ']' {
		v, err := r.value(depth)
		if err != nil {
			return Value{}, err
		}
		if items = append(items, v); !r.separator(']') {
			return Value{}, r.refuse(`"," or "]"`)
		}
	}
	r.pos++
	return r.e.madeArray(items)
}

// separator passes a comma; it is false where neither one follows nor the end.
func (r *jsonReader) separator(end byte) bool {
	c := r.next()
	if c == ',' {
		r.pos++
		return true
	}
	return c == end
}

func (r *jsonReader) object(depth int) (Value, error) {
	var fields []Field
	for r.next() != '}' {
		key, err := r.key()
		if err != nil {
			return Value{}, err
		}
		if r.next() != ':' {
			return Value{}, r.refuse(`":"`)
		}
		r.pos++
		v, err := r.value(depth)
		if err != nil {
			return Value{}, err
		}
		if fields = append(fields, Field{Key: key, Value: v}); !r.separator('}') {
			return Value{}, r.refuse(`"," or "}"`)
		}
	}
	r.pos++
	return r.e.madeObject(fields)
}

func (r *jsonReader) key() (string, error) {
	if c := r.next(); c == '"' || c == '\'' {
		return r.str()
	}
	word := r.word("_$")
	if word == "" {
		return "", r.refuse("a name")
	}
	return word, nil
}

// word takes the letters and digits that follow, and some other characters.
func (r *jsonReader) word(others string) string {
	start := r.pos
	for r.pos < len(r.text) && (alphanumeric(r.text[r.pos]) || strings.IndexByte(others, r.text[r.pos]) >= 0) {
		r.pos++
	}
	return r.text[start:r.pos]
}

func (r *jsonReader) scalar() (Value, error) {
	switch word := r.word("+-."); {
	case word == "null":
		return Null(), nil
	case word == "true", word == "false":
		return Bool(word == "true"), nil
	case isNumber(word):
		// Bicep writes a float as .NET does, with no point where it has no fraction:
		// https://github.com/Azure/bicep/blob/main/src/Bicep.Core/Semantics/Namespaces/SystemNamespaceType.cs
		if f, err := strconv.ParseFloat(word, 64); r.loaded && err == nil && f == math.Trunc(f) && math.Abs(f) < 1e15 {
			return Int(int64(f)), nil
		}
		return number(word), nil
	}
	return Value{}, r.refuse("a value")
}

// isNumber reports whether a word is a number of standard JSON; what the engine
// makes of others, such as 010, is left to it.
func isNumber(s string) bool {
	digits := func() int {
		n := len(s) - len(strings.TrimLeft(s, "0123456789"))
		s = s[n:]
		return n
	}
	s = strings.TrimPrefix(s, "-")
	zero := strings.HasPrefix(s, "0")
	if n := digits(); n == 0 || zero && n > 1 {
		return false
	}
	if fraction, ok := strings.CutPrefix(s, "."); ok {
		if s = fraction; digits() == 0 {
			return false
		}
	}
	if s != "" && s[0]|0x20 == 'e' {
		if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if digits() == 0 {
			return false
		}
	}
	return s == ""
}

// str reads a string in quotation marks of either kind.
func (r *jsonReader) str() (string, error) {
	quote := r.text[r.pos]
	r.pos++
	var b strings.Builder
	for r.pos < len(r.text) {
		c := r.text[r.pos]
		r.pos++
		switch c {
		case quote:
			return b.String(), nil
		case '\\':
			u, err := r.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(u)
		default:
			b.WriteByte(c)
		}
	}
	return "", r.refuse("the end of a string")
}

func (r *jsonReader) escape() (rune, error) {
	if r.pos >= len(r.text) {
		return 0, r.refuse("the end of a string")
	}
	c := r.text[r.pos]
	r.pos++
	if c == 'u' {
		return r.codePoint()
	}
	const names, meanings = `btnfr\"'/`, "\b\t\n\f\r\\\"'/"
	if i := strings.IndexByte(names, c); i >= 0 {
		return rune(meanings[i]), nil
	}
	return 0, r.refuse("an escape")
}

// codePoint reads the four digits of an escape, and the escape that follows
// where the two make one character.
func (r *jsonReader) codePoint() (rune, error) {
	unit := func() (rune, bool) {
		if r.pos+4 > len(r.text) {
			return 0, false
		}
		n, err := strconv.ParseUint(r.text[r.pos:r.pos+4], 16, 16)
		r.pos += 4
		return rune(n), err == nil
	}
	u, ok := unit()
	if ok && utf16.IsSurrogate(u) && strings.HasPrefix(r.text[r.pos:], `\u`) {
		r.pos += 2
		var low rune
		low, ok = unit()
		u = utf16.DecodeRune(u, low)
		ok = ok && u != utf8.RuneError
	}
	if !ok || utf16.IsSurrogate(u) {
		return 0, r.refuse("a character")
	}
	return u, nil
}
