package arm

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// Bounds of matching comments with declarations; a template may have 800
// resources.
const (
	maxMarkers = 1000
	// maxBlock is how many comments may follow one that stands above something.
	maxBlock = 32
	// maxIndent is how far a comment may be from its line's start, and maxGap
	// how far what stands below it, in bytes.
	maxIndent = 1 << 10
	maxGap    = 1 << 16
)

// places are the tokens that a comment may belong to, with the declaration that
// they are part of, which is named by the offset of its object.
type places struct {
	// above maps what a comment may stand above; beside are the tokens on whose
	// line it may stand, in order.
	above  map[int]int
	beside []place
}

type place struct{ token, declaration int }

// declare keeps a resource for matching it with comments, and the suppressions
// that its own properties carry. Start is where it begins, its key included.
func (r *reader) declare(f *fields, start int) {
	id := f.object.Index
	if len(r.copy.markers) > 0 {
		if r.places.above == nil {
			r.places.above = map[int]int{}
		}
		r.declareAt(id, start, start)
		r.declareAt(id, id, id)
		if f.name.Exists() {
			r.declareAt(id, f.nameKey, f.name.Index)
		}
		if f.typ.Exists() {
			r.declareAt(id, f.typeKey, f.typ.Index)
		}
	}
	r.carry(id, f.comments)
	if !f.metadata.IsObject() {
		r.carry(id, f.metadata)
		return
	}
	elements(f.metadata, func(k, v gjson.Result) {
		if equalFold(text(k), "onboard-defender") && v.Type == gjson.String {
			if reason, ok := afterMarker("onboard-defender: " + text(v)); ok {
				r.carried = append(r.carried, template.Suppression{At: span(v), Declaration: id, Text: reason})
				return
			}
		}
		r.carry(id, v)
	})
}

func (r *reader) declareAt(declaration, above, beside int) {
	r.places.above[above] = declaration
	r.places.beside = append(r.places.beside, place{token: beside, declaration: declaration})
}

// carry keeps the suppression in a property of a resource.
func (r *reader) carry(id int, v gjson.Result) {
	if v.Type != gjson.String || indexFold(v.Raw, template.SuppressionMarker) < 0 {
		return
	}
	s := text(v)
	if n := indexFold(s, template.SuppressionMarker); n >= 0 {
		if reason, ok := afterMarker(s[n:]); ok {
			r.carried = append(r.carried, template.Suppression{At: span(v), Declaration: id, Text: reason})
		}
	}
}

// suppressions are the ones in comments and in properties, in order.
func (r *reader) suppressions() []template.Suppression {
	slices.SortFunc(r.places.beside, func(a, b place) int { return cmp.Compare(a.token, b.token) })
	all := r.carried
	for _, comment := range r.copy.markers {
		for line := range strings.SplitSeq(r.file.Text(comment), "\n") {
			line = strings.TrimSuffix(strings.TrimRight(line, " \t\r"), "*/")
			reason, ok := afterMarker(strings.TrimLeft(line, "/* \t"))
			if ok {
				all = append(all, template.Suppression{At: comment, Declaration: r.declarationOf(comment), Text: reason})
				break
			}
		}
	}
	slices.SortStableFunc(all, func(a, b template.Suppression) int { return cmp.Compare(a.At.Start, b.At.Start) })
	return all
}

// afterMarker is the rest of the line after the marker that it begins with.
func afterMarker(line string) (string, bool) {
	const marker = template.SuppressionMarker
	if len(line) < len(marker) || !equalFold(line[:len(marker)], marker) {
		return "", false
	}
	rest, _, _ := strings.Cut(line[len(marker):], "\n")
	if rest != "" && isWordByte(rest[0]) {
		return "", false // "ignored", "ignore-file"
	}
	return strings.TrimSpace(rest), true
}

// declarationOf is the declaration that a comment stands above or beside, or -1.
func (r *reader) declarationOf(comment source.Span) int {
	if next, ok := r.below(comment); ok {
		if id, ok := r.places.above[next]; ok {
			return id
		}
	}
	line := r.file.LineAt(comment.Start)
	beside := r.places.beside
	after, _ := slices.BinarySearchFunc(beside, comment.Start, func(p place, offset int) int { return cmp.Compare(p.token, offset) })
	if after > 0 && r.file.LineAt(beside[after-1].token) == line {
		return beside[after-1].declaration
	}
	if after < len(beside) && r.file.LineAt(beside[after].token) == line {
		return beside[after].declaration
	}
	return -1
}

// below is the token that a comment stands above: the comment has its lines to
// itself, and no blank line follows it or the comments after it.
func (r *reader) below(comment source.Span) (int, bool) {
	line := r.file.Line(r.file.LineAt(comment.Start))
	if comment.Start-line.Start > maxIndent {
		return 0, false
	}
	// Comments are spaces in the copy, so what is not is a token before this one.
	if strings.Trim(r.copy.text[line.Start:comment.Start], " \t") != "" {
		return 0, false
	}
	src := r.file.Content[:min(len(r.file.Content), comment.End+maxGap)]
	breaks, comments := 0, 0
	for i := comment.End; i < len(src) && comments <= maxBlock; {
		switch b := src[i]; {
		case b == '\n' || b == '\r' && (i+1 == len(src) || src[i+1] != '\n'):
			if breaks++; breaks > 1 {
				return 0, false
			}
			i++
		case b == ' ' || b == '\t' || b == '\r':
			i++
		default:
			end, _ := commentEnd(src, i)
			if end == i {
				return i, true
			}
			i, breaks, comments = end, 0, comments+1
		}
	}
	return 0, false
}
