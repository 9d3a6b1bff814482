package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// TextOptions say what the terminal can do and what the report knows.
type TextOptions struct {
	// Colour allows ANSI escape sequences.
	Colour bool
	// Width is the terminal's, in cells; 0 for a usual one.
	Width int
	// Compared says that the report was compared with an earlier state, so
	// that each finding is new or existing.
	Compared bool
}

// Text writes the report for a person at a terminal: the findings with their
// lines, what can be done, and the numbers. A report without findings is one
// line. The error is the writer's.
func Text(w io.Writer, r *check.Report, o TextOptions) error {
	out := bufio.NewWriterSize(w, 1<<16)
	draw := diag.RenderOptions{Colour: o.Colour, Width: o.Width}
	file := func(path string) *source.File { return r.Sources[path] }
	width := o.Width
	if width == 0 {
		width = 100
	}
	for _, f := range findings(r) {
		var b strings.Builder
		draw.At = f.start
		b.WriteString(diag.Render(f.Diagnostic, file, draw))
		for _, line := range hints(f.Finding, o) {
			b.WriteString(diag.Wrap(line, "  ", width))
		}
		if f.Snippet != "" {
			b.WriteString("  to start from:\n    " + strings.ReplaceAll(visibleLines(f.Snippet), "\n", "\n    ") + "\n")
		}
		b.WriteByte('\n')
		if _, err := out.WriteString(inert(b.String())); err != nil {
			return err
		}
	}
	var b strings.Builder
	b.WriteString(totals(r))
	b.WriteByte('\n')
	if r.Summary.Unprotected > 0 {
		b.WriteByte('\n')
		b.WriteString(diag.Wrap("Onboarding takes two steps: a collection in the template deploys only once the Defender for APIs plan "+
			"is on at the subscription (Microsoft.Security/pricings named Api, tier Standard).", "", width))
		b.WriteString("  " + PlanURL + "\n  " + check.RuleURL + "\n")
	}
	if _, err := out.WriteString(inert(b.String())); err != nil {
		return err
	}
	return out.Flush()
}

// inert keeps lines from being taken for commands by the log of GitHub Actions
// or Azure Pipelines: those are lines that begin with "::", whatever the
// indent, and ones with "##[" or "##vso[" in them.
// https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
func inert(text string) string {
	if strings.Contains(text, "##") {
		text = strings.NewReplacer("##[", `\x23#[`, "##vso[", `\x23#vso[`).Replace(text)
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		rest := strings.TrimLeft(line, " ")
		if after, ok := strings.CutPrefix(rest, "::"); ok {
			line = line[:len(line)-len(rest)] + `\x3a:` + after
		}
		b.WriteString(line)
	}
	return b.String()
}

// hints are what there is to say besides the diagnostic.
func hints(f *check.Finding, o TextOptions) []string {
	var out []string
	if o.Compared && f.New {
		out = append(out, "new: this change brings it")
	}
	if o.Compared && !f.New {
		out = append(out, "existing: it was there before this change")
	}
	if text := brings(f); text != "" {
		out = append(out, "deployed by: "+text)
	}
	switch {
	case f.Fixable:
		out = append(out, "fix: bot fix "+shellWord(f.Path))
	case f.FixReason != "":
		out = append(out, "no automatic fix: "+f.FixReason)
	}
	return out
}

// totals is the line with the numbers.
func totals(r *check.Report) string {
	s := r.Summary
	line := fmt.Sprintf("%s in %s", count(s.APIs, "API"), count(s.Files, "file"))
	if s.APIs == 0 {
		line = "No API Management APIs in " + count(s.Files, "file")
	}
	if t := tally(s); t != "" {
		line += ": " + t
	}
	levels := map[diag.Severity]int{}
	for i := range r.Findings {
		levels[r.Findings[i].Severity]++
	}
	var parts []string
	for _, severity := range []diag.Severity{diag.Failure, diag.Warning, diag.Notice} {
		if n := levels[severity]; n > 0 {
			parts = append(parts, count(n, severity.String()))
		}
	}
	if len(parts) > 0 {
		line += " (" + strings.Join(parts, ", ") + ")"
	}
	return line
}

// shellWord quotes a path so that a shell takes it as one word and the command
// as no flag.
func shellWord(path string) string {
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	plain := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("/._-+@%:,", c)
	}
	if path != "" && strings.TrimLeftFunc(path, plain) == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
