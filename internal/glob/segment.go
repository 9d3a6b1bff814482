package glob

import (
	"strings"
	"unicode"
)

func compileSegment(text []rune) (segment, error) {
	s := segment{}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '*':
			if n := len(s); n == 0 || s[n-1].kind != star {
				s = append(s, token{kind: star})
			}
		case '?':
			s = append(s, token{kind: anyOne})
		case '\\':
			if i++; i == len(text) {
				return nil, errBackslash
			}
			s = append(s, token{char: text[i]})
		case '[':
			t, n, err := compileSet(text[i:])
			if err != nil {
				return nil, err
			}
			s = append(s, t)
			i += n - 1
		default:
			s = append(s, token{char: text[i]})
		}
	}
	return s, nil
}

// compileSet reads a set in brackets and the number of its characters.
func compileSet(text []rune) (t token, n int, err error) {
	t.kind = oneOf
	n = 1
	if n < len(text) && (text[n] == '!' || text[n] == '^') {
		t.negate = true
		n++
	}
	for first := true; n < len(text); first = false {
		if text[n] == ']' && !first { // a ] that comes first is one of the set
			return t, n + 1, nil
		}
		if name, size := className(text[n:]); size > 0 {
			class := classOf(name)
			if class == nil {
				return t, 0, errClass
			}
			t.set = append(t.set, charRange{class: class})
			n += size
			continue
		}
		r, size, err := compileRange(text[n:])
		if err != nil {
			return t, 0, err
		}
		t.set = append(t.set, r)
		n += size
	}
	return t, 0, errBracket
}

// compileRange reads "a", or "a-z" unless the - comes last.
func compileRange(text []rune) (r charRange, n int, err error) {
	lo, n, err := setMember(text)
	if err != nil {
		return r, 0, err
	}
	if len(text) <= n+1 || text[n] != '-' || text[n+1] == ']' {
		return charRange{lo: lo, hi: lo}, n, nil
	}
	hi, size, err := setMember(text[n+1:])
	if err != nil {
		return r, 0, err
	}
	if hi < lo {
		return r, 0, errRange
	}
	return charRange{lo: lo, hi: hi}, n + 1 + size, nil
}

func setMember(text []rune) (r rune, n int, err error) {
	if text[0] != '\\' {
		return text[0], 1, nil
	}
	if len(text) == 1 {
		return 0, 0, errBackslash
	}
	return text[1], 2, nil
}

// className is the x of a [:x:] that the text begins with, and the size of
// the whole; 0 when it begins with something else.
func className(text []rune) (name string, n int) {
	if len(text) < 2 || text[0] != '[' || text[1] != ':' {
		return "", 0
	}
	inner, _, ok := strings.Cut(string(text[2:]), ":]")
	if !ok || strings.ContainsAny(inner, "[]") {
		return "", 0
	}
	return inner, len(characters(inner)) + 4
}

// classOf finds a class of POSIX by name; in gitignore these are of ASCII.
func classOf(name string) func(rune) bool {
	within := func(in func(rune) bool) func(rune) bool {
		return func(r rune) bool { return r <= unicode.MaxASCII && in(r) }
	}
	switch name {
	case "alpha":
		return within(unicode.IsLetter)
	case "digit":
		return within(unicode.IsDigit)
	case "alnum":
		return within(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	case "lower":
		return within(unicode.IsLower)
	case "upper":
		return within(unicode.IsUpper)
	case "space":
		return within(unicode.IsSpace)
	case "blank":
		return func(r rune) bool { return r == ' ' || r == '\t' }
	case "punct":
		return within(func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) })
	case "cntrl":
		return within(unicode.IsControl)
	case "print":
		return within(unicode.IsPrint)
	case "graph":
		return within(func(r rune) bool { return unicode.IsPrint(r) && r != ' ' })
	case "xdigit":
		return within(func(r rune) bool { return unicode.Is(unicode.Hex_Digit, r) })
	}
	return nil
}
