package review

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check/report"
	"github.com/onboard-defender/onboard-defender/internal/fix"
)

const (
	// maxSuggestions bounds the comments of one review.
	maxSuggestions = 50
	// maxSuggested is how long, in bytes, the text of a suggestion may be, so
	// that it stays, with the message, below GitHub's 65,535 characters for a
	// comment. A file without line breaks is one line.
	maxSuggested = 50_000
)

// advise puts the fix into suggestions, as far as the lines of the pull request
// reach, and gives the text with a patch of the rest. With a reason why there
// is no commit, the text begins with it and the patch has all of the fix.
func (r *Reviewer) advise(ctx context.Context, o offer, why string) (string, error) {
	list, rest := o.suggestions()
	err := r.Suggestions.Suggest(ctx, o.repo, o.pull.Number, o.pull.Head, reviewText(len(list)), list)
	if err != nil {
		if !o.settled(ctx, err) && !o.empty() { // an outdated suggestion that still shows is no reason to try again
			return "", fmt.Errorf("suggest the fix: %w", err)
		}
		r.Logger.WarnContext(ctx, "no suggestions", slog.Any("error", err))
		list, rest = nil, o.analysis.Fix
	}
	if o.empty() {
		return "", nil
	}
	return adviceText(why, len(list), rest, o.analysis), nil
}

// suggestions are the parts of the fix that the diff shows the lines of, and a
// fix of the rest.
func (o offer) suggestions() (list []Suggestion, rest *fix.Result) {
	a := o.analysis
	if o.empty() {
		return nil, a.Fix
	}
	covered := map[int]bool{}
	for _, s := range fix.Suggest(a.input, maxSuggestions, o.changes.show) {
		if len(s.Text) > maxSuggested {
			continue
		}
		var names []string
		for _, i := range s.Findings {
			covered[i] = true
			names = append(names, report.Name(a.Report.Findings[i].API))
		}
		list = append(list, Suggestion{
			Path: s.Path, Lines: Lines{s.First, s.Last}, Text: s.Text,
			Message: "Onboard " + some(slices.Compact(names)) + " to Microsoft Defender for APIs:",
		})
	}
	if len(list) == 0 {
		return nil, a.Fix
	}
	in, report := a.input, *a.Report
	report.Findings = slices.Clone(report.Findings) // which says what all of the fix does
	in.Report = &report
	in.Leave = func(i int) string {
		if covered[i] {
			return "it is suggested"
		}
		return a.input.Leave(i)
	}
	return list, fix.Plan(in)
}

// maxNamed bounds the names in the message of a suggestion, of which each can
// be many times as long as it looks.
const maxNamed = 5

// some is the first names in a row, and how many more there are.
func some(names []string) string {
	if more := len(names) - maxNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNamed], ", "), more)
	}
	return strings.Join(names, ", ")
}

func reviewText(n int) string {
	if n == 1 {
		return "This suggestion adds the resource that onboards the API to Microsoft Defender for APIs."
	}
	return fmt.Sprintf("These %d suggestions add the resources that onboard the APIs to Microsoft Defender for APIs. Each applies alone.", n)
}

// adviceText is the text of a run whose fix is for the author to apply. rest is
// what is not suggested, nil where suggestions are still to come.
func adviceText(why string, suggested int, rest *fix.Result, a *Analysis) string {
	var b strings.Builder
	windows := rest != nil && carriageReturns(rest, a)
	if why != "" {
		b.WriteString(why + " ")
		rest = a.Fix
	}
	if suggested > 0 {
		stands := "stand"
		if suggested == 1 {
			stands = "stands"
		}
		fmt.Fprintf(&b, "%s %s on the lines of this pull request. ", counted(suggested, "suggestion"), stands)
	}
	switch {
	case len(rest.Files) == 0:
		return strings.TrimSpace(b.String())
	case why != "":
		b.WriteString("This patch has all of the fix; apply it with `git apply`.")
	case suggested > 0:
		b.WriteString("This patch has what cannot be suggested on them; apply it with `git apply`.")
	default:
		b.WriteString("This patch has the fix, which cannot be suggested on the lines of this pull request; apply it with `git apply`.")
	}
	if windows {
		b.WriteString(" Files with Windows line breaks get no suggestions, because GitHub does not reliably keep them where it applies one.")
	}
	return b.String() + "\n\n" + patchText(rest, a.Graph)
}

// carriageReturns reports whether a fix changes a file that has them.
func carriageReturns(f *fix.Result, a *Analysis) bool {
	return slices.ContainsFunc(patched(f, a.Graph), func(path string) bool {
		return bytes.IndexByte(a.Graph.Source(path).Content, '\r') >= 0
	})
}
