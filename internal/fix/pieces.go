package fix

import (
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/template/bicep"
)

// piece is a part of a string: text, or the source of an expression.
type piece struct {
	text   string
	source string     // "" for text
	node   bicep.Expr // what source is in Bicep, nil in ARM
	number bool       // source is a whole number, which is no name by itself
}

// pieces takes a Bicep string apart, through concat() and plain format(). It is
// false for anything else.
func (w *bicepWriter) pieces(x bicep.Expr) ([]piece, bool) {
	switch x := x.(type) {
	case *bicep.StringExpr:
		var out []piece
		for i, text := range x.Texts {
			out = append(out, textPiece(text)...)
			if i < len(x.Holes) {
				out = append(out, w.source(x.Holes[i]))
			}
		}
		return out, true
	case *bicep.CallExpr:
		if x.Base != nil || len(x.Args) == 0 {
			return nil, false
		}
		switch x.Name.Name {
		case "concat":
			var out []piece
			for _, arg := range x.Args {
				out = append(out, w.argument(arg)...)
			}
			return merge(out), true
		case "format":
			pattern, ok := x.Args[0].(*bicep.StringExpr)
			if !ok || len(pattern.Holes) > 0 {
				return nil, false
			}
			out, ok := formatted(textOf(pattern), len(x.Args)-1, func(n int) []piece { return w.argument(x.Args[n+1]) })
			return merge(out), ok
		}
	}
	return nil, false
}

func (w *bicepWriter) source(x bicep.Expr) piece {
	return piece{source: w.file.Source.Text(x.Span()), node: x, number: w.number(x, 0)}
}

// argument is what an argument adds to a string.
func (w *bicepWriter) argument(x bicep.Expr) []piece {
	if s, ok := w.pieces(x); ok {
		return s
	}
	return []piece{w.source(x)}
}

// formatted takes the text of format() with a number of arguments apart; it is
// false for alignment and number formats.
func formatted(text string, args int, argument func(n int) []piece) ([]piece, bool) {
	var out []piece
	for text != "" {
		i := strings.IndexAny(text, "{}")
		if i < 0 {
			return append(out, textPiece(text)...), true
		}
		out = append(out, textPiece(text[:i])...)
		if i+1 < len(text) && text[i+1] == text[i] { // {{ is a brace
			out = append(out, textPiece(text[i:i+1])...)
			text = text[i+2:]
			continue
		}
		end := strings.IndexByte(text[i:], '}')
		if text[i] != '{' || end < 0 {
			return nil, false
		}
		n, err := strconv.Atoi(text[i+1 : i+end])
		if err != nil || n < 0 || n >= args {
			return nil, false
		}
		out = append(out, argument(n)...)
		text = text[i+end+1:]
	}
	return out, true
}

// merge joins texts that stand side by side.
func merge(pieces []piece) []piece {
	var out []piece
	for _, p := range pieces {
		if n := len(out); n > 0 && p.source == "" && out[n-1].source == "" {
			out[n-1].text += p.text
			continue
		}
		out = append(out, p)
	}
	return out
}

// cutSlash splits at the only slash in the text; it is false when there is
// none, or more than one.
func cutSlash(pieces []piece) (before, after []piece, ok bool) {
	for i, p := range pieces {
		left, right, found := strings.Cut(p.text, "/")
		if !found {
			continue
		}
		before = append(append([]piece(nil), pieces[:i]...), textPiece(left)...)
		after = append(textPiece(right), pieces[i+1:]...)
		for _, q := range after {
			if strings.Contains(q.text, "/") {
				return nil, nil, false
			}
		}
		return before, after, len(before) > 0 && len(after) > 0
	}
	return nil, nil, false
}

func textPiece(s string) []piece {
	if s == "" {
		return nil
	}
	return []piece{{text: s}}
}

// cutRevision drops ";rev=" and what follows, and reports whether it was there.
func cutRevision(pieces []piece) ([]piece, bool) {
	for i, p := range pieces {
		if base, found := check.CutRevision(p.text); found {
			return append(append([]piece(nil), pieces[:i]...), textPiece(base)...), true
		}
	}
	return pieces, false
}

// renderPieces writes Bicep: a lone expression that can be a name as itself,
// else a string.
func renderPieces(pieces []piece) string {
	if len(pieces) == 1 && pieces[0].source != "" && !pieces[0].number {
		return pieces[0].source
	}
	var b strings.Builder
	b.WriteByte('\'')
	for _, p := range pieces {
		if p.source != "" {
			b.WriteString("${" + p.source + "}")
			continue
		}
		b.WriteString(escapeBicep(p.text))
	}
	b.WriteByte('\'')
	return b.String()
}

// escapeBicep writes text inside a single-quoted string.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/data-types#strings
func escapeBicep(s string) string {
	if !strings.ContainsAny(s, "\\'$\n\r\t") {
		return s // most need nothing, and a replacer is large
	}
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`, "${", `\${`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s)
}
