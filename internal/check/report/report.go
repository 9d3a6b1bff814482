// Package report writes what the rule found, for each kind of reader: a person
// at a terminal, a script, a check run on GitHub, a code scanner. Every format
// says the same and is the same for the same report. What a template says is
// data everywhere: it cannot steer a terminal, mention a person or start a
// command. Deciding what is found is for package check.
package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// PlanURL is where Microsoft says how to turn the plan on, and
// RequirementsURL what Defender for APIs covers.
const (
	PlanURL         = "https://learn.microsoft.com/azure/defender-for-cloud/defender-for-apis-deploy"
	RequirementsURL = "https://learn.microsoft.com/azure/defender-for-cloud/defender-for-apis-prepare"
)

// maxTitle is GitHub's limit for the title of a check run or an annotation.
const maxTitle = 255

// finding is a finding with its place.
type finding struct {
	*check.Finding

	start, end source.Position
}

// findings are those of a report in the order of the contract: path, line,
// column, code.
func findings(r *check.Report) []finding {
	out := make([]finding, len(r.Findings))
	for i := range r.Findings {
		out[i].Finding = &r.Findings[i]
	}
	slices.SortStableFunc(out, func(a, b finding) int { return diag.Compare(a.Diagnostic, b.Diagnostic) })
	look := newLookup(r)
	for i := range out {
		out[i].start, out[i].end = look.position(out[i].Path, out[i].Span)
	}
	slices.SortStableFunc(out, func(a, b finding) int {
		return cmp.Or(
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.start.Line, b.start.Line), cmp.Compare(a.start.Column, b.start.Column),
			cmp.Compare(a.Code, b.Code), diag.Compare(a.Diagnostic, b.Diagnostic),
			cmp.Compare(a.API, b.API), cmp.Compare(a.Service, b.Service),
		)
	})
	return out
}

// api is an API with its place.
type api struct {
	*check.API

	start, end source.Position
}

// apis are those of a report by path, line, column, name and service.
func apis(r *check.Report) []api {
	out := make([]api, len(r.APIs))
	for i := range r.APIs {
		out[i].API = &r.APIs[i]
	}
	slices.SortStableFunc(out, func(a, b api) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.At.Start, b.At.Start), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Service, b.Service), cmp.Compare(a.Status, b.Status))
	})
	look := newLookup(r)
	for i := range out {
		out[i].start, out[i].end = look.position(out[i].Path, out[i].At)
	}
	return out
}

// Title says in one line, of at most 255 characters, what the report comes to:
// the title of a check run. It contains nothing from templates.
func Title(r *check.Report) string {
	s := r.Summary
	applicable := s.APIs - s.Excluded
	broken, invalid := brokenFiles(r)
	var parts []string
	switch {
	case s.Unprotected > 0:
		parts = append(parts, fmt.Sprintf("%d of %s not onboarded", s.Unprotected, count(applicable, "API")))
	case applicable > 0 && s.Onboarded == applicable:
		parts = append(parts, allOnboarded(applicable))
	case applicable == 0 && broken+invalid == 0 && s.APIs > 0:
		parts = append(parts, fmt.Sprintf("Nothing to onboard: %s excluded", count(s.APIs, "API")))
	case applicable == 0 && broken+invalid == 0:
		parts = append(parts, "No API Management APIs")
	case s.Onboarded > 0:
		parts = append(parts, fmt.Sprintf("%d of %s onboarded", s.Onboarded, count(applicable, "API")))
	}
	if s.Undetermined > 0 {
		parts = append(parts, count(s.Undetermined, "API")+" undetermined")
	}
	if s.Suppressed > 0 && s.Unprotected == 0 {
		parts = append(parts, count(s.Suppressed, "API")+" suppressed")
	}
	if broken > 0 {
		parts = append(parts, count(broken, "file")+" could not be evaluated")
	}
	if invalid > 0 {
		parts = append(parts, count(invalid, "settings file")+" not valid")
	}
	return strings.Join(parts, ", ")
}

func allOnboarded(n int) string {
	if n == 1 {
		return "The API is onboarded"
	}
	return fmt.Sprintf("All %d APIs onboarded", n)
}

// brokenFiles counts the templates and the settings files that kept the rule
// from being evaluated.
func brokenFiles(r *check.Report) (templates, settings int) {
	seen := map[string]bool{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if !isBroken(f) || seen[f.Path] {
			continue
		}
		seen[f.Path] = true
		if f.Code == check.CodeConfigInvalid {
			settings++
		} else {
			templates++
		}
	}
	return templates, settings
}

// isBroken reports whether the finding is not about an API but about something
// that kept the rule from being evaluated.
func isBroken(f *check.Finding) bool {
	return f.Severity == diag.Failure && f.Code != check.CodeNotOnboarded && f.Code != check.CodeUndetermined
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// tally says how many APIs have each status, the worst first; "" if there are none.
func tally(s check.Summary) string {
	var parts []string
	for _, c := range []struct {
		n      int
		status check.Status
	}{
		{s.Unprotected, check.Unprotected},
		{s.Undetermined, check.Undetermined},
		{s.Suppressed, check.Suppressed},
		{s.Excluded, check.Excluded},
		{s.Onboarded, check.Onboarded},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.status))
		}
	}
	return strings.Join(parts, ", ")
}

// cutRunes is text of at most so many characters; the last says if it was longer.
func cutRunes(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	n := 0
	for i := range text {
		if n == limit-1 {
			return text[:i] + "…"
		}
		n++
	}
	return text
}

// visibleLines is diag.Visible that leaves line breaks as they are.
func visibleLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = diag.Visible(strings.TrimSuffix(line, "\r"))
	}
	return strings.Join(lines, "\n")
}

// brings names the deployments of a finding, with their parameter files;
// "" when there is only the file itself.
func brings(f *check.Finding) string {
	if len(f.Deployments) == 0 || len(f.Deployments) == 1 && f.Deployments[0] == f.Path && len(f.Parameters) == 0 {
		return ""
	}
	text := names(f.Deployments)
	if len(f.Parameters) > 0 {
		text += " with " + names(f.Parameters)
	}
	return text
}

// names lists paths, and counts them where they are many.
func names(paths []string) string {
	const most = 4
	if len(paths) <= most {
		return strings.Join(paths, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(paths[:most-1], ", "), len(paths)-most+1)
}
