package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Limits of a check run, after https://docs.github.com/rest/checks/runs
const (
	MaxAnnotationsPerRequest = 50
	MaxCheckTitle            = 255       // of a run and of an annotation
	MaxCheckText             = 65_535    // of the summary and of the text, each
	MaxAnnotationText        = 64 * 1024 // of the message and of the raw details, each
	MaxActions               = 3
	MaxActionLabel           = 20
	MaxActionDescription     = 40
	MaxActionIdentifier      = 20

	maxCheckRunPages = 10 // GitHub keeps 1,000 runs of one name
)

// CheckRun is a check run on one commit. To make one, Name, HeadSHA and
// ExternalID say what it is; ID and Posted are GitHub's side of it.
type CheckRun struct {
	// ID is GitHub's; 0 for a run that is not there yet.
	ID int64
	// Name is what people see and what a branch can require.
	Name    string
	HeadSHA string
	// ExternalID is ours: it tells a run again after a crash, and on forks it
	// carries the pull request's number.
	ExternalID string
	// Status is "queued", "in_progress" or "completed".
	Status string
	// Conclusion is "success", "failure", "neutral", "skipped", "cancelled",
	// "timed_out" or "action_required"; empty until completed.
	Conclusion string
	// Title is one line; Summary and Text are Markdown. What does not fit is
	// cut, with a notice that says how much.
	Title, Summary, Text string
	// Annotations are all of the run's, in an order that is the same every
	// time: their number is no limit.
	Annotations []Annotation
	// Actions are the buttons; completing a run without any takes them away.
	Actions []Action
	// Posted is how many annotations GitHub has already. A run that was found
	// half done goes on from there.
	Posted int
}

// Annotation is a remark on lines of one file.
type Annotation struct {
	// Path is relative to the root of the repository.
	Path string
	// StartLine and EndLine count from 1; the columns too, and they are 0 for
	// none. EndColumn is exclusive here, as columns are in this project.
	StartLine, EndLine     int
	StartColumn, EndColumn int
	// Level is "notice", "warning" or "failure".
	Level                      string
	Title, Message, RawDetails string
}

// Action is a button of a check run. Texts over the limits are errors, not
// cut: they are constants of the program.
type Action struct{ Label, Description, Identifier string }

// checkRunJSON is what is sent. go-github's options cannot clear the actions,
// nor set the start in an update.
type checkRunJSON struct {
	Name        string        `json:"name"`
	HeadSHA     string        `json:"head_sha,omitempty"`
	ExternalID  string        `json:"external_id,omitempty"`
	Status      string        `json:"status,omitempty"`
	StartedAt   *time.Time    `json:"started_at,omitempty"`
	Conclusion  string        `json:"conclusion,omitempty"`
	CompletedAt *time.Time    `json:"completed_at,omitempty"`
	Output      *outputJSON   `json:"output,omitempty"`
	Actions     *[]actionJSON `json:"actions,omitempty"`
}

type outputJSON struct {
	Title       string           `json:"title"`
	Summary     string           `json:"summary"`
	Text        string           `json:"text,omitempty"`
	Annotations []annotationJSON `json:"annotations,omitempty"`
}

type annotationJSON struct {
	Path        string `json:"path"`
	StartLine   int    `json:"start_line"`
	EndLine     int    `json:"end_line"`
	StartColumn int    `json:"start_column,omitempty"`
	EndColumn   int    `json:"end_column,omitempty"`
	Level       string `json:"annotation_level"`
	Message     string `json:"message"`
	Title       string `json:"title,omitempty"`
	RawDetails  string `json:"raw_details,omitempty"`
}

type actionJSON struct {
	Label       string `json:"label"`
	Description string `json:"description"`
	Identifier  string `json:"identifier"`
}

// checkRunAnswer is what comes back.
type checkRunAnswer struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	HeadSHA    string `json:"head_sha"`
	ExternalID string `json:"external_id"`
	Status     string `json:"status"`
	Conclusion string `json:"conclusion"`
	Output     struct {
		Title       string `json:"title"`
		Summary     string `json:"summary"`
		Text        string `json:"text"`
		Annotations int    `json:"annotations_count"`
	} `json:"output"`
}

