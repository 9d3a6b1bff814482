package main

import (
	"encoding/json"
	"fmt"
	"sort"

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
			switch {
			case diff:
				if _, err := fmt.Fprint(env.stdout, review.Patch(a.Fix, a.Graph, a.folder.shown)); err != nil {
					return err
				}
			default:
				if err := a.folder.write(a.Fix.Files); err != nil {
					return err
				}
			}
			if err := tellFix(env, a, diff, format); err != nil {
				return err
			}
			return leftOver(a.report)
		},
	}
	s.flags(c)
	c.Flags().BoolVar(&diff, "diff", false, "print a unified diff that git apply takes, and change nothing")
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
			return exitStatus(exitFail)
		}
		status = exitError
	}
	if status != exitOK {
		return exitStatus(status)
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

func tellFix(env environment, a *analyzed, diff bool, format string) error {
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
			reason := f.FixReason
			if reason == "" {
				reason = f.Detail
			}
			out.Refused = append(out.Refused, fixRefusal{Path: f.Path, Line: at.Line, API: f.API, Reason: reason})
		}
	}
	if format == "json" {
		enc := json.NewEncoder(env.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(out)
	}
	w := env.stderr // standard output belongs to the diff
	verb := "onboarded"
	if !diff {
		w = env.stdout
	} else {
		verb = "would be onboarded"
	}
	for _, r := range out.Refused {
		what := "not fixed"
		if r.API != "" {
			what = fmt.Sprintf("API %q not fixed", r.API)
		}
		if _, err := fmt.Fprintf(w, "%s:%d: %s: %s\n", r.Path, r.Line, what, r.Reason); err != nil {
			return err
		}
	}
	paths := make([]string, 0, len(a.Fix.Files))
	for p := range a.Fix.Files {
		paths = append(paths, a.folder.shown(p))
	}
	sort.Strings(paths)
	for _, p := range paths {
		if diff {
			break
		}
		if _, err := fmt.Fprintf(w, "%s: changed\n", p); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s %s, %d left\n", plural(out.Fixed, "API"), verb, len(out.Refused))
	return err
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
