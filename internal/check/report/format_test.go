package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// object decodes JSON that a format wrote.
func object(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func keys(v any) []string {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	return slices.Sorted(maps.Keys(m))
}

// items are the elements of a list; null is none.
func items(t *testing.T, v any) []any {
	t.Helper()
	list, ok := v.([]any)
	if !ok {
		t.Fatalf("%v is no list", v)
	}
	return list
}

func field(t *testing.T, v any, path ...string) any {
	t.Helper()
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("no object at %q of %q", name, path)
		}
		if v, ok = m[name]; !ok {
			t.Fatalf("no %q of %q", name, path)
		}
	}
	return v
}

// TestJSONContract holds the fields to the ones that scripts rely on, whatever
// is in the report.
func TestJSONContract(t *testing.T) {
	t.Parallel()
	for name, r := range reports(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := JSON(&out, r); err != nil {
				t.Fatal(err)
			}
			top := object(t, out.Bytes())
			same := func(v any, want ...string) {
				t.Helper()
				slices.Sort(want)
				if diff := cmp.Diff(want, keys(v)); diff != "" {
					t.Error(diff)
				}
			}
			same(top, "rule", "outcome", "deployments", "apis", "findings", "summary")
			same(top["rule"], "name", "ref")
			same(top["summary"], "files", "apis", "onboarded", "unprotected", "undetermined", "excluded", "suppressed")
			for _, d := range items(t, top["deployments"]) {
				same(d, "root", "parameters", "outcome")
			}
			for _, a := range items(t, top["apis"]) {
				same(a, "name", "service", "path", "start_line", "status", "reason")
			}
			optional := []string{"parameters", "fix_reason", "new"}
			for _, f := range items(t, top["findings"]) {
				got := slices.DeleteFunc(keys(f), func(k string) bool { return slices.Contains(optional, k) })
				want := []string{
					"api", "code", "deployments", "end_column", "end_line", "fixable", "level", "message", "path", "service", "start_column", "start_line", "title",
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				items(t, field(t, f, "deployments"))
			}
		})
	}
}

func TestJSONKeepsText(t *testing.T) {
	t.Parallel()
	r := hostile(t)
	var out bytes.Buffer
	if err := JSON(&out, r); err != nil {
		t.Fatal(err)
	}
	for _, f := range items(t, object(t, out.Bytes())["findings"]) {
		if got := field(t, f, "message"); got != r.Findings[0].Detail {
			t.Errorf("got %q, want %q", got, r.Findings[0].Detail)
		}
	}
	if !strings.Contains(out.String(), "<img src=x>") {
		t.Error("HTML is escaped")
	}
}

// TestSARIFStructure asserts what the schema of SARIF 2.1.0 and GitHub's code
// scanning require of the parts that are used.
func TestSARIFStructure(t *testing.T) {
	t.Parallel()
	for name, r := range reports(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := SARIF(&out, r, SARIFOptions{Version: "1.2.3"}); err != nil {
				t.Fatal(err)
			}
			log := object(t, out.Bytes())
			if log["version"] != "2.1.0" || len(items(t, log["runs"])) != 1 {
				t.Fatalf("version %v, %d runs", log["version"], len(items(t, log["runs"])))
			}
			run := items(t, log["runs"])[0]
			if field(t, run, "tool", "driver", "name") != toolName || field(t, run, "tool", "driver", "version") != "1.2.3" {
				t.Error("the tool is not named")
			}
			if field(t, run, "columnKind") != "unicodeCodePoints" {
				t.Error("the columns are not what they are said to be")
			}
			rules := items(t, field(t, run, "tool", "driver", "rules"))
			var ids []string
			for _, rule := range rules {
				id := fmt.Sprint(field(t, rule, "id"))
				ids = append(ids, id)
				for _, k := range []string{"shortDescription", "fullDescription"} {
					if field(t, rule, k, "text") == "" {
						t.Errorf("rule %s: no %s", id, k)
					}
				}
				checkLevel(t, field(t, rule, "defaultConfiguration", "level"))
			}
			results := items(t, field(t, run, "results"))
			if want := len(r.Findings) + r.Summary.Suppressed; len(results) != want {
				t.Errorf("%d results, want %d", len(results), want)
			}
			seen := map[any]bool{}
			for _, result := range results {
				checkResult(t, result, ids)
				identity := field(t, result, "partialFingerprints", fingerprint)
				if seen[identity] {
					t.Error("two results have one fingerprint")
				}
				seen[identity] = true
			}
		})
	}
}

