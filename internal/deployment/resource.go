package deployment

import (
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// Target is where a resource is deployed to. Values that the template cannot
// know are atoms. ResourceGroup is the zero Value outside of resource groups.
type Target struct {
	Subscription  expr.Value
	ResourceGroup expr.Value
}

// prefix is the resource ID of the target without a provider.
func (t Target) prefix() expr.Value {
	switch {
	case t.Subscription.IsUnknown():
		return expr.String("")
	case t.ResourceGroup.IsUnknown():
		return expr.Concat(expr.String("/subscriptions/"), t.Subscription)
	}
	return expr.Concat(expr.String("/subscriptions/"), t.Subscription, expr.String("/resourceGroups/"), t.ResourceGroup)
}

// Call is a step on the way from the root to a resource: a module that was
// called.
type Call struct {
	Module *template.Module
	// Template is the one that holds the call.
	Template *template.Template

	in *instance
}

// Resource is one resource that a deployment brings, or several that one
// symbolic element of an unknown loop stands for.
type Resource struct {
	// Type is the full type, as written.
	Type string
	// Segments are the parts of the full name, one for each part of the type
	// after its namespace; nil when the name cannot have that many.
	Segments []expr.Value
	// Target is where it is deployed to.
	Target Target
	// Scope is the ID of the resource it extends, unknown when there is none.
	Scope    expr.Value
	HasScope bool
	// Condition is whether it is deployed: a boolean or a term.
	Condition expr.Value
	Existing  bool
	// Calls are the modules from the root down to the template that holds it.
	Calls []*Call
	// Decl is its declaration, in Template.
	Decl     *template.Resource
	Template *template.Template

	in    *instance
	scope expr.Scope
}

// Is reports whether the resource is of a type, ignoring case.
func (r *Resource) Is(fullType string) bool { return strings.EqualFold(r.Type, fullType) }

// SameLoop reports whether the resource and another one are iterations of one
// loop.
func (r *Resource) SameLoop(other *Resource) bool { return r.in == other.in && r.Decl == other.Decl }

// Path is the file of the resource's place.
func (r *Resource) Path() string { return r.Place().Path }

// Property is the value of a property by its path, evaluated on demand; null
// where there is none. A limit that is exceeded is among the deployment's
// diagnostics then.
func (r *Resource) Property(path ...string) expr.Value {
	if r.Decl.Body == nil {
		return expr.Unknown()
	}
	d := r.in.d
	v := property(d.eval, r.scope, r.Decl.Body, path)
	if !d.exhausted && r.in.limit(r.Decl.Anchor) {
		d.exhausted = d.eval.Err() != nil
	}
	return v
}

// Owner is the declaration that the resource is nested in or names as its
// parent, nil when there is none.
func (r *Resource) Owner() *template.Resource {
	if r.Decl.Container != nil {
		return r.Decl.Container
	}
	if n, ok := r.Decl.Parent.(*expr.Name); ok {
		return r.in.symbol(n.Name).resource
	}
	return nil
}

// Services are the top-level declarations in the same template that are the
// resource's service, existing ones included, in order.
func (r *Resource) Services() []*template.Resource {
	mine, ok := r.Service()
	if !ok {
		return nil
	}
	var out []*template.Resource
	for s := range r.in.services().like(mine.Name) {
		if SameService(mine, s.id) == expr.True {
			out = append(out, s.decl)
		}
	}
	return out
}

// Source is the text of an expression of the declaration.
func (r *Resource) Source(x expr.Expr) string { return sourceText(r.Template.File, x) }

func sourceText(f *source.File, x expr.Expr) string {
	if x == nil {
		return ""
	}
	return f.Text(x.Span())
}

// property walks down literal objects and evaluates only what is asked for.
func property(e *expr.Evaluator, s expr.Scope, x expr.Expr, path []string) expr.Value {
	if len(path) == 0 {
		return e.Eval(s, x)
	}
	o, ok := x.(*expr.Object)
	if !ok {
		v := e.Eval(s, x)
		for _, name := range path {
			v, _ = e.MemberOf(v, name)
		}
		return v
	}
	for _, p := range slices.Backward(o.Properties) {
		if p.Key == nil { // a spread: what it holds wins over what stands before it
			v, found := e.MemberOf(e.Eval(s, p.Value), path[0])
			if !found {
				continue
			}
			for _, name := range path[1:] {
				v, _ = e.MemberOf(v, name)
			}
			return v
		}
		key, known := expr.LiteralString(p.Key)
		if !known {
			key, known = expr.Text(e.Eval(s, p.Key))
		}
		if known && strings.EqualFold(key, path[0]) {
			return property(e, s, p.Value, path[1:])
		}
	}
	return expr.Null()
}

// typeSegments counts the parts of a type after its namespace.
func typeSegments(fullType string) int { return strings.Count(fullType, "/") }

// ServiceID is an API Management service as terms: where it is, and its name.
type ServiceID struct {
	Target Target
	Name   expr.Value
}

// Service is the API Management service that the resource belongs to by its
// name. It is false when the name has no such part.
func (r *Resource) Service() (ServiceID, bool) {
	if len(r.Segments) == 0 {
		return ServiceID{}, false
	}
	return ServiceID{Target: r.Target, Name: r.Segments[0]}, true
}

// ExtendedService is the API Management service that an extension resource is
// scoped to. It is false when it is certainly scoped to something else. A
// scope of which nothing is known is a service with an unknown name.
func (r *Resource) ExtendedService() (ServiceID, bool) {
	if !r.HasScope {
		// A syntax error may have cost it the scope that it has.
		f := r.in.d.graph.files[r.Template.File.Path]
		return ServiceID{Target: r.Target}, f != nil && len(f.Diagnostics) > 0
	}
	if r.Scope.IsUnknown() {
		return ServiceID{Target: r.Target}, true
	}
	parts := expr.Split(r.Scope, "/")
	if len(parts) > 0 && isText(parts[0], "") {
		parts = parts[1:]
	}
	if len(parts) == 1 && parts[0].Term() != nil {
		// A term that may hold a whole ID is a service only as itself.
		return ServiceID{Name: expr.Apply("serviceof", expr.KindString, parts[0])}, true
	}
	id := ServiceID{Target: r.Target}
	if len(parts) >= 2 && isText(parts[0], "subscriptions") {
		id.Target = Target{Subscription: parts[1]}
		parts = parts[2:]
		if len(parts) >= 2 && isText(parts[0], "resourceGroups") {
			id.Target.ResourceGroup = parts[1]
			parts = parts[2:]
		}
	}
	if len(parts) > 1 && isOpen(parts[0]) && mayEndService(parts) {
		return ServiceID{Target: openTarget(r.Scope), Name: parts[len(parts)-1]}, true
	}
	if len(parts) > 0 && isText(parts[0], "providers") {
		parts = parts[1:]
	}
	if len(parts) != 3 || !isText(parts[0], "Microsoft.ApiManagement") || !isText(parts[1], "service") {
		return ServiceID{}, false
	}
	id.Name = parts[2]
	return id, true
}

// mayEndService reports whether an ID may be that of a service whose last parts are
// these. The first may be several parts.
func mayEndService(parts []expr.Value) bool {
	last := len(parts) - 1
	for i, want := range [...]string{"service", "Microsoft.ApiManagement", "providers"} {
		if at := last - 1 - i; at > 0 && !isText(parts[at], want) {
			return false
		}
	}
	return true
}

// isOpen reports whether a part of an ID is not wholly known.
func isOpen(v expr.Value) bool { return v.Kind() != expr.KindString }

func isText(v expr.Value, want string) bool {
	s, ok := v.AsString()
	return ok && strings.EqualFold(s, want)
}

// SameService compares two services as terms.
func SameService(a, b ServiceID) expr.Truth { return SameFolded(a.Fold(), b.Fold()) }

// Fold is the service without case, for [SameFolded].
func (s ServiceID) Fold() ServiceID {
	s.Name, s.Target.ResourceGroup, s.Target.Subscription = expr.Fold(s.Name), expr.Fold(s.Target.ResourceGroup), expr.Fold(s.Target.Subscription)
	return s
}

// SameFolded is [SameService] for services that are compared with many others.
func SameFolded(a, b ServiceID) expr.Truth {
	name := expr.SameText(a.Name, b.Name)
	if name == expr.False {
		return expr.False // most are, and then nobody needs the rest
	}
	return expr.Every(
		name,
		sameOptional(a.Target.ResourceGroup, b.Target.ResourceGroup),
		sameOptional(a.Target.Subscription, b.Target.Subscription),
	)
}

func sameOptional(a, b expr.Value) expr.Truth {
	if a.IsUnknown() && b.IsUnknown() {
		return expr.True
	}
	return expr.SameText(a, b)
}
