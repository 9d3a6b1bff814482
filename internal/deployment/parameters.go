package deployment

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// parameterSets finds the parameter files of each template, sorted: template
// path → parameter files.
func (g *Graph) parameterSets() map[string][]string {
	sets := map[string][]string{}
	for _, p := range sortedKeys(g.files) {
		f := g.files[p]
		if f.Parameters == nil {
			continue
		}
		templates := g.templatesOf(p, f.Parameters)
		for _, t := range templates {
			sets[t] = append(sets[t], p)
		}
		if len(templates) == 0 {
			g.orphan(p, f.Parameters)
		}
	}
	for _, t := range sortedKeys(g.options.Parameters) {
		if g.files[t] == nil {
			continue
		}
		var given []string
		for _, p := range g.options.Parameters[t] {
			if f := g.files[p]; f != nil && f.Parameters != nil {
				given = append(given, p)
			} else if g.snapshot.File(p) != nil {
				g.orphans = append(g.orphans, diag.Diagnostic{
					Code: CodeNotEvaluated, Severity: diag.Failure, Path: t, Summary: "Could not be evaluated",
					Detail: fmt.Sprintf("could not evaluate: the settings name %s as its parameter file, which is none. A JSON file needs "+
						"the $schema of deployment parameters; a Bicep one ends in .bicepparam.", p),
				})
			}
		}
		slices.Sort(given)
		sets[t] = slices.Compact(given)
	}
	for p := range g.options.Explicit { // output that is checked all the same, with what its source gets
		if f := g.files[p]; f != nil && f.GeneratedFrom != "" && len(sets[p]) == 0 {
			sets[p] = sets[f.GeneratedFrom]
		}
	}
	return sets
}

// orphan notes a parameter file that names a template which is not there.
func (g *Graph) orphan(p string, f *template.ParameterFile) {
	ref, at := f.Using, f.UsingAt
	if f.Template != "" {
		ref, at = f.Template, f.TemplateAt
	}
	for _, given := range g.options.Parameters {
		if slices.Contains(given, p) {
			return
		}
	}
	if ref != "" {
		g.orphans = append(g.orphans, notFound(p, at, "Template", ref,
			"there is no such template in the repository. What is deployed with these parameters is not checked."))
	}
}

// templatesOf are the templates that a parameter file belongs to.
func (g *Graph) templatesOf(p string, f *template.ParameterFile) []string {
	var ref string
	switch {
	case f.Language == template.Bicep && (f.UsingNone || f.Using == ""):
		return nil
	case f.Language == template.Bicep:
		ref = source.Resolve(p, f.Using)
	case f.Template == "":
		return g.templatesByName(p)
	case strings.HasPrefix(f.Template, "."):
		ref = source.Resolve(p, f.Template)
	default:
		ref = source.Clean(strings.ReplaceAll(f.Template, "\\", "/"))
	}
	if t := g.existing(g.spelled(ref)); t != "" {
		return []string{t}
	}
	return nil
}

// existing is the template at a path, or what it was compiled from; "" for none.
func (g *Graph) existing(p string) string {
	if f := g.files[p]; f != nil && f.Template != nil {
		if f.GeneratedFrom != "" {
			return f.GeneratedFrom
		}
		return p
	}
	return ""
}

