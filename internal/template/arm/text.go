package arm

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape is the text of a JSON string, given without its quotation marks,
// byte for byte. Unlike gjson it keeps raw control characters, which Azure
// accepts, and unknown escapes as they are written. If offsets is not nil, it
// gets the offset in raw of every byte of the text, and of its end.
func unescape(raw string, offsets *[]int) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return raw
	}
	text := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		start, size := i, len(text)
		if raw[i] != '\\' || i+1 == len(raw) {
			text = append(text, raw[i])
			i++
		} else {
			text, i = appendEscape(text, raw, i)
		}
		if offsets != nil {
			for range len(text) - size {
				*offsets = append(*offsets, start)
			}
		}
	}
	if offsets != nil {
		*offsets = append(*offsets, len(raw))
	}
	return string(text)
}

// appendEscape adds what the escape at raw[i] stands for and returns the offset
// after it. Half a surrogate pair is U+FFFD.
func appendEscape(text []byte, raw string, i int) ([]byte, int) {
	switch b := raw[i+1]; b {
	case '"', '\\', '/', '\'':
		return append(text, b), i + 2
	case 'b':
		return append(text, '\b'), i + 2
	case 'f':
		return append(text, '\f'), i + 2
	case 'n':
		return append(text, '\n'), i + 2
	case 'r':
		return append(text, '\r'), i + 2
	case 't':
		return append(text, '\t'), i + 2
	case 'u':
		r, ok := hex4(raw[i+2:])
		if !ok {
			break
		}
		i += 6
		if utf16.IsSurrogate(r) {
			if low, ok := lowSurrogate(raw[i:]); ok {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					return utf8.AppendRune(text, pair), i + 6
				}
			}
		}
		return utf8.AppendRune(text, r), i
	}
	return append(text, '\\'), i + 1
}

func lowSurrogate(raw string) (rune, bool) {
	if !strings.HasPrefix(raw, `\u`) {
		return 0, false
	}
	return hex4(raw[2:])
}

// hex4 reads four hexadecimal digits.
func hex4[T string | []byte](s T) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for i := range 4 {
		b := s[i]
		switch {
		case '0' <= b && b <= '9':
			b -= '0'
		case 'a' <= b|0x20 && b|0x20 <= 'f':
			b = b | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(b)
	}
	return r, true
}

// indexFold is where an ASCII text in lower case begins in b in any case, or -1.
func indexFold[T string | []byte](b T, lower string) int {
	for i := 0; i+len(lower) <= len(b); i++ {
		if b[i]|0x20 == lower[0]|0x20 && equalFold(b[i:i+len(lower)], lower) {
			return i
		}
	}
	return -1
}

// equalFold compares with an ASCII text in lower case, ignoring the case of
// ASCII letters. It allocates nothing, which strings.EqualFold would for bytes.
func equalFold[T string | []byte](b T, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range len(lower) {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
