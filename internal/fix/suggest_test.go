package fix_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/check/checktest"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/fix"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

func everywhere(string, int, int) bool { return true }

// input is what a plan of a case is made from.
func input(c *checktest.Case) fix.Input {
	g := deployment.Load(c.Snapshot, c.Options)
	return fix.Input{
		Snapshot: c.Snapshot, Settings: c.Settings, Selected: c.Selected,
		Graph: g, Report: check.Run(g, c.Settings, c.Selected),
	}
}

// repository is a case of files without settings.
func repository(files map[string]string) *checktest.Case {
	var entries []source.Entry
	for path, text := range files {
		entries = append(entries, source.Entry{Path: path, File: source.NewFile(path, []byte(text))})
	}
	return &checktest.Case{Snapshot: source.NewSnapshot(entries)}
}

// accept applies a suggestion as GitHub does: whole lines give way to its text.
func accept(t *testing.T, s *source.Snapshot, x fix.Suggestion) *source.Snapshot {
	t.Helper()
	f := s.File(x.Path)
	lines := strings.SplitAfter(string(f.Content), "\n")
	last := lines[x.Last-1]
	text := x.Text + last[len(strings.TrimSuffix(last, "\n")):]
	content := strings.Join(lines[:x.First-1], "") + text + strings.Join(lines[x.Last:], "")
	return s.With(source.NewFile(x.Path, []byte(content)))
}

// names are the findings, without their places.
func names(r *check.Report) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, name(f))
	}
	slices.Sort(out)
	return out
}

// name takes an API that may be onboarded for one that is not: a collection
// whose name is open makes the one of the other.
func name(f check.Finding) string {
	return f.Path + " " + f.API + " " + strings.Replace(f.Summary, "may not be", "not", 1)
}

// Every suggestion resolves its own findings and no others, and all of them
// together what the fix resolves.
func TestSuggestionsApplyAloneAndTogether(t *testing.T) {
	t.Parallel()
	for name, archive := range cases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suggestionsHold(t, parse(t, archive))
		})
	}
}

func suggestionsHold(t *testing.T, c *checktest.Case) []fix.Suggestion {
	t.Helper()
	in := input(c)
	fixed := fix.Plan(in).Fixed
	list := fix.Suggest(in, 50, everywhere)
	run := func(s *source.Snapshot) *check.Report {
		return check.Run(deployment.Load(s, c.Options), c.Settings, c.Selected)
	}
	before := names(in.Report)
	without := func(list ...fix.Suggestion) []string {
		left := slices.Clone(before)
		for _, s := range list {
			for _, i := range s.Findings {
				at := slices.Index(left, name(in.Report.Findings[i]))
				left = slices.Delete(left, at, at+1)
			}
		}
		return left
	}
	resolved, all := 0, c.Snapshot
	for _, s := range list {
		resolved += len(s.Findings)
		if diff := cmp.Diff(without(s), names(run(accept(t, c.Snapshot, s))), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("alone, %s lines %d to %d (-want +got):\n%s", s.Path, s.First, s.Last, diff)
		}
	}
	for _, s := range slices.Backward(list) { // the last first, so that the lines of the others stay
		all = accept(t, all, s)
	}
	if diff := cmp.Diff(without(list...), names(run(all)), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("together (-want +got):\n%s", diff)
	}
	if resolved != fixed {
		t.Errorf("the suggestions resolve %d findings, the fix %d", resolved, fixed)
	}
	return list
}

const slashNamed = `param service string

resource orders 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  name: '${service}/orders'
  properties: {
    path: 'orders'
  }
}

resource billing 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  name: '${service}/billing'
  properties: {
    path: 'billing'
  }
}
`

// The two fixes share a declaration of the service when they are made at once.
func TestSuggestionsBringWhatTheyNeed(t *testing.T) {
	t.Parallel()
	list := suggestionsHold(t, repository(map[string]string{"main.bicep": slashNamed}))
	if len(list) != 2 || list[0].First != 8 || list[0].Last != 8 || list[1].First != 15 {
		t.Fatalf("suggestions %+v", list)
	}
	for _, s := range list {
		if !strings.HasPrefix(s.Text, "}\n") || strings.Count(s.Text, "existing = {") != 1 {
			t.Errorf("suggestion %q", s.Text)
		}
	}
}

