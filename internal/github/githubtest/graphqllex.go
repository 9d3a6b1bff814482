package githubtest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// advance reads the next token.
func (r *queryReader) advance() error {
	if r.count++; r.count > maxQueryTokens {
		return errors.New("query too long")
	}
	r.skip()
	at := spot{line: r.line, column: r.offset - r.start + 1}
	r.next = lexeme{at: at}
	rest := r.text[r.offset:]
	if rest == "" {
		return nil
	}
	switch c := rest[0]; {
	case isNameByte(c) && !isDigit(c):
		n := 1
		for n < len(rest) && isNameByte(rest[n]) {
			n++
		}
		return r.emit(nameLexeme, n)
	case isDigit(c) || c == '-':
		return r.number(rest)
	case strings.HasPrefix(rest, `"""`):
		return r.blockString(rest)
	case c == '"':
		return r.quoted(rest)
	case strings.HasPrefix(rest, "..."):
		return r.emit(punctuation, 3)
	case strings.IndexByte("{}()[]:=!$", c) >= 0:
		return r.emit(punctuation, 1)
	default:
		return fmt.Errorf("unexpected %q at [%d, %d]", c, at.line, at.column)
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameByte(c byte) bool {
	return c == '_' || isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func (r *queryReader) emit(kind lexemeKind, n int) error {
	r.next.kind, r.next.text = kind, r.text[r.offset:r.offset+n]
	r.offset += n
	return nil
}

// skip passes over what means nothing: blanks, commas, comments.
func (r *queryReader) skip() {
	for r.offset < len(r.text) {
		switch r.text[r.offset] {
		case '\n':
			r.line++
			r.start = r.offset + 1
		case ' ', '\t', '\r', ',':
		case '#':
			if end := strings.IndexByte(r.text[r.offset:], '\n'); end >= 0 {
				r.offset += end
				continue
			}
			r.offset = len(r.text)
			return
		default:
			return
		}
		r.offset++
	}
}

func (r *queryReader) number(rest string) error {
	n, kind := 1, intLexeme
	for n < len(rest) && (isDigit(rest[n]) || strings.IndexByte(".eE+-", rest[n]) >= 0) {
		if !isDigit(rest[n]) {
			kind = floatLexeme
		}
		n++
	}
	return r.emit(kind, n)
}

func (r *queryReader) quoted(rest string) error {
	var out strings.Builder
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '"':
			r.next.kind, r.next.text = stringLexeme, out.String()
			r.offset += i + 1
			return nil
		case '\n':
			return errors.New("unterminated string")
		case '\\':
			n, err := unescapeInto(&out, rest[i:])
			if err != nil {
				return err
			}
			i += n - 1
		default:
			out.WriteByte(rest[i])
		}
	}
	return errors.New("unterminated string")
}

// unescapeInto reads one escape sequence and gives back its length.
func unescapeInto(out *strings.Builder, text string) (int, error) {
	const simple = `"\/bfnrt`
	if len(text) < 2 {
		return 0, errors.New("unterminated string")
	}
	if i := strings.IndexByte(simple, text[1]); i >= 0 {
		out.WriteByte("\"\\/\b\f\n\r\t"[i])
		return 2, nil
	}
	unit, ok := hexUnit(text)
	if !ok {
		return 0, fmt.Errorf("bad escape %q", text[:2])
	}
	if utf16.IsSurrogate(unit) {
		if low, ok := hexUnit(text[6:]); ok {
			out.WriteRune(utf16.DecodeRune(unit, low))
			return 12, nil
		}
	}
	out.WriteRune(unit)
	return 6, nil
}

func hexUnit(text string) (rune, bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(n), err == nil
}

// blockString reads a string in triple quotes; common indentation goes.
func (r *queryReader) blockString(rest string) error {
	for i := 3; i+3 <= len(rest); i++ {
		if strings.HasPrefix(rest[i:], `\"""`) {
			i += 3
			continue
		}
		if strings.HasPrefix(rest[i:], `"""`) {
			raw := strings.ReplaceAll(rest[3:i], `\"""`, `"""`)
			r.next.kind, r.next.text = stringLexeme, dedent(raw)
			if newlines := strings.Count(rest[:i], "\n"); newlines > 0 {
				r.line += newlines
				r.start = r.offset + strings.LastIndexByte(rest[:i], '\n') + 1
			}
			r.offset += i + 3
			return nil
		}
	}
	return errors.New("unterminated string")
}

func dedent(raw string) string {
	lines := strings.Split(strings.ReplaceAll(raw, "\r\n", "\n"), "\n")
	common := -1
	for _, line := range lines[1:] {
		trimmed := strings.TrimLeft(line, " \t")
		if indent := len(line) - len(trimmed); trimmed != "" && (common < 0 || indent < common) {
			common = indent
		}
	}
	for i := 1; i < len(lines) && common > 0; i++ {
		lines[i] = lines[i][min(common, len(lines[i])):]
	}
	for len(lines) > 0 && strings.TrimLeft(lines[0], " \t") == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && strings.TrimLeft(lines[len(lines)-1], " \t") == "" {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n")
}