func checkLevel(t *testing.T, level any) {
	t.Helper()
	if !slices.Contains([]any{"error", "warning", "note"}, level) {
		t.Errorf("level %v", level)
	}
}

func checkResult(t *testing.T, result any, ids []string) {
	t.Helper()
	index, ok := field(t, result, "ruleIndex").(float64)
	if !ok || int(index) >= len(ids) || ids[int(index)] != field(t, result, "ruleId") {
		t.Errorf("rule %v is not at %v", field(t, result, "ruleId"), index)
	}
	checkLevel(t, field(t, result, "level"))
	if field(t, result, "message", "text") == "" {
		t.Error("no message")
	}
	for _, l := range items(t, field(t, result, "locations")) {
		uri := fmt.Sprint(field(t, l, "physicalLocation", "artifactLocation", "uri"))
		if uri == "" || strings.HasPrefix(uri, "/") || strings.ContainsAny(uri, " \\|`\"<>") {
			t.Errorf("%q is no relative URI", uri)
		}
		checkRegion(t, field(t, l, "physicalLocation", "region"))
	}
}

func checkRegion(t *testing.T, region any) {
	t.Helper()
	var n [4]float64
	for i, k := range []string{"startLine", "startColumn", "endLine", "endColumn"} {
		v, ok := field(t, region, k).(float64)
		if !ok || v < 1 {
			t.Errorf("%s is %v", k, field(t, region, k))
		}
		n[i] = v
	}
	if n[2] < n[0] || n[2] == n[0] && n[3] < n[1] {
		t.Errorf("region %v ends before it starts", n)
	}
}

func TestSARIFExecution(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		severity diag.Severity
		code     diag.Code
		ok       bool
	}{
		{diag.Failure, check.CodeNotOnboarded, true},
		{diag.Failure, check.CodeUndetermined, true},
		{diag.Warning, check.CodePlan, true},
		{diag.Notice, check.CodeModuleUnresolved, true},
		{diag.Failure, check.CodeUnreadable, false},
		{diag.Failure, check.CodeNotEvaluated, false},
		{diag.Failure, check.CodeConfigInvalid, false},
	} {
		r := &check.Report{Findings: []check.Finding{{Diagnostic: diag.Diagnostic{Code: tc.code, Severity: tc.severity, Path: "a", Summary: "S", Detail: "D"}}}}
		var out bytes.Buffer
		if err := SARIF(&out, r, SARIFOptions{}); err != nil {
			t.Fatal(err)
		}
		run := items(t, object(t, out.Bytes())["runs"])[0]
		invocation := items(t, field(t, run, "invocations"))[0]
		if got := field(t, invocation, "executionSuccessful"); got != tc.ok {
			t.Errorf("%s: executionSuccessful is %v", tc.code, got)
		}
		if tc.ok {
			continue
		}
		n := items(t, field(t, invocation, "toolExecutionNotifications"))
		if len(n) != 1 || field(t, n[0], "message", "text") != "S: D" || field(t, n[0], "associatedRule", "id") != string(tc.code) {
			t.Errorf("%s: notifications %v", tc.code, n)
		}
	}
}

// fingerprints are those of a report's results in their order.
func fingerprints(t *testing.T, r *check.Report) []string {
	t.Helper()
	var out bytes.Buffer
	if err := SARIF(&out, r, SARIFOptions{}); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, result := range items(t, field(t, items(t, object(t, out.Bytes())["runs"])[0], "results")) {
		list = append(list, fmt.Sprint(field(t, result, "partialFingerprints", fingerprint)))
	}
	return list
}

