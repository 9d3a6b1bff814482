package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/review"
)

// backlog checks the default branch, as a push to it does.
func (s *deliverySite) backlog() error {
	s.t.Helper()
	return s.reviewer.DefaultBranch(s.t.Context(), review.Request{Repo: s.repo})
}

// proposed are the numbers of the App's open pull requests, by their titles.
func (s *deliverySite) proposed() map[string]int {
	s.t.Helper()
	out := map[string]int{}
	for number := 1; ; number++ {
		p, err := s.reviewer.Pulls.Pull(s.t.Context(), s.repo, number)
		if err != nil {
			return out
		}
		if p.Open && p.HeadBranch == backlogBranch {
			out[s.Log(infra, backlogBranch)[0].Message] = number
		}
	}
}

const onboarding = "onboarding:\n  pullRequest: true\n"

func TestBacklogIsProposedOnce(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{settings: onboarding, base: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	again := func() {
		t.Helper()
		if err := s.reviewer.DefaultBranch(t.Context(), review.Request{Repo: s.repo, Again: true, Delivery: "again"}); err != nil {
			t.Fatal(err)
		}
	}
	again()
	again()
	first := s.Log(infra, backlogBranch)[0]
	if !first.Signed || !strings.HasPrefix(first.Message, "Onboard 1 API to Microsoft Defender for APIs\n\n- orders") || first.Parents[0] != s.Head(infra, "main") {
		t.Errorf("commit %+v", first)
	}
	if got := s.proposed(); len(got) != 1 || got[first.Message] != 1 {
		t.Errorf("proposed %v", got)
	}
	// What does not touch the fix leaves it as it is, so that nobody's approval is lost.
	s.Commit(infra, "main", githubtest.Files{"note.md": githubtest.Text("n")}, "Unrelated")
	if err := s.backlog(); err != nil || s.Head(infra, backlogBranch) != first.SHA {
		t.Errorf("after an unrelated commit: %v, branch at %s", err, s.Head(infra, backlogBranch))
	}
	s.Commit(infra, "main", githubtest.Files{"more.bicep": githubtest.Text(deliveryAPIs("billing"))}, "Another API")
	if err := s.backlog(); err != nil {
		t.Fatal(err)
	}
	second := s.Log(infra, backlogBranch)[0]
	if got := s.proposed(); len(got) != 1 || got[second.Message] != 1 || !strings.HasPrefix(second.Message, "Onboard 2 APIs") || second.Parents[0] != s.Head(infra, "main") {
		t.Errorf("proposed %v, commit %+v", got, second)
	}
	// The check of the proposal is green.
	s.number = 1
	if err := s.review(); err != nil || s.runOf(second.SHA).Conclusion != "success" {
		t.Errorf("%v, run %+v", err, s.runOf(second.SHA))
	}
	s.MergePull(infra, 1)
	if err := s.backlog(); err != nil || len(s.proposed()) != 0 {
		t.Errorf("after the merge: %v, %v", err, s.proposed())
	}
	s.Commit(infra, "main", githubtest.Files{"third.bicep": githubtest.Text(deliveryAPIs("third"))}, "A third API")
	if err := s.backlog(); err != nil || len(s.proposed()) != 1 {
		t.Errorf("the next backlog: %v, %v", err, s.proposed())
	}
}

func TestBacklogIsWithdrawnWhenDone(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{settings: onboarding, base: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	if err := s.backlog(); err != nil {
		t.Fatal(err)
	}
	s.Commit(infra, "main", githubtest.Files{"main.bicep": githubtest.Text(deliveryAPIs("orders") + "\n" + deliveryCollection("orders"))}, "By hand")
	if err := s.backlog(); err != nil {
		t.Fatal(err)
	}
	if s.Head(infra, backlogBranch) != "" || len(s.proposed()) != 0 {
		t.Errorf("proposed %v", s.proposed())
	}
	// The App closed it, not a person: the same fix is proposed when it is needed again.
	s.Commit(infra, "main", githubtest.Files{"main.bicep": githubtest.Text(deliveryAPIs("orders"))}, "Take it back")
	if err := s.backlog(); err != nil || len(s.proposed()) != 1 {
		t.Errorf("%v, proposed %v", err, s.proposed())
	}
}

func TestBacklogHeedsPeople(t *testing.T) {
	t.Parallel()
	start := deliveryStart{settings: onboarding, base: map[string]string{"main.bicep": deliveryAPIs("orders")}}
	t.Run("closed", func(t *testing.T) {
		t.Parallel()
		s := newDelivery(t, start)
		if err := s.backlog(); err != nil {
			t.Fatal(err)
		}
		s.ClosePull(infra, 1)
		s.Commit(infra, "main", githubtest.Files{"main.bicep": githubtest.Text("// moved\n" + deliveryAPIs("orders"))}, "Move lines")
		if err := s.backlog(); err != nil || len(s.proposed()) != 0 {
			t.Errorf("the same fix again: %v, %v", err, s.proposed())
		}
		s.Commit(infra, "main", githubtest.Files{"more.bicep": githubtest.Text(deliveryAPIs("billing"))}, "Another API")
		if err := s.backlog(); err != nil || len(s.proposed()) != 1 {
			t.Errorf("another fix: %v, %v", err, s.proposed())
		}
	})
	t.Run("pushed to", func(t *testing.T) {
		t.Parallel()
		s := newDelivery(t, start)
		if err := s.backlog(); err != nil {
			t.Fatal(err)
		}
		theirs := s.Commit(infra, backlogBranch, githubtest.Files{"note.md": githubtest.Text("n")}, "Mine")
		s.Commit(infra, "main", githubtest.Files{"more.bicep": githubtest.Text(deliveryAPIs("billing"))}, "Another API")
		if err := s.backlog(); err != nil || s.Head(infra, backlogBranch) != theirs {
			t.Errorf("%v, branch at %s", err, s.Head(infra, backlogBranch))
		}
	})
}

func TestBacklogOnlyWhereAskedForAndPossible(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]deliveryStart{
		"not asked for": {},
		"no permission": {settings: onboarding, permissions: githubtest.Permissions{
			"checks": "write", "contents": "read", "pull_requests": "write", "metadata": "read",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start.base = map[string]string{"main.bicep": deliveryAPIs("orders")}
			s := newDelivery(t, start)
			if err := s.backlog(); err != nil || len(s.proposed()) != 0 || s.Head(infra, backlogBranch) != "" {
				t.Errorf("%v, proposed %v", err, s.proposed())
			}
		})
	}
}

// The verdict on the branch does not wait for the pull request, and the next
// attempt opens it.
func TestBacklogAfterTrouble(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{settings: onboarding, base: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	s.FailNext("POST /repos/acme/infra/pulls", 1, githubtest.Response{Status: http.StatusBadGateway})
	if err := s.backlog(); err == nil {
		t.Fatal("no error, so that nobody would try again")
	}
	run := s.runOf(s.Head(infra, "main"))
	if run.Status != "completed" || run.Conclusion != "success" || run.Output.Text == "" {
		t.Errorf("run %+v", run)
	}
	for range 2 {
		if err := s.backlog(); err != nil {
			t.Fatal(err)
		}
	}
	runs := s.CheckRuns(infra, "main")
	if len(s.proposed()) != 1 || len(runs) != 1 || runs[0].Output.Text != "The onboarding pull request is up to date." || runs[0].Conclusion != "success" {
		t.Errorf("proposed %v, runs %+v", s.proposed(), runs)
	}
}
