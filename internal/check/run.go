package check

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// Run checks the deployments of a graph. selected reports the files whose
// findings are wanted, nil for all; everything is evaluated either way,
// because a collection may stand anywhere.
func Run(g *deployment.Graph, settings Settings, selected func(path string) bool) *Report {
	r := &run{
		graph: g, settings: settings, report: &Report{Sources: map[string]*source.File{}, Reached: map[string][]string{}},
		apis: map[apiKey]*merged{}, siblings: map[declKey][]Sibling{}, accepted: map[*api]bool{},
		said: map[said][]int{},
		selected: remembered(func(p string) bool {
			return (selected == nil || selected(p)) && (settings.Skip == nil || !settings.Skip(p))
		}),
		whole: selected == nil,
	}
	r.suppressions = r.collectSuppressions()
	r.expand()
	r.borrow()
	for _, d := range r.deployments {
		for _, a := range d.apis {
			r.merge(d, a)
		}
	}
	r.collectSiblings()
	r.reportAPIs()
	r.reportFiles()
	for _, d := range r.deployments {
		r.reportDeployment(d)
	}
	r.reportSuppressions()
	r.finish()
	return r.report
}

// remembered is a question about a path that is asked once: to answer it, patterns
// are looked through, of which there may be hundreds.
func remembered(ask func(path string) bool) func(path string) bool {
	known := map[string]bool{}
	return func(path string) bool {
		answer, ok := known[path]
		if !ok {
			answer = ask(path)
			known[path] = answer
		}
		return answer
	}
}

// run is the state of one run.
type run struct {
	graph        *deployment.Graph
	settings     Settings
	selected     func(string) bool
	whole        bool // nothing was selected: all files are looked at
	deployments  []*checked
	suppressions *suppressions
	apis         map[apiKey]*merged
	siblings     map[declKey][]Sibling // what each declaration brings
	accepted     map[*api]bool         // those that are suppressed
	said         map[said][]int        // findings about something else, by place
	report       *Report
}

// checked is a deployment with what the rule made of it.
type checked struct {
	*deployment.Deployment
	apis        []*api
	collections []*collection
	services    []*deployment.Resource
	gateways    []*deployment.Resource // APIs assigned to self-hosted gateways
	pairs       budget
}

// apiKey identifies an API over all deployments: declaration and base name.
type apiKey struct {
	path  string
	decl  int
	name  string
	known bool
}

// merged is an API with what each deployment says of it.
type merged struct {
	key   apiKey
	parts []part
}

type part struct {
	in *checked
	*api
}

func (r *run) expand() {
	left := max(maxAllPairs, maxPairsPerFile*budget(len(r.graph.Files())))
	for _, d := range r.graph.ExpandAll() {
		c := &checked{Deployment: d, apis: apisOf(d), collections: collectionsOf(d), pairs: min(maxPairs, left)}
		given := c.pairs
		for _, x := range d.Resources {
			switch {
			case x.Existing, x.Condition.IsFalse():
			case x.Is(template.TypeService):
				c.services = append(c.services, x)
			case x.Is(template.TypeGatewayAPI):
				c.gateways = append(c.gateways, x)
			}
		}
		byName := map[string][]*collection{} // by lower-case name
		var open []*collection               // those whose name is not known
		for _, x := range c.collections {
			if name, ok := x.name.AsString(); ok {
				byName[strings.ToLower(name)] = append(byName[strings.ToLower(name)], x)
				continue
			}
			open = append(open, x)
		}
		for _, a := range c.apis {
			candidates := slices.Values(c.collections)
			if name, ok := a.name.AsString(); ok { // only an equal name, or one that is open, can be it
				candidates = both(byName[strings.ToLower(name)], open)
			}
			r.judge(c, a, candidates)
		}
		if c.pairs < 0 {
			d.Diagnostics = append(d.Diagnostics, tooManyPairs(d.Root.Path, given))
		}
		compared := given - max(0, c.pairs)
		left -= compared
		r.report.Work += d.Work() + workPerPair*int(compared)
		r.deployments = append(r.deployments, c)
	}
}

// tooManyPairs says that not all APIs of a deployment were compared with all
// collections, for which a number of pairs was given.
func tooManyPairs(path string, given budget) diag.Diagnostic {
	where, remedy := "in one deployment", "Split it."
	if given < maxPairs {
		where, remedy = "here, after those in the deployments before it", "Check parts of the repository by themselves."
	}
	return diag.Diagnostic{
		Code: CodeNotEvaluated, Severity: diag.Failure, Path: path, Summary: "Could not be evaluated",
		Detail: fmt.Sprintf("could not evaluate: stopped at %d pairs of APIs and collections %s. %s", given, where, remedy),
	}
}

