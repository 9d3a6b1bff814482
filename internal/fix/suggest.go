package fix

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Suggestion is new text for a few whole lines of a file. It holds alone, and
// beside the others of its list.
type Suggestion struct {
	Path string
	// First and Last are the lines that the text takes the place of, counted
	// from 1, both included.
	First, Last int
	// Text is what they become, without the last line's break.
	Text string
	// Findings are the indices of the report's findings that it resolves.
	Findings []int
}

// Suggest is [Plan] in pieces that a person applies one by one: each of them,
// and all together, are proved. shows reports whether lines can be suggested
// for; it gives at most limit suggestions, in the order of the report. It
// changes nothing in the report.
//
// Files with carriage returns are left out, because GitHub does not reliably
// keep line breaks where it applies a suggestion
// (https://github.com/w3c-fedid/digital-credentials/pull/572), and so is the
// first line of a file with a byte order mark.
func Suggest(in Input, limit int, shows func(path string, first, last int) bool) []Suggestion {
	report := *in.Report
	report.Findings = slices.Clone(report.Findings)
	in.Report = &report
	p := newPlanner(in)
	p.apart = true
	var shown []*unit
	for _, u := range p.joined(p.write(p.wanted())) {
		s, ok := p.suggestion(u)
		if ok && shows(s.Path, s.First, s.Last) && len(shown) < limit {
			shown = append(shown, u)
		}
	}
	clear(p.writers)
	proven := p.prove(shown)
	var out []Suggestion
	for _, u := range proven {
		if len(proven) > 1 {
			if _, err := p.try([]*unit{u}); err != nil {
				continue // it needs another one
			}
		}
		if s, ok := p.suggestion(u); ok {
			out = append(out, s)
		}
	}
	return out
}

// joined makes one unit of those whose lines meet: of two suggestions for one
// line, only one could be applied.
func (p *planner) joined(units []*unit) []*unit {
	var out []*unit
	for _, u := range units {
		for i := 0; i < len(out); {
			if !p.meet(out[i], u) {
				i++
				continue
			}
			out[i].join(u)
			u = out[i]
			out = slices.Delete(out, i, i+1)
		}
		out = append(out, u)
	}
	slices.SortStableFunc(out, func(a, b *unit) int { return cmp.Compare(a.findings[0], b.findings[0]) })
	return out
}

func (p *planner) meet(a, b *unit) bool {
	pathA, firstA, lastA := p.lines(a.edits())
	pathB, firstB, lastB := p.lines(b.edits())
	return pathA == pathB && firstA <= lastB && firstB <= lastA
}

// lines are those that insertions come to stand on or after; path is "" when
// they are not all in one file.
func (p *planner) lines(edits []diag.TextEdit) (path string, first, last int) {
	for i, e := range edits {
		src := p.Graph.Source(e.Path)
		line := src.Position(e.Span.Start).Line
		if line > 1 && e.Span.Start == src.Line(line).Start {
			line--
		}
		if i == 0 {
			path, first, last = e.Path, line, line
		}
		if e.Path != path {
			return "", 0, 0
		}
		first, last = min(first, line), max(last, line)
	}
	return path, first, last
}

// suggestion words the edits of a unit as new text for whole lines.
func (p *planner) suggestion(u *unit) (Suggestion, bool) {
	edits := u.edits()
	path, first, last := p.lines(edits)
	if path == "" {
		return Suggestion{}, false
	}
	src := p.Graph.Source(path)
	start, end := src.Line(first).Start, src.Line(last).End
	if bytes.IndexByte(src.Content, '\r') >= 0 || start == 0 && bytes.HasPrefix(src.Content, []byte(source.BOM)) {
		return Suggestion{}, false
	}
	for i := range edits {
		e := &edits[i]
		end = max(end, e.Span.Start)
		e.Span.Start, e.Span.End = e.Span.Start-start, e.Span.End-start
	}
	text, err := Apply(src.Content[start:end], edits)
	if err != nil || !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return Suggestion{}, false
	}
	s := Suggestion{Path: path, First: first, Last: last, Text: string(text), Findings: u.findings}
	if end > src.Line(last).End {
		s.Text = strings.TrimSuffix(s.Text, "\n")
	}
	return s, true
}
