package arm

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/expr"
)

// stringLiteral reads a string in single quotation marks, in which a doubled one
// stands for itself.
func (p *expressionParser) stringLiteral() expr.Expr {
	start := p.pos
	p.pos++
	doubled := false
	for p.pos < len(p.text) {
		n := strings.IndexByte(p.text[p.pos:], '\'')
		if n < 0 {
			break
		}
		p.pos += n + 1
		if p.pos < len(p.text) && p.text[p.pos] == '\'' {
			doubled = true
			p.pos++
			continue
		}
		text := p.text[start+1 : p.pos-1]
		if doubled {
			text = strings.ReplaceAll(text, "''", "'")
		}
		return p.nodes.str(p.span(start, p.pos), validText(text))
	}
	p.fail(start, len(p.text), "Unclosed string in an expression",
		"The string that begins here has no closing quotation mark. Put a ' at its end; a ' within it is written twice.")
	return nil
}

func (p *expressionParser) number() expr.Expr {
	start := p.pos
	p.pos++
	for p.pos < len(p.text) && isWordByte(p.text[p.pos]) {
		p.pos++
	}
	text := p.text[start:p.pos]
	if !isNumber([]byte(strings.TrimPrefix(text, "+"))) {
		p.pos = start
		p.unexpectedAt(start, start+len(text), "a number")
		return nil
	}
	return p.nodes.literal(p.span(start, p.pos), numberValue(text))
}

// numberValue is a whole number as an integer. The template language has no
// other numbers; JSON has, and those are equal only to themselves.
func numberValue(text string) expr.Value {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return expr.Int(n)
	}
	const exact = 1 << 53 // beyond, a float64 is not the number as written
	if x, err := strconv.ParseFloat(text, 64); err == nil && -exact < x && x < exact && x == float64(int64(x)) {
		return expr.Int(int64(x))
	}
	return expr.Atom("number "+text, expr.KindUnknown)
}

func (p *expressionParser) identifier() string {
	start := p.pos
	for p.pos < len(p.text) {
		b := p.text[p.pos]
		if b < utf8.RuneSelf {
			digit := '0' <= b && b <= '9' || b == '-'
			if b == '.' || b == '+' || !isWordByte(b) || digit && p.pos == start {
				break
			}
			p.pos++
			continue
		}
		r, n := utf8.DecodeRuneInString(p.text[p.pos:])
		if !unicode.IsLetter(r) {
			break
		}
		p.pos += n
	}
	return p.text[start:p.pos]
}

func (p *expressionParser) symbol(b byte) bool {
	p.space()
	if p.pos < len(p.text) && p.text[p.pos] == b {
		p.pos++
		return true
	}
	p.unexpected(strconv.Quote(string(b)))
	return false
}

func (p *expressionParser) space() {
	for p.pos < len(p.text) {
		b := p.text[p.pos]
		if b == ' ' || '\t' <= b && b <= '\r' {
			p.pos++
			continue
		}
		if b < utf8.RuneSelf {
			return
		}
		r, n := utf8.DecodeRuneInString(p.text[p.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		p.pos += n
	}
}

// validText replaces bytes that are not UTF-8, as Azure does when it reads a
// file.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
