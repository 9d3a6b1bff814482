// Package diag is how the project speaks about a template: diagnostics with
// exact places, and fixes as text edits. It neither prints nor decides; the
// rooms above fill it in and show it.
package diag

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Severity is how much a diagnostic matters. The zero Severity is invalid, so
// that forgetting it shows.
type Severity uint8

// The severities, in the words of GitHub's annotations.
const (
	Notice Severity = iota + 1
	Warning
	Failure
)

// String is GitHub's annotation level.
func (s Severity) String() string {
	switch s {
	case Notice:
		return "notice"
	case Warning:
		return "warning"
	case Failure:
		return "failure"
	}
	return "invalid"
}

// Code names a kind of diagnostic; the codes are part of the contract with
// scripts and never change their meaning.
type Code string

// Diagnostic is one thing to say about one place in one file.
type Diagnostic struct {
	Code     Code
	Severity Severity
	// Path is the file's, relative to the snapshot.
	Path string
	// Span is the narrowest place that shows the trouble.
	Span source.Span
	// Summary is a noun phrase: capital first, no full stop.
	Summary string
	// Detail says what is there (quoted), what was expected, what to do.
	Detail string
	// Related are earlier places that explain this one.
	Related []Related
	// Fixes are alternatives; each is complete by itself.
	Fixes []SuggestedFix
}

// Related is another place that helps to understand a diagnostic.
type Related struct {
	Path    string
	Span    source.Span
	Message string
}

// SuggestedFix is one way to make a diagnostic go away. Its edits are applied
// together or not at all.
type SuggestedFix struct {
	Message string
	Edits   []TextEdit
}

// TextEdit replaces the bytes of a span with new text. All edits of a fix
// speak about the same baseline, so their order carries no meaning, except
// that insertions at one offset keep the order of the list.
type TextEdit struct {
	Path    string
	Span    source.Span
	NewText string
}

// Compare orders diagnostics by path, place, code and text.
func Compare(a, b Diagnostic) int {
	return cmp.Or(
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Span.Start, b.Span.Start),
		cmp.Compare(a.Span.End, b.Span.End),
		cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Summary, b.Summary),
		cmp.Compare(a.Detail, b.Detail),
	)
}

// Sort puts diagnostics into their stable order.
func Sort(ds []Diagnostic) { slices.SortStableFunc(ds, Compare) }

// First is the first of the diagnostics of one file, of which there must be
// one, and counts the others.
func First(ds []Diagnostic) Diagnostic {
	d := ds[0]
	switch n := len(ds) - 1; n {
	case 0:
	case 1:
		d.Detail += " The file has one more such place."
	default:
		d.Detail += fmt.Sprintf(" The file has %d more such places.", n)
	}
	return d
}
