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
	// except for their first byte, which is a 0. What was left out to get past
	// an error is spaces, too.
	text string
	// unreadable are the places of those scalars, in order.
	unreadable []source.Span
	// markers are the comments that contain template.SuppressionMarker, up to
	// maxMarkers of them.
	markers []source.Span
	// diagnostics are the syntax errors, in order.
	diagnostics []diag.Diagnostic
	// whole is false when reading stopped at an error; there is no text then.
	// recovered says that parts of the file were left out to get past errors.
	whole, recovered bool
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
	c.space()
	ok := c.value(0)
	if ok {
		c.end()
	}
	return c.result(ok)
}

// cleaner is a recursive descent over the bytes. Its methods return false at an
// error, which is in diagnostics then; the object or array around it recovers.
type cleaner struct {
	file    *source.File
	src     []byte
	pos     int
	patches []patch // by start
	// broken is where the last string with a raw line break begins, -1 if it
	// was not the last token: probably it lacks its closing quotation mark.
	broken      int
	values      int
	markers     []source.Span
	diagnostics []diag.Diagnostic

	// open are the brackets that are still to come, the next one last.
	open []byte
	// comma is the last one before pos, -1 if an element was read after it;
	// owed says that the one before the next element was passed already.
	comma int
	owed  bool
	// full says that reading must stop: a limit is met, or too much is lost.
	full      bool
	recovered bool
	// missing are the brackets that the end of the file lacks; silent says that
	// it was complained about.
	missing []byte
	silent  bool
	// conflicted says that a mark of a merge conflict was reported.
	conflicted bool
}

// patch replaces bytes of the file by spaces, the first one by another byte if
// that is not 0.
type patch struct {
	source.Span
	with byte
}

func (c *cleaner) result(whole bool) cleanCopy {
	r := cleanCopy{markers: c.markers, diagnostics: c.diagnostics, whole: whole}
	if !whole || c.full {
		r.whole = false
		return r
	}
	if len(c.patches) == 0 && len(c.missing) == 0 {
		r.text = c.file.String()
		return r
	}
	if r.recovered = c.recovered; r.recovered {
		text := []byte(c.patched(&r))
		if r.whole = c.finish(text); r.whole {
			r.text = string(text)
		}
		return r
	}
	r.text = c.patched(&r)
	return r
}

// patched is the text with its patches, and notes which scalars are unreadable.
func (c *cleaner) patched(r *cleanCopy) string {
	var b strings.Builder
	b.Grow(len(c.src))
	done := 0
	for _, p := range c.patches {
		b.Write(c.src[done:p.Start])
		n := p.Len()
		if p.with != 0 {
			if p.with == '0' {
				r.unreadable = append(r.unreadable, p.Span)
			}
			b.WriteByte(p.with)
			n--
		}
		for range n {
			b.WriteByte(' ')
		}
		done = p.End
	}
	b.Write(c.src[done:])
	return b.String()
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
		c.full = true
		return false
	}
	switch b := c.src[c.pos]; b {
	case '"':
		return c.str()
	case '{', '[':
		if depth >= maxDepth {
			c.report(source.Span{Start: c.pos, End: c.pos + 1}, "Nesting too deep", fmt.Sprintf(
				"Objects and arrays may nest %d levels deep here. Make the template flatter.", maxDepth))
			c.full = true
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
	return c.elements('}', func(open int) bool {
		if c.src[c.pos] != '"' {
			c.unexpected(`a property name in quotation marks, or "}"`, &open)
			return false
		}
		if !c.str() {
			return false
		}
		c.space()
		if c.pos >= len(c.src) || c.src[c.pos] != ':' {
			c.unexpected(`":" and a value`, &open)
			return false
		}
		c.token(1)
		c.space()
		return c.value(depth)
	})
}

func (c *cleaner) array(depth int) bool {
	return c.elements(']', func(int) bool { return c.value(depth) })
}

// elements reads an object or array from its opening bracket to the closing
// one, each element with the given function.
func (c *cleaner) elements(closing byte, element func(open int) bool) bool {
	open := c.pos
	c.open = append(c.open, closing)
	defer func() { c.open = c.open[:len(c.open)-1] }()
	c.token(1)
	for last := c.pos; ; {
		start := c.pos
		ok := c.separator(open, closing)
		if ok && c.src[c.pos] == closing {
			c.token(1)
			return true
		}
		if ok {
			start = c.pos
			ok = element(open)
		}
		if ok {
			last = start
			continue
		}
		switch c.recover(last, start, closing) {
		case stuck:
			return false
		case ended:
			return true
		case next:
			last = c.pos
		}
	}
}

// separator moves from an opening bracket or a value to the next element or the
// closing bracket. It accepts one comma between elements and before the closing
// bracket, and goes on after reporting a missing one or several.
func (c *cleaner) separator(open int, closing byte) bool {
	last, first := c.pos, c.pos == open+1
	owed := c.owed
	c.owed, c.comma = false, -1
	c.space()
	comma := -1
	for c.pos < len(c.src) && c.src[c.pos] == ',' {
		if first || comma >= 0 || owed {
			if !c.report(source.Span{Start: c.pos, End: c.pos + 1}, `Unexpected ","`,
				"Found a comma with no element before it. Remove it, or write the element.") {
				return false
			}
			c.blank(c.pos, c.pos+1)
		} else {
			comma, c.comma = c.pos, c.pos
		}
		c.token(1)
		c.space()
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
	case !first && comma < 0 && !owed:
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
func (c *cleaner) end() {
	c.space()
	if c.pos == len(c.src) {
		return
	}
	c.unexpected("the end of the file", nil)
	c.recovered = true
	c.drop(c.pos, len(c.src))
}
