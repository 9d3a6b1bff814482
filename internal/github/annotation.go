package github

import (
	"math"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// sendable is what GitHub accepts of annotations, in their order, and how many
// it would not. One that it refuses would take the other 49 of its request
// along. The same input makes the same output: a run that goes on after a
// crash counts on it.
func sendable(list []Annotation) (accepted []annotationJSON, dropped int) {
	accepted = make([]annotationJSON, 0, len(list))
	for _, a := range list {
		if j, ok := a.json(); ok {
			accepted = append(accepted, j)
		} else {
			dropped++
		}
	}
	return accepted, dropped
}

// json repairs what can be repaired without saying something else.
func (a Annotation) json() (annotationJSON, bool) {
	path := clean(a.Path)
	if path != a.Path || source.Clean(path) != path || path == "" {
		return annotationJSON{}, false
	}
	switch a.Level {
	case "notice", "warning", "failure":
	default:
		return annotationJSON{}, false
	}
	j := annotationJSON{
		Path: path, Level: a.Level,
		StartLine: min(max(a.StartLine, 1), math.MaxInt32), EndLine: min(a.EndLine, math.MaxInt32),
		Title: fitLine(a.Title, MaxCheckTitle), Message: fit(a.Message, MaxAnnotationText), RawDetails: fit(a.RawDetails, MaxAnnotationText),
	}
	j.EndLine = max(j.EndLine, j.StartLine)
	if strings.TrimSpace(j.Message) == "" {
		if j.Message = j.Title; j.Message == "" {
			return annotationJSON{}, false
		}
	}
	// Columns only within one line. GitHub's end column is inclusive.
	if j.StartLine == j.EndLine && a.StartColumn >= 1 && a.StartColumn <= math.MaxInt32 {
		j.StartColumn = a.StartColumn
		j.EndColumn = max(j.StartColumn, min(a.EndColumn, math.MaxInt32)-1)
	}
	return j, true
}
