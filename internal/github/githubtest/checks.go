package githubtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// CheckRun is a check run as it stands.
type CheckRun struct {
	// ID, SuiteID and AppID are the numbers of the run, its suite and its App.
	ID, SuiteID, AppID int64
	// Repository is "owner/name".
	Repository string
	// Name and HeadSHA say what was checked.
	Name, HeadSHA string
	// Status is "queued", "in_progress" or "completed"; Conclusion is empty
	// until then.
	Status, Conclusion string
	// ExternalID and DetailsURL are the App's own.
	ExternalID, DetailsURL string
	// Output is what the run says.
	Output CheckOutput
	// Actions are the buttons.
	Actions []CheckAction
	// Started and Completed are when; zero while not.
	Started, Completed time.Time
	// Updates counts the requests that changed the run after it was made.
	Updates int
}

// CheckOutput is the text of a check run.
type CheckOutput struct {
	// Title, Summary and Text are as last given.
	Title, Summary, Text string
	// Annotations are all of them, over all requests.
	Annotations []Annotation
}

// Annotation is a remark on lines of a file.
type Annotation struct {
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

// CheckAction is a button of a check run.
type CheckAction struct {
	Label       string `json:"label"`
	Description string `json:"description"`
	Identifier  string `json:"identifier"`
}

type suite struct {
	id      int64
	app     *app
	repo    *repository
	branch  string
	sha     plumbing.Hash
	created time.Time
}

type run struct {
	CheckRun
	suite *suite
}

// requestSuites makes a check suite for every App that can write checks, as a
// push to a branch does.
func (s *Server) requestSuites(r *repository, branch string, sha plumbing.Hash, sender *account) {
	for _, in := range s.installed {
		if in.covers(r) && !in.suspended && in.permissions.allows("checks:write") {
			st := s.suite(in.app, r, branch, sha)
			s.suiteEvent(st, "requested", sender)
		}
	}
}

// suite finds the suite of an App on a commit and makes it if need be.
func (s *Server) suite(a *app, r *repository, branch string, sha plumbing.Hash) *suite {
	for _, st := range s.suites {
		if st.app == a && st.repo == r && st.sha == sha {
			return st
		}
	}
	st := &suite{id: s.nextID(), app: a, repo: r, branch: branch, sha: sha, created: s.now()}
	s.suites = append(s.suites, st)
	return st
}

// branchOf is a branch that is at a commit, empty if none is.
func (r *repository) branchOf(sha plumbing.Hash) string {
	for _, ref := range sortedKeys(r.refs) {
		if r.refs[ref] == sha && len(ref) > len(branchPrefix) && ref[:len(branchPrefix)] == branchPrefix {
			return ref[len(branchPrefix):]
		}
	}
	return ""
}

func (s *Server) runsOf(st *suite) []*run {
	var found []*run
	for _, r := range s.runs {
		if r.suite == st {
			found = append(found, r)
		}
	}
	return found
}

// dropOldRuns keeps the newest of a suite's runs of one name.
func (s *Server) dropOldRuns(st *suite, name string) {
	var same []*run
	for _, r := range s.runsOf(st) {
		if r.Name == name {
			same = append(same, r)
		}
	}
	if excess := len(same) - s.options.Limits.RunsPerName.of(runsPerName); excess > 0 {
		s.runs = slices.DeleteFunc(s.runs, func(r *run) bool { return slices.Contains(same[:excess], r) })
	}
}

// CheckRuns are the check runs on a commit, or on the head of a branch, in the
// order they were made.
func (s *Server) CheckRuns(fullName, revision string) []CheckRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepository(fullName)
	hash := mustResolve(r, revision)
	var found []CheckRun
	for _, rn := range s.runs {
		if rn.suite.repo == r && rn.suite.sha == hash {
			found = append(found, rn.copy())
		}
	}
	return found
}

func (r *run) copy() CheckRun {
	c := r.CheckRun
	c.Output.Annotations = slices.Clone(c.Output.Annotations)
	c.Actions = slices.Clone(c.Actions)
	return c
}