// both are the elements of two lists. There may be very many, and are not copied.
func both(first, second []*collection) iter.Seq[*collection] {
	return func(yield func(*collection) bool) {
		for _, list := range [][]*collection{first, second} {
			for _, c := range list {
				if !yield(c) {
					return
				}
			}
		}
	}
}

func (r *run) merge(d *checked, a *api) {
	cur := a.current()
	if !r.selected(cur.Path()) {
		return
	}
	at := cur.Place()
	key := apiKey{path: at.Path, decl: at.Decl.Start}
	key.name, key.known = display(a)
	key.name = strings.ToLower(key.name)
	m := r.apis[key]
	if m == nil {
		m = &merged{key: key}
		r.apis[key] = m
	}
	m.parts = append(m.parts, part{d, a})
}

func (r *run) sortedAPIs() []*merged {
	out := make([]*merged, 0, len(r.apis))
	for _, m := range r.apis {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *merged) int {
		return cmp.Or(cmp.Compare(a.key.path, b.key.path), cmp.Compare(a.key.decl, b.key.decl), cmp.Compare(a.key.name, b.key.name))
	})
	return out
}

// worst is the part that decides the status of the API as a whole.
func (r *run) worst(m *merged) part {
	w := m.parts[0]
	for _, p := range m.parts[1:] {
		if p.status > w.status || p.status == w.status && r.severity(p.api) > r.severity(w.api) {
			w = p
		}
	}
	return w
}

// severity is how a finding about the API weighs.
func (r *run) severity(a *api) diag.Severity {
	switch {
	case a.status == Unprotected && (len(a.gateways) == 0 || r.settings.SelfHostedGateway != GatewayWarn):
		return diag.Failure
	case a.status == Undetermined && r.settings.UndeterminedFails:
		return diag.Failure
	}
	return diag.Warning
}

// collectSiblings notes what each declaration brings, over all deployments.
func (r *run) collectSiblings() {
	for _, d := range r.deployments {
		for _, a := range d.apis {
			for _, rev := range a.revisions {
				key := declOf(rev)
				s := Sibling{Resource: rev, Status: a.status, Reason: a.reason, Tiered: a.tiered}
				if why := notREST(rev); why != "" {
					s.Status, s.Reason = Excluded, why
				}
				r.siblings[key] = append(r.siblings[key], s)
			}
		}
	}
}

func (r *run) finish() {
	rep := r.report
	for _, f := range rep.Findings {
		if src := r.graph.Source(f.Path); src != nil {
			rep.Sources[f.Path] = src
		}
		for _, x := range f.Related {
			if src := r.graph.Source(x.Path); src != nil {
				rep.Sources[x.Path] = src
			}
		}
	}
	rep.sortFindings()
	for _, p := range r.graph.Files() {
		if r.graph.File(p).Template != nil && r.graph.File(p).GeneratedFrom == "" && r.selected(p) {
			rep.Summary.Files++
		}
	}
	r.collectAsked()
	rep.Outcome = outcome(rep.Findings, rep.APIs)
}

// collectAsked notes what the deployments were evaluated with. It comes last,
// because the rule asks for properties all the way.
func (r *run) collectAsked() {
	rep := r.report
	for _, d := range r.deployments {
		rep.Reached[d.Root.Path] = append(rep.Reached[d.Root.Path], d.Reached()...)
		rep.Wanted = append(rep.Wanted, d.Wanted()...)
		rep.Modules = append(rep.Modules, d.Modules()...)
	}
	for root, files := range rep.Reached {
		rep.Reached[root] = sorted(files)
	}
	rep.Wanted, rep.Modules = sorted(rep.Wanted), sorted(rep.Modules)
}

// sorted is a list in order, each element once.
func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// outcome is what findings and APIs come to.
func outcome(findings []Finding, apis []API) Outcome {
	out := None
	for _, a := range apis {
		if a.Status != Excluded {
			out = Pass
		}
	}
	for _, f := range findings {
		if f.Severity != diag.Failure {
			continue
		}
		switch f.Code {
		case CodeNotOnboarded, CodeUndetermined:
			return Fail
		default:
			out = Error
		}
	}
	return out
}