func (c checkRunAnswer) run() CheckRun {
	return CheckRun{
		ID: c.ID, Name: c.Name, HeadSHA: c.HeadSHA, ExternalID: c.ExternalID, Status: c.Status, Conclusion: c.Conclusion,
		Title: c.Output.Title, Summary: c.Output.Summary, Text: c.Output.Text, Posted: c.Output.Annotations,
	}
}

// CheckRuns lists the App's runs with the name, on the head, the newest first.
func (a *App) CheckRuns(ctx context.Context, repo Repo, name, head string) ([]CheckRun, error) {
	if !validSHA(head) {
		return nil, permanent("find check run in %s: %q is not a commit", repo, head)
	}
	var runs []CheckRun
	for page := 1; page <= maxCheckRunPages; page++ {
		var list struct {
			Runs []checkRunAnswer `json:"check_runs"`
		}
		query := pages(page)
		query.Set("check_name", name)
		query.Set("filter", "all") // "latest" has one run of each name and suite
		query.Set("app_id", strconv.FormatInt(a.options.AppID, 10))
		c := call{method: http.MethodGet, parts: []string{"commits", head, "check-runs"}, query: query, permissions: toReport}
		if err := a.whenVisible(ctx, func() error { return a.do(ctx, repo, c, &list) }); err != nil {
			return nil, fmt.Errorf("find check run on %s of %s: %w", head, repo, err)
		}
		for _, run := range list.Runs {
			if run.Name == name && run.ID > 0 {
				runs = append(runs, run.run())
			}
		}
		if len(list.Runs) < perPage {
			break
		}
	}
	slices.SortFunc(runs, func(a, b CheckRun) int { return cmp.Compare(b.ID, a.ID) })
	return runs, nil
}

// StartCheckRun makes a run that is in progress. The answer is the run with
// its ID; Title and Summary may be empty.
func (a *App) StartCheckRun(ctx context.Context, repo Repo, run CheckRun) (CheckRun, error) {
	if !validSHA(run.HeadSHA) || run.Name == "" {
		return CheckRun{}, permanent("start check run in %s: no name or no commit", repo)
	}
	now := a.clock.Now().UTC().Truncate(time.Second)
	body := checkRunJSON{
		Name: run.Name, HeadSHA: run.HeadSHA, ExternalID: run.ExternalID,
		Status: "in_progress", StartedAt: &now,
	}
	if run.Title != "" || run.Summary != "" {
		body.Output = run.output(nil)
	}
	var answer checkRunAnswer
	err := a.whenVisible(ctx, func() error {
		return a.do(ctx, repo, call{method: http.MethodPost, parts: []string{"check-runs"}, body: body, permissions: toReport}, &answer)
	})
	if err != nil {
		return CheckRun{}, fmt.Errorf("start check run on %s of %s: %w", run.HeadSHA, repo, err)
	}
	if answer.ID <= 0 {
		return CheckRun{}, fmt.Errorf("start check run on %s of %s: answer has no id", run.HeadSHA, repo)
	}
	run.ID, run.Status, run.Posted = answer.ID, "in_progress", answer.Output.Annotations
	return run, nil
}

