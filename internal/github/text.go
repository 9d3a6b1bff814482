package github

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// cut is the longest beginning of s that has at most limit bytes and does not
// end within a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	limit = max(limit, 0)
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// clean makes text that GitHub accepts: valid UTF-8 without NUL.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// fit makes text of at most limit bytes. What it leaves out it counts in a
// notice at the end. It cuts after a whole line where that costs little, so
// that a table loses rows and not half of one.
//
// GitHub's limits are in characters; bytes are never fewer, so text that fits
// here fits there however it counts.
func fit(s string, limit int) string {
	s = clean(s)
	if len(s) <= limit {
		return s
	}
	notice := func(kept string) string {
		return fmt.Sprintf("\n\n… %d more characters are not shown.", utf8.RuneCountInString(s)-utf8.RuneCountInString(kept))
	}
	kept := cut(s, limit-len(notice("")))
	if i := strings.LastIndexByte(kept, '\n'); i >= 0 && i > len(kept)-len(kept)/8 {
		kept = kept[:i]
	}
	return kept + notice(kept)
}

// fitLine is fit for text of one line.
func fitLine(s string, limit int) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	if len(s) <= limit {
		return s
	}
	notice := func(kept string) string {
		return fmt.Sprintf("… (+%d)", utf8.RuneCountInString(s)-utf8.RuneCountInString(kept))
	}
	kept := cut(s, limit-len(notice("")))
	return kept + notice(kept)
}
