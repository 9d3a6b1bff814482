package deployment

import (
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

type imported struct {
	from *template.Import
	name string
}

func (in *instance) importedVariable(i *imported) expr.Value {
	if lib := in.library(i.from); lib != nil {
		if v, ok := lib.exported(i.name); ok {
			return v
		}
	}
	return expr.Atom(in.template.File.Path+" import "+i.from.Path+" "+i.name, expr.KindUnknown)
}

// exported is a variable that others may import. What a file imports itself it does
// not pass on: two files could ask each other without end. Compiled templates keep
// it among their variables, and a function in a namespace of the compiler's.
func (in *instance) exported(name string) (expr.Value, bool) {
	if in.template.Language == template.Bicep {
		v := in.own(name).variable
		if v == nil {
			return expr.Value{}, false
		}
		return in.variable(v), true
	}
	for _, v := range in.template.Variables {
		if v.Name == name {
			return in.variable(v), true
		}
	}
	return expr.Value{}, false
}

func (in *instance) exportedFunction(name string) *template.Function {
	if in.template.Language == template.Bicep {
		return in.own(name).function
	}
	for _, f := range in.template.Functions {
		if strings.HasSuffix(f.Name, "."+name) {
			return f
		}
	}
	return nil
}

// importsNullable reports whether an imported type includes null.
func (in *instance) importsNullable(name string) bool {
	space, member, dotted := strings.Cut(name, ".")
	s := in.own(space)
	var lib *instance
	switch {
	case dotted && s.namespace != nil:
		lib = in.library(s.namespace)
	case !dotted && s.imported != nil:
		lib, member = in.library(s.imported.from), s.imported.name
	}
	return lib != nil && slices.Contains(lib.template.Nullables, member)
}

// library is another file of the repository whose declarations are imported.
func (in *instance) library(i *template.Import) *instance {
	t := in.d.local(in.template.File.Path, i.Path)
	if t == nil {
		path, at := in.place(i.At)
		in.d.report(notFound(path, at, "Import", i.Path,
			"there is no such template in the repository. What it declares is unknown."))
		return nil
	}
	if lib, ok := in.d.libraries[t.File.Path]; ok {
		return lib
	}
	lib := newInstance(in.d, t, t.File.Path, in.target)
	lib.loops = expr.OpenLoops{}
	put(&in.d.libraries, t.File.Path, lib)
	return lib
}

// namespace is what "import * as name" makes.
type namespace struct {
	in   *instance
	from *template.Import
}

// Member is an imported variable.
func (n namespace) Member(name string) (expr.Value, bool) {
	if lib := n.in.library(n.from); lib != nil {
		return lib.exported(name)
	}
	return expr.Value{}, false
}

// Element is false: an import is no loop.
func (namespace) Element(expr.Value) (expr.Value, bool) { return expr.Value{}, false }
