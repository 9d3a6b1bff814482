package arm

import (
	"strings"
	"testing"
)

// TestExpression reads expressions at the edges of the grammar. What is wrong in
// them stands between > and <.
func TestExpression(t *testing.T) {
	t.Parallel()
	name := "n" + strings.Repeat(".n", 100)
	for text, want := range map[string]string{
		"[add(0, 9)]":        "add(0, 9)",
		"[add(-9, +90)]":     "add(-9, 90)",
		"[a-b.c-9()]":        "a-b.c-9()",
		"[a().b-9]":          "a().b-9",
		"[lambda()]":         "lambda()",
		"[lambda(a(), b())]": "lambda(a(), b())",
		"[if(a(), b())]":     "if(a(), b())",
		"[foo  >bar<]":       `Found "bar" where "(" after the function name "foo" was expected.`,
		"[a().>9b<]":         `Found "9b" where the name of a property was expected.`,
		"[a().>-b<]":         `Found "-b" where the name of a property was expected.`,
		"[a()[0>]<":          `Found the end of the expression where "]" was expected.`,
		"[>9a<]":             `Found "9a" where a number was expected.`,
		"[a() >b<()]":        `Found "b" where the end of the expression was expected.`,
		"[" + name + "()]":   name + "()",
		"[" + name + ">.n<()]": `Found ".n" where "(" after the function name ` +
			quote(name) + ` was expected.`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			start, end := strings.IndexByte(text, '>'), strings.IndexByte(text, '<')-1
			plain := strings.NewReplacer(">", "", "<", "").Replace(text)
			x, err := parseExpression(plain, 0, nil, &arena{})
			if err == nil {
				if got := show(x); got != want {
					t.Errorf("is %s, want %s", got, want)
				}
				return
			}
			if err.detail != want || err.at.Start != start || err.at.End != end {
				t.Errorf("%s at %v, want %s at {%d %d}", err.detail, err.at, want, start, end)
			}
		})
	}
}
