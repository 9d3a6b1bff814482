package check

import (
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/expr"
)

// withoutRevision is a name without ";rev=" and what follows, in whatever way
// its end turns out, and whether that was there. A name that cuts it off by
// itself is the same as the one that it is cut off.
func withoutRevision(name expr.Value) (base expr.Value, cut bool) {
	parts := expr.Parts(name)
	for i, p := range parts {
		if s, ok := p.AsString(); ok {
			if base, cut := CutRevision(s); cut {
				return expr.Concat(append(slices.Clone(parts[:i]), expr.String(base))...), true
			}
		}
	}
	if len(parts) == 0 {
		return name, false
	}
	rest, end := parts[:len(parts)-1], parts[len(parts)-1]
	switch t := end.Term(); {
	case t == nil:
		return name, false
	case t.Op == expr.OpIf:
		yes, cutYes := withoutRevision(t.Args[1])
		no, cutNo := withoutRevision(t.Args[2])
		end, cut = expr.If(t.Args[0], yes, no), cutYes || cutNo
	default:
		whole, ok := beforeRevision(t)
		if !ok {
			return name, false
		}
		end, _ = withoutRevision(whole)
	}
	return expr.Concat(append(slices.Clone(rest), end)...), cut
}

// beforeRevision is the name x of first(split(x, ';rev=')).
func beforeRevision(t *expr.Term) (name expr.Value, ok bool) {
	if t.Op != expr.OpMember {
		return name, false
	}
	list := t.Args[0].Term()
	if at, ok := t.Args[1].AsInt(); !ok || at != 0 || list == nil || list.Op != "split" || len(list.Args) != 2 {
		return name, false
	}
	if sep, ok := list.Args[1].AsString(); !ok || !strings.EqualFold(sep, revisionMark) {
		return name, false
	}
	return list.Args[0], true
}

// revisionMark separates the name of an API from the number of its revision.
const revisionMark = ";rev="

// CutRevision is a name without ";rev=" and what follows, and whether that was
// there. Offsets in a folded copy would not do: some letters are longer in
// lower case.
func CutRevision(name string) (base string, cut bool) {
	for i := 0; i+len(revisionMark) <= len(name); i++ {
		if name[i] == revisionMark[0] && strings.EqualFold(name[i:i+len(revisionMark)], revisionMark) {
			return name[:i], true
		}
	}
	return name, false
}

// HasRevision reports whether the resource's name ends with a revision,
// wherever in the templates that is written.
func HasRevision(r *deployment.Resource) bool {
	if len(r.Segments) == 0 {
		return false
	}
	_, cut := withoutRevision(r.Segments[len(r.Segments)-1])
	return cut
}
