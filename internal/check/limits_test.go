package check_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// alike is a template with APIs and collections none of whose names can be told
// apart from another.
func alike(n int) string {
	var b strings.Builder
	b.WriteString("resource apim 'Microsoft.ApiManagement/service@2022-08-01' existing = {\n  name: 'apim-shop'\n}\n")
	for i := range n {
		fmt.Fprintf(&b, "param p%d string\nresource a%d 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  parent: apim\n  name: p%d\n}\n", i, i, i)
		fmt.Fprintf(&b, "resource c%d 'Microsoft.Security/apiCollections@2023-11-15' = {\n  scope: apim\n  name: p%d\n  dependsOn: [ a%d ]\n}\n", i, i, i)
	}
	return b.String()
}

// TestManyPairs has names none of which can be told apart from another: the
// comparison is given up, and says so.
func TestManyPairs(t *testing.T) {
	t.Parallel()
	const n = 800
	f := source.NewFile("main.bicep", []byte(alike(n)))
	g := deployment.Load(source.NewSnapshot([]source.Entry{{Path: f.Path, File: f}}), deployment.Options{})
	r := check.Run(g, check.Settings{}, nil)
	if r.Outcome != check.Error || r.Summary.APIs != n || r.Summary.Onboarded+r.Summary.Undetermined != n || r.Summary.Undetermined == 0 {
		t.Errorf("outcome %s, %+v", r.Outcome, r.Summary)
	}
	said := 0
	for _, f := range r.Findings {
		if f.Code == check.CodeNotEvaluated && strings.Contains(f.Detail, "pairs of APIs and collections") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("said %d times that it was given up", said)
	}
}

// TestLimitOfProperty has types that cannot be evaluated: it is said where, once
// if nothing more can be, and else the type of the next API is evaluated.
func TestLimitOfProperty(t *testing.T) {
	t.Parallel()
	typed := func(name, typ string) string {
		return fmt.Sprintf("resource %s 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  name: 'apim-shop/%s'\n  properties: { apiType: %s }\n}\n", name, name, typ)
	}
	const (
		many = "[for i in range(0, 801): 'http'][0]"
		soap = "join(map(['so', 'ap'], s => s), '')"
		work = "string(length(map(range(0, 9000), i => map(range(0, 9000), j => j))))"
	)
	for name, c := range map[string]struct {
		text string
		want map[string]check.Status
		said []int // lines
	}{
		"goes on": {typed("a", many) + typed("b", soap), map[string]check.Status{"a": check.Unprotected, "b": check.Excluded}, []int{1}},
		"stops":   {typed("a", work) + typed("b", soap), map[string]check.Status{"a": check.Unprotected, "b": check.Unprotected}, []int{1}},
		"stopped before": {
			"var v = " + work + "\n" + typed("a", soap) + typed("b", soap) + "resource c 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  name: 'apim-shop/${v}'\n}\n",
			map[string]check.Status{"a": check.Unprotected, "b": check.Unprotected, "v": check.Unprotected},
			[]int{1, 10},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := source.NewFile("main.bicep", []byte(c.text))
			r := check.Run(deployment.Load(source.NewSnapshot([]source.Entry{{Path: f.Path, File: f}}), deployment.Options{}), check.Settings{}, nil)
			got := map[string]check.Status{}
			for _, a := range r.APIs {
				got[a.Name] = a.Status
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			var said []int
			for _, x := range r.Findings {
				if x.Code == check.CodeNotEvaluated {
					said = append(said, f.Position(x.Span.Start).Line)
				}
			}
			if diff := cmp.Diff(c.said, said); diff != "" {
				t.Errorf("said at lines: %s", diff)
			}
		})
	}
}

