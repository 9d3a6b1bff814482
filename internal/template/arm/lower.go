package arm

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// sections are the top-level properties of a template. Whatever their order in
// the file, they are read in the order of what refers to what.
type sections struct {
	schema, metadata, definitions, parameters, variables, functions, resources, outputs gjson.Result
}

// template reads a template into t. Outer are the names that its expressions
// mean, nil when those are its own.
func (r *reader) template(root gjson.Result, t *template.Template, outer *names) {
	var s sections
	members(root, func(name string, _, v gjson.Result) {
		switch {
		case equalFold(name, "$schema"):
			s.schema = v
		case equalFold(name, "metadata"):
			s.metadata = v
		case equalFold(name, "definitions"):
			s.definitions = v
		case equalFold(name, "parameters"):
			s.parameters = v
		case equalFold(name, "variables"):
			s.variables = v
		case equalFold(name, "functions"):
			s.functions = v
		case equalFold(name, "resources"):
			s.resources = v
		case equalFold(name, "outputs"):
			s.outputs = v
		}
	})
	if kind, scope := schemaKind(text(s.schema)); kind == KindTemplate {
		t.TargetScope = scope
	}
	t.Generator = text(member(member(s.metadata, "_generator"), "name"))
	r.parameters(s.parameters, s.definitions, t)
	r.variables(s.variables, t)
	r.functions(s.functions, t)
	if outer == nil {
		outer = &names{template: t}
	}
	r.resources(s.resources, container{template: t, names: outer})
	r.outputs(s.outputs, t)
}

func (r *reader) parameters(v, definitions gjson.Result, t *template.Template) {
	members(v, func(_ string, key, v gjson.Result) {
		p := &template.Parameter{Name: text(key), At: span(key)}
		reference := ""
		members(v, func(name string, _, v gjson.Result) {
			switch {
			case equalFold(name, "type"):
				p.Type = strings.ToLower(text(v))
			case equalFold(name, "$ref"):
				reference = text(v)
			case equalFold(name, "nullable"):
				p.Nullable = v.Type == gjson.True
			case equalFold(name, "defaultvalue"):
				p.Default = r.value(v)
			}
		})
		if reference != "" {
			defined(p, definitions, reference)
		}
		t.Parameters = append(t.Parameters, p)
	})
	t.Parameters = lastOfEach(t.Parameters, func(p *template.Parameter) string { return p.Name })
}

// maxReferences is how many definitions that refer to each other are followed.
const maxReferences = 32

// defined gives a parameter the type of a definition.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/definitions
func defined(p *template.Parameter, definitions gjson.Result, reference string) {
	p.Type = ""
	for range maxReferences {
		name, ok := strings.CutPrefix(reference, "#/definitions/")
		if !ok {
			return
		}
		d := member(definitions, strings.ToLower(name))
		p.Type = strings.ToLower(text(member(d, "type")))
		p.Nullable = p.Nullable || member(d, "nullable").Type == gjson.True
		reference = text(member(d, "$ref"))
	}
}

// list is the elements of an array; nil for anything else.
func (r *reader) list(v gjson.Result) []expr.Expr {
	if !v.IsArray() {
		return nil
	}
	xs := []expr.Expr{}
	elements(v, func(_, element gjson.Result) { xs = append(xs, r.value(element)) })
	return xs
}

func (r *reader) variables(v gjson.Result, t *template.Template) {
	members(v, func(_ string, key, v gjson.Result) {
		if isCopy(key, v) {
			r.copies(v, func(c copyLoop) {
				t.Variables = append(t.Variables, &template.Variable{Name: c.name, At: c.at, Value: c.value})
			})
			return
		}
		t.Variables = append(t.Variables, &template.Variable{Name: text(key), At: span(key), Value: r.value(v)})
	})
	t.Variables = lastOfEach(t.Variables, func(v *template.Variable) string { return v.Name })
}

// functions reads the user-defined functions of all namespaces.
func (r *reader) functions(v gjson.Result, t *template.Template) {
	if !v.IsArray() {
		return
	}
	elements(v, func(_, group gjson.Result) {
		namespace := text(member(group, "namespace"))
		members(member(group, "members"), func(_ string, key, v gjson.Result) {
			f := &template.Function{Name: namespace + "." + text(key), At: span(key)}
			elements(member(v, "parameters"), func(_, p gjson.Result) {
				f.Params = append(f.Params, text(member(p, "name")))
			})
			output := member(v, "output")
			if value := member(output, "value"); value.Exists() {
				f.Body = r.value(value)
			} else {
				f.Body = &expr.Invalid{Node: expr.Node{At: span(v)}}
			}
			t.Functions = append(t.Functions, f)
		})
	})
	t.Functions = lastOfEach(t.Functions, func(f *template.Function) string { return f.Name })
}

func (r *reader) outputs(v gjson.Result, t *template.Template) {
	members(v, func(_ string, key, v gjson.Result) {
		o := &template.Output{Name: text(key), At: span(key)}
		members(v, func(name string, _, v gjson.Result) {
			switch {
			case equalFold(name, "value"):
				o.Value = r.value(v)
			case equalFold(name, "condition"):
				o.Condition = r.condition(v)
			case equalFold(name, "copy") && v.IsObject():
				o.Value = r.copied(v, key, member(v, "count"), member(v, "input"))
			}
		})
		t.Outputs = append(t.Outputs, o)
	})
	t.Outputs = lastOfEach(t.Outputs, func(o *template.Output) string { return o.Name })
}
