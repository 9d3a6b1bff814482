package deployment_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

const (
	typeAPI = "Microsoft.ApiManagement/service/apis"
	schema  = `"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0"`
)

// snapshot makes a tree of files: path, content and so on.
func snapshot(files ...string) *source.Snapshot {
	var entries []source.Entry
	for i := 0; i < len(files); i += 2 {
		f := source.NewFile(files[i], []byte(files[i+1]))
		entries = append(entries, source.Entry{Path: f.Path, Size: int64(len(f.Content)), File: f})
	}
	return source.NewSnapshot(entries)
}

// bicepAPI declares an API whose last segment is an expression.
func bicepAPI(name string) string {
	return "resource api '" + typeAPI + "@2022-08-01' = {\n  name: 'apim-shop/${" + name + "}'\n}\n"
}

// armTemplate is a template with variables and an API whose last segment is an
// expression.
func armTemplate(variables, name string) string {
	return fmt.Sprintf(`{%s, "variables": {%s}, "resources": [{"type": %q, "apiVersion": "2022-08-01", "name": "[concat('apim-shop/', %s)]"}]}`,
		schema, variables, typeAPI, name)
}

// doubled are declarations each of which says the one before twice.
func doubled(n int, first, next string) string {
	var b strings.Builder
	b.WriteString(first + "\n")
	for i := range n {
		fmt.Fprintf(&b, next+"\n", i+1, i, i)
	}
	return b.String()
}

// fan are modules each of which calls the next one twice.
func fan(n int) []string {
	var files []string
	for i := range n {
		next := fmt.Sprintf("m%d.bicep", i+1)
		files = append(files, fmt.Sprintf("m%d.bicep", i), call(next, next))
	}
	return append(files, fmt.Sprintf("m%d.bicep", n), bicepAPI("'a'"))
}

// chained are modules with an output that two calls of the next one give; the
// first declares an API with it.
func chained(n int) []string {
	var files []string
	for i := range n {
		next := fmt.Sprintf("m%d.bicep", i+1)
		text := call(next, next) + "output o string = '${m0.outputs.o}${m1.outputs.o}'\n"
		if i == 0 {
			text += bicepAPI("m0.outputs.o")
		}
		files = append(files, fmt.Sprintf("m%d.bicep", i), text)
	}
	return append(files, fmt.Sprintf("m%d.bicep", n), "output o string = 'a'\n")
}

// cubed are modules that call each other in loops of 800.
func cubed() []string {
	loop := "param n int = 0\nmodule m '%s' = [for i in range(0, 800): {\n  name: 'm${i}'\n  params: { n: n * 800 + i }\n}]\n"
	return []string{
		"a.bicep", fmt.Sprintf(loop, "b.bicep"),
		"b.bicep", fmt.Sprintf(loop, "c.bicep"),
		"c.bicep", "param n int\nresource api '" + typeAPI + "@2022-08-01' = [for i in range(0, 800): {\n  name: 'apim-shop/a${n * 800 + i}'\n}]\n",
	}
}

// extended are parameter files each of which extends the next.
func extended(n int) []string {
	files := []string{"m.bicep", "param n string\n" + bicepAPI("n"), "p0.bicepparam", "using 'm.bicep'\nextends 'p1.bicepparam'\n"}
	for i := 1; i < n; i++ {
		files = append(files, fmt.Sprintf("p%d.bicepparam", i), fmt.Sprintf("using none\nextends 'p%d.bicepparam'\nparam n = '${base.n}${base.n}'\n", i+1))
	}
	return append(files, fmt.Sprintf("p%d.bicepparam", n), "using none\nparam n = '0123456789'\n")
}

