package review

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/check/report"
	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// view is what a completed check run is written from.
type view struct {
	repo    Repo
	found   found
	report  *check.Report
	graph   *deployment.Graph
	changes Changes
	head    *source.Snapshot
	invalid []diag.Diagnostic // problems of the settings that are under review themselves
	pull    Pull
	link    func(repo Repo, commit, path string, line int) string

	now, ever map[string]bool // changed files as they are, and with what they were
}

// paths are the changed files as they are now, and with what they were.
func (c Changes) paths() (now, ever map[string]bool) {
	now, ever = map[string]bool{}, map[string]bool{}
	for _, f := range c.Files {
		ever[f.Path] = true
		if f.Previous != "" {
			ever[f.Previous] = true
		}
		if !f.Removed {
			now[f.Path] = true
		}
	}
	return now, ever
}

// fill writes conclusion, texts and annotations of a run.
func (v view) fill(run *Run) {
	v.now, v.ever = v.changes.paths()
	affected := v.report.Affected(func(path string) bool { return v.ever[path] })
	v.add(affected)
	fails, existing := v.count(affected)
	v.conclude(run, affected, fails)
	run.Summary = v.summary(affected, fails, existing, true)
	run.Annotations = v.annotations(affected)
}

// fillBranch is fill for a branch by itself. There are no annotations: nobody
// looks for them on a commit that is merged, and thousands of repositories
// would each cost many requests.
func (v view) fillBranch(run *Run) {
	v.invalid, v.found.problems = v.found.problems, nil
	v.add(v.report)
	fails, existing := v.count(v.report)
	v.conclude(run, v.report, fails)
	run.Summary = v.summary(v.report, fails, existing, false)
	if run.Title == titleNothing {
		run.Title = titleEmpty
	}
}

// off is for a repository whose settings switch the check off. What a pull
// request makes of the settings is looked at nevertheless.
func (v view) off(run *Run) {
	if slices.ContainsFunc(v.invalid, isFailure) {
		v.report = &check.Report{Sources: map[string]*source.File{}}
		v.fill(run)
		return
	}
	run.Conclusion, run.Title, run.Summary = "success", titleOff, v.problems()+textOff
}

// add puts what does not come from the rule into the report.
func (v view) add(r *check.Report) {
	for _, p := range v.invalid {
		r.Add(p, v.head.File(p.Path))
	}
	for _, c := range v.changes.Files {
		if tooLarge(v.head, c) {
			r.Add(diag.Diagnostic{
				Code: check.CodeUnreadable, Severity: diag.Failure, Path: c.Path, Summary: "File too large",
				Detail: "could not evaluate: the file is larger than any template that Azure takes, and was not fetched.",
			}, nil)
		}
	}
}

// tooLarge reports whether a changed template is so large that it was not
// loaded. JSON of that size is something else.
func tooLarge(head *source.Snapshot, c Change) bool {
	e, ok := head.Lookup(c.Path)
	bicep := strings.EqualFold(path.Ext(c.Path), ".bicep") || strings.EqualFold(path.Ext(c.Path), ".bicepparam")
	return ok && bicep && e.Mode <= source.Executable && e.File == nil
}

// count counts the failures that fail the run and those that do not.
func (v view) count(r *check.Report) (fails, existing int) {
	for _, f := range r.Findings {
		switch {
		case failing(f, v.found.settings.Gate):
			fails++
		case f.Severity == diag.Failure:
			existing++
		}
	}
	return fails, existing
}

func (v view) conclude(run *Run, r *check.Report, fails int) {
	run.Conclusion, run.Title = "success", report.Title(r)
	switch {
	case slices.ContainsFunc(v.invalid, isFailure):
		run.Conclusion = "action_required"
	case fails > 0:
		run.Conclusion = "failure"
	case len(r.APIs) == 0 && len(r.Findings) == 0:
		run.Conclusion, run.Title = string(v.found.settings.WhenNothingApplies), titleNothing
	}
}