// templatesByName follows the naming of parameter files: x.parameters.json,
// x.parameters.<env>.json and x.<env>.parameters.json belong to x.json and
// x.bicep.
func (g *Graph) templatesByName(p string) []string {
	dir, base := path.Split(p)
	stem := strings.TrimSuffix(base, path.Ext(base))
	const mark = ".parameters"
	at := len(stem) - len(mark)
	for ; at >= 0; at-- { // not in a folded copy: some letters are longer in lower case
		if strings.EqualFold(stem[at:at+len(mark)], mark) {
			break
		}
	}
	if at < 0 {
		return nil
	}
	rest := stem[at+len(mark):]
	if rest != "" && rest[0] != '.' {
		return nil
	}
	stems := []string{stem[:at]}
	if dot := strings.LastIndex(stem[:at], "."); rest == "" && dot > 0 {
		stems = append(stems, stem[:dot])
	}
	var found []string
	for _, s := range stems {
		for _, ext := range []string{".bicep", ".json", ".jsonc"} {
			if t := g.existing(dir + s + ext); t != "" && !slices.Contains(found, t) {
				found = append(found, t)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	return found
}

// give hands the assignments of a parameter file to a root.
func (in *instance) give(f *File) {
	if f == nil || f.Parameters == nil {
		return
	}
	in.giveFrom(f, nil)
}

// giveFrom hands over the assignments of the file that f extends, then its
// own, which win. Below are the files that lead here.
func (in *instance) giveFrom(f *File, below []*File) {
	put(&in.d.out.reached, f.Source.Path, true)
	if n := len(f.Diagnostics); n > 0 {
		in.d.report(diag.First(f.Diagnostics))
	}
	var base map[string]lazy
	if p := f.Parameters; p.Extends != "" {
		next := in.d.graph.files[in.d.graph.spelled(source.Resolve(f.Source.Path, p.Extends))]
		switch {
		case next == nil || next.Parameters == nil:
			in.d.report(notFound(f.Source.Path, p.ExtendsAt, "Parameter file", p.Extends,
				"there is no such parameter file in the repository. What it gives is left out here."))
		case next == f || slices.Contains(below, next) || len(below) == maxModuleDepth:
			in.d.report(diag.Diagnostic{
				Code: CodeNotEvaluated, Severity: diag.Failure, Path: f.Source.Path, Span: p.ExtendsAt,
				Summary: "Parameter files extend each other in a circle or too deep",
				Detail: fmt.Sprintf("could not evaluate: %q leads back to a file before it, or is one of more than %d in a row. "+
					"The compiler refuses circles; break this one.", p.Extends, maxModuleDepth),
			})
		default:
			in.giveFrom(next, append(below, f))
			base = maps.Clone(in.given)
		}
	}
	scope := in.parameterScope(f.Parameters, base)
	if len(in.given) == 0 {
		in.given = make(map[string]lazy, len(f.Parameters.Assignments))
	}
	for _, a := range f.Parameters.Assignments {
		in.given[strings.ToLower(a.Name)] = lazy{a.Value, scope}
	}
}

// notFound is the notice about a reference that leads nowhere.
func notFound(path string, at source.Span, what, ref, why string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: CodeUnresolved, Severity: diag.Notice, Path: path, Span: at,
		Summary: fmt.Sprintf("%s %q not resolved", what, ref),
		Detail:  "It was not read because " + why,
	}
}

// parameterScope is where a parameter file's expressions are evaluated: its
// own variables, functions and imports, the values of the file it extends, and
// nothing of the template.
func (in *instance) parameterScope(f *template.ParameterFile, base map[string]lazy) expr.Scope {
	scope := newInstance(in.d, &template.Template{File: f.File, Language: f.Language, Functions: f.Functions, Imports: f.Imports}, f.File.Path, in.target)
	scope.base, scope.file = base, f
	return scope
}

// assignments indexes what a parameter file declares by name; an assignment may
// use the parameters before it.
func assignments(f *template.ParameterFile) map[string]any {
	t := &template.Template{Language: f.Language, Variables: slices.Clip(f.Variables), Functions: f.Functions, Imports: f.Imports}
	for _, a := range f.Assignments {
		t.Variables = append(t.Variables, &template.Variable{Name: a.Name, At: a.At, Value: a.Value})
	}
	return declarations(t)
}

// baseFile is "base" in a parameter file: the values of the file it extends.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-extend
type baseFile struct{ of *instance }

// Member is the value that the extended file gives to a parameter.
func (b baseFile) Member(name string) (expr.Value, bool) {
	given, ok := b.of.base[strings.ToLower(name)]
	if !ok {
		return expr.Value{}, false
	}
	v := b.of.d.eval.Eval(given.scope, given.x)
	return v, !v.IsUnknown()
}

// Element is false: a file is no loop.
func (baseFile) Element(expr.Value) (expr.Value, bool) { return expr.Value{}, false }
