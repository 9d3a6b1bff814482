package report

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// builder makes reports by hand.
type builder struct {
	t *testing.T
	*check.Report
}

func newBuilder(t *testing.T, files map[string]string) *builder {
	t.Helper()
	b := &builder{t, &check.Report{Sources: map[string]*source.File{}, Outcome: check.None}}
	for path, content := range files {
		b.Sources[path] = source.NewFile(path, []byte(content))
	}
	b.Summary.Files = len(files)
	return b
}

// span is the n-th place of text in a file, counted from 1.
func (b *builder) span(path, text string, n int) source.Span {
	b.t.Helper()
	content, from := string(b.Sources[path].Content), 0
	for {
		i := strings.Index(content[from:], text)
		if i < 0 {
			b.t.Fatalf("%q is not %d times in %s", text, n, path)
		}
		if n--; n == 0 {
			return source.Span{Start: from + i, End: from + i + len(text)}
		}
		from += i + len(text)
	}
}

func (b *builder) api(a check.API) {
	b.APIs = append(b.APIs, a)
	s := &b.Summary
	s.APIs++
	switch a.Status {
	case check.Onboarded:
		s.Onboarded++
	case check.Unprotected:
		s.Unprotected++
	case check.Undetermined:
		s.Undetermined++
	case check.Excluded:
		s.Excluded++
	case check.Suppressed:
		s.Suppressed++
	}
}

// finding adds the finding of the last API.
func (b *builder) finding(f check.Finding) {
	a := b.APIs[len(b.APIs)-1]
	f.Path, f.Span, f.API, f.Service = a.Path, a.At, a.Name, a.Service
	b.Findings = append(b.Findings, f)
}

const ordersBicep = `param apimName string

resource apim 'Microsoft.ApiManagement/service@2022-08-01' existing = {
  name: apimName
}

resource orders 'Microsoft.ApiManagement/service/apis@2022-08-01' = {
  parent: apim
  name: 'orders'
}

resource billing 'Microsoft.ApiManagement/service/apis@2022-08-01' = {
  parent: apim
  name: 'billing'
}
`

const mixedJSON = "\xef\xbb\xbf{\r\n\t\"resources\": [\r\n\t\t{\"type\": \"Microsoft.ApiManagement/service/apis\", \"name\": \"apim/注文 |x`\"},\r\n\t\t{\"name\": \"apim/soap\"},\r\n" +
	"\t\t{\"name\": \"apim/old\"}\r\n\t]\r\n}\r\n"

// failing is a report with something of everything.
func failing(t *testing.T) *check.Report {
	t.Helper()
	const orders, mixed, broken = "infra/api.bicep", "infra/mixed.json", "infra/broken.bicep"
	b := newBuilder(t, map[string]string{orders: ordersBicep, mixed: mixedJSON, broken: "// Microsoft.ApiManagement\nresource x =\n"})
	b.Outcome = check.Fail
	b.Deployments = []check.DeploymentResult{
		{Root: "infra/main.bicep", Parameters: "infra/prod.bicepparam", Outcome: check.Fail},
		{Root: "infra/broken.bicep", Outcome: check.Error},
	}
	b.api(check.API{
		Name: "orders", Service: "apim-prod", Path: orders, At: b.span(orders, "orders", 1), Status: check.Unprotected,
		Deployments: []string{"infra/main.bicep"},
	})
	eof := source.Span{Start: len(ordersBicep), End: len(ordersBicep)}
	b.finding(check.Finding{
		Diagnostic: diag.Diagnostic{
			Code: check.CodeNotOnboarded, Severity: diag.Failure, Summary: "API not onboarded to Defender for APIs",
			Detail: "API \"orders\" of service \"apim-prod\" is published without Microsoft Defender for APIs: no collection with its name is scoped to the service.",
			Fixes: []diag.SuggestedFix{{
				Message: "Add a collection", Edits: []diag.TextEdit{{Path: orders, Span: eof, NewText: "\nresource ordersDefender 'Microsoft.Security/apiCollections@2023-11-15' = {}\n"}},
			}},
		},
		Deployments: []string{"infra/main.bicep"}, Parameters: []string{"infra/prod.bicepparam"}, Fixable: true, New: true,
	})
	b.api(check.API{
		Name: "billing", Service: "apim-prod", Path: orders, At: b.span(orders, "billing", 1), Status: check.Undetermined,
		Reason: "its collection is deployed only under a condition", Deployments: []string{"infra/main.bicep"},
	})
	b.finding(check.Finding{
		Diagnostic: diag.Diagnostic{
			Code: check.CodeUndetermined, Severity: diag.Warning, Summary: "API may not be onboarded to Defender for APIs",
			Detail:  "API \"billing\" of service \"apim-prod\" may be published without Microsoft Defender for APIs: its collection is deployed only under a condition.",
			Related: []diag.Related{{Path: orders, Span: b.span(orders, "apim", 2), Message: "the service"}, {Path: "elsewhere.bicep", Message: "the collection"}},
		},
		Deployments: []string{"infra/main.bicep"}, FixReason: "there is a collection for it already",
	})
	b.api(check.API{
		Name: "注文 |x`", Service: "[parameters('apim')]", Path: mixed, At: b.span(mixed, "\"apim/注文 |x`\"", 1), Status: check.Unprotected, Deployments: []string{mixed},
	})
	b.finding(check.Finding{
		Diagnostic: diag.Diagnostic{
			Code: check.CodeNotOnboarded, Severity: diag.Failure, Summary: "API not onboarded to Defender for APIs",
			Detail: "API \"注文 |x`\" of service \"[parameters('apim')]\" is published without Microsoft Defender for APIs.",
		},
		Deployments: []string{mixed}, FixReason: "the file is not written by hand",
	})
	b.api(check.API{
		Name: "soap", Service: "apim", Path: mixed, At: b.span(mixed, `"apim/soap"`, 1), Status: check.Excluded,
		Reason: "not a REST API (apiType: soap)", Deployments: []string{mixed},
	})
	b.api(check.API{
		Name: "old", Service: "apim", Path: mixed, At: b.span(mixed, `"apim/old"`, 1), InSource: true, Status: check.Suppressed,
		Reason: "goes away with @acme/platform #12", Deployments: []string{mixed},
	})
	b.api(check.API{Name: "shop", Service: "apim-prod", Path: "infra/shop.bicep", Status: check.Onboarded, Reason: "by infra/security.bicep"})
	b.Findings = append(b.Findings, check.Finding{Diagnostic: diag.Diagnostic{
		Code: check.CodeUnreadable, Severity: diag.Failure, Path: broken, Span: b.span(broken, "=", 1), Summary: "Template cannot be read",
		Detail: "After \"x\" a type in quotes is expected.",
	}, Deployments: []string{broken}}, check.Finding{Diagnostic: diag.Diagnostic{
		Code: check.CodeModuleUnresolved, Severity: diag.Notice, Path: orders, Span: b.span(orders, "apimName", 1), Summary: "Module not at hand",
		Detail: "br/public:avm/res/api-management/service:0.9.1 is not in the repository.",
	}})
	return b.Report
}

