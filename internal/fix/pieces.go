package fix

import (
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/template/bicep"
)

// piece is a part of a string: text, or the source of an expression.
type piece struct {
	text   string
	source string // "" for text
}

// pieces takes a Bicep string apart. It is false for anything else.
func (w *bicepWriter) pieces(x bicep.Expr) ([]piece, bool) {
	s, ok := x.(*bicep.StringExpr)
	if !ok {
		return nil, false
	}
	var out []piece
	for i, text := range s.Texts {
		if text != "" {
			out = append(out, piece{text: text})
		}
		if i < len(s.Holes) {
			out = append(out, piece{source: w.file.Source.Text(s.Holes[i].Span())})
		}
	}
	return out, true
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

// renderPieces writes Bicep: a lone expression as itself, else a string.
func renderPieces(pieces []piece) string {
	if len(pieces) == 1 && pieces[0].source != "" {
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
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`, "${", `\${`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s)
}
