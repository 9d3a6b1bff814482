package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/review"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

func TestDeliveryByCommit(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]deliveryStart{
		"ready": {},
		"draft": {draft: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start.settings = "fix:\n  mode: commit\n"
			start.head = map[string]string{"main.bicep": deliveryAPIs("orders")}
			s := newDelivery(t, start)
			first := s.head()
			if err := s.review(); err != nil {
				t.Fatal(err)
			}
			second := s.head()
			if second == first || len(s.commits()) != 1 || !s.Log(infra, deliveryBranch)[0].Signed {
				t.Fatalf("commits %q", s.commits())
			}
			if run := s.runOf(first); run.Status != "completed" || run.Conclusion != "failure" || len(run.Actions) != 0 ||
				!strings.Contains(run.Output.Text, second) || len(run.Output.Annotations) != 1 {
				t.Errorf("run of the old head %+v", run)
			}
			if run := s.reviewed(); run.Conclusion != "success" || s.head() != second {
				t.Errorf("run of the new head %+v", run)
			}
			// A person takes the commit off again, and wins.
			s.Push(infra, deliveryBranch, first)
			for _, again := range []bool{false, false, true} {
				if err := s.review(func(r *review.Request) { r.Again, r.Delivery = again, "again" }); err != nil {
					t.Fatal(err)
				}
				if run := s.run(); s.head() != first || len(run.Actions) != 1 || run.Conclusion != "failure" || len(run.Output.Annotations) != 1 {
					t.Errorf("run after a reset %+v", run)
				}
			}
			if err := s.click(s.run(), "mona"); err != nil || s.head() == first {
				t.Errorf("a click after a reset: %v", err)
			}
		})
	}
}

// A commit of the App's own that is wanting, whatever the cause, gets no commit
// on top.
func TestDeliveryNotInReplyToItself(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: commit\n", head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	if err := s.review(); err != nil {
		t.Fatal(err)
	}
	own := s.Write(infra, s.head(), githubtest.Files{"second.bicep": githubtest.Text(deliveryAPIs("second"))}, "Onboard", "onboard-defender[bot]")
	s.Push(infra, deliveryBranch, own)
	if run := s.reviewed(); s.head() != own || len(run.Actions) != 1 || run.Conclusion != "failure" {
		t.Errorf("head %s, run %+v", s.head(), run)
	}
}

// Where it cannot be told whose commit the head is, a person decides.
func TestDeliveryNotWithoutKnowing(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: commit\n", head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	s.FailNext("GET /repos/{owner}/{repo}/git/commits/{sha}", 100, githubtest.Response{Status: http.StatusInternalServerError})
	first := s.head()
	if run := s.reviewed(); s.head() != first || len(run.Actions) != 1 || run.Conclusion != "failure" {
		t.Errorf("head %s, run %+v", s.head(), run)
	}
}

// The check run is completed before the commit is made. Where that fails, the
// next attempt makes it.
func TestDeliveryResumesTheCommit(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: commit\n", head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	first := s.head()
	s.refuseCommits(http.StatusBadGateway)
	if err := s.review(); err == nil {
		t.Fatal("no error, so that nobody would try again")
	}
	if run := s.run(); run.Status != "completed" || run.Conclusion != "failure" || run.Output.Text == "" {
		t.Errorf("run %+v", run)
	}
	s.onCommit(func(http.ResponseWriter, *http.Request) bool { return false })
	if err := s.review(); err != nil {
		t.Fatal(err)
	}
	if len(s.commits()) != 1 || len(s.CheckRuns(infra, first)) != 1 || !strings.Contains(s.runOf(first).Output.Text, s.head()) {
		t.Errorf("commits %q, run %+v", s.commits(), s.runOf(first))
	}
}

// A push while the commit is made ends the job, but the check was done.
func TestDeliveryOvertaken(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: commit\n", head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	first := s.head()
	ctx, cancel := context.WithCancel(t.Context())
	s.reviewer.Superseded = func(ctx context.Context) bool { return ctx.Err() != nil }
	s.onCommit(func(_ http.ResponseWriter, r *http.Request) bool {
		s.ServeHTTP(httptest.NewRecorder(), r)
		cancel()
		panic(http.ErrAbortHandler)
	})
	err := s.reviewer.Review(ctx, review.Request{Repo: s.repo, Number: s.number, Last: true})
	if run := s.runOf(first); err == nil || run.Status != "completed" || run.Conclusion != "failure" || len(run.Output.Annotations) != 1 {
		t.Errorf("%v, run %+v", err, run)
	}
	if len(s.commits()) != 1 {
		t.Errorf("commits %q", s.commits())
	}
}

