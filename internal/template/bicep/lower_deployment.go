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
	properties := objectIn(body, "properties")
	inline := l.written(objectIn(properties, "template"))
	if inline == nil {
		return nil
	}
	m := &template.Module{
		Symbol: d.Name.Name, Name: l.optional(body, "name"), Condition: condition, Loop: loop, Inline: inline, OuterScope: true,
		Scope: l.optional(body, "scope"), ResourceGroup: l.optional(body, "resourceGroup"), Subscription: l.optional(body, "subscriptionId"),
		DependsOn: l.list(body.Property("dependsOn")), Decl: d.Span(), Anchor: d.Name.Span(),
	}
	m.PathAt = m.Anchor
	return m
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
		if r, ok := x.(*ObjectExpr); ok {
			t.Resources = append(t.Resources, l.writtenResource(r))
		}
	}
	if !slices.ContainsFunc(t.Resources, (*template.Resource).Concerns) {
		return nil
	}
	return t
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

func (l *lowering) writtenResource(o *ObjectExpr) *template.Resource {
	r := &template.Resource{
		Name: l.property(o, "name"), Condition: l.optional(o, "condition"), Scope: l.optional(o, "scope"),
		DependsOn: l.list(o.Property("dependsOn")), Decl: o.Span(), Anchor: o.Span(),
	}
	if p := o.Property("type"); p != nil {
		r.Type, _ = expr.LiteralString(l.expr(p.Value))
	}
	if p := o.Property("name"); p != nil {
		r.Anchor = p.Value.Span()
	}
	if template.Relevant(r.Type) {
		r.Body = l.object(o)
	}
	return r
}