func (s *Server) run(id int64) *run {
	for _, r := range s.runs {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (s *Server) mustRun(id int64) *run {
	r := s.run(id)
	if r == nil {
		panic(fmt.Sprintf("githubtest: no check run %d", id))
	}
	return r
}

// ClickAction presses a button of a check run.
func (s *Server) ClickAction(runID int64, identifier, sender string) {
	s.change(func() {
		r := s.mustRun(runID)
		if !r.hasAction(identifier) {
			panic(fmt.Sprintf("githubtest: check run %d has no action %q", runID, identifier))
		}
		s.clickAction(r, identifier, sender)
	})
}

func (r *run) hasAction(identifier string) bool {
	return slices.ContainsFunc(r.Actions, func(a CheckAction) bool { return a.Identifier == identifier })
}

func (s *Server) clickAction(r *run, identifier, sender string) {
	s.runEvent(r, "requested_action", s.user(sender), doc{"requested_action": doc{"identifier": identifier}})
}

// RerequestRun asks for one check run again.
func (s *Server) RerequestRun(runID int64, sender string) {
	s.change(func() { s.runEvent(s.mustRun(runID), "rerequested", s.user(sender), nil) })
}

// RerequestSuite asks for all check runs of a suite again.
func (s *Server) RerequestSuite(suiteID int64, sender string) {
	s.change(func() {
		for _, st := range s.suites {
			if st.id == suiteID {
				s.suiteEvent(st, "rerequested", s.user(sender))
				return
			}
		}
		panic(fmt.Sprintf("githubtest: no check suite %d", suiteID))
	})
}

// pullsOf are the pull requests that check events and answers name for a
// commit: open ones with that head, those from forks left out.
func (s *Server) pullsOf(r *repository, sha plumbing.Hash) []doc {
	docs := []doc{}
	for _, base := range s.repositories {
		for _, p := range base.pulls {
			same := p.open() && p.headSHA == sha && (p.repo == r || p.head == r)
			if !same || p.fromFork() && s.options.Limits.ForkPullRequests.on() {
				continue
			}
			docs = append(docs, doc{
				"id": p.id, "number": p.number, "url": s.apiURL(fmt.Sprintf("/repos/%s/pulls/%d", p.repo.fullName(), p.number)),
				"head": s.shortEndDoc(p.head, p.headRef, p.headSHA), "base": s.shortEndDoc(p.repo, p.baseRef, p.baseSHA),
			})
		}
	}
	return docs
}

func (s *Server) shortEndDoc(r *repository, ref string, sha plumbing.Hash) doc {
	d := doc{"ref": ref, "sha": sha.String(), "repo": nil}
	if r != nil {
		d["repo"] = doc{"id": r.id, "name": r.name, "url": s.apiURL("/repos/" + r.fullName())}
	}
	return d
}

func (s *Server) runDoc(r *run) doc {
	path := fmt.Sprintf("/repos/%s/check-runs/%d", r.Repository, r.ID)
	page := fmt.Sprintf("%s/%s/runs/%d", s.url, r.Repository, r.ID)
	details := r.DetailsURL
	if details == "" {
		details = page
	}
	return doc{
		"id": r.ID, "node_id": fmt.Sprintf("CR_%d", r.ID), "name": r.Name, "head_sha": r.HeadSHA, "external_id": r.ExternalID,
		"url": s.apiURL(path), "html_url": page, "details_url": details, "status": r.Status, "conclusion": orNil(r.Conclusion),
		"started_at": stamp(r.Started), "completed_at": stamp(r.Completed),
		"output": doc{
			"title": orNil(r.Output.Title), "summary": orNil(r.Output.Summary), "text": orNil(r.Output.Text),
			"annotations_count": len(r.Output.Annotations), "annotations_url": s.apiURL(path + "/annotations"),
		},
		"check_suite": doc{"id": r.SuiteID}, "app": s.appDoc(r.suite.app), "pull_requests": s.pullsOf(r.suite.repo, r.suite.sha),
	}
}

// simpleSuiteDoc is a check suite as it is within a check run's event.
func (s *Server) simpleSuiteDoc(st *suite) doc {
	runs := s.runsOf(st)
	status, conclusion := "queued", ""
	for i, r := range runs {
		if i == 0 || r.Status != "completed" {
			status, conclusion = r.Status, r.Conclusion
		}
		if r.Status == "completed" && r.Conclusion == "failure" && status == "completed" {
			conclusion = r.Conclusion
		}
	}
	return doc{
		"id": st.id, "node_id": fmt.Sprintf("CS_%d", st.id), "head_branch": orNil(st.branch), "head_sha": st.sha.String(),
		"status": status, "conclusion": orNil(conclusion), "before": nil, "after": st.sha.String(),
		"url": s.apiURL(fmt.Sprintf("/repos/%s/check-suites/%d", st.repo.fullName(), st.id)), "app": s.appDoc(st.app),
		"pull_requests": s.pullsOf(st.repo, st.sha), "created_at": stamp(st.created), "updated_at": stamp(st.created),
	}
}

func (s *Server) suiteDoc(st *suite) doc {
	d := s.simpleSuiteDoc(st)
	d["latest_check_runs_count"], d["rerequestable"], d["runs_rerequestable"] = len(s.runsOf(st)), true, true
	d["check_runs_url"], d["head_commit"] = s.apiURL(fmt.Sprintf("/repos/%s/check-suites/%d/check-runs", st.repo.fullName(), st.id)), s.simpleCommitDoc(st.repo, st.sha)
	return d
}

// fullSuiteDoc is a check suite as it answers for itself, outside of events.
func (s *Server) fullSuiteDoc(st *suite) doc {
	d := s.suiteDoc(st)
	d["repository"] = s.repositoryDoc(st.repo)
	return d
}

// simpleCommitDoc is a commit as suites and merge groups have it.
func (s *Server) simpleCommitDoc(r *repository, hash plumbing.Hash) any {
	commit, err := r.network.commit(hash)
	if err != nil {
		return nil
	}
	return doc{
		"id": hash.String(), "tree_id": commit.TreeHash.String(), "message": commit.Message, "timestamp": stamp(commit.Committer.When),
		"author":    doc{"name": commit.Author.Name, "email": commit.Author.Email},
		"committer": doc{"name": commit.Committer.Name, "email": commit.Committer.Email},
	}
}
