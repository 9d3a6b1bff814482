package bicep

import (
	"bytes"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// checkFile checks what holds for every input whatever.
func checkFile(t *testing.T, f *File) {
	t.Helper()
	if text := rebuild(t, f); !bytes.Equal(text, f.Source.Content) {
		t.Errorf("tokens and trivia make\n%q, want\n%q", text, f.Source.Content)
	}
	checkTree(t, f)
	if len(f.Diagnostics) > maxDiagnostics {
		t.Errorf("%d diagnostics", len(f.Diagnostics))
	}
	for i, d := range f.Diagnostics {
		if d.Summary == "" || d.Detail == "" || d.Code != template.CodeUnreadable || d.Severity != diag.Failure || d.Path != f.Source.Path {
			t.Errorf("incomplete diagnostic %+v", d)
		}
		if d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(f.Source.Content) {
			t.Errorf("diagnostic out of bounds: %+v", d)
		}
		if i > 0 && diag.Compare(f.Diagnostics[i-1], d) > 0 {
			t.Errorf("diagnostics out of order: %+v before %+v", f.Diagnostics[i-1], d)
		}
	}
}

// rebuild concatenates tokens, trivia and the blanks between.
func rebuild(t *testing.T, f *File) []byte {
	t.Helper()
	var out []byte
	trivia := f.Trivia
	for i, tok := range f.Tokens {
		for len(out) < int(tok.start) {
			if len(trivia) > 0 && int(trivia[0].start) == len(out) {
				out = append(out, f.Source.Text(trivia[0].Span())...)
				trivia = trivia[1:]
				continue
			}
			c := f.Source.Content[len(out)]
			if c != ' ' && c != '\t' {
				t.Fatalf("byte %q at %d is in no token", c, len(out))
			}
			out = append(out, c)
		}
		out = append(out, f.Source.Text(tok.Span())...)
		if last := i == len(f.Tokens)-1; last != (tok.Kind == EndOfFile) {
			t.Fatalf("token %d of %d is %v", i, len(f.Tokens), tok.Kind)
		}
	}
	if len(trivia) > 0 {
		t.Errorf("trivia left: %v", trivia)
	}
	return out
}

// checkTree checks that nodes lie within those above them, declarations follow
// each other, and the height is bounded.
func checkTree(t *testing.T, f *File) {
	t.Helper()
	end := 0
	for _, d := range f.Declarations {
		if d.Span().Start < end {
			t.Errorf("declaration at %v begins before the end of the one before at %d", d.Span(), end)
		}
		end = d.Span().End
		checkNode(t, d, source.Span{End: len(f.Source.Content)}, 0)
	}
}

func checkNode(t *testing.T, n Node, within source.Span, height int) {
	t.Helper()
	s := n.Span()
	if s.Start < within.Start || s.End > within.End || s.End < s.Start {
		t.Fatalf("%T at %v is not within %v", n, s, within)
	}
	if height > 16*maxHeight {
		t.Fatal("tree too high")
	}
	root := true
	Walk(n, func(child Node) bool {
		if root {
			root = false
			return true
		}
		checkNode(t, child, s, height+1)
		return false
	})
}
