package fix_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/check/checktest"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/fix"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// cases are the goldens of the rule, by name.
func cases(t testing.TB) map[string][]byte {
	t.Helper()
	archives, err := checktest.Archives(os.DirFS(filepath.Join("..", "check", "testdata")))
	if err != nil {
		t.Fatal(err)
	}
	return archives
}

func parse(t testing.TB, archive []byte) *checktest.Case {
	t.Helper()
	c, err := checktest.Parse(archive)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// planned checks a snapshot and plans its fix.
func planned(c *checktest.Case, s *source.Snapshot) (*check.Report, *fix.Result) {
	g := deployment.Load(s, c.Options)
	r := check.Run(g, c.Settings, c.Selected)
	return r, fix.Plan(fix.Input{Snapshot: s, Settings: c.Settings, Selected: c.Selected, Graph: g, Report: r})
}

// changed is the snapshot with the files of a fix.
func changed(s *source.Snapshot, result *fix.Result) *source.Snapshot {
	var files []*source.File
	for p, content := range result.Files {
		files = append(files, source.NewFile(p, content))
	}
	return s.With(files...)
}

// holds checks what must be true of every fix of a snapshot.
func holds(t testing.TB, c *checktest.Case, s *source.Snapshot) (*check.Report, *fix.Result) {
	t.Helper()
	report, result := planned(c, s)
	byPath := map[string][]diag.TextEdit{}
	for _, e := range result.Edits {
		byPath[e.Path] = append(byPath[e.Path], e)
	}
	if len(byPath) != len(result.Files) {
		t.Errorf("%d files have edits, %d have content", len(byPath), len(result.Files))
	}
	for p, edits := range byPath {
		old := s.File(p).Content
		onlyInserted(t, p, old, edits, result.Files[p])
		style(t, p, old, result.Files[p])
	}
	fixed := changed(s, result)
	after, second := planned(c, fixed)
	if len(second.Edits) > 0 {
		t.Errorf("a second run has %d more edits", len(second.Edits))
	}
	kept := 0
	for _, f := range report.Findings {
		if !f.Fixable {
			kept++
		}
	}
	if len(after.Findings) > kept {
		t.Errorf("%d findings after the fix, %d were not fixable", len(after.Findings), kept)
	}
	for p := range result.Files {
		g := deployment.Load(fixed, c.Options)
		if f := g.File(p); f == nil || len(f.Diagnostics) > 0 {
			t.Errorf("%s cannot be read any more:\n%s", p, result.Files[p])
		}
	}
	return report, result
}

// onlyInserted checks that edits insert and do nothing else, in any order.
func onlyInserted(t testing.TB, path string, old []byte, edits []diag.TextEdit, want []byte) {
	t.Helper()
	rest := want
	last, inserted := 0, 0
	for _, e := range edits {
		if e.Span.Len() != 0 || e.NewText == "" {
			t.Fatalf("%s: %v is no insertion", path, e)
		}
		kept := old[last:e.Span.Start]
		if !bytes.HasPrefix(rest, kept) || !bytes.HasPrefix(rest[len(kept):], []byte(e.NewText)) {
			t.Fatalf("%s: bytes outside the insertions differ", path)
		}
		rest = rest[len(kept)+len(e.NewText):]
		last = e.Span.Start
		inserted += len(e.NewText)
	}
	if !bytes.Equal(rest, old[last:]) || len(want) != len(old)+inserted {
		t.Fatalf("%s: bytes outside the insertions differ", path)
	}
	distinct := map[int]bool{}
	for _, e := range edits {
		distinct[e.Span.Start] = true
	}
	if len(distinct) < len(edits) {
		return // edits of one place have an order
	}
	shuffled := slices.Clone(edits)
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	got, err := fix.Apply(old, shuffled)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: the order of the edits matters: %v", path, err)
	}
}

// style checks that the edits keep to the habits of the file.
func style(t testing.TB, path string, old, now []byte) {
	t.Helper()
	bare := func(b []byte) int { return bytes.Count(bytes.ReplaceAll(b, []byte("\r\n"), nil), []byte("\n")) }
	if bytes.Contains(old, []byte("\r\n")) && bare(old) == 0 && bare(now) > 0 {
		t.Errorf("%s: inserted line breaks are not the file's", path)
	}
	if !bytes.Contains(old, []byte("\r")) && bytes.Contains(now, []byte("\r")) {
		t.Errorf("%s: inserted line breaks are not the file's", path)
	}
	if bytes.Count(old, []byte(source.BOM)) != bytes.Count(now, []byte(source.BOM)) {
		t.Errorf("%s: a byte order mark came or went", path)
	}
	if bytes.HasSuffix(old, []byte("\n")) != bytes.HasSuffix(now, []byte("\n")) {
		t.Errorf("%s: the final line break came or went", path)
	}
}

