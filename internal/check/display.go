package check

import (
	"slices"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/expr"
)

// display is the API's base name where it is known, else the source text of
// its name. A parameter whose default is empty stands for a value to come.
func display(a *api) (name string, known bool) {
	if s, ok := a.name.AsString(); ok && s != "" {
		return s, true
	}
	cur := a.current()
	if text, ok := cur.Handed(a.name); ok {
		return trimQuotes(text), false
	}
	if cur.Decl.Name == nil {
		return cur.Type, false
	}
	if _, api, ok := cutName(cur, cur.Decl.Name); ok {
		return api, false
	}
	if kept, cut := cutRevision(cur, fragments(cur.Decl.Name, nil)); cut {
		return show(cur, kept), false
	}
	return trimQuotes(cur.Source(cur.Decl.Name)), false
}

// displayService is the name of the API's service, known or as written.
func displayService(a *api) string {
	if s, ok := a.service.Name.AsString(); ok && s != "" {
		return s
	}
	cur := a.current()
	if text, ok := cur.Handed(a.service.Name); ok {
		return trimQuotes(text)
	}
	if owner := cur.Owner(); owner != nil && owner.Name != nil {
		return trimQuotes(cur.Source(owner.Name))
	}
	if service, _, ok := cutName(cur, cur.Decl.Name); ok {
		return service
	}
	return trimQuotes(cur.Source(cur.Decl.Name))
}

// trimQuotes takes the quotes off an ARM string; Bicep's belong to the
// expression.
func trimQuotes(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// fragment is a part of a name that is put together: text, or an expression.
type fragment struct {
	text string
	x    expr.Expr
}

// cutName shows a name that is written as service/api in its two parts.
func cutName(r *deployment.Resource, name expr.Expr) (service, api string, ok bool) {
	parts := fragments(name, nil)
	for i, p := range parts {
		left, right, found := strings.Cut(p.text, "/")
		if p.x != nil || !found || strings.Contains(right, "/") {
			continue
		}
		before := append(append([]fragment(nil), parts[:i]...), fragment{text: left})
		after := append([]fragment{{text: right}}, parts[i+1:]...)
		after, _ = cutRevision(r, after)
		return show(r, before), show(r, after), true
	}
	return "", "", false
}

// cutRevision drops ";rev=" and what follows, also where a condition decides
// on it, and reports whether it was there.
func cutRevision(r *deployment.Resource, parts []fragment) (kept []fragment, cut bool) {
	for i, p := range parts {
		if base, found := CutRevision(p.text); found {
			return append(slices.Clone(parts[:i]), fragment{text: base}), true
		}
	}
	if len(parts) == 0 {
		return parts, false
	}
	c, ok := parts[len(parts)-1].x.(*expr.Conditional)
	if !ok {
		return parts, false
	}
	yes, cutYes := cutRevision(r, fragments(c.Then, nil))
	no, cutNo := cutRevision(r, fragments(c.Else, nil))
	if !cutYes && !cutNo || show(r, yes) != show(r, no) {
		return parts, false
	}
	return append(slices.Clone(parts[:len(parts)-1]), yes...), true
}

// fragments takes interpolations, concat() and plain format() apart.
func fragments(x expr.Expr, out []fragment) []fragment {
	if s, ok := expr.LiteralString(x); ok {
		return append(out, fragment{text: s})
	}
	switch x := x.(type) {
	case *expr.Interpolation:
		for _, p := range x.Parts {
			out = fragments(p, out)
		}
		return out
	case *expr.Call:
		switch {
		case x.Base == nil && strings.EqualFold(x.Name, "concat"):
			for _, a := range x.Args {
				out = fragments(a, out)
			}
			return out
		case x.Base == nil && strings.EqualFold(x.Name, "format") && len(x.Args) > 0:
			if parts, ok := formatFragments(x); ok {
				return append(out, parts...)
			}
		}
	}
	return append(out, fragment{x: x})
}

func formatFragments(c *expr.Call) ([]fragment, bool) {
	text, ok := expr.LiteralString(c.Args[0])
	if !ok || strings.Contains(text, "{{") || strings.Contains(text, "}}") {
		return nil, false
	}
	var out []fragment
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		out = append(out, fragment{text: before})
		if !found {
			break
		}
		index, after, closed := strings.Cut(rest, "}")
		n, err := strconv.Atoi(index)
		if !closed || err != nil || n < 0 || n+1 >= len(c.Args) {
			return nil, false
		}
		out = fragments(c.Args[n+1], out)
		text = after
	}
	return out, true
}

// show writes fragments for a reader: a lone expression as it stands in the
// file, others in ${…} between the text.
func show(r *deployment.Resource, parts []fragment) string {
	var b strings.Builder
	lone := 0
	for _, p := range parts {
		if p.x != nil || p.text != "" {
			lone++
		}
	}
	for _, p := range parts {
		switch {
		case p.x == nil:
			b.WriteString(p.text)
		case lone == 1:
			b.WriteString(r.Source(p.x))
		default:
			b.WriteString("${" + r.Source(p.x) + "}")
		}
	}
	return b.String()
}
