package githubtest

import (
	"net/http"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// runAsk is what a request says about a check run; what is absent stays.
type runAsk struct {
	Name        *string        `json:"name"`
	HeadSHA     string         `json:"head_sha"`
	DetailsURL  *string        `json:"details_url"`
	ExternalID  *string        `json:"external_id"`
	Status      *string        `json:"status"`
	Conclusion  *string        `json:"conclusion"`
	StartedAt   *time.Time     `json:"started_at"`
	CompletedAt *time.Time     `json:"completed_at"`
	Output      *outputAsk     `json:"output"`
	Actions     *[]CheckAction `json:"actions"`
}

type outputAsk struct {
	Title       *string         `json:"title"`
	Summary     *string         `json:"summary"`
	Text        *string         `json:"text"`
	Annotations []annotationAsk `json:"annotations"`
}

func (c *call) createRun() (answer, error) {
	var ask runAsk
	if err := c.decode(&ask); err != nil {
		return answer{}, err
	}
	if ask.Name == nil || *ask.Name == "" || ask.HeadSHA == "" {
		return answer{}, invalid("\"head_sha\", \"name\" weren't supplied.")
	}
	if err := ask.check(c.server.options.Limits); err != nil {
		return answer{}, err
	}
	commit, err := c.commitAt(ask.HeadSHA)
	if err != nil {
		return answer{}, err
	}
	st := c.server.suite(c.who.app, c.repo, c.repo.branchOf(commit.Hash), commit.Hash)
	r := &run{suite: st, CheckRun: CheckRun{
		ID: c.server.nextID(), SuiteID: st.id, AppID: st.app.ID, Repository: c.repo.fullName(), HeadSHA: commit.Hash.String(),
		Status: "queued", Started: c.server.now(),
	}}
	c.server.runs = append(c.server.runs, r)
	c.apply(r, ask)
	c.server.dropOldRuns(st, r.Name)
	c.server.runEvent(r, "created", c.who.app.bot, nil)
	if r.Status == statusCompleted {
		c.server.completed(r, c.who.app.bot)
	}
	return created(c.server.runDoc(r)), nil
}

func (c *call) updateRun() (answer, error) {
	r, err := c.namedRun()
	if err != nil {
		return answer{}, err
	}
	if r.AppID != c.who.app.ID && c.server.options.Limits.RunOwner.on() {
		return answer{}, refuse(http.StatusForbidden, "Invalid app_id `%d` - check run can only be modified by the GitHub App that created it.", c.who.app.ID)
	}
	var ask runAsk
	if err := c.decode(&ask); err != nil {
		return answer{}, err
	}
	if err := ask.check(c.server.options.Limits); err != nil {
		return answer{}, err
	}
	done := r.Status == statusCompleted
	c.apply(r, ask)
	r.Updates++
	if !done && r.Status == statusCompleted {
		c.server.completed(r, c.who.app.bot)
	}
	return ok(c.server.runDoc(r)), nil
}

// completed tells of a run that is done, and of its suite if that was its
// last.
func (s *Server) completed(r *run, sender *account) {
	s.runEvent(r, "completed", sender, nil)
	if !slices.ContainsFunc(s.runsOf(r.suite), func(other *run) bool { return other.Status != statusCompleted }) {
		s.suiteEvent(r.suite, "completed", sender)
	}
}

// apply changes a run as asked. Annotations add up; a conclusion completes.
func (c *call) apply(r *run, ask runAsk) {
	set(&r.Name, ask.Name)
	set(&r.DetailsURL, ask.DetailsURL)
	set(&r.ExternalID, ask.ExternalID)
	set(&r.Started, ask.StartedAt)
	if ask.Status != nil {
		r.Status = *ask.Status
		if r.Status != statusCompleted {
			r.Conclusion, r.Completed = "", time.Time{}
		}
	}
	if ask.Conclusion != nil {
		r.Status, r.Conclusion, r.Completed = statusCompleted, *ask.Conclusion, c.server.now()
		set(&r.Completed, ask.CompletedAt)
	}
	if ask.Output != nil {
		set(&r.Output.Title, ask.Output.Title)
		set(&r.Output.Summary, ask.Output.Summary)
		set(&r.Output.Text, ask.Output.Text)
		for _, a := range ask.Output.Annotations {
			r.Output.Annotations = append(r.Output.Annotations, a.annotation())
		}
	}
	if ask.Actions != nil {
		r.Actions = slices.Clone(*ask.Actions)
	}
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (c *call) namedRun() (*run, error) {
	r := c.server.run(c.pathInt("id"))
	if r == nil || r.suite.repo != c.repo {
		return nil, notFound()
	}
	return r, nil
}

func (c *call) getRun() (answer, error) {
	r, err := c.namedRun()
	if err != nil {
		return answer{}, err
	}
	return ok(c.server.runDoc(r)), nil
}

func (c *call) annotations() (answer, error) {
	r, err := c.namedRun()
	if err != nil {
		return answer{}, err
	}
	items, header := paged(c, r.Output.Annotations)
	docs := []doc{}
	for _, a := range items {
		docs = append(docs, doc{
			"path": a.Path, "blob_href": c.server.url + "/" + r.Repository + "/blob/" + r.HeadSHA + "/" + escapePath(a.Path),
			"start_line": a.StartLine, "end_line": a.EndLine, "start_column": columnDoc(a.StartColumn), "end_column": columnDoc(a.EndColumn),
			"annotation_level": a.Level, "title": orNil(a.Title), "message": a.Message, "raw_details": orNil(a.RawDetails),
		})
	}
	return answer{status: http.StatusOK, body: docs, header: header}, nil
}

func columnDoc(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

func (c *call) runsOfRef() (answer, error) {
	commit, err := c.commitAt(c.request.PathValue("ref"))
	if err != nil {
		return answer{}, err
	}
	return c.listRuns(func(r *run) bool { return r.suite.sha == commit.Hash })
}

func (c *call) runsOfSuite() (answer, error) {
	st, err := c.namedSuite()
	if err != nil {
		return answer{}, err
	}
	return c.listRuns(func(r *run) bool { return r.suite == st })
}

// listRuns lists runs, newest first; unless all are asked for, only the newest
// of each name in a suite, as GitHub does.
func (c *call) listRuns(match func(*run) bool) (answer, error) {
	query := c.request.URL.Query()
	type key struct {
		suite int64
		name  string
	}
	seen, docs := map[key]bool{}, []doc{}
	for _, r := range slices.Backward(c.server.runs) {
		k := key{r.SuiteID, r.Name}
		if r.suite.repo != c.repo || !match(r) || (seen[k] && query.Get("filter") != "all") {
			continue
		}
		seen[k] = true
		if (query.Has("check_name") && query.Get("check_name") != r.Name) || (query.Has("status") && query.Get("status") != r.Status) ||
			(query.Has("app_id") && queryInt(c.request, "app_id", 0) != int(r.AppID)) {
			continue
		}
		docs = append(docs, c.server.runDoc(r))
	}
	items, header := paged(c, docs)
	return answer{status: http.StatusOK, body: doc{"total_count": len(docs), "check_runs": items}, header: header}, nil
}

func (c *call) namedSuite() (*suite, error) {
	for _, st := range c.server.suites {
		if st.id == c.pathInt("id") && st.repo == c.repo {
			return st, nil
		}
	}
	return nil, notFound()
}

func (c *call) getSuite() (answer, error) {
	st, err := c.namedSuite()
	if err != nil {
		return answer{}, err
	}
	return ok(c.server.fullSuiteDoc(st)), nil
}

func (c *call) suitesOfRef() (answer, error) {
	commit, err := c.commitAt(c.request.PathValue("ref"))
	if err != nil {
		return answer{}, err
	}
	docs := c.server.suiteDocs(c.repo, commit.Hash)
	items, header := paged(c, docs)
	return answer{status: http.StatusOK, body: doc{"total_count": len(docs), "check_suites": items}, header: header}, nil
}

func (s *Server) suiteDocs(r *repository, sha plumbing.Hash) []doc {
	docs := []doc{}
	for _, st := range s.suites {
		if st.repo == r && st.sha == sha {
			docs = append(docs, s.fullSuiteDoc(st))
		}
	}
	return docs
}

func (c *call) rerequestSuite() (answer, error) {
	st, err := c.namedSuite()
	if err != nil {
		return answer{}, err
	}
	c.server.suiteEvent(st, "rerequested", c.who.app.bot)
	return created(doc{}), nil
}
