package arm

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden reads the files of every archive and compares the model of each
// with the file of the same name and ".model" after it.
func TestGolden(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := withModels(string(content))
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(content), got); diff != "" {
				t.Errorf("model differs (-want +got); run with -update if it is right:\n%s", diff)
			}
		})
	}
}

// withModels is a txtar archive in which every file is followed by its model.
func withModels(archive string) string {
	comment, files, _ := strings.Cut(archive, "\n-- ")
	var b strings.Builder
	b.WriteString(comment + "\n")
	for file := range strings.SplitSeq(files, "\n-- ") {
		name, content, _ := strings.Cut(strings.TrimSuffix(file, "\n"), " --\n")
		if !strings.HasSuffix(name, ".model") {
			content += "\n"
			b.WriteString("-- " + name + " --\n" + content)
			b.WriteString("-- " + name + ".model --\n" + dump(name, []byte(content)))
		}
	}
	return b.String()
}

func dump(name string, content []byte) string {
	f := source.NewFile(name, content)
	if t, ok := Parse(f); ok {
		return dumpTemplate(t)
	}
	if p, ok := ParseParameters(f); ok {
		return dumpParameters(p)
	}
	return "neither\n"
}

const resourceGroupSchema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"

// parseTemplate reads resources and what else belongs into a template.
func parseTemplate(t *testing.T, content string) *template.Template {
	t.Helper()
	got, ok := Parse(source.NewFile("main.json", []byte(content)))
	if !ok {
		t.Fatalf("not a template: %s", content)
	}
	return got
}

// TestBytes has what an editor would change when saving the test.
func TestBytes(t *testing.T) {
	t.Parallel()
	const api = `"type": "Microsoft.ApiManagement/service/apis", "apiVersion": "2022-08-01"`
	tests := map[string]struct {
		content    string
		name       string // of the resource
		line, from int    // of its anchor
	}{
		"byte order mark": {
			"\xef\xbb\xbf" + `{"resources": [{"name": "a/b", ` + api + `}], "$schema": "` + resourceGroupSchema + `"}`,
			`"a/b"`, 1, 25,
		},
		"CRLF": {
			"{\r\n\"$schema\": \"" + resourceGroupSchema + "\",\r\n\"resources\": [\r\n{" + api + ",\r\n  \"name\": \"a/b\"}]}\r\n",
			`"a/b"`, 5, 11,
		},
		"CR": {
			"{\r\"$schema\": \"" + resourceGroupSchema + "\",\r\"resources\": [\r{" + api + ",\r  // name\r  \"name\": \"a/b\"}]}",
			`"a/b"`, 6, 11,
		},
		"raw line break in an expression": {
			"{\"$schema\": \"" + resourceGroupSchema + "\",\n\"resources\": [{" + api + ",\n\"name\": \"[concat(\n\t'a',\r\n '/b')]\"}]}",
			`concat("a", "/b")`, 3, 9,
		},
		"raw line break after an escape": {
			"{\"$schema\": \"" + resourceGroupSchema + "\",\n\"resources\": [{" + api + ",\n\"name\": \"\\u0061/\n\tb\"}]}",
			`"a/\n\tb"`, 3, 9,
		},
		"bytes that are not UTF-8": {
			"{\"$schema\": \"" + resourceGroupSchema + "\",\n\"resources\": [{" + api + ",\n\"name\": \"a/\xe9\"}]}",
			`"a/` + "\uFFFD" + `"`, 3, 9,
		},
		"no-break spaces": {
			"{\u00a0\"$schema\": \"" + resourceGroupSchema + "\",\n\u00a0\u00a0\"resources\": [{" + api + ",\n\u00a0\"name\":\u00a0\"a/b\"}]}",
			`"a/b"`, 3, 10,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := parseTemplate(t, test.content)
			if len(got.Diagnostics) > 0 {
				t.Fatalf("diagnostics: %v", got.Diagnostics)
			}
			all := allResources(got)
			if len(all) != 1 {
				t.Fatalf("%d resources", len(all))
			}
			r := all[0]
			if s := show(r.Name); s != test.name {
				t.Errorf("name = %s, want %s", s, test.name)
			}
			at := got.File.Position(r.Anchor.Start)
			if want := (source.Position{Line: test.line, Column: test.from}); at != want {
				t.Errorf("anchor at %v, want %v", at, want)
			}
		})
	}
}

