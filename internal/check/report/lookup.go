package report

import (
	"bytes"
	"sort"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// lookup finds the positions of spans. source.File counts the characters of a
// line from its beginning each time, which for thousands of places in a file
// that is one line takes minutes; lookup counts each file once.
type lookup struct {
	sources map[string]*source.File
	counts  map[string]*characters
}

func newLookup(r *check.Report) *lookup {
	return &lookup{sources: r.Sources, counts: map[string]*characters{}}
}

// position is where the span begins and ends; the first place of the file if
// its content is not known.
func (l *lookup) position(path string, s source.Span) (start, end source.Position) {
	f := l.sources[path]
	if f == nil {
		first := source.Position{Line: 1, Column: 1}
		return first, first
	}
	c := l.characters(path, f)
	return c.position(f, s.Start), c.position(f, s.End)
}

// afterBreak is the place after a line with its line break.
func (l *lookup) afterBreak(path string, line int) source.Position {
	f := l.sources[path]
	return source.Position{Line: line, Column: l.characters(path, f).column(f, line, f.Line(line+1).Start)}
}

// characters are those of a file.
func (l *lookup) characters(path string, f *source.File) *characters {
	c := l.counts[path]
	if c == nil {
		c = countCharacters(f.Content)
		l.counts[path] = c
	}
	return c
}

// line is the number of the line in which a span begins, 0 if the content of
// the file is not known.
func (l *lookup) line(path string, s source.Span) int {
	if f := l.sources[path]; f != nil {
		return lineOf(f, s.Start)
	}
	return 0
}

func lineOf(f *source.File, offset int) int {
	return max(1, sort.Search(f.Lines(), func(i int) bool { return f.Line(i+1).Start > offset }))
}

// characters says how many characters of a text come before an offset.
type characters struct {
	text []byte
	// before[i] is for the offset starts[i], where a character begins.
	starts, before []int
}

func countCharacters(text []byte) *characters {
	const step = 4096
	c := &characters{text: text}
	for at, n := 0, 0; ; {
		c.starts, c.before = append(c.starts, at), append(c.before, n)
		next := at + step
		for next < len(text) && !utf8.RuneStart(text[next]) {
			next++
		}
		if next >= len(text) {
			return c
		}
		n += utf8.RuneCount(text[at:next])
		at = next
	}
}

// until is the number of characters before the offset.
func (c *characters) until(offset int) int {
	i := sort.SearchInts(c.starts, offset+1) - 1
	return c.before[i] + utf8.RuneCount(c.text[c.starts[i]:offset])
}

// position is that of source.File.
func (c *characters) position(f *source.File, offset int) source.Position {
	offset = max(0, min(offset, len(c.text)))
	line := lineOf(f, offset)
	return source.Position{Line: line, Column: c.column(f, line, offset)}
}

// column is where an offset is on a line, which may begin before it.
func (c *characters) column(f *source.File, line, offset int) int {
	column := 1 + c.until(offset) - c.until(f.Line(line).Start)
	if line == 1 && bytes.HasPrefix(c.text[:offset], []byte(source.BOM)) {
		column--
	}
	return column
}
