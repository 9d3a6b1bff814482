package template

// ConflictSummary and ConflictDetail say that a file has marks of a merge
// conflict, at the first mark of each.
const (
	ConflictSummary = "Merge conflict"
	ConflictDetail  = "A merge left both versions of these lines. Keep what is right, and remove the lines with the marks."
)

// ConflictMark reports whether a line that git left for a conflict begins at an
// offset.
// https://git-scm.com/docs/git-merge#_how_conflicts_are_presented
func ConflictMark[T string | []byte](text T, at int) bool {
	const width = 7
	if at > 0 && text[at-1] != '\n' || len(text)-at < width {
		return false
	}
	mark := text[at]
	for i := range width {
		if text[at+i] != mark {
			return false
		}
	}
	if end := at + width; end < len(text) && text[end] != ' ' && text[end] != '\r' && text[end] != '\n' {
		return false
	}
	return mark == '<' || mark == '|' || mark == '=' || mark == '>'
}
