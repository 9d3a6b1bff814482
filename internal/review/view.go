package review

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/check/report"
	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/fix"
)

const titleNothing = "No API Management templates changed"

// view is what a completed check run is written from.
type view struct {
	settings config.Repository
	report   *check.Report
	graph    *deployment.Graph
	fix      *fix.Result
	changes  Changes
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
	case len(v.invalid) > 0:
		run.Conclusion, run.Title = "action_required", "The settings in this pull request are not valid"
	case fails > 0:
		run.Conclusion = "failure"
	case len(affected.APIs) == 0 && len(affected.Findings) == 0:
		run.Conclusion, run.Title = string(v.settings.WhenNothingApplies), titleNothing
	}
	run.Summary = v.summary(affected, fails, existing)
	run.Annotations = v.annotations(affected)
	run.OfferFix = v.settings.Fix.Mode == config.FixButton && !v.pull.Fork &&
		slices.ContainsFunc(affected.Findings, func(f check.Finding) bool { return f.Fixable })
	if v.pull.Fork && v.settings.Fix.Mode != config.FixOff && len(v.fix.Files) > 0 {
		run.Text = patchText(v.fix, v.graph)
	}
}

// maxSummary leaves room below GitHub's 65,535 characters for what is added to
// the table.
const maxSummary = 60000

func (v view) summary(affected *check.Report, fails, existing int) string {
	var b strings.Builder
	for _, p := range v.invalid {
		fmt.Fprintf(&b, "**%s** in %s: %s\n\n", report.Escape(p.Summary), report.Code(p.Path), report.Escape(p.Detail))
	}
	switch {
	case fails > 0 && existing > 0:
		fmt.Fprintf(&b, "%s of this pull request, and %s that %s there before it.\n\n",
			counted(fails, "finding"), strconv.Itoa(existing), map[bool]string{true: "was", false: "were"}[existing == 1])
	case existing > 0 && v.settings.Gate == config.GateNew:
		fmt.Fprintf(&b, "This pull request brings no new finding. %s there before it.\n\n",
			map[bool]string{true: "The one listed was", false: "Those listed were"}[existing == 1])
	}
	table := report.MarkdownText(affected, report.MarkdownOptions{Limit: maxSummary - b.Len()})
	return b.String() + table
}

// annotations place the findings on lines of the pull request.
func (v view) annotations(affected *check.Report) []Annotation {
	var out []Annotation
	for _, p := range v.invalid {
		out = append(out, v.place(p, p.Path, p.Severity.String(), ""))
	}
	for _, f := range affected.Findings {
		level := f.Severity.String()
		if !f.New && f.Severity != diag.Notice {
			level = diag.Notice.String() // it is no fault of this pull request
		}
		if v.changed(f.Path) || f.Subject == nil {
			if v.changed(f.Path) || f.New {
				out = append(out, v.place(f.Diagnostic, f.Path, level, ""))
			}
			continue
		}
		if !f.New {
			continue // listed in the summary; the author touched neither the file nor its caller
		}
		out = append(out, v.atCall(f, level))
	}
	return out
}

// atCall puts a finding on the nearest module call that the pull request
// changes, or on the declaration where there is none.
func (v view) atCall(f check.Finding, level string) Annotation {
	calls := f.Subject.Resource.Calls
	for i := len(calls) - 1; i >= 0; i-- {
		c := calls[i]
		if path := c.Template.File.Path; v.changed(path) {
			d := f.Diagnostic
			d.Path, d.Span = path, c.Module.Anchor
			start, _ := v.report.Position(f.Path, f.Span)
			return v.place(d, path, level, fmt.Sprintf("The API is declared in %s, line %d.", f.Path, start.Line))
		}
	}
	return v.place(f.Diagnostic, f.Path, level, "")
}

func (v view) place(d diag.Diagnostic, path, level, more string) Annotation {
	a := Annotation{Path: path, Line: 1, Level: level, Title: d.Summary, Message: d.Detail}
	if more != "" {
		a.Message += " " + more
	}
	if src := v.graph.Source(path); src != nil {
		start, end := src.Position(d.Span.Start), src.Position(d.Span.End)
		a.Line = start.Line
		if end.Line == start.Line && end.Column > start.Column {
			a.StartColumn, a.EndColumn = start.Column, end.Column
		}
	}
	return a
}
