package deployment_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

const apiA = "resource api '" + typeAPI + "@2022-08-01' = {\n  name: 'apim-shop/a'\n}\n"

func call(paths ...string) string {
	var b strings.Builder
	for i, p := range paths {
		fmt.Fprintf(&b, "module m%d '%s' = {\n  name: 'm%d'\n}\n", i, p, i)
	}
	return b.String()
}

func parameterFile(template string) string {
	return `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "contentVersion": "1.0.0.0", ` +
		`"metadata": {"template": "` + template + `"}, "parameters": {}}`
}

// compiled is a template that the compiler wrote.
const compiled = `{` + schema + `, "metadata": {"_generator": {"name": "bicep"}}, "resources": []}`

func roots(g *deployment.Graph) []string {
	var out []string
	for _, r := range g.Roots() {
		out = append(out, strings.TrimSuffix(r.Path+" "+r.Parameters, " "))
	}
	return out
}

func TestRoots(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		options deployment.Options
		files   []string
		want    []string
	}{
		"what nobody calls": {
			files: []string{"a.bicep", call("b.bicep", "sub/c.bicep"), "b.bicep", apiA, "sub/c.bicep", call("../d.json"), "d.json", armTemplate("", "'d'"), "e.bicep", apiA},
			want:  []string{"a.bicep", "e.bicep"},
		},
		"an import deploys nothing": {files: []string{"a.bicep", "import { x } from 'b.bicep'\n", "b.bicep", "@export()\nvar x = 1\n" + apiA}, want: []string{"a.bicep", "b.bicep"}},
		"a module with a set of its own": {
			files: []string{"a.bicep", call("b.bicep"), "b.bicep", apiA, "b.bicepparam", "using 'b.bicep'\n"},
			want:  []string{"a.bicep", "b.bicep b.bicepparam"},
		},
		"several sets": {
			files: []string{"a.bicep", apiA, "p/dev.bicepparam", "using '../a.bicep'\n", "p/prod.json", parameterFile("a.bicep"), "a.parameters.json", parameterFile("")},
			want:  []string{"a.bicep a.parameters.json", "a.bicep p/dev.bicepparam", "a.bicep p/prod.json"},
		},
		"a circle": {files: []string{"b.bicep", call("c.bicep"), "c.bicep", call("b.bicep"), "d.bicep", call("d.bicep")}, want: []string{"b.bicep", "d.bicep"}},
		"output of the compiler": {
			files: []string{"a.bicep", apiA, "a.json", compiled, "main.bicep", apiA, "azuredeploy.json", compiled, "mainTemplate.json", compiled, "b.json", compiled, "c.bicep", apiA, "c.json", armTemplate("", "'c'")},
			want:  []string{"a.bicep", "b.json", "c.bicep", "c.json", "main.bicep"},
		},
		"output that is named": {
			options: deployment.Options{Explicit: map[string]bool{"a.json": true}}, files: []string{"a.bicep", apiA, "a.json", compiled},
			want: []string{"a.bicep", "a.json"},
		},
		"output that is named has the sets of its source": {
			options: deployment.Options{Explicit: map[string]bool{"a.json": true}},
			files:   []string{"a.bicep", apiA, "a.json", compiled, "a.parameters.json", parameterFile("")},
			want:    []string{"a.bicep a.parameters.json", "a.json a.parameters.json"},
		},
		"output that is called": {files: []string{"main.bicep", call("a.json"), "a.bicep", apiA, "a.json", compiled}, want: []string{"main.bicep"}},
		"sets of output are those of its source": {
			files: []string{"a.bicep", apiA, "a.json", compiled, "a.bicepparam", "using 'a.json'\n", "x.json", parameterFile("./a.json")},
			want:  []string{"a.bicep a.bicepparam", "a.bicep x.json"},
		},
		"sets from the settings replace those found": {
			options: deployment.Options{Parameters: map[string][]string{"a.bicep": {"z.bicepparam", "b.bicepparam", "gone.json"}, "gone.bicep": {"z.bicepparam"}}},
			files:   []string{"a.bicep", apiA, "a.parameters.json", parameterFile(""), "b.bicepparam", "using none\n", "z.bicepparam", "using 'q.bicep'\n"},
			want:    []string{"a.bicep b.bicepparam", "a.bicep z.bicepparam"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, roots(deployment.Load(snapshot(tt.files...), tt.options))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestParameterNames has the names by which a JSON parameter file belongs to a
// template.
func TestParameterNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"x.parameters.json":      "x.bicep x.json",
		"x.parameters.dev.json":  "x.bicep x.json",
		"x.dev.parameters.json":  "x.bicep x.json",
		"x.PARAMETERS.json":      "x.bicep x.json",
		"y.parameters.json":      "y.json",
		"y.a.b.parameters.json":  "",
		"x.parametersdev.json":   "",
		"x.params.json":          "",
		"parameters.json":        "",
		"z.parameters.json":      "",
		"sub/x.parameters.json":  "",
		"x.dev.parameters.jsonc": "x.bicep x.json",

		// a capital that is longer in lower case, and a byte that is no letter
		strings.Repeat("\u023a", 12) + ".parameters.json": "",
		strings.Repeat("\x8a", 6) + ".parameters.json":    "",
	} {
		g := deployment.Load(snapshot("x.bicep", apiA, "x.json", armTemplate("", "'x'"), "y.json", armTemplate("", "'y'"), name, parameterFile("")), deployment.Options{})
		var found []string
		for _, r := range g.Roots() {
			if r.Parameters == name {
				found = append(found, r.Path)
			}
		}
		if got := strings.Join(found, " "); got != want {
			t.Errorf("%s belongs to %q, want %q", name, got, want)
		}
	}
}

// TestReached checks that a change to any file that a deployment is made of is
// seen to concern it: modules, imports, what is loaded, and all files of the
// parameter set.
func TestReached(t *testing.T) {
	t.Parallel()
	g := deployment.Load(snapshot(
		"main.bicep", "import { x } from 'lib/x.bicep'\nvar l = loadJsonContent('data/list.json')\nvar gone = loadTextContent('gone.txt')\n"+
			"param p string\n"+call("mod/a.bicep", "b.json")+"resource api '"+typeAPI+"@2022-08-01' = {\n  name: 'apim/${x}${l.name}${p}${gone}'\n}\n",
		"lib/x.bicep", "import { y } from 'y.bicep'\n@export()\nvar x = y\n", "lib/y.bicep", "@export()\nvar y = 'y'\n",
		"data/list.json", `{"name": "n"}`, "mod/a.bicep", call("c.bicep"), "mod/c.bicep", "", "b.json", compiled, "b.bicep", "",
		"p/dev.bicepparam", "using '../main.bicep'\nextends 'base.bicepparam'\n", "p/base.bicepparam", "using none\nimport { z } from '../lib/z.bicep'\nparam p = z\n", "lib/z.bicep", "@export()\nvar z = 'z'\n",
		"other.bicep", "",
	), deployment.Options{})
	d := g.Expand(deployment.Root{Path: "main.bicep", Parameters: "p/dev.bicepparam"})
	want := []string{
		"b.bicep", "data/list.json", "gone.txt", "lib/x.bicep", "lib/y.bicep", "lib/z.bicep", "main.bicep", "mod/a.bicep", "mod/c.bicep", "p/base.bicepparam", "p/dev.bicepparam",
	}
	if diff := cmp.Diff(want, d.Reached()); diff != "" {
		t.Errorf("reached (-want +got):\n%s", diff)
	}
}

// TestWanted asks for files that are listed and not loaded, and for nothing
// else.
func TestWanted(t *testing.T) {
	t.Parallel()
	text := "var a = loadTextContent('text/there.txt')\nvar b = loadTextContent('text/gone.txt')\nvar c = loadTextContent('text/link')\n" + bicepAPI("a}${b}${c")
	s := source.NewSnapshot([]source.Entry{
		{Path: "main.bicep", File: source.NewFile("main.bicep", []byte(text))},
		{Path: "text/there.txt", Size: -1},
		{Path: "text/link", Mode: source.Symlink},
	})
	d := deployment.Load(s, deployment.Options{}).Expand(deployment.Root{Path: "main.bicep"})
	if diff := cmp.Diff([]string{"text/there.txt"}, d.Wanted()); diff != "" {
		t.Errorf("wanted (-want +got):\n%s", diff)
	}
	s = s.With(source.NewFile("text/there.txt", []byte(source.BOM+"x")))
	d = deployment.Load(s, deployment.Options{}).Expand(deployment.Root{Path: "main.bicep"})
	if len(d.Wanted()) > 0 {
		t.Errorf("wanted %v with all there", d.Wanted())
	}
}

// TestWith checks that a graph with changed files is the one of the changed
// snapshot, and that the older one stays as it was.
func TestWith(t *testing.T) {
	t.Parallel()
	s := snapshot("a.bicep", call("b.bicep"), "b.bicep", apiA, "c.json", compiled, "a.bicepparam", "using 'a.bicep'\n")
	old := deployment.Load(s, deployment.Options{})
	before := roots(old)
	changed := []*source.File{
		source.NewFile("a.bicep", []byte(apiA)), source.NewFile("c.bicep", []byte(apiA)), source.NewFile("a.bicepparam", []byte("using 'b.bicep'\n")),
		source.NewFile("d.json", []byte(`{"name": "no template"}`)),
	}
	after := s.With(changed...)
	got, want := old.With(after, changed), deployment.Load(after, deployment.Options{})
	if diff := cmp.Diff(roots(want), roots(got)); diff != "" {
		t.Errorf("roots (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Files(), got.Files()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got.File("c.json").GeneratedFrom != "c.bicep" || old.File("c.json").GeneratedFrom != "" {
		t.Error("what a file is generated from is not that of its own graph")
	}
	if diff := cmp.Diff(before, roots(old)); diff != "" {
		t.Errorf("the older graph changed (-want +got):\n%s", diff)
	}
}

// TestCache checks that content is parsed once for each path, that what hangs
// on the files around is not kept, and that the oldest is dropped.
func TestCache(t *testing.T) {
	t.Parallel()
	entry := func(path, id, text string) source.Entry {
		return source.Entry{Path: path, ID: id, File: source.NewFile(path, []byte(text))}
	}
	cache := deployment.NewCache(2)
	load := func(entries ...source.Entry) *deployment.Graph {
		return deployment.Load(source.NewSnapshot(entries), deployment.Options{Cache: cache})
	}
	first := load(entry("a.json", "1", compiled), entry("a.bicep", "2", apiA))
	second := load(entry("a.json", "1", compiled))
	if first.File("a.json").Template != second.File("a.json").Template {
		t.Error("the same content was parsed twice")
	}
	if first.File("a.json").GeneratedFrom != "a.bicep" || second.File("a.json").GeneratedFrom != "" {
		t.Error("what a file is generated from was kept")
	}
	if second.File("a.json").Template == load(entry("a.json", "3", compiled)).File("a.json").Template {
		t.Error("another content was not parsed")
	}
	load(entry("b.bicep", "4", apiA), entry("c.bicep", "5", apiA))
	if first.File("a.json").Template == load(entry("a.json", "1", compiled)).File("a.json").Template {
		t.Error("the oldest is still there")
	}
}

// TestParameterValues has the order in which a parameter gets its value.
func TestParameterValues(t *testing.T) {
	t.Parallel()
	options := deployment.Options{ParameterDefaults: map[string]expr.Value{"a": expr.String("configured"), "b": expr.String("configured"), "c": expr.String("configured"), "e": expr.String("configured")}}
	declared := "param a string\nparam b string = 'default'\nparam c string\nparam d string?\nparam e string?\nparam f string\n"
	text := declared + bicepAPI("a}-${b}-${c}-${d ?? 'null'}-${e ?? 'null'}-${f") +
		"module m 'm.bicep' = {\n  name: 'm'\n  params: { b: null, c: f }\n}\n"
	g := deployment.Load(snapshot("main.bicep", text, "m.bicep", declared+bicepAPI("b}-${a}-${d ?? 'null'"), "main.bicepparam", "using 'main.bicep'\nparam a = 'given'\nparam b = 'given too'\n"), options)
	var names []string
	for _, r := range g.Expand(deployment.Root{Path: "main.bicep", Parameters: "main.bicepparam"}).Resources {
		last := r.Segments[len(r.Segments)-1]
		var text strings.Builder
		for _, p := range expr.Parts(last) {
			s, ok := p.AsString()
			if !ok {
				s = "?"
			}
			text.WriteString(s)
		}
		names = append(names, text.String())
	}
	// Configured defaults are for roots: a module gets what its caller gives,
	// and null asks for the default.
	if diff := cmp.Diff([]string{"given-given too-configured-null-configured-?", "default-?-null"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
