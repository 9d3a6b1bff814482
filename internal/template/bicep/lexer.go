package bicep

import (
	"strings"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// large is from which size on a file gets room for as many tokens as bytes, and
// maxTokens how many are read: as many as a file of [template.MaxSize] has if it
// is as dense as the densest real ones, with a token every four bytes.
const (
	large     = 1 << 20
	maxTokens = template.MaxSize / 4
)

// A lexer cuts the text of a file into tokens and trivia. It accepts every
// sequence of bytes.
type lexer struct {
	src    string
	pos    int
	tokens []Token
	trivia []Trivia
	report *reporter

	// holes are the interpolated strings that the lexer is inside of,
	// innermost last.
	holes []hole
	// opened counts the brackets by kind, closers subtracted.
	opened     [kinds]int
	unbalanced bool
	// unclosedComment is set once a search for */ has come to the end of the
	// file, so that no later one is made: a search per /* would be quadratic.
	unclosedComment bool
	// unclosedText is the same for the closing quotes of strings of several
	// lines.
	unclosedText bool
	conflicted   bool // a mark of a merge conflict was reported
	// cut is the first place that is not read, nil where all is.
	cut *source.Span
}

// A hole is an interpolated string whose ${ has not met its } yet.
type hole struct {
	multi   bool
	dollars int // how many $ open a hole of a multi-line string
	braces  int // { inside the hole that are open
}

func (l *lexer) run() {
	// A large file may be all signs, and then growing would copy the tokens over
	// and over; what is not used of so large a slice takes no memory.
	n := len(l.src)/4 + 16
	if len(l.src) >= large {
		n = len(l.src) + 16
	}
	l.tokens = make([]Token, 0, min(n, maxTokens+2))
	if strings.HasPrefix(l.src, source.BOM) {
		l.pos = len(source.BOM)
		l.addTrivia(ByteOrderMark, 0)
	}
	for {
		l.skipTrivia()
		start := l.pos
		if l.pos >= len(l.src) {
			if l.closeHole() {
				continue
			}
			l.add(EndOfFile, start, 0)
			break
		}
		if len(l.tokens) >= maxTokens {
			l.rest(start)
			continue
		}
		l.token(start)
	}
	for _, n := range l.opened {
		l.unbalanced = l.unbalanced || n != 0
	}
}

// rest takes what follows the last token that is read as one.
func (l *lexer) rest(start int) {
	l.cut = &source.Span{Start: start, End: start + 1}
	l.pos = len(l.src)
	l.add(Unknown, start, broken)
}

func (l *lexer) add(k Kind, start int, flags tokenFlags) {
	l.tokens = append(l.tokens, Token{start: int32(start), end: int32(l.pos), Kind: k, flags: flags}) //nolint:gosec // bounded by template.MaxSize
}

// peek is the byte n after the position, 0 past the end.
func (l *lexer) peek(n int) byte {
	if l.pos+n < len(l.src) {
		return l.src[l.pos+n]
	}
	return 0
}

// token reads one token that starts at the position.
func (l *lexer) token(start int) {
	c := l.src[l.pos]
	switch {
	case isLetter(c):
		l.identifier(start)
		return
	case c == '\'':
		l.openString(start)
		return
	case c == '\n' || c == '\r':
		if l.closeHole() {
			return
		}
		for l.pos < len(l.src) && (l.src[l.pos] == '\n' || l.src[l.pos] == '\r') {
			l.pos++
		}
		l.add(NewLine, start, 0)
		return
	case isDigit(c):
		for l.pos < len(l.src) && isDigit(l.src[l.pos]) {
			l.pos++
		}
		l.add(Integer, start, 0)
		return
	case c == '{' && len(l.holes) > 0:
		l.holes[len(l.holes)-1].braces++
	case c == '}' && len(l.holes) > 0:
		top := &l.holes[len(l.holes)-1]
		if top.braces == 0 {
			l.pos++
			l.resumeString(start)
			return
		}
		top.braces--
	case c == '$':
		n := 1
		for l.peek(n) == '$' {
			n++
		}
		if strings.HasPrefix(l.src[l.pos+n:], "'''") {
			l.pos += n + 3
			l.multilineSegment(start, true, n)
			return
		}
	}
	k, n := punctuation(c, l.peek(1), l.peek(2))
	if k == Unknown {
		l.unknown(start)
		return
	}
	l.balance(k)
	l.pos += n
	l.add(k, start, 0)
}

// balance counts brackets. Counting is enough: where brackets of all kinds
// come out even, the tree is trusted over the indentation.
func (l *lexer) balance(k Kind) {
	switch k {
	case LeftBrace, LeftParen, LeftSquare:
		l.opened[k]++
	case RightBrace, RightParen, RightSquare:
		l.opened[k-1]--
		l.unbalanced = l.unbalanced || l.opened[k-1] < 0
	default:
	}
}

func (l *lexer) identifier(start int) {
	for l.pos < len(l.src) && isWord(l.src[l.pos]) {
		l.pos++
	}
	k := Identifier
	switch l.src[start:l.pos] {
	case "true":
		k = True
	case "false":
		k = False
	case "null":
		k = Null
	}
	l.add(k, start, 0)
}

// unknown reads text that is no token. A string in double quotes and a run of
// characters beyond ASCII are one token each, so that they are one diagnostic.
func (l *lexer) unknown(start int) {
	summary, detail := "", ""
	switch c := l.src[l.pos]; {
	case c == '"':
		for l.pos++; l.pos < len(l.src) && l.src[l.pos] != '\n' && l.src[l.pos] != '\r'; l.pos++ {
			if l.src[l.pos] == '"' {
				l.pos++
				break
			}
		}
		summary = "String in double quotes"
		detail = "There is a double quote; strings are written in single quotes. Write 'text' instead."
	case c >= utf8.RuneSelf:
		for l.pos < len(l.src) && l.src[l.pos] >= utf8.RuneSelf {
			l.pos++
		}
	default:
		l.pos++
	}
	if summary == "" {
		quoted := quote(l.src[start:l.pos])
		summary = "Unexpected " + quoted
		detail = "There is " + quoted + ", which has no meaning in Bicep outside strings and comments. Remove it."
	}
	l.report.add(source.Span{Start: start, End: l.pos}, summary, detail)
	l.add(Unknown, start, broken)
}

// punctuation is the longest operator or bracket that begins with the bytes,
// and its length.
func punctuation(c, next, third byte) (Kind, int) {
	switch c {
	case '{':
		return LeftBrace, 1
	case '}':
		return RightBrace, 1
	case '(':
		return LeftParen, 1
	case ')':
		return RightParen, 1
	case '[':
		return LeftSquare, 1
	case ']':
		return RightSquare, 1
	case '@':
		return At, 1
	case ',':
		return Comma, 1
	case ';':
		return Semicolon, 1
	case '+':
		return Plus, 1
	case '-':
		return Minus, 1
	case '*':
		return Star, 1
	case '/':
		return Slash, 1
	case '%':
		return Percent, 1
	case '^':
		return Hat, 1
	case '.':
		if next == '.' && third == '.' {
			return Ellipsis, 3
		}
		return Dot, 1
	case '?':
		return oneOrTwo(next, '?', Question, Coalesce)
	case ':':
		return oneOrTwo(next, ':', Colon, DoubleColon)
	case '<':
		return oneOrTwo(next, '=', Less, LessEqual)
	case '>':
		return oneOrTwo(next, '=', Greater, GreaterEqual)
	case '|':
		return oneOrTwo(next, '|', Pipe, Or)
	case '&':
		return oneOrTwo(next, '&', Unknown, And)
	case '!':
		if next == '~' {
			return NotEqualFold, 2
		}
		return oneOrTwo(next, '=', Not, NotEqual)
	case '=':
		switch next {
		case '~':
			return EqualFold, 2
		case '>':
			return Arrow, 2
		}
		return oneOrTwo(next, '=', Assign, Equal)
	}
	return Unknown, 1
}

func oneOrTwo(next, second byte, one, two Kind) (Kind, int) {
	if next == second {
		return two, 2
	}
	return one, 1
}

func isLetter(c byte) bool { return wordClass[c] == 2 }

func isDigit(c byte) bool { return wordClass[c] == 1 }

func isWord(c byte) bool { return wordClass[c] != 0 }

// wordClass is 2 for what starts an identifier, 1 for what may only go on with
// one. Identifiers are ASCII.
var wordClass = func() (class [256]uint8) {
	for c := byte('0'); c <= '9'; c++ {
		class[c] = 1
	}
	for c := byte('a'); c <= 'z'; c++ {
		class[c], class[c-'a'+'A'] = 2, 2
	}
	class['_'] = 2
	return class
}()
