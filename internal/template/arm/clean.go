package arm

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

const (
	// maxDepth is how deep objects and arrays may nest. Compiled templates of
	// modules within modules reach 30.
	maxDepth = 200
	// maxDiagnostics is after how many syntax errors reading stops.
	maxDiagnostics = 50
	// maxQuoted is how much of the file a message repeats, in bytes.
	maxQuoted = 40
)

// cleanCopy is the text of a file as strict JSON of equal length, so that an
// offset in it is an offset in the file.
type cleanCopy struct {
	// text is the copy: comments, trailing commas, the byte order mark and white
	// space that JSON does not know are spaces, and so are unreadable scalars
	// except for their first byte, which is a 0.
	text string
	// unreadable are the places of those scalars, in order.
	unreadable []source.Span
	// markers are the comments that contain template.SuppressionMarker, up to
	// maxMarkers of them.
	markers []source.Span
	// diagnostics are the syntax errors, in order.
	diagnostics []diag.Diagnostic
	// whole is false when reading stopped at an error; there is no text then.
	whole bool
}

// clean validates a file the way Azure reads it, which is more than JSON:
// comments, trailing commas, raw line breaks in strings, \' and any Unicode
// white space are accepted (the engine's reader is Json.NET).
// https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax#comments-and-metadata
func clean(f *source.File) cleanCopy {
	c := cleaner{path: f.Path, src: f.Content, broken: -1}
	if len(c.src) > template.MaxSize {
		c.report(source.Span{}, "File too large", fmt.Sprintf(
			"The file has %d bytes; a template may have at most %d. Split it into linked templates.", len(c.src), template.MaxSize))
		return c.result(false)
	}
	if bytes.HasPrefix(c.src, []byte(source.BOM)) {
		c.blank(0, len(source.BOM))
		c.pos = len(source.BOM)
	}
	return c.result(c.space() && c.value(0) && c.space() && c.end())
}

// cleaner is a recursive descent over the bytes. Its methods return false when
// reading cannot go on; the reason is in diagnostics then.
type cleaner struct {
	path    string
	src     []byte
	pos     int
	patches []patch // by start
	// broken is where the last string with a raw line break begins, -1 if it
	// was not the last token: probably it lacks its closing quotation mark.
	broken      int
	markers     []source.Span
	diagnostics []diag.Diagnostic
}

// patch replaces bytes of the file by spaces, or by a 0 and spaces.
type patch struct {
	source.Span
	zero bool
}

func (c *cleaner) result(whole bool) cleanCopy {
	r := cleanCopy{markers: c.markers, diagnostics: c.diagnostics, whole: whole}
	if !whole {
		return r
	}
	var b strings.Builder
	b.Grow(len(c.src))
	done := 0
	for _, p := range c.patches {
		b.Write(c.src[done:p.Start])
		n := p.Len()
		if p.zero {
			r.unreadable = append(r.unreadable, p.Span)
			b.WriteByte('0')
			n--
		}
		for range n {
			b.WriteByte(' ')
		}
		done = p.End
	}
	b.Write(c.src[done:])
	r.text = b.String()
	return r
}

// blank adds a patch behind the ones before it. A trailing comma is recognised
// only after the comments that follow it, hence the search.
func (c *cleaner) blank(start, end int) {
	i := len(c.patches)
	for i > 0 && c.patches[i-1].Start > start {
		i--
	}
	c.patches = slices.Insert(c.patches, i, patch{Span: source.Span{Start: start, End: end}})
}

// value reads one value; space comes before it, not after it.
func (c *cleaner) value(depth int) bool {
	if c.pos >= len(c.src) {
		return c.unexpected("a value", nil)
	}
	switch b := c.src[c.pos]; b {
	case '"':
		return c.str()
	case '{', '[':
		if depth >= maxDepth {
			c.report(source.Span{Start: c.pos, End: c.pos + 1}, "Nesting too deep", fmt.Sprintf(
				"Objects and arrays may nest %d levels deep here. Make the template flatter.", maxDepth))
			return false
		}
		if b == '{' {
			return c.object(depth + 1)
		}
		return c.array(depth + 1)
	}
	return c.scalar()
}