// CompleteCheckRun posts the annotations that GitHub does not have yet, in as
// many requests as they need, and the conclusion in the last one. A run without
// ID is made, with its conclusion at once if that is one request. Annotations
// that GitHub would refuse, and the others of their request with them, are
// repaired or left out, and the run's text says how many.
//
// A request that fails is not sent again here, since it may have been carried
// out: find the run again, which counts what is there, and complete that.
func (a *App) CompleteCheckRun(ctx context.Context, repo Repo, run CheckRun) error {
	if run.ID < 0 || run.Conclusion == "" {
		return permanent("complete check run in %s: no conclusion", repo)
	}
	actions, err := run.actions()
	if err != nil {
		return permanent("complete check run %d of %s: %w", run.ID, repo, err)
	}
	annotations, dropped := sendable(run.Annotations)
	if dropped > 0 {
		notice := fmt.Sprintf("\n\n%d annotations could not be shown: they have no place in a file.", dropped)
		run.Text = fit(run.Text, MaxCheckText-len(notice)) + notice
		a.log.WarnContext(ctx, "annotations left out", slog.Int("dropped", dropped), slog.String("repository", repo.String()))
	}
	annotations = annotations[min(max(run.Posted, 0), len(annotations)):]
	if run.ID == 0 && len(annotations) > MaxAnnotationsPerRequest {
		started, err := a.StartCheckRun(ctx, repo, CheckRun{Name: run.Name, HeadSHA: run.HeadSHA, ExternalID: run.ExternalID})
		if err != nil {
			return err
		}
		run.ID = started.ID
	}
	for len(annotations) > MaxAnnotationsPerRequest {
		body := checkRunJSON{Name: run.Name, Status: "in_progress", Output: run.output(annotations[:MaxAnnotationsPerRequest])}
		if err := a.updateCheckRun(ctx, repo, run.ID, body); err != nil {
			return err
		}
		annotations = annotations[MaxAnnotationsPerRequest:]
	}
	now := a.clock.Now().UTC().Truncate(time.Second)
	body := checkRunJSON{
		Name: run.Name, ExternalID: run.ExternalID,
		Status: "completed", Conclusion: run.Conclusion, CompletedAt: &now,
		Output: run.output(annotations), Actions: &actions,
	}
	if run.ID == 0 {
		body.HeadSHA = run.HeadSHA
		return a.createCheckRun(ctx, repo, body)
	}
	return a.updateCheckRun(ctx, repo, run.ID, body)
}

// createCheckRun makes a run that is completed from the start.
func (a *App) createCheckRun(ctx context.Context, repo Repo, body checkRunJSON) error {
	if !validSHA(body.HeadSHA) || body.Name == "" {
		return permanent("create check run in %s: no name or no commit", repo)
	}
	err := a.whenVisible(ctx, func() error {
		return a.do(ctx, repo, call{method: http.MethodPost, parts: []string{"check-runs"}, body: body, permissions: toReport}, nil)
	})
	if err != nil {
		return fmt.Errorf("create check run on %s of %s: %w", body.HeadSHA, repo, err)
	}
	return nil
}

func (a *App) updateCheckRun(ctx context.Context, repo Repo, id int64, body checkRunJSON) error {
	c := call{method: http.MethodPatch, parts: []string{"check-runs", strconv.FormatInt(id, 10)}, body: body, permissions: toReport}
	if err := a.do(ctx, repo, c, nil); err != nil {
		return fmt.Errorf("update check run %d of %s: %w", id, repo, err)
	}
	return nil
}

// output is the run's text within GitHub's limits. A title and a summary are
// required with every output.
func (r CheckRun) output(annotations []annotationJSON) *outputJSON {
	title, summary := fitLine(r.Title, MaxCheckTitle), fit(r.Summary, MaxCheckText)
	if title == "" {
		title = fitLine(r.Name, MaxCheckTitle)
	}
	if summary == "" {
		summary = title
	}
	return &outputJSON{Title: title, Summary: summary, Text: fit(r.Text, MaxCheckText), Annotations: annotations}
}

func (r CheckRun) actions() ([]actionJSON, error) {
	if len(r.Actions) > MaxActions {
		return nil, errors.New("too many actions")
	}
	list := make([]actionJSON, 0, len(r.Actions)) // an empty list clears, null would not
	for _, action := range r.Actions {
		if !within(action.Label, MaxActionLabel) || !within(action.Description, MaxActionDescription) || !within(action.Identifier, MaxActionIdentifier) {
			return nil, fmt.Errorf("action %q has a text that is empty or too long", action.Identifier)
		}
		list = append(list, actionJSON(action))
	}
	return list, nil
}

func within(s string, limit int) bool { return s != "" && utf8.RuneCountInString(s) <= limit }
