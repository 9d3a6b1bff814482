package glob

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestPath(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern     string
		match, miss []string
	}{
		{"main.bicep", []string{"main.bicep", "a/main.bicep", "a/b/main.bicep", "main.bicep/x"}, []string{"main.bicepx", "xmain.bicep", "Main.bicep", "main_bicep"}},
		{"/main.bicep", []string{"main.bicep"}, []string{"a/main.bicep"}},
		{"samples/", []string{"samples/a", "x/samples/a", "samples/a/b"}, []string{"samples", "x/samples", "samplesx/a"}},
		{"/samples/", []string{"samples/a"}, []string{"samples", "x/samples/a"}},
		{"a/b", []string{"a/b", "a/b/c"}, []string{"x/a/b", "a/bc", "a"}},
		{"a/b/", []string{"a/b/c"}, []string{"a/b", "x/a/b/c"}},
		{"*.json", []string{"a.json", "x/a.json", ".json", "a.json/b"}, []string{"a.jsonc"}},
		{"infra/*.json", []string{"infra/a.json", "infra/a.json/b"}, []string{"infra/x/a.json", "x/infra/a.json"}},
		{"infra/*", []string{"infra/a", "infra/a/b"}, []string{"infra", "x/infra/a"}},
		{"a?c", []string{"abc", "aéc", "a注c", "x/abc"}, []string{"ac", "abbc", "a/c"}},
		{"**/a", []string{"a", "x/a", "x/y/a", "a/b"}, []string{"ab", "x/ba"}},
		{"a/**", []string{"a/b", "a/b/c"}, []string{"a", "x/a/b", "ab/c"}},
		{"a/**/", []string{"a/b/c"}, []string{"a", "a/b"}},
		{"a/**/b", []string{"a/b", "a/x/b", "a/x/y/b", "a/x/b/c"}, []string{"ab", "a/xb", "x/a/b"}},
		{"a/**/**/b", []string{"a/b", "a/x/b"}, []string{"a"}},
		{"**/a/**", []string{"a/b", "x/a/b"}, []string{"a", "x/a"}},
		{"**", []string{"a", "a/b"}, nil},
		{"**/", []string{"a/b", "a/b/c"}, []string{"a"}},
		{"/**", []string{"a", "a/b"}, nil},
		{"*", []string{"a", "a/b", ".a"}, nil},
		{"/*", []string{"a", "a/b"}, nil},
		{"a/**b", []string{"a/b", "a/xb"}, []string{"a/x/b"}},
		{"a**c", []string{"ac", "abc"}, []string{"a/c"}},
		{"[ab].json", []string{"a.json", "b.json"}, []string{"c.json", "ab.json", ".json"}},
		{"[!ab].json", []string{"c.json"}, []string{"a.json", "b.json"}},
		{"[^ab].json", []string{"c.json"}, []string{"a.json"}},
		{"[a-c]", []string{"a", "b", "c"}, []string{"d", "-"}},
		{"[a-]", []string{"a", "-"}, []string{"b"}},
		{"[-a]", []string{"a", "-"}, []string{"b"}},
		{"[]a]", []string{"]", "a"}, []string{"b"}},
		{"[!]a]", []string{"b"}, []string{"]", "a"}},
		{`[\]a]`, []string{"]", "a"}, []string{`\`}},
		{`[a\-c]`, []string{"a", "-", "c"}, []string{"b"}},
		{"[[:digit:]x]", []string{"7", "x"}, []string{"a", ":"}},
		{"[![:alpha:]]", []string{"7"}, []string{"a"}},
		{"[a-c-e]", []string{"b", "-", "e"}, []string{"d"}},
		{"[é-ü]", []string{"ö"}, []string{"e"}},
		{`\*`, []string{"*"}, []string{"a"}},
		{`\!a`, []string{"!a"}, []string{"a"}},
		{"!a", []string{"!a"}, []string{"a"}},
		{"#a", []string{"#a"}, nil},
		{" a ", []string{" a "}, []string{"a"}},
		{"a\xff", []string{"a\xff"}, []string{"a\xfe", "a\uFFFD"}},
		{"a?", []string{"a\xff"}, []string{"a\xff\xff"}},
	} {
		if err := Validate(tc.pattern); err != nil {
			t.Errorf("%q: %v", tc.pattern, err)
		}
		for _, p := range tc.match {
			if !Path(tc.pattern, p) {
				t.Errorf("%q does not match %q", tc.pattern, p)
			}
		}
		for _, p := range tc.miss {
			if Path(tc.pattern, p) {
				t.Errorf("%q matches %q", tc.pattern, p)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]error{
		"":            errEmpty,
		"/":           errEmpty,
		"//":          errEmpty,
		"///":         errSegment,
		"a//b":        errSegment,
		"//a":         errSegment,
		"a//":         errSegment,
		"[":           errBracket,
		"a[b":         errBracket,
		"[]":          errBracket,
		"[!]":         errBracket,
		"[a/b]":       errBracket,
		`[a\`:         errBackslash,
		`a\`:          errBackslash,
		`a\/b`:        errBackslash,
		"[z-a]":       errRange,
		`[a-\`:        errBackslash,
		"[[:odd:]]":   errClass,
		"[[:alpha:]":  errBracket,
		"[[:x]":       nil, // one of [ : x, as without a second colon it is no class
		"[[:alpha:]]": nil,
		"!a":          nil,
	} {
		if got := Validate(pattern); !errors.Is(got, want) {
			t.Errorf("Validate(%q) = %v, want %v", pattern, got, want)
		}
		if want != nil && (Path(pattern, pattern) || Path(pattern, "a") || !NewSet(pattern).Empty()) {
			t.Errorf("%q matches", pattern)
		}
	}
	for pattern, want := range map[string]error{"": errEmpty, "[": errBracket, "a//b": nil, "/": nil} {
		if got := ValidateName(pattern); !errors.Is(got, want) {
			t.Errorf("ValidateName(%q) = %v, want %v", pattern, got, want)
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, name string
		want          bool
	}{
		{"orders", "orders", true},
		{"Orders", "oRDERS", true},
		{"orders", "orders-v2", false},
		{"orders*", "orders-v2", true},
		{"*-demo", "ORDERS-DEMO", true},
		{"*", "", true},
		{"*", "parameters('x/y')", true},
		{"a*b", "a/x/b", true},
		{"a?b", "a/b", true},
		{"[a-f]*", "Billing", true},
		{"[A-F]*", "billing", true},
		{"[!a-f]*", "Billing", false},
		{"[[:upper:]]", "a", true},
		{"", "", true},
		{"", "a", false},
		{"[", "[", false},
		{`\*`, "*", true},
		{"straße", "STRAßE", true},
	} {
		if got := Name(tc.pattern, tc.name); got != tc.want {
			t.Errorf("Name(%q, %q) = %v", tc.pattern, tc.name, got)
		}
	}
}

func TestClasses(t *testing.T) {
	t.Parallel()
	for class, want := range map[string]string{
		"alpha": "aZ", "digit": "09", "alnum": "aZ09", "lower": "a", "upper": "Z", "space": " \t\n", "blank": " \t",
		"punct": "!$~_", "cntrl": "\x00\x1f\x7f\t\n", "print": "aZ09!$~_ ", "graph": "aZ09!$~_", "xdigit": "a09",
	} {
		for _, r := range "aZ09 \t\n!$~_\x00\x1f\x7fé" {
			if got := Name(`[[:`+class+`:]]`, string(r)); got != strings.ContainsAny(want, string(fold(class, r))) {
				t.Errorf("%s contains %q: %v", class, r, got)
			}
		}
	}
}

// fold is the letter that decides where case does not matter.
func fold(class string, r rune) rune {
	switch {
	case class == "lower" && r == 'Z':
		return 'a'
	case class == "upper" && r == 'a':
		return 'Z'
	}
	return r
}

func TestSet(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		patterns    []string
		match, miss []string
	}{
		{nil, nil, []string{"a", ""}},
		{[]string{"samples/"}, []string{"samples/a"}, []string{"a"}},
		{[]string{"*.json", "!keep.json"}, []string{"a.json", "x/a.json"}, []string{"keep.json", "x/keep.json"}},
		{[]string{"*", "!**/deploy.bicep"}, []string{"a", "x/a.bicep"}, []string{"deploy.bicep", "x/y/deploy.bicep"}},
		{[]string{"!a", "a"}, []string{"a"}, nil},
		{[]string{"vendor/", "!vendor/ours/", "vendor/ours/old/"}, []string{"vendor/a", "vendor/ours/old/a"}, []string{"vendor/ours/a"}},
		{[]string{`\!a`}, []string{"!a"}, []string{"a"}},
		{[]string{"[", "a"}, []string{"a"}, []string{"["}},
	} {
		s := NewSet(tc.patterns...)
		for _, p := range tc.match {
			if !s.Match(p) {
				t.Errorf("%q do not match %q", tc.patterns, p)
			}
		}
		for _, p := range tc.miss {
			if s.Match(p) {
				t.Errorf("%q match %q", tc.patterns, p)
			}
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"apim-prod", `a*b?[c]\!`, "!a", "[!a]", "注文\xff"} {
		if !Name(Quote(text), text) || !Path(Quote(text), text) || !NewSet(Quote(text)).Match(text) {
			t.Errorf("Quote(%q) = %q does not match", text, Quote(text))
		}
	}
	if Name(Quote("a*"), "ab") {
		t.Error("a quoted * is wild")
	}
}

// TestHostile holds patterns that take exponential time where every * is
// tried against everything.
func TestHostile(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	text := strings.Repeat("a", 2000)
	if Name(strings.Repeat("a*", 500)+"b", text) || Path(strings.Repeat("*a", 500)+"b", text) {
		t.Error("matched")
	}
	if Path(strings.Repeat("**/a/", 200)+"b", strings.Repeat("a/", 1000)+"c") {
		t.Error("matched")
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzGlob(f *testing.F) {
	for _, s := range []string{"a/**/b a/x/b", "*.json x/a.json", "[!a-c]? zd", "**/ a/b", `\*[[:alpha:]] *a`, "a//b a/b", "[a]b]-é é"} {
		pattern, text, _ := strings.Cut(s, " ")
		f.Add(pattern, text)
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if clean := strings.Trim(text, "/"); Path(Quote(clean), clean) != (Validate(Quote(clean)) == nil) {
			t.Errorf("Quote(%q)", text)
		}
		if !Name(Quote(text), text) {
			t.Errorf("Quote(%q) as a name", text)
		}
		if len(pattern) > 12 || len(text) > 12 || !utf8.ValidString(pattern) || !utf8.ValidString(text) {
			return
		}
		if err := Validate(pattern); err == nil {
			if got, want := Path(pattern, text), naivePath(pattern, text); got != want {
				t.Errorf("Path(%q, %q) = %v, want %v", pattern, text, got, want)
			}
		} else if Path(pattern, text) {
			t.Errorf("Path(%q, %q), but %v", pattern, text, err)
		}
		if ValidateName(pattern) == nil && pattern == strings.ToLower(pattern) && isASCII(pattern+text) {
			if got, want := Name(pattern, text), naive([]rune(pattern), []rune(strings.ToLower(text)), true); got != want && !strings.Contains(pattern, "[") {
				t.Errorf("Name(%q, %q) = %v, want %v", pattern, text, got, want)
			}
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// naivePath asks, as gitignore's description has it, whether the path or one
// of its folders matches.
func naivePath(pattern, path string) bool {
	pattern, folder := strings.CutSuffix(pattern, "/")
	bare, rooted := strings.CutPrefix(pattern, "/")
	if !rooted && !strings.Contains(bare, "/") {
		bare = "**/" + bare
	}
	parts := strings.Split(path, "/")
	for n := 1; n <= len(parts); n++ {
		if (n < len(parts) || !folder) && naiveSegments(strings.Split(bare, "/"), parts[:n]) {
			return true
		}
	}
	return false
}

func naiveSegments(pattern, path []string) bool {
	if len(pattern) == 0 {
		return len(path) == 0
	}
	if pattern[0] == "**" && len(pattern) > 1 {
		return naiveSegments(pattern[1:], path) || len(path) > 0 && naiveSegments(pattern, path[1:])
	}
	return len(path) > 0 && naive([]rune(pattern[0]), []rune(path[0]), false) && naiveSegments(pattern[1:], path[1:])
}

// naive tries every * against everything. Sets are read by the matcher's own
// reader, because a second one would only repeat it.
func naive(pattern, text []rune, fold bool) bool {
	if len(pattern) == 0 {
		return len(text) == 0
	}
	switch pattern[0] {
	case '*':
		return naive(pattern[1:], text, fold) || len(text) > 0 && naive(pattern, text[1:], fold)
	case '?':
		return len(text) > 0 && naive(pattern[1:], text[1:], fold)
	case '\\':
		return len(text) > 0 && pattern[1] == text[0] && naive(pattern[2:], text[1:], fold)
	case '[':
		set, n, err := compileSet(pattern)
		set.fold = fold
		return err == nil && len(text) > 0 && set.match(text[0]) && naive(pattern[n:], text[1:], fold)
	}
	return len(text) > 0 && pattern[0] == text[0] && naive(pattern[1:], text[1:], fold)
}

func TestLiteral(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{"Orders": "orders", `a\*B`: "a*b", "É": "é", "": ""} {
		if got, ok := ReadName(pattern).Literal(); !ok || got != want {
			t.Errorf("%q is literally %q, %v", pattern, got, ok)
		}
	}
	for _, pattern := range []string{"a*", "?", "[a]", "[", `a\`} {
		if got, ok := ReadName(pattern).Literal(); ok {
			t.Errorf("%q is literally %q", pattern, got)
		}
	}
	if (NamePattern{}).Match("") || (PathPattern{}).Match("a") {
		t.Error("a pattern that was not read matches something")
	}
}
