package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	published "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// publishedSchema compiles the JSON Schema that OASIS publishes for SARIF
// 2.1.0. Its text is not ours to copy: a module that has it in a constant,
// which it does not export, is in the module cache wherever this test is built.
var publishedSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	dir, err := exec.CommandContext(context.Background(), "go", "list", "-f", "{{.Dir}}", reflect.TypeFor[published.Report]().PkgPath()).Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	text, err := constant(filepath.Join(strings.TrimSpace(string(dir)), "schema.go"), "schema")
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(sarifSchema, document); err != nil {
		return nil, err
	}
	return c.Compile(sarifSchema)
})

// constant is the text of a constant in a Go file.
func constant(path, name string) (string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range g.Specs {
			v, ok := s.(*ast.ValueSpec)
			if !ok || v.Names[0].Name != name {
				continue
			}
			if text, ok := v.Values[0].(*ast.BasicLit); ok {
				return strconv.Unquote(text.Value)
			}
		}
	}
	return "", fmt.Errorf("%s: no constant %s", path, name)
}

// validate holds a log to the published schema.
func validate(t *testing.T, log []byte) error {
	t.Helper()
	schema, err := publishedSchema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(document)
}

// odd is a report of what the others have nothing of: every code and one that
// is not known, no texts, places out of bounds, bytes that are no UTF-8, paths
// that are no URI, and fixes over several files.
func odd(t *testing.T) *check.Report {
	t.Helper()
	paths := []string{"a b/é%#?[x].json", "c:d/x.bicep", "\xff\x01/y", "//z", "%41.json"}
	files := map[string]string{}
	for _, p := range paths {
		files[p] = source.BOM + "\xff注\r\n\ty\r"
	}
	b := newBuilder(t, files)
	edits := []diag.TextEdit{{Path: paths[1], NewText: "\x00\xff"}, {Path: paths[0], Span: source.Span{Start: 3, End: 99}}}
	codes := []diag.Code{"of another kind", ""}
	for _, k := range kinds {
		codes = append(codes, k.code)
	}
	for i, code := range codes {
		for _, path := range append(paths, "not/known") {
			b.Findings = append(b.Findings, check.Finding{
				Diagnostic: diag.Diagnostic{
					Code: code, Severity: diag.Severity(i % 4), Path: path, Span: source.Span{Start: i, End: i * i}, Summary: "S", Detail: strings.Repeat("{0}[a](1)\\\xff", i),
					Related: []diag.Related{{Path: path, Span: source.Span{Start: -1, End: 1000}}},
					Fixes:   []diag.SuggestedFix{{Edits: edits}, {Message: "\xff{", Edits: edits[:1]}, {Edits: nil}},
				},
				API: strings.Repeat("\xff/{", i%2), Fixable: i%2 == 0, Deployments: paths, Parameters: paths, New: i%3 == 0,
			})
		}
	}
	b.api(check.API{Path: paths[2], At: source.Span{Start: 3, End: 7}, Status: check.Suppressed})
	return b.Report
}

func TestSARIFSchema(t *testing.T) {
	t.Parallel()
	all := reports(t)
	all["odd"], all["many"] = odd(t), many(t, 20)
	for name, r := range all {
		for _, o := range []SARIFOptions{{}, {Version: "1.2.3", Compared: true}} {
			t.Run(fmt.Sprint(name, "/", o), func(t *testing.T) {
				t.Parallel()
				var out bytes.Buffer
				if err := SARIF(&out, r, o); err != nil {
					t.Fatal(err)
				}
				if err := validate(t, out.Bytes()); err != nil {
					t.Errorf("%#v", err)
				}
			})
		}
	}
}

// TestSARIFSchemaRefuses shows that the schema is the one of SARIF, and that
// it is applied with all its formats.
func TestSARIFSchemaRefuses(t *testing.T) {
	t.Parallel()
	var good bytes.Buffer
	if err := SARIF(&good, failing(t), SARIFOptions{Compared: true}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ old, bad string }{
		{`"version": "2.1.0"`, `"version": "2.2"`},
		{`"level": "error"`, `"level": "failure"`},
		{`"startLine": 7`, `"startLine": 0`},
		{`"uri": "infra/api.bicep"`, `"uri": "infra\\api.bicep"`},
		{`"informationUri": "https:`, `"informationUri": "//`},
		{`"columnKind": "unicodeCodePoints"`, `"columnKind": "bytes"`},
		{`"baselineState": "new"`, `"baselineState": "existing"`},
		{`"deletedRegion"`, `"deleted"`},
		{`"replacements"`, `"edits"`},
		{`"ruleIndex": 0`, `"ruleIndex": "0"`},
	} {
		log := strings.Replace(good.String(), tc.old, tc.bad, 1)
		if log == good.String() || !json.Valid([]byte(log)) {
			t.Fatalf("%s is not in the log", tc.old)
		}
		if validate(t, []byte(log)) == nil {
			t.Errorf("%s is accepted", tc.bad)
		}
	}
}
