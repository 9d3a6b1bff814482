package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
			if err := write(&b, format, a.report, env); err != nil {
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

func write(w io.Writer, format string, r *check.Report, env environment) error {
	switch format {
	case "json":
		return report.JSON(w, r)
	case "sarif":
		return report.SARIF(w, r, buildVersion().version)
	case "markdown":
		return report.Markdown(w, r, report.MarkdownOptions{})
	case "github":
		return report.GitHub(w, r)
	}
	return report.Text(w, r, report.TextOptions{Colour: env.colour(), Width: terminalWidth()})
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
		return exitStatus(exitFail)
	case check.Error:
		return exitStatus(exitError)
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
}

// analyze checks the folder that the user is in.
func (s *selection) analyze(ctx context.Context, env environment) (*analyzed, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	f, err := openFolder(cwd)
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
	problems, err := s.settings(f, snapshot, &plan)
	if err != nil {
		return nil, err
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
	out := &analyzed{Analysis: a, folder: f, report: a.Report}
	if s.since != "" {
		if out.report, err = changedSince(ctx, f, s.since, a, plan); err != nil {
			return nil, err
		}
	}
	addProblems(out.report, snapshot, problems)
	out.report = out.report.Renamed(f.shown)
	return out, nil
}

// choose reads the paths of the command line.
func (s *selection) choose(f folder, plan *review.Plan) error {
	paths := s.paths
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var chosen []string
	for _, arg := range paths {
		info, err := os.Stat(arg)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s does not exist", arg)
		}
		if err != nil {
			return fmt.Errorf("look at %s: %w", arg, err)
		}
		p, err := f.inside(arg)
		if err != nil {
			return err
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

// settings reads the repository's settings, or those of --config.
func (s *selection) settings(f folder, snapshot *source.Snapshot, plan *review.Plan) ([]diag.Diagnostic, error) {
	repository, psRule, problems := config.Load(snapshot)
	plan.Settings, plan.PSRule = repository, psRule
	if s.config != "" {
		content, err := os.ReadFile(s.config)
		if err != nil {
			return nil, fmt.Errorf("read the settings: %w", err)
		}
		shown, err := f.inside(s.config)
		if err != nil {
			shown = filepath.ToSlash(s.config)
		}
		file := source.NewFile(shown, content)
		given, wrong := config.Parse(file)
		if len(wrong) > 0 {
			at := file.Position(wrong[0].Span.Start)
			return nil, fmt.Errorf("%s:%d:%d: %s: %s", s.config, at.Line, at.Column, wrong[0].Summary, wrong[0].Detail)
		}
		plan.Settings, problems = given, nil
	}
	return problems, nil
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
