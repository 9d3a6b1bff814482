package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/fix"
	"github.com/onboard-defender/onboard-defender/internal/review"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// selection is what check and fix have in common: what to look at, and how.
type selection struct {
	paths      []string
	config     string
	parameters []string
	since      string
}

func (s *selection) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.config, "config", "", "settings `FILE` instead of .github/onboard-defender.yml")
	c.Flags().StringArrayVar(&s.parameters, "parameters", nil, "parameter `FILE` to evaluate the templates with (repeatable)")
}

// analyzed is a folder with what is known about it. The paths of the report
// are those that the user sees.
type analyzed struct {
	*review.Analysis
	folder folder
	report *check.Report
	// invalid says what is wrong with the repository's settings, if something is.
	invalid error
}

// analyze checks the repository of the paths.
func (s *selection) analyze(ctx context.Context, env environment) (*analyzed, error) {
	if len(s.paths) == 0 {
		s.paths = []string{"."}
	}
	f, err := openFolder(s.paths)
	if err != nil {
		return nil, err
	}
	plan := review.Plan{Today: env.now().UTC().Format(time.DateOnly), Fix: true, Explicit: map[string]bool{}, Registry: ownRegistry()}
	if err := s.choose(f, &plan); err != nil {
		return nil, err
	}
	done := progress(env, "reading templates")
	defer done()
	snapshot, err := f.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	given, problems, err := s.settings(f, snapshot, &plan)
	if err != nil {
		return nil, err
	}
	if !plan.Settings.Enabled {
		return switchedOff(env, f)
	}
	if snapshot, err = s.addParameters(f, snapshot, &plan); err != nil {
		return nil, err
	}
	a, err := review.Analyze(ctx, snapshot, f.load, plan)
	if err != nil {
		return nil, err
	}
	if err := s.named(env, f, a, plan); err != nil {
		return nil, err
	}
	out := &analyzed{Analysis: a, folder: f, report: a.Report, invalid: invalidSettings(failures(problems), snapshot.File, f.shown)}
	if s.since != "" {
		if out.report, err = s.changedSince(ctx, f, a, plan); err != nil {
			return nil, err
		}
	}
	if given != nil {
		out.report.Sources[given.Path] = given // findings about suppressions point into it
	}
	for _, p := range problems {
		out.report.Add(p, cmp.Or(given, snapshot.File(p.Path)))
	}
	if f.root != f.cwd {
		out.report = out.report.Renamed(f.shown)
	}
	return out, nil
}

// named makes sure of what the command line names: parameter files that are
// none are an error, files that are no templates are mentioned.
func (s *selection) named(env environment, f folder, a *review.Analysis, plan review.Plan) error {
	for _, arg := range s.parameters {
		if p := a.Graph.File(f.relative(arg)); p == nil || p.Parameters == nil {
			return fmt.Errorf("--parameters %s: not a parameter file; it is a .bicepparam file, or JSON with the $schema of deploymentParameters.json", arg)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(plan.Explicit)) {
		if t := a.Graph.File(p); t == nil || t.Template == nil && len(t.Diagnostics) == 0 {
			if _, err := fmt.Fprintf(env.stderr, "bot: %s is not a template and was not checked\n", f.shown(p)); err != nil {
				return err
			}
		}
	}
	return nil
}

// switchedOff is what there is to say of a repository that wants no check.
func switchedOff(env environment, f folder) (*analyzed, error) {
	_, err := fmt.Fprintln(env.stderr, "bot: the settings of this repository switch the check off (enabled: false)")
	return &analyzed{
		Analysis: &review.Analysis{Fix: &fix.Result{}}, folder: f, report: &check.Report{Outcome: check.None},
	}, err
}

// choose reads the paths of the command line.
func (s *selection) choose(f folder, plan *review.Plan) error {
	var chosen []string
	for _, arg := range s.paths {
		p, err := f.inside(arg)
		if err != nil {
			return err
		}
		info, err := os.Stat(f.absolute(arg))
		if err != nil {
			return fmt.Errorf("look at %s: %w", arg, err)
		}
		if !info.IsDir() {
			plan.Explicit[p] = true
		}
		chosen = append(chosen, p)
	}
	if slices.Contains(chosen, ".") {
		return nil // the whole repository
	}
	plan.Selected = func(path string) bool {
		return slices.ContainsFunc(chosen, func(c string) bool { return path == c || strings.HasPrefix(path, c+"/") })
	}
	return nil
}

// settings reads the repository's settings, or those of --config, which may
// lie anywhere and so are returned apart from the snapshot.
func (s *selection) settings(f folder, snapshot *source.Snapshot, plan *review.Plan) (given *source.File, problems []diag.Diagnostic, err error) {
	plan.Settings, plan.PSRule, problems = config.Load(snapshot)
	if s.config == "" {
		return nil, problems, nil
	}
	content, err := os.ReadFile(s.config)
	if err != nil {
		return nil, nil, fmt.Errorf("read the settings: %w", err)
	}
	given = source.NewFile(f.relative(s.config), content)
	plan.Settings, problems = config.Parse(given)
	err = invalidSettings(failures(problems), func(string) *source.File { return given }, f.shown)
	return given, problems, err
}

// invalidSettings says what is wrong with settings, a line for each place.
func invalidSettings(problems []diag.Diagnostic, file func(path string) *source.File, shown func(path string) string) error {
	var errs []error
	for _, p := range problems {
		at := file(p.Path).Position(p.Span.Start)
		errs = append(errs, fmt.Errorf("%s:%d:%d: %s: %s", shown(p.Path), at.Line, at.Column, p.Summary, p.Detail))
	}
	return errors.Join(errs...)
}

func failures(problems []diag.Diagnostic) []diag.Diagnostic {
	return slices.DeleteFunc(slices.Clone(problems), func(p diag.Diagnostic) bool { return p.Severity != diag.Failure })
}

// addParameters makes the files of --parameters the parameter sets of the
// templates that are chosen.
func (s *selection) addParameters(f folder, snapshot *source.Snapshot, plan *review.Plan) (*source.Snapshot, error) {
	if len(s.parameters) == 0 {
		return snapshot, nil
	}
	var paths []string
	for _, arg := range s.parameters {
		p, err := f.inside(arg)
		if err != nil {
			return nil, err
		}
		file, err := f.read(p)
		if err != nil {
			return nil, err
		}
		snapshot = snapshot.With(file)
		paths = append(paths, p)
	}
	plan.Parameters = map[string][]string{}
	for _, e := range snapshot.Entries() {
		ext := strings.ToLower(filepath.Ext(e.Path))
		if (ext == ".bicep" || ext == ".json" || ext == ".jsonc") && !slices.Contains(paths, e.Path) && (plan.Selected == nil || plan.Selected(e.Path)) {
			plan.Parameters[e.Path] = paths
		}
	}
	return snapshot, nil
}
