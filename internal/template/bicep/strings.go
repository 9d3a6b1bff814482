package bicep

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// openString reads from an opening quote to the end of the string or to its
// first hole.
func (l *lexer) openString(start int) {
	if l.peek(1) == '\'' && l.peek(2) == '\'' {
		l.pos += 3
		l.multilineSegment(start, true, 0)
		return
	}
	l.pos++
	l.segment(start, true)
}

// resumeString goes on with the innermost string after one of its holes.
func (l *lexer) resumeString(start int) {
	if top := l.holes[len(l.holes)-1]; top.multi {
		l.multilineSegment(start, false, top.dollars)
		return
	}
	l.segment(start, false)
}

// closeHole ends the innermost hole at a line break or at the end of the file:
// an interpolation is on one line, also in a string of several. It reports
// whether there was one to end; it is called until there is none. A string on
// one line ends there too, with an empty right piece; one of several goes on
// with its text. So every left piece has its right piece, whatever the input.
func (l *lexer) closeHole() bool {
	if len(l.holes) == 0 {
		return false
	}
	l.report.add(source.Span{Start: l.pos, End: l.pos}, "Unterminated interpolation",
		`The line ends inside "${". Close the interpolation with "}" on the same line.`)
	top := l.holes[len(l.holes)-1]
	if !top.multi {
		l.holes = l.holes[:len(l.holes)-1]
		l.add(StringRight, l.pos, broken)
		return true
	}
	l.multilineSegment(l.pos, false, top.dollars)
	l.tokens[len(l.tokens)-1].flags |= broken
	return true
}

// segment reads a piece of a string on one line, from behind its opening quote
// or the } of a hole.
func (l *lexer) segment(start int, first bool) {
	var flags tokenFlags
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; c {
		case '\'':
			l.pos++
			l.endPiece(start, first, flags)
			return
		case '$':
			l.pos++
			if l.peek(0) == '{' {
				l.pos++
				l.openPiece(start, first, hole{}, flags)
				return
			}
		case '\\':
			flags |= escaped
			if !l.escape() {
				flags |= broken
			}
		case '\n', '\r':
			l.unterminated(start, first, flags)
			return
		default:
			l.pos++
		}
	}
	l.unterminated(start, first, flags)
}

func (l *lexer) unterminated(start int, first bool, flags tokenFlags) {
	l.report.add(source.Span{Start: start, End: l.pos}, "Unterminated string",
		"The line ends before the string does. End the string with a single quote, or use ''' for text of several lines.")
	l.endPiece(start, first, flags|broken)
}

// endPiece adds the piece that ends a string, openPiece one that opens a hole.
func (l *lexer) endPiece(start int, first bool, flags tokenFlags) {
	if first {
		l.add(String, start, flags)
		return
	}
	l.holes = l.holes[:len(l.holes)-1]
	l.add(StringRight, start, flags)
}

func (l *lexer) openPiece(start int, first bool, h hole, flags tokenFlags) {
	if first {
		l.holes = append(l.holes, h)
		l.add(StringLeft, start, flags)
		return
	}
	l.holes[len(l.holes)-1].braces = 0
	l.add(StringMiddle, start, flags)
}

// escape reads an escape sequence and reports whether it is one.
func (l *lexer) escape() bool {
	start := l.pos
	_, n := unescape(l.src[start:])
	if n > 0 {
		l.pos += n
		return true
	}
	l.pos++ // a line break behind the backslash still ends the string
	if c := l.peek(0); c != 0 && c != '\n' && c != '\r' && c != '\'' && c < utf8.RuneSelf {
		l.pos++
	}
	l.report.add(source.Span{Start: start, End: l.pos}, "Unknown escape sequence "+quote(l.src[start:l.pos]),
		`The escape sequences are \n, \r, \t, \\, \', \$ and \u{…} with the hexadecimal number of a character. Write \\ for a backslash.`)
	return false
}

// unescape is the text that the escape sequence at the start of s stands for,
// and how long the sequence is: 0 when it is none.
func unescape(s string) (text string, length int) {
	if len(s) < 2 {
		return "", 0
	}
	switch s[1] {
	case 'n':
		return "\n", 2
	case 'r':
		return "\r", 2
	case 't':
		return "\t", 2
	case '\\', '\'', '$':
		return s[1:2], 2
	case 'u':
		end := strings.IndexByte(s[:min(len(s), maxUnicodeEscape)], '}')
		if end < 4 || s[2] != '{' {
			return "", 0
		}
		n, err := strconv.ParseUint(s[3:end], 16, 32)
		if err != nil || n > utf8.MaxRune {
			return "", 0
		}
		return string(rune(n)), end + 1
	}
	return "", 0
}

// maxUnicodeEscape leaves room for leading zeros in \u{…}.
const maxUnicodeEscape = 32

// multilineSegment reads a piece of a string of several lines; with dollars,
// that many and a { open a hole.
func (l *lexer) multilineSegment(start int, first bool, dollars int) {
	from := l.pos
	for l.pos < len(l.src) && !l.unclosedText {
		switch l.src[l.pos] {
		case '\'':
			n := l.skipRun('\'')
			if n >= 3 {
				l.endPiece(start, first, multiline)
				return
			}
		case '$':
			n := l.skipRun('$')
			if dollars > 0 && n >= dollars && l.peek(0) == '{' {
				l.pos++
				l.openPiece(start, first, hole{multi: true, dollars: dollars}, multiline)
				return
			}
		default:
			l.pos++
		}
	}
	// The compiler takes the rest of the file as text. Ending the string with
	// its line keeps the declarations below readable.
	l.unclosedText = true
	l.pos = l.lineEnd(from)
	l.report.add(source.Span{Start: start, End: l.pos}, "Unterminated string",
		"There is no ''' that ends the text. Add ''' where it ends.")
	l.endPiece(start, first, multiline|broken)
}

func (l *lexer) skipRun(c byte) int {
	start := l.pos
	for l.pos < len(l.src) && l.src[l.pos] == c {
		l.pos++
	}
	return l.pos - start
}

// pieceText is the text that a piece of a string stands for. Dollars is the
// number of $ before the opening three quotes of the string.
func pieceText(raw string, t Token, dollars int) string {
	if t.flags&multiline != 0 {
		return multilineText(raw, t.Kind, dollars)
	}
	raw = raw[1:]
	switch t.Kind {
	case StringLeft, StringMiddle:
		raw = raw[:len(raw)-2]
	default:
		raw = raw[:len(raw)-1]
	}
	if t.flags&escaped == 0 {
		return raw
	}
	var b strings.Builder
	b.Grow(len(raw))
	for {
		i := strings.IndexByte(raw, '\\')
		if i < 0 {
			b.WriteString(raw)
			return b.String()
		}
		text, n := unescape(raw[i:])
		b.WriteString(raw[:i])
		b.WriteString(text)
		raw = raw[i+max(n, 1):]
	}
}

// multilineText takes the delimiters off a piece of a string of several lines.
// The line break right behind the opening quotes is no part of the text.
func multilineText(raw string, k Kind, dollars int) string {
	switch k {
	case String, StringLeft:
		raw = raw[dollars+3:]
		raw = strings.TrimPrefix(strings.TrimPrefix(raw, "\r"), "\n")
	default:
		raw = raw[1:]
	}
	switch k {
	case StringLeft, StringMiddle:
		return raw[:len(raw)-dollars-1]
	default:
		return raw[:len(raw)-3]
	}
}
