package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/glob"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/yamlguard"
)

// lines writes diagnostics as people read them: place, marked text, message.
func lines(f *source.File, ds []diag.Diagnostic) []string {
	var out []string
	for _, d := range ds {
		p := f.Position(d.Span.Start)
		out = append(out, fmt.Sprintf("%d:%d %q %s: %s", p.Line, p.Column, f.Text(d.Span), d.Summary, d.Detail))
	}
	return out
}

const complete = `# All there is.
version: 1
enabled: false
paths:
  include: ['infra/', "!infra/old"]
  exclude:
    - samples/
    - '*.generated.json'
gate: all
undetermined: fail
selfHostedGateway: ignore
regions:
  supported: [westeurope, northeurope]
parameterDefaults:
  apimName: apim-prod
  Count: 0x10
  flags: {on: true, off: ~}
  list:
    - 1
    - [two, '3']
  text: |
    a
    b
parameters:
  infra/main.bicep: [infra/prod.bicepparam, ./infra/test.json]
fix:
  mode: off
  apiVersion: 2022-11-20-preview
whenNothingApplies: skipped
onboarding:
  pullRequest: true
suppress:
  - api: demo-*   # wild
    reason: >-
      demonstrations
      hold no data
  - {service: apim-sandbox, path: sandbox/**, reason: never deployed, expires: "2099-01-01"}
locked: [gate, fix.mode]
`

func TestParse(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"line feeds":         complete,
		"CRLF":               strings.ReplaceAll(complete, "\n", "\r\n"),
		"CR":                 strings.ReplaceAll(complete, "\n", "\r"),
		"byte order mark":    source.BOM + complete,
		"document marks":     "---\n" + complete + "...\n",
		"no final line feed": strings.TrimSuffix(complete, "\n"),
		"YAML directive":     "%YAML 1.2\n---\n" + complete,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := source.NewFile(RepositoryPath, []byte(content))
			got, ds := Parse(f)
			if len(ds) > 0 {
				t.Fatal(strings.Join(lines(f, ds), "\n"))
			}
			want := Repository{
				Include: glob.NewSet("infra/", "!infra/old"), Exclude: glob.NewSet("samples/", "*.generated.json"),
				Gate: GateAll, Undetermined: UndeterminedFail, SelfHostedGateway: check.GatewayIgnore,
				Regions: []string{"westeurope", "northeurope"},
				ParameterDefaults: map[string]expr.Value{
					"apimname": expr.String("apim-prod"),
					"count":    expr.Int(16),
					"flags":    expr.ObjectOf(expr.Field{Key: "on", Value: expr.Bool(true)}, expr.Field{Key: "off", Value: expr.Null()}),
					"list":     expr.ArrayOf(expr.Int(1), expr.ArrayOf(expr.String("two"), expr.String("3"))),
					"text":     expr.String("a\nb\n"),
				},
				Parameters: map[string][]string{"infra/main.bicep": {"infra/prod.bicepparam", "infra/test.json"}},
				FixMode:    FixOff, FixAPIVersion: "2022-11-20-preview", WhenNothingApplies: ConcludeSkipped, OnboardingPull: true,
				Suppress: []check.Suppression{
					{API: "demo-*", Reason: "demonstrations hold no data", File: RepositoryPath},
					{Service: "apim-sandbox", Path: "sandbox/**", Reason: "never deployed", Expires: "2099-01-01", File: RepositoryPath},
				},
				Locked: []string{"gate", "fix.mode"},
			}
			if diff := cmp.Diff(want, got, comparers(), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".At" }, cmp.Ignore())); diff != "" {
				t.Error(diff)
			}
			var at []string
			for _, s := range got.Suppress {
				at = append(at, f.Text(s.At))
			}
			wantAt := []string{"api: demo-*   # wild", `{service: apim-sandbox, path: sandbox/**, reason: never deployed, expires: "2099-01-01"}`}
			if diff := cmp.Diff(wantAt, at); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// comparers compare settings as far as people can see them.
func comparers() cmp.Option {
	return cmp.Options{
		cmp.Comparer(func(a, b expr.Value) bool { return a.Key() == b.Key() }),
		cmp.FilterPath(func(p cmp.Path) bool { return slices.Contains([]string{".path", ".given"}, p.Last().String()) }, cmp.Ignore()),
		cmp.AllowUnexported(Repository{}),
	}
}

