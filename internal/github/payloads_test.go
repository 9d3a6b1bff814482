package github

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/github/openapitest"
)

// everyEvent makes each event happen that the App is told of, and some more.
func everyEvent(t *testing.T, s *site) {
	t.Helper()
	number := s.change(1)
	run, err := s.app.StartCheckRun(t.Context(), s.repo, CheckRun{Name: "n", HeadSHA: s.Head(acme, "feature/x"), ExternalID: "x"})
	if err != nil {
		t.Fatal(err)
	}
	run.Conclusion, run.Title, run.Summary = "failure", "title", "summary"
	run.Actions = []Action{{Label: "Onboard APIs", Description: "Commit", Identifier: "onboard"}}
	if err := s.app.CompleteCheckRun(t.Context(), s.repo, run); err != nil {
		t.Fatal(err)
	}
	s.ClickAction(run.ID, "onboard", "mona")
	s.RerequestRun(run.ID, "mona")
	s.RerequestSuite(s.CheckRuns(acme, run.HeadSHA)[0].SuiteID, "mona")
	s.ConvertToDraft(acme, number)
	s.ReadyForReview(acme, number)
	s.Branch(acme, "release", "main")
	s.ChangeBase(acme, number, "release")
	s.ChangeBase(acme, number, "main")
	s.Commit(acme, "feature/x", githubtest.Files{"x": githubtest.Text("x")}, "Push")
	s.ClosePull(acme, number)
	s.ReopenPull(acme, number)
	s.QueueMerge(acme, number)
	s.Dequeue(acme, number)
	s.QueueMerge(acme, number)
	s.MergeQueued(acme, number)
	s.DeleteBranch(acme, "feature/x")
	s.Ping(s.slug)
	s.AcceptPermissions(s.repo.Installation)
	s.Suspend(s.repo.Installation, true)
	s.Suspend(s.repo.Installation, false)
	s.Uninstall(s.repo.Installation)
	s.CreateRepository("acme/other", githubtest.RepositoryOptions{})
	s.repo.Installation = s.Install(s.slug, "acme", acme)
	s.SelectRepositories(s.repo.Installation, true, "acme/other")
	s.SelectRepositories(s.repo.Installation, false, "acme/other")
}

// TestPayloads reads the payload of every event in the form that GitHub
// publishes.
func TestPayloads(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{})
	desk := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	t.Cleanup(desk.Close)
	s.SetWebhook(s.slug, desk.URL, "secret")
	installed := s.repo.Installation
	everyEvent(t, s)
	s.Deliver(t.Context())
	seen := map[string]Event{}
	for _, d := range s.Deliveries() {
		name := strings.TrimSuffix(d.Event+"."+d.Action, ".")
		if err := openapitest.Webhook(d.Event, d.Action, d.Body); err != nil {
			t.Error(err)
		}
		e, err := ParseEvent(d.Event, d.Body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if e.Action != d.Action || d.Event != "ping" && (e.Sender.ID == 0 || e.Sender.Login == "" || e.Sender.Type == "") {
			t.Errorf("%s: %+v", name, e)
		}
		if d.Event != "ping" && e.Installation != installed && e.Installation != s.repo.Installation {
			t.Errorf("%s: installation %d", name, e.Installation)
		}
		if !strings.HasPrefix(d.Event, "installation") && d.Event != "ping" && (e.Repository.ID != s.repo.ID || e.Repository.Owner != "acme" || e.Repository.Name != "infra") {
			t.Errorf("%s: repository %+v", name, e.Repository)
		}
		seen[name] = e
	}
	described, err := openapitest.Webhooks()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(described, slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("events that are described and that happened: %s", diff)
	}
	subjects(t, s, seen)
}

// subjects looks at what each event is about.
func subjects(t *testing.T, s *site, seen map[string]Event) {
	t.Helper()
	pull, run, suite, group := seen["pull_request.synchronize"], seen["check_run.requested_action"], seen["check_suite.rerequested"], seen["merge_group.checks_requested"]
	if pull.Number != 1 || !validSHA(pull.HeadSHA) || pull.HeadRef != "feature/x" || pull.BaseRef != "main" || pull.BaseChanged {
		t.Errorf("pull request %+v", pull)
	}
	if !seen["pull_request.edited"].BaseChanged {
		t.Error("changed base is not seen")
	}
	if run.RequestedAction != "onboard" || run.ExternalID != "x" || run.CheckRun == 0 || run.AppID != s.slug || !slices.Equal(run.Pulls, []int{1}) {
		t.Errorf("check run %+v", run)
	}
	if suite.AppID != s.slug || suite.HeadSHA != run.HeadSHA || !slices.Equal(suite.Pulls, []int{1}) {
		t.Errorf("check suite %+v", suite)
	}
	if group.HeadSHA != s.Head(acme, "main") || group.BaseRef != "main" || !strings.HasPrefix(group.HeadRef, "gh-readonly-queue/main/pr-1-") || !validSHA(group.BaseSHA) {
		t.Errorf("merge group %+v", group)
	}
	if push := seen["push"]; push.HeadRef == "" || !push.Deleted {
		t.Errorf("push %+v", push)
	}
	if e := seen["installation.created"]; e.Account != "acme" || len(e.Added) != 1 {
		t.Errorf("installation %+v", e)
	}
	if e := seen["installation.deleted"]; len(e.Removed) != 1 {
		t.Errorf("installation %+v", e)
	}
	if added, removed := seen["installation_repositories.added"], seen["installation_repositories.removed"]; len(added.Added) != 1 || len(removed.Removed) != 1 || removed.Removed[0].Name != "other" {
		t.Errorf("repositories %+v, %+v", added, removed)
	}
}

// TestExamples reads the payloads of @octokit/webhooks-examples.
func TestExamples(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("WEBHOOK_EXAMPLES")
	if dir == "" {
		t.Skip("needs @octokit/webhooks-examples: make webhooks")
	}
	n, err := openapitest.Examples(dir, func(event string, payload []byte) {
		e, err := ParseEvent(event, payload)
		if err != nil {
			t.Errorf("%s: %v\n%.400s", event, err, payload)
		}
		example(t, event, e)
	})
	if err != nil || n == 0 {
		t.Fatalf("%d examples in %s: %v", n, dir, err)
	}
}

// example looks for what work needs in the events that lead to work.
func example(t *testing.T, name string, e Event) {
	t.Helper()
	ok := true
	switch name {
	case "pull_request":
		ok = e.Number > 0 && validSHA(e.HeadSHA) && e.BaseRef != ""
	case "check_run", "check_suite":
		ok = e.AppID > 0 && validSHA(e.HeadSHA)
	case "merge_group":
		ok = validSHA(e.HeadSHA) && validSHA(e.BaseSHA) && e.BaseRef != ""
	case "push":
		ok = validSHA(e.HeadSHA) || e.Deleted
	case "installation":
		ok = e.Installation > 0 && e.Account != ""
	default: // is dropped
	}
	if !ok || strings.HasPrefix(name, "pull") && e.Repository.Name == "" {
		t.Errorf("%s %s: %+v", name, e.Action, e)
	}
}
