package check

import (
	"fmt"
	"strings"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// suppressions are all that a run knows of, and which of them were of use.
type suppressions struct {
	inline []*inline
	byDecl map[declKey][]*inline
	*patterns
}

type declKey struct {
	path string
	decl int
}

// declOf is the declaration that brings a resource, or the call of the registry
// module that does.
func declOf(x *deployment.Resource) declKey {
	at := x.Place()
	return declKey{at.Path, at.Decl.Start}
}

// inline is a suppression in a template.
type inline struct {
	path    string
	at      source.Span
	reason  string
	expires string
	undated bool // expires is no date
	matched bool
}

func (r *run) collectSuppressions() *suppressions {
	files := r.graph.Files()
	s := &suppressions{byDecl: map[declKey][]*inline{}, patterns: readPatterns(r.settings.Suppress, len(files))}
	for _, p := range files {
		if t := r.graph.File(p).Template; t != nil {
			s.collect(t)
		}
	}
	return s
}

func (s *suppressions) collect(t *template.Template) {
	for _, x := range t.Suppressions {
		i := &inline{path: t.File.Path, at: x.At}
		reason, expires, dated := splitUntil(x.Text)
		i.reason, i.expires, i.undated = reason, expires, !dated
		s.inline = append(s.inline, i)
		if x.Declaration >= 0 {
			key := declKey{i.path, x.Declaration}
			s.byDecl[key] = append(s.byDecl[key], i)
		}
	}
	for _, m := range t.Modules {
		if m.Inline != nil {
			s.collect(m.Inline)
		}
	}
}

// splitUntil takes "until 2027-01-31" off the end of a suppression's text. What
// looks like a date and is none would otherwise hold for ever.
func splitUntil(text string) (reason, expires string, ok bool) {
	words := strings.Fields(text)
	n := len(words)
	if n < 2 || !strings.EqualFold(words[n-2], "until") || words[n-1][0] < '0' || words[n-1][0] > '9' {
		return strings.TrimSpace(text), "", true
	}
	_, err := time.Parse(time.DateOnly, words[n-1])
	return strings.Join(words[:n-2], " "), words[n-1], err == nil
}

// cover finds the suppression that covers an API, its reason, and whether it
// stands in the template. Every suppression that means the API counts as used,
// also one that has expired.
func (s *suppressions) cover(settings Settings, m *merged, row API) (reason string, inSource, ok bool) {
	for _, p := range m.parts {
		for _, rev := range p.revisions {
			for _, i := range s.byDecl[declOf(rev)] {
				i.matched = true
				if !ok && i.reason != "" && !i.undated && !expired(i.expires, settings.Today) {
					reason, inSource, ok = i.reason, true, true
				}
			}
		}
	}
	for _, n := range s.covering(row) {
		x := settings.Suppress[n]
		s.matched[n] = true
		if !ok && x.Reason != "" && !expired(x.Expires, settings.Today) {
			reason, ok = x.Reason, true
		}
	}
	if !ok && settings.RuleExcluded != "" {
		return settings.RuleExcluded, false, true
	}
	return reason, inSource, ok
}

func expired(date, today string) bool { return date != "" && today != "" && today > date }

// reportSuppressions warns of those that do nothing.
func (r *run) reportSuppressions() {
	for _, i := range r.suppressions.inline {
		if !r.selected(i.path) {
			continue
		}
		switch {
		case i.reason == "":
			r.suppression(i.path, i.at, "Suppression without a reason",
				"It has no effect. Say why the API may go unprotected: onboard-defender: ignore <reason> [until 2027-01-31].")
		case i.undated:
			r.suppression(i.path, i.at, "Suppression with an invalid date",
				fmt.Sprintf("%q is no date, so that it has no effect. Write it as 2027-01-31.", i.expires))
		case expired(i.expires, r.settings.Today):
			r.suppression(i.path, i.at, "Suppression expired",
				fmt.Sprintf("It held until %s and has no effect any more. Onboard the API, or give a new date.", i.expires))
		case !i.matched:
			r.suppression(i.path, i.at, "Suppression of nothing",
				"No API is declared here. Move it to the line above an API's declaration, or remove it.")
		}
	}
	r.reportUnmatched()
	for n, s := range r.settings.Suppress {
		switch {
		case s.File == "":
		case expired(s.Expires, r.settings.Today):
			r.suppression(s.File, s.At, "Suppression expired",
				fmt.Sprintf("It held until %s and has no effect any more. Onboard the API, or give a new date.", s.Expires))
		case !r.suppressions.matched[n] && r.whole && r.suppressions.left >= 0:
			r.suppression(s.File, s.At, "Suppression of nothing", "No API in the repository matches it. Correct it, or remove it.")
		}
	}
}

func (r *run) suppression(path string, at source.Span, summary, detail string) {
	r.add(diag.Diagnostic{Code: CodeSuppression, Severity: diag.Warning, Path: path, Span: at, Summary: summary, Detail: detail}, nil)
}
