package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

var update = flag.Bool("update", false, "write the generated files in docs")

func TestGenerated(t *testing.T) {
	t.Parallel()
	for name, content := range map[string][]byte{"settings.md": settingsMarkdown(), "onboard-defender.schema.json": Schema()} {
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

// compiledSchema is the schema as any program takes it. Compiling holds it to
// the schema of its draft.
var compiledSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(SchemaURL, document); err != nil {
		return nil, err
	}
	return c.Compile(SchemaURL)
})

// validate holds a file to the schema; not ok if it is no YAML at all.
func validate(t *testing.T, content string) (ok bool, broken error) {
	t.Helper()
	root, _ := readYAML(source.NewFile(RepositoryPath, []byte(content)))
	if root == nil {
		return false, nil
	}
	return true, validateNode(t, root)
}

func validateNode(t *testing.T, n *node) error {
	t.Helper()
	s, err := compiledSchema()
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(plain(n))
}

// plain is a node as programs that know JSON have it.
func plain(n *node) any {
	switch n.kind {
	case boolNode:
		return n.truth
	case intNode:
		return json.Number(strconv.FormatInt(n.number, 10))
	case numberNode:
		if json.Valid([]byte(n.text)) {
			return json.Number(n.text)
		}
		return json.Number("0.5") // JSON has no infinity
	case textNode:
		return n.text
	case listNode:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = plain(item)
		}
		return list
	case mapNode:
		object := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			object[f.key] = plain(f.value)
		}
		return object
	case nullNode:
	}
	return nil
}

// TestSchemaAgrees holds that the schema and the reader say the same about
// files.
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]bool{
		complete:                                   true,
		"version: 1":                               true,
		"gate: all":                                false,
		"version: 2":                               false,
		"version: '1'":                             false,
		"- a":                                      false,
		"version: 1\nx: 1":                         false,
		"version: 1\nenabled: no":                  false,
		"version: 1\ngate: some":                   false,
		"version: 1\npaths: []":                    false,
		"version: 1\npaths: {a: []}":               false,
		"version: 1\npaths: {include: [1]}":        false,
		"version: 1\npaths: {include: ['']}":       false,
		"version: 1\npaths: {include: [' ']}":      false,
		"version: 1\npaths: {include: []}":         true,
		"version: 1\nregions: {supported: ['\t']}": false,
		"version: 1\nregions: {supported: [" + strings.Repeat("x,", maxList) + "]}":  true,
		"version: 1\nregions: {supported: [" + strings.Repeat("x,", maxList) + "x]}": false,
		"version: 1\nregions: {supported: [" + strings.Repeat("注", maxText) + "]}":   true,
		"version: 1\nregions: {supported: [" + strings.Repeat("x", maxText) + "x]}":  false,
		"version: 1\nparameterDefaults: {}":                                          true,
		"version: 1\nparameterDefaults: []":                                          false,
		"version: 1\nparameterDefaults: {a: [~, {b: -9223372036854775808}]}":         true,
		"version: 1\nparameters: {a.json: b}":                                        false,
		"version: 1\nparameters: {a.json: [' ']}":                                    false,
		"version: 1\nfix: {apiVersion: x}":                                           false,
		"version: 1\nfix: {apiVersion: 2023-11-15-beta}":                             false,
		"version: 1\nsuppress: {}":                                                   false,
		"version: 1\nsuppress: [{api: a}]":                                           false,
		"version: 1\nsuppress: [{reason: a}]":                                        false,
		"version: 1\nsuppress: [{api: a, reason: ' '}]":                              false,
		"version: 1\nsuppress: [{service: a, reason: \" b\\n\"}]":                    true,
		"version: 1\nsuppress: [{path: '!a', reason: b}]":                            false,
		"version: 1\nsuppress: [{path: '\\!a', reason: b}]":                          true,
		"version: 1\nlocked: [fix.mode, fix]":                                        true,
		"version: 1\nlocked: [version]":                                              false,
		"version: 1\nonboarding: {}":                                                 true,
		"version: 1\nonboarding: ~":                                                  false,
		"version: 1\nsuppress: [{path: a, reason: b, expires: 1/2}]":                 false,
		"version: 1\nsuppress: [{path: a, reason: b, expires: 2030-02-29}]":          false,
		"version: 1\nsuppress: [{path: a, reason: b, expires: 2030-01-02}]":          true,
	} {
		f := source.NewFile(RepositoryPath, []byte(content))
		read, broken := validate(t, content)
		_, ds := Parse(f)
		if !read || (broken == nil) != want || (len(ds) == 0) != want {
			t.Errorf("%.200q: schema %v, reader %v", content, broken, lines(f, ds))
		}
	}
}

// TestSchemaRefuses holds that the schema refuses what the reader does, but
// for what a schema has no words for.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	beyond := map[string]string{
		"version as fraction":   "1.0 and 1 are one number in JSON",
		"patterns":              "what a glob is; what the first one of a list may be",
		"API version of no day": "a date with something after it",
		"parameter defaults":    "numbers with a fraction or beyond 64 bits, at any depth; names that differ in case only",
		"paths of parameters":   "where a path leads, and how a file is named",
	}
	for _, tc := range allInvalid() {
		read, broken := validate(t, tc.content)
		reason := beyond[tc.name]
		delete(beyond, tc.name)
		switch {
		case !read: // what is no YAML has no value that a schema could be held to
			if reason != "" {
				t.Errorf("%s is no YAML", tc.name)
			}
		case broken == nil && reason == "":
			t.Errorf("%s: the schema accepts %q", tc.name, tc.content)
		case broken != nil && reason != "":
			t.Errorf("%s: the schema does refuse: %v", tc.name, broken)
		}
	}
	for name := range beyond {
		t.Errorf("there is no %q", name)
	}
}

// TestSchemaForgivesLess names what the reader takes and the schema does not:
// space around a text that has a form or a length.
func TestSchemaForgivesLess(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"version: 1\nfix: {apiVersion: ' 2023-11-15'}",
		"version: 1\nsuppress: [{api: a, reason: b, expires: '2030-01-02 '}]",
		"version: 1\nregions: {supported: [' " + strings.Repeat("x", maxText) + "']}",
	} {
		read, broken := validate(t, content)
		if _, ds := Parse(source.NewFile(RepositoryPath, []byte(content))); !read || broken == nil || len(ds) > 0 {
			t.Errorf("%.80q: schema %v, reader %v", content, broken, ds)
		}
	}
}

func TestMarkdownNamesEverything(t *testing.T) {
	t.Parallel()
	text := string(settingsMarkdown())
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
	if read, broken := validate(t, example); broken != nil || !read {
		t.Errorf("%q: %v", example, broken)
	}
}
