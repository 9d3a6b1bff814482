package github

import (
	"strconv"
	"strings"
)

// hunks reads a unified diff of one file: which lines of the new file each of
// its hunks shows. What it cannot read it skips.
func hunks(patch string) []Lines {
	var list []Lines
	for text := range strings.Lines(patch) {
		if start, count, ok := hunkHeader(text); ok && count > 0 {
			list = append(list, Lines{start, start + count - 1})
		}
	}
	return list
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
