package arm

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// insert adds an element after child i the way an Insertion says.
func insert(f *source.File, n *Node, i int, text string) string {
	in := n.After(f, i)
	if in.Separator {
		text += ","
	}
	if in.LineComment {
		text = "\n" + text
	}
	content := string(f.Content)
	content = content[:in.Offset] + text + content[in.Offset:]
	if in.Comma >= 0 {
		content = content[:in.Comma] + "," + content[in.Comma:]
	}
	return content
}

func TestAfter(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in    string
		child int
		want  string
	}{
		"between":               {`[1, 2]`, 0, `[1,X, 2]`},
		"at the end":            {`[1, 2]`, 1, `[1, 2,X]`},
		"trailing comma":        {`[1, 2,]`, 1, `[1, 2,X,]`},
		"trailing comma, space": {"[\n1 ,\n]", 0, "[\n1 ,X,\n]"},
		"into nothing":          {`[]`, -1, `[X]`},
		"into a comment":        {"[ // none\n]", -1, "[ // none\nX\n]"},
		"at the beginning":      {`[1]`, -1, `[X,1]`},
		"before a comment":      {"[ // first\n1]", -1, "[ // first\nX,\n1]"},
		"comment of the last":   {"[\n1 // one\n]", 0, "[\n1, // one\nX\n]"},
		"comment and comma":     {"[\n1, // one\n// two\n2]", 0, "[\n1, // one\nX,\n// two\n2]"},
		"comma after comment":   {"[1 /* a */, // b\n]", 0, "[1 /* a */, // b\nX,\n]"},
		"block comment":         {"[1, /* one */ /* 1 */\n2]", 0, "[1, /* one */ /* 1 */X,\n2]"},
		"comment of the next":   {"[1, /* two */ 2]", 0, "[1,X, /* two */ 2]"},
		"comment of many lines": {"[1, /* two\n */ 2]", 0, "[1,X, /* two\n */ 2]"},
		"comma in a comment":    {"[1 /*,*/]", 0, "[1,X /*,*/]"},
		"CRLF":                  {"[1, // one\r\n2]", 0, "[1, // one\nX,\r\n2]"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := source.NewFile("a.json", []byte(test.in))
			root, ds := Document(f)
			if len(ds) > 0 {
				t.Fatal(ds)
			}
			if got := insert(f, root, test.child, "X"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestAfterAny inserts everywhere and looks at what came of it.
func TestAfterAny(t *testing.T) {
	t.Parallel()
	const text = "// a\n{ /* b */ \"list\" : [ // c\n 1 , /* d */ // e\n {\"x\" : [ ] /* f */ , } // g\n , \"y\" /* h */\n ] , \"z\" : { } , // i\n /* j */ }"
	f := source.NewFile("a.json", []byte(text))
	root, _ := Document(f)
	checkNode(t, f, root)
	var visit func(path []int, n *Node)
	visit = func(path []int, n *Node) {
		for i := -1; i < len(n.Children) && (n.Kind == Object || n.Kind == Array); i++ {
			entry := `"new"`
			if n.Kind == Object {
				entry = `"new": null`
			}
			changed := source.NewFile("a.json", []byte(insert(f, n, i, entry)))
			again, ds := Document(changed)
			if len(ds) > 0 {
				t.Errorf("after child %d of %v: %+v in\n%s", i, path, ds, changed.Content)
				continue
			}
			for _, step := range path {
				again = again.Children[step]
			}
			got := changed.Text(again.Children[i+1].Entry())
			if len(again.Children) != len(n.Children)+1 || got != entry {
				t.Errorf("after child %d of %v: %q in\n%s", i, path, got, changed.Content)
			}
		}
		for i, c := range n.Children {
			visit(append(slices.Clip(path), i), c)
		}
	}
	visit(nil, root)
}

func TestNode(t *testing.T) {
	t.Parallel()
	const text = `{"Name": "a\u0062", "list": [1.50, true, null, {"n": {}}], "NAME": "last"}`
	f := source.NewFile("a.json", []byte(text))
	root, ds := Document(f)
	if len(ds) > 0 || root.Kind != Object || root.Parent != nil {
		t.Fatalf("%v, %+v", ds, root)
	}
	if got := root.Member("name").Text; got != "last" {
		t.Errorf("name = %q", got)
	}
	list := root.Member("LIST")
	if list.Member("n") != nil || root.Member("none") != nil {
		t.Error("found what is not there")
	}
	var got []string
	for _, n := range append([]*Node{root.Children[0]}, list.Children...) {
		got = append(got, n.Text+" "+f.Text(n.Entry()))
	}
	want := []string{`ab "Name": "a\u0062"`, "1.50 1.50", "true true", "null null", ` {"n": {}}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	inner := list.Children[3]
	if n := root.At(inner.Span.Start); n != inner {
		t.Errorf("at the bracket: %+v", n)
	}
	if n := root.At(strings.Index(text, "{}")); n.Key != "n" || n.Parent != inner {
		t.Errorf("at the inner bracket: %+v", n)
	}
	if n := root.At(len(text)); n != nil {
		t.Errorf("at the end: %+v", n)
	}
}

func TestNoDocument(t *testing.T) {
	t.Parallel()
	root, ds := Document(source.NewFile("a.json", []byte(`{"a": [}`)))
	if root != nil || len(ds) != 1 {
		t.Errorf("%+v, %+v", root, ds)
	}
}
