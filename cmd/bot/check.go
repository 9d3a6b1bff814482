package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/check/report"
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

func checkCommand(env environment) *cobra.Command {
	var s selection
	var format, output string
	c := &cobra.Command{
		Use:   "check [PATH ...]",
		Short: "Check templates like a pull request would",
		Long: "check evaluates the ARM and Bicep templates below each path (default: the working directory) and lists the\n" +
			"API Management APIs that would be published without Microsoft Defender for APIs. A file that is named is\n" +
			"checked even if it is generated.\n\n" +
			"Exit status: 0 nothing unprotected, 1 APIs are unprotected, 2 bad usage or settings, or a file that matters\n" +
			"could not be read or evaluated.",
		Example: "  bot check\n  bot check infra --format sarif --output defender.sarif\n  bot check --changed-since origin/main",
		RunE: func(c *cobra.Command, args []string) error {
			s.paths = args
			if !slices.Contains(formats, format) {
				return fmt.Errorf("unknown format %q; it is one of %s", format, strings.Join(formats, ", "))
			}
			a, err := s.analyze(c.Context(), env)
			if err != nil {
				return err
			}
			var b bytes.Buffer
			text := report.TextOptions{Colour: env.colour() && output == "", Width: terminalWidth(), Compared: s.since != ""}
			if err := write(&b, format, a.report, text); err != nil {
				return err
			}
			if err := emit(env, output, b.Bytes()); err != nil {
				return err
			}
			return statusOf(a.report)
		},
	}
	s.flags(c)
	c.Flags().StringVar(&s.since, "changed-since", "", "only what the diff since this git `REV` affects; marks findings as new or existing")
	c.Flags().StringVar(&format, "format", "text", "`FORMAT` of the report: "+strings.Join(formats, ", "))
	c.Flags().StringVar(&output, "output", "", "write the report to this `FILE` instead of standard output")
	return c
}

var formats = []string{"text", "json", "sarif", "markdown", "github"}

func write(w io.Writer, format string, r *check.Report, text report.TextOptions) error {
	switch format {
	case "json":
		return report.JSON(w, r)
	case "sarif":
		return report.SARIF(w, r, buildVersion().version)
	case "markdown":
		return report.Markdown(w, r, report.MarkdownOptions{Compared: text.Compared})
	case "github":
		return report.GitHub(w, r)
	}
	return report.Text(w, r, text)
}

// emit writes a report to a file, or to standard output without one.
func emit(env environment, output string, content []byte) error {
	if output == "" {
		_, err := env.stdout.Write(content)
		return err
	}
	if err := os.WriteFile(output, content, 0o644); err != nil { //nolint:gosec // a report is no secret
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// statusOf is the exit status of a report.
func statusOf(r *check.Report) error {
	switch r.Outcome {
	case check.Fail:
		return statusError(exitFail)
	case check.Error:
		return statusError(exitError)
	case check.Pass, check.None:
	}
	return nil
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
	cwd, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	if len(s.paths) == 0 {
		s.paths = []string{"."}
	}
	f, err := openFolder(cwd, s.paths)
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
	load := func(_ context.Context, snap *source.Snapshot, paths []string) (*source.Snapshot, error) {
		return f.load(snap, paths)
	}
	if len(s.parameters) > 0 {
		if snapshot, err = s.addParameters(f, snapshot, &plan); err != nil {
			return nil, err
		}
	}
	a, err := review.Analyze(ctx, snapshot, load, plan)
	if err != nil {
		return nil, err
	}
	for _, arg := range s.parameters {
		if p := a.Graph.File(f.relative(arg)); p == nil || p.Parameters == nil {
			return nil, fmt.Errorf("--parameters %s: not a parameter file; it is a .bicepparam file, or JSON with the $schema of deploymentParameters.json", arg)
		}
	}
	out := &analyzed{Analysis: a, folder: f, report: a.Report}
	out.invalid = invalidSettings(failures(problems), snapshot.File, f.shown)
	if s.since != "" {
		if out.report, err = changedSince(ctx, f, s.since, a, plan); err != nil {
			return nil, err
		}
	}
	if given != nil {
		out.report.Sources[given.Path] = given // findings about suppressions point into it
	}
	addProblems(out.report, snapshot, problems)
	out.report = out.report.Renamed(f.shown)
	return out, nil
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
		info, err := os.Stat(filepath.Join(f.root, filepath.FromSlash(p)))
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
	if len(problems) > 0 {
		return nil, nil, invalidSettings(problems, func(string) *source.File { return given }, f.shown)
	}
	return given, nil, nil
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

// addProblems adds what is wrong with the settings to a report.
func addProblems(r *check.Report, snapshot *source.Snapshot, problems []diag.Diagnostic) {
	for _, p := range problems {
		r.Add(p, snapshot.File(p.Path))
	}
}