// passing is a report with nothing to say.
func passing(t *testing.T) *check.Report {
	t.Helper()
	b := newBuilder(t, map[string]string{"infra/api.bicep": ordersBicep})
	b.Outcome = check.Pass
	b.Deployments = []check.DeploymentResult{{Root: "infra/api.bicep", Outcome: check.Pass}}
	for _, name := range []string{"orders", "billing"} {
		b.api(check.API{Name: name, Service: "apim", Path: "infra/api.bicep", At: b.span("infra/api.bicep", name, 1), Status: check.Onboarded})
	}
	return b.Report
}

// hostile is a report of a template whose author wants something from whoever reads it.
func hostile(t *testing.T) *check.Report {
	t.Helper()
	const text = "x\x1b]0;t\a @acme/all #1 GH-2 [l](http://h) ![i](h) <img src=x> a|b `c` :tada: $1$ 0123456789abcdef\n::error::\u202e%0A"
	path := "infra/@acme|`x`/a b,c:d.bicep"
	b := newBuilder(t, map[string]string{path: "resource " + text + "\n"})
	b.Outcome = check.Fail
	b.api(check.API{Name: text, Service: text, Path: path, At: b.span(path, "@acme", 1), Status: check.Unprotected, Deployments: []string{path}})
	b.finding(check.Finding{
		Diagnostic:  diag.Diagnostic{Code: check.CodeNotOnboarded, Severity: diag.Failure, Summary: text, Detail: text, Related: []diag.Related{{Path: path, Message: text}}},
		Deployments: []string{path, text}, FixReason: text,
	})
	b.api(check.API{Name: text, Service: text, Path: path, Status: check.Suppressed, Reason: text})
	b.Findings = append(b.Findings, check.Finding{Diagnostic: diag.Diagnostic{
		Code: check.CodeSuppression, Severity: diag.Warning, Path: path, Summary: text, Detail: text,
	}})
	return b.Report
}

func reports(t *testing.T) map[string]*check.Report {
	t.Helper()
	return map[string]*check.Report{
		"failing": failing(t), "passing": passing(t), "hostile": hostile(t),
		"empty": {Outcome: check.None},
	}
}

