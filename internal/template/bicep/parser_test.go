package bicep

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

func parse(t *testing.T, text string) *File {
	t.Helper()
	f := Parse(source.NewFile("main.bicep", []byte(text)))
	checkFile(t, f)
	return f
}

// value parses text as the value of a variable.
func value(t *testing.T, text string) Expr {
	t.Helper()
	f := parse(t, "var v = "+text+"\n")
	if len(f.Diagnostics) > 0 {
		t.Fatalf("%s:\n%s", text, dumpDiagnostics(f.Source, f.Diagnostics))
	}
	if len(f.Declarations) != 1 {
		t.Fatalf("%s: %d declarations", text, len(f.Declarations))
	}
	return f.Declarations[0].(*VarDecl).Value
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"a + b * c - d", "((a + (b * c)) - d)"},
		{"a - b - c", "((a - b) - c)"},
		{"a * b / c % d", "(((a * b) / c) % d)"},
		{"-a * b", "((-a) * b)"},
		{"!a.b[0]", "(!a.b[0])"},
		{"!!a", "(!(!a))"},
		{"a + b < c * d == e >= f", "(((a + b) < (c * d)) == (e >= f))"},
		{"a == b != c =~ d !~ e", "((((a == b) != c) =~ d) !~ e)"},
		{"a || b && c == d", "(a || (b && (c == d)))"},
		{"a ?? b || c ?? d", "((a ?? (b || c)) ?? d)"},
		{"a ?? b ? c : d", "((a ?? b) ? c : d)"},
		{"a ? b : c ? d : e", "(a ? b : (c ? d : e))"},
		{"a ? b ? c : d : e", "(a ? (b ? c : d) : e)"},
		{"a\n  ? b\n  // why\n  : c", "(a ? b : c)"},
		{"a! + b", "((a!) + b)"},
		{"a!.b", "(a!).b"},
		{"a.b.c(1, 2).d", "a.b.c(1, 2).d"},
		{"a.?b[?c][^1][?^2]", "a.?b[?c][^1][?^2]"},
		{"a::b::c.name", "a::b::c.name"},
		{"f()", "f()"},
		{"f(\n  1\n  ,\n 2\n)", "f(1, 2)"},
		{"f( // one\n 1, /* two */ 2\n )", "f(1, 2)"},
		{"(a + b) * c", "(paren((a + b)) * c)"},
		{"(\n a\n)", "paren(a)"},
		{"x => y => x + y", "(x => (y => (x + y)))"},
		{"() => 1", "( => 1)"},
		{"(a, b) => a ?? b", "(a,b => (a ?? b))"},
		{"(a) =>\n  a", "(a => a)"},
		{"[]", "[]"},
		{"[ a, b\n c\n\n d ]", "[a, b, c, d]"},
		{"{ a: 1, 'b': 2 }", `{a: 1, "b": 2}`},
		{"{\n a: {}\n // c\n\n ...b\n}", "{a: {}, ...b}"},
		{"[for a in b: c]", "[for a in b: c]"},
		{"[for (a, i) in b: if (i > 1) {}]", "[for a,i in b: if paren((i > 1)) {}]"},
		{"[\n for a in b: {\n x: a\n}\n]", "[for a in b: {x: a}]"},
		{"{ for: 1, if: in, null_: [ for1 ] }", "{for: 1, if: in, null_: [for1]}"},
		{"18446744073709551615", "18446744073709551615"},
		{"'${union({ a: 1 }, [ 2 ])}'", `"${union({a: 1}, [2])}"`},
	} {
		t.Run(c.in, func(t *testing.T) {
			t.Parallel()
			if got := render(value(t, c.in)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestStrings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want []string
	}{
		{`''`, []string{""}},
		{`'a'`, []string{"a"}},
		{`'\n\r\t\\\'\$'`, []string{"\n\r\t\\'$"}},
		{`'\u{41}\u{1F600}\u{000041}'`, []string{"A😀A"}},
		{`'\${a}'`, []string{"${a}"}},
		{`'$a $ {} $'`, []string{"$a $ {} $"}},
		{`'${a}'`, []string{"", ""}},
		{`'<${a}|${b}>'`, []string{"<", "|", ">"}},
		{`'${{ a: '}' }}'`, []string{"", ""}},
		{`'\'${'\'${a}'}\''`, []string{"'", "'"}},
		{"'''a\\n ${b} 'c' ''d'''", []string{"a\\n ${b} 'c' ''d"}},
		{"'''\na\n'''", []string{"a\n"}},
		{"'''\r\na'''", []string{"a"}},
		{"'''\n\na'''", []string{"\na"}},
		{"''''''", []string{""}},
		{"'''a'''''", []string{"a''"}},
		{"$'''a ${b} $c'''", []string{"a ", " $c"}},
		{"$'''$${b}'''", []string{"$", ""}},
		{"$$'''${a} $${b} $$${c}'''", []string{"${a} ", " $", ""}},
		{"$'''\n${a}\n'''", []string{"", "\n"}},
		{"$'''a'''", []string{"a"}},
		{"'ü \xff'", []string{"ü \xff"}},
	} {
		t.Run(c.in, func(t *testing.T) {
			t.Parallel()
			s, ok := value(t, c.in).(*StringExpr)
			if !ok {
				t.Fatal("no string")
			}
			if diff := cmp.Diff(c.want, s.Texts); diff != "" {
				t.Errorf("texts (-want +got):\n%s", diff)
			}
			if multi := strings.Contains(c.in, "'''"); s.Multiline != multi {
				t.Errorf("Multiline is %v", s.Multiline)
			}
		})
	}
}

// TestBroken has inputs that are not well formed, with the summary of each
// diagnostic and, where it matters, what is left.
func TestBroken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want []string
		tree string // declarations that are read, by name; BadDecl is -
	}{
		{"var a = 'x\nvar b = 1", []string{"1:9 Unterminated string"}, "a b"},
		{"var a = '${x\nvar b = 1", []string{"1:13 Unterminated interpolation"}, "a b"},
		{"var a = '${x", []string{"1:13 Unterminated interpolation"}, "a"},
		{"var a = '${{\nvar b = 1", []string{`1:12 Missing "}"`, "1:13 Unterminated interpolation"}, "a b"},
		{"var a = '${'${x\nvar b = 1", []string{"1:16 Unterminated interpolation"}, "a b"},
		{"var a = '${}'\nvar b = 1", []string{`1:12 Unexpected "}'"`}, "a b"},
		{"var a = '${x y}'\nvar b = 1", []string{`1:14 Unexpected "y"`}, "a b"},
		{"var a = '${(x}'\nvar b = 1", []string{`1:12 Missing ")"`}, "a b"},
		{"var a = '${x)}'\nvar b = 1", []string{`1:13 Unexpected ")"`}, "a b"},
		{"var a = '\\q'\nvar b = '\\u{110000}\\u{}\\u41'", []string{
			`1:10 Unknown escape sequence "\q"`, `2:10 Unknown escape sequence "\u"`,
			`2:20 Unknown escape sequence "\u"`, `2:24 Unknown escape sequence "\u"`,
		}, "a b"},
		{"var a = '\\", []string{"1:9 Unterminated string", `1:10 Unknown escape sequence "\"`}, "a"},
		{"var a = '''x\nvar b = 1", []string{"1:9 Unterminated string"}, "a b"},
		{"var a = $'''x${\n'''\nvar b = 1", []string{"1:16 Unterminated interpolation"}, "a b"},
		{"var a = $'''${$'''${x\nvar b = 1", []string{"1:22 Unterminated interpolation"}, "a b"},
		{"/* x\nvar b = 1 /* y", []string{"1:1 Unterminated comment"}, "b"},
		{"var a = \"x\"\nvar b = 1", []string{"1:9 String in double quotes"}, "a b"},
		{"var a = “x”\nvar b = 1", []string{`1:9 Unexpected "“"`, `1:11 Unexpected "”"`}, "a b"},
		{"var a = 1 & 2\nvar b = 1", []string{`1:11 Unexpected "&"`}, "a b"},
		{"var a = 1;\nvar b = 1", []string{`1:10 Unexpected ";"`}, "a b"},
		{"var a = 99999999999999999999\nvar b = 1", []string{"1:9 Number too large"}, "a b"},
		{"var a = (1, 2)\nvar b = 1", []string{"1:15 Unexpected line break"}, "a b"},
		{"var a = (1, 2) => 3\nvar b = 1", []string{"1:10 Parameter without a name", "1:13 Parameter without a name"}, "a b"},
		{"var a = x.\nvar b = 1", []string{"1:11 Unexpected line break"}, "a b"},
		{"var a = x[\nvar b = 1", []string{"1:11 Unexpected line break"}, "a b"},
		{"var a = x ? y\nvar b = 1", []string{"1:14 Unexpected line break"}, "a b"},
		{"var a = x =>\nvar b = 1", []string{"1:13 Unexpected line break"}, "a b"},
		{"var a = [\n  1\nvar b = 1", []string{`1:9 Missing "]"`}, "a b"},
		{"var a = f(1\nvar b = 1", []string{`1:10 Missing ")"`}, "a b"},
		{"var a = f(\nvar b = 1", []string{`1:10 Missing ")"`}, "a b"},
		{"var a = (\n\nvar b = 1", []string{`1:9 Missing ")"`}, "a b"},
		{"@minLength(\nvar b = 1", []string{`1:11 Missing ")"`}, "b"},
		{"var a = f(1,\n@description('b')\nvar b = 1", []string{`1:10 Missing ")"`}, "a b"},
		{"type a = (\nresource b 'x@1' = {\n}", []string{`2:1 Unexpected "resource"`}, "a b"},
		{"func a(\nvar b = 1", []string{`1:7 Missing ")"`}, "a b"},
		{"var a = f(1\n  2)\nvar b = 1", []string{`1:12 Missing ","`}, "a b"},
		{"var a = f(1,)\nvar b = 1", []string{`1:13 Unexpected ")"`}, "a b"},
		{"var a = ]\nvar b = 1", []string{`1:9 Unexpected "]"`}, "a b"},
		{"var a = { b: ] c }\nvar b = 1", []string{`1:14 Unexpected "]"`}, "a b"},
		{"var = 1\nvar b = 1", []string{`1:5 Unexpected "="`}, "? b"},
		{"var a\nvar b = 1", []string{"1:6 Unexpected line break"}, "a b"},
		{"var", []string{"1:4 Unexpected end of file"}, "?"},
		{"var a = 1 var b = 2", []string{`1:11 Unexpected "var"`}, "a"},
		{"foo\nbar baz\n}\nvar b = 1", []string{`1:1 Unexpected "foo"`}, "- b"},
		{"@\nvar b = 1", []string{"1:2 Unexpected line break"}, "b"},
		{"@a()\n\n// c\n@sys.b\nvar b = 1", nil, "b"},
		{"type t = {\n  a string\n  b: int\n}\nvar b = 1", []string{`2:5 Unexpected "string"`}, "t b"},
		{"type t = 'a' |\nvar b = 1", []string{"1:15 Unexpected line break"}, "t b"},
		{"param p resourceInput<'x'\nvar b = 1", []string{`1:22 Missing ">"`}, "p b"},
		{"func f(a) => 1\nvar b = 1", []string{`1:9 Unexpected ")"`, `1:11 Unexpected "=>"`}, "f b"},
		{"func f() string\nvar b = 1", []string{"1:16 Unexpected line break"}, "f b"},
		{"func f string => 1\nvar b = 1", []string{`1:8 Unexpected "string"`}, "f b"},
		{"import { a as } from 'x'\nvar b = 1", []string{`1:15 Unexpected "}"`}, "? b"},
		{"import { 1, a } from 'x'\nvar b = 1", []string{`1:10 Unexpected "1"`}, "? b"},
		{"import x from 'x'\nvar b = 1", []string{`1:8 Unexpected "x"`}, "? b"},
		{"using 'x.bicep'\nvar b = 1", []string{`1:1 Unexpected "using"`}, "? b"},
		{"resource a 'x@1' = [\n  {\n    name: 'x'\n  }\n]\nvar b = 1", []string{`2:3 Unexpected "{"`}, "a b"},
		{"resource a 'x@1' = if (x {\n  name: 'x'\n}\nvar b = 1", []string{`1:23 Missing ")"`}, "a b"},
		{"resource a 'x@1' = if (x ==) {\n  name: 'x'\n}\nvar b = 1", []string{`1:28 Unexpected ")"`}, "a b"},
		{"resource a 'x@1' = [for x of y: {\n  name: 'x'\n}]\nvar b = 1", []string{`1:27 Unexpected "of"`}, "a b"},
		{"resource a 'x@1' = {\n  @batchSize(1)\n  name: 'x'\n}\nvar b = 1", []string{`3:3 Unexpected "name"`}, "a b"},
		{"resource a 'x@1' = {\n  resource c 'y' = {\n    name: = 1\n  }\n  name: 'a'\n}", []string{`3:11 Unexpected "="`}, "a"},
		{"resource a 'x@1' =\nvar b = 1", []string{"1:19 Unexpected line break"}, "a b"},
		{"var a = {\nimport: 1\nvar b = 1", []string{`1:9 Missing "}"`}, "a b"},
		{"\x00\x01", []string{"1:1 Unexpected \"\uFFFD\"", "1:2 Unexpected \"\uFFFD\""}, "-"},
		{"var a = #x\n #disable-next-line x\nvar b = 1 #disable-next-line y", []string{
			`1:9 Unexpected "#"`, `3:11 Unexpected "#"`,
		}, "a b"},
	} {
		t.Run(c.in, func(t *testing.T) {
			t.Parallel()
			f := parse(t, c.in)
			if diff := cmp.Diff(c.want, summaries(f)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
			if got := names(f); got != c.tree {
				t.Errorf("read %q, want %q", got, c.tree)
			}
		})
	}
}

// TestBrokenHead: what follows a head that is not well formed is read all the
// same.
func TestBrokenHead(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"func f string => 1":         "1",
		"module m = { name: 'x' }":   `{name: "x"}`,
		"module m 1 = { name: 'x' }": `{name: "x"}`,
		"module 'a' = { name: 'x' }": `{name: "x"}`,
		"test t { name: 'x' }":       `{name: "x"}`,
	} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			f := parse(t, in)
			if len(f.Diagnostics) == 0 || len(f.Declarations) != 1 {
				t.Fatalf("%d declarations, %d diagnostics", len(f.Declarations), len(f.Diagnostics))
			}
			var body Expr
			switch d := f.Declarations[0].(type) {
			case *FuncDecl:
				body = d.Body
			case *ModuleDecl:
				body = d.Body
			case *TestDecl:
				body = d.Body
			}
			if got := render(body); got != want {
				t.Errorf("body %s, want %s", got, want)
			}
		})
	}
}

