package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

var update = flag.Bool("update", false, "write the generated files in docs")

func TestGenerated(t *testing.T) {
	t.Parallel()
	for name, content := range map[string][]byte{"settings.md": SettingsMarkdown(), "onboard-defender.schema.json": Schema()} {
		path := filepath.Join("..", "..", "docs", name)
		if *update {
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		committed, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(content), string(bytes.ReplaceAll(committed, []byte("\r\n"), []byte("\n")))); diff != "" {
			t.Errorf("docs/%s is not what the definitions say; run with -update: %s", name, diff)
		}
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	var s map[string]any
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	if s["$schema"] != "https://json-schema.org/draft/2020-12/schema" || s["$id"] != SchemaURL || bytes.Contains(Schema(), []byte(`\u00`)) {
		t.Errorf("%v", s)
	}
	described(t, "", s)
}

// described holds that each key of the schema is described and closed.
func described(t *testing.T, name string, s map[string]any) {
	t.Helper()
	if text, ok := s["description"].(string); !ok || !strings.HasSuffix(text, ".") {
		t.Errorf("%s: description %q", name, text)
	}
	properties, ok := s["properties"].(map[string]any)
	if !ok {
		return
	}
	if s["additionalProperties"] != false {
		t.Errorf("%s is open", name)
	}
	for key, p := range properties {
		described(t, name+"."+key, p.(map[string]any))
	}
}

// TestSchemaAgrees holds that the schema and the reader say the same about
// files. What only the reader knows (dates that do not exist, patterns that
// cannot be compiled) is in TestParseErrors.
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	var s map[string]any
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]bool{
		complete:                              true,
		"version: 1":                          true,
		"gate: all":                           false,
		"version: 2":                          false,
		"version: '1'":                        false,
		"- a":                                 false,
		"version: 1\nx: 1":                    false,
		"version: 1\nenabled: no":             false,
		"version: 1\ngate: some":              false,
		"version: 1\npaths: []":               false,
		"version: 1\npaths: {a: []}":          false,
		"version: 1\npaths: {include: [1]}":   false,
		"version: 1\npaths: {include: ['']}":  false,
		"version: 1\npaths: {include: []}":    true,
		"version: 1\nparameterDefaults: {}":   true,
		"version: 1\nparameterDefaults: []":   false,
		"version: 1\nparameters: {a.json: b}": false,
		"version: 1\nfix: {apiVersion: x}":    false,
		"version: 1\nsuppress: {}":            false,
		"version: 1\nsuppress: [{api: a}]":    false,
		"version: 1\nsuppress: [{reason: a}]": false,
		"version: 1\nlocked: [fix.mode, fix]": true,
		"version: 1\nlocked: [version]":       false,
		"version: 1\nonboarding: {}":          true,
		"version: 1\nonboarding: ~":           false,
		"version: 1\nsuppress: [{path: a, reason: b, expires: 1/2}]":        false,
		"version: 1\nsuppress: [{path: a, reason: b, expires: 2030-01-02}]": true,
	} {
		f := source.NewFile(RepositoryPath, []byte(content))
		root, err := readYAML(f)
		if err != nil {
			t.Fatal(err)
		}
		_, ds := Parse(f)
		broken := violations("", s, root)
		if (len(broken) == 0) != want || (len(ds) == 0) != want {
			t.Errorf("%q: schema %v, reader %v", content, broken, lines(f, ds))
		}
	}
}

// violations are the places where a value breaks a schema, for the words of
// JSON Schema that ours uses; any other word is one itself.
func violations(at string, s map[string]any, n *node) []string {
	var out []string
	bad := func(word string) { out = append(out, at+" "+word) }
	for word, v := range s {
		switch word {
		case "$schema", "$id", "title", "description", "default", "format", "properties":
		case "type":
			kinds := map[string][]nodeKind{"object": {mapNode}, "array": {listNode}, "string": {textNode}, "boolean": {boolNode}}
			if !slices.Contains(kinds[v.(string)], n.kind) {
				bad(word)
			}
		case "const":
			if n.kind != intNode || float64(n.number) != v {
				bad(word)
			}
		case "enum":
			if !slices.Contains(v.([]any), any(n.text)) {
				bad(word)
			}
		case "pattern":
			if !regexp.MustCompile(v.(string)).MatchString(n.text) {
				bad(word)
			}
		case "minLength":
			if n.kind == textNode && float64(len([]rune(n.text))) < v.(float64) {
				bad(word)
			}
		case "maxLength":
			if float64(len([]rune(n.text))) > v.(float64) {
				bad(word)
			}
		case "maxItems":
			if float64(len(n.items)) > v.(float64) {
				bad(word)
			}
		case "items":
			for i, item := range n.items {
				out = append(out, violations(fmt.Sprintf("%s[%d]", at, i), v.(map[string]any), item)...)
			}
		case "required":
			for _, name := range v.([]any) {
				if n.lookup(name.(string)) == nil {
					bad(word)
				}
			}
		case "anyOf":
			if !slices.ContainsFunc(v.([]any), func(v any) bool { return len(violations(at, v.(map[string]any), n)) == 0 }) {
				bad(word)
			}
		case "additionalProperties":
			known, _ := s["properties"].(map[string]any)
			for _, f := range n.fields {
				switch rest, open := v.(map[string]any); {
				case known[f.key] != nil:
					out = append(out, violations(at+"."+f.key, known[f.key].(map[string]any), f.value)...)
				case open:
					out = append(out, violations(at+"."+f.key, rest, f.value)...)
				default:
					bad(f.key)
				}
			}
		default:
			bad("unknown word " + word)
		}
	}
	return out
}

func TestMarkdownNamesEverything(t *testing.T) {
	t.Parallel()
	text := string(SettingsMarkdown())
	var names []string
	for name := range leaves(repositorySettings(), "") {
		names = append(names, name)
	}
	for name := range leaves(suppressionSettings(), "") {
		names = append(names, name)
	}
	for _, v := range variables() {
		names = append(names, v.name)
	}
	for _, name := range names {
		if !strings.Contains(text, "| `"+name+"` |") {
			t.Errorf("%s is not documented", name)
		}
	}
	// The example has to be one that works.
	_, example, _ := strings.Cut(text, "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	f := source.NewFile(RepositoryPath, []byte(example))
	if _, ds := Parse(f); len(ds) > 0 || !strings.Contains(example, "version: 1") {
		t.Errorf("%q: %v", example, lines(f, ds))
	}
}
