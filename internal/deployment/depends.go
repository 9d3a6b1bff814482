package deployment

import (
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// DependsOn reports whether a resource is certain to be deployed after
// another: directly, through resources between them, or because the module
// that holds the one depends on the module that holds the other.
func (r *Resource) DependsOn(other *Resource) bool {
	goal := map[node]bool{{other.in, other.Decl}: true}
	for _, c := range other.Calls {
		goal[node{c.in, c.Module}] = true
	}
	var queue []edgeSource
	queue = append(queue, edgeSource{node{r.in, r.Decl}, r.scope})
	for _, c := range r.Calls {
		// A module both lie in says nothing about their order.
		if !goal[node{c.in, c.Module}] {
			queue = append(queue, edgeSource{node{c.in, c.Module}, c.in.scope()})
		}
		delete(goal, node{c.in, c.Module})
	}
	seen := map[node]bool{}
	for len(queue) > 0 && len(seen) < maxResources {
		from := queue[0]
		queue = queue[1:]
		if seen[from.node] {
			continue
		}
		seen[from.node] = true
		for _, to := range from.in.edges(from) {
			if goal[to] {
				return true
			}
			queue = append(queue, edgeSource{to, to.in.scope()})
		}
	}
	return false
}

// node is a declaration, of a resource or a module, in an instance.
type node struct {
	in   *instance
	decl any // *template.Resource or *template.Module
}

type edgeSource struct {
	node
	scope expr.Scope
}

// edges are the declarations of the same instance that one depends on.
func (in *instance) edges(from edgeSource) []node {
	var explicit, implicit []expr.Expr
	switch d := from.decl.(type) {
	case *template.Resource:
		explicit = d.DependsOn
		implicit = []expr.Expr{d.Name, d.Parent, d.Scope, d.Condition}
		if d.Body != nil {
			implicit = append(implicit, d.Body)
		}
		if d.Loop != nil {
			implicit = append(implicit, d.Loop.In)
		}
	case *template.Module:
		explicit = d.DependsOn
		implicit = []expr.Expr{d.Name, d.Scope, d.Condition}
		if d.Parameters != nil {
			implicit = append(implicit, d.Parameters)
		}
		if d.Loop != nil {
			implicit = append(implicit, d.Loop.In)
		}
	}
	out := in.mentioned(implicit)
	for _, x := range explicit {
		if in.template.Language == template.Bicep {
			out = append(out, in.mentioned([]expr.Expr{x})...)
			continue
		}
		out = append(out, in.named(in.d.eval.Eval(from.scope, x))...)
	}
	if r, ok := from.decl.(*template.Resource); ok && r.Container != nil {
		out = append(out, node{in, r.Container})
	}
	return out
}

// mentioned are the declarations whose symbols expressions use. An existing
// resource is deployed by nobody, so that using it orders nothing.
func (in *instance) mentioned(xs []expr.Expr) []node {
	var out []node
	for _, x := range xs {
		if isNil(x) {
			continue
		}
		expr.Walk(x, func(x expr.Expr) bool {
			switch x := x.(type) {
			case *expr.Nested:
				if r := in.nestedDecl(x); r != nil && !r.Existing {
					out = append(out, node{in, r})
				}
			case *expr.Name:
				switch s := in.symbols[x.Name]; {
				case s.resource != nil && !s.resource.Existing:
					out = append(out, node{in, s.resource})
				case s.module != nil:
					out = append(out, node{in, s.module})
				case s.variable != nil:
					out = append(out, in.mentioned([]expr.Expr{variableOnce(s.variable)})...)
				}
			case *expr.Call:
				if strings.EqualFold(x.Name, "reference") && len(x.Args) > 0 && in.template.Language == template.ARM {
					out = append(out, in.named(in.d.eval.Eval(in.scope(), x.Args[0]))...)
				}
			}
			return true
		})
	}
	return out
}

// variableOnce is what a variable says if that can hold symbols without
// leading back: a plain reference. Deeper chains order nothing here; they are
// rare, and what follows from them is a notice.
func variableOnce(v *template.Variable) expr.Expr {
	if n, ok := v.Value.(*expr.Member); ok {
		return n
	}
	return nil
}

func isNil(x expr.Expr) bool { return x == nil }

// nestedDecl finds the declaration behind service::api.
func (in *instance) nestedDecl(x *expr.Nested) *template.Resource {
	var parent *template.Resource
	switch b := x.Base.(type) {
	case *expr.Name:
		parent = in.symbols[b.Name].resource
	case *expr.Nested:
		parent = in.nestedDecl(b)
	}
	if parent == nil {
		return nil
	}
	for _, c := range parent.Children {
		if c.Symbol == x.Name {
			return c
		}
	}
	return nil
}

// named are the declarations that an entry of ARM's dependsOn means: a
// resource ID, a full or last name, a loop's name, or a symbolic name.
func (in *instance) named(v expr.Value) []node {
	var out []node
	for _, m := range in.template.Modules {
		id := expr.String(m.Symbol)
		name := expr.Unknown()
		if m.Name != nil {
			name = in.d.eval.Eval(in.scope(), m.Name)
		}
		if m.Symbol != "" && expr.Identical(v, id) || loopNamed(m.Loop, v) || sameLast(v, name) {
			out = append(out, node{in, m})
		}
	}
	for _, r := range in.template.Resources {
		out = in.namedResource(out, &resourceHandle{in: in, decl: r, scope: in.scope()}, v)
	}
	return out
}

func (in *instance) namedResource(out []node, h *resourceHandle, v expr.Value) []node {
	r := h.decl
	if !r.Existing {
		symbol := r.Symbol != "" && expr.Identical(v, expr.String(r.Symbol))
		if symbol || loopNamed(r.Loop, v) || in.isNamed(h, v) {
			out = append(out, node{in, r})
		}
	}
	for _, c := range r.Children {
		child := h.nested(c)
		child.looped = false
		out = in.namedResource(out, child, v)
	}
	return out
}

func (in *instance) isNamed(h *resourceHandle, v expr.Value) bool {
	segments := h.segments()
	if segments == nil {
		return false
	}
	id := h.id()
	if expr.SameName(v, id) == expr.True || endsAlike(v, id) {
		return true
	}
	last := segments[len(segments)-1]
	return expr.SameName(v, last) == expr.True || expr.SameName(v, join(segments)) == expr.True
}

// endsAlike compares two resource IDs from the provider on: a name that is
// written without its subscription means the same resource.
func endsAlike(a, b expr.Value) bool {
	x, y := expr.Split(a, "/providers/"), expr.Split(b, "/providers/")
	return len(x) > 1 && len(y) > 1 && expr.SameName(x[len(x)-1], y[len(y)-1]) == expr.True
}

func sameLast(v, name expr.Value) bool {
	if name.IsUnknown() {
		return false
	}
	parts := expr.Split(v, "/")
	return expr.SameName(parts[len(parts)-1], name) == expr.True
}

func loopNamed(l *template.Loop, v expr.Value) bool {
	s, ok := v.AsString()
	return ok && l != nil && l.Name != "" && strings.EqualFold(l.Name, s)
}

func join(segments []expr.Value) expr.Value {
	parts := make([]expr.Value, 0, 2*len(segments))
	for i, s := range segments {
		if i > 0 {
			parts = append(parts, expr.String("/"))
		}
		parts = append(parts, s)
	}
	return expr.Concat(parts...)
}
