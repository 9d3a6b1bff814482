package arm

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// stringEnd is the offset after the string at start, or the end of its line.
func (c *cleaner) stringEnd(start int) int {
	for i := start + 1; i < len(c.src); i++ {
		switch c.src[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		case '\n', '\r':
			return i
		}
	}
	return len(c.src)
}

// token passes n bytes of a complete token.
func (c *cleaner) token(n int) {
	c.pos += n
	c.broken = -1
}

// str reads a string.
func (c *cleaner) str() bool {
	start := c.pos
	c.token(1)
	for c.pos < len(c.src) {
		switch b := c.src[c.pos]; b {
		case '"':
			c.pos++
			return true
		case '\\':
			if !c.escape() {
				return false
			}
		case '\n', '\r':
			c.broken = start
			c.pos++
		default:
			c.pos++
		}
	}
	c.report(source.Span{Start: start, End: c.lineEnd(start)}, "Unclosed string",
		`The string that begins here has no closing quotation mark. Put a " at its end.`)
	c.broken, c.silent = start, true
	return false
}

// escape reads a backslash and what it stands before. Unknown escapes are kept
// as they are written.
func (c *cleaner) escape() bool {
	start := c.pos
	n := 2
	if start+1 < len(c.src) {
		switch c.src[start+1] {
		case '"', '\\', '/', '\'', 'b', 'f', 'n', 'r', 't':
			c.pos += n
			return true
		case 'u':
			if _, ok := hex4(c.src[start+2:]); ok {
				c.pos += 6
				return true
			}
		default:
			_, size := utf8.DecodeRune(c.src[start+1:])
			n = 1 + size
		}
	}
	where := source.Span{Start: start, End: min(start+n, len(c.src))}
	c.pos = where.End
	return c.report(where, "Unknown escape sequence", fmt.Sprintf(
		`Found %s in a string. Write a backslash as "\\", or use one of \" \\ \/ \b \f \n \r \t \u0000.`, c.quote(where)))
}

// scalar reads a number, true, false or null, and passes over a word that is
// none of them.
func (c *cleaner) scalar() bool {
	start := c.pos
	end := c.wordEnd(start)
	if end == start {
		c.unexpected("a value", nil)
		return false
	}
	word := c.src[start:end]
	c.token(len(word))
	switch string(word) {
	case "true", "false", "null":
		return true
	}
	if isNumber(word) {
		return true
	}
	where := source.Span{Start: start, End: end}
	c.patches = append(c.patches, patch{Span: where, with: '0'})
	return c.report(where, "Unexpected "+c.quote(where), fmt.Sprintf(
		"Found %s where a value was expected. Write text in double quotation marks; other values are numbers, true, false and null.", c.quote(where)))
}

// wordEnd is where the word at start ends: a bare one, or one in single
// quotation marks on one line.
func (c *cleaner) wordEnd(start int) int {
	if c.src[start] == '\'' {
		for i := start + 1; i < len(c.src) && c.src[i] != '\n' && c.src[i] != '\r'; i++ {
			if c.src[i] == '\'' {
				return i + 1
			}
		}
		return start
	}
	i := start
	for i < len(c.src) {
		b := c.src[i]
		if b < utf8.RuneSelf && !isWordByte(b) {
			break
		}
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(c.src[i:])
			if !unicode.IsLetter(r) {
				break
			}
			i += size
			continue
		}
		i++
	}
	return i
}

func isWordByte(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' ||
		b == '_' || b == '$' || b == '+' || b == '-' || b == '.'
}

// isNumber reports whether a word is a number by JSON's grammar.
// https://www.rfc-editor.org/rfc/rfc8259#section-6
func isNumber(w []byte) bool {
	w = bytes.TrimPrefix(w, []byte("-"))
	whole := digits(w)
	if whole == 0 || whole > 1 && w[0] == '0' {
		return false
	}
	w = w[whole:]
	if len(w) > 0 && w[0] == '.' {
		n := digits(w[1:])
		if n == 0 {
			return false
		}
		w = w[1+n:]
	}
	if len(w) > 0 && w[0]|0x20 == 'e' {
		w = w[1:]
		if len(w) > 0 && (w[0] == '+' || w[0] == '-') {
			w = w[1:]
		}
		n := digits(w)
		return n > 0 && n == len(w)
	}
	return len(w) == 0
}

func digits(w []byte) int {
	n := 0
	for n < len(w) && '0' <= w[n] && w[n] <= '9' {
		n++
	}
	return n
}

// space passes over white space and comments.
func (c *cleaner) space() {
	for c.pos < len(c.src) {
		switch b := c.src[c.pos]; b {
		case ' ', '\n', '\r', '\t':
			c.pos++
		case '/':
			end, ok := commentEnd(c.src, c.pos)
			if end == c.pos {
				return
			}
			if !ok {
				c.report(source.Span{Start: c.pos, End: c.lineEnd(c.pos)}, "Unclosed comment",
					`The comment that begins here has no end. Put a "*/" at its end.`)
				c.silent = true
				c.lose(c.pos, end)
			}
			c.comment(source.Span{Start: c.pos, End: end})
		default:
			n := exoticSpace(c.src[c.pos:])
			if n == 0 && c.conflict() {
				continue
			}
			if n == 0 {
				return
			}
			c.blank(c.pos, c.pos+n)
			c.pos += n
		}
	}
}

func (c *cleaner) comment(s source.Span) {
	if len(c.markers) < maxMarkers && indexFold(c.src[s.Start:s.End], template.SuppressionMarker) >= 0 {
		c.markers = append(c.markers, s)
	}
	c.blank(s.Start, s.End)
	c.pos = s.End
}

// commentEnd is the offset after the comment at i, or i when there is none. It
// is not ok for a comment that is never closed. The line break after a //
// comment is not part of it.
func commentEnd(src []byte, i int) (end int, ok bool) {
	if i+1 >= len(src) || src[i] != '/' {
		return i, true
	}
	switch src[i+1] {
	case '/':
		if n := bytes.IndexAny(src[i:], "\r\n"); n >= 0 {
			return i + n, true
		}
		return len(src), true
	case '*':
		if n := bytes.Index(src[i+2:], []byte("*/")); n >= 0 {
			return i + n + 4, true
		}
		return len(src), false
	}
	return i, true
}

// exoticSpace is the length of the white space character at the start of b
// that JSON does not know; pages and chats put no-break spaces into templates.
func exoticSpace(b []byte) int {
	if b[0] == '\v' || b[0] == '\f' {
		return 1
	}
	if b[0] < utf8.RuneSelf {
		return 0
	}
	if r, n := utf8.DecodeRune(b); unicode.IsSpace(r) {
		return n
	}
	return 0
}