// formats are all formats, by the extension of their golden files.
func formats() map[string]func(io.Writer, *check.Report) error {
	link := func(path string, line int) string {
		return "https://github.com/acme/shop/blob/0123abc/" + path + "#L" + string(rune('0'+line%10))
	}
	return map[string]func(io.Writer, *check.Report) error{
		"json":    JSON,
		"txt":     func(w io.Writer, r *check.Report) error { return Text(w, r, TextOptions{}) },
		"new.txt": func(w io.Writer, r *check.Report) error { return Text(w, r, TextOptions{Compared: true, Width: 72}) },
		"md":      func(w io.Writer, r *check.Report) error { return Markdown(w, r, MarkdownOptions{}) },
		"new.md": func(w io.Writer, r *check.Report) error {
			return Markdown(w, r, MarkdownOptions{LinkFile: link, Compared: true})
		},
		"sarif": func(w io.Writer, r *check.Report) error { return SARIF(w, r, SARIFOptions{Version: "1.2.3"}) },
		"new.sarif": func(w io.Writer, r *check.Report) error {
			return SARIF(w, r, SARIFOptions{Version: "1.2.3", Compared: true})
		},
		"commands": GitHub,
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, r := range reports(t) {
		for ext, write := range formats() {
			t.Run(name+"."+ext, func(t *testing.T) {
				t.Parallel()
				var got bytes.Buffer
				if err := write(&got, r); err != nil {
					t.Fatal(err)
				}
				golden := filepath.Join("testdata", name+"."+ext)
				if *update {
					if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got.String()); diff != "" {
					t.Error(diff)
				}
				if !utf8.Valid(got.Bytes()) {
					t.Error("not UTF-8")
				}
			})
		}
	}
}

// TestOrder holds every format to the same output whatever order things are
// reported in.
func TestOrder(t *testing.T) {
	t.Parallel()
	for ext, write := range formats() {
		t.Run(ext, func(t *testing.T) {
			t.Parallel()
			var want bytes.Buffer
			if err := write(&want, failing(t)); err != nil {
				t.Fatal(err)
			}
			r := failing(t)
			slices.Reverse(r.APIs)
			slices.Reverse(r.Findings)
			slices.Reverse(r.Deployments)
			var got bytes.Buffer
			if err := write(&got, r); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.String(), got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	for ext, write := range formats() {
		if err := write(closed{}, failing(t)); err == nil {
			t.Errorf("%s: the writer's error is lost", ext)
		}
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestNothingActs holds what a terminal shows to characters that can be seen.
func TestNothingActs(t *testing.T) {
	t.Parallel()
	for _, ext := range []string{"txt", "new.txt", "md", "new.md", "commands"} {
		var b bytes.Buffer
		if err := formats()[ext](&b, hostile(t)); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.String() {
			if r != '\n' && diag.Visible(string(r)) != string(r) {
				t.Errorf("%s: %U reaches the reader", ext, r)
			}
		}
	}
}

func TestLookupUnknown(t *testing.T) {
	t.Parallel()
	look := newLookup(&check.Report{})
	if start, end := look.position("c", source.Span{Start: 5, End: 6}); start.Line != 1 || start.Column != 1 || end != start {
		t.Errorf("unknown file: %v-%v", start, end)
	}
	if n := look.line("c", source.Span{}); n != 0 {
		t.Errorf("unknown file has line %d", n)
	}
}

func TestTitle(t *testing.T) {
	t.Parallel()
	broken := func(code diag.Code, path string) check.Finding {
		return check.Finding{Diagnostic: diag.Diagnostic{Code: code, Severity: diag.Failure, Path: path}}
	}
	for want, r := range map[string]check.Report{
		"No API Management APIs":                        {},
		"The API is onboarded":                          {Summary: check.Summary{APIs: 1, Onboarded: 1}},
		"All 5 APIs onboarded":                          {Summary: check.Summary{APIs: 6, Onboarded: 5, Excluded: 1}},
		"2 of 5 APIs not onboarded":                     {Summary: check.Summary{APIs: 6, Onboarded: 2, Unprotected: 2, Suppressed: 1, Excluded: 1}},
		"1 of 1 API not onboarded":                      {Summary: check.Summary{APIs: 1, Unprotected: 1}},
		"1 of 2 APIs not onboarded, 1 API undetermined": {Summary: check.Summary{APIs: 2, Unprotected: 1, Undetermined: 1}},
		"1 API undetermined":                            {Summary: check.Summary{APIs: 1, Undetermined: 1}},
		"1 of 3 APIs onboarded, 2 APIs undetermined":    {Summary: check.Summary{APIs: 3, Onboarded: 1, Undetermined: 2}},
		"2 of 3 APIs onboarded, 1 API suppressed":       {Summary: check.Summary{APIs: 3, Onboarded: 2, Suppressed: 1}},
		"2 APIs suppressed":                             {Summary: check.Summary{APIs: 2, Suppressed: 2}},
		"Nothing to onboard: 1 API excluded":            {Summary: check.Summary{APIs: 1, Excluded: 1}},
		"2 files could not be evaluated": {
			Findings: []check.Finding{broken(check.CodeUnreadable, "a"), broken(check.CodeNotEvaluated, "a"), broken(check.CodeNotEvaluated, "b")},
		},
		"All 2 APIs onboarded, 1 file could not be evaluated, 1 settings file not valid": {
			Summary:  check.Summary{APIs: 2, Onboarded: 2},
			Findings: []check.Finding{broken(check.CodeUnreadable, "a"), broken(check.CodeConfigInvalid, "b")},
		},
	} {
		got := Title(&r)
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if len(got) > maxTitle {
			t.Errorf("%d characters", len(got))
		}
	}
}