// TestSpans checks that every expression of a template covers its own text.
func TestSpans(t *testing.T) {
	t.Parallel()
	content := `{"$schema": "` + resourceGroupSchema + `", "variables": {
		"plain": "[concat(parameters('a'), '/', variables('b').c[0])]",
		"escaped": "[concat(\"x\\u0027\", json('{\"k\": 1}').k, parameters('a'))]",
		"unicode": "[concat('é', '\u00e9', parameters('ä').p)]"
	}}`
	content = strings.Replace(content, `\"x\\u0027\"`, `\u0027x\u0027`, 1)
	got := parseTemplate(t, content)
	if len(got.Diagnostics) > 0 {
		t.Fatal(got.Diagnostics)
	}
	var texts []string
	for _, v := range got.Variables {
		expr.Walk(v.Value, func(x expr.Expr) bool {
			texts = append(texts, got.File.Text(x.Span()))
			return true
		})
	}
	want := []string{
		`concat(parameters('a'), '/', variables('b').c[0])`, `parameters('a')`, `'a'`, `'/'`,
		`variables('b').c[0]`, `variables('b').c`, `variables('b')`, `'b'`, `0`,
		`concat(\u0027x\u0027, json('{\"k\": 1}').k, parameters('a'))`, `\u0027x\u0027`,
		`json('{\"k\": 1}').k`, `json('{\"k\": 1}')`, `'{\"k\": 1}'`, `parameters('a')`, `'a'`,
		`concat('é', '\u00e9', parameters('ä').p)`, `'é'`, `'\u00e9'`, `parameters('ä').p`, `parameters('ä')`, `'ä'`,
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Error(diff)
	}
}

// TestHostile has files that are made to take long; each has its time.
func TestHostile(t *testing.T) {
	t.Parallel()
	head := `{"$schema": "` + resourceGroupSchema + `", "resources": [`
	fill := func(s string) string { return strings.Repeat(s, 1<<20/len(s)) }
	nested := strings.Repeat(`{"type":"Microsoft.Resources/deployments","name":"d","properties":{"template":{"resources":[`, 49)
	links := `"variables":{"a":"[concat(variables('a'),variables('a'),variables('a'))]"},"resources":[`
	link := `{"type":"Microsoft.Resources/deployments","properties":{"templateLink":{"relativePath":"[variables('a')]"}}},`
	tests := map[string]string{
		"deep inline templates": head + nested + fill(`{"type":"a.b/c","name":"d"},`) + `{}` + strings.Repeat(`]}}}`, 49) + `]}`,
		"links in circles":      `{"$schema": "` + resourceGroupSchema + `",` + links + fill(link) + `{}]}`,
		"markers on one line":   head + `{}` + fill(`/* onboard-defender: ignore x */`) + `]}`,
		"markers in a block":    head + fill("// onboard-defender: ignore x\n") + `{}]}`,
		"markers and gaps":      head + fill("// onboard-defender: ignore x\n"+strings.Repeat(" ", 4000)) + `{}]}`,
		"one key":               `{"$schema": "` + resourceGroupSchema + `","parameters":{` + fill(`"a":{},`) + `"a":{}}}`,
		"trailing commas":       head + fill(`[1,],`) + `]}`,
		"quotation marks":       `{"$schema": "` + resourceGroupSchema + `","variables":{"a":"` + fill(`\"`) + `"}}`,
		"syntax errors":         `{"$schema": "` + resourceGroupSchema + `","variables":{"a":[` + fill(`x,`) + `1]}}`,
		"long expression":       `{"$schema": "` + resourceGroupSchema + `","variables":{"a":"[` + fill(`a(`) + `]"}}`,
		"many expressions":      `{"$schema": "` + resourceGroupSchema + `","variables":{"a":[` + fill(`"[a()]",`) + `1]}}`,
		"bad expressions":       `{"$schema": "` + resourceGroupSchema + `","variables":{"a":[` + fill(`"[(]",`) + `1]}}`,
		"copies in copies": `{"$schema": "` + resourceGroupSchema + `","variables":` + strings.Repeat(`{"copy":[{"name":"a","count":1,"input":`, 60) +
			`"` + fill("x") + `"` + strings.Repeat(`}]}`, 60) + `}`,
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			parseTemplate(t, content)
			// Well above what it takes on a busy machine, far below what a quadratic
			// reader would.
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestLargest(t *testing.T) {
	t.Parallel()
	head, tail := `{"$schema": "`+resourceGroupSchema+`", "variables": {"a": "`, `"}}`
	fits := head + strings.Repeat("x", template.MaxSize-len(head)-len(tail)) + tail
	if got := parseTemplate(t, fits); len(got.Diagnostics) != 0 || len(got.Variables) != 1 {
		t.Errorf("%d bytes: %v", len(fits), got.Diagnostics)
	}
	got := parseTemplate(t, fits+" ")
	if len(got.Diagnostics) != 1 || got.Diagnostics[0].Summary != "File too large" || got.Variables != nil {
		t.Errorf("%d bytes: %v", len(fits)+1, got.Diagnostics)
	}
}
