package diag

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// spanOf is the place of the first occurrence of text.
func spanOf(t *testing.T, content, text string) source.Span {
	t.Helper()
	i := strings.Index(content, text)
	if i < 0 {
		t.Fatalf("%q is not in %q", text, content)
	}
	return source.Span{Start: i, End: i + len(text)}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("before ", 30) + "orders" + strings.Repeat(" after", 30)
	for _, tc := range []struct {
		name, content, mark string
		width               int
		want                string
	}{
		{"plain", "a\nresource orders 'x'\n", "orders", 0, "" +
			"  |\n" +
			"2 | resource orders 'x'\n" +
			"  |          ^^^^^^\n"},
		{"tabs", "\t\tname: orders\n", "orders", 0, "" +
			"  |\n" +
			"1 |         name: orders\n" +
			"  |               ^^^^^^\n"},
		{"tab stop", "ab\torders\n", "orders", 0, "" +
			"  |\n" +
			"1 | ab  orders\n" +
			"  |     ^^^^^^\n"},
		{"wide characters", "'注文' // 注文の説明", "注文'", 0, "" +
			"  |\n" +
			"1 | '注文' // 注文の説明\n" +
			"  |  ^^^^^\n"},
		{"combining mark", "e\u0301 orders", "orders", 0, "" +
			"  |\n" +
			"1 | e\u0301 orders\n" +
			"  |   ^^^^^^\n"},
		{"escape sequence", "a\x1b[31m orders", "orders", 0, "" +
			"  |\n" +
			"1 | a\\x1b[31m orders\n" +
			"  |           ^^^^^^\n"},
		{"writing direction", "a\u202e orders", "orders", 0, "" +
			"  |\n" +
			"1 | a\\u202e orders\n" +
			"  |         ^^^^^^\n"},
		{"no UTF-8", "a\xff orders", "orders", 0, "" +
			"  |\n" +
			"1 | a\\xff orders\n" +
			"  |       ^^^^^^\n"},
		{"byte order mark", source.BOM + "orders\n", "orders", 0, "" +
			"  |\n" +
			"1 | orders\n" +
			"  | ^^^^^^\n"},
		{"CRLF", "a\r\norders\r\nb", "orders", 0, "" +
			"  |\n" +
			"2 | orders\n" +
			"  | ^^^^^^\n"},
		{"span over lines", "a orders {\r\n}\r\n", "orders {\r\n}", 0, "" +
			"  |\n" +
			"1 | a orders {\n" +
			"  |   ^^^^^^^^\n"},
		{"two digits", strings.Repeat("\n", 9) + "orders", "orders", 0, "" +
			"   |\n" +
			"10 | orders\n" +
			"   | ^^^^^^\n"},
		{"empty span at the end", "a: \nb", "\nb", 0, "" +
			"  |\n" +
			"1 | a:\n" +
			"  |    ^\n"},
		{"empty line", "\n\nb", "\nb", 0, "" +
			"  |\n" +
			"2 |\n" +
			"  | ^\n"},
		{"long line", long, "orders", 44, "" +
			"  |\n" +
			"1 | …re before orders after after after aft…\n" +
			"  |            ^^^^^^\n"},
		{"end of a long line", strings.Repeat("before ", 30) + "orders", "orders", 44, "" +
			"  |\n" +
			"1 | …re before orders\n" +
			"  |            ^^^^^^\n"},
		{"start of a long line", "orders" + strings.Repeat(" after", 30), "orders", 44, "" +
			"  |\n" +
			"1 | orders after after after after after af…\n" +
			"  | ^^^^^^\n"},
		{"line that just fits", "orders " + strings.Repeat("x", 33), "orders", 44, "" +
			"  |\n" +
			"1 | orders " + strings.Repeat("x", 33) + "\n" +
			"  | ^^^^^^\n"},
		{"short way from the start", strings.Repeat("x", 30) + "orders" + strings.Repeat("x", 30), "orders", 44, "" +
			"  |\n" +
			"1 | " + strings.Repeat("x", 30) + "ordersxxx…\n" +
			"  | " + strings.Repeat(" ", 30) + "^^^^^^\n"},
		{"marks without end", "orders" + strings.Repeat("\u0301", 1000), "orders", 44, "" +
			"  |\n" +
			"1 | orders" + strings.Repeat("\u0301", 40) + "…\n" +
			"  | ^^^^^^\n"},
		{"span longer than the line", strings.Repeat("x", 99), strings.Repeat("x", 99), 44, "" +
			"  |\n" +
			"1 | " + strings.Repeat("x", 39) + "…\n" +
			"  | " + strings.Repeat("^", 39) + "\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := source.NewFile("a.bicep", []byte(tc.content))
			if diff := cmp.Diff(tc.want, excerpt(f, spanOf(t, tc.content, tc.mark), RenderOptions{Width: tc.width}, 0)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExcerptOutOfBounds(t *testing.T) {
	t.Parallel()
	f := source.NewFile("a.bicep", []byte("abc"))
	want := "  |\n1 | abc\n  |    ^\n"
	for _, s := range []source.Span{{Start: 3, End: 3}, {Start: 99, End: 120}, {Start: 3, End: 1}} {
		if diff := cmp.Diff(want, excerpt(f, s, RenderOptions{}, 0)); diff != "" {
			t.Errorf("span %v: %s", s, diff)
		}
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	content := "param name string\n\nresource orders 'x' = {}\n"
	f := source.NewFile("infra/api.bicep", []byte(content))
	d := Diagnostic{
		Code: "api-not-onboarded", Severity: Failure, Path: "infra/api.bicep", Span: spanOf(t, content, "orders"),
		Summary: "API not onboarded to Defender for APIs",
		Detail:  "No collection of the service 'apim\x1b]0;owned\a' has the name of the API 'orders', so nothing protects it.",
		Related: []Related{
			{Path: "infra/api.bicep", Span: spanOf(t, content, "name"), Message: "The name comes from here."},
			{Path: "gone.bicep", Message: "Declared here."},
		},
	}
	lookup := func(p string) *source.File {
		if p == f.Path {
			return f
		}
		return nil
	}
	want := `infra/api.bicep:3:10: failure: API not onboarded to Defender for APIs [api-not-onboarded]
  |
3 | resource orders 'x' = {}
  |          ^^^^^^
  No collection of the service 'apim\x1b]0;owned\x07' has
  the name of the API 'orders', so nothing protects it.
  infra/api.bicep:1: The name comes from here.
  gone.bicep: Declared here.
`
	if diff := cmp.Diff(want, Render(d, lookup, RenderOptions{Width: 60})); diff != "" {
		t.Error(diff)
	}
}

func TestRenderColour(t *testing.T) {
	t.Parallel()
	f := source.NewFile("a.bicep", []byte("orders"))
	d := Diagnostic{Severity: Warning, Path: "a.bicep", Span: source.Span{End: 6}, Summary: "Name"}
	want := "\x1b[1ma.bicep:1:1:\x1b[0m \x1b[1;33mwarning:\x1b[0m \x1b[1mName\x1b[0m\n" +
		"\x1b[2m  |\x1b[0m\n\x1b[2m1 |\x1b[0m orders\n\x1b[2m  |\x1b[0m \x1b[1;33m^^^^^^\x1b[0m\n"
	if diff := cmp.Diff(want, Render(d, func(string) *source.File { return f }, RenderOptions{Colour: true})); diff != "" {
		t.Error(diff)
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"empty", " \n", ""},
		{"one line", "a b", "> a b\n"},
		{"spaces collapse", "a  b\t c", "> a b c\n"},
		{"breaks", "aaaa bbbb cccc", "> aaaa bbbb\n> cccc\n"},
		{"exact fit", "aaaa bbbbb", "> aaaa bbbbb\n"},
		{"long word", "aa bbbbbbbbbbbbbbbb cc", "> aa\n> bbbbbbbbbbbbbbbb\n> cc\n"},
		{"paragraphs", "a\n\nb\r\n", "> a\n\n> b\n"},
		{"wide", "注文 注文 a", "> 注文 注文\n> a\n"},
		{"control", "a\x1bb", "> a\\x1bb\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, Wrap(tc.text, "> ", 12)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVisible(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":              "",
		"plain ~":       "plain ~",
		"é 注文 e\u0301":  "é 注文 e\u0301",
		"a\nb\tc\x00":   `a\x0ab\x09c\x00`,
		"\x7f\u0085":    `\x7f\u0085`,
		"\u009b31m":     `\u009b31m`,
		"\u200b\u2028":  `\u200b\u2028`,
		"\U000e0041":    `\U000e0041`,
		"\ufeff\xc3":    `\ufeff\xc3`,
		"\ufffd":        "\ufffd",
		"\u2066x\u2069": `\u2066x\u2069`,
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add("resource orders 'x'", 9, 15, 0)
	f.Add("\t注\x1b\xff\u202e\r\n", 0, 9, 44)
	f.Add(strings.Repeat("e\u0301\t", 99), 40, 60, 50)
	f.Fuzz(func(t *testing.T, content string, start, end, width int) {
		width %= 300
		o := RenderOptions{Width: width}
		got := excerpt(source.NewFile("a", []byte(content)), source.Span{Start: start, End: end}, o, 0)
		lines := strings.Split(got, "\n")
		if len(lines) != 4 || lines[3] != "" {
			t.Fatalf("not three lines: %q", got)
		}
		for _, line := range lines[:3] {
			for _, r := range line {
				if !unicode.IsGraphic(r) {
					t.Errorf("control character %U in %q", r, line)
				}
			}
			if n := cellsOf(line); n > o.width()+1 {
				t.Errorf("%d cells, not %d: %q", n, o.width(), line)
			}
		}
		if !strings.HasSuffix(lines[2], "^") {
			t.Errorf("no caret: %q", lines[2])
		}
	})
}
