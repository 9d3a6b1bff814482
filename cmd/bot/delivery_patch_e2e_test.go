package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/review"
)

// What the author gets where the App cannot commit.
func TestDeliveryWhereTheBranchIsNotWritable(t *testing.T) {
	t.Parallel()
	reader := githubtest.Permissions{"checks": "write", "contents": "read", "pull_requests": "write", "metadata": "read"}
	for name, tt := range map[string]struct {
		start   deliveryStart
		protect *githubtest.Protection
		click   bool
	}{
		"protected":                       {protect: &githubtest.Protection{RequirePull: true}, click: true},
		"protected by a ruleset":          {protect: &githubtest.Protection{RequirePull: true, Ruleset: true}, click: true},
		"no permission":                   {start: deliveryStart{permissions: reader}, click: true},
		"protected, commit without click": {start: deliveryStart{settings: "fix:\n  mode: commit\n"}, protect: &githubtest.Protection{RequirePull: true}},
		"fork":                            {start: deliveryStart{fork: true}},
		"fork, commit without click":      {start: deliveryStart{fork: true, settings: "fix:\n  mode: commit\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.start.head = map[string]string{"main.bicep": deliveryAPIs("orders")}
			s := newDelivery(t, tt.start)
			where := infra
			if tt.start.fork {
				where = "hubot/infra"
			}
			if tt.protect != nil {
				s.Protect(infra, deliveryBranch, *tt.protect)
			}
			head := s.Head(where, deliveryBranch)
			if err := s.review(); err != nil {
				t.Fatal(err)
			}
			run := s.runOf(head)
			if tt.click {
				if err := s.click(run, "mona"); err != nil {
					t.Fatal(err)
				}
				run = s.runOf(head)
			}
			if s.Head(where, deliveryBranch) != head {
				t.Error("the branch moved")
			}
			if run.Conclusion != "failure" || len(run.Actions) != 0 || run.Status != "completed" {
				t.Errorf("run %+v", run)
			}
			if text := s.patched(run.Output.Text, where); !strings.Contains(text, deliveryCollection("orders")) {
				t.Errorf("patched:\n%s", text)
			}
			reviews := s.Reviews(infra, s.number)
			if len(reviews) != 1 || len(reviews[0].Comments) != 1 || !strings.Contains(reviews[0].Comments[0].Body, "```suggestion\n}\n\n"+deliveryCollection("orders")) {
				t.Errorf("reviews %+v", reviews)
			}
		})
	}
}

// Without the permission to write reviews there is the patch.
func TestDeliveryWithoutAnyPermission(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{
		head:        map[string]string{"main.bicep": deliveryAPIs("orders")},
		permissions: githubtest.Permissions{"checks": "write", "contents": "read", "pull_requests": "read", "metadata": "read"},
	})
	if err := s.click(s.reviewed(), "mona"); err != nil {
		t.Fatal(err)
	}
	if text := s.patched(s.run().Output.Text, infra); !strings.Contains(text, deliveryCollection("orders")) {
		t.Errorf("patched:\n%s", text)
	}
	if got := s.Reviews(infra, s.number); len(got) != 0 {
		t.Errorf("reviews %+v", got)
	}
}

// Nobody answers, up to the last attempt: who clicked is told.
func TestDeliveryGivesUpAloud(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	run := s.reviewed()
	s.refuseCommits(http.StatusBadGateway)
	click := review.Click{Repo: s.repo, Number: s.number, Head: run.HeadSHA, ExternalID: run.ExternalID, Sender: "mona"}
	if err := s.reviewer.Fix(t.Context(), click); err == nil || s.run().Output.Text != "" {
		t.Errorf("first attempt: %v, %q", err, s.run().Output.Text)
	}
	click.Last = true
	if err := s.reviewer.Fix(t.Context(), click); err != nil {
		t.Fatal(err)
	}
	if text := s.patched(s.run().Output.Text, infra); !strings.Contains(text, deliveryCollection("orders")) {
		t.Errorf("patched:\n%s", text)
	}
}

// The head cannot even be read again: who clicked is told, and can click again.
func TestDeliveryExcusesItself(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	run := s.reviewed()
	s.FailNext("GET /repos/{owner}/{repo}/compare/{basehead...}", 100, githubtest.Response{Status: http.StatusInternalServerError})
	click := review.Click{Repo: s.repo, Number: s.number, Head: run.HeadSHA, ExternalID: run.ExternalID, Sender: "mona"}
	if err := s.reviewer.Fix(t.Context(), click); err == nil || s.run().Output.Text != "" {
		t.Errorf("first attempt: %v, %q", err, s.run().Output.Text)
	}
	click.Last = true
	err := s.reviewer.Fix(t.Context(), click)
	if run := s.run(); err == nil || !strings.Contains(run.Output.Text, "Click again") || len(run.Actions) != 1 || run.Conclusion != "failure" {
		t.Errorf("%v, run %+v", err, run)
	}
}

func TestDeliveryAfterTheSettingsChanged(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	off := s.Commit(infra, "main", githubtest.Files{config.RepositoryPath: githubtest.Text("version: 1\nfix:\n  mode: \"off\"\n")}, "No fixes")
	s.MergeCommit(infra, deliveryBranch, off)
	run := s.reviewed()
	if len(run.Actions) != 0 || run.Output.Text != "" || run.Conclusion != "failure" {
		t.Errorf("run %+v", run)
	}
	if err := s.click(run, "mona"); err != nil || len(s.commits()) != 0 || !strings.Contains(s.run().Output.Text, "settings of this repository have changed") {
		t.Errorf("%v, run %+v", err, s.run())
	}
}
