package check

import "strings"

// Compare marks the findings of a report that the findings of its base do not
// have, and the APIs without protection that had it or were not there. moved maps
// a path of the report to its path in the base, for renamed files; it may be nil.
func (r *Report) Compare(base *Report, moved map[string]string) {
	before := func(path string) string {
		if old, ok := moved[path]; ok {
			return old
		}
		return path
	}
	bare := map[string]bool{}
	for i := range base.APIs {
		if a := &base.APIs[i]; unprotected(a) {
			bare[statusKey(a, a.Path)] = true
		}
	}
	for i := range r.APIs {
		a := &r.APIs[i]
		a.New = unprotected(a) && !bare[statusKey(a, before(a.Path))]
	}
	had := map[string]int{}
	for _, f := range base.Findings {
		had[findingKey(f, f.Path)]++
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		key := findingKey(*f, before(f.Path))
		f.New = had[key] == 0
		had[key]--
		if had[key] < 0 {
			had[key] = 0
		}
	}
}

// unprotected reports whether nothing is known to protect an API that should be.
func unprotected(a *API) bool {
	return a.Status == Unprotected || a.Status == Undetermined || a.Status == Suppressed
}

// statusKey names an API over revisions of a file.
func statusKey(a *API, path string) string { return path + "\x00" + strings.ToLower(a.Name) }

// findingKey names a finding over revisions of a file, whose lines move.
func findingKey(f Finding, path string) string {
	return strings.Join([]string{string(f.Code), path, strings.ToLower(f.API), f.Summary}, "\x00")
}
