package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/review"
)

func fixCommand(env environment) *cobra.Command {
	var s selection
	var diff bool
	var format string
	c := &cobra.Command{
		Use:   "fix [PATH ...]",
		Short: "Write the missing resources",
		Long: "fix adds the Microsoft.Security/apiCollections resource of every API that check finds unprotected, as pure\n" +
			"insertions in the file's own style. What it writes is read and evaluated again before it is written.\n\n" +
			"Exit status: 0 nothing failing is left, 1 failing findings are left, 2 bad usage or settings, or a file that\n" +
			"matters could not be read or evaluated.",
		Example: "  bot fix\n  bot fix infra/apis.bicep --diff",
		RunE: func(c *cobra.Command, args []string) error {
			s.paths = args
			if format != "text" && format != "json" {
				return fmt.Errorf("unknown format %q; it is one of text, json", format)
			}
			a, err := s.analyze(c.Context(), env)
			if err != nil {
				return err
			}
			if a.invalid != nil {
				return a.invalid // with the settings that are meant, the fix could be another one
			}
			if !diff {
				if err := a.folder.write(a.Fix.Files); err != nil {
					return err
				}
			}
			if format == "json" {
				err = fixJSON(env.stdout, a)
			} else {
				err = fixText(env, a, diff)
			}
			if err != nil {
				return err
			}
			return leftOver(a.report)
		},
	}
	s.flags(c)
	c.Flags().BoolVar(&diff, "diff", false, "change nothing; as text, print a unified diff that git apply takes")
	c.Flags().StringVar(&format, "format", "text", "`FORMAT` of what is said about the fix: text, json")
	return c
}

// leftOver is the exit status when everything that is fixable is fixed.
func leftOver(r *check.Report) error {
	status := exitOK
	for _, f := range r.Findings {
		if f.Severity != diag.Failure || f.Fixable {
			continue
		}
		switch f.Code {
		case check.CodeNotOnboarded, check.CodeUndetermined:
			return statusError(exitFail)
		}
		status = exitError
	}
	if status != exitOK {
		return statusError(status)
	}
	return nil
}

// fixReport is what fix --format json says. It is for scripts.
type fixReport struct {
	Edits   []fixEdit    `json:"edits"`
	Fixed   int          `json:"fixed"`
	Refused []fixRefusal `json:"refused"`
}

type fixEdit struct {
	Path    string `json:"path"`
	Offset  int    `json:"offset"` // bytes from the start of the file
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	NewText string `json:"new_text"`
}

type fixRefusal struct {
	Path   string `json:"path"`
	Line   int    `json:"line"`
	API    string `json:"api"`
	Reason string `json:"reason"`
}

// fixReport says what was fixed, or is to be, and what not.
func (a *analyzed) fixReport() fixReport {
	out := fixReport{Edits: []fixEdit{}, Refused: []fixRefusal{}, Fixed: a.Fix.Fixed}
	for _, e := range a.Fix.Edits {
		at := a.Graph.Source(e.Path).Position(e.Span.Start)
		out.Edits = append(out.Edits, fixEdit{
			Path: a.folder.shown(e.Path), Offset: e.Span.Start, Line: at.Line, Column: at.Column, NewText: e.NewText,
		})
	}
	for _, f := range a.report.Findings {
		if f.Severity == diag.Failure && !f.Fixable {
			at, _ := a.report.Position(f.Path, f.Span)
			out.Refused = append(out.Refused, fixRefusal{Path: f.Path, Line: at.Line, API: f.API, Reason: cmp.Or(f.FixReason, f.Detail)})
		}
	}
	return out
}

// fixJSON says it to scripts.
func fixJSON(w io.Writer, a *analyzed) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(a.fixReport())
}

// fixText says it to people. Standard output belongs to the diff if there is one.
func fixText(env environment, a *analyzed, diff bool) error {
	w, verb := env.stdout, "onboarded"
	var b strings.Builder
	if diff {
		w, verb = env.stderr, "would be onboarded"
		if _, err := io.WriteString(env.stdout, review.Patch(a.Fix, a.Graph, a.folder.shown)); err != nil {
			return err
		}
	}
	out := a.fixReport()
	for _, r := range out.Refused {
		what := "not fixed"
		if r.API != "" {
			what = fmt.Sprintf("API %q not fixed", r.API)
		}
		fmt.Fprintf(&b, "%s:%d: %s: %s\n", r.Path, r.Line, what, r.Reason)
	}
	if !diff {
		for _, p := range slices.Sorted(maps.Keys(a.Fix.Files)) {
			fmt.Fprintf(&b, "%s: changed\n", a.folder.shown(p))
		}
	}
	switch left := len(out.Refused); {
	case out.Fixed == 0 && left == 0:
		b.WriteString("nothing to fix\n")
	case left == 0:
		fmt.Fprintf(&b, "%s %s\n", plural(out.Fixed, "API"), verb)
	default:
		fmt.Fprintf(&b, "%s %s, %s left\n", plural(out.Fixed, "API"), verb, plural(left, "finding"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
