package report

import (
	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// lookup finds the positions of spans in the files of a report.
type lookup map[string]*source.File

func newLookup(r *check.Report) lookup { return r.Sources }

// position is where the span begins and ends; the first place of the file if
// its content is not known.
func (l lookup) position(path string, s source.Span) (start, end source.Position) {
	f := l[path]
	if f == nil {
		first := source.Position{Line: 1, Column: 1}
		return first, first
	}
	return f.Position(s.Start), f.Position(s.End)
}

// afterBreak is the place after a line with its line break.
func (l lookup) afterBreak(path string, line int) source.Position {
	f := l[path]
	end := f.Line(line).End
	return source.Position{Line: line, Column: f.Position(end).Column + f.Line(line+1).Start - end}
}

// line is the number of the line in which a span begins, 0 if the content of
// the file is not known.
func (l lookup) line(path string, s source.Span) int {
	if f := l[path]; f != nil {
		return f.LineAt(s.Start)
	}
	return 0
}
