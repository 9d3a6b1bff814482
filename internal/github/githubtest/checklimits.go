package githubtest

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

const statusCompleted = "completed"

// The words of a check run, from
// https://docs.github.com/en/rest/checks/runs#create-a-check-run. The
// statuses "waiting", "requested" and "pending" and the conclusion "stale" are
// GitHub's own to set.
func runStatuses() []string { return []string{"queued", "in_progress", statusCompleted} }

func runConclusions() []string {
	return []string{"action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"}
}

func annotationLevels() []string { return []string{"notice", "warning", "failure"} }

// annotationAsk is an annotation as it was sent.
type annotationAsk struct {
	Path        *string `json:"path"`
	StartLine   *int    `json:"start_line"`
	EndLine     *int    `json:"end_line"`
	StartColumn *int    `json:"start_column"`
	EndColumn   *int    `json:"end_column"`
	Level       *string `json:"annotation_level"`
	Message     *string `json:"message"`
	Title       *string `json:"title"`
	RawDetails  *string `json:"raw_details"`
}

func (a annotationAsk) annotation() Annotation {
	var out Annotation
	set(&out.Path, a.Path)
	set(&out.StartLine, a.StartLine)
	set(&out.EndLine, a.EndLine)
	set(&out.StartColumn, a.StartColumn)
	set(&out.EndColumn, a.EndColumn)
	set(&out.Level, a.Level)
	set(&out.Message, a.Message)
	set(&out.Title, a.Title)
	set(&out.RawDetails, a.RawDetails)
	return out
}

// check holds what is asked of a check run to GitHub's rules. Nothing of a
// request is done unless all of it is good.
func (ask runAsk) check(limits Limits) error {
	switch {
	case ask.Status != nil && !slices.Contains(runStatuses(), *ask.Status):
		return invalid("%s is not a member of [\"queued\", \"in_progress\", \"completed\"].", *ask.Status)
	case ask.Conclusion != nil && !slices.Contains(runConclusions(), *ask.Conclusion):
		return invalid("%s is not a member of [\"%s\"].", *ask.Conclusion, strings.Join(runConclusions(), `", "`))
	case ask.Status != nil && *ask.Status == statusCompleted && ask.Conclusion == nil:
		return invalid("\"conclusion\" wasn't supplied.")
	}
	if err := ask.Output.check(limits); err != nil {
		return err
	}
	if ask.Actions == nil {
		return nil
	}
	return checkActions(*ask.Actions, limits)
}

func (o *outputAsk) check(limits Limits) error {
	if o == nil {
		return nil
	}
	if o.Summary == nil {
		return invalid("\"summary\" wasn't supplied.")
	}
	for _, text := range []struct {
		value *string
		most  int
	}{
		{o.Title, limits.OutputTitle.of(outputTitle)},
		{o.Summary, limits.OutputText.of(outputText)},
		{o.Text, limits.OutputText.of(outputText)},
	} {
		if text.value != nil && utf8.RuneCountInString(*text.value) > text.most {
			return tooLong(*text.value, text.most)
		}
	}
	if most := limits.RequestAnnotations.of(requestAnnotations); len(o.Annotations) > most {
		return invalid("No more than %d items are allowed; %d were supplied.", most, len(o.Annotations))
	}
	for _, a := range o.Annotations {
		if err := a.check(limits); err != nil {
			return err
		}
	}
	return nil
}

func tooLong(text string, most int) error {
	return invalid("Only %d characters are allowed; %d were supplied.", most, utf8.RuneCountInString(text))
}

func (a annotationAsk) check(limits Limits) error {
	for _, text := range []*string{a.Message, a.RawDetails} {
		if most := limits.AnnotationBytes.of(annotationBytes); text != nil && len(*text) > most {
			return tooLong(*text, most)
		}
	}
	if !limits.AnnotationPlaces.on() {
		return nil
	}
	bad := func(field, text string) error {
		e := unprocessable("CheckRun", "annotations."+field, "%s", text)
		e.status = http.StatusUnprocessableEntity
		return e
	}
	switch {
	case a.Path == nil || a.StartLine == nil || a.EndLine == nil || a.Level == nil || a.Message == nil:
		return invalid("\"annotation_level\", \"end_line\", \"message\", \"path\", \"start_line\" weren't supplied.")
	case !validPath(*a.Path):
		return bad("path", "path is invalid")
	case *a.Message == "":
		return bad("message", "message cannot be blank")
	case !slices.Contains(annotationLevels(), *a.Level):
		return invalid("%s is not a member of [\"notice\", \"warning\", \"failure\"].", *a.Level)
	case *a.StartLine < 1 || *a.EndLine < *a.StartLine:
		return bad("start_line", "start_line must be at least 1 and not after end_line")
	case *a.StartLine != *a.EndLine && (a.StartColumn != nil || a.EndColumn != nil):
		return bad("start_column", "start_column and end_column are only allowed if start_line and end_line are equal")
	case a.StartColumn != nil && *a.StartColumn < 1, a.EndColumn != nil && *a.EndColumn < 1:
		return bad("start_column", "columns must be at least 1")
	case a.StartColumn != nil && a.EndColumn != nil && *a.EndColumn < *a.StartColumn:
		return bad("end_column", "end_column cannot be before start_column")
	}
	return nil
}

func checkActions(actions []CheckAction, limits Limits) error {
	if most := limits.Actions.of(maxActions); len(actions) > most {
		return invalid("No more than %d items are allowed; %d were supplied.", most, len(actions))
	}
	for _, a := range actions {
		if a.Label == "" || a.Description == "" || a.Identifier == "" {
			return invalid("\"description\", \"identifier\", \"label\" weren't supplied.")
		}
		for _, text := range []struct {
			value string
			most  int
		}{
			{a.Label, limits.ActionLabel.of(actionLabel)},
			{a.Description, limits.ActionDescription.of(actionDescription)},
			{a.Identifier, limits.ActionIdentifier.of(actionIdentifier)},
		} {
			if utf8.RuneCountInString(text.value) > text.most {
				return tooLong(text.value, text.most)
			}
		}
	}
	return nil
}
