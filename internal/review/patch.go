package review

import (
	"slices"
	"strings"

	udiff "github.com/aymanbagabas/go-udiff"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/fix"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// maxPatch keeps the text of a run below GitHub's 65,535 characters.
const maxPatch = 60000

// patchText is the fix as a patch in a code fence that nothing in it can end:
// of all files, or of those that fit.
func patchText(result *fix.Result, g *deployment.Graph) string {
	var patch strings.Builder
	left := 0
	for _, path := range patched(result, g) {
		one := insertions("a/"+path, "b/"+path, g.Source(path), result)
		if patch.Len()+len(one) > maxPatch {
			left++
			continue
		}
		patch.WriteString(one)
	}
	var text strings.Builder
	if patch.Len() > 0 {
		fence := "```"
		for strings.Contains(patch.String(), fence) {
			fence += "`"
		}
		text.WriteString(fence + "diff\n" + patch.String() + fence + "\n")
	}
	if left > 0 {
		text.WriteString("\nThe changes of " + counted(left, "file") + " do not fit here; `bot fix` on a checkout of the branch writes all of them.\n")
	}
	if strings.Contains(patch.String(), "\r\n") {
		text.WriteString("\nA browser does not copy Windows line breaks, so that `git apply` needs `--ignore-whitespace`; " +
			"`bot fix` on a checkout of the branch writes the same with the line breaks of the files.\n")
	}
	return text.String()
}

// patched are the paths of the files that a fix changes, sorted.
func patched(result *fix.Result, g *deployment.Graph) []string {
	var paths []string
	for path := range result.Files {
		if g.Source(path) != nil {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// Patch is the fix as a unified diff that git apply takes. name gives the path
// to write for a file; nil keeps it.
func Patch(result *fix.Result, g *deployment.Graph, name func(path string) string) string {
	var b strings.Builder
	for _, path := range patched(result, g) {
		shown := path
		if name != nil {
			shown = name(path)
		}
		b.WriteString(insertions("a/"+shown, "b/"+shown, g.Source(path), result))
	}
	return b.String()
}

// insertions is the diff of one file, with the edits where they were made: a
// diff computed from the two texts would put some of them a line too early.
func insertions(from, to string, src *source.File, result *fix.Result) string {
	var edits []udiff.Edit
	for _, e := range result.Edits {
		if e.Path == src.Path {
			edits = append(edits, udiff.Edit{Start: e.Span.Start, End: e.Span.End, New: e.NewText})
		}
	}
	diff, err := udiff.ToUnified(from, to, string(src.Content), edits, udiff.DefaultContextLines)
	if err != nil {
		return udiff.Unified(from, to, string(src.Content), string(result.Files[src.Path]))
	}
	return diff
}