func (c *cleaner) object(depth int) bool {
	open := c.pos
	c.pos++
	for {
		if !c.separator(open, '}') {
			return false
		}
		if c.src[c.pos] == '}' {
			c.token(1)
			return true
		}
		if c.src[c.pos] != '"' {
			return c.unexpected(`a property name in quotation marks, or "}"`, &open)
		}
		if !c.str() || !c.space() {
			return false
		}
		if c.pos >= len(c.src) || c.src[c.pos] != ':' {
			return c.unexpected(`":" and a value`, &open)
		}
		c.token(1)
		if !c.space() || !c.value(depth) {
			return false
		}
	}
}

func (c *cleaner) array(depth int) bool {
	open := c.pos
	c.pos++
	for {
		if !c.separator(open, ']') {
			return false
		}
		if c.src[c.pos] == ']' {
			c.token(1)
			return true
		}
		if !c.value(depth) {
			return false
		}
	}
}

// separator moves from an opening bracket or a value to the next element or the
// closing bracket. It accepts one comma between elements and before the closing
// bracket, and goes on after reporting a missing one or several.
func (c *cleaner) separator(open int, closing byte) bool {
	last, first := c.pos, c.pos == open+1
	if !c.space() {
		return false
	}
	comma := -1
	for c.pos < len(c.src) && c.src[c.pos] == ',' {
		if first || comma >= 0 {
			if !c.report(source.Span{Start: c.pos, End: c.pos + 1}, `Unexpected ","`,
				"Found a comma with no element before it. Remove it, or write the element.") {
				return false
			}
			c.blank(c.pos, c.pos+1)
		} else {
			comma = c.pos
		}
		c.token(1)
		if !c.space() {
			return false
		}
	}
	if c.pos >= len(c.src) {
		return c.unexpected(strconv.Quote(string(closing)), &open)
	}
	switch {
	case c.src[c.pos] == closing:
		if comma >= 0 {
			c.blank(comma, comma+1)
		}
	case !first && comma < 0:
		return c.missingComma(last, open, closing)
	}
	return true
}

// missingComma goes on where the next element is plain to see. It must not
// touch the value before it: an unescaped quotation mark within a string looks
// the same otherwise.
func (c *cleaner) missingComma(last, open int, closing byte) bool {
	expected := fmt.Sprintf(`"," or "%c"`, closing)
	next := c.src[c.pos]
	if c.pos == last && c.src[last-1] == '"' && isWordByte(next) {
		c.unexpected(expected, &open)
		c.diagnostics[len(c.diagnostics)-1].Detail += ` A quotation mark within a string is written \".`
		return false
	}
	if c.pos == last || c.broken >= 0 || next != '"' && (closing == '}' || next != '{' && next != '[') {
		return c.unexpected(expected, &open)
	}
	where := source.Span{Start: c.pos, End: c.pos + 1}
	if next == '"' {
		where.End = c.stringEnd(c.pos)
	}
	goOn := c.report(where, "Missing comma", fmt.Sprintf(
		"Found %s where %s was expected. Put a comma after the element before it.", c.quote(where), expected))
	c.diagnostics[len(c.diagnostics)-1].Related = []diag.Related{{
		Path: c.path, Span: source.Span{Start: last - 1, End: last}, Message: "the element before it ends here",
	}}
	return goOn
}

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
		switch b := c.src[c.pos]; {
		case b == '"':
			c.pos++
			return true
		case b == '\\':
			if !c.escape() {
				return false
			}
		case b == '\n' || b == '\r':
			c.broken = start
			c.pos++
		default:
			c.pos++
		}
	}
	c.report(source.Span{Start: start, End: c.lineEnd(start)}, "Unclosed string",
		`The string that begins here has no closing quotation mark. Put a " at its end.`)
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
		return c.unexpected("a value", nil)
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
	c.patches = append(c.patches, patch{Span: where, zero: true})
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
func (c *cleaner) space() bool {
	for c.pos < len(c.src) {
		switch b := c.src[c.pos]; {
		case b == ' ' || b == '\n' || b == '\r' || b == '\t':
			c.pos++
		case b == '/':
			end, ok := commentEnd(c.src, c.pos)
			if end == c.pos {
				return true
			}
			if !ok {
				c.report(source.Span{Start: c.pos, End: c.lineEnd(c.pos)}, "Unclosed comment",
					`The comment that begins here has no end. Put a "*/" at its end.`)
				return false
			}
			c.comment(source.Span{Start: c.pos, End: end})
		default:
			n := exoticSpace(c.src[c.pos:])
			if n == 0 {
				return true
			}
			c.blank(c.pos, c.pos+n)
			c.pos += n
		}
	}
	return true
}

