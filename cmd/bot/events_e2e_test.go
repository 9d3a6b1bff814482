package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/queue"
)

const (
	oneOfOne  = "1 of 1 API not onboarded"
	untouched = "No API Management templates changed"
)

func TestPullRequestEvents(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.Branch(infra, "x", "main")
	s.Commit(infra, "x", githubtest.Files{"api.bicep": api("orders")}, "Add an API")
	s.DiscardPending()

	number := s.OpenPull(githubtest.PullOptions{Repository: infra, Head: "x", Draft: true})
	s.run()
	first := s.only("x", "failure", oneOfOne) // drafts are reviewed as well

	s.ResetRequests()
	s.EditTitle(infra, number, "Another title")
	s.run()
	if total, routes := s.cost(); total > 0 {
		t.Errorf("a new title costs %v", routes)
	}
	s.ReadyForReview(infra, number)
	s.run()
	s.reopen(number)
	if same := s.only("x", "failure", oneOfOne); same.ID != first.ID || same.Updates != first.Updates {
		t.Errorf("the head has its verdict, and yet the run changed: %+v", same)
	}

	s.Commit(infra, "x", githubtest.Files{"api.bicep": protected("orders")}, "Onboard it")
	s.run()
	s.only("x", "success", "The API is onboarded")

	s.ClosePull(infra, number)
	s.Commit(infra, "x", githubtest.Files{"api.bicep": api("orders")}, "Afterwards")
	s.run()
	if got := s.runs("x"); len(got) != 0 {
		t.Errorf("a closed pull request got %d check runs", len(got))
	}
}

// TestStaleVerdictAfterTheBaseChanged: what was existing on one base is new on
// another.
func TestStaleVerdictAfterTheBaseChanged(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.Branch(infra, "next", "main")
	s.Commit(infra, "next", githubtest.Files{"api.bicep": api("orders")}, "Add an API")
	s.Branch(infra, "x", "next")
	s.Commit(infra, "x", githubtest.Files{"api.bicep": api("orders", "billing")}, "Add another")
	s.DiscardPending()
	number := s.OpenPull(githubtest.PullOptions{Repository: infra, Head: "x", Base: "next"})
	s.run()
	one := s.only("x", "failure", "2 of 2 APIs not onboarded")
	if !strings.Contains(one.Output.Summary, "1 of 2 failures is new") {
		t.Error(one.Output.Summary)
	}
	s.ChangeBase(infra, number, "main")
	s.run()
	two := s.newest("x", 2, "failure", "2 of 2 APIs not onboarded")
	if !strings.Contains(two.Output.Summary, "2 of 2 failures are new") {
		t.Error(two.Output.Summary)
	}
}

// TestRequiredCheckThatBlocksTheMergeQueue: every group gets its answer.
func TestRequiredCheckThatBlocksTheMergeQueue(t *testing.T) {
	t.Parallel()
	s := newStage(t, githubtest.Files{"old.bicep": api("old")})
	with := s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	without := s.propose("y", githubtest.Files{"README.md": githubtest.Text("y")})
	s.DiscardPending()

	group := s.QueueMerge(infra, with)
	s.run()
	run := s.only(group, "failure", oneOfOne)
	if len(run.Output.Annotations) != 1 || len(run.Actions) != 0 {
		t.Errorf("annotations %+v, actions %+v", run.Output.Annotations, run.Actions)
	}
	s.RerequestRun(run.ID, "mona")
	s.run()
	s.newest(group, 2, "failure", oneOfOne)

	s.run()
	other := s.QueueMerge(infra, without)
	s.run()
	if all := s.runs(other); len(all) != 1 {
		t.Errorf("a group without templates got %+v", all)
	}
}

func TestRerequests(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	number := s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	run := s.only("x", "failure", oneOfOne)
	s.RerequestRun(run.ID, "mona")
	s.run()
	s.newest("x", 2, "failure", oneOfOne)
	s.RerequestSuite(run.SuiteID, "mona")
	s.run()
	last := s.newest("x", 3, "failure", oneOfOne)
	if last.ID == run.ID {
		t.Error("no new run")
	}
	s.RerequestRun(last.ID, "mona") // one that was asked for again itself
	s.run()
	s.newest("x", 4, "failure", oneOfOne)
	s.ClosePull(infra, number)
	s.RerequestRun(run.ID, "mona")
	s.run()
	s.newest("x", 5, "failure", oneOfOne)
}

