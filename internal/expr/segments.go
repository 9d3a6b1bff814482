package expr

import (
	"slices"
	"strings"
)

// Split cuts a string at a separator in its literal parts. Terms are taken to
// hold none: names and subscriptions do not, and a text with the separator
// written out says how its author sees it.
func Split(v Value, sep string) []Value {
	pieces := [][]Value{nil}
	for _, p := range Parts(v) {
		s, ok := p.AsString()
		if !ok {
			pieces[len(pieces)-1] = append(pieces[len(pieces)-1], p)
			continue
		}
		for i, part := range strings.Split(s, sep) {
			if i > 0 {
				pieces = append(pieces, nil)
			}
			if part != "" {
				pieces[len(pieces)-1] = append(pieces[len(pieces)-1], String(part))
			}
		}
	}
	out := make([]Value, len(pieces))
	for i, p := range pieces {
		out[i] = Concat(p...)
	}
	return out
}

// Segments are the parts of a resource name that must have n of them, and
// whether it can. One term that holds a whole name is split as a template
// would split it, with first(split(x, '/')) and last(split(x, '/')).
func Segments(name Value, n int) ([]Value, bool) {
	if name.IsUnknown() {
		return slices.Repeat([]Value{Unknown()}, n), true
	}
	pieces := Split(name, "/")
	if len(pieces) == n {
		return pieces, true
	}
	if t := name.Term(); t != nil && t.Op == OpIf {
		return eitherSegments(t, n)
	}
	if len(pieces) > n || len(pieces) == 0 {
		return nil, false
	}
	missing := n - len(pieces)
	for i, p := range pieces {
		if p.Term() == nil || len(Parts(p)) != 1 || !mayHoldSlash(p) {
			continue
		}
		// A lone term may be several segments: svc is one, and so is api, but
		// "whole/policy" leaves no doubt which of the two is short.
		out := append(slices.Clone(pieces[:i]), segmentsOf(p, missing+1)...)
		return append(out, pieces[i+1:]...), true
	}
	if slices.ContainsFunc(Parts(name), mayHoldSlash) {
		return segmentsOf(name, n), true // nobody knows where the slashes are
	}
	return nil, false
}

// eitherSegments are the parts of a name that is one of two. A choice that Azure
// refuses deploys nothing.
func eitherSegments(t *Term, n int) ([]Value, bool) {
	yes, okYes := Segments(t.Args[1], n)
	no, okNo := Segments(t.Args[2], n)
	switch {
	case !okYes:
		return no, okNo
	case !okNo:
		return yes, true
	}
	out := make([]Value, n)
	for i := range out {
		out[i] = If(t.Args[0], yes[i], no[i])
	}
	return out, true
}

// segmentsOf are the n parts of something that is not known.
func segmentsOf(v Value, n int) []Value {
	list := Apply("split", KindArray, v, String("/"))
	out := make([]Value, 0, n)
	for k := range n - 1 {
		out = append(out, ElementAt(list, int64(k)))
	}
	return append(out, LastOf(list))
}

// mayHoldSlash reports whether a part of a name may turn out to have slashes.
func mayHoldSlash(v Value) bool {
	t := v.Term()
	return t != nil && t.typ != KindInt && t.typ != KindBool && t.Op != "uniquestring" && t.Op != "guid"
}

// SecondOfTwo is split(x, '/')[1] for what Segments made of a name x of two
// parts: a template may ask for the last of two elements either way.
func SecondOfTwo(first, last Value) (Value, bool) {
	t := last.Term()
	if t == nil || t.Op != "last" || len(t.Args) != 1 || !Identical(first, ElementAt(t.Args[0], 0)) {
		return Value{}, false
	}
	return ElementAt(t.Args[0], 1), true
}
