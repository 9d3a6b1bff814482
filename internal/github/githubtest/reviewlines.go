package githubtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// diffLine is a line of a diff that can be commented on.
type diffLine struct {
	path, side string
	line       int
}

// place is where a line is in a diff.
type place struct {
	number   int    // of the hunk, in the whole diff
	hunk     string // its header
	position int    // lines below the file's first hunk header
}

// diffLines are the lines inside the hunks of a pull request.
func (c *call) diffLines(p *pull) (map[diffLine]place, error) {
	files, err := changedBetween(c.repo.network, c.repo.baseOf(p), p.headSHA)
	if err != nil {
		return nil, err
	}
	lines, at := map[diffLine]place{}, place{}
	for _, f := range files {
		patch, _, _ := c.repo.network.patch(f)
		left, right := 0, 0
		at.position = -1
		for line := range strings.SplitSeq(patch, "\n") {
			at.position++
			switch {
			case strings.HasPrefix(line, "@@ "):
				at.number, at.hunk = at.number+1, line
				left, right = hunkStart(line, "-"), hunkStart(line, "+")
				continue
			case strings.HasPrefix(line, `\`), line == "":
				continue
			}
			if line[0] != '+' {
				lines[diffLine{f.path, "LEFT", left}] = at
				left++
			}
			if line[0] != '-' {
				lines[diffLine{f.path, "RIGHT", right}] = at
				right++
			}
		}
	}
	return lines, nil
}

// hunkStart is the first line of one side of "@@ -1,3 +1,4 @@".
func hunkStart(header, sign string) int {
	for part := range strings.FieldsSeq(header) {
		rest, ok := strings.CutPrefix(part, sign)
		if !ok {
			continue
		}
		first, _, _ := strings.Cut(rest, ",")
		if n, err := strconv.Atoi(first); err == nil {
			return n
		}
	}
	return 0
}

func (a reviewCommentAsk) check(lines map[diffLine]place, limits Limits) error {
	bad := func(reason string) error {
		e := refuse(http.StatusUnprocessableEntity, "Unprocessable Entity")
		e.reasons = []string{reason}
		return e
	}
	switch {
	case a.Body == "":
		return bad("body can't be blank")
	case !slices.Contains([]string{"", "LEFT", "RIGHT"}, a.Side):
		return invalid("%s is not a member of [\"LEFT\", \"RIGHT\"].", a.Side)
	case !limits.ReviewLines.on() || a.Position != nil:
		return nil
	}
	side := a.Side
	if side == "" {
		side = "RIGHT"
	}
	last, inside := lines[diffLine{a.Path, side, a.Line}]
	if !inside {
		if !slices.ContainsFunc(sortedPaths(lines), func(path string) bool { return path == a.Path }) {
			return bad("Path could not be resolved")
		}
		return bad("Line could not be resolved")
	}
	if a.StartLine == nil {
		return nil
	}
	first, inside := lines[diffLine{a.Path, side, *a.StartLine}]
	switch {
	case *a.StartLine >= a.Line:
		return bad("start_line must precede the end line.")
	case !inside || first.number != last.number:
		return bad("start_line must be part of the same hunk as the line.")
	}
	return nil
}

func sortedPaths(lines map[diffLine]place) []string {
	paths := map[string]bool{}
	for line := range lines {
		paths[line.path] = true
	}
	return sortedKeys(paths)
}
