package fix

import (
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template/bicep"
)

// declared are the names that expressions at the top level of a file can use.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions#namespaces-for-functions
func declared(f *bicep.File) map[string]bool {
	names := map[string]bool{"az": true, "sys": true}
	add := func(id *bicep.Ident) {
		if id != nil {
			names[id.Name] = true
		}
	}
	for _, d := range f.Declarations {
		add(d.Head().Name)
		switch d := d.(type) {
		case *bicep.ImportDecl:
			add(d.Alias)
			for _, item := range d.Items {
				if name, ok := item.Name.(*bicep.Ident); ok {
					add(name)
				}
				add(item.Alias)
			}
		case *bicep.ExtensionDecl:
			if spec, ok := d.Spec.(*bicep.Ident); ok {
				add(spec)
			}
			add(d.Alias)
		}
	}
	return names
}

// undeclared is the first name in the words of the API that a collection takes
// over and that means nothing at the top level of the file, "" when all do.
func (w *bicepWriter) undeclared(t *target) string {
	decl := t.Resource.Decl
	words := []expr.Expr{decl.Name, decl.Parent}
	locals := map[string]bool{}
	for d := decl; d != nil; d = d.Container {
		words = append(words, d.Condition)
		if d.Loop != nil {
			words = append(words, d.Loop.In)
			locals[d.Loop.Item], locals[d.Loop.Index] = true, true
		}
	}
	if t.filter != nil {
		words = append(words, t.filter.words()...)
	}
	first := ""
	for _, x := range words {
		expr.Walk(x, func(x expr.Expr) bool {
			switch x := x.(type) {
			case *expr.For:
				locals[x.Item], locals[x.Index] = true, true
			case *expr.Lambda:
				for _, name := range x.Params {
					locals[name] = true
				}
			case *expr.Name:
				if first == "" && !w.declared[x.Name] && !locals[x.Name] {
					first = x.Name
				}
			}
			return first == ""
		})
	}
	return first
}
