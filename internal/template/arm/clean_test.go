package arm

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

func TestClean(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"nothing to do":          {`{"a": [1, "b", true, null]}`, `{"a": [1, "b", true, null]}`},
		"scalar":                 {` -0.5e+10 `, ` -0.5e+10 `},
		"byte order mark":        {"\xef\xbb\xbf{}", `   {}`},
		"line comment":           {"{} // x", `{}     `},
		"line comment, CR":       {"// x\r{}", "    \r{}"},
		"line comment, CRLF":     {"[ // x\r\n]", "[     \r\n]"},
		"block comment":          {"/*\n*/{/**/}/***/", `     {    }     `},
		"comment in a string":    {`["// /* x"]`, `["// /* x"]`},
		"string in a comment":    {`[/*"*/]`, `[     ]`},
		"trailing commas":        {`[{"a":1,},[2,] , ]`, `[{"a":1 },[2 ]   ]`},
		"comma, then comments":   {"[1,//a\n/*,*/]", "[1    \n     ]"},
		"comma between comments": {`[1/*a*/,/*b*/]`, `[1           ]`},
		"white space":            {"\u00a0{\u2003\v\f\u0085}", `  {       }`},
		"raw control characters": {"[\"a\n\tb\x00\"]", "[\"a\n\tb\x00\"]"},
		"escaped apostrophe":     {`["\'"]`, `["\'"]`},
		"not UTF-8":              {"[\"\xff\xfe\"]", "[\"\xff\xfe\"]"},
		"equal names":            {`{"a":1,"a":2}`, `{"a":1,"a":2}`},
		"deepest":                {strings.Repeat("[", 200) + strings.Repeat("]", 200), strings.Repeat("[", 200) + strings.Repeat("]", 200)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := clean(source.NewFile("a.json", []byte(test.in)))
			if len(got.diagnostics) > 0 {
				t.Fatalf("diagnostics: %+v", got.diagnostics)
			}
			if got.text != test.want {
				t.Errorf("clean(%q) = %q, want %q", test.in, got.text, test.want)
			}
		})
	}
}

