package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestParseQuery(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ query, want string }{
		"short":     {`{ a }`, "query {a}"},
		"named":     {`query Q { a, b }`, "query Q {a b}"},
		"alias":     {`{ x: a(id: 1) { b } }`, "query {x: a(id: 1){b}}"},
		"variables": {`query($a: String!, $b: [Int!]! = [1]) { a(x: $a, y: $b) }`, "query($a String! $b [Int!]! = [1]) {a(x: $a y: $b)}"},
		"values": {
			`mutation { a(n: null, t: true, f: -1.5e3, s: "q\"\u00e9\uD83D\uDE00\n", e: OUTDATED, o: {k: [1 {}]}) }`,
			`mutation {a(n: <nil> t: true f: -1500 s: "q\"é😀\n" e: OUTDATED o: map[k:[1 map[]]])}`,
		},
		"block":     {"{ a(s: \"\"\"\n    one\n      two \\\"\"\"\n  \"\"\") }", `query {a(s: "one\n  two \"\"\"")}`},
		"fragments": {"query { ...F ... on Blob { text } ... { oid } } fragment F on Tree { oid }", "query {...F ...on Blob{text} ...on {oid}} F=Tree{oid}"},
		"comments":  {"# before\n{ a # after\n}", "query {a}"},
		"many":      {"query A { a } mutation B { b }", "query A {a} mutation B {b}"},
		"BOM":       {"\ufeff{a}", "query {a}"},

		"empty":         {"", "error: no operation in query"},
		"fragment only": {"fragment F on T { a }", "error: no operation in query"},
		"open":          {"{ a", "error: unexpected end of file"},
		"no field":      {"{ 1 }", `error: unexpected "1" at [1, 3]`},
		"place":         {"{\n  a(x: )\n}", `error: unexpected ")" at [2, 8]`},
		"empty set":     {"{ a {} }", "error: a selection set is empty"},
		"directive":     {"{ a @skip(if: true) }", "error: unexpected '@' at [1, 5]"},
		"subscription":  {"subscription { a }", `error: unexpected "subscription" at [1, 1]`},
		"string":        {`{ a(s: "x) }`, "error: unterminated string"},
		"line break":    {"{ a(s: \"x\n\") }", "error: unterminated string"},
		"escape":        {`{ a(s: "\x") }`, `error: bad escape "\\x"`},
		"number":        {"{ a(n: 99999999999999999999) }", `error: number 99999999999999999999: strconv.ParseInt: parsing "99999999999999999999": value out of range`},
		"not text":      {"{ a\xff }", "error: query is not UTF-8"},
		"deep fields":   {strings.Repeat("{a", 1_000_000), "error: query too deep"},
		"deep lists":    {"{ a(x: " + strings.Repeat("[", 1_000_000), "error: query too deep"},
		"deep objects":  {"{ a(x: " + strings.Repeat("{a:", 1_000_000), "error: query too deep"},
		"deep types":    {"query($a: " + strings.Repeat("[", 1_000_000), "error: query too deep"},
		"long":          {"{" + strings.Repeat(" a", 300_000) + "}", "error: query too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := parseQuery(test.query)
			got := ""
			if err != nil {
				got = "error: " + err.Error()
			} else {
				got = printQuery(parsed)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// printQuery writes a document in one form.
func printQuery(d *queryDocument) string {
	var parts []string
	for _, o := range d.operations {
		text := o.kind
		if o.name != "" {
			text += " " + o.name
		}
		var variables []string
		for _, v := range o.variables {
			one := "$" + v.name + " " + v.kind
			if v.hasValue {
				one += fmt.Sprint(" = ", v.fallback)
			}
			variables = append(variables, one)
		}
		if variables != nil {
			text += "(" + strings.Join(variables, " ") + ")"
		}
		parts = append(parts, text+" "+printSet(o.selections))
	}
	for _, name := range sortedKeys(d.fragments) {
		parts = append(parts, name+"="+d.fragments[name].on+printSet(d.fragments[name].selections))
	}
	return strings.Join(parts, " ")
}

func printSet(set []selection) string {
	var parts []string
	for _, s := range set {
		text := s.name
		switch {
		case s.spread != "":
			text = "..." + s.spread
		case s.inline:
			text = "...on " + s.on + printSet(s.selections)
		}
		if s.alias != "" {
			text = s.alias + ": " + s.name
		}
		var arguments []string
		for _, a := range s.arguments {
			value := fmt.Sprint(a.value)
			switch v := a.value.(type) {
			case string:
				value = fmt.Sprintf("%q", v)
			case variableRef:
				value = "$" + string(v)
			}
			arguments = append(arguments, a.name+": "+value)
		}
		if arguments != nil {
			text += "(" + strings.Join(arguments, " ") + ")"
		}
		if s.selections != nil && !s.inline {
			text += printSet(s.selections)
		}
		parts = append(parts, text)
	}
	return "{" + strings.Join(parts, " ") + "}"
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		`{ a }`, `query Q($a: [String!]! = ["x"]) { x: a(y: $a) { ... on B { c } ...F } } fragment F on T { d(n: -1.5, o: {k: ENUM}) }`,
		`{ a(s: """ block """) }`, `{ a(s: "\uD83D\uDE00") }`, `{ repository(owner: "acme", name: "infra") { object(expression: "main:main.bicep") { ... on Blob { text } } } }`,
		"fragment F on Query { ...F ...F } { ...F }", strings.Repeat("{a", 100), "{ a(s: \"\\u",
	} {
		f.Add(seed)
	}
	w := newWorld(f, Options{Limits: Limits{PrimaryRate: Off, GraphQLPoints: Off, ContentMinute: Off, ContentHour: Off}})
	f.Fuzz(func(t *testing.T, query string) {
		if len(query) > 1<<12 || !utf8.ValidString(query) { // JSON would carry something else
			return
		}
		parsed, err := parseQuery(query)
		if (parsed == nil) == (err == nil) {
			t.Fatalf("%v and %v", parsed, err)
		}
		w.t = t
		w.ResetRequests()
		r := w.query(query, nil)
		if r.status != http.StatusOK || !json.Valid([]byte(r.text)) {
			t.Fatal(said(r))
		}
		if _, refused := r.body["errors"]; err != nil && !refused {
			t.Fatalf("%s answered with %s", query, r.text)
		}
	})
}

func TestBlobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	big := strings.Repeat("a", 511_999) + "é" + "b"
	w.Commit("acme/infra", "main", Files{"big": Text(big), "bin": Bytes([]byte("a\x00b")), "latin": Bytes([]byte("caf\xe9")), "empty": Text("")}, "Files")
	r := w.query(`query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) {
		big: object(expression: "HEAD:big") { ...F } bin: object(expression: "main:bin") { ...F } latin: object(expression: "main:latin") { ...F }
		empty: object(expression: "main:empty") { ...F } none: object(expression: "main:none") { ...F } commit: object(expression: "main") { __typename ...F }
		tree: object(expression: "main:docs") { ... on Tree { entries { name mode type oid object { ... on Blob { text } } } } }
	} } fragment F on Blob { __typename byteSize isTruncated isBinary text }`, m{"owner": "acme", "name": "infra"}).want(http.StatusOK)
	blob := func(size float64, truncated, binary bool, text any) any {
		return m{"__typename": "Blob", "byteSize": size, "isTruncated": truncated, "isBinary": binary, "text": text}
	}
	for name, want := range map[string]any{
		"big":    blob(512_002, true, false, big[:511_999]), // never half a character
		"bin":    blob(3, false, true, nil),
		"latin":  blob(4, false, false, "caf\ufffd"),
		"empty":  blob(0, false, false, ""),
		"none":   nil,
		"commit": m{"__typename": "Commit"},
	} {
		if diff := cmp.Diff(want, r.at("data", "repository", name)); diff != "" {
			t.Errorf("%s: %s", name, cut(diff))
		}
	}
	if r.at("data", "repository", "tree", "entries", 0, "object", "text") != "# Hello\n" || r.at("data", "repository", "tree", "entries", 0, "mode") != float64(0o100644) {
		t.Error(r.at("data", "repository", "tree"))
	}
}

func TestQueryErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.CreateRepository("others/private", RepositoryOptions{Private: true})
	for name, test := range map[string]struct {
		query     string
		variables m
		want      string
	}{
		"no query":         {"", nil, "A query attribute must be specified"},
		"syntax":           {"{", nil, "Parse error"},
		"unknown field":    {"{ nothing }", nil, `Field 'nothing' doesn't exist on type 'Query'`},
		"unknown argument": {`{ repository(owner: "a", name: "b", x: 1) { id } }`, nil, `Field 'repository' doesn't accept argument 'x'`},
		"missing argument": {`{ repository(owner: "a") { id } }`, nil, `Field 'repository' is missing required arguments: name`},
		"no selections":    {`{ repository(owner: "a", name: "b") }`, nil, `Field must have selections`},
		"on a scalar":      {`{ repository(owner: "a", name: "b") { id { x } } }`, nil, `Selections can't be made on scalars`},
		"no fragment":      {"{ ...F }", nil, "Fragment F was used, but not defined"},
		"no type":          {"{ ... on Nothing { a } }", nil, "No such type Nothing"},
		"variable":         {`query($o: String!) { repository(owner: $o, name: "b") { id } }`, nil, `Variable $o of type String! was provided invalid value`},
		"which operation":  {`query A { rateLimit { cost } } query B { rateLimit { cost } }`, nil, "An operation name is required"},
		"cycle":            {"{ ...F } fragment F on Query { ...F }", nil, "query too deep"},
		"explosion":        {explosion(), nil, "query too complex"},
		"no repository":    {`{ repository(owner: "acme", name: "none") { id } }`, nil, `"type":"NOT_FOUND"`},
		"hidden":           {`{ repository(owner: "others", name: "private") { id } }`, nil, `Could not resolve to a Repository with the name 'others/private'.`},
	} {
		r := w.query(test.query, test.variables)
		var found []string
		if list, ok := r.body["errors"].([]any); ok {
			for i := range list {
				found = append(found, fmt.Sprint(r.at("errors", i, "message")))
			}
		}
		if r.status != http.StatusOK || !strings.Contains(r.text, test.want) && !strings.Contains(strings.Join(found, "\n"), test.want) {
			t.Errorf("%s: %s, want %s", name, r.text, test.want)
		}
	}
	w.token = w.newTokenFor(m{"permissions": m{"checks": "write"}})
	r := w.query(`{ repository(owner: "acme", name: "infra") { id object(expression: "main") { oid } } }`, nil)
	if r.at("errors", 0, "type") != "FORBIDDEN" || r.at("data", "repository", "object") != nil || r.at("data", "repository", "id") == nil {
		t.Error(r.text)
	}
}

