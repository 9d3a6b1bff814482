package diag

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

const (
	defaultWidth = 100
	minWidth     = 40
	tabCells     = 4
	ellipsis     = "…"
)

// RenderOptions say what the terminal can do. The zero RenderOptions are a
// terminal without colour.
type RenderOptions struct {
	// Colour allows ANSI escape sequences.
	Colour bool
	// Width is the terminal's, in cells; 0 for a usual one. Less than 40 is
	// taken as 40.
	Width int
	// At is the diagnostic's place, for who has looked it up already; the zero
	// Position is looked up.
	At source.Position
}

func (o RenderOptions) width() int {
	if o.Width == 0 {
		return defaultWidth
	}
	return max(o.Width, minWidth)
}

// Render draws a diagnostic for a person at a terminal: a headline with its
// place, the line of the file with carets under the span, the detail, and the
// related places. file finds the content of a path and may return nil, as it
// may for paths that are not known. Nothing from a template reaches the
// terminal as a control character. The result ends in a line break.
func Render(d Diagnostic, file func(path string) *source.File, o RenderOptions) string {
	p := painter{o.Colour}
	var b strings.Builder
	f := file(d.Path)
	fmt.Fprintf(&b, "%s %s %s", p.bold(headPlace(f, d, o.At)+":"), p.level(d.Severity, d.Severity.String()+":"), p.bold(Visible(d.Summary)))
	if d.Code != "" {
		fmt.Fprintf(&b, " [%s]", Visible(string(d.Code)))
	}
	b.WriteByte('\n')
	if f != nil {
		b.WriteString(excerpt(f, d.Span, o, d.Severity))
	}
	b.WriteString(Wrap(d.Detail, "  ", o.width()))
	for _, r := range d.Related {
		b.WriteString(Wrap(relatedPlace(file(r.Path), r)+": "+r.Message, "  ", o.width()))
	}
	return b.String()
}

// headPlace is path:line:column, or the path alone where the content is not known.
func headPlace(f *source.File, d Diagnostic, at source.Position) string {
	if at == (source.Position{}) {
		if f == nil {
			return Visible(d.Path)
		}
		at = f.Position(d.Span.Start)
	}
	return fmt.Sprintf("%s:%d:%d", Visible(d.Path), at.Line, at.Column)
}

// relatedPlace is path:line, or the path alone where the content is not known.
func relatedPlace(f *source.File, r Related) string {
	if f == nil {
		return r.Path
	}
	return fmt.Sprintf("%s:%d", r.Path, f.LineAt(r.Span.Start))
}

// excerpt draws the line of the file in which a span begins, with carets below
// the span in the colour of the severity. A line that does not fit is cut around
// the span. The result ends in a line break.
func excerpt(f *source.File, s source.Span, o RenderOptions, severity Severity) string {
	n := f.LineAt(s.Start)
	number := strconv.Itoa(n)
	blank := strings.Repeat(" ", len(number))
	line := f.Line(n)
	if n == 1 && bytes.HasPrefix(f.Content, []byte(source.BOM)) {
		line.Start += len(source.BOM)
	}
	row := layOut(f.Content[line.Start:line.End], s.Start-line.Start, s.End-line.Start, o.width()-len(number)-len(" | "))
	p := painter{o.Colour}
	text, marks := "", ""
	if row.text != "" {
		text = " " + row.text
	}
	marks = strings.Repeat(" ", row.mark+1) + p.level(severity, strings.Repeat("^", row.marks))
	return p.dim(blank+" |") + "\n" + p.dim(number+" |") + text + "\n" + p.dim(blank+" |") + marks + "\n"
}

// row is a line as it is shown, with the cells at which the carets begin and
// how many they are.
type row struct {
	text        string
	mark, marks int
}

// layOut fits a line into a number of cells. The span [start, end) is given in
// bytes of the line and may reach out of it.
func layOut(line []byte, start, end, cells int) row {
	start = max(0, min(start, len(line)))
	end = max(start, min(end, len(line)))
	from := windowStart(line, start, end, cells)
	w := window{limit: cells}
	if from > 0 {
		w.add(ellipsis, 1)
	}
	mark, stop := -1, -1
	for i := from; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		shown, n := glyph(r, string(line[i:i+size]))
		if r == '\t' {
			n = tabCells - w.used%tabCells
			shown = strings.Repeat(" ", n)
		}
		if !w.fits(n, i+size == len(line)) {
			w.add(ellipsis, 1)
			break
		}
		if mark < 0 && i+size > start {
			mark = w.used
		}
		w.add(shown, n)
		if i < end {
			stop = w.used
		}
		i += size
	}
	if mark < 0 {
		mark = w.used
	}
	return row{text: strings.TrimRight(w.text.String(), " "), mark: mark, marks: max(1, stop-mark)}
}

// windowStart is the byte at which to begin showing a line: its first if the
// span is in sight then, else some context before the span.
func windowStart(line []byte, start, end, cells int) int {
	if _, whole := back(line, end, cells-1); whole {
		return 0
	}
	i, _ := back(line, start, cells/4)
	return i
}

// back goes from an offset to the left for at most so many cells. It reports
// whether that reaches the start of the line.
func back(line []byte, offset, cells int) (int, bool) {
	for offset > 0 {
		r, size := utf8.DecodeLastRune(line[:offset])
		_, n := glyph(r, string(line[offset-size:offset]))
		if r == '\t' {
			n = tabCells
		}
		// A mark over its neighbour takes no cell, but many of them take time.
		if cells -= max(n, 1); cells < 0 {
			return offset, false
		}
		offset -= size
	}
	return 0, true
}

// window is the part of a line that is shown.
type window struct {
	text               strings.Builder
	used, limit, extra int
}

// fits reports whether something of n cells can be shown and, unless it is the
// last, the ellipsis after it.
func (w *window) fits(n int, last bool) bool {
	if n == 0 {
		w.extra++
		return w.extra <= w.limit
	}
	if last {
		return w.used+n <= w.limit
	}
	return w.used+n < w.limit
}

func (w *window) add(text string, cells int) {
	w.text.WriteString(text)
	w.used += cells
}

// Wrap breaks text at spaces so that its lines, each after the indent, take at
// most so many cells; a longer word stays whole. Line breaks in the text stay.
// Control characters are made visible, the result ends in a line break, and it
// is "" if there is no text.
func Wrap(text, indent string, cells int) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	var b strings.Builder
	for paragraph := range strings.Lines(strings.TrimRight(text, "\r\n")) {
		used := 0
		for word := range strings.FieldsSeq(paragraph) {
			word = Visible(word)
			n := cellsOf(word)
			switch {
			case used == 0:
				b.WriteString(indent)
				used = cellsOf(indent)
			case used+1+n > cells:
				b.WriteByte('\n')
				b.WriteString(indent)
				used = cellsOf(indent)
			default:
				b.WriteByte(' ')
				used++
			}
			b.WriteString(word)
			used += n
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// painter colours text, or does not.
type painter struct{ on bool }

func (p painter) bold(s string) string { return p.paint("1", s) }
func (p painter) dim(s string) string  { return p.paint("2", s) }

func (p painter) level(severity Severity, s string) string {
	switch severity {
	case Failure:
		return p.paint("1;31", s)
	case Warning:
		return p.paint("1;33", s)
	case Notice:
		return p.paint("1;36", s)
	}
	return s
}

// paint wraps text in an SGR sequence.
func (p painter) paint(code, s string) string {
	if !p.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
