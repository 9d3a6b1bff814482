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
		if start, count := hunkHeader(text); count > 0 {
			list = append(list, Lines{start, start + count - 1})
		}
	}
	return list
}

// hunkHeader reads "@@ -1,2 +3,4 @@" for the 3 and the 4, which is 0 if the line
// is none.
func hunkHeader(text string) (start, count int) {
	const largest = 1 << 30
	rest, ok := strings.CutPrefix(text, "@@ -")
	if !ok {
		return 0, 0
	}
	_, rest, _ = strings.Cut(rest, " +")
	place, _, ok := strings.Cut(rest, " @@")
	if !ok {
		return 0, 0
	}
	from, size, counted := strings.Cut(place, ",")
	start, err := strconv.Atoi(from)
	if err != nil || start < 0 || start > largest {
		return 0, 0
	}
	if !counted {
		return start, 1
	}
	if count, err = strconv.Atoi(size); err != nil || count > largest {
		return 0, 0
	}
	return start, count
}