func TestParseDefaults(t *testing.T) {
	t.Parallel()
	got, ds := Parse(source.NewFile(RepositoryPath, []byte("version: 1\n")))
	if diff := cmp.Diff(Defaults(), got, comparers()); diff != "" || len(ds) > 0 {
		t.Error(diff, ds)
	}
}

const known = `Known here are "version", "enabled", "paths", "gate", "undetermined", "selfHostedGateway", "regions", "parameterDefaults", "parameters", "fix", "whenNothingApplies", "onboarding", "suppress" and "locked".`

// invalidSettings are settings with what is wrong with them.
type invalidSettings struct {
	name, content string
	want          []string
}

func allInvalid() []invalidSettings {
	return []invalidSettings{
		{"empty", "", []string{`1:1 "" Empty settings file: It must say at least "version: 1"; or remove it.`}},
		{"comment only", "# later\n", []string{`1:1 "" Empty settings file: It must say at least "version: 1"; or remove it.`}},
		{"mark only", "---\n", []string{`1:1 "" Empty settings file: It must say at least "version: 1"; or remove it.`}},
		{"no mapping", "- a\n", []string{`1:1 "-" Unexpected value: A mapping was expected here, not a list.`}},
		{"scalar", "gate:all", []string{`1:1 "gate:all" Unexpected value: A mapping was expected here, not "gate:all".`}},
		{"no version", "gate: all\n", []string{`1:1 "gate" Missing setting: "version" is required here.`}},
		{"other version", "version: 2\n", []string{`1:10 "2" Unknown version: It must be 1, not 2.`}},
		{"version as text", "version: '1'\n", []string{`1:10 "'1'" Unknown version: It must be 1, not "1".`}},
		{"version as fraction", "version: 1.0\n", []string{`1:10 "1.0" Unknown version: It must be 1, not 1.0.`}},
		{"mistyped key", "version: 1\ngaet: all\n", []string{`2:1 "gaet" Unknown setting: "gaet" is not a setting here. Did you mean "gate"?`}},
		{"other case", "version: 1\nwhen_nothing_applies: success\n", []string{`2:1 "when_nothing_applies" Unknown setting: "when_nothing_applies" is not a setting here. Did you mean "whenNothingApplies"?`}},
		{"key of a section", "version: 1\nmode: off\n", []string{`2:1 "mode" Unknown setting: "mode" is not a setting here. Did you mean "mode" below "fix"?`}},
		{"dotted key", "version: 1\nfix.mode: off\n", []string{`2:1 "fix.mode" Unknown setting: "fix.mode" is not a setting here. Did you mean "mode" below "fix"?`}},
		{"unknown key", "version: 1\n'severity': 2\n", []string{`2:1 "'severity'" Unknown setting: "severity" is not a setting here. ` + known}},
		{"long key", "version: 1\n" + strings.Repeat("k", 300) + ": 2\n", []string{`2:1 "` + strings.Repeat("k", 300) + `" Unknown setting: "` + strings.Repeat("k", 60) + `…" is not a setting here. ` + known}},
		{"unknown key of a section", "version: 1\nfix:\n  apiversion: x\n  moed: off\n", []string{
			`3:3 "apiversion" Unknown setting: "apiversion" is not a setting here. Did you mean "apiVersion"?`,
			`4:3 "moed" Unknown setting: "moed" is not a setting here. Did you mean "mode"?`,
		}},
		{"no flag", "version: 1\nenabled: yes\n", []string{`2:10 "yes" Unexpected value: True or false was expected here, not "yes".`}},
		{"flag in quotes", "version: 1\nenabled: 'true'\n", []string{`2:10 "'true'" Unexpected value: True or false was expected here, not "true".`}},
		{"no choice", "version: 1\r\n\r\ngate: nwe\r\n", []string{`3:7 "nwe" Unexpected value: It must be one of "new", "all" and "none", not "nwe". Did you mean "new"?`}},
		{"choice far off", "version: 1\nundetermined: perhaps\n", []string{`2:15 "perhaps" Unexpected value: It must be one of "warn" and "fail", not "perhaps".`}},
		{"choice of another kind", "version: 1\nfix: {mode: false}\n", []string{`2:13 "false" Unexpected value: It must be one of "button", "suggest", "commit" and "off", not false.`}},
		{"empty value", "version: 1\nsuppress:\ngate: all\n", []string{`2:1 "suppress" Unexpected value: A list was expected here, not an empty value.`}},
		{"null", "version: 1\npaths: ~\n", []string{`2:8 "~" Unexpected value: A mapping was expected here, not an empty value.`}},
		{"text for a list", "version: 1\npaths:\n  exclude: samples/\n", []string{`3:12 "samples/" Unexpected value: A list was expected here, not "samples/".`}},
		{"number for text", "version: 1\nregions:\n  supported: [1, ~, x]\n", []string{
			`3:15 "1" Unexpected value: Text was expected here, not 1. Put it in quotes if it is meant as text.`,
			`3:18 "~" Unexpected value: Text was expected here, not an empty value.`,
		}},
		{"empty text", "version: 1\nregions:\n  supported: ['  ']\n", []string{`3:15 "'  '" Empty text: Write something here, or remove the key.`}},
		{"long text", "version: 1\nregions:\n  supported:\n  - " + strings.Repeat("x", 1001) + "\n", []string{`4:5 "` + strings.Repeat("x", 1001) + `" Text too long: It has 1001 characters; at most 1000 are read.`}},
		{"patterns", "version: 1\npaths:\n  include: ['!a', 'b[', c//d]\n", []string{
			`3:13 "'!a'" Pattern without effect: "!a" takes back what the patterns before it match, and there are none. Put a pattern before it.`,
			`3:19 "'b['" Unexpected value: "b[": a [ has no ] in the same segment.`,
			`3:25 "c//d" Unexpected value: "c//d": there is nothing between two /.`,
		}},
		{"API version", "version: 1\nfix:\n  apiVersion: latest\n", []string{`3:15 "latest" Unexpected value: "latest": it is not an API version such as 2023-11-15 or 2022-11-20-preview.`}},
		{"API version of no day", "version: 1\nfix: {apiVersion: 2023-02-29-preview}\n", []string{`2:19 "2023-02-29-preview" Unexpected value: "2023-02-29-preview": it is not an API version such as 2023-11-15 or 2022-11-20-preview.`}},
		{"parameter defaults", "version: 1\nparameterDefaults:\n  a: 1.5\n  b: [99999999999999999999]\n  B: 1\n  c: {d: .inf}\n", []string{
			`3:6 "1.5" Unexpected value: Templates have whole numbers of at most 64 bits only, not 1.5. Put it in quotes if it is meant as text.`,
			`4:7 "99999999999999999999" Unexpected value: Templates have whole numbers of at most 64 bits only, not 99999999999999999999. Put it in quotes if it is meant as text.`,
			`5:3 "B" Duplicate parameter: "B" is already there; names of parameters are the same in any case.`,
			`6:10 ".inf" Unexpected value: Templates have whole numbers of at most 64 bits only, not .inf. Put it in quotes if it is meant as text.`,
		}},
		{"parameter defaults as a list", "version: 1\nparameterDefaults: [a]\n", []string{`2:20 "[" Unexpected value: A mapping was expected here, not a list.`}},
		{"parameters", "version: 1\nparameters:\n  ../a.bicep: []\n  b.bicep: b.bicepparam\n  c.bicep: [/c.json, c.txt]\n", []string{
			`3:3 "../a.bicep" Unexpected path: "../a.bicep": it is not a path below the root of the repository, with / between folders.`,
			`4:12 "b.bicepparam" Unexpected value: A list was expected here, not "b.bicepparam".`,
			`5:13 "/c.json" Unexpected value: "/c.json": it is not a path below the root of the repository, with / between folders.`,
			`5:22 "c.txt" Unexpected value: "c.txt": it does not end in .bicep, .bicepparam, .json or .jsonc.`,
		}},
		{"paths of parameters", "version: 1\nparameters:\n  ../a.bicep: []\n  b.bicep: [/b.json, b.txt]\n", []string{
			`3:3 "../a.bicep" Unexpected path: "../a.bicep": it is not a path below the root of the repository, with / between folders.`,
			`4:13 "/b.json" Unexpected value: "/b.json": it is not a path below the root of the repository, with / between folders.`,
			`4:22 "b.txt" Unexpected value: "b.txt": it does not end in .bicep, .bicepparam, .json or .jsonc.`,
		}},
		{"parameters as text", "version: 1\nparameters: x\n", []string{`2:13 "x" Unexpected value: A mapping was expected here, not "x".`}},
		{"suppressions", "version: 1\nsuppress:\n  - api: a\n  - reason: b\n  - {api: '[', reason: ''}\n  - {path: '!x', reason: c, expires: 2023-02-29}\n  - d\n  - api: 1\n    reason: e\n    until: 2030-01-01\n", []string{
			`3:5 "api: a" Suppression without a reason: It has no effect. Say why the API may go unprotected, as "reason".`,
			`4:5 "reason" Suppression of everything: Say what it covers: at least one of "api", "service" and "path".`,
			`5:5 "{api: '[', reason: ''}" Suppression without a reason: It has no effect. Say why the API may go unprotected, as "reason".`,
			`5:11 "'['" Unexpected value: "[": a [ has no ] in the same segment.`,
			`6:12 "'!x'" Unexpected value: "!x": a suppression cannot take back what another one covers; write \! for a name that begins with it.`,
			`6:38 "2023-02-29" Unexpected value: "2023-02-29": it is not a date such as 2027-01-31.`,
			`7:5 "d" Unexpected value: A mapping was expected here, not "d".`,
			`8:10 "1" Unexpected value: Text was expected here, not 1. Put it in quotes if it is meant as text.`,
			`10:5 "until" Unknown setting: "until" is not a setting here. Known here are "api", "service", "path", "reason" and "expires".`,
		}},
		{"locked", "version: 1\nlocked: [gate, modes, version]\n", []string{
			`2:16 "modes" Unexpected value: It must be one of ` + enumerate(lockable(repositorySettings())[:18]) + `, not "modes".`,
			`2:23 "version" Unexpected value: It must be one of ` + enumerate(lockable(repositorySettings())[:18]) + `, not "version".`,
		}},
		{"wide characters before", "version: 1\nfix: {\"注é\": 1, mode: of}\n", []string{
			`2:7 "\"注é\"" Unknown setting: "注é" is not a setting here. Known here are "mode" and "apiVersion".`,
			`2:22 "of" Unexpected value: It must be one of "button", "suggest", "commit" and "off", not "of". Did you mean "off"?`,
		}},
		{"byte order mark", source.BOM + "version: 3", []string{`1:10 "3" Unknown version: It must be 1, not 3.`}},
		{"value over lines", "version: 1\ngate: 'a\n  b'\n", []string{`2:7 "'a" Unexpected value: It must be one of "new", "all" and "none", not "a b".`}},
		{"duplicate key", "version: 1\ngate: all\nfix:\n  mode: off\n  \"mode\": button\n", []string{`5:3 "\"mode\"" Duplicate key: "mode" is already there in line 4. Keep one of the two.`}},
		{"second document", "version: 1\n---\nversion: 1\n", []string{`3:1 "version" Second YAML document: The file must hold one document; remove the --- and what follows it, or join the two.`}},
		{"anchor", "version: 1\ngate: &g all\n", []string{`2:7 "&g" YAML anchor: Settings have no anchors, aliases, tags and merge keys. Write the value out, or put it in quotes if it is text.`}},
		{"alias", "version: 1\npaths:\n  include: [*.json]\n", []string{`3:13 "*.json" YAML alias: Settings have no anchors, aliases, tags and merge keys. Write the value out, or put it in quotes if it is text.`}},
		{"tag", "version: !!int 1\n", []string{`1:10 "!!int" YAML tag: Settings have no anchors, aliases, tags and merge keys. Write the value out, or put it in quotes if it is text.`}},
		{"merge key", "version: 1\n<<: {gate: all}\n", []string{`2:1 "<<" YAML merge key: Settings have no anchors, aliases, tags and merge keys. Write the value out, or put it in quotes if it is text.`}},
		{"complex key", "? version\n: 1\n", []string{`1:1 "?" Unexpected YAML key: A key must be plain text or text in quotes.`}},
		{"tab", "version: 1\nfix:\n\tmode: off\n", []string{`3:1 "\tmode: off" YAML syntax error: Found character '	' that cannot start any token.`}},
		{"open quote", "version: 1\ngate: \"all\n", []string{`2:7 "\"all" YAML syntax error: Could not find end character of double-quoted text.`}},
		{"open bracket", "version: 1\npaths: {include: [a\ngate: all\n", []string{`3:1 "gate" YAML syntax error: ',' or ']' must be specified.`}},
		{"indentation", "version: 1\n  gate: all\n", []string{`1:10 "1" YAML syntax error: Mapping value is not allowed in this context.`}},
		{"no UTF-8", "version: 1\n# caf\xe9\n", []string{"2:6 \"\\xe9\" Settings not in UTF-8: The byte 0xe9 does not belong to any character. Save the file as UTF-8."}},
		{"UTF-16", "\xff\xfev\x00e\x00", []string{"1:1 \"\\xff\" Settings not in UTF-8: The byte 0xff does not belong to any character. Save the file as UTF-8."}},
		{"control character", "version: 1\ngate: \x1b[31mall\n", []string{`2:7 "\x1b" Control character in settings: YAML has no place for the character U+001B. Remove it.`}},
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range allInvalid() {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := source.NewFile(RepositoryPath, []byte(tc.content))
			_, ds := Parse(f)
			if diff := cmp.Diff(tc.want, lines(f, ds)); diff != "" {
				t.Error(diff)
			}
			for _, d := range ds {
				invalid := d.Code == check.CodeConfigInvalid && d.Severity == diag.Failure
				unreasoned := d.Code == check.CodeSuppression && d.Severity == diag.Warning
				if !invalid && !unreasoned || d.Path != RepositoryPath {
					t.Errorf("%+v", d)
				}
			}
		})
	}
}

