package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/check/report"
	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/fix"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

const titleNothing = "No API Management templates changed"

// view is what a completed check run is written from.
type view struct {
	settings config.Repository
	report   *check.Report
	graph    *deployment.Graph
	fix      *fix.Result
	changes  Changes
	head     *source.Snapshot
	invalid  []diag.Diagnostic // problems of the settings that the pull request changes
	pull     Pull
}

// changed reports whether the pull request changes a file.
func (v view) changed(path string) bool {
	return slices.ContainsFunc(v.changes.Files, func(c Change) bool { return !c.Removed && c.Path == path || c.Previous == path })
}

// fill writes conclusion, texts, annotations and the button of a run.
func (v view) fill(run *Run) {
	affected := v.report.Affected(func(path string) bool {
		return slices.ContainsFunc(v.changes.Files, func(c Change) bool { return c.Path == path || c.Previous == path })
	})
	for _, p := range v.invalid {
		affected.Add(p, v.head.File(p.Path))
	}
	fails, existing := 0, 0
	for _, f := range affected.Findings {
		switch {
		case failing(f, v.settings.Gate):
			fails++
		case f.Severity == diag.Failure:
			existing++
		}
	}
	run.Conclusion, run.Title = "success", report.Title(affected)
	switch {
	case slices.ContainsFunc(v.invalid, func(d diag.Diagnostic) bool { return d.Severity == diag.Failure }):
		run.Conclusion = "action_required"
	case fails > 0:
		run.Conclusion = "failure"
	case len(affected.APIs) == 0 && len(affected.Findings) == 0:
		run.Conclusion, run.Title = string(v.settings.WhenNothingApplies), titleNothing
	}
	run.Summary = v.summary(affected, fails, existing)
	run.Annotations = v.annotations(affected)
	run.OfferFix = v.settings.FixMode == config.FixButton && !v.pull.Fork &&
		slices.ContainsFunc(affected.Findings, func(f check.Finding) bool { return f.Fixable })
	if v.pull.Fork && v.settings.FixMode != config.FixOff && len(v.fix.Files) > 0 {
		run.Text = "The branch lies in a fork, where the App cannot commit. Apply this patch to it with `git apply`.\n\n" + patchText(v.fix, v.graph)
	}
}

// maxSummary leaves room below GitHub's 65,535 characters for what stands
// above the table.
const maxSummary = 60000

func (v view) summary(affected *check.Report, fails, existing int) string {
	var b strings.Builder
	switch were := map[bool]string{true: "was", false: "were"}[existing == 1]; {
	case existing == 0:
	case fails > 0:
		fmt.Fprintf(&b, "%s of this pull request; %d more %s there before it.\n\n", counted(fails, "finding"), existing, were)
	case v.settings.Gate == config.GateNew:
		fmt.Fprintf(&b, "This pull request brings no new finding; the %d listed %s there before it and do not fail the check.\n\n", existing, were)
	}
	// Writing to a Builder cannot fail.
	_ = report.Markdown(&b, affected, report.MarkdownOptions{Limit: maxSummary - b.Len(), Compared: true}) //nolint:errcheck // see above
	return b.String()
}

// annotations place the findings on lines of the pull request. What the author
// touched neither in its file nor in a caller, and did not bring, stands in the
// summary only.
func (v view) annotations(affected *check.Report) []Annotation {
	var out []Annotation
	for _, a := range report.Annotations(affected) {
		f := affected.Findings[a.Finding]
		if !f.New && !v.changed(f.Path) {
			continue
		}
		moved := Annotation{
			Path: a.Path, Line: a.StartLine, StartColumn: a.StartColumn, EndColumn: a.EndColumn,
			Level: a.Level, Title: a.Title, Message: a.Message, More: a.RawDetails,
		}
		if !f.New && f.Severity != diag.Notice {
			moved.Level = diag.Notice.String() // it is no fault of this pull request
		}
		if !v.changed(f.Path) && f.Subject != nil {
			v.toCall(f, &moved)
		}
		out = append(out, moved)
	}
	return out
}

// toCall moves an annotation from an unchanged module to the nearest call of
// it that the pull request changes.
func (v view) toCall(f check.Finding, a *Annotation) {
	calls := f.Subject.Resource.Calls
	for _, c := range slices.Backward(calls) {

		src := v.graph.Source(c.Template.File.Path)
		if src == nil || !v.changed(src.Path) {
			continue
		}
		a.Message += fmt.Sprintf("\nThe API is declared in %s, line %d.", a.Path, a.Line)
		start, end := src.Position(c.Module.Anchor.Start), src.Position(c.Module.Anchor.End)
		a.Path, a.Line, a.StartColumn, a.EndColumn = src.Path, start.Line, 0, 0
		if end.Line == start.Line {
			a.StartColumn, a.EndColumn = start.Column, end.Column
		}
		return
	}
}