// TestSyntaxErrors has the place of each error in brackets of its own.
func TestSyntaxErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in      string // «» around each place
		summary string // of the first
		text    string // what is read around them; "" when reading stops
	}{
		{`{"a": «one»}`, `Unexpected "one"`, `{"a": 0  }`},
		{`{"a": «'b c'»}`, `Unexpected "b c"`, `{"a": 0    }`},
		{`[«True», «.5», «01», «1.», «+1», «1e», «-», «0x1», «NaN», «é»]`, `Unexpected "True"`, `[0   , 0 , 0 , 0 , 0 , 0 , 0, 0  , 0  , 0 ]`},
		{`[«,»1,«,»2]`, `Unexpected ","`, `[ 1, 2]`},
		{`[1,2,«,»]`, `Unexpected ","`, `[1,2  ]`},
		{`{«,»}`, `Unexpected ","`, `{ }`},
		{`[{} «{»}, [] «[»], "a" «"b"»]`, "Missing comma", `[{} {}, [] [], "a" "b"]`},
		{`{"a": 1 «"b"»: 2}`, "Missing comma", `{"a": 1 "b": 2}`},
		{`{"a": 1/**/«"b"»: 2}`, "Missing comma", `{"a": 1    "b": 2}`},
		{`["«\d»«\u»12g"]`, "Unknown escape sequence", `["\d\u12g"]`},
		{`{"a": 1«"b"»: 2}`, `Unexpected "b"`, `{"a": 1      }`},
		{`[1 «2»]`, `Unexpected "2"`, `[1  ]`},
		{`{"a" «1»}`, `Unexpected "1"`, `{     }`},
		{`{"a":«}»`, `Unexpected "}"`, `{    }`},
		{`{"a"«}»`, `Unexpected "}"`, `{   }`},
		{`{«a»: 1}`, `Unexpected "a"`, `{    }`},
		{`{"a": 1«]»`, `Unexpected "]"`, `{"a": 1}`},
		{`[1«}»`, `Unexpected "}"`, `[1]`},
		{`{"a": 1} «x»`, `Unexpected "x"`, `{"a": 1}  `},
		{`{} «{»}`, `Unexpected "{"`, `{}   `},
		{`[1 «/» 2]`, `Unexpected "/"`, `[1    ]`},
		{`[«🙂»]`, `Unexpected "🙂"`, `[    ]`},
		{`[«\»]`, "Unexpected `\\`", `[ ]`},
		{`[«"a»`, "Unclosed string", `[ ]`},
		{"[«\"a»\n«b»", "Unclosed string", "[   ]"},
		{"[«/*»\nb]", "Unclosed comment", `[    ]`},
		{`[1«,»  `, "Unexpected end of file", `[1  ]`},
		{`«»`, "Unexpected end of file", ``},
		{`[1«"` + strings.Repeat("x", 50) + `"»]`, `Unexpected "` + strings.Repeat("x", 40) + `…"`, `[1` + strings.Repeat(" ", 52) + `]`},

		// A bracket is missing, or one too many.
		{"[\n  {\n    \"a\": 1\n  «]»\n", `Unexpected "]"`, "[\n  {\n    \"a\": 1  }]\n"},
		{"{\"r\": [\n  {\"a\": 1\n«}»\n", `Unexpected end of file`, "{\"r\": [\n  {\"a\": 1}]}"},
		{"{\"r\": [\n  {\"a\": 1}\n «}»\n", `Unexpected "}"`, "{\"r\": [\n  {\"a\": 1} ]}\n"},
		{"[{\"a\": {},\n «{»\"b\": 1}]", `Unexpected "{"`, "[{\"a\": {}}\n,{\"b\": 1}]"},
		{`[{"a": 1}«}», {"b": 1}]`, `Unexpected "}"`, `[{"a": 1} , {"b": 1}]`},
		{`{"r": [{"a": 1}«}»] }`, `Unexpected "}"`, `{"r": [{"a": 1} ] }`},
		{`[{"a":1«]»`, `Unexpected "]"`, `[      ]`},
		{`{"a":[{"b":«{»`, `Unexpected end of file`, ``},
		// Something is missing within an element, which is left out.
		{`{"a": 1, «b»: {"c": [1, 2]}, "d": 2}`, `Unexpected "b"`, `{"a": 1,                   "d": 2}`},
		{"{\"a\": \"x,\n  \"«b»\": 1}", `Unexpected "b"`, "{        \n  \"b\": 1}"},
	}
	for _, test := range tests {
		t.Run(test.in, func(t *testing.T) {
			t.Parallel()
			in, want := unmark(test.in)
			got := clean(source.NewFile("a.json", []byte(in)))
			if len(got.diagnostics) == 0 {
				t.Fatal("no diagnostics")
			}
			var spans []source.Span
			for _, d := range got.diagnostics {
				spans = append(spans, d.Span)
				if d.Code != template.CodeUnreadable || d.Path != "a.json" || d.Detail == "" {
					t.Errorf("diagnostic %+v", d)
				}
			}
			if in != "" {
				if diff := cmp.Diff(want, spans); diff != "" {
					t.Errorf("places (-want +got):\n%s", diff)
				}
			}
			if s := got.diagnostics[0].Summary; s != test.summary {
				t.Errorf("summary %q, want %q", s, test.summary)
			}
			if got.text != test.text || got.whole != (test.text != "") {
				t.Errorf("text %q, want %q", got.text, test.text)
			}
		})
	}
}

// unmark takes the marks out of a text.
func unmark(marked string) (string, []source.Span) {
	var b strings.Builder
	var spans []source.Span
	for i, part := range strings.FieldsFunc(strings.NewReplacer("«", "\x01\x02", "»", "\x01\x03").Replace(marked), func(r rune) bool { return r == 1 }) {
		switch {
		case strings.HasPrefix(part, "\x02"):
			spans = append(spans, source.Span{Start: b.Len()})
			part = part[1:]
		case strings.HasPrefix(part, "\x03"):
			spans[len(spans)-1].End = b.Len()
			part = part[1:]
		case i > 0:
			panic("unmarked part " + strconv.Quote(part))
		}
		b.WriteString(part)
	}
	return b.String(), spans
}

