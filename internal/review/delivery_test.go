package review

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// template declares n APIs without collections.
func template(n int, br string) string {
	var b strings.Builder
	b.WriteString("param service string\n\nresource apim 'Microsoft.ApiManagement/service@2024-05-01' existing = {\n  name: service\n}\n")
	for i := range n {
		fmt.Fprintf(&b, "\nresource api%d 'Microsoft.ApiManagement/service/apis@2024-05-01' = {\n  parent: apim\n  name: 'api%d'\n}\n", i, i)
	}
	return strings.ReplaceAll(b.String(), "\n", br)
}

// planned is an analysis of one template with the fix of all of it.
func planned(t *testing.T, text string) *Analysis {
	t.Helper()
	s := source.NewSnapshot([]source.Entry{{Path: "main.bicep", ID: "1", File: source.NewFile("main.bicep", []byte(text))}})
	a, err := Analyze(t.Context(), s, nil, Plan{Settings: config.Defaults(), Today: "2026-05-04", Fix: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Fix.Files) != 1 {
		t.Fatalf("%d files, %v", len(a.Fix.Files), a.Fix.Unproven)
	}
	return a
}

func TestCommitMessageIsBounded(t *testing.T) {
	t.Parallel()
	c := commitOf(planned(t, template(maxListed+1, "\n")))
	lines := strings.Split(c.Body, "\n")
	if c.Headline != "Onboard 201 APIs to Microsoft Defender for APIs" || len(lines) != maxListed+1 || lines[maxListed] != "- and 1 more" {
		t.Errorf("%q, %d lines, last %q", c.Headline, len(lines), lines[len(lines)-1])
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"orders":                         "orders",
		"a\n\nCo-authored-by: M <m@x.y>": "a Co-authored-by: M <m@\u200bx.y>",
		"fixes #1, GH-2 and gh-30":       "fixes #\u200b1, GH-\u200b2 and gh-\u200b30",
		"gh-orders":                      "gh-orders",
		"[skip ci] @org/team":            "[\u200bskip ci] @\u200borg/team",
		"a\u202eb\x00":                   `a\u202eb\x00`,
		strings.Repeat("é", 120):         strings.Repeat("é", 120),
		strings.Repeat("é", 121):         strings.Repeat("é", 119) + "…",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The marks by which a proposal is known again stand at the end of its text,
// which therefore must not be cut.
func TestProposalTextIsBounded(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("`|@", 80)
	for n, more := range map[int]string{1: "", maxProposed + 1: " more\n"} {
		b := Backlog{Analysis: planned(t, strings.ReplaceAll(template(n, "\n"), "name: 'api", "name: '"+name))}
		text := b.text(mark{fix: "<!-- fix -->", base: "<!-- base -->"})
		if len(text) > 65_535 || !strings.HasSuffix(text, "<!-- fix -->\n<!-- base -->\n") || strings.Contains(text, " more\n") != (more != "") {
			t.Errorf("%d bytes, which end with %q", len(text), text[max(len(text)-200, 0):])
		}
	}
}

// A suggestion that GitHub would not take as a comment is a patch, and the
// others stay suggestions.
func TestSuggestionsAreBounded(t *testing.T) {
	t.Parallel()
	long := strings.Replace(template(2, "\n"), "name: 'api0'\n}", "name: 'api0'\n} // "+strings.Repeat("x", maxSuggested), 1)
	a := planned(t, long)
	a.input.Leave = func(int) string { return "" }
	o := offer{analysis: a, changes: Changes{Files: []Change{{Path: "main.bicep", Hunks: []Lines{{1, 99}}}}}}
	list, rest := o.suggestions()
	if len(list) != 1 || !strings.Contains(list[0].Text, "api1Defender") || !strings.Contains(string(rest.Files["main.bicep"]), "api0Defender") {
		t.Errorf("%d suggestions, rest %v", len(list), rest.Edits)
	}
	if got := some([]string{"a", "b", "c", "d", "e", "f", "g"}); got != "a, b, c, d, e and 2 more" {
		t.Error(got)
	}
}

func TestPatchText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text        string
		has, hasNot string
	}{
		"usual":          {template(1, "\n"), "```diff\n--- a/main.bicep\n+++ b/main.bicep\n", "Windows"},
		"with a fence":   {strings.Replace(template(1, "\n"), "'api0'\n", "'api0' // ````\n", 1), "`````diff\n", "Windows"},
		"carriage":       {template(1, "\r\n"), "--ignore-whitespace", "do not fit"},
		"larger than it": {template(400, "\n"), "The changes of 1 file do not fit here; `bot fix`", "```"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := planned(t, tt.text)
			text := patchText(a.Fix, a.Graph)
			if !strings.Contains(text, tt.has) || strings.Contains(text, tt.hasNot) || len(text) > 65535 {
				t.Errorf("%d bytes: %.400s", len(text), text)
			}
		})
	}
}