func summaries(f *File) []string {
	var out []string
	for line := range strings.SplitSeq(dumpDiagnostics(f.Source, f.Diagnostics), "\n") {
		if place, summary, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, "\t") {
			start, _, _ := strings.Cut(place, "-")
			out = append(out, start+" "+summary)
		}
	}
	return out
}

func names(f *File) string {
	var out []string
	for _, d := range f.Declarations {
		switch _, bad := d.(*BadDecl); {
		case bad:
			out = append(out, "-")
		case d.Head().Name == nil:
			out = append(out, "?")
		default:
			out = append(out, d.Head().Name.Name)
		}
	}
	return strings.Join(out, " ")
}

// TestBytes has what editors and hostile people do to files.
func TestBytes(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", " ", "\n", "\r", "\r\n", "\t", source.BOM, source.BOM + "\n", source.BOM + source.BOM,
		source.BOM + "var a = 1", source.BOM + "#disable-next-line x\nvar a = 1", source.BOM + "// c",
		"var a = 1\r\nvar b = [\r\n  1\r\n  2\r\n]\r\n", "var a = 1\rvar b = 2\r", "var\ta\t=\t1\t",
		"var a = 1 // no final line break", "var a = '''\r\nx\r\n'''\r\n", "// a\n/* b */ /* c\nd */ var a = 1 /* e */\n",
		"#disable-diagnostics a b\nvar a = 1\n  #restore-diagnostics a // c\n#disable-next-line\nvar b = 2",
		"\xff\xfe\x00v", "'\xff", "'''\xff", "//\xff", "var a = '\xc3", "\u00a0var a = 1", "/*", "/*/", "/**/", "'", "''", "'''",
		"$", "$$", "$'", "$'''", "$'''${", "$'''${}", "'${", "'${}", "'${'", "'${'${", "'$", "'\\", "'\\u", "'\\u{", "}", "{", "'}", "{'${{}}'}",
	} {
		f := Parse(source.NewFile("main.bicep", []byte(in)))
		checkFile(t, f)
	}
	for _, text := range []string{"var a = 1\nvar b = {\n  c: 2\n}\n", "var a = 1\r\nvar b = {\r\n  c: 2\r\n}", "var a = 1\rvar b = {\r  c: 2\r}", source.BOM + "var a = 1\nvar b = {\n  c: 2\n}"} {
		f := parse(t, text)
		if got := names(f); got != "a b" || len(f.Diagnostics) > 0 {
			t.Errorf("%q: read %s and %v", text, got, f.Diagnostics)
		}
	}
}

