package deployment

import (
	"path"
	"slices"
	"strings"

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
		if t := g.templateOf(p, f.Parameters); t != "" {
			sets[t] = append(sets[t], p)
		}
	}
	for t, files := range g.options.Parameters {
		if g.files[t] == nil {
			continue
		}
		var given []string
		for _, p := range files {
			if f := g.files[p]; f != nil && f.Parameters != nil {
				given = append(given, p)
			}
		}
		slices.Sort(given)
		sets[t] = slices.Compact(given)
	}
	return sets
}

// templateOf is the template that a parameter file belongs to, or "".
func (g *Graph) templateOf(p string, f *template.ParameterFile) string {
	if f.Language == template.Bicep {
		if f.UsingNone || f.Using == "" {
			return ""
		}
		return g.existing(source.Resolve(p, f.Using))
	}
	if f.Template != "" {
		if strings.HasPrefix(f.Template, ".") {
			return g.existing(source.Resolve(p, f.Template))
		}
		return g.existing(source.Clean(strings.ReplaceAll(f.Template, "\\", "/")))
	}
	return g.templateByName(p)
}

func (g *Graph) existing(p string) string {
	if f := g.files[p]; f != nil && f.Template != nil {
		if f.GeneratedFrom != "" {
			return f.GeneratedFrom
		}
		return p
	}
	return ""
}

// templateByName follows the naming of parameter files: x.parameters.json,
// x.parameters.<env>.json and x.<env>.parameters.json belong to x.json or
// x.bicep.
func (g *Graph) templateByName(p string) string {
	dir, base := path.Split(p)
	stem := strings.TrimSuffix(base, path.Ext(base))
	lower := strings.ToLower(stem)
	at := strings.LastIndex(lower, ".parameters")
	if at < 0 {
		return ""
	}
	rest := lower[at+len(".parameters"):]
	if rest != "" && rest[0] != '.' {
		return ""
	}
	stems := []string{stem[:at]}
	if dot := strings.LastIndex(stem[:at], "."); rest == "" && dot > 0 {
		stems = append(stems, stem[:dot])
	}
	for _, s := range stems {
		for _, ext := range []string{".bicep", ".json", ".jsonc"} {
			if t := g.existing(dir + s + ext); t != "" {
				return t
			}
		}
	}
	return ""
}

// give hands the assignments of a parameter file to a root.
func (in *instance) give(f *File) {
	if f == nil || f.Parameters == nil {
		return
	}
	in.giveFrom(f.Parameters, 0)
}

func (in *instance) giveFrom(f *template.ParameterFile, depth int) {
	if depth > maxModuleDepth {
		return
	}
	if f.Extends != "" {
		p := source.Resolve(f.File.Path, f.Extends)
		if base := in.d.graph.files[p]; base != nil && base.Parameters != nil {
			in.d.reached[p] = true
			in.giveFrom(base.Parameters, depth+1)
		}
	}
	scope := in.parameterScope(f)
	for _, a := range f.Assignments {
		in.given[strings.ToLower(a.Name)] = lazy{a.Value, scope}
	}
}

// parameterScope is where a parameter file's expressions are evaluated: its
// own variables, functions and imports, and nothing of the template.
func (in *instance) parameterScope(f *template.ParameterFile) expr.Scope {
	t := &template.Template{
		File: f.File, Language: f.Language, Variables: f.Variables, Functions: f.Functions, Imports: f.Imports,
	}
	for _, a := range f.Assignments { // an assignment may use the parameters before it
		t.Variables = append(t.Variables, &template.Variable{Name: a.Name, At: a.At, Value: a.Value})
	}
	return newInstance(in.d, t, f.File.Path, in.target)
}
