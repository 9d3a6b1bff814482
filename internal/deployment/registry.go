package deployment

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
	"github.com/onboard-defender/onboard-defender/internal/template/arm"
)

// Module is what is known of a module that lies in a registry.
type Module struct {
	// Content is the compiled template, nil when it could not be had.
	Content []byte
	// Problem says why there is no content, as the end of "it was not read
	// because …".
	Problem string
}

// registryModule is a registry module as one file refers to it.
type registryModule struct {
	// reference is "registry/repository:tag" or "registry/repository@digest",
	// "" when what is written is no reference; problem says why then.
	reference, problem string
	// template is what is expanded, nil when nothing is known of the module.
	template *template.Template
	// config are the files that its alias was looked up in.
	config []bicepConfig
	// idle says that the module certainly brings nothing that the rule reads.
	idle bool
}

// bicepConfig is a bicepconfig.json, or a file that one extends.
type bicepConfig struct {
	path string
	node *arm.Node
}

// written is a module's path and the file that it is written in.
type written struct{ file, path string }

func inRegistry(p string) bool { return strings.HasPrefix(p, "br:") || strings.HasPrefix(p, "br/") }

func templateSpec(p string) bool { return strings.HasPrefix(p, "ts:") || strings.HasPrefix(p, "ts/") }

// linkRegistry resolves the registry modules that the files refer to.
func (g *Graph) linkRegistry() {
	g.registry = map[written]registryModule{}
	g.outside = map[string]bool{}
	configs := map[string][]bicepConfig{}
	for p, f := range g.files {
		if f.Template == nil {
			continue
		}
		eachModule(f.Template, func(m *template.Module) {
			at := written{p, m.Path}
			_, twice := g.registry[at]
			switch {
			case templateSpec(m.Path):
				g.outside[p] = true
			case inRegistry(m.Path) && !twice:
				r := resolveModule(m.Path, func() []bicepConfig { return g.configOf(path.Dir(p), configs) })
				if r.problem == "" {
					r = g.readModule(r)
				}
				g.registry[at] = r
				if !r.idle && (r.template == nil || declares(r.template)) {
					g.outside[p] = true
				}
			}
		})
	}
}

func eachModule(t *template.Template, do func(*template.Module)) {
	for _, m := range t.Modules {
		do(m)
		if m.Inline != nil {
			eachModule(m.Inline, do)
		}
	}
}

// readModule finds the template of a registry module: what was fetched, else
// what is known of Azure Verified Modules. Each is read once.
func (g *Graph) readModule(r registryModule) registryModule {
	r.idle = idle(r.reference)
	m := g.options.Modules[r.reference]
	r.problem = m.Problem
	t, ok := g.modules[r.reference]
	if !ok {
		if t = compiled(r.reference, m.Content); t == nil {
			t = standIn(r.reference)
		}
		g.modules[r.reference] = t
	}
	r.template = t
	if t == nil && m.Content != nil {
		r.problem = "what the registry has under that name is no template that can be read"
	}
	return r
}

// compiled reads the template of a registry module, nil when it is none.
func compiled(reference string, content []byte) *template.Template {
	if content == nil || len(content) > template.MaxSize {
		return nil
	}
	t, ok := arm.Parse(source.NewFile("br:"+reference, content))
	if !ok || len(t.Diagnostics) > 0 {
		return nil
	}
	return t
}

// The parts of a reference.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
var (
	aliasForm      = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	registryForm   = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?(:[0-9]{1,5})?$`)
	repositoryForm = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$`)
	versionForm    = regexp.MustCompile(`^(:[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}|@sha256:[a-f0-9]{64})$`)
)

// maxRepository is the longest name of a repository, Bicep's own limit.
const maxRepository = 255

// maxHost is how long the name of a host may be, with its port.
const maxHost = 262

