package github

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFit(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]string{
		"short":        "abc",
		"exactly":      strings.Repeat("x", 200),
		"one too many": strings.Repeat("x", 201),
		"wide":         strings.Repeat("界", 100),
		"emoji":        strings.Repeat("🛡️", 100),
		"lines":        strings.Repeat("0123456789\n", 100),
		"not UTF-8":    strings.Repeat("a\xff\x00", 100),
		"empty":        "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const limit = 200
			whole := clean(s)
			got := fit(s, limit)
			if len(got) > limit || !utf8.ValidString(got) || strings.Contains(got, "\x00") {
				t.Fatalf("%d bytes: %q", len(got), got)
			}
			if len(whole) <= limit {
				if got != whole {
					t.Errorf("changed to %q", got)
				}
				return
			}
			kept, notice, ok := strings.Cut(got, "\n\n… ")
			var left int
			if _, err := fmt.Sscanf(notice, "%d more characters are not shown.", &left); !ok || err != nil {
				t.Fatalf("no count in %q", got)
			}
			if !strings.HasPrefix(whole, kept) || utf8.RuneCountInString(kept)+left != utf8.RuneCountInString(whole) {
				t.Errorf("%d kept and %d left of %d", utf8.RuneCountInString(kept), left, utf8.RuneCountInString(whole))
			}
			if len(got) < limit/2 {
				t.Errorf("only %d bytes kept", len(got))
			}
		})
	}
}

func TestFitLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                        "",
		"2 of 5":                  "2 of 5",
		"two\nlines \t of":        "two lines of",
		strings.Repeat("x", 30):   strings.Repeat("x", 30),
		strings.Repeat("x", 31):   strings.Repeat("x", 21) + "… (+10)",
		strings.Repeat("界", 11):   "界界界界界界界… (+4)",
		strings.Repeat("x", 1000): strings.Repeat("x", 19) + "… (+981)",
	} {
		if got := fitLine(in, 30); got != want {
			t.Errorf("%q: got %q (%d bytes), want %q", in, got, len(got), want)
		}
	}
}