func TestManySyntaxErrors(t *testing.T) {
	t.Parallel()
	got := clean(source.NewFile("a.json", []byte("["+strings.Repeat("x,", 1000)+"1]")))
	if n := len(got.diagnostics); n != maxDiagnostics || got.whole {
		t.Errorf("%d diagnostics, whole %v", n, got.whole)
	}
}

func TestDepth(t *testing.T) {
	t.Parallel()
	for _, open := range []string{"{", "[", `{"a":`, "[[", `{"$schema":"https://x/deploymentTemplate.json#","resources":[`} {
		content := strings.Repeat(open, 1_000_000/len(open))
		f := source.NewFile("a.json", []byte(content))
		Classify(f.Content)
		root, ds := Document(f)
		if root != nil || len(ds) == 0 || len(ds) > 2 {
			t.Errorf("%s…: %v", open, ds)
		}
		if want := "Nesting too deep"; open != "{" && ds[0].Summary != want {
			t.Errorf("%s…: %s, want %s", open, ds[0].Summary, want)
		}
	}
	for _, open := range []string{"a(", "(", "a(a[", "a.", "a()[", "'a", "a().b", "["} {
		content := "[" + strings.Repeat(open, 1_000_000/len(open)) + "]"
		if x, err := parseExpression(content, 0, nil, &arena{}); err == nil {
			t.Errorf("%s…: an expression at %v", open, x.Span())
		}
	}
	deep := "[" + strings.Repeat("a(", maxCalls-1) + strings.Repeat(")", maxCalls-1) + strings.Repeat(".b", maxAccess) + "]"
	if _, err := parseExpression(deep, 0, nil, &arena{}); err != nil {
		t.Errorf("%+v", err)
	}
}

func FuzzJSON(f *testing.F) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range archives {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for file := range strings.SplitSeq(string(content), "\n-- ") {
			_, text, _ := strings.Cut(file, " --\n")
			f.Add([]byte(text))
		}
	}
	for _, seed := range []string{
		"", "\xef\xbb\xbf{}", `[1,/**/]`, "[\"a\nb\\'\"]", `{"a": one "b": 2}`, "{\u00a0}", `"\ud83d\ude00\ud83d"`, `[1e400, -0]`,
		strings.Repeat("[", 1_000_000), strings.Repeat("{", 1_000_000), strings.Repeat(`{"a":`, 200_000),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		file := source.NewFile("a.json", content)
		checkClean(t, content, clean(file))
		Classify(content)
		if got, ok := Parse(file); ok {
			checkSpans(t, got)
			dumpTemplate(got)
		}
		if p, ok := ParseParameters(file); ok {
			dumpParameters(p)
		}
		root, ds := Document(file)
		if root != nil {
			checkNode(t, file, root)
		}
		if json.Valid(content) && len(ds) > 0 && ds[0].Summary != "Nesting too deep" {
			t.Errorf("valid JSON has a diagnostic: %+v", ds[0])
		}
		if json.Valid(content) && utf8.Valid(content) && root != nil {
			var want any
			if err := json.Unmarshal(content, &want); err == nil {
				if diff := cmp.Diff(want, plainValue(root)); diff != "" {
					t.Errorf("differs from encoding/json (-want +got):\n%s", diff)
				}
			}
		}
	})
}

// checkClean checks that the copy differs from the file only in what may be
// blanked, and that gjson takes it for JSON where we do.
func checkClean(t *testing.T, content []byte, c cleanCopy) {
	t.Helper()
	if !c.whole {
		if len(c.diagnostics) == 0 {
			t.Fatal("not read and nothing said")
		}
		return
	}
	if len(c.text) != len(content) {
		t.Fatalf("copy has %d bytes of %d", len(c.text), len(content))
	}
	zero := map[int]bool{}
	for _, s := range c.unreadable {
		zero[s.Start] = true
	}
	for i := range content {
		if c.recovered && strings.IndexByte("{}[],", c.text[i]) >= 0 {
			continue
		}
		if c.text[i] != content[i] && c.text[i] != ' ' && (c.text[i] != '0' || !zero[i]) {
			t.Fatalf("byte %d is %q, was %q", i, c.text[i], content[i])
		}
	}
	if len(c.diagnostics) == 0 && !gjson.Valid(strictly(c.text)) {
		t.Fatalf("accepted, but not JSON: %q", c.text)
	}
	if c.recovered {
		checkRecovered(t, string(content), c)
	}
}

