package yamlguard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/lexer"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	nested := func(open, within string, n int) string { return strings.Repeat(open, n) + within }
	items := func(n int) string { return "[" + strings.Repeat("1,", (n-2)/2) + "]" }
	for name, tt := range map[string]struct {
		text    string
		refusal Refusal
		at      string // line:column
	}{
		"nothing":            {"", None, ""},
		"settings":           {"version: 1\nlist:\n  - a\n  - {b: [c]}\n", None, ""},
		"as many as may be":  {items(MaxTokens), None, ""},
		"one more":           {items(MaxTokens) + "\n---", TooMany, "2:1"},
		"anchor":             {"a: &x 1", Indirect, "1:4"},
		"alias":              {"a: *x", Indirect, "1:4"},
		"tag":                {"a: !!str 1", Indirect, "1:4"},
		"merge key":          {"a:\n  <<: b", Indirect, "2:3"},
		"quoted":             {"a: '&x'\nb: \"*x\"\nc: '!x'", None, ""},
		"flow":               {nested("[", strings.Repeat("]", MaxDepth), MaxDepth), None, ""},
		"flow too deep":      {nested("[", "", MaxDepth+1), TooDeep, "1:33"},
		"flow one by one":    {strings.Repeat("- []\n", 2*MaxDepth) + strings.Repeat("- {}\n", 2*MaxDepth), None, ""},
		"both brackets":      {nested("[", "{", MaxDepth), TooDeep, "1:33"},
		"dashes":             {nested("- ", "a", MaxDepth), None, ""},
		"dashes too deep":    {nested("- ", "a", MaxDepth+1), TooDeep, "1:65"},
		"questions too deep": {nested("? ", "a", MaxDepth+1), TooDeep, "1:65"},
		"dashes over lines":  {strings.Repeat("- a\n", 2*MaxDepth), None, ""},
		"column":             {"a:\n" + strings.Repeat(" ", maxIndent-1) + "b", None, ""},
		"one column further": {"a:\n" + strings.Repeat(" ", maxIndent) + "b", TooDeep, "2:201"},
		"long line":          {"a: " + strings.Repeat(" ", maxIndent) + "b", None, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token, refusal := Check(lexer.Tokenize(tt.text))
			at := ""
			if token != nil {
				at = fmt.Sprintf("%d:%d", token.Position.Line, token.Position.Column)
			}
			if refusal != tt.refusal || at != tt.at {
				t.Errorf("refusal %d at %q, want %d at %q", refusal, at, tt.refusal, tt.at)
			}
		})
	}
}