func (c *cleaner) comment(s source.Span) {
	if len(c.markers) < maxMarkers && indexFold(c.src[s.Start:s.End], template.SuppressionMarker) >= 0 {
		c.markers = append(c.markers, s)
	}
	c.blank(s.Start, s.End)
	c.pos = s.End
}

// end reports what follows the value.
func (c *cleaner) end() bool {
	if c.pos == len(c.src) {
		return true
	}
	return c.unexpected("the end of the file", nil)
}

// unexpected reports the token at pos and ends reading. Open is the bracket
// around it, if that helps.
func (c *cleaner) unexpected(expected string, open *int) bool {
	where := source.Span{Start: c.pos, End: c.pos}
	summary, found := "Unexpected end of file", "the end of the file"
	if c.pos < len(c.src) {
		where.End = max(c.wordEnd(c.pos), c.pos+1)
		if c.src[c.pos] == '"' {
			where.End = c.stringEnd(c.pos)
		} else if where.Len() == 1 {
			_, size := utf8.DecodeRune(c.src[c.pos:])
			where.End = c.pos + size
		}
		found = c.quote(where)
		summary = "Unexpected " + found
	} else {
		where.End = max(1, len(bytes.TrimRight(c.src, " \t\r\n")))
		where.Start = where.End - 1
	}
	c.report(where, summary, fmt.Sprintf("Found %s where %s was expected.", found, expected))
	d := &c.diagnostics[len(c.diagnostics)-1]
	switch {
	case c.broken >= 0:
		d.Detail += " A string before it goes over several lines; its closing quotation mark is probably missing."
		d.Related = []diag.Related{{
			Path: c.path, Span: source.Span{Start: c.broken, End: c.lineEnd(c.broken)}, Message: "the string begins here",
		}}
	case open != nil:
		d.Related = []diag.Related{{
			Path: c.path, Span: source.Span{Start: *open, End: *open + 1}, Message: "in what begins here",
		}}
	}
	return false
}

// report adds a diagnostic and reports whether there is room for more.
func (c *cleaner) report(s source.Span, summary, detail string) bool {
	c.diagnostics = append(c.diagnostics, unreadable(c.path, s, summary, detail))
	return len(c.diagnostics) < maxDiagnostics
}

func unreadable(path string, s source.Span, summary, detail string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: template.CodeUnreadable, Severity: diag.Failure,
		Path: path, Span: s, Summary: summary, Detail: detail,
	}
}

// quote is what stands at a place, for a message: on one line and not long.
func (c *cleaner) quote(s source.Span) string { return quote(string(c.src[s.Start:s.End])) }

func quote(text string) string {
	if len(text) >= 2 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0] {
		text = text[1 : len(text)-1]
	}
	if len(text) > maxQuoted {
		cut := maxQuoted
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…"
	}
	if strings.ContainsAny(text, `"\`) && strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(strings.ToValidUTF8(text, "\uFFFD"))
}

func (c *cleaner) lineEnd(start int) int {
	if n := bytes.IndexAny(c.src[start:], "\r\n"); n >= 0 {
		return start + n
	}
	return len(c.src)
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
