package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/check/report"
	"github.com/onboard-defender/onboard-defender/internal/diag"
)

func checkCommand(env environment) *cobra.Command {
	var s selection
	var format, output string
	c := &cobra.Command{
		Use:   "check [PATH ...]",
		Short: "Check templates like a pull request would",
		Long: "check evaluates the ARM and Bicep templates below each path (default: the working directory) and lists the\n" +
			"API Management APIs that would be published without Microsoft Defender for APIs. A file that is named is\n" +
			"checked even if it is generated.\n\n" +
			"Exit status: 0 nothing unprotected, 1 APIs are unprotected, 2 bad usage or settings, or a file that matters\n" +
			"could not be read or evaluated.",
		Example: "  bot check\n  bot check infra --format sarif --output defender.sarif\n  bot check --changed-since origin/main",
		RunE: func(c *cobra.Command, args []string) error {
			s.paths = args
			if !slices.Contains(formats, format) {
				return fmt.Errorf("unknown format %q; it is one of %s", format, strings.Join(formats, ", "))
			}
			a, err := s.analyze(c.Context(), env)
			if err != nil {
				return err
			}
			text := report.TextOptions{Colour: env.colour() && output == "", Width: terminalWidth(), Compared: s.since != ""}
			if err := emit(env, output, func(w io.Writer) error { return write(w, format, a.report, text) }); err != nil {
				return err
			}
			return statusOf(a.report)
		},
	}
	s.flags(c)
	c.Flags().StringVar(&s.since, "changed-since", "", "only what the diff since this git `REV` affects; marks findings as new or existing")
	c.Flags().StringVar(&format, "format", "text", "`FORMAT` of the report: "+strings.Join(formats, ", "))
	c.Flags().StringVar(&output, "output", "", "write the report to this `FILE` instead of standard output")
	return c
}

var formats = []string{"text", "json", "sarif", "markdown", "github"}

func write(w io.Writer, format string, r *check.Report, text report.TextOptions) error {
	switch format {
	case "json":
		return report.JSON(w, r)
	case "sarif":
		return report.SARIF(w, r, report.SARIFOptions{Version: buildVersion().version, Compared: text.Compared})
	case "markdown":
		return report.Markdown(w, r, report.MarkdownOptions{Compared: text.Compared})
	case "github":
		return report.GitHub(w, r)
	}
	return report.Text(w, r, text)
}

// emit writes a report to a file, or to standard output without one.
func emit(env environment, output string, write func(io.Writer) error) error {
	if output == "" {
		return write(env.stdout)
	}
	file, err := os.Create(output)
	if err == nil {
		err = errors.Join(write(file), file.Close())
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// statusOf is the exit status of a report. Settings that are not valid come
// first: what was found without them may not be what they ask for.
func statusOf(r *check.Report) error {
	if settingsInvalid(r) {
		return statusError(exitError)
	}
	switch r.Outcome {
	case check.Fail:
		return statusError(exitFail)
	case check.Error:
		return statusError(exitError)
	case check.Pass, check.None:
	}
	return nil
}

func settingsInvalid(r *check.Report) bool {
	return slices.ContainsFunc(r.Findings, func(f check.Finding) bool {
		return f.Code == check.CodeConfigInvalid && f.Severity == diag.Failure
	})
}