func TestSARIFFingerprintsStay(t *testing.T) {
	t.Parallel()
	want := fingerprints(t, failing(t))
	moved := failing(t)
	const added = "// a line more\n"
	for path, f := range moved.Sources {
		moved.Sources[path] = source.NewFile(path, append([]byte(added), f.Content...))
	}
	for i := range moved.Findings {
		moved.Findings[i].Span.Start += len(added)
		moved.Findings[i].Span.End += len(added)
	}
	if diff := cmp.Diff(want, fingerprints(t, moved)); diff != "" {
		t.Errorf("moved lines change fingerprints: %s", diff)
	}
	accepted := failing(t)
	accepted.APIs[0].Status = check.Suppressed
	accepted.Findings = accepted.Findings[1:]
	if !slices.Contains(fingerprints(t, accepted), want[1]) {
		t.Error("a suppression changes the fingerprint")
	}
}

func TestSARIFMessage(t *testing.T) {
	t.Parallel()
	if got, want := text("a {0} [b](c) \\ \x1b\n"), "a {{0}} \\[b\\](c) \\\\ \\\\x1b\n"; got.Text != want {
		t.Errorf("got %q, want %q", got.Text, want)
	}
}

func TestSARIFFix(t *testing.T) {
	t.Parallel()
	s := &sarif{look: newLookup(&check.Report{Sources: map[string]*source.File{"a": source.NewFile("a", []byte("x\r\néy"))}})}
	edit := func(path string, start, end int, text string) diag.TextEdit {
		return diag.TextEdit{Path: path, Span: source.Span{Start: start, End: end}, NewText: text}
	}
	got, ok := s.fix(diag.SuggestedFix{Message: "Do it", Edits: []diag.TextEdit{edit("a", 5, 5, "new"), edit("a", 0, 1, "")}})
	want := sarifFix{
		Description: &sarifMessage{"Do it"},
		Changes: []sarifChange{{
			Artifact: sarifArtifact{URI: "a", BaseID: sarifRoot},
			Replacements: []sarifReplacement{
				{Deleted: &sarifRegion{2, 2, 2, 2}, Inserted: &sarifContent{"new"}},
				{Deleted: &sarifRegion{1, 1, 1, 2}},
			},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Error(ok, diff)
	}
	if _, ok := s.fix(diag.SuggestedFix{Edits: []diag.TextEdit{edit("a", 0, 0, "x"), edit("unknown", 0, 0, "x")}}); ok {
		t.Error("half a fix is reported")
	}
}

// placeIn is what a reader of SARIF takes a line and a column for.
func placeIn(content string, line, column int) int {
	at := len(content) - len(strings.TrimPrefix(content, source.BOM))
	for range line - 1 {
		at += strings.IndexAny(content[at:], "\r\n")
		if strings.HasPrefix(content[at:], "\r\n") {
			at++
		}
		at++
	}
	for range column - 1 {
		_, size := utf8.DecodeRuneInString(content[at:])
		at += size
	}
	return at
}

// TestSARIFRegions leads a reader back to each place in a file.
func TestSARIFRegions(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"a", "é注\r\nab\rc\n\n\td😀e\u0301", "\r\n\r\n", source.BOM + "注\xffé\n", source.BOM + "\n注\r"} {
		s := &sarif{look: newLookup(&check.Report{Sources: map[string]*source.File{"a": source.NewFile("a", []byte(content))}})}
		begin := placeIn(content, 1, 1)
		for i := begin; i <= len(content); i++ {
			if i < len(content) && !utf8.RuneStart(content[i]) || i > 0 && strings.HasPrefix(content[i-1:], "\r\n") {
				continue // within a character, or a line break
			}
			r := s.region("a", source.Span{Start: i, End: i})
			if got := placeIn(content, r.StartLine, r.StartColumn); got != i || r.EndLine != r.StartLine || r.EndColumn != r.StartColumn {
				t.Errorf("%q: %d is %+v, which is %d", content, i, *r, got)
			}
			r = s.region("a", source.Span{Start: begin, End: i})
			if got := placeIn(content, r.EndLine, r.EndColumn); got != i {
				t.Errorf("%q: the end %d is %+v, which is %d", content, i, *r, got)
			}
		}
	}
}

// TestSARIFEnd names the end of a file by a line that is there.
func TestSARIFEnd(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]sarifRegion{
		"":                    {1, 1, 1, 1},
		"é":                   {1, 2, 1, 2},
		"a\nbc":               {2, 3, 2, 3},
		"a\n":                 {1, 3, 1, 3},
		"a\r\né\r\n":          {2, 4, 2, 4},
		"\n\n":                {2, 2, 2, 2},
		source.BOM + "\r":     {1, 2, 1, 2},
		source.BOM + "é注\r\n": {1, 5, 1, 5},
	} {
		s := &sarif{look: newLookup(&check.Report{Sources: map[string]*source.File{"a": source.NewFile("a", []byte(content))}})}
		if diff := cmp.Diff(want, *s.region("a", source.Span{Start: len(content), End: len(content)})); diff != "" {
			t.Errorf("%q: %s", content, diff)
		}
	}
	s := &sarif{look: newLookup(&check.Report{Sources: map[string]*source.File{"a": source.NewFile("a", []byte("a\n"))}})}
	if diff := cmp.Diff(sarifRegion{1, 2, 2, 1}, *s.region("a", source.Span{Start: 1, End: 2})); diff != "" {
		t.Errorf("line break: %s", diff)
	}
}