// TestAdversarial checks that what is made to be expensive is given up early,
// with a diagnostic that says where and why.
func TestAdversarial(t *testing.T) {
	t.Parallel()
	const million = 1_000_000
	tests := []struct {
		name  string
		files []string
		path  string // of the diagnostic
		code  diag.Code
		says  string
	}{
		{"bicep brackets", []string{"m.bicep", "var a = " + strings.Repeat("[", million) + "\n" + bicepAPI("'a'")}, "m.bicep", "template-unreadable", "nest"},
		{"bicep parentheses", []string{"m.bicep", "var a = " + strings.Repeat("(", million) + "1" + strings.Repeat(")", million) + "\n" + bicepAPI("'a'")}, "m.bicep", "template-unreadable", "nest"},
		{"json brackets", []string{"m.json", armTemplate(`"a": `+strings.Repeat("[", million), "'a'")}, "m.json", "template-unreadable", "nest"},
		{"json closed brackets", []string{"m.json", armTemplate(`"a": `+strings.Repeat("[", million)+strings.Repeat("]", million), "'a'")}, "m.json", "template-unreadable", "nest"},
		{"expression brackets", []string{"m.json", armTemplate(`"a": "[`+strings.Repeat("not(", 4000)+"true"+strings.Repeat(")", 4000)+`]"`, "variables('a')")}, "m.json", "template-unreadable", "nest"},
		{"long expression", []string{"m.json", armTemplate(`"a": "[concat(`+strings.Repeat("'x',", 7000)+`'x')]"`, "variables('a')")}, "m.json", "template-unreadable", "24576"},
		{"defaults that double", []string{"m.bicep", doubled(60, "param p0 string = '0123456789'", "param p%d string = '${p%d}${p%d}'") + bicepAPI("p60")}, "m.bicep", "not-evaluated", "1048576 characters"},
		{"arrays that double", []string{"m.bicep", doubled(60, "var v0 = [1]", "var v%d = concat(v%d, v%d)") + bicepAPI("length(v60)")}, "m.bicep", "not-evaluated", "elements"},
		{"loop of a thousand million", []string{"m.bicep", "resource api '" + typeAPI + "@2022-08-01' = [for i in range(0, 1000000000): {\n  name: 'apim-shop/a${i}'\n}]\n"}, "m.bicep", "not-evaluated", "10000 numbers"},
		{"copy of a thousand million", []string{"m.json", `{` + schema + `, "resources": [{"type": "` + typeAPI + `", "apiVersion": "2022-08-01", "name": "[concat('apim-shop/', copyIndex())]", "copy": {"name": "c", "count": 1000000000}}]}`}, "m.json", "not-evaluated", "800"},
		{"modules in loops", cubed(), "b.bicep", "not-evaluated", "20000 resources"},
		{"APIs of one template", []string{"m.bicep", strings.Repeat("resource a '"+typeAPI+"@2022-08-01' = [for i in range(0, 800): {\n  name: 'apim-shop/a${i}'\n}]\n", 6)}, "m.bicep", "not-evaluated", "4000 APIs and module calls"},
		{"module calls of one template", []string{"m.bicep", strings.Repeat(call("n.bicep", "n.bicep"), 2001), "n.bicep", bicepAPI("'a'")}, "m.bicep", "not-evaluated", "4000 APIs and module calls"},
		{"declarations of one file", []string{"m.bicep", strings.Repeat("resource a '"+typeAPI+"@2022-08-01' = {\n  name: 'apim-shop/a'\n}\n", 8001)}, "m.bicep", "template-unreadable", "8000 resources and modules"},
		{"nested resources of one file", []string{"m.json", `{` + schema + `, "resources": [{"type": "Microsoft.ApiManagement/service", "apiVersion": "2022-08-01", "name": "s", "resources": [{}` + strings.Repeat(`,{"type": "apis", "apiVersion": "2022-08-01", "name": "a"}`, 8001) + `]}]}`}, "m.json", "template-unreadable", "8000 resources and modules"},
		{"nested templates of one file", []string{"m.json", `{` + schema + `, "resources": [{}` + strings.Repeat(`,{"type": "Microsoft.Resources/deployments", "apiVersion": "2021-04-01", "name": "n", "properties": {"template": {`+schema+`, "resources": [{"type": "Microsoft.ApiManagement/service/apis", "apiVersion": "2022-08-01", "name": "s/a"}]}}}`, 4001) + `]}`}, "m.json", "template-unreadable", "8000 resources and modules"},
		{"parameters of one file", []string{"m.bicep", "param p string\n" + bicepAPI("p"), "m.bicepparam", "using 'm.bicep'\n" + strings.Repeat("param p = 'a'\n", 1001)}, "m.bicepparam", "template-unreadable", "1000 parameters"},
		{"loops in loops", []string{"m.bicep", "var a = [for i in range(0, 800): [for j in range(0, 800): [for k in range(0, 800): i * j * k]]]\n" + bicepAPI("length(a)")}, "m.bicep", "not-evaluated", "2000000 steps"},
		{"modules that fan out", fan(30), "m29.bicep", "not-evaluated", "20000 module calls"},
		{"outputs that fan out", chained(30), "m0.bicep", "not-evaluated", "20000 module calls"},
		{"functions that fan out", []string{"m.bicep", doubled(60, "func f0(x string) string => x", "func f%d(x string) string => '${f%d(x)}${f%d(x)}'") + bicepAPI("f60('')")}, "m.bicep", "not-evaluated", "2000000 steps"},
		{"modules without end", fan(40), "m32.bicep", "not-evaluated", "more than 32 modules"},
		{"parameter files without end", extended(40), "p32.bicepparam", "not-evaluated", "more than 32 in a row"},
		{"parameter files that double", extended(30), "m.bicep", "not-evaluated", "2000000 steps"},
		{"ternaries", []string{"m.bicep", "param p bool\nvar a = " + strings.Repeat("p ? 'x' : ", 100_000) + "'y'\n" + bicepAPI("a")}, "m.bicep", "template-unreadable", "nest"},
		{"conjunctions", []string{"m.bicep", "param p bool\nvar a = " + strings.Repeat("p && ", 100_000) + "p\n" + bicepAPI("a")}, "m.bicep", "template-unreadable", "nest"},
		{"interpolations", []string{"m.bicep", "param p string = '0123456789ab'\nvar a = '" + strings.Repeat("${p}", 100_000) + "'\n" + bicepAPI("a")}, "m.bicep", "not-evaluated", "1048576 characters"},
		{"brackets side by side", []string{"m.bicep", "var a = [" + strings.Repeat("(1),", million) + "1]\n" + bicepAPI("length(a)")}, "m.bicep", "template-unreadable", "150000"},
		{"array of a million", []string{"m.json", armTemplate(`"a": [`+strings.Repeat("1,", million)+`1]`, "length(variables('a'))")}, "m.json", "template-unreadable", "250000"},
		{"copy over many", []string{"m.json", `{` + schema + `, "variables": {"a": [` + strings.Repeat("1,", 200_000) + `1]}, "resources": [{"type": "` + typeAPI + `", "apiVersion": "2022-08-01", "name": "[concat('apim-shop/', variables('a')[copyIndex()])]", "copy": {"name": "c", "count": "[length(variables('a'))]"}}]}`}, "m.json", "not-evaluated", "800 iterations"},
		{"module that loops over itself", []string{"m.bicep", "module a 'api.bicep' = [for x in a: {\n  params: { p: a[0].name }\n}]\n", "api.bicep", "param p string\n" + bicepAPI("p")}, "api.bicep", "not-evaluated", "400 levels"},
		{"APIs that loop over each other", []string{"m.bicep", "resource a '" + typeAPI + "@2022-08-01' = [for x in b: {\n  name: b[0].name\n}]\nresource b '" + typeAPI + "@2022-08-01' = [for x in a: {\n  name: a[0].name\n}]\n"}, "m.bicep", "not-evaluated", "400 levels"},
		{"more than Azure takes", []string{"m.bicep", bicepAPI("'a'") + "var a = '" + strings.Repeat("x", 5*million) + "'\n"}, "m.bicep", "template-unreadable", "4194304"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := deployment.Load(snapshot(tt.files...), deployment.Options{})
			var all []diag.Diagnostic
			for _, p := range g.Files() {
				all = append(all, g.File(p).Diagnostics...)
			}
			for _, d := range g.ExpandAll() {
				all = append(all, d.Diagnostics...)
			}
			for _, d := range all {
				if d.Path == tt.path && d.Code == tt.code && strings.Contains(d.Summary+d.Detail, tt.says) && d.Severity == diag.Failure {
					return
				}
			}
			t.Errorf("no %s in %s that says %q; got %d diagnostics, first: %+v", tt.code, tt.path, tt.says, len(all), all[:min(3, len(all))])
		})
	}
}

