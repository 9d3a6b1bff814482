package check

import (
	"slices"
)

// Affected is the part of the report that a change has to do with: the APIs
// and findings in changed files, those of deployments that a changed file
// belongs to, and the new ones.
func (r *Report) Affected(changed func(path string) bool) *Report {
	out := &Report{Sources: r.Sources, Wanted: r.Wanted, Reached: r.Reached}
	touched := map[string]bool{}
	for root, files := range r.Reached {
		touched[root] = slices.ContainsFunc(files, changed)
	}
	concerns := func(path string, deployments []string) bool {
		return changed(path) || slices.ContainsFunc(deployments, func(d string) bool { return touched[d] })
	}
	for _, a := range r.APIs {
		if concerns(a.Path, a.Deployments) {
			out.APIs = append(out.APIs, a)
			out.Summary.count(a.Status)
		}
	}
	listed := map[string]bool{}
	for _, a := range out.APIs {
		listed[a.Path+"\x00"+a.Name] = true
	}
	for _, f := range r.Findings {
		if f.New || concerns(f.Path, f.Deployments) {
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
		if touched[d.Root] {
			out.Deployments = append(out.Deployments, d)
		}
	}
	out.Summary.Files = r.Summary.Files
	out.Outcome = outcome(out.Findings, out.APIs)
	return out
}