func TestFixesHold(t *testing.T) {
	t.Parallel()
	fixes := 0
	for name, archive := range cases(t) {
		c := parse(t, archive)
		_, result := holds(t, c, c.Snapshot)
		for _, err := range result.Unproven {
			t.Errorf("%s: %v", name, err)
		}
		fixes += result.Fixed
	}
	if fixes < 50 {
		t.Errorf("only %d findings of the goldens were fixed", fixes)
	}
}

// forms are ways to write the same text.
var forms = map[string]func(text string) string{
	"CRLF":             func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") },
	"BOM":              func(text string) string { return source.BOM + text },
	"no final newline": func(text string) string { return strings.TrimRight(text, "\n") },
	"blank lines":      func(text string) string { return strings.ReplaceAll(text, "\n", "\n\n") },
	"tabs":             func(text string) string { return strings.ReplaceAll(text, "  ", "\t") },
	"trailing blanks":  func(text string) string { return strings.ReplaceAll(text, "\n", " \t\n") },
	"no blank lines":   func(text string) string { return strings.ReplaceAll(text, "\n\n", "\n") },
}

// TestFormsAreKept writes the goldens in other ways; the same findings must be
// fixed in each.
func TestFormsAreKept(t *testing.T) {
	t.Parallel()
	for name, archive := range cases(t) {
		c := parse(t, archive)
		_, plain := planned(c, c.Snapshot)
		for form, write := range forms {
			var files []*source.File
			multiline := false
			for _, e := range c.Snapshot.Entries() {
				text := string(e.File.Content)
				multiline = multiline || strings.Contains(text, "'''")
				files = append(files, source.NewFile(e.Path, []byte(write(text))))
			}
			if strings.HasPrefix(name, "deploy-module-unresolved") || multiline {
				continue
			}
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				_, result := holds(t, c, c.Snapshot.With(files...))
				if result.Fixed != plain.Fixed {
					t.Errorf("%d fixed, %d without the change of form; unproven: %v", result.Fixed, plain.Fixed, result.Unproven)
				}
			})
		}
	}
}

// TestApplyRefuses says what is no insertion.
func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	content := []byte("abc")
	for name, e := range map[string]diag.TextEdit{
		"replacement": {Span: source.Span{Start: 0, End: 1}, NewText: "x"},
		"behind":      {Span: source.Span{Start: 4, End: 4}, NewText: "x"},
		"before":      {Span: source.Span{Start: -1, End: -1}, NewText: "x"},
		"reversed":    {Span: source.Span{Start: 2, End: 1}, NewText: "x"},
	} {
		if got, err := fix.Apply(content, []diag.TextEdit{e}); err == nil {
			t.Errorf("%s gives %q", name, got)
		}
	}
	at := func(n int, text string) diag.TextEdit {
		return diag.TextEdit{Span: source.Span{Start: n, End: n}, NewText: text}
	}
	got, err := fix.Apply(content, []diag.TextEdit{at(3, "!"), at(1, "x"), at(0, "<"), at(1, "x"), at(1, "y")})
	if err != nil || cmp.Diff("<axybc!", string(got)) != "" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestFixHoldsForAllValues fixes random deployments and checks that an API that
// was fixed is onboarded whatever the values of the parameters are.
func TestFixHoldsForAllValues(t *testing.T) {
	t.Parallel()
	all := checktest.Assignments()
	fixed := 0
	for seed := range uint64(40) {
		for name, files := range checktest.Random(rand.New(rand.NewPCG(seed, 0)).IntN).Spellings() {
			s := checktest.Snapshot(files)
			report, result := holds(t, &checktest.Case{}, s)
			if len(result.Unproven) > 0 {
				t.Errorf("seed %d, %s: %v\n%s", seed, name, result.Unproven, files)
			}
			done := map[string]bool{}
			for _, f := range report.Findings {
				api := checktest.Number(report.Sources[f.Path], f.Span)
				left, seen := done[api]
				done[api] = f.Fixable && (left || !seen)
			}
			fixed += result.Fixed
			after := changed(s, result)
			for _, values := range all {
				for api, is := range checktest.Verdicts(after, values) {
					if done[api] && !is.Only(check.Onboarded) {
						t.Fatalf("seed %d, %s: %s is %v with %s\n%s", seed, name, api, is, checktest.Show(values), result.Files)
					}
				}
			}
		}
	}
	if fixed == 0 {
		t.Error("nothing was fixed")
	}
}

