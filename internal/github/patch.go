package github

import (
	"strconv"
	"strings"
)

// parsePatch reads the hunks of a unified diff of one file: which lines of the
// new file it shows, and which of them are new. What it cannot read it skips.
func parsePatch(patch string) (hunks, changed []Lines) {
	line, left := 0, 0 // next line of the new file; lines of it left in the hunk
	for text := range strings.Lines(patch) {
		if start, count, ok := hunkHeader(text); ok {
			line, left = start, count
			if count > 0 {
				hunks = append(hunks, Lines{start, start + count - 1})
			}
			continue
		}
		if left <= 0 {
			continue
		}
		switch text[0] {
		case '+':
			if n := len(changed); n > 0 && changed[n-1].End == line-1 {
				changed[n-1].End = line
			} else {
				changed = append(changed, Lines{line, line})
			}
			line, left = line+1, left-1
		case '-', '\\': // a line of the old file; "\ No newline at end of file"
		default:
			line, left = line+1, left-1
		}
	}
	return hunks, changed
}

// hunkHeader reads "@@ -1,2 +3,4 @@" for the 3 and the 4.
func hunkHeader(text string) (start, count int, ok bool) {
	rest, ok := strings.CutPrefix(text, "@@ -")
	if !ok {
		return 0, 0, false
	}
	_, rest, ok = strings.Cut(rest, " +")
	if !ok {
		return 0, 0, false
	}
	place, _, ok := strings.Cut(rest, " @@")
	if !ok {
		return 0, 0, false
	}
	from, size, counted := strings.Cut(place, ",")
	start, err := strconv.Atoi(from)
	if err != nil || start < 0 || start > 1<<30 {
		return 0, 0, false
	}
	count = 1
	if counted {
		if count, err = strconv.Atoi(size); err != nil || count < 0 || count > 1<<30 {
			return 0, 0, false
		}
	}
	return start, count, true
}
