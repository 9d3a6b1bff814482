package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
)

// maxAnnotation is GitHub's limit for the message and for the raw details of
// an annotation, in bytes. https://docs.github.com/rest/checks/runs
const maxAnnotation = 64 * 1024

// Annotation is a remark on lines of a file, as a check run shows it.
type Annotation struct {
	Path string
	// StartLine and EndLine count from 1.
	StartLine, EndLine int
	// StartColumn and EndColumn count characters from 1, the end exclusive.
	// They are 0 when the lines differ: GitHub has no columns then.
	StartColumn, EndColumn int
	// Level is "notice", "warning" or "failure".
	Level string
	// Title has at most 255 characters, and Message and RawDetails 64 KiB each.
	// They are plain text.
	Title, Message, RawDetails string
	// Finding is where it comes from: an index into the report's findings.
	Finding int
}

// Annotations are the findings of a report as annotations, all of them, in the
// order of the contract. Each is at its own anchor; moving one to a line that
// a pull request shows is for whoever knows the pull request.
func Annotations(r *check.Report) []Annotation {
	index := make(map[*check.Finding]int, len(r.Findings))
	for i := range r.Findings {
		index[&r.Findings[i]] = i
	}
	look := newLookup(r)
	var out []Annotation
	for _, f := range findings(r) {
		a := Annotation{
			Path: f.Path, StartLine: f.start.Line, EndLine: f.end.Line,
			Level: f.Severity.String(), Title: cutRunes(diag.Visible(f.Summary), maxTitle),
			Message: cutBytes(message(look, f.Finding), maxAnnotation), RawDetails: cutBytes(rawDetails(f.Finding), maxAnnotation),
			Finding: index[f.Finding],
		}
		if a.StartLine == a.EndLine {
			a.StartColumn, a.EndColumn = f.start.Column, f.end.Column
		}
		out = append(out, a)
	}
	return out
}

// message is what the author has to read: detail, other places, the way out.
func message(look lookup, f *check.Finding) string {
	var b strings.Builder
	b.WriteString(f.Detail)
	if f.Detail == "" {
		b.WriteString(f.Summary)
	}
	for _, other := range f.Related {
		b.WriteString("\n" + other.Path)
		if line := look.line(other.Path, other.Span); line > 0 {
			fmt.Fprintf(&b, ":%d", line)
		}
		b.WriteString(": " + other.Message)
	}
	switch {
	case f.Fixable:
		b.WriteString("\nThis can be fixed automatically.")
	case f.FixReason != "":
		b.WriteString("\nNo automatic fix: " + f.FixReason)
	}
	return visibleLines(b.String())
}

// rawDetails is what explains a finding to who wants to know it exactly.
func rawDetails(f *check.Finding) string {
	var lines []string
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, name+": "+diag.Visible(value))
		}
	}
	add("code", string(f.Code))
	add("API", f.API)
	add("service", f.Service)
	for _, d := range f.Deployments {
		add("deployment", d)
	}
	for _, p := range f.Parameters {
		add("parameters", p)
	}
	add("rule", check.RuleName+" ("+check.RuleRef+") "+check.RuleURL)
	if f.Snippet != "" {
		lines = append(lines, "to start from:", visibleLines(f.Snippet))
	}
	return strings.Join(lines, "\n")
}

// cutBytes is text of at most so many bytes that says what it left out.
func cutBytes(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := limit - len("\n… 1000000000000 more characters")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s\n… %d more characters", text[:end], utf8.RuneCountInString(text[end:]))
}