func TestTrivia(t *testing.T) {
	t.Parallel()
	f := parse(t, source.BOM+"// one\n#disable-next-line a-b // two\nvar a = /* three\n*/ 1 // four")
	var got []string
	for _, x := range f.Trivia {
		got = append(got, f.Source.Text(x.Span()))
	}
	want := []string{source.BOM, "// one", "#disable-next-line a-b", "// two", "/* three\n*/", "// four"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("trivia (-want +got):\n%s", diff)
	}
}

// TestDepth has a million of everything that nests or chains. Each is one
// diagnostic, and quick.
func TestDepth(t *testing.T) {
	t.Parallel()
	const million = 1_000_000
	for name, c := range map[string]struct{ before, repeat, after string }{
		"square":          {"var a = ", "[", ""},
		"closed square":   {"var a = ", "[", "closed"},
		"paren":           {"var a = ", "(", ""},
		"brace":           {"var a = ", "{a:", ""},
		"call":            {"var a = ", "f(", ""},
		"index":           {"var a = ", "a[", ""},
		"not":             {"var a = ", "!", "a"},
		"minus":           {"var a = ", "-", "1"},
		"ternary then":    {"var a = ", "a?", "a"},
		"ternary else":    {"var a = ", "a?a:", "a"},
		"lambda":          {"var a = ", "a=>", "a"},
		"empty lambda":    {"var a = ", "()=>", "a"},
		"sum":             {"var a = ", "1+", "1"},
		"coalesce":        {"var a = ", "a??", "a"},
		"members":         {"var a = a", ".a", ""},
		"indexes":         {"var a = a", "[0]", ""},
		"assertions":      {"var a = a", "!", ""},
		"nested access":   {"var a = a", "::a", ""},
		"for":             {"var a = ", "[for a in b:", ""},
		"array type":      {"type a = int", "[]", ""},
		"nullable type":   {"type a = int", " ?", ""},
		"paren type":      {"type a = ", "(", ""},
		"tuple type":      {"type a = ", "[", ""},
		"object type":     {"type a = ", "{a:", ""},
		"negative type":   {"type a = ", "-", "1"},
		"type argument":   {"type a = ", "a<", ""},
		"decorated tuple": {"type a = ", "[@a\n", ""},
		"nested resource": {"", " resource a 'b' = {\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := min(million, (template.MaxSize-200)/len(c.repeat))
			after := c.after
			if after == "closed" {
				after = strings.Repeat("]", n)
			}
			started := time.Now()
			f := parse(t, c.before+strings.Repeat(c.repeat, n)+after+"\n")
			if got := summaries(f); len(got) != 1 || !strings.HasSuffix(got[0], "Nesting too deep") {
				t.Errorf("diagnostics %q", got[:min(len(got), 5)])
			}
			if took := time.Since(started); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestWide has a million of what does not nest. None of it is a mistake of
// depth, and all of it is quick.
func TestWide(t *testing.T) {
	t.Parallel()
	const million = 1_000_000
	for name, in := range map[string]string{
		"decorators":      strings.Repeat("@a\n", million) + "var a = 1\n",
		"open decorators": strings.Repeat("@a(", million),
		"holes":           "var a = '" + strings.Repeat("${", million),
		"strings":         "var a = " + strings.Repeat("'${", million),
		"text":            strings.Repeat("$'''${", 500_000) + "\n" + strings.Repeat("a", million),
		"comments":        strings.Repeat("/*\n", million),
		"double quotes":   strings.Repeat(`"`, million),
		"pragmas":         strings.Repeat("#disable-next-line\n", 200_000),
		"line breaks":     "var a = b" + strings.Repeat("\n//", million),
		"line lambda":     "var a = " + strings.Repeat("a=>", 200) + "b" + strings.Repeat("\n//", million),
		"closers":         "var a = {" + strings.Repeat("]", million),
		"mixed brackets":  "var a = " + strings.Repeat("[(", 100) + strings.Repeat("{)]", million),
		"nothing":         strings.Repeat("\x80 ", million),
		"declarations":    strings.Repeat("var a=\n", 500_000),
		"bad properties":  "var a = {\n" + strings.Repeat("=\n", million) + "}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started := time.Now()
			f := parse(t, in)
			for _, s := range summaries(f) {
				if name != "strings" && name != "text" && strings.HasSuffix(s, "Nesting too deep") {
					t.Error(s)
				}
			}
			Lower(f)
			if took := time.Since(started); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestTooMany has more values than are read; what comes before them is there.
func TestTooMany(t *testing.T) {
	t.Parallel()
	f := parse(t, "param a string\nvar b = ["+strings.Repeat("(1),", maxParts)+"1]\nvar c = 1\nvar d = 2\n")
	if got := summaries(f); len(got) != 1 || !strings.HasSuffix(got[0], "Too many values") {
		t.Errorf("diagnostics %q", got[:min(len(got), 5)])
	}
	if len(Lower(f).Parameters) != 1 {
		t.Error("the parameter before is lost")
	}
}

// TestTooManyTokens has more tokens than are read, none of them a value.
func TestTooManyTokens(t *testing.T) {
	t.Parallel()
	const before = "param a string\n"
	for name, signs := range map[string]string{"Unexpected \",\"": ",", "Unexpected string \"'${\"": "'${", "Too many tokens": "\n "} {
		f := parse(t, before+strings.Repeat(signs, (template.MaxSize-len(before))/len(signs)))
		if len(f.Tokens) > 2*maxTokens+2 { // those that end what is open are among them
			t.Errorf("%s: %d tokens", name, len(f.Tokens))
		}
		if first := f.Diagnostics[0]; first.Summary != name {
			t.Errorf("first diagnostic %q, want %q", first.Summary, name)
		}
		if len(Lower(f).Parameters) != 1 {
			t.Errorf("%s: the parameter before is lost", name)
		}
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	f := Parse(source.NewFile("main.bicep", make([]byte, template.MaxSize+1)))
	if len(f.Diagnostics) != 1 || f.Diagnostics[0].Summary != "File too large" || len(f.Declarations) > 0 {
		t.Errorf("got %+v", f.Diagnostics)
	}
	if got := Lower(f); len(got.Diagnostics) != 1 {
		t.Errorf("lowered: %+v", got.Diagnostics)
	}
	f = Parse(source.NewFile("main.bicep", []byte(strings.Repeat(" ", template.MaxSize))))
	if len(f.Diagnostics) > 0 {
		t.Errorf("at the limit: %+v", f.Diagnostics)
	}
}

func TestParams(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"a.bicep": false, "a.bicepparam": true, "a.BicepParam": true, "bicepparam": false} {
		if got := Parse(source.NewFile(path, nil)).Params; got != want {
			t.Errorf("%s: Params is %v", path, got)
		}
	}
	f := Parse(source.NewFile("a.bicepparam", []byte("using 'a.bicep'\nresource a 'b' = {}\nparam c = 1\n")))
	if got := summaries(f); len(got) != 1 || got[0] != `2:1 Unexpected "resource"` {
		t.Errorf("diagnostics %q", got)
	}
}
