package arm

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

const (
	// maxDepth is how deep objects and arrays may nest. Compiled templates of
	// modules within modules reach 30.
	maxDepth = 200
	// maxValues is how many values a file may hold. Those of compiled templates
	// have about twenty bytes for each, so that Azure's limit is met before.
	maxValues = 250_000
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
	// whole is false when reading stopped at an error. The text then ends with
	// the last complete value before it, or is empty.
	whole bool
}

// clean validates a file the way Azure reads it, which is more than JSON:
// comments, trailing commas, raw line breaks in strings, \' and any Unicode
// white space are accepted (the engine's reader is Json.NET).
// https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax#comments-and-metadata
func clean(f *source.File) cleanCopy {
	c := cleaner{file: f, src: f.Content, broken: -1}
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
	file    *source.File
	src     []byte
	pos     int
	patches []patch // by start
	// broken is where the last string with a raw line break begins, -1 if it
	// was not the last token: probably it lacks its closing quotation mark.
	broken      int
	values      int
	levels      []level // the objects and arrays around pos
	markers     []source.Span
	diagnostics []diag.Diagnostic
}

// level is an object or array that is not closed yet.
type level struct {
	closing byte
	// end is the end of its last complete element, or its opening bracket's;
	// before is what end was before that.
	end, before int
}

// patch replaces bytes of the file by text and spaces.
type patch struct {
	source.Span
	text string
}

// unreadableScalar stands for a scalar that could not be read.
const unreadableScalar = "0"

// cut makes a patch of all that follows the last complete values, if their
// objects and arrays can be closed in its place. A string right before the error
// does not count: it may have ended at a quotation mark within it. Where what is
// left out could bring collections, nothing is said of the APIs before it.
func (c *cleaner) cut() bool {
	if rest := c.src[min(c.pos, len(c.src)):]; indexFold(rest, "apicollections") >= 0 || indexFold(rest, "microsoft.resources/deployments") >= 0 {
		return false
	}
	for n := len(c.levels); n > 0; n-- {
		l := c.levels[n-1]
		start := l.end
		if c.src[start-1] == '"' {
			start = l.before
		}
		if n > len(c.src)-start {
			continue
		}
		closing := make([]byte, 0, n)
		for _, l := range slices.Backward(c.levels[:n]) {
			closing = append(closing, l.closing)
		}
		c.patches = slices.DeleteFunc(c.patches, func(p patch) bool { return p.Start >= start })
		c.patches = append(c.patches, patch{source.Span{Start: start, End: len(c.src)}, string(closing)})
		return true
	}
	return false
}

func (c *cleaner) result(whole bool) cleanCopy {
	r := cleanCopy{markers: c.markers, diagnostics: c.diagnostics, whole: whole}
	if !whole && !c.cut() {
		return r
	}
	if len(c.patches) == 0 {
		r.text = c.file.String()
		return r
	}
	var b strings.Builder
	b.Grow(len(c.src))
	done := 0
	for _, p := range c.patches {
		b.Write(c.src[done:p.Start])
		if p.text == unreadableScalar {
			r.unreadable = append(r.unreadable, p.Span)
		}
		b.WriteString(p.text)
		for range p.Len() - len(p.text) {
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
		c.unexpected("a value", nil)
		return false
	}
	if c.values++; c.values > maxValues {
		c.report(source.Span{Start: c.pos, End: c.pos + 1}, "Too many values", fmt.Sprintf(
			"A template may hold %d values here. Split it into linked templates, or load the data in another way.", maxValues))
		return false
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

// open passes an opening bracket and returns where it stands.
func (c *cleaner) open(closing byte) int {
	c.pos++
	c.levels = append(c.levels, level{closing: closing, end: c.pos, before: c.pos})
	return c.pos - 1
}

// close passes a closing bracket.
func (c *cleaner) close() {
	c.levels = c.levels[:len(c.levels)-1]
	c.token(1)
}

func (c *cleaner) object(depth int) bool {
	open := c.open('}')
	for {
		if !c.separator(open, '}') {
			return false
		}
		if c.src[c.pos] == '}' {
			c.close()
			return true
		}
		if c.src[c.pos] != '"' {
			c.unexpected(`a property name in quotation marks, or "}"`, &open)
			return false
		}
		if !c.str() || !c.space() {
			return false
		}
		if c.pos >= len(c.src) || c.src[c.pos] != ':' {
			c.unexpected(`":" and a value`, &open)
			return false
		}
		c.token(1)
		if !c.space() || !c.value(depth) {
			return false
		}
	}
}

func (c *cleaner) array(depth int) bool {
	open := c.open(']')
	for {
		if !c.separator(open, ']') {
			return false
		}
		if c.src[c.pos] == ']' {
			c.close()
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
	if top := &c.levels[len(c.levels)-1]; !first {
		top.end, top.before = last, top.end
	}
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
		c.unexpected(strconv.Quote(string(closing)), &open)
		return false
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
		c.unexpected(expected, &open)
		return false
	}
	where := source.Span{Start: c.pos, End: c.pos + 1}
	if next == '"' {
		where.End = c.stringEnd(c.pos)
	}
	goOn := c.report(where, "Missing comma", fmt.Sprintf(
		"Found %s where %s was expected. Put a comma after the element before it.", c.quote(where), expected))
	c.diagnostics[len(c.diagnostics)-1].Related = []diag.Related{{
		Path: c.file.Path, Span: source.Span{Start: last - 1, End: last}, Message: "the element before it ends here",
	}}
	return goOn
}

// end reports what follows the value.
func (c *cleaner) end() bool {
	if c.pos == len(c.src) {
		return true
	}
	c.unexpected("the end of the file", nil)
	return false
}