// strictly replaces what is accepted in strings beyond JSON's grammar.
func strictly(text string) string {
	b := []byte(text)
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] < ' ':
			b[i] = ' '
		case b[i] == '\\':
			i++
			if b[i] == '\'' {
				b[i] = '/'
			}
		}
	}
	return string(b)
}

func checkSpans(t *testing.T, got *template.Template) {
	t.Helper()
	size := len(got.File.Content)
	for _, d := range got.Diagnostics {
		if d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > size {
			t.Errorf("place of %+v in %d bytes", d, size)
		}
	}
	for _, r := range allResources(got) {
		if decl := got.File.Text(r.Decl); !strings.HasPrefix(decl, "{") || !strings.HasSuffix(decl, "}") && len(got.Diagnostics) == 0 {
			t.Errorf("declaration %q", decl)
		}
		if r.Anchor.Start < r.Decl.Start || r.Anchor.End > r.Decl.End {
			t.Errorf("anchor %v outside of %v", r.Anchor, r.Decl)
		}
	}
}

func checkNode(t *testing.T, f *source.File, n *Node) {
	t.Helper()
	text := f.Text(n.Span)
	brackets := map[NodeKind]string{Object: "{}", Array: "[]", String: `""`}[n.Kind]
	if brackets != "" && (len(text) < 2 || text[0] != brackets[0] || text[len(text)-1] != brackets[1]) {
		t.Errorf("node of kind %d is %q", n.Kind, text)
	}
	if n.Comma >= 0 && f.Content[n.Comma] != ',' {
		t.Errorf("comma at %d is %q", n.Comma, f.Content[n.Comma])
	}
	for i, c := range n.Children {
		if c.Parent != n || c.Index != i || c.Entry().Start < n.Span.Start || c.Span.End > n.Span.End {
			t.Errorf("child %d of %v: %+v", i, n.Span, c)
		}
		checkNode(t, f, c)
	}
}

// plainValue is a tree as encoding/json would have it.
func plainValue(n *Node) any {
	switch n.Kind {
	case Object:
		m := map[string]any{}
		for _, c := range n.Children {
			m[c.Key] = plainValue(c)
		}
		return m
	case Array:
		a := make([]any, 0, len(n.Children))
		for _, c := range n.Children {
			a = append(a, plainValue(c))
		}
		return a
	case String:
		return n.Text
	case Number:
		x, err := strconv.ParseFloat(n.Text, 64)
		if err != nil {
			return math.NaN()
		}
		return x
	case Bool:
		return n.Text == "true"
	case Null:
		return nil
	}
	return fmt.Errorf("kind %d", n.Kind)
}

func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		"[a()]", "[concat('a', parameters('b').c[0]['d'])]", "[if(a(), 'o''b', -1)]", "[lambda('x', lambdaVariables('x'))]",
		"[ ns . f ( ) ]", "['a']", "[", "[[a]", "[]", "[ ]", "[true]", "[\u00a0a()\u00a0]", "[\xff()]",
		"[" + strings.Repeat("a(", 5000) + "]", "[" + strings.Repeat("a()[", 5000) + "]", "[a()" + strings.Repeat(".b", 5000) + "]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !isExpression(text) {
			return
		}
		const base = 7
		inside := func(s source.Span) bool { return base <= s.Start && s.Start <= s.End && s.End <= base+len(text) }
		x, err := parseExpression(text, base, nil, &arena{})
		if err != nil {
			if x != nil || !inside(err.at) || err.summary == "" || err.detail == "" {
				t.Errorf("%v, %+v", x, err)
			}
			return
		}
		if !inside(x.Span()) {
			t.Errorf("span %v of %d bytes", x.Span(), len(text))
		}
		// What stands at the span of an expression is that expression.
		again, err := parseExpression("["+text[x.Span().Start-base:x.Span().End-base]+"]", x.Span().Start-1, nil, &arena{})
		if err != nil {
			t.Fatalf("%q: %+v", text, err)
		}
		if a, b := show(x), show(again); a != b || x.Span() != again.Span() {
			t.Errorf("%q is %s at %v, again %s at %v", text, a, x.Span(), b, again.Span())
		}
	})
}
