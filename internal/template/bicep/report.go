package bicep

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// maxDiagnostics bounds what is said about one file.
const maxDiagnostics = 100

// A reporter collects diagnostics about one file.
type reporter struct {
	path string
	list []diag.Diagnostic
}

// add is without effect right where the last diagnostic was: one mistake is
// one diagnostic.
func (r *reporter) add(at source.Span, summary, detail string, related ...diag.Related) {
	n := len(r.list)
	if n >= maxDiagnostics || n > 0 && r.list[n-1].Span.Start == at.Start {
		return
	}
	r.list = append(r.list, diag.Diagnostic{
		Code: template.CodeUnreadable, Severity: diag.Failure, Path: r.path,
		Span: at, Summary: summary, Detail: detail, Related: related,
	})
}

// fail reports that the token at the position is not what was expected.
func (p *parser) fail(expected, advice string) {
	p.bad = true
	t := p.tok()
	if t.flags&broken != 0 || !p.first() {
		return
	}
	what := p.describe(t)
	p.report.add(p.place(t), "Unexpected "+what,
		"There is "+article(t.Kind)+what+" where "+expected+" was expected. "+advice)
}

// first reports whether nothing has been said about the position yet, and
// takes note that something is said now.
func (p *parser) first() bool {
	if p.quiet || p.reported == p.pos {
		return false
	}
	p.reported = p.pos
	return true
}

// place is where a person sees that a token is wrong: the end of a line rather
// than the line break, which may be many lines long.
func (p *parser) place(t Token) source.Span {
	if t.Kind == NewLine || t.Kind == EndOfFile {
		return source.Span{Start: int(p.end), End: int(p.end)}
	}
	return t.Span()
}

func (p *parser) describe(t Token) string {
	switch t.Kind {
	case NewLine, EndOfFile:
		return t.Kind.String()
	case String, StringLeft:
		return "string " + quote(p.text(t))
	default:
		if p.text(t) == "" {
			return t.Kind.String() // a piece of a raw string may be empty
		}
		return quote(p.text(t))
	}
}

func article(k Kind) string {
	switch k {
	case NewLine, String, StringLeft:
		return "a "
	case EndOfFile:
		return "the "
	default:
		return ""
	}
}

// unclosed reports a bracket whose end is missing, at the bracket: where the
// end belongs is for the author to say.
func (p *parser) unclosed(opener Token) {
	if !p.first() {
		return
	}
	closer := quote(spelling[closerOf(opener.Kind)])
	t := p.tok()
	p.report.add(opener.Span(), "Missing "+closer,
		fmt.Sprintf("There is %s without %s before the %s on line %d. Add %s where it belongs.",
			quote(spelling[opener.Kind]), closer, p.describe(t), p.lines.Position(p.place(t).Start).Line, closer),
		diag.Related{Path: p.lines.Path, Span: p.place(t), Message: closer + " is missed here at the latest"})
}

func closerOf(opener Kind) Kind {
	if opener == Less {
		return Greater
	}
	return opener + 1
}

// quote shows text of the file inside a message: short, on one line, and valid
// whatever the bytes are.
func quote(text string) string {
	const limit = 32
	var b strings.Builder
	b.WriteByte('"')
	n := 0
	for _, r := range text {
		if n++; n > limit {
			b.WriteString("…")
			break
		}
		if r < ' ' || r == 0x7f {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String()
}
