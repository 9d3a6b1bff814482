package bicep

import (
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// deployment is a nested deployment that is written as a resource, with its
// template as an object. It is nil for any other resource, and where the template
// brings nothing that the rule reads, such as those that count how often a module
// is used. The expressions are Bicep's own and mean what is around them; names and
// dependencies of the resources are written as in ARM.
func (l *lowering) deployment(d *ResourceDecl) *template.Module {
	written, _ := path(d.Type)
	typ, _, _ := strings.Cut(written, "@")
	if d.Existing || d.Name == nil || !strings.EqualFold(typ, template.TypeDeployment) {
		return nil
	}
	body, loop, condition := l.body(d.Body)
	m := l.nested(body)
	if m == nil {
		return nil
	}
	m.Symbol, m.Condition, m.Loop, m.Decl, m.Anchor = d.Name.Name, condition, loop, d.Span(), d.Name.Span()
	m.PathAt = m.Anchor
	return m
}

// nested is the deployment that an object describes; nil when its template brings
// nothing that the rule reads.
func (l *lowering) nested(o *ObjectExpr) *template.Module {
	inline := l.written(objectIn(objectIn(o, "properties"), "template"))
	if inline == nil {
		return nil
	}
	return &template.Module{
		Name: l.optional(o, "name"), Inline: inline, OuterScope: true,
		Scope: l.optional(o, "scope"), ResourceGroup: l.optional(o, "resourceGroup"), Subscription: l.optional(o, "subscriptionId"),
		DependsOn: l.list(o.Property("dependsOn")),
	}
}

// objectIn is a property that is an object, nil when it is anything else.
func objectIn(o *ObjectExpr, name string) *ObjectExpr {
	if o == nil {
		return nil
	}
	if p := o.Property(name); p != nil {
		if inner, ok := p.Value.(*ObjectExpr); ok {
			return inner
		}
	}
	return nil
}

// written is a template that is an object; nil when nothing in it concerns the
// rule.
func (l *lowering) written(o *ObjectExpr) *template.Template {
	if o == nil {
		return nil
	}
	p := o.Property("resources")
	if p == nil {
		return nil
	}
	t := &template.Template{File: l.file.Source, Language: template.ARM, TargetScope: "resourceGroup"}
	for _, x := range elements(p.Value) {
		if o, ok := x.(*ObjectExpr); ok {
			l.writtenElement(o, t)
		}
	}
	if len(t.Modules) == 0 && !slices.ContainsFunc(t.Resources, (*template.Resource).Concerns) {
		return nil
	}
	return t
}

func (l *lowering) writtenElement(o *ObjectExpr, t *template.Template) {
	r := l.writtenResource(o, nil)
	if !strings.EqualFold(r.Type, template.TypeDeployment) {
		t.Resources = append(t.Resources, r)
		return
	}
	if m := l.nested(o); m != nil {
		m.Condition, m.Decl, m.Anchor, m.PathAt = r.Condition, r.Decl, r.Anchor, r.Anchor
		t.Modules = append(t.Modules, m)
	}
}

// elements are those of an array or, in languageVersion 2.0, of an object.
func elements(x Expr) []Expr {
	switch x := x.(type) {
	case *ArrayExpr:
		return x.Items
	case *ObjectExpr:
		var out []Expr
		for _, e := range x.Elements {
			if p, ok := e.(*Property); ok {
				out = append(out, p.Value)
			}
		}
		return out
	}
	return nil
}

func (l *lowering) writtenResource(o *ObjectExpr, container *template.Resource) *template.Resource {
	r := &template.Resource{
		Name: l.property(o, "name"), Condition: l.optional(o, "condition"), Scope: l.optional(o, "scope"), Container: container,
		DependsOn: l.list(o.Property("dependsOn")), Decl: o.Span(), Anchor: o.Span(),
	}
	for _, x := range []*expr.Expr{&r.Name, &r.Condition, &r.Scope} {
		*x = unevaluated(*x)
	}
	if existing, ok := l.optional(o, "existing").(*expr.Literal); ok {
		r.Existing = existing.Value.IsTrue()
	}
	if p := o.Property("type"); p != nil {
		r.Type, _ = expr.LiteralString(l.expr(p.Value))
	}
	if p := o.Property("name"); p != nil {
		r.Anchor = p.Value.Span()
	}
	if template.Relevant(r.FullType()) {
		r.Body = l.object(o)
		unevaluated(r.Body)
	}
	if p := o.Property("resources"); p != nil {
		for _, x := range elements(p.Value) {
			if child, ok := x.(*ObjectExpr); ok {
				r.Children = append(r.Children, l.writtenResource(child, r))
			}
		}
	}
	return r
}

// unevaluated puts calls of a function that does not exist in the place of the
// texts in an expression that are expressions of ARM, which the nested deployment
// evaluates: what they come to is not known.
func unevaluated(x expr.Expr) expr.Expr {
	first := x
	switch x := x.(type) {
	case *expr.Object:
		for i := range x.Properties {
			x.Properties[i].Value = unevaluated(x.Properties[i].Value)
		}
	case *expr.Array:
		for i := range x.Items {
			x.Items[i].Value = unevaluated(x.Items[i].Value)
		}
	case *expr.Interpolation:
		if len(x.Parts) > 0 {
			first = x.Parts[0]
		}
	}
	if s, ok := expr.LiteralString(first); !ok || !strings.HasPrefix(s, "[") || strings.HasPrefix(s, "[[") {
		return x
	}
	return &expr.Call{Node: expr.Node{At: x.Span()}, Name: "[…]", Args: []expr.Expr{x}}
}
