package review

import (
	"context"
	"slices"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/fix"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// maxLoads bounds how often an evaluation may ask for more files.
const maxLoads = 4

// Load adds the content of files to a snapshot.
type Load func(ctx context.Context, s *source.Snapshot, paths []string) (*source.Snapshot, error)

// Analysis is what is known about one snapshot.
type Analysis struct {
	Snapshot *source.Snapshot
	Graph    *deployment.Graph
	Report   *check.Report
	// Fix is nil unless it was asked for.
	Fix *fix.Result

	input fix.Input
}

// Plan says how a snapshot is to be analyzed.
type Plan struct {
	Settings config.Repository
	PSRule   config.PSRule
	// Today is the date as 2006-01-02.
	Today string
	// Selected reports the files whose findings are wanted, nil for all.
	Selected func(path string) bool
	// Explicit are files to check although they are generated.
	Explicit map[string]bool
	// Parameters are more parameter files by template.
	Parameters map[string][]string
	// Fix asks for a plan of the fix.
	Fix   bool
	Cache *deployment.Cache
	// Registry fetches the modules that lie in registries; nil fetches none.
	Registry *Registry
}

// Analyze checks a snapshot. Files and registry modules that the evaluation asks
// for and that are not at hand are fetched, and it is done again.
func Analyze(ctx context.Context, s *source.Snapshot, load Load, p Plan) (*Analysis, error) {
	options := p.Settings.DeploymentOptions()
	options.Explicit, options.Cache = p.Explicit, p.Cache
	if len(p.Parameters) > 0 {
		options.Parameters = p.Parameters
	}
	settings := p.PSRule.Apply(p.Settings.CheckSettings(p.Today))
	selected := p.Selected
	options.Modules = p.Registry.modules()
	a := &Analysis{Snapshot: s, Graph: deployment.Load(s, options)}
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		a.Report = check.Run(a.Graph, settings, selected)
		if n == maxLoads {
			break
		}
		more, err := a.more(ctx, load)
		if err != nil {
			return nil, err
		}
		fetched := p.Registry.fetch(ctx, a.Report.Modules)
		if !fetched && !more {
			break
		}
		if fetched {
			a.Graph = a.Graph.WithModules(p.Registry.modules())
		}
	}
	a.input = fix.Input{
		Snapshot: a.Snapshot, Settings: settings, Selected: selected,
		Graph: a.Graph, Report: a.Report, APIVersion: p.Settings.FixAPIVersion,
	}
	if p.Fix {
		a.Fix = fix.Plan(a.input)
	}
	return a, nil
}

// more loads the files that the report asks for into snapshot and graph, and
// reports whether there were any.
func (a *Analysis) more(ctx context.Context, load Load) (bool, error) {
	if len(a.Report.Wanted) == 0 {
		return false, nil
	}
	more, err := load(ctx, a.Snapshot, a.Report.Wanted)
	if err != nil {
		return false, err
	}
	var loaded []*source.File
	for _, path := range a.Report.Wanted {
		if f := more.File(path); f != nil {
			loaded = append(loaded, f)
		}
	}
	if len(loaded) == 0 {
		return false, nil
	}
	a.Snapshot, a.Graph = more, a.Graph.With(more, loaded)
	return true, nil
}

// planFix plans the fix of the findings for which leave has no reason against.
func (a *Analysis) planFix(leave func(finding int) string) {
	a.input.Leave = leave
	a.Fix = fix.Plan(a.input)
}

// Wanted reports whether a file's content is needed from the start.
func Wanted(e source.Entry) bool {
	return deployment.Candidate(e.Path) || slices.Contains(config.Paths(), e.Path) || e.Path == config.OrganisationPath
}
