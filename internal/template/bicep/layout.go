package bicep

import (
	"sort"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Leading is the comments and pragmas that belong to what begins at an offset:
// those before it on its line, and on the lines right above without an empty
// line or code in between.
func (f *File) Leading(offset int) []Trivia {
	last := sort.Search(len(f.Trivia), func(i int) bool { return int(f.Trivia[i].start) >= offset })
	first := last
	for start := offset; first > 0; first-- {
		t := f.Trivia[first-1]
		if t.Kind == ByteOrderMark || !f.adjoins(int(t.end), start) {
			break
		}
		start = int(t.start)
	}
	for first < last && !f.leads(f.Trivia[first]) {
		first++
	}
	return f.Trivia[first:last:last]
}

// adjoins reports whether only blanks and at most one line break lie between
// two offsets.
func (f *File) adjoins(from, to int) bool {
	breaks := 0
	for i := from; i < to; i++ {
		switch f.Source.Content[i] {
		case ' ', '\t':
		case '\r':
			if i+1 == to || f.Source.Content[i+1] != '\n' {
				breaks++
			}
		case '\n':
			breaks++
		default:
			return false
		}
	}
	return breaks <= 1
}

// leads reports whether no code stands before the trivia on its line: else it
// belongs to that.
func (f *File) leads(t Trivia) bool {
	after := sort.Search(len(f.Tokens), func(i int) bool { return f.Tokens[i].end > t.start })
	return after == 0 || f.Tokens[after-1].Kind == NewLine
}

// Trailing is the comment behind a node on the line that the node ends on.
func (f *File) Trailing(n Node) (Trivia, bool) {
	end := n.Span().End
	i := sort.Search(len(f.Trivia), func(i int) bool { return int(f.Trivia[i].start) >= end })
	if i == len(f.Trivia) {
		return Trivia{}, false
	}
	t := f.Trivia[i]
	for j := end; j < int(t.start); j++ {
		if c := f.Source.Content[j]; c != ' ' && c != '\t' && c != ',' {
			return Trivia{}, false
		}
	}
	return t, true
}

// Extent is everything that belongs to a node: from the first comment or
// pragma that leads it to the comment behind it.
func (f *File) Extent(n Node) source.Span {
	s := n.Span()
	if leading := f.Leading(s.Start); len(leading) > 0 {
		s.Start = leading[0].Span().Start
	}
	if trailing, ok := f.Trailing(n); ok {
		s.End = trailing.Span().End
	}
	return s
}

// Indent is the blanks at the start of the line that an offset is on.
func (f *File) Indent(offset int) string {
	start := f.Source.Line(f.Source.LineAt(offset)).Start
	if start == 0 && len(f.Trivia) > 0 && f.Trivia[0].Kind == ByteOrderMark {
		start = len(source.BOM)
	}
	end := start
	for end < len(f.Source.Content) && (f.Source.Content[end] == ' ' || f.Source.Content[end] == '\t') {
		end++
	}
	return string(f.Source.Content[start:end])
}

// LineBreak is how the file ends its lines, judged by the first one; "\n" where
// there is none.
func (f *File) LineBreak() string {
	for i, c := range f.Source.Content {
		switch {
		case c == '\n':
			return "\n"
		case c == '\r' && i+1 < len(f.Source.Content) && f.Source.Content[i+1] == '\n':
			return "\r\n"
		case c == '\r':
			return "\r"
		}
	}
	return "\n"
}
