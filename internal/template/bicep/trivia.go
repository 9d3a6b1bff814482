package bicep

import (
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

func (l *lexer) addTrivia(k TriviaKind, start int) {
	l.trivia = append(l.trivia, Trivia{start: int32(start), end: int32(l.pos), Kind: k}) //nolint:gosec // bounded by template.MaxSize
}

func (l *lexer) skipTrivia() {
	for l.pos < len(l.src) {
		switch l.src[l.pos] {
		case ' ', '\t':
			l.pos++
		case '/':
			switch l.peek(1) {
			case '/':
				start := l.pos
				l.pos = l.lineEnd(l.pos)
				l.addTrivia(LineComment, start)
			case '*':
				l.blockComment()
			default:
				return
			}
		case '#':
			if !l.pragma() {
				return
			}
		case '<', '=', '>', '|':
			if !template.ConflictMark(l.src, l.pos) {
				return
			}
			l.conflict()
		default:
			return
		}
	}
}

// conflict passes over a mark of a merge conflict: both versions are read.
func (l *lexer) conflict() {
	start := l.pos
	l.pos = l.lineEnd(start)
	l.addTrivia(ConflictMark, start)
	if l.src[start] == '<' || !l.conflicted {
		l.conflicted = true
		l.report.add(source.Span{Start: start, End: l.pos}, template.ConflictSummary, template.ConflictDetail)
	}
}

// lineEnd is the offset of the next line break, or of the end of the file.
func (l *lexer) lineEnd(from int) int {
	for i := from; i < len(l.src); i++ {
		if c := l.src[i]; c == '\n' || c == '\r' {
			return i
		}
	}
	return len(l.src)
}

func (l *lexer) blockComment() {
	start := l.pos
	n := -1
	if !l.unclosedComment {
		n = strings.Index(l.src[start+2:], "*/")
	}
	if n >= 0 {
		l.pos = start + 2 + n + 2
		l.addTrivia(BlockComment, start)
		return
	}
	// The compiler takes the rest of the file as comment. Ending it with its
	// line keeps the declarations below readable.
	if !l.unclosedComment {
		l.unclosedComment = true
		l.report.add(source.Span{Start: start, End: start + 2}, `Unterminated comment`,
			`There is "/*" without "*/" after it. End the comment with "*/".`)
	}
	l.pos = l.lineEnd(start)
	l.addTrivia(BlockComment, start)
}

// pragma reads a pragma. It must be the first thing on its line; the comment
// that may follow is no part of it.
func (l *lexer) pragma() bool {
	start := l.pos
	rest := l.src[start:]
	if !strings.HasPrefix(rest, "#disable-next-line") && !strings.HasPrefix(rest, "#disable-diagnostics") &&
		!strings.HasPrefix(rest, "#restore-diagnostics") {
		return false
	}
	before := strings.TrimRight(l.src[:start], " \t")
	if before != "" && before != source.BOM && !strings.HasSuffix(before, "\n") && !strings.HasSuffix(before, "\r") {
		return false
	}
	line := l.src[start:l.lineEnd(start)]
	if i := strings.Index(line, "//"); i >= 0 {
		line = line[:i]
	}
	if i := strings.Index(line, "/*"); i >= 0 {
		line = line[:i]
	}
	l.pos = start + len(strings.TrimRight(line, " \t"))
	l.addTrivia(Pragma, start)
	return true
}
