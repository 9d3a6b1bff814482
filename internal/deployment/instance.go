package deployment

import (
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// instance is a template with values for its parameters: one step of a
// deployment. It is the scope in which the template's expressions are
// evaluated, and belongs to one goroutine.
type instance struct {
	d        *expander
	template *template.Template
	// id names the instance within the deployment; atoms carry it, so that
	// the parameters of two calls of one module are told apart.
	id     string
	target Target
	// condition is whether the instance is deployed at all.
	condition expr.Value
	calls     []*Call
	// entry is the call in the repository that leads into the registry module
	// which the instance belongs to; nil for a template of the repository.
	entry *Call
	// handed are the values that the caller handed over, by folded name, which
	// mean something in the scope handedIn. All calls by one module share them.
	handed   map[string]expr.Expr
	handedIn expr.Scope
	// given are the values from a parameter file, by folded name.
	given map[string]lazy
	// outer is set for a nested template whose expressions are evaluated in
	// the scope around it.
	outer expr.Scope
	// base are the values of the parameter file that this one extends, by
	// folded name; nil for templates.
	base map[string]lazy
	// file is the parameter file that the instance stands for; nil for templates.
	file *template.ParameterFile

	// loops are those that the instance is called in.
	loops expr.OpenLoops

	brought  int                   // APIs and module calls so far, see [maxOwn]
	symbols  map[string]any        // see [declarations]; nil until somebody asks for them
	values   map[string]expr.Value // parameters and variables evaluated so far
	open     []string              // being evaluated: meeting one again is a cycle
	children map[string]*instance
	names    names          // nil until somebody asks for them
	edgesOf  map[any][]node // by *template.Resource or *template.Module
	single   *services      // nil until somebody asks for them
}

// lazy is an expression with the scope it is to be evaluated in.
type lazy struct {
	x     expr.Expr
	scope expr.Scope
}

// symbol is what an identifier names. At most one field is set.
type symbol struct {
	parameter *template.Parameter
	variable  *template.Variable
	function  *template.Function
	resource  *template.Resource
	module    *template.Module
	namespace *template.Import
	imported  *imported
}

func symbolOf(declared any) (s symbol) {
	switch d := declared.(type) {
	case *template.Parameter:
		s.parameter = d
	case *template.Variable:
		s.variable = d
	case *template.Function:
		s.function = d
	case *template.Resource:
		s.resource = d
	case *template.Module:
		s.module = d
	case *template.Import:
		s.namespace = d
	case *imported:
		s.imported = d
	}
	return s
}

func newInstance(d *expander, t *template.Template, id string, target Target) *instance {
	return &instance{d: d, template: t, id: id, target: target, condition: expr.Bool(true), loops: d.eval.OpenLoops()}
}

// declarations indexes what a template declares by name: what a [symbol] may
// hold, in one word, because there are many.
func declarations(t *template.Template) map[string]any {
	m := map[string]any{}
	for _, i := range t.Imports {
		if i.Namespace != "" {
			m[i.Namespace] = i
		}
		for local, name := range i.Names {
			m[local] = &imported{from: i, name: name}
		}
	}
	for _, f := range t.Functions {
		m[f.Name] = f
	}
	for _, x := range t.Modules {
		if x.Symbol != "" {
			m[x.Symbol] = x
		}
	}
	for _, r := range t.Resources {
		if r.Symbol != "" {
			m[r.Symbol] = r
		}
	}
	if t.Language == template.Bicep {
		for _, v := range t.Variables {
			m[v.Name] = v
		}
		for _, p := range t.Parameters {
			m[p.Name] = p
		}
		return m
	}
	for _, v := range slices.Backward(t.Variables) { // the first of a name counts
		m[armVariableKey(v.Name)] = v
	}
	for _, p := range slices.Backward(t.Parameters) {
		m[armParameterKey(p.Name)] = p
	}
	return m
}

// An ARM template has parameters, variables and symbols in spaces of their own.
func armParameterKey(name string) string { return "parameters('" + strings.ToLower(name) + "')" }
func armVariableKey(name string) string  { return "variables('" + strings.ToLower(name) + "')" }

// own is what the template declares by a name, apart from what the rule does not
// read.
func (in *instance) own(name string) symbol {
	if in.symbols == nil {
		if in.file != nil {
			in.symbols = assignments(in.file)
		} else {
			in.symbols = in.d.symbols(in.template)
		}
	}
	return symbolOf(in.symbols[name])
}

// symbol is what the template declares by a name; the zero symbol for nothing.
func (in *instance) symbol(name string) symbol {
	s := in.own(name)
	if s == (symbol{}) {
		s.resource = in.template.Others.Symbol(name)
	}
	return s
}

// Name is what a Bicep identifier stands for.
func (in *instance) Name(name string) (expr.Value, bool) {
	if in.outer != nil {
		return in.outer.Name(name)
	}
	s := in.symbol(name)
	if s == (symbol{}) && name == "base" && in.file != nil {
		return expr.HandleValue("base of "+in.id, baseFile{in}), true
	}
	if in.template.Language != template.Bicep {
		return expr.Value{}, false
	}
	switch {
	case s.parameter != nil:
		return in.parameter(s.parameter), true
	case s.variable != nil:
		return in.variable(s.variable), true
	case s.resource != nil:
		return in.resourceValue(s.resource), true
	case s.module != nil:
		return in.moduleValue(s.module), true
	case s.namespace != nil:
		return expr.HandleValue("import "+s.namespace.Path, namespace{in, s.namespace}), true
	case s.imported != nil:
		return in.importedVariable(s.imported), true
	}
	return expr.Value{}, false
}

// parameter is a parameter's value: handed over, by default, configured, null
// where it may be, else an atom.
func (in *instance) parameter(p *template.Parameter) expr.Value {
	folded := strings.ToLower(p.Name)
	return in.once("parameter "+folded, p.At, func() expr.Value {
		atom := expr.Atom(in.id+" parameters('"+folded+"')", kindOf(p.Type))
		if g, ok := in.assigned(folded); ok {
			v := typed(in.d.eval.Eval(g.scope, g.x), p.Type)
			switch {
			case v.IsUnknown():
				return atom
			case !v.IsNull() || p.Default == nil: // null asks for the default
				return v
			}
		}
		if p.Default != nil {
			if v := in.d.eval.Eval(in, p.Default); !v.IsUnknown() {
				return v
			}
			return atom
		}
		if v, ok := in.d.options.ParameterDefaults[folded]; ok && len(in.calls) == 0 {
			return v
		}
		if p.Nullable || in.importsNullable(p.Imported) {
			return expr.Null()
		}
		return atom
	})
}

// assigned is what was handed over or given to a parameter.
func (in *instance) assigned(folded string) (lazy, bool) {
	if x, ok := in.handed[folded]; ok {
		return lazy{x, in.handedIn}, true
	}
	g, ok := in.given[folded]
	return g, ok
}

// typed is a value as the type of its parameter has it: azd puts what stands
// for a placeholder into quotation marks whatever it is.
func typed(v expr.Value, typ string) expr.Value {
	if typ == "bool" {
		return truth(v)
	}
	return v
}

func kindOf(typ string) expr.Kind {
	switch typ {
	case "string", "securestring":
		return expr.KindString
	case "int":
		return expr.KindInt
	case "bool":
		return expr.KindBool
	case "array":
		return expr.KindArray
	case "object", "secureobject":
		return expr.KindObject
	}
	return expr.KindUnknown
}

func (in *instance) variable(v *template.Variable) expr.Value {
	return in.once("variable "+strings.ToLower(v.Name), v.At, func() expr.Value {
		value := in.d.eval.Eval(in, v.Value)
		if value.IsUnknown() {
			return expr.Atom(in.id+" variables('"+strings.ToLower(v.Name)+"')", expr.KindUnknown)
		}
		return value
	})
}

// once evaluates what has a name and is declared at a place, and notices when
// it depends on itself.
func (in *instance) once(name string, at source.Span, eval func() expr.Value) expr.Value {
	if v, ok := in.values[name]; ok {
		return v
	}
	if slices.Contains(in.open, name) {
		path, at := in.place(at)
		in.d.report(diag.Diagnostic{
			Code: CodeNotEvaluated, Severity: diag.Failure, Path: path, Span: at,
			Summary: "Depends on itself",
			Detail:  "could not evaluate: the value of " + name + " leads back to it. Azure refuses such a template; break the circle.",
		})
		return expr.Atom(in.id+" circle "+name, expr.KindUnknown)
	}
	in.open = append(in.open, name)
	v := in.d.eval.Within(in.loops, eval)
	in.open = in.open[:len(in.open)-1]
	put(&in.values, name, v)
	return v
}