func isFailure(d diag.Diagnostic) bool { return d.Severity == diag.Failure }

func failures(list []diag.Diagnostic) []diag.Diagnostic {
	return slices.DeleteFunc(slices.Clone(list), func(d diag.Diagnostic) bool { return !isFailure(d) })
}

// maxSummary leaves room below GitHub's 65,535 characters.
const maxSummary = 65_000

func (v view) summary(r *check.Report, fails, existing int, compared bool) string {
	var b strings.Builder
	b.WriteString(v.problems())
	switch gate := v.found.settings.Gate; {
	case existing == 0:
	case gate == config.GateNone:
		b.WriteString("The settings let nothing fail this check (`gate: none`).\n\n")
	case gate == config.GateNew && !compared:
		b.WriteString("What is on the branch already does not fail this check. With `gate: all` in the settings it would.\n\n")
	case gate == config.GateNew && fails == 0:
		fmt.Fprintf(&b, "What was there before (%s) is listed and does not fail the check.\n\n",
			counted(existing, "finding"))
	}
	o := report.MarkdownOptions{Limit: maxSummary - b.Len(), Untitled: true, Compared: compared}
	if v.link != nil {
		o.LinkFile = func(path string, line int) string { return v.link(v.repo, v.pull.Head, path, line) }
	}
	_ = report.Markdown(&b, r, o) //nolint:errcheck // writing to a Builder cannot fail
	return b.String()
}

// problems says what is wrong with the settings on the base branch, and with
// the organisation's. It is no fault of the pull request, but nobody else would
// see it.
func (v view) problems() string {
	broken := failures(v.found.problems)
	if len(broken) == 0 {
		return v.found.organisation.warning
	}
	first, line := broken[0], 1
	if f := v.found.snapshot.File(first.Path); f != nil {
		line = f.Position(first.Span.Start).Line
	}
	return v.found.organisation.warning + fmt.Sprintf("> [!WARNING]\n> The settings on the base branch have %s; defaults hold where they are wrong. The first is at %s: %s. "+
		"`bot config validate` lists all.\n\n",
		counted(len(broken), "error"), report.Code(fmt.Sprintf("%s:%d", first.Path, line)), report.Escape(first.Summary))
}

// annotations place the findings on lines of the pull request. What the author
// touched neither in its file nor in a caller, and did not bring, stands in the
// summary only.
func (v view) annotations(affected *check.Report) []Annotation {
	var out []Annotation
	for _, a := range report.Annotations(affected) {
		f := affected.Findings[a.Finding]
		if !f.New && !v.now[f.Path] {
			continue
		}
		moved := Annotation{
			Path: a.Path, Line: a.StartLine, StartColumn: a.StartColumn, EndColumn: a.EndColumn,
			Level: a.Level, Title: a.Title, Message: a.Message, More: a.RawDetails,
		}
		if !f.New && f.Severity != diag.Notice {
			moved.Level = diag.Notice.String() // it is no fault of this pull request
		}
		if !v.now[f.Path] && f.Subject != nil {
			v.toCall(f, &moved)
		}
		out = append(out, moved)
	}
	return out
}

// toCall moves an annotation from an unchanged module to the nearest call of
// it that the pull request changes.
func (v view) toCall(f check.Finding, a *Annotation) {
	for _, c := range slices.Backward(f.Subject.Resource.Calls) {
		src := v.graph.Source(c.Template.File.Path)
		if src == nil || !v.now[src.Path] {
			continue
		}
		// At the beginning, where no limit cuts it off.
		a.Message = fmt.Sprintf("The API is declared in %s, line %d.\n%s", diag.Visible(a.Path), a.Line, a.Message)
		start, end := src.Position(c.Module.Anchor.Start), src.Position(c.Module.Anchor.End)
		a.Path, a.Line, a.StartColumn, a.EndColumn = src.Path, start.Line, 0, 0
		if end.Line == start.Line {
			a.StartColumn, a.EndColumn = start.Column, end.Column
		}
		return
	}
}