func TestChangesShow(t *testing.T) {
	t.Parallel()
	c := Changes{Files: []Change{{Path: "a", Hunks: []Lines{{1, 4}, {10, 14}}}, {Path: "b"}}}
	for lines, want := range map[Lines]bool{{1, 4}: true, {12, 12}: true, {4, 5}: false, {3, 11}: false, {5, 5}: false} {
		if got := c.show("a", lines.Start, lines.End); got != want {
			t.Errorf("%v: %v", lines, got)
		}
	}
	if c.show("b", 1, 1) || c.show("c", 1, 1) {
		t.Error("lines of a file whose diff is not known")
	}
}

// suggestions remembers what it was asked for.
type suggestions struct {
	list []Suggestion
	err  error
}

func (s *suggestions) Suggest(_ context.Context, _ Repo, _ int, _, _ string, list []Suggestion) error {
	s.list = list
	return s.err
}

type final struct{ error }

func (final) Permanent() bool { return true }

func TestAdviceText(t *testing.T) {
	t.Parallel()
	first := []Lines{{1, 10}} // shows the first API of two, and not the second one
	for name, tt := range map[string]struct {
		hunks    []Lines
		br       string // line break
		why      string
		err      error
		starts   string
		patch    string // "" for none
		notPatch string
		listed   int
	}{
		"all suggested":      {[]Lines{{1, 99}}, "\n", "", nil, "2 suggestions stand on the lines of this pull request.", "", "", 2},
		"some suggested":     {first, "\n", "", nil, "1 suggestion stands on the lines of this pull request. This patch has what cannot", "api1Defender", "api0Defender", 1},
		"none suggested":     {nil, "\n", "", nil, "This patch has the fix, which", "api0Defender", "", 0},
		"all, and a reason":  {[]Lines{{1, 99}}, "\n", "So.", nil, "So. 2 suggestions stand on the lines of this pull request. This patch has all", "api0Defender", "", 2},
		"some, and a reason": {first, "\n", "So.", nil, "So. 1 suggestion stands on the lines of this pull request. This patch has all", "api0Defender", "", 1},
		"refused":            {first, "\n", "", final{errors.New("no")}, "This patch has the fix, which", "api0Defender", "", 1},
		"Windows":            {[]Lines{{1, 99}}, "\r\n", "", nil, "This patch has the fix, which cannot be suggested on the lines of this pull request; apply it with `git apply`. Files with Windows line breaks get no", "api0Defender", "", 0},
		"Windows in a fork":  {[]Lines{{1, 99}}, "\r\n", "So.", nil, "So. This patch has all of the fix; apply it with `git apply`. Files with Windows line breaks get no", "api0Defender", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := planned(t, template(2, tt.br))
			a.input.Leave = func(int) string { return "" }
			s := &suggestions{err: tt.err}
			var log bytes.Buffer
			r := &Reviewer{Suggestions: s, Logger: slog.New(slog.NewTextHandler(&log, nil)), Now: time.Now}
			o := offer{analysis: a, changes: Changes{Files: []Change{{Path: "main.bicep", Hunks: tt.hunks}}}}
			text, err := r.advise(t.Context(), o, tt.why)
			if err != nil || !strings.HasPrefix(text, tt.starts) || strings.Contains(text, "```") != (tt.patch != "") {
				t.Errorf("%v, %q", err, text)
			}
			if !strings.Contains(text, "+resource "+tt.patch) && tt.patch != "" || tt.notPatch != "" && strings.Contains(text, "+resource "+tt.notPatch) {
				t.Errorf("%q", text)
			}
			if strings.Contains(text, "Windows") != (tt.br == "\r\n") {
				t.Errorf("%q", text)
			}
			if len(s.list) != tt.listed {
				t.Errorf("%d suggestions", len(s.list))
			}
		})
	}
}
