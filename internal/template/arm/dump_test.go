package arm

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// dumper writes a model down for goldens, with every place as line:column.
type dumper struct {
	strings.Builder
	file   *source.File
	indent string
}

func dumpTemplate(t *template.Template) string {
	d := &dumper{file: t.File}
	d.template(t)
	for _, s := range t.Suppressions {
		target := "nothing"
		if s.Declaration >= 0 {
			target = d.place(s.Declaration)
		}
		d.line("suppression %s of %s: %q", d.span(s.At), target, s.Text)
	}
	d.diagnostics(t.Diagnostics)
	return d.String()
}

func dumpParameters(p *template.ParameterFile) string {
	d := &dumper{file: p.File}
	d.line("parameters for %q", p.Template)
	for _, a := range p.Assignments {
		d.line("%s %s = %s", a.Name, d.span(a.At), show(a.Value))
	}
	d.diagnostics(p.Diagnostics)
	return d.String()
}

func (d *dumper) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	d.WriteString(d.indent + strings.TrimRight(text, " ") + "\n")
}

func (d *dumper) place(offset int) string {
	p := d.file.Position(offset)
	return fmt.Sprintf("%d:%d", p.Line, p.Column)
}

func (d *dumper) span(s source.Span) string { return d.place(s.Start) + "-" + d.place(s.End) }

func (d *dumper) diagnostics(ds []diag.Diagnostic) {
	for _, g := range ds {
		d.line("%s %s %s: %s. %s", g.Severity, g.Code, d.span(g.Span), g.Summary, g.Detail)
		for _, r := range g.Related {
			d.line("  %s: %s", d.span(r.Span), r.Message)
		}
	}
}

func (d *dumper) template(t *template.Template) {
	d.line("template %s %s", t.TargetScope, t.Generator)
	for _, p := range t.Parameters {
		d.line("param %s %s %q%s%s", p.Name, d.span(p.At), p.Type, mark(" nullable", p.Nullable), field("default", p.Default))
	}
	for _, v := range t.Variables {
		d.line("var %s %s = %s", v.Name, d.span(v.At), show(v.Value))
	}
	for _, f := range t.Functions {
		d.line("func %s(%s) %s = %s", f.Name, strings.Join(f.Params, ", "), d.span(f.At), show(f.Body))
	}
	for _, r := range allResources(t) {
		d.resource(r)
	}
	for _, m := range t.Modules {
		d.module(m)
	}
	for _, o := range t.Outputs {
		d.line("output %s %s%s%s", o.Name, d.span(o.At), field("value", o.Value), field("condition", o.Condition))
	}
}

// allResources are those at top level in the order of the file.
func allResources(t *template.Template) []*template.Resource {
	all := slices.Concat(t.Resources, t.Others.All())
	slices.SortFunc(all, func(a, b *template.Resource) int { return cmp.Compare(a.Decl.Start, b.Decl.Start) })
	return all
}

func (d *dumper) nested(f func()) {
	indent := d.indent
	d.indent += "  "
	f()
	d.indent = indent
}

func (d *dumper) resource(r *template.Resource) {
	d.line("resource %s %s@%s at %s in %s%s", r.Symbol, r.Type, r.APIVersion, d.span(r.Anchor), d.span(r.Decl), mark(" existing", r.Existing))
	d.nested(func() {
		d.common(r.Name, r.Condition, r.Scope, r.Loop, r.DependsOn)
		if r.Body != nil {
			d.line("body %s", show(r.Body))
		}
		for _, c := range r.Children {
			d.line("in %s", c.Container.Type)
			d.resource(c)
		}
	})
}

func (d *dumper) common(name, condition, scope expr.Expr, loop *template.Loop, dependsOn []expr.Expr) {
	for _, f := range []string{field("name", name), field("condition", condition), field("scope", scope)} {
		if f != "" {
			d.line("%s", strings.TrimSpace(f))
		}
	}
	if loop != nil {
		d.line("loop %q %s times %s", loop.Name, d.span(loop.At), show(loop.Count))
	}
	if dependsOn != nil {
		d.line("dependsOn %s", showAll(dependsOn))
	}
}

func (d *dumper) module(m *template.Module) {
	d.line("module %s %q at %s, path at %s, in %s%s", m.Symbol, m.Path, d.span(m.Anchor), d.span(m.PathAt), d.span(m.Decl), mark(" outer", m.OuterScope))
	d.nested(func() {
		d.common(m.Name, m.Condition, m.Scope, m.Loop, m.DependsOn)
		if m.ResourceGroup != nil || m.Subscription != nil {
			d.line("to%s%s", field("group", m.ResourceGroup), field("subscription", m.Subscription))
		}
		if m.Parameters != nil {
			d.line("parameters %s", show(m.Parameters))
		}
		if m.Inline != nil {
			d.template(m.Inline)
		}
	})
}

func mark(name string, set bool) string {
	if set {
		return name
	}
	return ""
}

func field(name string, x expr.Expr) string {
	if x == nil {
		return ""
	}
	return " " + name + " " + show(x)
}

func showAll(xs []expr.Expr) string {
	parts := make([]string, len(xs))
	for i, x := range xs {
		parts[i] = show(x)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// show is an expression on one line.
func show(x expr.Expr) string {
	switch x := x.(type) {
	case nil:
		return "nil"
	case *expr.Literal:
		return showValue(x.Value)
	case *expr.Call:
		args := showAll(x.Args)
		return x.Name + "(" + args[1:len(args)-1] + ")"
	case *expr.Member:
		return show(x.Base) + "." + x.Name
	case *expr.Index:
		return show(x.Base) + "[" + show(x.Index) + "]"
	case *expr.Conditional:
		return "(" + show(x.Cond) + " ? " + show(x.Then) + " : " + show(x.Else) + ")"
	case *expr.Lambda:
		return "((" + strings.Join(x.Params, ", ") + ") => " + show(x.Body) + ")"
	case *expr.Name:
		return "$" + x.Name
	case *expr.Invalid:
		return "<invalid>"
	case *expr.Array:
		parts := make([]string, len(x.Items))
		for i, item := range x.Items {
			parts[i] = show(item.Value)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *expr.Object:
		parts := make([]string, len(x.Properties))
		for i, p := range x.Properties {
			name, ok := expr.LiteralString(p.Key)
			if !ok {
				name = "[" + show(p.Key) + "]"
			}
			parts[i] = name + ": " + show(p.Value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprintf("%T", x)
}

func showValue(v expr.Value) string {
	if s, ok := v.AsString(); ok {
		return strconv.Quote(s)
	}
	if n, ok := v.AsInt(); ok {
		return strconv.FormatInt(n, 10)
	}
	if b, ok := v.AsBool(); ok {
		return strconv.FormatBool(b)
	}
	if v.IsNull() {
		return "null"
	}
	return "<" + v.Key() + ">"
}
