package deployment

import (
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// DependsOn reports whether a resource is certain to be deployed after
// another: directly, through resources between them, or because the module
// that holds the one depends on the module that holds the other. It is taken to
// be where there is too much between them to look through.
func (r *Resource) DependsOn(other *Resource) bool {
	if r.names(other) {
		return true
	}
	goal := map[node]bool{{other.in, other.Decl}: true}
	for _, c := range other.Calls {
		goal[node{c.in, c.Module}] = true
	}
	var queue []edgeSource
	queue = append(queue, edgeSource{node{r.in, r.Decl}, r.scope, true})
	for _, c := range r.Calls {
		// A module both lie in says nothing about their order.
		if !goal[node{c.in, c.Module}] {
			queue = append(queue, edgeSource{node{c.in, c.Module}, c.in.scope(), false})
		}
		delete(goal, node{c.in, c.Module})
	}
	seen := map[node]bool{}
	d := r.in.d
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		if seen[from.node] {
			continue
		}
		if d.followed++; d.followed > maxFollowedOnce+maxFollowedEach*len(d.out.Resources) {
			return true
		}
		seen[from.node] = true
		for _, to := range from.in.edges(from) {
			if goal[to] {
				return true
			}
			queue = append(queue, edgeSource{to, to.in.scope(), false})
		}
	}
	return false
}

// So many declarations are looked at to follow the dependencies of all resources
// of one deployment, altogether and for each resource it has. Most depend on what
// they need directly.
const (
	maxFollowedOnce = 1000
	maxFollowedEach = 20
)

// names reports whether an entry of ARM's dependsOn is plainly the other
// resource. Most are, and then nobody needs the names of all resources.
func (r *Resource) names(other *Resource) bool {
	if r.in != other.in || r.Template.Language != template.ARM || len(r.Decl.DependsOn) == 0 || other.Segments == nil {
		return false
	}
	known := names{}
	known.addDeclared(other.Decl.Symbol, other.Decl.Loop, node{})
	known.addNames(resourceID(other.Target.prefix(), append([]expr.Value{expr.String(other.Type)}, other.Segments...)), other.Segments, node{})
	return slices.ContainsFunc(r.Decl.DependsOn, func(x expr.Expr) bool {
		return len(known.find(r.in.d.eval.Eval(r.scope, x))) > 0
	})
}

// node is a declaration, of a resource or a module, in an instance.
type node struct {
	in   *instance
	decl any // *template.Resource or *template.Module
}

type edgeSource struct {
	node
	scope   expr.Scope
	element bool // scope is that of an element of a loop
}

// edges are the declarations of the same instance that one depends on.
func (in *instance) edges(from edgeSource) []node {
	if from.element {
		return in.findEdges(from)
	}
	found, ok := in.edgesOf[from.decl]
	if !ok {
		found = in.findEdges(from)
		if in.edgesOf == nil {
			in.edgesOf = map[any][]node{}
		}
		in.edgesOf[from.decl] = found
	}
	return found
}

func (in *instance) findEdges(from edgeSource) []node {
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
	seen := map[*template.Variable]bool{}
	var visit func(x expr.Expr)
	visit = func(x expr.Expr) {
		expr.Walk(x, func(x expr.Expr) bool {
			switch x := x.(type) {
			case *expr.Nested:
				if r := in.nestedDecl(x); r != nil && !r.Existing {
					out = append(out, node{in, r})
				}
			case *expr.Name:
				switch s := in.symbol(x.Name); {
				case s.resource != nil && !s.resource.Existing:
					out = append(out, node{in, s.resource})
				case s.module != nil:
					out = append(out, node{in, s.module})
				case s.variable != nil && !seen[s.variable] && len(seen) < maxFollowed:
					seen[s.variable] = true
					visit(s.variable.Value)
				}
			case *expr.Call:
				if strings.EqualFold(x.Name, "reference") && len(x.Args) > 0 && in.template.Language == template.ARM {
					out = append(out, in.named(in.d.eval.Eval(in.scope(), x.Args[0]))...)
				}
			}
			return true
		})
	}
	for _, x := range xs {
		if x != nil {
			visit(x)
		}
	}
	return out
}

// maxFollowed is how many variables are followed to the symbols in them; each
// is one more level of recursion.
const maxFollowed = 100

// nestedDecl finds the declaration behind service::api.
func (in *instance) nestedDecl(x *expr.Nested) *template.Resource {
	var parent *template.Resource
	switch b := x.Base.(type) {
	case *expr.Name:
		parent = in.symbol(b.Name).resource
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

// names is what the declarations of an instance may be called in ARM's
// dependsOn, by the kind of name and its folded term.
type names map[name][]node

type name struct {
	kind nameKind
	key  string
}

type nameKind uint8

const (
	bySymbol   nameKind = iota + 1 // the key of languageVersion 2.0
	byLoop                         // the name of a copy loop
	byName                         // a resource's ID, full name or last name
	byProvider                     // its ID from the provider on, wherever it is
	byModule                       // the name of a deployment
)

func (n names) add(kind nameKind, v expr.Value, to node) {
	if v.IsUnknown() {
		return
	}
	k := name{kind, expr.Fold(v).Key()}
	n[k] = append(n[k], to)
}

// named are the declarations that an entry of ARM's dependsOn means.
func (in *instance) named(v expr.Value) []node {
	if in.names == nil {
		in.names = names{}
		for _, m := range in.template.Modules {
			in.names.addModule(in, m)
		}
		for _, r := range slices.Concat(in.template.Resources, in.template.Others.All()) {
			in.names.addResource(&resourceHandle{in: in, decl: r, scope: in.scope()})
		}
	}
	return in.names.find(v)
}

// find are the declarations that an entry of dependsOn means.
func (n names) find(v expr.Value) []node {
	var out []node
	by := func(kind nameKind, v expr.Value) { out = append(out, n[name{kind, expr.Fold(v).Key()}]...) }
	by(bySymbol, v)
	by(byLoop, v)
	by(byName, v)
	id := expr.Split(v, "/providers/") // a provider at the start stands for one of the same group
	by(byProvider, id[len(id)-1])
	path := expr.Split(v, "/")
	by(byModule, path[len(path)-1])
	return out
}

func (n names) addModule(in *instance, m *template.Module) {
	to := node{in, m}
	n.addDeclared(m.Symbol, m.Loop, to)
	if m.Name != nil {
		n.add(byModule, in.d.eval.Eval(in.scope(), m.Name), to)
	}
}

func (n names) addDeclared(symbol string, loop *template.Loop, to node) {
	if symbol != "" {
		n.add(bySymbol, expr.String(symbol), to)
	}
	if loop != nil && loop.Name != "" {
		n.add(byLoop, expr.String(loop.Name), to)
	}
}

// addNames adds a resource's ID, its name and its last name.
func (n names) addNames(id expr.Value, segments []expr.Value, to node) {
	n.add(byName, id, to)
	n.add(byName, segments[len(segments)-1], to)
	if len(segments) > 1 {
		n.add(byName, join(segments), to)
	}
	if parts := expr.Split(id, "/providers/"); len(parts) > 1 {
		n.add(byProvider, parts[len(parts)-1], to)
	}
}

func (n names) addResource(h *resourceHandle) {
	if to := (node{h.in, h.decl}); !h.decl.Existing {
		n.addDeclared(h.decl.Symbol, h.decl.Loop, to)
		if segments := h.segments(); segments != nil {
			n.addNames(h.id(), segments, to)
		}
	}
	for _, c := range h.decl.Children {
		child := h.nested(c)
		child.looped = false
		n.addResource(child)
	}
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
