// Package deployment finds out which files of a repository are deployed
// together, with which parameters, and expands each such deployment to the
// resources it brings. It works on a snapshot and answers the same for the
// same bytes; it fetches nothing.
package deployment

import (
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// Codes of the diagnostics that loading and expanding yield.
const (
	// CodeNotEvaluated is a part that was given up at a limit or a cycle.
	CodeNotEvaluated diag.Code = "not-evaluated"
	// CodeUnresolved is a module whose template is not at hand.
	CodeUnresolved diag.Code = "module-unresolved"
)

// Options change what is evaluated.
type Options struct {
	// ParameterDefaults are values for parameters that have none, by
	// lower-case name.
	ParameterDefaults map[string]expr.Value
	// Location is resourceGroup().location where it is configured, else "".
	Location string
	// Parameters adds parameter files to templates: template path → paths of
	// parameter files, which then replace those found by name.
	Parameters map[string][]string
	// Modules are the registry modules that somebody asked for, by the
	// references that [Deployment.Modules] lists.
	Modules map[string]Module
	// Explicit are files that are deployed although they are generated.
	Explicit map[string]bool
	// Cache keeps what was parsed; nil for none.
	Cache *Cache
}

// File is one template or parameter file of a graph. One of Template and
// Parameters is set unless the file could not be read at all.
type File struct {
	Source      *source.File
	Template    *template.Template
	Parameters  *template.ParameterFile
	Diagnostics []diag.Diagnostic
	// GeneratedFrom is the source in the repository of compiled JSON, or "".
	GeneratedFrom string

	declared *declared // by the template; graphs that have the same file share it
}

// declared is what a template declares, once somebody asks for it. It is safe for
// concurrent use.
type declared struct {
	once   sync.Once
	byName map[string]any // see [declarations]
}

func (d *declared) of(t *template.Template) map[string]any {
	d.once.Do(func() { d.byName = declarations(t) })
	return d.byName
}

// Root is a template with one set of parameters: what is deployed at once.
type Root struct {
	// Path is the template's.
	Path string
	// Parameters is the parameter file's path, "" when there is none.
	Parameters string
}

// Graph is the templates of a snapshot and how they refer to each other.
type Graph struct {
	snapshot *source.Snapshot
	options  Options
	files    map[string]*File
	roots    []Root
	calls    map[string][]string           // template path → templates it deploys
	modules  map[string]*template.Template // of registry modules, by reference; nil for none
	registry map[written]registryModule
	outside  map[string]bool // templates whose registry modules may declare what the rule reads
	orphans  []diag.Diagnostic
	folded   func() map[string]string // see spelled
	context  map[string]func(*instance, []expr.Value) expr.Value
}

// Load reads the templates of a snapshot, as far as their content is loaded,
// and finds the deployments.
func Load(snapshot *source.Snapshot, options Options) *Graph {
	g := &Graph{
		snapshot: snapshot, options: options, files: map[string]*File{}, modules: map[string]*template.Template{},
		calls: map[string][]string{}, context: contextTable(),
	}
	g.parse()
	g.connect()
	return g
}

// connect finds out how the files, which are read, belong together.
func (g *Graph) connect() {
	g.folded = sync.OnceValue(g.fold)
	g.link()
	g.findRoots()
}

// With is the graph of a snapshot that differs from this one's in some files
// only; all others are not read again.
func (g *Graph) With(snapshot *source.Snapshot, changed []*source.File) *Graph {
	return g.again(snapshot, g.options, changed, maps.Clone(g.modules))
}

// WithModules is the graph with other registry modules at hand; no file is read
// again.
func (g *Graph) WithModules(modules map[string]Module) *Graph {
	options := g.options
	options.Modules = modules
	return g.again(g.snapshot, options, nil, map[string]*template.Template{})
}

// again is the graph with some files read again; modules are those registry
// modules whose templates are read already.
func (g *Graph) again(snapshot *source.Snapshot, options Options, changed []*source.File, modules map[string]*template.Template) *Graph {
	n := &Graph{
		snapshot: snapshot, options: options, files: make(map[string]*File, len(g.files)), modules: modules,
		calls: map[string][]string{}, context: g.context,
	}
	for p, f := range g.files {
		n.files[p] = f.copied()
	}
	for i, r := range readAll(len(changed), func(i int) *File { return read(changed[i]) }) {
		if r != nil {
			r.declared = &declared{}
			n.files[changed[i].Path] = r
		} else {
			delete(n.files, changed[i].Path)
		}
	}
	n.connect()
	return n
}

// Roots are the deployments, sorted by path and parameter file.
func (g *Graph) Roots() []Root { return g.roots }

// Orphans are remarks about parameter files that are not used: their template is
// not in the repository, or has too many of them. They are in the order of the
// files.
func (g *Graph) Orphans() []diag.Diagnostic { return g.orphans }

// Files are the paths of all templates and parameter files, sorted.
func (g *Graph) Files() []string { return sortedKeys(g.files) }

// File is a template or parameter file by path, or nil.
func (g *Graph) File(p string) *File { return g.files[p] }

// Source is the content of a file, a template or another one of the snapshot,
// or nil where it is not loaded.
func (g *Graph) Source(p string) *source.File {
	if f := g.files[p]; f != nil {
		return f.Source
	}
	return g.snapshot.File(p)
}

// parse reads all files, on all processors; what comes out does not depend on
// the order.
func (g *Graph) parse() {
	var candidates []source.Entry
	for _, e := range g.snapshot.Entries() {
		if e.File != nil && e.Mode <= source.Executable && candidate(e.Path) {
			candidates = append(candidates, e)
		}
	}
	for i, f := range readAll(len(candidates), func(i int) *File { return g.options.Cache.read(candidates[i]) }) {
		if f != nil {
			f.declared = &declared{}
			g.files[candidates[i].Path] = f
		}
	}
}

// readAll reads a number of files on all processors.
func readAll(n int, read func(i int) *File) []*File {
	all := make([]*File, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				all[i] = read(i)
			}
		})
	}
	wg.Wait()
	return all
}

// Candidate reports whether a file of that name may be a template or a
// parameter file.
func Candidate(p string) bool { return candidate(p) }

func candidate(p string) bool {
	switch strings.ToLower(path.Ext(p)) {
	case ".bicep", ".bicepparam", ".json", ".jsonc":
		return true
	}
	return false
}

// Expand evaluates one deployment. It is safe for concurrent use.
func (g *Graph) Expand(root Root) *Deployment {
	f := g.files[root.Path]
	d := newExpander(g, root)
	if f == nil || f.Template == nil {
		return d.out
	}
	in := newInstance(d, f.Template, root.Path, rootTarget(f.Template))
	if root.Parameters != "" {
		in.give(g.files[root.Parameters])
	}
	in.expand()
	in.limit(source.Span{})
	d.exhausted = d.eval.Err() != nil
	d.out.Diagnostics = unique(d.out.Diagnostics)
	d.loaded = nil // the resources keep the rest, for what is asked of them later
	d.out.work = workPerDeployment + workPerResource*len(d.out.Resources) + workPerCall*d.calls + d.eval.Steps()
	return d.out
}

func unique(ds []diag.Diagnostic) []diag.Diagnostic {
	diag.Sort(ds)
	return slices.CompactFunc(ds, func(a, b diag.Diagnostic) bool { return diag.Compare(a, b) == 0 })
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
