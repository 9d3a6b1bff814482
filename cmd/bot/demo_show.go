package main

import (
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"

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

// showCommit shows a commit and what it inserts.
func (d *demo) showCommit(before, after string) {
	c := d.world.Log(demoRepository, after)[0]
	signed := ""
	if c.Signed {
		signed = ", signed by GitHub"
	}
	d.say("   commit %.7s by %s%s", c.SHA, c.AuthorName, signed)
	for line := range strings.SplitSeq(strings.TrimSpace(c.Message), "\n") {
		d.say("%s", strings.TrimRight("     "+line, " "))
	}
	for _, path := range d.between(before, after) {
		from, _ := d.world.File(demoRepository, before, path)
		to, _ := d.world.File(demoRepository, after, path)
		d.say("")
		for line := range strings.SplitSeq(strings.TrimSuffix(inserted(path, from, to), "\n"), "\n") {
			style := ""
			switch {
			case strings.HasPrefix(line, "+"):
				style = green
			case strings.HasPrefix(line, "-"):
				style = red
			case strings.HasPrefix(line, "@@"):
				style = cyan
			}
			d.say("   %s", d.paint(style, line))
		}
	}
}

// inserted is the diff of a file to which one block was added. Of the places
// where the block could be said to begin, the first whole line that differs
// reads best.
func inserted(path, from, to string) string {
	start := 0
	for start < len(from) && start < len(to) && from[start] == to[start] {
		start++
	}
	start = strings.LastIndex(from[:start], "\n") + 1
	end := len(to) - (len(from) - start)
	if end < start || to[end:] != from[start:] {
		return udiff.Unified("a/"+path, "b/"+path, from, to)
	}
	diff, err := udiff.ToUnified("a/"+path, "b/"+path, from, []udiff.Edit{{Start: start, End: start, New: to[start:end]}}, udiff.DefaultContextLines)
	if err != nil {
		return udiff.Unified("a/"+path, "b/"+path, from, to)
	}
	return diff
}
