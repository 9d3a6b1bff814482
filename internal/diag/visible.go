package diag

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Visible makes text from a template safe to show: what a terminal or a reader
// would act on instead of see becomes an escape such as \x1b or \u202e. These
// are control characters (C1 included), bytes that are no UTF-8, and
// characters that have no shape of their own: the ones that turn the writing
// direction around or take no room. Line breaks and tabs are such characters too.
func Visible(text string) string {
	if isPlain(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		shown, _ := glyph(r, text[:size])
		b.WriteString(shown)
		text = text[size:]
	}
	return b.String()
}

// isPlain is the quick way out for what nearly all text is.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// glyph is how a character is shown and how many terminal cells that takes.
// raw are its bytes: a byte that is no UTF-8 has no other identity.
func glyph(r rune, raw string) (shown string, cells int) {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		shown = fmt.Sprintf(`\x%02x`, raw[0])
	case ' ' <= r && r <= '~':
		return raw, 1
	case r < 0x80:
		shown = fmt.Sprintf(`\x%02x`, r)
	case unicode.In(r, unicode.Mn, unicode.Me):
		return raw, 0
	case unicode.IsGraphic(r):
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			return raw, 2
		}
		return raw, 1
	case r <= 0xffff:
		shown = fmt.Sprintf(`\u%04x`, r)
	default:
		shown = fmt.Sprintf(`\U%08x`, r)
	}
	return shown, len(shown)
}

// cellsOf is how many terminal cells text takes that Visible has been over.
func cellsOf(text string) int {
	n := 0
	for i, r := range text {
		_, cells := glyph(r, text[i:i+utf8.RuneLen(r)])
		n += cells
	}
	return n
}
