package report

import (
	"html"
	"regexp"
	"strings"
	"testing"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "No collection of the service 'apim', see api.bicep (line 3).", "No collection of the service 'apim', see api.bicep (line 3)."},
		{"letters", "注文 é", "注文 é"},
		{"mention", "@user", "&#64;&#8203;user"},
		{"team", "cc @org/team", "cc &#64;&#8203;org/team"},
		{"mail", "a@example.com", "a&#64;&#8203;example.com"},
		{"issue", "fixes #1", "fixes &#35;&#8203;1"},
		{"issue elsewhere", "owner/repo#1", "owner/repo&#35;&#8203;1"},
		{"GH", "closes GH-1", "closes GH&#8203;-1"},
		{"tracker", "see SHOP-12", "see SHOP&#8203;-12"},
		{"date", "until 2027-01-31", "until 2027-01-31"},
		{"commit", "0123abc", "0123ab&#8203;c"},
		{"long commit", "in 0123456789abcdef0123456789abcdef01234567.", "in 012345&#8203;6789ab&#8203;cdef01&#8203;234567&#8203;89abcd&#8203;ef0123&#8203;4567."},
		{"six digits", "abcdef", "abcdef"},
		{"no commit", "interface", "interface"},
		{"commit elsewhere", "owner/repo@0123abc", "owner/repo&#64;&#8203;0123ab&#8203;c"},
		{"URL", "https://example.com", "https:&#8203;//example.com"},
		{"www", "WWW.example.com", "WWW&#8203;.example.com"},
		{"link", "[a](b)", "&#91;a&#93;(b)"},
		{"image", "![a](b)", "!&#91;a&#93;(b)"},
		{"angle link", "<https://a>", "&lt;https:&#8203;//a&gt;"},
		{"HTML", `<img src="x">`, "&lt;img src=&quot;x&quot;&gt;"},
		{"comment", "<!-- x", "&lt;!-- x"},
		{"entity", "&lt; &#64;a", "&amp;lt; &amp;&#35;&#8203;64;a"},
		{"table", "a|b\\|c", "a&#124;b&#92;&#124;c"},
		{"lines", "a\r\n\n| --- |\n\tb", "a &#124; --- &#124; b"},
		{"fence", "```\nx", "&#96;&#96;&#96; x"},
		{"emphasis", "*a* _b_ ~~c~~", "&#42;a&#42; &#95;b&#95; &#126;&#126;c&#126;&#126;"},
		{"heading", "# a", "&#35;&#8203; a"},
		{"rule", "---", "&#45;&#45;&#45;"},
		{"underline", "===", "&#61;&#61;&#61;"},
		{"list", "- a", "&#45; a"},
		{"other list", "+ a", "&#43; a"},
		{"numbers", "1. a", "1&#46; a"},
		{"numbers with )", "12) a", "12&#41; a"},
		{"quote", "> a", "&gt; a"},
		{"emoji", ":tada: a:b:c: ::", ":&#8203;tada: a:&#8203;b:&#8203;c: ::"},
		{"no emoji", "path:12: a", "path:&#8203;12: a"},
		{"formula", "$x$ ${svc}", "<span>$</span>x<span>$</span> <span>$</span>{svc}"},
		{"control", "a\x1b[0m\x00", "a&#92;x1b&#91;0m&#92;x00"},
		{"direction", "a\u202eb", "a&#92;u202eb"},
		{"no UTF-8", "\xff", "&#92;xff"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := Escape(tc.in); got != tc.want {
				t.Errorf("Escape(%q)\n got %q\nwant %q", tc.in, got, tc.want)
			}
			checkEscaped(t, tc.in, Escape(tc.in))
			checkCode(t, tc.in)
		})
	}
}

func TestCode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":               "",
		" \n":            "",
		"orders":         "`orders`",
		" a\n b ":        "`a b`",
		"@user #1 <b> _": "`@user #1 <b> _`",
		"'${svc}/x'":     "`'${svc}/x'`",
		"a|b":            "<code>a&#124;b</code>",
		"a`b``":          "<code>a&#96;b&#96;&#96;</code>",
		`a\`:             "<code>a&#92;</code>",
		"a\x1b":          "<code>a&#92;x1b</code>",
	} {
		if got := Code(in); got != want {
			t.Errorf("Code(%q) = %q, want %q", in, got, want)
		}
	}
}

// acting is what GitHub would act upon in the text that Markdown becomes.
var acting = regexp.MustCompile(`(?i)@[a-z0-9]|#[0-9a-z]|[a-z]-[0-9]|\b[0-9a-f]{7,40}\b|://|www\.|:[a-z0-9_+-]+:`)

// starting is what begins a block of its own.
var starting = regexp.MustCompile(`^(\s|[-+=]|[0-9]+[.)]|#|>)`)

func checkEscaped(t *testing.T, in, out string) {
	t.Helper()
	// In the source there is no character left that Markdown acts upon.
	source := strings.ReplaceAll(out, "<span>$</span>", "")
	source = regexp.MustCompile(`&(#[0-9]+|amp|lt|gt|quot);`).ReplaceAllString(source, "")
	if i := strings.IndexAny(source, "`*_~|\\[]<>&\"@#$\n\r\t"); i >= 0 {
		t.Errorf("Escape(%q) leaves %q in %q", in, source[i], out)
	}
	if m := starting.FindString(out); m != "" {
		t.Errorf("Escape(%q) begins a block with %q", in, m)
	}
	// In what it becomes there is nothing that GitHub acts upon.
	shown := html.UnescapeString(strings.NewReplacer("<span>", "", "</span>", "").Replace(out))
	if m := acting.FindString(shown); m != "" {
		t.Errorf("Escape(%q) leaves %q", in, m)
	}
	// And it reads as it was written.
	if got, want := strings.ReplaceAll(shown, "\u200b", ""), oneLine(in); got != want {
		t.Errorf("Escape(%q) shows %q, want %q", in, got, want)
	}
}

func checkCode(t *testing.T, in string) {
	t.Helper()
	out := Code(in)
	if inner, ok := strings.CutPrefix(out, "<code>"); ok {
		checkEscaped(t, in, strings.TrimSuffix(inner, "</code>"))
		return
	}
	if out == "" {
		if oneLine(in) != "" {
			t.Errorf("Code(%q) is empty", in)
		}
		return
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(out, "`"), "`")
	if len(inner) != len(out)-2 || strings.ContainsAny(inner, "`|\\\n\r") || inner != oneLine(in) {
		t.Errorf("Code(%q) = %q", in, out)
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{
		"", "plain", "@user #1 owner/repo#2 GH-3 :tada:", "[l](http://h) ![i](h) <b>&amp;", "a|b\n---|---\n```", "0123456789abcdef", "$a$ `b` \x1b\u202e",
		"1. - + = # > *", "www.www.a", "a:b:c:d://", "\ufeff\u200b@a", "a\u200b-1", "@\u0301a",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		checkEscaped(t, in, Escape(in))
		checkCode(t, in)
	})
}