// TestTotal has deployments that together take more work than is done: the
// same deployments are cut off whatever the order they are worked on.
func TestTotal(t *testing.T) {
	t.Parallel()
	files := []string{"api.bicep", "resource api '" + typeAPI + "@2022-08-01' = [for i in range(0, 800): {\n  name: 'apim-shop/a${i}'\n}]\n"}
	for i := range 70 {
		files = append(files, fmt.Sprintf("root%03d.bicep", i), "module m 'api.bicep' = {\n  name: 'm'\n}\n")
	}
	all := deployment.Load(snapshot(files...), deployment.Options{}).ExpandAll()
	for i, d := range all {
		cut := len(d.Diagnostics) == 1 && d.Diagnostics[0].Code == deployment.CodeNotEvaluated
		if want := i >= 45; cut != want || (len(d.Resources) == 0) != want {
			t.Fatalf("deployment %d has %d resources and %v", i, len(d.Resources), d.Diagnostics)
		}
	}
}

// TestParameterFiles has more parameter files for a template than it is
// evaluated with.
func TestParameterFiles(t *testing.T) {
	t.Parallel()
	files := []string{"main.bicep", "param p string\n" + bicepAPI("p")}
	for i := range 1001 {
		files = append(files, fmt.Sprintf("p%04d.bicepparam", i), "using 'main.bicep'\nparam p = 'a'\n")
	}
	g := deployment.Load(snapshot(files...), deployment.Options{})
	if n := len(g.Roots()); n != 1000 {
		t.Errorf("%d roots", n)
	}
	if all := g.Orphans(); len(all) != 1 || all[0].Code != deployment.CodeNotEvaluated || !strings.Contains(all[0].Detail, "1001 parameter files") {
		t.Errorf("said: %+v", all)
	}
}