// explosion is a query whose fragments double at each of 40 levels.
func explosion() string {
	var query strings.Builder
	query.WriteString("{ ...F0 }")
	for i := range 40 {
		fmt.Fprintf(&query, " fragment F%d on Query { ...F%d ...F%d }", i, i+1, i+1)
	}
	return query.String() + " fragment F40 on Query { rateLimit { cost } }"
}

func TestCreateCommitOnBranch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	head := w.Commit("acme/infra", "main", Files{"run.sh": Executable("old")}, "Script")
	r := w.commitOnBranch(head, m{
		"additions": []m{{"path": "new/é.bicep", "contents": "cGFyYW0="}, {"path": "run.sh", "contents": "bmV3"}},
		"deletions": []m{{"path": "docs/readme.md"}},
	}).want(http.StatusOK)
	oid := r.at("data", "createCommitOnBranch", "commit", "oid")
	if r.body["errors"] != nil || oid != w.Head("acme/infra", "main") {
		t.Fatal(r.text)
	}
	want := map[string]string{"main.bicep": "100644", "new/é.bicep": "100644", "run.sh": "100644"} // the mode is lost, as on GitHub
	if diff := cmp.Diff(want, w.Paths("acme/infra", "main")); diff != "" {
		t.Error(diff)
	}
	commit := w.Log("acme/infra", "main")[0]
	if commit.Message != "Fix\n\nBecause" || !commit.Signed || commit.AuthorName != "defender[bot]" || commit.Parents[0] != head {
		t.Errorf("%+v", commit)
	}
}