// FuzzFix fixes anything: whatever a repository holds, a fix only inserts, and
// what it was for is gone.
func FuzzFix(f *testing.F) {
	for _, archive := range cases(f) {
		c := parse(f, archive)
		for _, e := range c.Snapshot.Entries() {
			f.Add(e.File.Content, strings.HasSuffix(e.Path, ".bicep"))
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, isBicep bool) {
		path := map[bool]string{true: "main.bicep", false: "azuredeploy.json"}[isBicep]
		if len(content) > 1<<16 {
			t.Skip()
		}
		c := &checktest.Case{Settings: check.Settings{Today: checktest.Today}}
		s := source.NewSnapshot([]source.Entry{{Path: path, Size: int64(len(content)), File: source.NewFile(path, content)}})
		steady(t, c, s)
	})
}

// FuzzRepository does so with several files, under names of any kind.
func FuzzRepository(f *testing.F) {
	for _, archive := range cases(f) {
		if !bytes.Contains(archive, []byte("-- bytes --")) {
			f.Add(archive)
		}
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		c, err := checktest.Parse(archive)
		if len(archive) > 1<<16 || bytes.Contains(archive, []byte("-- bytes --")) || err != nil {
			t.Skip()
		}
		steady(t, c, c.Snapshot)
	})
}

// steady checks what must be true of the fix of anything: it inserts, it
// brings no finding, and there is nothing more to do after it.
func steady(t *testing.T, c *checktest.Case, s *source.Snapshot) {
	t.Helper()
	report, result := planned(c, s)
	after, second := planned(c, changed(s, result))
	if len(second.Edits) > 0 || len(after.Findings) > len(report.Findings) {
		t.Errorf("a second run has %d edits; %d findings, %d before\n%s", len(second.Edits), len(after.Findings), len(report.Findings), result.Files)
	}
	edits := map[string][]diag.TextEdit{}
	for _, e := range result.Edits {
		edits[e.Path] = append(edits[e.Path], e)
	}
	for path, list := range edits {
		onlyInserted(t, path, s.File(path).Content, list, result.Files[path])
	}
}

// BenchmarkFix fixes 1,000 APIs in one file of 2 MB.
func BenchmarkFix(b *testing.B) {
	for _, language := range []string{"bicep", "arm"} {
		b.Run(language, func(b *testing.B) {
			path, content := large(language)
			s := source.NewSnapshot([]source.Entry{{Path: path, Size: int64(len(content)), File: source.NewFile(path, content)}})
			g := deployment.Load(s, deployment.Options{})
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				r := check.Run(g, check.Settings{}, nil)
				result := fix.Plan(fix.Input{Snapshot: s, Graph: g, Report: r})
				if result.Fixed != 1000 {
					b.Fatalf("%d fixed, unproven: %v", result.Fixed, result.Unproven)
				}
			}
		})
	}
}

// large is a template with 1,000 APIs in about 2 MB.
func large(language string) (path string, content []byte) {
	var buf bytes.Buffer
	filler := strings.Repeat("A long description. ", 90)
	if language == "bicep" {
		buf.WriteString("resource apim 'Microsoft.ApiManagement/service@2022-08-01' existing = {\n  name: 'apim-shop'\n}\n")
		for i := range 1000 {
			fmt.Fprintf(&buf, "\nresource api%d 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  parent: apim\n  name: 'api-%d'\n"+
				"  properties: {\n    path: 'p%d'\n    description: '%s'\n  }\n}\n", i, i, i, filler)
		}
		return "main.bicep", buf.Bytes()
	}
	buf.WriteString("{\n  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n" +
		"  \"contentVersion\": \"1.0.0.0\",\n  \"resources\": [\n")
	for i := range 1000 {
		fmt.Fprintf(&buf, "    {\n      \"type\": \"Microsoft.ApiManagement/service/apis\",\n      \"apiVersion\": \"2022-08-01\",\n"+
			"      \"name\": \"apim-shop/api-%d\",\n      \"properties\": {\n        \"path\": \"p%d\",\n        \"description\": \"%s\"\n      }\n    },\n", i, i, filler)
	}
	buf.Truncate(buf.Len() - 2)
	buf.WriteString("\n  ]\n}\n")
	return "azuredeploy.json", buf.Bytes()
}
