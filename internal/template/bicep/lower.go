package bicep

import (
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// Lower reads a template file into the model. What could not be read is an
// [expr.Invalid] there, so that it evaluates to unknown and is never taken for
// absent; the diagnostics are the file's.
func Lower(f *File) *template.Template {
	l := &lowering{file: f, types: map[string]TypeExpr{}, shapes: map[string]typeShape{}, around: -1}
	t := &template.Template{
		File: f.Source, Language: template.Bicep, Diagnostics: f.Diagnostics,
		// The default of the language:
		// https://learn.microsoft.com/azure/azure-resource-manager/bicep/file#target-scope
		TargetScope: "resourceGroup",
	}
	for _, d := range f.Declarations {
		if d, ok := d.(*TypeDecl); ok && d.Name != nil {
			l.types[d.Name.Name] = d.Type
		}
	}
	var aside []string
	for _, d := range f.Declarations {
		switch d := d.(type) {
		case *TargetScopeDecl:
			if s, ok := d.Value.(*StringExpr); ok {
				t.TargetScope, _ = s.Text()
			}
		case *TypeDecl:
			if d.Name != nil && l.shape(d.Type).nullable {
				t.Nullables = append(t.Nullables, d.Name.Name)
			}
		case *ParamDecl:
			if d.Name != nil {
				t.Parameters = append(t.Parameters, l.parameter(d))
			}
		case *ResourceDecl:
			if m := l.deployment(d); m != nil {
				t.Modules = append(t.Modules, m)
			} else if r := l.resource(d, nil, ""); r.Aside() {
				aside = append(aside, r.Symbol)
			} else {
				t.Resources = append(t.Resources, r)
			}
		case *ModuleDecl:
			t.Modules = append(t.Modules, l.module(d))
		case *OutputDecl:
			if d.Name != nil {
				t.Outputs = append(t.Outputs, &template.Output{Name: d.Name.Name, At: d.Name.Span(), Value: l.expr(d.Value)})
			}
		}
	}
	t.Variables, t.Functions, t.Imports = l.shared()
	t.Suppressions = l.suppressions()
	src := f.Source // and not f, which is large
	t.Others = template.NewOthers(aside, func() []*template.Resource { return others(Parse(src)) })
	return t
}

// others are the resources that [Lower] leaves out.
func others(f *File) []*template.Resource {
	l := &lowering{file: f, around: -1}
	var out []*template.Resource
	for _, d := range f.Declarations {
		if d, ok := d.(*ResourceDecl); ok {
			if r := l.resource(d, nil, ""); r.Aside() && l.deployment(d) == nil {
				out = append(out, r)
			}
		}
	}
	return out
}

// LowerParameters reads a parameters file into the model.
func LowerParameters(f *File) *template.ParameterFile {
	l := &lowering{file: f}
	out := &template.ParameterFile{File: f.Source, Language: template.Bicep, Diagnostics: f.Diagnostics}
	for _, d := range f.Declarations {
		switch d := d.(type) {
		case *UsingDecl:
			out.UsingNone = d.None
			out.Using, out.UsingAt = path(d.Path)
		case *ExtendsDecl:
			out.Extends, out.ExtendsAt = path(d.Path)
		case *ParamAssignment:
			if d.Name != nil {
				out.Assignments = append(out.Assignments, template.Assignment{Name: d.Name.Name, At: d.Name.Span(), Value: l.expr(d.Value)})
			}
		}
	}
	out.Variables, out.Functions, out.Imports = l.shared()
	return out
}

// path is a reference to a file and where it stands; "" when it is computed,
// which the compiler rejects.
func path(s *StringExpr) (string, source.Span) {
	if s == nil {
		return "", source.Span{}
	}
	text, _ := s.Text()
	return text, s.Span()
}

type lowering struct {
	file    *File
	types   map[string]TypeExpr  // declared in the file
	shapes  map[string]typeShape // of those, as far as they were asked for
	aliases int                  // being looked through
	extents []extent             // of resources and modules, in the order of the text
	around  int                  // the extent around the next one, -1 at top level
}

// An extent is the place of a resource or module with the comments that belong to it.
type extent struct {
	source.Span
	decl   int // where the declaration itself begins
	around int // the extent that it is nested in, -1 at top level
}

// shared is what templates and parameters files both have.
func (l *lowering) shared() (vars []*template.Variable, funcs []*template.Function, imports []*template.Import) {
	for _, d := range l.file.Declarations {
		name := d.Head().Name
		switch d := d.(type) {
		case *VarDecl:
			if name != nil {
				vars = append(vars, &template.Variable{Name: name.Name, At: name.Span(), Value: l.expr(d.Value)})
			}
		case *FuncDecl:
			if name != nil {
				funcs = append(funcs, l.function(d))
			}
		case *ImportDecl:
			imports = append(imports, importOf(d))
		}
	}
	return vars, funcs, imports
}

func (l *lowering) function(d *FuncDecl) *template.Function {
	f := &template.Function{Name: d.Name.Name, At: d.Name.Span(), Body: l.expr(d.Body)}
	for _, p := range d.Params {
		name := ""
		if p.Name != nil {
			name = p.Name.Name
		}
		f.Params = append(f.Params, name)
	}
	return f
}

func importOf(d *ImportDecl) *template.Import {
	i := &template.Import{}
	i.Path, i.At = path(d.Path)
	if d.Alias != nil {
		i.Namespace = d.Alias.Name
	}
	for _, item := range d.Items {
		there := ""
		switch name := item.Name.(type) {
		case *Ident:
			there = name.Name
		case *StringExpr:
			there, _ = name.Text()
		}
		here := there
		if item.Alias != nil {
			here = item.Alias.Name
		}
		if there == "" {
			continue
		}
		if i.Names == nil {
			i.Names = map[string]string{}
		}
		i.Names[here] = there
	}
	return i
}

// body takes the loop and the condition off the body of a resource or module.
// The object is nil when it could not be read.
func (l *lowering) body(e Expr) (object *ObjectExpr, loop *template.Loop, condition expr.Expr) {
	if f, ok := e.(*ForExpr); ok {
		loop = &template.Loop{At: f.Span(), In: l.expr(f.Collection)}
		if f.Item != nil {
			loop.Item = f.Item.Name
		}
		if f.Index != nil {
			loop.Index = f.Index.Name
		}
		e = f.Body
	}
	if i, ok := e.(*IfExpr); ok {
		condition = l.expr(i.Condition)
		e = i.Body
	}
	if o, ok := e.(*ObjectExpr); ok {
		object = o
	}
	return object, loop, condition
}

func (l *lowering) resource(d *ResourceDecl, container *template.Resource, containerType string) *template.Resource {
	r := &template.Resource{Existing: d.Existing, Container: container, Decl: d.Span(), Anchor: d.Keyword.Span()}
	if d.Name != nil {
		r.Symbol, r.Anchor = d.Name.Name, d.Name.Span()
	}
	around := l.around
	l.extend(d, r.Decl.Start)
	defer func() { l.around = around }()
	written, _ := path(d.Type)
	r.Type, r.APIVersion, _ = strings.Cut(strings.TrimPrefix(written, "az:"), "@")
	full := qualify(containerType, r.Type)
	body, loop, condition := l.body(d.Body)
	r.Loop, r.Condition = loop, condition
	if body == nil {
		r.Name = &expr.Invalid{Node: at(d.Body)}
		return r
	}
	r.Name = l.property(body, "name")
	r.Parent = l.optional(body, "parent")
	r.Scope = l.optional(body, "scope")
	r.DependsOn = l.list(body.Property("dependsOn"))
	if template.Relevant(full) {
		r.Body = l.object(body)
	}
	for _, e := range body.Elements {
		if child, ok := e.(*ResourceDecl); ok {
			r.Children = append(r.Children, l.resource(child, r, full))
		}
	}
	return r
}

// extend notes where comments belong to a declaration.
func (l *lowering) extend(d Declaration, start int) {
	l.extents = append(l.extents, extent{Span: l.file.Extent(d), decl: start, around: l.around})
	l.around = len(l.extents) - 1
}

// qualify is the full type of a resource: a nested one is written with its own
// segments only, or in full.
func qualify(container, own string) string {
	first, _, nested := strings.Cut(own, "/")
	if container == "" || nested && strings.Contains(first, ".") {
		return own
	}
	return container + "/" + own
}

// property is a property that should be there. It is invalid, which is unknown
// rather than absent, when what was written instead could not be read.
func (l *lowering) property(o *ObjectExpr, name string) expr.Expr {
	if p := o.Property(name); p != nil {
		return l.expr(p.Value)
	}
	if o.Unclosed {
		return &expr.Invalid{Node: at(o)}
	}
	for _, e := range o.Elements {
		if p, ok := e.(*Property); ok {
			if _, bad := p.Key.(*BadExpr); bad {
				return &expr.Invalid{Node: at(p)}
			}
		}
	}
	return nil
}

func (l *lowering) optional(o *ObjectExpr, name string) expr.Expr {
	if p := o.Property(name); p != nil {
		return l.expr(p.Value)
	}
	return nil
}

func (l *lowering) list(p *Property) []expr.Expr {
	if p == nil {
		return nil
	}
	a, ok := p.Value.(*ArrayExpr)
	if !ok {
		return []expr.Expr{l.expr(p.Value)}
	}
	out := make([]expr.Expr, 0, len(a.Items))
	for _, item := range a.Items {
		if s, ok := item.(*SpreadExpr); ok {
			item = s.Value
		}
		out = append(out, l.expr(item))
	}
	return out
}

func (l *lowering) module(d *ModuleDecl) *template.Module {
	m := &template.Module{Decl: d.Span(), Anchor: d.Keyword.Span()}
	if d.Name != nil {
		m.Symbol, m.Anchor = d.Name.Name, d.Name.Span()
	}
	around := l.around
	l.extend(d, m.Decl.Start)
	l.around = around
	m.Path, m.PathAt = path(d.Path)
	body, loop, condition := l.body(d.Body)
	m.Loop, m.Condition = loop, condition
	if body == nil {
		return m
	}
	m.Name = l.optional(body, "name")
	m.Scope = l.optional(body, "scope")
	m.DependsOn = l.list(body.Property("dependsOn"))
	if p := body.Property("params"); p != nil {
		m.Parameters = l.parameters(p.Value)
	}
	return m
}

// parameters is the object of a module's parameters. The language demands a
// literal; anything else is as if it were spread into one.
func (l *lowering) parameters(e Expr) *expr.Object {
	if o, ok := e.(*ObjectExpr); ok {
		return l.object(o)
	}
	return &expr.Object{Node: at(e), Properties: []expr.Property{{Value: l.expr(e), At: e.Span()}}}
}
