package bicep

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

func TestExtent(t *testing.T) {
	t.Parallel()
	const text = `// the file

// detached

// about a
#disable-next-line x // why
/* one */ /* two
*/
@description('a')
// inside
var a = 1 // behind a
// about b
var b = {
  // about c
  c: 1, // behind c
  d: 2
}
/* same line */ var e = 3
var f = { /* first */
  g: 1 }
`
	f := parse(t, text)
	want := map[string]string{
		"a": text[strings.Index(text, "// about a"):strings.Index(text, "\n// about b")],
		"b": text[strings.Index(text, "// about b"):strings.Index(text, "\n/* same")],
		"c": "// about c\n  c: 1, // behind c",
		"d": "d: 2",
		"e": "/* same line */ var e = 3",
		"f": "var f = { /* first */\n  g: 1 }",
		"g": "g: 1",
	}
	got := map[string]string{}
	for _, d := range f.Declarations {
		Walk(d, func(n Node) bool {
			switch n := n.(type) {
			case *VarDecl:
				got[n.Name.Name] = f.Source.Text(f.Extent(n))
			case *Property:
				name, _ := n.Name()
				got[name] = f.Source.Text(f.Extent(n))
			}
			return true
		})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("extents (-want +got):\n%s", diff)
	}
	if got := f.Leading(strings.Index(text, "var a")); len(got) != 1 || f.Source.Text(got[0].Span()) != "// inside" {
		t.Errorf("leading of the keyword: %v", got)
	}
}

func TestExtentBOM(t *testing.T) {
	t.Parallel()
	for _, br := range []string{"\n", "\r\n", "\r"} {
		f := parse(t, source.BOM+"// about a"+br+"\tvar a = 1"+br+br+"var b = 2")
		if got, want := f.Source.Text(f.Extent(f.Declarations[0])), "// about a"+br+"\tvar a = 1"; got != want {
			t.Errorf("extent %q, want %q", got, want)
		}
		if got := f.Indent(f.Declarations[0].Span().Start); got != "\t" {
			t.Errorf("indent %q", got)
		}
		if got := f.LineBreak(); got != br {
			t.Errorf("line break %q, want %q", got, br)
		}
		if got := f.Leading(f.Declarations[1].Span().Start); len(got) != 0 {
			t.Errorf("leading of b: %v", got)
		}
	}
	f := parse(t, source.BOM+"  var a = 1")
	if got := f.Indent(len(source.BOM)); got != "  " {
		t.Errorf("indent behind a byte order mark: %q", got)
	}
	if got := f.LineBreak(); got != "\n" {
		t.Errorf("line break of one line: %q", got)
	}
}

func TestWalkStops(t *testing.T) {
	t.Parallel()
	f := parse(t, "var a = f(g(h))\n")
	var got []string
	Walk(f.Declarations[0], func(n Node) bool {
		if c, ok := n.(*CallExpr); ok {
			got = append(got, c.Name.Name)
			return c.Name.Name != "g"
		}
		return true
	})
	if diff := cmp.Diff([]string{"f", "g"}, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	Walk(nil, func(Node) bool { t.Error("visited nil"); return true })
}

func TestProperty(t *testing.T) {
	t.Parallel()
	o := value(t, "{ a: 1, 'b c': 2, '${d}': 3, a: 4, ...e }").(*ObjectExpr)
	for name, want := range map[string]string{"a": "1", "b c": "2"} {
		if p := o.Property(name); p == nil || render(p.Value) != want {
			t.Errorf("%s: %v", name, p)
		}
	}
	for _, name := range []string{"", "A", "d", "e", "${d}"} {
		if p := o.Property(name); p != nil {
			t.Errorf("%q: found %s", name, render(p.Value))
		}
	}
}

func TestSuppression(t *testing.T) {
	t.Parallel()
	for comment, want := range map[string]string{
		"// onboard-defender: ignore a reason":       "a reason",
		"//onboard-defender: ignore":                 "",
		"// Onboard-Defender: Ignore x until 2027-1": "x until 2027-1",
		"/* onboard-defender: ignore x */":           "x",
		"/**\n * onboard-defender: ignore x\n */":    "x",
		"// onboard-defender: ignored":               "none",
		"// see onboard-defender: ignore x":          "none",
		"// onboard-defender":                        "none",
	} {
		got, ok := suppression(comment)
		if !ok {
			got = "none"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", comment, got, want)
		}
	}
}