// TestRerequestThatSomethingFollows: a new run comes of it, although nothing has
// been done when an event arrives that asks for none.
func TestRerequestThatSomethingFollows(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	number := s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	run := s.only("x", "failure", oneOfOne)
	s.end()
	s.begin(func(q *queue.Options, _ *github.Options) {
		work := q.Handler
		q.Handler = func(ctx context.Context, job queue.Job) error {
			if job.Delivery.Action == "rerequested" { // it does not come to do anything
				<-ctx.Done()
				return ctx.Err()
			}
			return work(ctx, job)
		}
	})
	s.RerequestRun(run.ID, "mona")
	s.Deliver(t.Context())
	s.reopen(number)
	s.newest("x", 2, "failure", oneOfOne)
}

// TestForks: check events name no pull request there; the number travels in
// the external ID.
func TestForks(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.SetPermission(infra, "hubot", "read")
	fork := s.Fork(infra, "hubot")
	s.Branch(fork, "x", "main")
	head := s.Commit(fork, "x", githubtest.Files{"README.md": githubtest.Text("x"), "api.bicep": api("orders")}, "Add an API", "hubot")
	s.DiscardPending()
	s.OpenPull(githubtest.PullOptions{Repository: infra, Head: "hubot:x", Author: "hubot"})
	s.run()
	run := s.only(head, "failure", oneOfOne)
	if len(run.Actions) != 0 || !strings.Contains(run.Output.Text, "git apply") {
		t.Errorf("actions %+v, text %q", run.Actions, run.Output.Text)
	}
	s.RerequestRun(run.ID, "mona")
	s.run()
	s.newest(head, 2, "failure", oneOfOne)
	s.RerequestSuite(run.SuiteID, "mona")
	s.run()
	s.newest(head, 3, "failure", oneOfOne)

	// The event of the pull request was lost, and somebody asks for the suite:
	// there is no run to read the number from.
	other := s.Commit(fork, "x", githubtest.Files{"api.bicep": protected("orders")}, "Onboard it", "hubot")
	s.DiscardPending()
	s.post("check_suite", fmt.Sprintf(`{"action":"rerequested","check_suite":{"head_sha":%q,"app":{"id":%d},"pull_requests":[]},
		"installation":{"id":%d},"repository":{"id":%d,"full_name":%q},"sender":{"login":"mona"}}`, other, s.app, s.installation, s.repository, infra))
	s.run()
	s.newest(other, 1, "success", "The API is onboarded")
}

// TestCheckCannotBeMadeRequiredUntilItRan: the default branch has a completed
// run as soon as the App is installed.
func TestCheckCannotBeMadeRequiredUntilItRan(t *testing.T) {
	t.Parallel()
	s := newStage(t, githubtest.Files{"api.bicep": api("orders")})
	s.CreateRepository("acme/empty", githubtest.RepositoryOptions{})
	s.CreateRepository("acme/old", githubtest.RepositoryOptions{})
	s.Commit("acme/old", "main", githubtest.Files{"a": githubtest.Text("a")}, "Start")
	s.Archive("acme/old")
	s.Uninstall(s.installation)
	s.DiscardPending()
	s.Install(s.app, "acme")
	s.run()
	run := s.only("main", "success", oneOfOne)
	if len(run.Output.Annotations)+len(run.Actions) != 0 || !strings.Contains(run.Output.Summary, "gate: all") {
		t.Errorf("%+v", run)
	}
	if got := s.CheckRuns("acme/old", "main"); len(got) != 0 {
		t.Errorf("an archived repository got %+v", got)
	}
	s.RerequestRun(run.ID, "mona")
	s.run()
	s.newest("main", 2, "success", oneOfOne)
	s.RerequestSuite(run.SuiteID, "mona")
	s.run()
	s.newest("main", 3, "success", oneOfOne)
}

func TestRepositoriesAdded(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.Uninstall(s.installation)
	s.CreateRepository("acme/more", githubtest.RepositoryOptions{})
	s.Commit("acme/more", "main", githubtest.Files{"api.bicep": api("orders")}, "Start")
	installation := s.Install(s.app, "acme", infra)
	s.run()
	s.only("main", "success", untitled)
	s.ResetRequests()
	s.SelectRepositories(installation, true, "acme/more")
	s.run()
	if got := s.CheckRuns("acme/more", "main"); len(got) != 1 || got[0].Conclusion != "success" || got[0].Output.Title != oneOfOne {
		t.Errorf("%+v", got)
	}
	s.SelectRepositories(installation, false, "acme/more")
	s.run()
	s.newest("main", 1, "success", untitled)
}

const untitled = "No API Management APIs"

