package bicep

import (
	"sort"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/template"
)

// suppressions finds the inline requests not to report a declaration.
func (l *lowering) suppressions() []template.Suppression {
	var all []template.Suppression
	for _, t := range l.file.Trivia {
		if t.Kind != LineComment && t.Kind != BlockComment {
			continue
		}
		text, ok := suppression(l.file.Source.Text(t.Span()))
		if !ok {
			continue
		}
		all = append(all, template.Suppression{At: t.Span(), Declaration: l.declarationOf(t), Text: text})
	}
	return all
}

// suppression is what follows the marker in a comment.
func suppression(comment string) (string, bool) {
	comment = strings.TrimSuffix(comment, "*/")
	comment = strings.TrimLeft(comment, "/* \t\r\n")
	n := len(template.SuppressionMarker)
	if len(comment) < n || !strings.EqualFold(comment[:n], template.SuppressionMarker) {
		return "", false
	}
	rest := comment[n:]
	if rest != "" && isWord(rest[0]) {
		return "", false // "ignored" is another word
	}
	return strings.TrimSpace(rest), true
}

// declarationOf is the start of the resource or module that a comment belongs to: the
// one that it leads or follows, else the innermost around it; -1 for none.
func (l *lowering) declarationOf(t Trivia) int {
	at := t.Span()
	// The last that begins before the comment contains it, or is nested in all
	// that do.
	i := sort.Search(len(l.extents), func(i int) bool { return l.extents[i].Start > at.Start }) - 1
	for ; i >= 0; i = l.extents[i].around {
		if at.End <= l.extents[i].End {
			return l.extents[i].decl
		}
	}
	return -1
}
