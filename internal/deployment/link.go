package deployment

import (
	"path"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// link follows the references between files and marks generated ones.
func (g *Graph) link() {
	g.linkRegistry()
	for p, f := range g.files {
		if f.Template != nil && strings.EqualFold(f.Template.Generator, "bicep") {
			f.GeneratedFrom = g.bicepOf(p)
		}
	}
	for p, f := range g.files {
		if f.Template == nil {
			continue
		}
		seen := map[string]bool{p: true}
		references(f.Template, func(ref string) {
			if to := g.templateAt(p, ref); to != "" && !seen[to] {
				seen[to] = true
				g.calls[p] = append(g.calls[p], to)
			}
		})
	}
}

// templateAt is the template that a reference written in a file means, "" when
// there is none. One to compiled JSON means what it was compiled from, which is
// where an author can change something.
func (g *Graph) templateAt(from, ref string) string {
	p := g.spelled(source.Resolve(from, ref))
	f := g.files[p]
	switch {
	case f == nil || f.Template == nil:
		return ""
	case g.skipped(p) && f.GeneratedFrom != from:
		return f.GeneratedFrom
	}
	return p
}

// spelled is a path as the repository spells it: of a file that is not there, the
// only one that differs in nothing but case. The file systems of Windows and macOS
// find it, and so authors do not notice.
func (g *Graph) spelled(p string) string {
	if _, ok := g.files[p]; ok || p == "" {
		return p
	}
	if q := g.folded()[strings.ToLower(p)]; q != "" {
		return q
	}
	return p
}

// fold is the paths of all files by their spelling in lower case; "" where there
// is more than one.
func (g *Graph) fold() map[string]string {
	m := make(map[string]string, len(g.files))
	for p := range g.files {
		key := strings.ToLower(p)
		if _, twice := m[key]; twice {
			p = ""
		}
		m[key] = p
	}
	return m
}

// references visits the templates that one deploys. What it imports from is not
// among them: an import takes declarations, and deploys no resource.
func references(t *template.Template, add func(ref string)) {
	for _, m := range t.Modules {
		if m.Path != "" {
			add(m.Path)
		}
		if m.Inline != nil {
			references(m.Inline, add)
		}
	}
}

// bicepOf is the source that compiled JSON comes from, "" when it is not in
// the repository.
func (g *Graph) bicepOf(p string) string {
	names := []string{strings.TrimSuffix(p, path.Ext(p)) + ".bicep"}
	switch strings.ToLower(path.Base(p)) {
	case "azuredeploy.json", "maintemplate.json":
		names = append(names, path.Join(path.Dir(p), "main.bicep"))
	}
	for _, n := range names {
		if f := g.files[n]; f != nil && f.Template != nil {
			return n
		}
	}
	return ""
}