// TestCostlyPairs has names each of which hangs on many conditions: a pair of them
// counts as many.
func TestCostlyPairs(t *testing.T) {
	t.Parallel()
	const n = 100
	var b strings.Builder
	var choices strings.Builder
	for i := range 8 {
		fmt.Fprintf(&b, "param p%d bool\n", i)
		fmt.Fprintf(&choices, "${p%d ? 'a' : 'bc'}", i)
	}
	name := choices.String()
	b.WriteString("resource apim 'Microsoft.ApiManagement/service@2022-08-01' existing = {\n  name: 'apim-shop'\n}\n")
	for i := range n {
		fmt.Fprintf(&b, "param q%d string\nresource a%d 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  parent: apim\n  name: '%sx${q%d}'\n}\n", i, i, name, i)
		fmt.Fprintf(&b, "resource c%d 'Microsoft.Security/apiCollections@2023-11-15' = {\n  scope: apim\n  name: '%s${q%d}'\n}\n", i, name, i)
	}
	f := source.NewFile("main.bicep", []byte(b.String()))
	r := check.Run(deployment.Load(source.NewSnapshot([]source.Entry{{Path: f.Path, File: f}}), deployment.Options{}), check.Settings{}, nil)
	if r.Outcome != check.Error || !slices.ContainsFunc(r.Findings, func(f check.Finding) bool { return strings.Contains(f.Detail, "pairs of APIs") }) {
		t.Errorf("outcome %s of %d APIs", r.Outcome, r.Summary.APIs)
	}
}

// TestManyPairsTogether has deployments that are compared alone, but not all.
func TestManyPairsTogether(t *testing.T) {
	t.Parallel()
	const n, files = 700, 6 // 490,000 pairs each
	text := []byte(alike(n))
	var entries []source.Entry
	for i := range files {
		f := source.NewFile(fmt.Sprintf("m%d.bicep", i), text)
		entries = append(entries, source.Entry{Path: f.Path, File: f})
	}
	r := check.Run(deployment.Load(source.NewSnapshot(entries), deployment.Options{}), check.Settings{}, nil)
	var said []string
	for _, f := range r.Findings {
		if f.Code == check.CodeNotEvaluated && strings.Contains(f.Detail, "deployments before it") {
			said = append(said, f.Path)
		}
	}
	if want := []string{"m4.bicep", "m5.bicep"}; !slices.Equal(said, want) {
		t.Errorf("given up in %v, want %v", said, want)
	}
	if r.Outcome != check.Error || r.Summary.Onboarded < 4*n || r.Summary.Onboarded+r.Summary.Undetermined != files*n {
		t.Errorf("outcome %s, %+v", r.Outcome, r.Summary)
	}
}

// TestManySuppressions has more APIs and suppressions than are compared.
func TestManySuppressions(t *testing.T) {
	t.Parallel()
	const loops, patterns = 3, 500
	var b strings.Builder
	for i := range loops {
		fmt.Fprintf(&b, "resource a%d 'Microsoft.ApiManagement/service/apis@2022-08-01' = [for i in range(0, 800): {\n  name: 'apim-shop/a%d-${i}'\n}]\n", i, i)
	}
	settings := check.Settings{}
	for i := range patterns {
		settings.Suppress = append(settings.Suppress, check.Suppression{API: fmt.Sprintf("*-%d", i), Reason: "known", File: "settings.yml"})
	}
	f := source.NewFile("main.bicep", []byte(b.String()))
	g := deployment.Load(source.NewSnapshot([]source.Entry{{Path: f.Path, File: f}}), deployment.Options{})
	r := check.Run(g, settings, nil)
	var said []string
	for _, f := range r.Findings {
		if f.Path == "settings.yml" {
			said = append(said, f.Summary)
		}
	}
	if !slices.Equal(said, []string{"Suppressions not evaluated"}) {
		t.Errorf("said about the settings: %q", said)
	}
	if r.Summary.APIs != loops*800 || r.Summary.Suppressed == 0 || r.Summary.Suppressed >= loops*patterns {
		t.Errorf("%+v", r.Summary)
	}
}