const nestedInOne = `{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {
      "type": "Microsoft.ApiManagement/service",
      "apiVersion": "2024-05-01",
      "name": "apim",
      "location": "westeurope",
      "sku": { "name": "StandardV2", "capacity": 1 },
      "properties": { "publisherName": "a", "publisherEmail": "a@contoso.example" },
      "resources": [
        { "type": "apis", "apiVersion": "2024-05-01", "name": "orders", "dependsOn": ["apim"], "properties": { "path": "a" } },
        { "type": "apis", "apiVersion": "2024-05-01", "name": "billing", "dependsOn": ["apim"], "properties": { "path": "b" } }
      ]
    }
  ]
}
`

// Both collections come to stand after the same line, so that they are one
// suggestion.
func TestSuggestionsForOneLineAreOne(t *testing.T) {
	t.Parallel()
	list := suggestionsHold(t, repository(map[string]string{"main.json": nestedInOne}))
	if len(list) != 1 || len(list[0].Findings) != 2 {
		t.Fatalf("suggestions %+v", list)
	}
}

func TestSuggestionsKeepToTheLinesShown(t *testing.T) {
	t.Parallel()
	in := input(repository(map[string]string{"main.bicep": slashNamed}))
	list := fix.Suggest(in, 50, func(_ string, first, last int) bool { return first > 10 && last < 20 })
	if len(list) != 1 || list[0].First != 15 {
		t.Errorf("suggestions %+v", list)
	}
	if list := fix.Suggest(in, 1, everywhere); len(list) != 1 || list[0].First != 8 {
		t.Errorf("of one at most: %+v", list)
	}
	for _, f := range in.Report.Findings {
		if f.Fixable || f.FixReason != "" {
			t.Errorf("the report was changed: %+v", f)
		}
	}
}

func TestSuggestionsNotForCarriageReturns(t *testing.T) {
	t.Parallel()
	crlf := strings.ReplaceAll(slashNamed, "\n", "\r\n")
	in := input(repository(map[string]string{"main.bicep": crlf}))
	if list := fix.Suggest(in, 50, everywhere); len(list) != 0 {
		t.Errorf("suggestions %+v", list)
	}
	if result := fix.Plan(in); result.Fixed != 2 {
		t.Errorf("the fix resolves %d", result.Fixed)
	}
}

func TestPlanLeavesAlone(t *testing.T) {
	t.Parallel()
	in := input(repository(map[string]string{"main.bicep": slashNamed}))
	in.Leave = func(i int) string {
		if in.Report.Findings[i].API == "orders" {
			return "not this one"
		}
		return ""
	}
	result := fix.Plan(in)
	if result.Fixed != 1 || strings.Contains(string(result.Files["main.bicep"]), "ordersDefender") {
		t.Errorf("%d fixed:\n%s", result.Fixed, result.Files["main.bicep"])
	}
	for _, f := range in.Report.Findings {
		if f.Fixable != (f.API == "billing") || (f.FixReason == "not this one") != (f.API == "orders") {
			t.Errorf("%s: fixable %v, %q", f.API, f.Fixable, f.FixReason)
		}
	}
}

// The collection for the API whose name is open may be that of the other one,
// which is a change for the better and no new finding.
func TestPlanOfAnOpenName(t *testing.T) {
	t.Parallel()
	in := input(repository(map[string]string{"main.bicep": "param service string\n" +
		"param name string\n\n" +
		"resource one 'Microsoft.ApiManagement/service/apis@2024-05-01' = {\n  name: '${service}/${name}'\n}\n\n" +
		"resource two 'Microsoft.ApiManagement/service/apis@2024-05-01' = {\n  name: '${service}/two'\n}\n"}))
	in.Leave = func(i int) string {
		if in.Report.Findings[i].API == "two" {
			return "not this one"
		}
		return ""
	}
	if result := fix.Plan(in); result.Fixed != 1 || len(result.Unproven) != 0 {
		t.Errorf("%d fixed, unproven: %v", result.Fixed, result.Unproven)
	}
}

func TestPlanNeverBelowGitHub(t *testing.T) {
	t.Parallel()
	for _, path := range []string{".github/main.bicep", ".GitHub/main.bicep", ".github./a/main.bicep"} {
		in := input(repository(map[string]string{path: slashNamed}))
		if result := fix.Plan(in); len(in.Report.Findings) == 0 || len(result.Files) != 0 {
			t.Errorf("%s: %d findings, %d files", path, len(in.Report.Findings), len(result.Files))
		}
	}
}
