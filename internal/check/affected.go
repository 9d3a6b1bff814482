package check

import (
	"cmp"
	"slices"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Affected is the part of the report that a change has to do with: the APIs
// and findings in changed files, those of deployments that a changed file
// belongs to, and the new ones.
func (r *Report) Affected(changed func(path string) bool) *Report {
	out := &Report{Sources: r.Sources, Wanted: r.Wanted, Reached: r.Reached}
	touched := r.touched(changed)
	for _, a := range r.APIs {
		if touched.concern(a.Path, a.Deployments) {
			out.APIs = append(out.APIs, a)
			out.Summary.count(a.Status)
		}
	}
	listed := map[string]bool{}
	for _, a := range out.APIs {
		listed[a.Path+"\x00"+a.Name] = true
	}
	for _, f := range r.Findings {
		if touched.finding(f) {
			out.Findings = append(out.Findings, f)
		}
	}
	for _, a := range r.APIs { // a new finding brings its API along
		news := slices.ContainsFunc(out.Findings, func(f Finding) bool { return f.Path == a.Path && f.API == a.Name && f.New })
		if news && !listed[a.Path+"\x00"+a.Name] {
			out.APIs = append(out.APIs, a)
			out.Summary.count(a.Status)
		}
	}
	for _, d := range r.Deployments {
		if touched.roots[d.Root] {
			out.Deployments = append(out.Deployments, d)
		}
	}
	out.Summary.Files = r.Summary.Files
	out.Outcome = outcome(out.Findings, out.APIs)
	return out
}

// Concerns is the rule by which Affected chooses findings.
func (r *Report) Concerns(changed func(path string) bool) func(Finding) bool {
	return r.touched(changed).finding
}

// touched is what a change reaches.
type touched struct {
	changed func(path string) bool
	roots   map[string]bool // with a deployment that a changed file belongs to
}

func (r *Report) touched(changed func(path string) bool) touched {
	t := touched{changed, make(map[string]bool, len(r.Reached))}
	for root, files := range r.Reached {
		t.roots[root] = slices.ContainsFunc(files, changed)
	}
	return t
}

func (t touched) concern(path string, deployments []string) bool {
	return t.changed(path) || slices.ContainsFunc(deployments, func(d string) bool { return t.roots[d] })
}

func (t touched) finding(f Finding) bool { return f.New || t.concern(f.Path, f.Deployments) }

// Add puts one more diagnostic into the report, about a file that need not be
// a template.
func (r *Report) Add(d diag.Diagnostic, f *source.File) {
	r.Findings = append(r.Findings, Finding{Diagnostic: d, New: true})
	r.sortFindings()
	if f != nil {
		r.Sources[d.Path] = f
	}
	r.Outcome = outcome(r.Findings, r.APIs)
}

// Renamed is the report with other names for its files, such as paths that are
// relative to where a person is.
func (r *Report) Renamed(name func(path string) string) *Report {
	out := *r
	out.Sources = make(map[string]*source.File, len(r.Sources))
	for p, f := range r.Sources {
		out.Sources[name(p)] = f
	}
	out.Deployments = slices.Clone(r.Deployments)
	for i := range out.Deployments {
		d := &out.Deployments[i]
		d.Root = name(d.Root)
		if d.Parameters != "" {
			d.Parameters = name(d.Parameters)
		}
	}
	out.APIs = slices.Clone(r.APIs)
	for i := range out.APIs {
		out.APIs[i].Path = name(out.APIs[i].Path)
		out.APIs[i].Deployments = renamed(out.APIs[i].Deployments, name)
	}
	out.Findings = slices.Clone(r.Findings)
	for i := range out.Findings {
		f := &out.Findings[i]
		f.Path = name(f.Path)
		f.Deployments, f.Parameters = renamed(f.Deployments, name), renamed(f.Parameters, name)
		f.Related = slices.Clone(f.Related)
		for j := range f.Related {
			f.Related[j].Path = name(f.Related[j].Path)
		}
		f.Fixes = slices.Clone(f.Fixes)
		for j := range f.Fixes {
			f.Fixes[j].Edits = slices.Clone(f.Fixes[j].Edits)
			for k := range f.Fixes[j].Edits {
				f.Fixes[j].Edits[k].Path = name(f.Fixes[j].Edits[k].Path)
			}
		}
	}
	out.sortFindings()
	return &out
}

func renamed(paths []string, name func(string) string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = name(p)
	}
	slices.Sort(out)
	return out
}

// sortFindings puts the findings into the order of the contract: path, line,
// column, code. Within a file that is the order of the offsets.
func (r *Report) sortFindings() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Span.Start, b.Span.Start),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.API, b.API), diag.Compare(a.Diagnostic, b.Diagnostic),
		)
	})
}