// TestUTF16 has files that editors on Windows write: those that speak of API
// Management are reported, whatever the order of their bytes.
func TestUTF16(t *testing.T) {
	t.Parallel()
	wide := func(mark, text string, big bool) []byte {
		out := []byte(mark)
		for i := range len(text) {
			if big {
				out = append(out, 0, text[i])
			} else {
				out = append(out, text[i], 0)
			}
		}
		return out
	}
	const api = "resource orders 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  name: 'apim-shop/orders'\n}\n"
	const document = `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0", ` +
		`"resources": [{"type": "MICROSOFT.APIMANAGEMENT/service/apis", "name": "apim-shop/orders"}]}`
	var entries []source.Entry
	for path, content := range map[string][]byte{
		"api.bicep":     wide("\xff\xfe", api, false),
		"big.json":      wide("\xfe\xff", document, true),
		"storage.bicep": wide("\xff\xfe", "param location string\n", false),
		"workbook.json": wide("\xff\xfe", `{"query": "Microsoft.ApiManagement"}`, false),
	} {
		f := source.NewFile(path, content)
		entries = append(entries, source.Entry{Path: path, File: f})
	}
	r := check.Run(deployment.Load(source.NewSnapshot(entries), deployment.Options{}), check.Settings{}, nil)
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Path+" "+string(f.Code)+" "+f.Summary)
	}
	want := []string{"api.bicep template-unreadable File in UTF-16", "big.json template-unreadable File in UTF-16"}
	if diff := cmp.Diff(want, got); diff != "" || r.Outcome != check.Error {
		t.Errorf("outcome %s (-want +got):\n%s", r.Outcome, diff)
	}
}

// TestManyRevisions declares one API under very many conditions that exclude each
// other: which of them to protect is not looked for.
func TestManyRevisions(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("param p string\n")
	for i := range 500 {
		fmt.Fprintf(&b, "resource a%d 'Microsoft.ApiManagement/service/apis@2022-08-01' = if (p == '%d') {\n  name: 'apim-shop/a'\n}\n", i, i)
	}
	f := source.NewFile("main.bicep", []byte(b.String()))
	r := check.Run(deployment.Load(source.NewSnapshot([]source.Entry{{Path: f.Path, File: f}}), deployment.Options{}), check.Settings{}, nil)
	if len(r.Findings) != 1 || r.Findings[0].Code != check.CodeNotOnboarded || !strings.Contains(r.Findings[0].Subject.Blocked, "more than 50 times") {
		t.Errorf("found %+v", r.Findings)
	}
}

// TestSelectedOnce asks about each path once, however many APIs it has.
func TestSelectedOnce(t *testing.T) {
	t.Parallel()
	f := source.NewFile("main.bicep", []byte(alike(20)))
	g := deployment.Load(source.NewSnapshot([]source.Entry{{Path: f.Path, File: f}}), deployment.Options{})
	asked := map[string]int{}
	check.Run(g, check.Settings{Skip: func(path string) bool { asked[path]++; return false }}, nil)
	if diff := cmp.Diff(map[string]int{"main.bicep": 1}, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// TestLongName has an API whose name is very long: the finding has all of it, and
// the message the beginning.
func TestLongName(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("ä", 10_000)
	f := source.NewFile("main.bicep", fmt.Appendf(nil, "resource a 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  name: 'apim-shop/%s'\n}\n", name))
	g := deployment.Load(source.NewSnapshot([]source.Entry{{Path: f.Path, File: f}}), deployment.Options{})
	r := check.Run(g, check.Settings{}, nil)
	if len(r.Findings) != 1 {
		t.Fatalf("%d findings", len(r.Findings))
	}
	x := r.Findings[0]
	if x.API != name || len(x.Detail) > 2000 || !strings.Contains(x.Detail, "\""+strings.Repeat("ä", 250)+"…\"") {
		t.Errorf("API of %d bytes, message %q", len(x.API), x.Detail[:min(len(x.Detail), 2000)])
	}
}