func TestArtifact(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"infra/main.bicep": "infra/main.bicep",
		"a b/é%#?.json":    "a%20b/%C3%A9%25%23%3F.json",
		"c:d/x":            "./c:d/x",
	} {
		if got := artifact(path).URI; got != want {
			t.Errorf("artifact(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestAnnotations(t *testing.T) {
	t.Parallel()
	r := failing(t)
	got := Annotations(r)
	if len(got) != len(r.Findings) {
		t.Fatalf("%d annotations, %d findings", len(got), len(r.Findings))
	}
	want := Annotation{
		Path: "infra/api.bicep", StartLine: 12, EndLine: 12, StartColumn: 10, EndColumn: 17, Level: "warning",
		Title: "API may not be onboarded to Defender for APIs",
		Message: "API \"billing\" of service \"apim-prod\" may be published without Microsoft Defender for APIs: its collection is deployed only under a condition.\n" +
			"infra/api.bicep:3: the service\nelsewhere.bicep: the collection\nNo automatic fix: there is a collection for it already",
		RawDetails: "code: api-undetermined\nAPI: billing\nservice: apim-prod\ndeployment: infra/main.bicep\n" +
			"rule: Azure.APIM.DefenderCloud (AZR-000387) " + check.RuleURL,
		Finding: 1,
	}
	if diff := cmp.Diff(want, got[2]); diff != "" {
		t.Error(diff)
	}
	for _, a := range got {
		if f := r.Findings[a.Finding]; f.Path != a.Path || f.Severity.String() != a.Level {
			t.Errorf("annotation of %s points at a finding of %s", a.Path, f.Path)
		}
	}
}

func TestAnnotationLimits(t *testing.T) {
	t.Parallel()
	const size = 100_000
	long := strings.Repeat("注", size)
	r := &check.Report{
		Findings: []check.Finding{{
			Diagnostic: diag.Diagnostic{Severity: diag.Failure, Path: "a", Span: source.Span{Start: 0, End: 3}, Summary: long, Detail: long},
			API:        long, Service: "x\x1b\n",
		}},
		Sources: map[string]*source.File{"a": source.NewFile("a", []byte("a\nb"))},
	}
	a := Annotations(r)[0]
	if n := utf8.RuneCountInString(a.Title); n != maxTitle || !strings.HasSuffix(a.Title, "…") {
		t.Errorf("title of %d characters", n)
	}
	for _, text := range []string{a.Message, a.RawDetails} {
		if len(text) > maxAnnotation || len(text) < maxAnnotation-64 || !utf8.ValidString(text) {
			t.Errorf("text of %d bytes", len(text))
		}
		var n int
		kept, notice, _ := strings.Cut(text, "\n… ")
		if _, err := fmt.Sscanf(notice, "%d more characters", &n); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(kept, "注") && utf8.RuneCountInString(kept)+n != size {
			t.Errorf("%d characters and %d more are not %d", utf8.RuneCountInString(kept), n, size)
		}
	}
	if a.StartLine != 1 || a.EndLine != 2 || a.StartColumn != 0 || a.EndColumn != 0 {
		t.Errorf("columns over two lines: %+v", a)
	}
}

func TestGitHubEscaping(t *testing.T) {
	t.Parallel()
	if got, want := escapeData("a%b\r\nc:d,e::"), "a%25b%0D%0Ac:d,e::"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := escapeProperty("a%b\r\nc:d,e::"), "a%25b%0D%0Ac%3Ad%2Ce%3A%3A"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var out bytes.Buffer
	r := hostile(t)
	if err := GitHub(&out, r); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != len(r.Findings)+1 {
		t.Errorf("%d lines for %d findings", n, len(r.Findings))
	}
}

func TestInert(t *testing.T) {
	t.Parallel()
	in := "::error::a\n  ::stop-commands::b\na::b\nc ##[error]d\n##vso[task.x]e\n"
	want := "\\x3a:error::a\n  \\x3a:stop-commands::b\na::b\nc \\x23#[error]d\n\\x23#vso[task.x]e\n"
	if diff := cmp.Diff(want, inert(in)); diff != "" {
		t.Error(diff)
	}
	var out bytes.Buffer
	if err := Text(&out, hostile(t), TextOptions{Width: 40}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") {
			t.Errorf("a log takes %q for a command", line)
		}
	}
}

func TestTextColour(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Text(&out, failing(t), TextOptions{Colour: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "\x1b[1;31mfailure:\x1b[0m") {
		t.Error("no colour")
	}
}

// TestReminder has the two steps in each summary about an API, and at a
// terminal only where somebody has to take them.
func TestReminder(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		summary        check.Summary
		markdown, text bool
	}{
		{check.Summary{}, false, false},
		{check.Summary{APIs: 2, Excluded: 2}, false, false},
		{check.Summary{APIs: 2, Excluded: 1, Onboarded: 1}, true, false},
		{check.Summary{APIs: 1, Suppressed: 1}, true, false},
		{check.Summary{APIs: 1, Undetermined: 1}, true, false},
		{check.Summary{APIs: 2, Onboarded: 1, Unprotected: 1}, true, true},
	} {
		r := &check.Report{Summary: tc.summary}
		reminds := func(write func(io.Writer) error) bool {
			var out bytes.Buffer
			if err := write(&out); err != nil {
				t.Fatal(err)
			}
			return strings.Contains(out.String(), "two steps") && strings.Contains(out.String(), PlanURL)
		}
		if got := reminds(func(w io.Writer) error { return Markdown(w, r, MarkdownOptions{}) }); got != tc.markdown {
			t.Errorf("%+v: Markdown reminds: %v", tc.summary, got)
		}
		if got := reminds(func(w io.Writer) error { return Text(w, r, TextOptions{}) }); got != tc.text {
			t.Errorf("%+v: text reminds: %v", tc.summary, got)
		}
	}
}

func TestShellWord(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"infra/main.bicep": "infra/main.bicep",
		"a b":              "'a b'",
		"it's":             `'it'\''s'`,
		"-x":               "./-x",
		"$(x)":             "'$(x)'",
		"é":                "'é'",
		"":                 "''",
	} {
		if got := shellWord(in); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	if got := names([]string{"a", "b", "c", "d"}); got != "a, b, c, d" {
		t.Error(got)
	}
	if got := names([]string{"a", "b", "c", "d", "e", "f"}); got != "a, b, c and 3 more" {
		t.Error(got)
	}
}

// TestOneLine writes every format of a big report about a file that is one
// line. Counting characters from the start of the line each time takes minutes
// here, which the time limit of a test run does not allow.
func TestOneLine(t *testing.T) {
	t.Parallel()
	const n = 4000
	entry := `{"name":"apim/注文"` + strings.Repeat(" ", 900) + "},"
	b := newBuilder(t, map[string]string{"a.json": strings.Repeat(entry, n)})
	for i := range n {
		at := source.Span{Start: i*len(entry) + 8, End: i*len(entry) + 21}
		b.api(check.API{Name: "注文", Service: "apim", Path: "a.json", At: at, Status: check.Unprotected})
		b.finding(check.Finding{Diagnostic: diag.Diagnostic{
			Code: check.CodeNotOnboarded, Severity: diag.Failure, Summary: "API", Related: []diag.Related{{Path: "a.json", Span: at, Message: "here"}},
		}})
	}
	for ext, write := range formats() {
		var out bytes.Buffer
		if err := write(&out, b.Report); err != nil || out.Len() == 0 {
			t.Errorf("%s: %d bytes, %v", ext, out.Len(), err)
		}
	}
}