func TestParseHostile(t *testing.T) {
	t.Parallel()
	deep := func(n int) string {
		return "version: 1\nparameterDefaults:\n  a: " + strings.Repeat("[", n) + strings.Repeat("]", n)
	}
	steps := strings.Builder{}
	for i := range 150 {
		steps.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	long := strings.Builder{}
	long.WriteString("version: 1\nregions:\n  supported:\n")
	for range maxList + 1 {
		long.WriteString("  - x\n")
	}
	for name, tc := range map[string]struct{ content, want string }{
		"10 MB":                 {"version: 1\n" + strings.Repeat("#\n", 5<<20), "Settings file too large"},
		"values":                {"version: 1\nparameterDefaults: {a: [" + strings.Repeat("1,", 15_000) + "]}", "Settings file too large"},
		"deep enough":           {deep(yamlguard.MaxDepth - 2), ""},
		"brackets":              {deep(9_000), "Settings nested too deep"},
		"open brackets":         {strings.Repeat("[", 19_000), "Settings nested too deep"},
		"braces":                {strings.Repeat("{a: ", 6_000), "Settings nested too deep"},
		"dashes":                {strings.Repeat("- ", 19_000), "Settings nested too deep"},
		"question marks":        {strings.Repeat("? ", 19_000), "Settings nested too deep"},
		"indentation":           {steps.String(), "Settings nested too deep"},
		"far right":             {"version: 1\nfix:\n" + strings.Repeat(" ", 300) + "mode: off", "Settings nested too deep"},
		"tags":                  {"a: " + strings.Repeat("!a ", 9_000), "YAML tag"},
		"anchors":               {"a: " + strings.Repeat("&a ", 9_000), "YAML anchor"},
		"a thousand laughs":     {"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", "YAML anchor"},
		"long list":             {long.String(), "List too long"},
		"one key many times":    {strings.Repeat("a: b\n", 6_000), "Duplicate key"},
		"open quote":            {"a: '" + strings.Repeat("''", 100_000), "YAML syntax error"},
		"comments":              {strings.Repeat("#\n", 19_000), "Empty settings file"},
		"NUL":                   {"version: 1\x00", "Control character in settings"},
		"line breaks of others": {"version: 1\u2028gate: all", "YAML syntax error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			_, ds := Parse(source.NewFile(RepositoryPath, []byte(tc.content)))
			got := ""
			if len(ds) > 0 {
				got = ds[0].Summary
			}
			if got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestParseManyProblems(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("version: 1\n")
	for i := range 120 {
		fmt.Fprintf(&b, "key%d: 1\n", i)
	}
	_, ds := Parse(source.NewFile(RepositoryPath, []byte(b.String())))
	if len(ds) != maxProblems || !strings.HasSuffix(ds[maxProblems-1].Detail, " After this there are 70 more problems.") {
		t.Errorf("%d: %q", len(ds), ds[len(ds)-1].Detail)
	}
}

func TestScalars(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		kind   nodeKind
		number int64
	}{
		"~": {nullNode, 0}, "null": {nullNode, 0}, "Null": {nullNode, 0}, "nUll": {textNode, 0},
		"true": {boolNode, 0}, "False": {boolNode, 0}, "on": {textNode, 0}, "y": {textNode, 0},
		"0": {intNode, 0}, "-7": {intNode, -7}, "+7": {intNode, 7}, "007": {intNode, 7}, "0o17": {intNode, 15}, "0xfF": {intNode, 255},
		"0b1": {textNode, 0}, "1_000": {textNode, 0}, "0o8": {textNode, 0}, "0xg": {textNode, 0}, "0x": {textNode, 0}, "-0x1": {textNode, 0}, "--1": {textNode, 0},
		"9223372036854775807": {intNode, 9223372036854775807}, "9223372036854775808": {numberNode, 0},
		"1.5": {numberNode, 0}, ".5": {numberNode, 0}, "1.": {numberNode, 0}, "1e3": {numberNode, 0}, "1E-3": {numberNode, 0}, "-.inf": {numberNode, 0}, ".NaN": {numberNode, 0}, "1e999": {numberNode, 0},
		"e": {textNode, 0}, ".": {textNode, 0}, "+": {textNode, 0}, "1.2.3": {textNode, 0}, "2023-11-15": {textNode, 0}, "inf": {textNode, 0}, "12:30:45": {textNode, 0},
	} {
		root, err := readYAML(source.NewFile("x", []byte("- "+text+"\n")))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := root.items[0]; got.kind != want.kind || got.number != want.number || got.text != text {
			t.Errorf("%s is %v %d %q", text, got.kind, got.number, got.text)
		}
	}
}

func TestIncluded(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		include, exclude []string
		path             string
		want             bool
	}{
		{nil, nil, "a.bicep", true},
		{[]string{"infra/"}, nil, "infra/a.bicep", true},
		{[]string{"infra/"}, nil, "a.bicep", false},
		{nil, []string{"samples/"}, "x/samples/a.bicep", false},
		{nil, []string{"samples/"}, "a.bicep", true},
		{[]string{"infra/"}, []string{"*.json"}, "infra/a.json", false},
		{[]string{"infra/", "!infra/old/"}, nil, "infra/old/a.bicep", false},
		{nil, []string{"*", "!a.bicep"}, "x/a.bicep", true},
	} {
		r := Defaults()
		r.Include, r.Exclude = glob.NewSet(tc.include...), glob.NewSet(tc.exclude...)
		if got := r.Included(tc.path); got != tc.want {
			t.Errorf("%v %v: %s %v", tc.include, tc.exclude, tc.path, got)
		}
		if s := r.CheckSettings(""); s.Skip != nil && s.Skip(tc.path) == tc.want || s.Skip == nil && !tc.want {
			t.Errorf("%v %v: skips %s as %v", tc.include, tc.exclude, tc.path, tc.want)
		}
	}
}

func TestCheckSettings(t *testing.T) {
	t.Parallel()
	r, _ := Parse(source.NewFile(RepositoryPath, []byte(complete)))
	s := r.CheckSettings("2026-11-24")
	if !s.UndeterminedFails || s.SelfHostedGateway != check.GatewayIgnore || len(s.Regions) != 2 || len(s.Suppress) != 2 || s.Today != "2026-11-24" {
		t.Errorf("%+v", s)
	}
	o := r.DeploymentOptions()
	if v, ok := o.ParameterDefaults["apimname"].AsString(); !ok || v != "apim-prod" || len(o.Parameters["infra/main.bicep"]) != 2 {
		t.Errorf("%+v", o)
	}
	if s := Defaults().CheckSettings(""); s.UndeterminedFails || s.SelfHostedGateway != check.GatewayFail || s.Skip != nil {
		t.Errorf("%+v", s)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	parse := func(path, content string) Repository {
		r, ds := Parse(source.NewFile(path, []byte(content)))
		if len(ds) > 0 {
			t.Fatal(ds)
		}
		return r
	}
	org := parse(OrganisationPath, `version: 1
gate: all
undetermined: fail
regions: {supported: [b, a]}
parameterDefaults: {x: 1, y: 2}
fix: {mode: suggest}
suppress:
  - {api: demo-*, reason: demonstrations}
locked: [gate, fix, whenNothingApplies]
`)
	content := `version: 1
gate: none
undetermined: warn
regions: {supported: [c, a]}
parameterDefaults: {Y: 3, z: 4}
fix: {mode: off, apiVersion: 2024-01-01}
whenNothingApplies: skipped
paths: {exclude: [samples/]}
suppress:
  - {api: legacy, reason: retired}
locked: [paths]
`
	repo := parse(RepositoryPath, content)
	got, ds := Merge(org, repo)
	want := Defaults()
	want.Exclude = glob.NewSet("samples/")
	want.Gate, want.Regions, want.FixMode = GateAll, []string{"a", "b", "c"}, FixSuggest
	want.ParameterDefaults = map[string]expr.Value{"x": expr.Int(1), "y": expr.Int(3), "z": expr.Int(4)}
	want.Suppress = []check.Suppression{{API: "demo-*", Reason: "demonstrations"}, repo.Suppress[0]}
	want.Locked = org.Locked
	if diff := cmp.Diff(want, got, comparers()); diff != "" {
		t.Error(diff)
	}
	wantNotices := []string{
		`2:1 "gate" Locked setting: "gate" is set for the whole organisation, so the value here has no effect. Remove it.`,
		`6:7 "mode" Locked setting: "fix.mode" is set for the whole organisation, so the value here has no effect. Remove it.`,
		`6:18 "apiVersion" Locked setting: "fix.apiVersion" is set for the whole organisation, so the value here has no effect. Remove it.`,
		`7:1 "whenNothingApplies" Locked setting: "whenNothingApplies" is set for the whole organisation, so the value here has no effect. Remove it.`,
		`11:1 "locked" Setting without effect: Only the organisation's settings can lock keys.`,
	}
	if diff := cmp.Diff(wantNotices, lines(source.NewFile(RepositoryPath, []byte(content)), ds)); diff != "" {
		t.Error(diff)
	}
	for _, d := range ds {
		if d.Severity != diag.Notice || d.Path != RepositoryPath {
			t.Errorf("%+v", d)
		}
	}
	if len(org.ParameterDefaults) != 2 || len(org.Suppress) != 1 || org.Suppress[0].File == "" || len(repo.Suppress) != 1 {
		t.Error("an argument was changed")
	}
	if got, ds := Merge(org, Defaults()); len(ds) > 0 || got.Gate != GateAll || got.Undetermined != UndeterminedFail {
		t.Errorf("over nothing: %+v, %v", got, ds)
	}
	broken, _ := Parse(source.NewFile(RepositoryPath, []byte("version: 1\nundetermined: perhaps\nregions: {supported: 7}\n")))
	if got, ds := Merge(org, broken); len(ds) > 0 || got.Undetermined != UndeterminedFail || len(got.Regions) != 2 {
		t.Errorf("what cannot be read does not replace: %+v, %v", got, ds)
	}
	if got, ds := Merge(Defaults(), Defaults()); len(ds) > 0 || !cmp.Equal(got, Defaults(), comparers()) {
		t.Errorf("defaults: %+v, %v", got, ds)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	file := func(path, content string) source.Entry {
		return source.Entry{Path: path, File: source.NewFile(path, []byte(content))}
	}
	repo, psrule, ds := Load(source.NewSnapshot(nil))
	if !cmp.Equal(repo, Defaults(), comparers()) || psrule.Excluded || len(ds) > 0 {
		t.Errorf("nothing there: %+v %+v %v", repo, psrule, ds)
	}
	repo, psrule, ds = Load(source.NewSnapshot([]source.Entry{
		file(RepositoryPathLong, "version: 1\ngate: all\n"),
		file("psrule.yml", "rule: {exclude: AZR-000387}"),
	}))
	if repo.Gate != GateAll || !psrule.Excluded || len(ds) > 0 {
		t.Errorf("second names: %+v %+v %v", repo, psrule, ds)
	}
	repo, psrule, ds = Load(source.NewSnapshot([]source.Entry{
		file(RepositoryPath, "version: 1\ngate: none\n"), file(RepositoryPathLong, "version: 1\ngate: all\n"),
		file("ps-rule.yaml", ""), file("psrule.yaml", "rule: {exclude: [AZR-000387]}"),
		{Path: "ps-rule.yml", Mode: source.Symlink, File: source.NewFile("ps-rule.yml", []byte("x"))},
	}))
	var got []string
	for _, d := range ds {
		got = append(got, d.Path+": "+d.Severity.String()+": "+d.Summary+": "+d.Detail)
	}
	want := []string{
		".github/onboard-defender.yaml: notice: Settings file without effect: .github/onboard-defender.yml is there and takes its place. Remove one of the two.",
		"psrule.yaml: notice: Settings file without effect: ps-rule.yaml is there and takes its place. Remove one of the two.",
	}
	if diff := cmp.Diff(want, got); diff != "" || repo.Gate != GateNone || psrule.Excluded {
		t.Error(diff, repo.Gate, psrule.Excluded)
	}
	if paths := Paths(); len(paths) != 6 || paths[0] != RepositoryPath {
		t.Error(paths)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"gate", "enabled", "undetermined", "fix"}
	for text, want := range map[string]string{
		"gaet": "gate", "GATE": "gate", "gates": "gate", "enable": "enabled", "undeterminate": "undetermined", "fx": "fix", "xfi": "",
		"": "", "severity": "", "注": "", strings.Repeat("gate", 99): "",
	} {
		if got := nearest(text, names); got != want {
			t.Errorf("nearest(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte(complete))
	f.Add([]byte(source.BOM + "version: 1\r\ngate: 'n''w'\r\n"))
	f.Add([]byte("suppression:\n  AZR-000387:\n  - a\ninput: {pathIgnore: ['*', '!a']}\n"))
	f.Add([]byte("key:\n}"))
	f.Add([]byte("? a\n: - b\n-\n%YAML 1.2\n---\n..."))
	f.Fuzz(func(t *testing.T, content []byte) {
		file := source.NewFile(RepositoryPath, content)
		repo, ds := Parse(file)
		for _, d := range ds {
			if d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(content) || d.Summary == "" || d.Detail == "" {
				t.Errorf("%+v", d)
			}
			// A suppression without a reason does not stop anything else.
			if invalid := d.Code == check.CodeConfigInvalid; !invalid && d.Code != check.CodeSuppression || invalid != (d.Severity == diag.Failure) {
				t.Errorf("%+v", d)
			}
		}
		again, _ := Parse(file)
		if !cmp.Equal(repo, again, comparers()) {
			t.Error("not the same twice")
		}
		if len(ds) == 0 {
			for _, s := range repo.Suppress {
				if s.Reason == "" || s.API+s.Service+s.Path == "" || s.At.Len() == 0 {
					t.Errorf("%+v", s)
				}
			}
		}
		if root, err := readYAML(file); err == nil {
			placed(t, file, root)
			if broken := validateNode(t, root); len(ds) == 0 && broken != nil && !spaced(root) {
				t.Errorf("the schema refuses it: %v", broken)
			}
		}
		p, _ := ParsePSRule(file)
		if s := p.Apply(check.Settings{}); len(s.Suppress) > 2*maxTargets {
			t.Errorf("%d suppressions", len(s.Suppress))
		}
	})
}

// placed holds that keys are where they are said to be.
func placed(t *testing.T, f *source.File, n *node) {
	t.Helper()
	for _, x := range n.fields {
		text := strings.ReplaceAll(f.Text(x.at), "\t", "") // the library drops tabs within keys
		if isPlain(x.key) && !strings.ContainsAny(text, `"'`) && text != x.key && !strings.HasPrefix(x.key, text) {
			t.Errorf("%q is at %q", x.key, text)
		}
		placed(t, f, x.value)
	}
	for _, x := range n.items {
		placed(t, f, x)
	}
}

// spaced reports whether there is a text that the reader trims.
func spaced(n *node) bool {
	return n.text != strings.TrimSpace(n.text) || slices.ContainsFunc(n.items, spaced) ||
		slices.ContainsFunc(n.fields, func(f field) bool { return spaced(f.value) })
}

func isPlain(key string) bool {
	return key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
