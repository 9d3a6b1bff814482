package source_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

func TestPosition(t *testing.T) {
	t.Parallel()
	f := source.NewFile("a", []byte(source.BOM+"aé\r\nb\rc\n"))
	for offset, want := range map[int]source.Position{
		-1: {1, 1}, 0: {1, 1}, 3: {1, 1}, 4: {1, 2}, 6: {1, 3}, 7: {1, 4}, // the line break is of its line
		8: {2, 1}, 9: {2, 2}, 10: {3, 1}, 11: {3, 2}, 12: {4, 1}, 99: {4, 1},
	} {
		if got := f.Position(offset); got != want {
			t.Errorf("offset %d is at %v, want %v", offset, got, want)
		}
	}
	if got := source.NewFile("a", nil).Position(5); got != (source.Position{Line: 1, Column: 1}) {
		t.Errorf("in an empty file: %v", got)
	}
}

// TestPositionInLongLine compares columns with those that counting from the start
// of the line gives, in text of which much is no UTF-8.
func TestPositionInLongLine(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "é", "€", "😀", "\x80", "\xe2\x82", "\xf0\x9f", "\xff", "\x80\x80\x80\x80\x80\x80"}
	for _, start := range []string{"", source.BOM, "first\n"} {
		text := []byte(start)
		for len(text) < 10_000 {
			text = append(text, pieces[random.IntN(len(pieces))]...)
		}
		f := source.NewFile("a", text)
		line := f.Lines()
		for offset := len(start); offset <= len(text); offset++ {
			want := source.Position{Line: line, Column: utf8.RuneCount(text[len(start):offset]) + 1}
			if got := f.Position(offset); got != want {
				t.Fatalf("after %q, offset %d is at %v, want %v", start, offset, got, want)
			}
		}
	}
}

// BenchmarkPositionInLongLine looks up a place in the middle of a long line.
func BenchmarkPositionInLongLine(b *testing.B) {
	f := source.NewFile("a", bytes.Repeat([]byte("é"), 2<<20))
	for b.Loop() {
		f.Position(2<<20 - 1)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":               {""},
		"a":              {"a"},
		"a\n":            {"a", ""},
		"a\r\n\r\nb\rc":  {"a", "", "b", "c"},
		"\n\n":           {"", "", ""},
		source.BOM + "x": {source.BOM + "x"},
	} {
		f := source.NewFile("a", []byte(text))
		var got []string
		for n := 1; n <= f.Lines(); n++ {
			got = append(got, f.Text(f.Line(n)))
			if at := f.LineAt(f.Line(n).Start); at != n {
				t.Errorf("line %d of %q begins on line %d", n, text, at)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if f.Line(0) != (source.Span{}) || f.Line(f.Lines()+1) != (source.Span{}) {
			t.Errorf("%q has lines that are not there", text)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	f := source.NewFile("a", []byte("0123"))
	for s, want := range map[source.Span]string{
		{Start: 1, End: 3}: "12", {Start: -5, End: 2}: "01", {Start: 3, End: 99}: "3", {Start: 3, End: 1}: "", {}: "",
	} {
		if got := f.Text(s); got != want {
			t.Errorf("%v is %q, want %q", s, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"a/b": "a/b", "./a//b/": "a/b", "a/../b": "b", "..a": "..a", ".": "", "": "", "..": "", "../a": "", "a/../../b": "",
		"/a": "", "a\\b": "", "a\x00b": "",
	} {
		if got := source.Clean(path); got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ from, ref, want string }{
		{"a/b.bicep", "c.bicep", "a/c.bicep"},
		{"a/b.bicep", "./c.bicep", "a/c.bicep"},
		{"a/b.bicep", "../c.bicep", "c.bicep"},
		{"a/b.bicep", `..\d\c.bicep`, "d/c.bicep"},
		{"a/b.bicep", "../../c.bicep", ""},
		{"b.bicep", "../c.bicep", ""},
		{"b.bicep", "/c.bicep", ""},
		{"b.bicep", `\c.bicep`, ""},
		{"b.bicep", "", ""},
	} {
		if got := source.Resolve(tt.from, tt.ref); got != tt.want {
			t.Errorf("%q in %s is %q, want %q", tt.ref, tt.from, got, tt.want)
		}
	}
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	file := func(path, text string) *source.File { return source.NewFile(path, []byte(text)) }
	before := source.NewSnapshot([]source.Entry{
		{Path: "b", File: file("b", "1")},
		{Path: "a"},
		{Path: "b", File: file("b", "twice")},
		{Path: "../out"},
		{Path: "a/./c"},
		{Path: ""},
		{Path: "link", Mode: source.Symlink, File: file("link", "b")},
		{Path: "run", Mode: source.Executable, File: file("run", "#!")},
	})
	after := before.With(file("a", "loaded"), file("new", "2"), file("../no", "3"))
	paths := func(s *source.Snapshot) (out []string) {
		for _, e := range s.Entries() {
			out = append(out, e.Path)
		}
		return out
	}
	if diff := cmp.Diff([]string{"a", "b", "link", "run"}, paths(before)); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a", "b", "link", "new", "run"}, paths(after)); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	if before.File("a") != nil || string(after.File("a").Content) != "loaded" || string(after.File("b").Content) != "1" {
		t.Error("content is not what was given first, or the older snapshot changed")
	}
	if after.File("link") != nil || after.File("run") == nil || after.File("gone") != nil {
		t.Error("links have content, or executable files have none")
	}
	if e, ok := after.Lookup("a"); !ok || e.Size != int64(len("loaded")) {
		t.Errorf("looked up %+v", e)
	}
	if _, ok := new(source.Snapshot).Lookup("a"); ok {
		t.Error("the empty tree has a file")
	}
}