func TestCommitRefusals(t *testing.T) {
	t.Parallel()
	add := func(path string) m { return m{"additions": []m{{"path": path, "contents": "eA=="}}} }
	for name, test := range map[string]struct {
		prepare func(w *world)
		changes m
		kind    string
		message string
	}{
		"workflow":   {changes: add(".github/workflows/ci.yml"), kind: "FORBIDDEN", message: "without `workflows` permission"},
		"outside":    {changes: add("../x"), kind: "UNPROCESSABLE", message: "malformed"},
		"absolute":   {changes: add("/x"), kind: "UNPROCESSABLE", message: "malformed"},
		"not base64": {changes: m{"additions": []m{{"path": "x", "contents": "?"}}}, kind: "UNPROCESSABLE", message: "Base64String"},
		"not there":  {changes: m{"deletions": []m{{"path": "none"}}}, kind: "UNPROCESSABLE", message: "requested for deletion"},
		"wrong type": {changes: m{"additions": "x"}, kind: "UNPROCESSABLE", message: "Argument 'input'"},
		"no branch":  {prepare: func(w *world) { w.DeleteBranch("acme/infra", "main") }, changes: add("x"), kind: "NOT_FOUND", message: "main"},
		"archived":   {prepare: func(w *world) { w.Archive("acme/infra") }, changes: add("x"), kind: "FORBIDDEN", message: "archived"},
		"permission": {
			prepare: func(w *world) { w.token = w.newTokenFor(m{"permissions": m{"contents": "read"}}) }, changes: add("x"),
			kind: "FORBIDDEN", message: "Resource not accessible by integration",
		},
		"protected": {
			prepare: func(w *world) { w.Protect("acme/infra", "main", Protection{RequirePull: true}) }, changes: add("x"),
			kind: "BRANCH_PROTECTION_RULE_VIOLATION", message: "Changes must be made through a pull request.",
		},
		"ruleset": {
			prepare: func(w *world) { w.Protect("acme/infra", "main", Protection{RequirePull: true, Ruleset: true}) }, changes: add("x"),
			kind: "UNPROCESSABLE", message: "Repository rule violations found",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Options{})
			head := w.Head("acme/infra", "main")
			if test.prepare != nil {
				test.prepare(w)
			}
			r := w.commitOnBranch(head, test.changes).want(http.StatusOK)
			if r.at("errors", 0, "type") != test.kind || !strings.Contains(fmt.Sprint(r.at("errors", 0, "message")), test.message) ||
				r.at("data", "createCommitOnBranch") != nil {
				t.Error(r.text)
			}
			if now := w.Head("acme/infra", "main"); now != head && name != "no branch" {
				t.Errorf("the branch moved to %s", now)
			}
		})
	}
}