// resolveModule makes a full reference of "br:registry/path:tag" or
// "br/alias:path:tag".
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/modules#path-to-module
func resolveModule(modulePath string, configOf func() []bicepConfig) registryModule {
	rest := strings.TrimPrefix(modulePath, "br:")
	var config []bicepConfig
	if short, ok := strings.CutPrefix(modulePath, "br/"); ok {
		alias, tail, found := strings.Cut(short, ":")
		if !found || !aliasForm.MatchString(alias) {
			return registryModule{problem: "its reference has no valid alias"}
		}
		config = configOf()
		host, root := aliasOf(config, alias)
		if host == "" {
			return registryModule{problem: fmt.Sprintf("bicepconfig.json has no registry for the alias %q", alias)}
		}
		if len(host) > maxHost || len(root) > maxRepository { // said now, before it is copied for each call
			return registryModule{problem: "its reference is none that a registry could have"}
		}
		rest = host + "/" + tail
		if root != "" {
			rest = host + "/" + root + "/" + tail
		}
	}
	host, tail, _ := strings.Cut(rest, "/")
	at := strings.IndexAny(tail, ":@")
	if at < 0 {
		at = len(tail)
	}
	host = strings.ToLower(host)
	if len(host) > maxHost || !registryForm.MatchString(host) || len(tail[:at]) > maxRepository || !repositoryForm.MatchString(tail[:at]) || !versionForm.MatchString(tail[at:]) {
		return registryModule{problem: "its reference is none that a registry could have"}
	}
	return registryModule{reference: host + "/" + tail, config: config}
}

// aliasOf is the registry and the path that an alias stands for. The files are
// merged property by property, the nearest first; public is built in.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-config-modules
func aliasOf(config []bicepConfig, alias string) (host, root string) {
	if alias == "public" {
		host, root = "mcr.microsoft.com", "bicep"
	}
	for _, c := range slices.Backward(config) {
		node := c.node
		for _, name := range []string{"moduleAliases", "br", alias} {
			if node = node.Member(name); node == nil {
				break
			}
		}
		if node == nil {
			continue
		}
		if v := node.Member("registry"); v != nil && v.Kind == arm.String {
			host = v.Text
		}
		if v := node.Member("modulePath"); v != nil && v.Kind == arm.String {
			root = v.Text
		}
	}
	return host, root
}

// maxConfigs is how many configuration files may extend each other, Bicep's own
// limit.
const maxConfigs = 64

// configOf is the configuration of a folder: the nearest bicepconfig.json,
// and those that it extends. A chain that cannot be read counts for nothing.
func (g *Graph) configOf(dir string, known map[string][]bicepConfig) []bicepConfig {
	if c, ok := known[dir]; ok {
		return c
	}
	var chain []bicepConfig
	p := path.Join(dir, "bicepconfig.json")
	if _, ok := g.snapshot.Lookup(p); !ok && dir != "." {
		chain = g.configOf(path.Dir(dir), known)
	} else {
		seen := map[string]bool{}
		for p != "" && !seen[p] && len(chain) < maxConfigs {
			seen[p] = true
			f := g.snapshot.File(p)
			if f == nil {
				break
			}
			node, _ := arm.Document(f)
			if node == nil {
				break
			}
			chain = append(chain, bicepConfig{p, node})
			base := node.Member("extends")
			if base == nil || base.Kind != arm.String {
				break
			}
			p = source.Resolve(p, base.Text)
		}
	}
	known[dir] = chain
	return chain
}

// fromRegistry is the template of a registry module; nil when there is none,
// which has been said then.
func (in *instance) fromRegistry(m *template.Module) *template.Template {
	r := in.d.graph.registry[written{in.template.File.Path, m.Path}]
	for _, c := range r.config {
		put(&in.d.out.reached, c.path, true)
	}
	if r.reference != "" {
		if _, known := in.d.options.Modules[r.reference]; !known && !in.d.quiet {
			put(&in.d.out.modules, r.reference, true)
		}
	}
	if r.template == nil {
		why := r.problem
		if why == "" {
			why = "it lies in a registry, which was not asked"
		}
		in.unresolved(m, why)
	}
	return r.template
}

// idle reports whether a module call certainly brings no resource that the rule
// reads, so that nobody needs its template.
func (in *instance) idle(m *template.Module) bool {
	return in.d.graph.registry[written{in.template.File.Path, m.Path}].idle
}
