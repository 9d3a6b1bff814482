// Package fix writes what a template lacks: the Microsoft.Security/apiCollections
// resource of every API that a report finds unprotected. It edits text, by
// insertions only, in the style of the file, and lets nothing out that it has
// not proved: the edited files are read and checked again, the finding must be
// gone and none may be new. It is the one room that knows both syntaxes and
// the findings. It writes no file; the caller does.
package fix

import (
	"cmp"
	"errors"
	"slices"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// DefaultAPIVersion is the API version that collections are written with.
// https://learn.microsoft.com/azure/templates/microsoft.security/apicollections
const DefaultAPIVersion = "2023-11-15"

// Input is what a plan is made from.
type Input struct {
	Snapshot *source.Snapshot
	// Settings are those that Report was made with.
	Settings check.Settings
	// Selected is as in check.Run, nil for all files.
	Selected func(path string) bool
	// Graph and Report are the check's. Plan fills in Fixable, FixReason,
	// Snippet and Fixes of the report's findings.
	Graph  *deployment.Graph
	Report *check.Report
	// Leave says why a finding of the report, told by its index, is to be left
	// alone, "" to fix it; nil fixes all. Findings that are fixed together are
	// left alone if each of them is.
	Leave func(finding int) string
	// APIVersion of the collections; "" for DefaultAPIVersion.
	APIVersion string
}

// Result is a proven plan.
type Result struct {
	// Edits are insertions, sorted by path and place; together they make the
	// fixable findings go away.
	Edits []diag.TextEdit
	// Files are the contents of the files after the edits, by path.
	Files map[string][]byte
	// Fixed and Refused count findings.
	Fixed, Refused int
	// Unproven are plans that did not stand their proof: mistakes of this
	// package, worth counting.
	Unproven []error
}

// Plan decides for every finding of the report whether it can be fixed, and
// how.
func Plan(in Input) *Result {
	p := newPlanner(in)
	written := p.write(p.wanted())
	clear(p.writers) // syntax trees are large, and the proof makes its own
	p.accept(p.prove(written))
	for i := range p.Report.Findings {
		if f := &p.Report.Findings[i]; f.Subject != nil && f.Severity == diag.Failure && !f.Fixable {
			p.out.Refused++
		}
	}
	return p.out
}

type planner struct {
	Input

	out     *Result
	writers map[string]writer // by path
	tries   int               // how often the repository was checked again
	work    int               // what that took, in steps
	// applied are the units whose edits were applied last, contents what the
	// files were after that.
	applied  []*unit
	contents map[string][]byte
	// apart makes the edits of each unit stand alone: none uses what those of
	// another one bring.
	apart bool
}

func newPlanner(in Input) *planner {
	if in.APIVersion == "" {
		in.APIVersion = DefaultAPIVersion
	}
	return &planner{Input: in, out: &Result{Files: map[string][]byte{}}, writers: map[string]writer{}}
}

// wanted are the units to fix that may be fixed.
func (p *planner) wanted() []*unit {
	var out []*unit
	units := p.units()
	for i, u := range units {
		if i > 0 && units[i-1].path() != u.path() {
			delete(p.writers, units[i-1].path()) // it has written its snippets
		}
		err := p.left(u)
		if err == nil {
			err = p.permitted(u)
		}
		if err != nil {
			p.reject(u, err)
			continue
		}
		out = append(out, u)
	}
	return out
}

// left refuses what the caller leaves alone, with the caller's reason.
func (p *planner) left(u *unit) error {
	if p.Leave == nil {
		return nil
	}
	reason := ""
	for _, i := range u.findings {
		if reason = p.Leave(i); reason == "" {
			return nil
		}
	}
	return leave("%s", reason)
}

// reject says in the report why there is no fix, and what to start from
// instead.
func (p *planner) reject(u *unit, err error) {
	var r *refusal
	elsewhere := errors.As(err, &r) && r.elsewhere
	for _, i := range u.findings {
		f := &p.Report.Findings[i]
		f.FixReason = err.Error()
		if len(f.Related) == 0 && !elsewhere { // a second collection is no help where there is one
			f.Snippet = p.writer(f.Subject.Resource).snippet(f.Subject.Resource)
		}
	}
}

// accept marks what was proven in the report and gives the edits out.
func (p *planner) accept(units []*unit) {
	files, err := p.apply(units)
	if err != nil {
		p.out.Unproven = append(p.out.Unproven, err)
		return
	}
	p.out.Files = files
	for _, u := range units {
		edits := u.edits()
		p.out.Edits = append(p.out.Edits, edits...)
		for _, i := range u.findings {
			f := &p.Report.Findings[i]
			f.Fixable = true
			f.Fixes = []diag.SuggestedFix{{Message: "Onboard the API to Microsoft Defender for APIs", Edits: edits}}
			p.out.Fixed++
		}
	}
	slices.SortStableFunc(p.out.Edits, func(a, b diag.TextEdit) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Span.Start, b.Span.Start))
	})
	p.out.Edits = slices.Compact(p.out.Edits)
}

var errApply = errors.New("the edits do not fit the file")

// Apply is content with insertions made. It refuses edits that would replace
// anything and that lie outside the content. Equal insertions at one place,
// such as the comma that two new elements both need, are made once.
func Apply(content []byte, edits []diag.TextEdit) ([]byte, error) {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b diag.TextEdit) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	size := len(content)
	for _, e := range sorted {
		if e.Span.Len() != 0 || e.Span.Start < 0 || e.Span.Start > len(content) {
			return nil, errApply
		}
		size += len(e.NewText)
	}
	out := make([]byte, 0, size)
	last := 0
	for i, e := range sorted {
		if i > 0 && e == sorted[i-1] {
			continue
		}
		out = append(out, content[last:e.Span.Start]...)
		out = append(out, e.NewText...)
		last = e.Span.Start
	}
	return append(out, content[last:]...), nil
}