// ending ends the job as soon as the commit is made, as the event of the commit
// does.
type ending struct {
	review.Commits

	end func()
}

func (e ending) Commit(ctx context.Context, repo review.Repo, c review.Commit) (string, error) {
	sha, err := e.Commits.Commit(ctx, repo, c)
	e.end()
	return sha, err
}

func TestDeliveryOvertakenByItsOwnCommit(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: commit\n", head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	first := s.head()
	ctx, cancel := context.WithCancel(t.Context())
	s.reviewer.Commits = ending{s.reviewer.Commits, cancel}
	err := s.reviewer.Review(ctx, review.Request{Repo: s.repo, Number: s.number})
	if run := s.runOf(first); err != nil || !strings.Contains(run.Output.Text, s.head()) {
		t.Errorf("%v, run %+v", err, run)
	}
}

// The whole program, with its queue: the App's commit is an event that comes
// back to it, and there it ends.
func TestDeliveryThroughTheProgram(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: commit\n", head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	process, err := config.FromEnvironment(config.Environment{
		Cores: 2, ReadFile: noFile, Lookup: lookupIn(variables(s.Server, s.app, "secret", t.TempDir())),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	listening, ended := make(chan addresses, 1), make(chan error, 1)
	go func() {
		ended <- serve(ctx, process, slog.New(slog.DiscardHandler), func(a addresses) { listening <- a })
	}()
	select {
	case a := <-listening:
		s.SetWebhook(s.app, "http://"+a.public.String()+"/webhook", "secret")
	case err := <-ended:
		t.Fatal(err)
	}
	first, answered := s.head(), make(chan struct{}, 1)
	s.mu.Lock()
	s.answered = answered
	s.mu.Unlock()
	s.Deliver(ctx)
	for done := false; !done; {
		<-answered
		s.Deliver(ctx)
		runs := s.CheckRuns(infra, deliveryBranch)
		done = s.head() != first && len(runs) > 0 && runs[0].Status == "completed"
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := s.commits(); len(got) != 1 || s.runOf(first).Status != "completed" || s.run().Conclusion != "success" {
		t.Errorf("commits %q, first run %+v, second %+v", got, s.runOf(first), s.run())
	}
}

// Between two attempts the settings take back that the App commits by itself.
func TestDeliveryResumesBySettingsOfNow(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: commit\n", head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	s.refuseCommits(http.StatusBadGateway)
	if err := s.review(); err == nil {
		t.Fatal("no error, so that nobody would try again")
	}
	s.onCommit(func(http.ResponseWriter, *http.Request) bool { return false })
	s.reviewer.Snapshots = settled{s.reviewer.Snapshots, "version: 1\nfix:\n  mode: button\n"}
	for range 2 {
		if err := s.review(); err != nil {
			t.Fatal(err)
		}
	}
	if run := s.run(); len(s.commits()) != 0 || len(run.Actions) != 1 || !strings.Contains(run.Output.Text, "settings of this repository have changed") {
		t.Errorf("commits %q, run %+v", s.commits(), run)
	}
}

// settled are snapshots with other settings.
type settled struct {
	reader   review.Snapshots
	settings string
}

func (x settled) Snapshots(
	ctx context.Context, repo review.Repo, want func(source.Entry) bool, commits ...string,
) ([]*source.Snapshot, error) {
	snaps, err := x.reader.Snapshots(ctx, repo, want, commits...)
	for i, s := range snaps {
		snaps[i] = s.With(source.NewFile(config.RepositoryPath, []byte(x.settings)))
	}
	return snaps, err
}

func (x settled) Load(ctx context.Context, repo review.Repo, s *source.Snapshot, paths []string) (*source.Snapshot, error) {
	return x.reader.Load(ctx, repo, s, paths)
}

func TestDeliveryResumesUntilTheLastAttempt(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: commit\n", head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
	s.refuseCommits(http.StatusBadGateway)
	if err := s.review(); err == nil {
		t.Fatal("no error, so that nobody would try again")
	}
	if err := s.review(func(r *review.Request) { r.Last = true }); err != nil {
		t.Fatal(err)
	}
	if text := s.patched(s.run().Output.Text, infra); !strings.Contains(text, deliveryCollection("orders")) || len(s.Reviews(infra, s.number)) != 1 {
		t.Errorf("patched:\n%s", text)
	}
}
