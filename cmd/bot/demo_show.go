package main

import (
	"fmt"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
)

// Colours of a terminal; used only where one is asked for.
const (
	red   = "\x1b[31m"
	green = "\x1b[32m"
	cyan  = "\x1b[36m"
	bold  = "\x1b[1m"
	reset = "\x1b[0m"
)

func (d *demo) paint(style, text string) string {
	if !d.colour || style == "" {
		return text
	}
	return style + text + reset
}

func (d *demo) say(format string, args ...any) {
	_, _ = fmt.Fprintf(d.out, format+"\n", args...) //nolint:errcheck // a demo nobody sees is no error
}

func (d *demo) step(format string, args ...any) {
	d.say("\n%s", d.paint(bold, fmt.Sprintf(format, args...)))
}

// show prints a check run as a person sees it on the pull request.
func (d *demo) show(run githubtest.CheckRun) {
	style := green
	if run.Conclusion != "success" {
		style = red
	}
	d.say("   %s  %s: %s", d.paint(style, run.Conclusion), run.Name, run.Output.Title)
	for _, a := range run.Output.Annotations {
		d.say("\n   %s:%d  %s  %s", a.Path, a.StartLine, d.paint(style, a.Level), a.Title)
		d.excerpt(run.HeadSHA, a)
		d.say("%s", strings.TrimRight(diag.Wrap(a.Message, "     ", 100), "\n"))
	}
	for _, a := range run.Actions {
		d.say("\n   button: [%s] %s", a.Label, a.Description)
	}
}

// excerpt shows the line of an annotation with carets under its columns.
func (d *demo) excerpt(sha string, a githubtest.Annotation) {
	content, ok := d.world.File(demoRepository, sha, a.Path)
	lines := strings.Split(content, "\n")
	if !ok || a.StartLine < 1 || a.StartLine > len(lines) {
		return
	}
	line := []rune(lines[a.StartLine-1])
	d.say("     | %s", string(line))
	if a.StartColumn > 0 && a.EndColumn >= a.StartColumn && a.EndColumn <= len(line)+1 {
		n := a.EndColumn - a.StartColumn + 1 // GitHub's end column is the last one
		d.say("     | %s%s", strings.Repeat(" ", a.StartColumn-1), strings.Repeat("^", n))
	}
}