func TestPushes(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	push := func(branch string, files githubtest.Files) string {
		t.Helper()
		head := s.Commit(infra, branch, files, "Push")
		s.run()
		return head
	}
	none := func(revision string) {
		t.Helper()
		if got := s.runs(revision); len(got) != 0 {
			t.Errorf("check runs on %s: %+v", revision, got)
		}
	}
	first := push("main", githubtest.Files{"api.bicep": api("orders")})
	s.only("main", "success", oneOfOne)
	none(push("main", githubtest.Files{"README.md": githubtest.Text("no template")}))

	// Two pushes at once: what the first changes is not in the second.
	s.Commit(infra, "main", githubtest.Files{"other.bicep": api("billing")}, "A template")
	s.Commit(infra, "main", githubtest.Files{"README.md": githubtest.Text("again")}, "No template")
	s.run()
	s.only("main", "success", "2 of 2 APIs not onboarded")

	// A forced push takes a template away, which no comparison shows.
	s.Push(infra, "main", s.Write(infra, first, githubtest.Files{"README.md": githubtest.Text("once more")}, "No template"))
	s.run()
	s.only("main", "success", oneOfOne)

	push("main", githubtest.Files{".github/onboard-defender.yml": githubtest.Text("version: 1\ngate: all\n")})
	s.only("main", "failure", oneOfOne)

	none(push("feature", githubtest.Files{"api.bicep": api("a", "b")}))
	s.DeleteBranch(infra, "feature")
	s.run()
}

func TestAnInstallationEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*stage){
		"deleted":   func(s *stage) { s.Uninstall(s.installation) },
		"suspended": func(s *stage) { s.Suspend(s.installation, true) },
		"archived":  func(s *stage) { s.Archive(infra) },
		"gone":      func(s *stage) { s.DeleteRepository(infra) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, nil)
			s.propose("x", githubtest.Files{"api.bicep": api("orders")})
			s.propose("y", githubtest.Files{"api.bicep": api("orders")})
			end(s)
			s.run()
			if n := s.log.count("GitHub refuses"); n != 1 {
				t.Errorf("said %d times", n)
			}
			counts, err := s.store.Counts(t.Context())
			if err != nil || counts["completed"] == 0 || len(counts) != 1 {
				t.Errorf("jobs %v, %v", counts, err)
			}
		})
	}
}

// TestNewPermissionsNotYetAccepted: the check says which permission is missing,
// and the verdict comes once it is there.
func TestNewPermissionsNotYetAccepted(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	all := githubtest.Permissions{"checks": "write", "contents": "write", "pull_requests": "write", "merge_queues": "read", "metadata": "read"}
	s.Uninstall(s.installation)
	s.RequestPermissions(s.app, githubtest.Permissions{"checks": "write", "metadata": "read", "merge_queues": "read", "pull_requests": "write"})
	installation := s.Install(s.app, "acme")
	s.RequestPermissions(s.app, all)
	number := s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	run := s.only("x", "failure", "The check could not be done")
	if !strings.Contains(run.Output.Summary, "has not accepted a permission") {
		t.Error(run.Output.Summary)
	}
	s.AcceptPermissions(installation)
	s.run()
	s.only("main", "success", untitled)
	s.reopen(number)
	s.newest("x", 2, "failure", oneOfOne)
}

// TestChecksNotPermitted: nothing can be said on GitHub, so it is said in the
// log, once.
func TestChecksNotPermitted(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.Uninstall(s.installation)
	s.RequestPermissions(s.app, githubtest.Permissions{"contents": "read", "metadata": "read", "pull_requests": "read"})
	s.Install(s.app, "acme")
	s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.propose("y", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	if n := s.log.count("GitHub refuses"); n != 1 {
		t.Errorf("said %d times\n%s", n, s.log.text.String())
	}
	if n := s.log.count("permissions requested are not granted"); n != 1 {
		t.Errorf("the reason is said %d times", n)
	}
}

func TestNothingElseAsksForWork(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.propose("x", githubtest.Files{"README.md": githubtest.Text("x")})
	s.run()
	s.ResetRequests()
	s.Ping(s.app)
	s.run()
	all := s.Deliveries()
	if last := all[len(all)-1]; last.Event != "ping" || last.StatusCode != http.StatusAccepted {
		t.Errorf("%s: %d", last.Event, last.StatusCode)
	}
	if got := s.Requests(); len(got) != 0 {
		t.Errorf("requests %v", got.ByRoute())
	}
	stored, err := s.store.Deliveries(t.Context(), 100)
	if err != nil || len(stored) != 1 {
		t.Errorf("%d deliveries kept, %v: check events of our own runs ask for nothing", len(stored), err)
	}
}
