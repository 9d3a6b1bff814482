package checktest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
)

// WriteReport is a report as text, a line for each thing it says.
func WriteReport(r *check.Report, details bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "outcome %s\n", r.Outcome)
	for _, d := range r.Deployments {
		fmt.Fprintf(&b, "deployment %s: %s\n", strings.TrimSuffix(d.Root+" with "+d.Parameters, " with "), d.Outcome)
	}
	for _, a := range r.APIs {
		at, _ := r.Position(a.Path, a.At)
		fmt.Fprintf(&b, "api %s of %s at %s:%d:%d in %s: %s", a.Name, a.Service, a.Path, at.Line, at.Column,
			strings.Join(a.Deployments, " "), a.Status)
		if a.Reason != "" {
			fmt.Fprintf(&b, ", %s", a.Reason)
		}
		b.WriteByte('\n')
	}
	for _, f := range r.Findings {
		at, end := r.Position(f.Path, f.Span)
		fmt.Fprintf(&b, "%s:%d:%d-%d %s %s", f.Path, at.Line, at.Column, end.Column, f.Severity, f.Code)
		if f.API != "" {
			fmt.Fprintf(&b, " %s", f.API)
		}
		if where := slices.Concat(f.Deployments, f.Parameters); len(where) > 0 {
			fmt.Fprintf(&b, " in %s", strings.Join(where, " "))
		}
		switch {
		case f.Fixable:
			b.WriteString(" fixable")
		case f.FixReason != "":
			fmt.Fprintf(&b, " not fixable, %s", f.FixReason)
		}
		b.WriteByte('\n')
		if f.Subject == nil || details {
			fmt.Fprintf(&b, "\t%s\n\t%s\n", f.Summary, f.Detail)
		}
		if f.Snippet != "" {
			b.WriteString("\t| " + strings.ReplaceAll(f.Snippet, "\n", "\n\t| ") + "\n")
		}
		for _, x := range f.Related {
			at, _ := r.Position(x.Path, x.Span)
			fmt.Fprintf(&b, "\t%s:%d:%d %s\n", x.Path, at.Line, at.Column, x.Message)
		}
	}
	for _, w := range r.Wanted {
		fmt.Fprintf(&b, "wanted %s\n", w)
	}
	for _, m := range r.Modules {
		fmt.Fprintf(&b, "wanted module %s\n", m)
	}
	return b.String()
}

// WriteDiff is how a file changes, a line for each line that goes and each that
// comes, with their numbers.
func WriteDiff(path string, before, after []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", path)
	old, now := lines(before), lines(after)
	common := commonLines(old, now)
	i, j := 0, 0
	for i < len(old) || j < len(now) {
		switch {
		case i < len(old) && j < len(now) && old[i] == now[j]:
			i, j = i+1, j+1
		case i < len(old) && (j == len(now) || common[i+1][j] >= common[i][j+1]):
			fmt.Fprintf(&b, "%4d - %s\n", i+1, visible(old[i]))
			i++
		default:
			fmt.Fprintf(&b, "%4d + %s\n", j+1, visible(now[j]))
			j++
		}
	}
	return b.String()
}

// commonLines is how many lines two texts have in common from line i of the
// one and line j of the other on.
func commonLines(old, now []string) [][]int {
	table := make([][]int, len(old)+1)
	for i := range table {
		table[i] = make([]int, len(now)+1)
	}
	for i, o := range slices.Backward(old) {
		for j := len(now) - 1; j >= 0; j-- {
			table[i][j] = max(table[i+1][j], table[i][j+1])
			if o == now[j] {
				table[i][j] = table[i+1][j+1] + 1
			}
		}
	}
	return table
}

func lines(content []byte) []string { return slices.Collect(strings.Lines(string(content))) }

// visible is a line with its unusual ends written out.
func visible(line string) string {
	text, ended := strings.CutSuffix(line, "\n")
	text = strings.ReplaceAll(text, "\r", "␍")
	if !ended {
		text += "$"
	}
	return text
}
