package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/queue"
	"github.com/onboard-defender/onboard-defender/internal/review"
	"github.com/onboard-defender/onboard-defender/internal/server"
)

// recoverySite is a GitHub, a desk, and a store whose jobs the test sees.
type recoverySite struct {
	*githubtest.Server
	*recovery
	t            *testing.T
	app          int64
	installation int64
	desk         *httptest.Server
	refuse       bool // the desk stores and then fails

	mu  sync.Mutex
	now time.Time

	jobs chan queue.Delivery // of reviews
	idle chan struct{}       // one for every sweep that is done
}

// hasty is a clock that waits for nothing.
type hasty func() time.Time

func (h hasty) Now() time.Time                                 { return h() }
func (hasty) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func newRecoverySite(t *testing.T) *recoverySite {
	t.Helper()
	s := &recoverySite{t: t, now: time.Now().Truncate(time.Second), jobs: make(chan queue.Delivery, 100), idle: make(chan struct{}, 100)}
	clock := func() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }
	s.Server = githubtest.NewServer(githubtest.Options{Clock: clock})
	api := httptest.NewServer(s.Server)
	t.Cleanup(api.Close)
	s.SetURL(api.URL)
	s.app = s.AddApp(githubtest.App{
		Slug: "onboard-defender", PublicKey: &appKey().PublicKey, WebhookSecret: "secret",
		Permissions: githubtest.Permissions{"checks": "write", "contents": "write", "pull_requests": "write"},
		Events:      []string{"pull_request", "check_run", "check_suite"},
	})
	s.CreateRepository(infra, githubtest.RepositoryOptions{Private: true})
	s.Commit(infra, "main", githubtest.Files{"readme.md": githubtest.Text("# Infra\n")}, "Start")
	s.installation = s.Install(s.app, "acme")
	s.DiscardPending()

	log := slog.New(slog.DiscardHandler)
	store, err := queue.Open(t.Context(), queue.Options{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "queue.db"), Clock: clock, Handler: s.handle,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	app, err := github.New(github.Options{APIURL: s.APIURL(), AppID: s.app, PrivateKey: []byte(privatePEM(appKey())), Clock: hasty(clock)})
	if err != nil {
		t.Fatal(err)
	}
	s.recovery = &recovery{app: app, store: store, log: log, now: clock}
	desk, err := server.New(server.Options{Secrets: [][]byte{[]byte("secret")}, AppID: s.app, Intake: store, Ready: store.Ready, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	s.desk = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.refuse {
			desk.Public().ServeHTTP(httptest.NewRecorder(), r)
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		desk.Public().ServeHTTP(w, r)
	}))
	t.Cleanup(s.desk.Close)
	s.SetWebhook(s.app, s.desk.URL+"/webhook", "secret")
	return s
}

func (s *recoverySite) handle(ctx context.Context, job queue.Job) error {
	switch job.Delivery.Kind {
	case server.KindReview:
		s.jobs <- job.Delivery
		return nil
	case server.KindInstall:
		return nil
	}
	err := s.recovery.handle(ctx, job.Delivery)
	if job.Delivery.Repository != 0 {
		s.idle <- struct{}{}
	}
	return err
}

func (s *recoverySite) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *recoverySite) open(branch string) int {
	s.t.Helper()
	s.Branch(infra, branch, "main")
	s.Commit(infra, branch, githubtest.Files{branch + ".bicep": githubtest.Text("param x string\n")}, "Add")
	return s.OpenPull(githubtest.PullOptions{Repository: infra, Head: branch})
}

// redelivered is the events that GitHub was asked to deliver again.
func (s *recoverySite) redelivered() []string {
	s.t.Helper()
	before := len(s.Deliveries())
	if err := s.redeliver(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.Deliver(s.t.Context())
	events := []string{}
	for _, d := range s.Deliveries()[before:] {
		events = append(events, d.Event+"."+d.Action)
	}
	return events
}

func (s *recoverySite) wantRedelivered(when string, want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), s.redelivered()); diff != "" {
		s.t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// TestLostDeliveries: what GitHub could not deliver is asked for, once, and
// what arrived after all is not.
func TestLostDeliveries(t *testing.T) {
	t.Parallel()
	s := newRecoverySite(t)
	s.wantRedelivered("nothing is lost")

	s.FaultNext("pull_request", githubtest.Drop, 1)
	s.FaultNext("check_suite", githubtest.Drop, 1) // which asks for nothing and is left alone
	s.open("one")
	s.Deliver(t.Context())
	lost := s.Deliveries()
	if !slices.ContainsFunc(lost, func(d githubtest.Delivery) bool { return d.Event == "check_suite" }) {
		t.Fatalf("no check suite in %v", lost)
	}
	s.wantRedelivered("one is lost", "pull_request.opened")
	s.wantRedelivered("it has arrived")
	if list, err := s.store.Deliveries(t.Context(), 10); err != nil || len(list) != 1 || list[0].Action != "opened" {
		t.Errorf("stored %+v, %v", list, err)
	}

	s.refuse = true
	s.open("two")
	s.Deliver(t.Context())
	s.refuse = false
	s.wantRedelivered("it was stored, although GitHub does not know")
}

// TestLogIsReadByItsClock: a machine whose clock is wrong misses nothing.
func TestLogIsReadByItsClock(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-5 * time.Hour, 5 * time.Hour} {
		s := newRecoverySite(t)
		right := s.recovery.now
		s.recovery.now = func() time.Time { return right().Add(skew) }
		s.wantRedelivered("nothing is lost")
		s.advance(10 * time.Minute)
		s.FaultNext("pull_request", githubtest.Drop, 1)
		s.open("one")
		s.Deliver(t.Context())
		s.wantRedelivered(skew.String(), "pull_request.opened")
	}
}

// TestDeliveryThatNeverArrives is asked for a few times and then no more.
func TestDeliveryThatNeverArrives(t *testing.T) {
	t.Parallel()
	s := newRecoverySite(t)
	s.SetWebhook(s.app, "", "secret") // nobody there
	s.open("one")
	s.Deliver(t.Context())
	for n := range 5 {
		s.wantRedelivered(fmt.Sprint("attempt ", n), "pull_request.opened")
		s.wantRedelivered("too early for another")
		s.advance(30 * time.Minute)
	}
	s.wantRedelivered("it is given up")
}

// TestRedeliveryRefused: a claim that came to nothing is there for the next pass.
func TestRedeliveryRefused(t *testing.T) {
	t.Parallel()
	s := newRecoverySite(t)
	s.FaultNext("pull_request", githubtest.Drop, 1)
	s.open("one")
	s.Deliver(t.Context())
	s.FailNext("POST /app/hook/deliveries/{id}/attempts", 1, githubtest.Response{Status: http.StatusBadGateway})
	if err := s.redeliver(t.Context()); err == nil {
		t.Error("no error")
	}
	s.wantRedelivered("the next time", "pull_request.opened")
}

// checkRun makes a check run as a process does that is gone now.
func (s *recoverySite) checkRun(branch, externalID, conclusion string) {
	s.t.Helper()
	all, err := s.recovery.app.Repositories(s.t.Context(), s.installation)
	if err != nil {
		s.t.Fatal(err)
	}
	run, err := s.recovery.app.StartCheckRun(s.t.Context(), all[0].Repo, github.CheckRun{
		Name: review.CheckName, HeadSHA: s.Head(infra, branch), ExternalID: externalID,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if conclusion != "" {
		run.Conclusion = conclusion
		if err := s.recovery.app.CompleteCheckRun(s.t.Context(), all[0].Repo, run); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestSweep: after an outage every open pull request gets the review it lacks,
// and no other.
func TestSweep(t *testing.T) {
	t.Parallel()
	s := newRecoverySite(t)
	numbers, names := map[string]int{}, map[int]string{}
	for _, branch := range []string{"none", "completed", "begun", "asked", "asked-done", "overtaken", "rebased", "owed", "closed"} {
		numbers[branch] = s.open(branch)
		names[numbers[branch]] = branch
	}
	id := func(branch string) string { return review.ExternalID(numbers[branch], "main") }
	s.checkRun("completed", id("completed"), "failure")
	s.checkRun("begun", id("begun"), "")
	s.checkRun("asked", id("asked"), "success")
	s.checkRun("asked", id("asked")+"#guid", "")
	s.checkRun("asked-done", id("asked-done"), "")
	s.checkRun("asked-done", id("asked-done")+"#guid", "success")
	s.checkRun("overtaken", id("overtaken"), "cancelled")
	s.checkRun("rebased", review.ExternalID(numbers["rebased"], "release"), "success")
	s.ClosePull(infra, numbers["closed"])
	s.DiscardPending()

	first := queue.Delivery{GUID: "g", Event: "pull_request", Kind: server.KindReview, Number: numbers["owed"], Payload: json.RawMessage("{}")}
	all, err := s.recovery.app.Repositories(t.Context(), s.installation)
	if err != nil {
		t.Fatal(err)
	}
	first.Key = fmt.Sprintf("review/%d/%d", all[0].ID, numbers["owed"])
	if _, err := s.store.Enqueue(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	// Not started yet: the review that is owed stays so while the sweep looks.
	d := queue.Delivery{
		GUID: "sweep", Event: kindSweep, Kind: kindSweep, Installation: s.installation, Repository: all[0].ID, Owner: "acme", Name: "infra",
	}
	if err := s.recovery.handle(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if err := s.store.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for range 6 {
		job := <-s.jobs
		var p server.Payload
		if err := json.Unmarshal(job.Payload, &p); err != nil {
			t.Fatal(err)
		}
		if job.GUID != "g" && (job.Priority != prioritySwept || p.Head != s.Head(infra, names[job.Number])) {
			t.Errorf("job %+v", job)
		}
		got[names[job.Number]] = true
	}
	want := map[string]bool{"none": true, "begun": true, "asked": true, "overtaken": true, "rebased": true, "owed": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reviews (-want +got):\n%s", diff)
	}
	if n := len(s.jobs); n > 0 {
		t.Errorf("%d more", n)
	}
}

// TestSweepIsDue at the first start, after an outage and once a day; not after
// a restart, and again if it could not be asked for.
func TestSweepIsDue(t *testing.T) {
	t.Parallel()
	s := newRecoverySite(t)
	s.open("one")
	if err := s.store.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	pass := func(when string, due bool) {
		t.Helper()
		s.ResetRequests()
		if err := s.sweep(t.Context()); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if asked := s.Requests().ByRoute()["GET /app/installations"] > 0; asked != due {
			t.Fatalf("%s: due %v", when, asked)
		}
		if due {
			<-s.idle
			if job := <-s.jobs; job.Number != 1 {
				t.Errorf("%s: %+v", when, job)
			}
		}
	}
	pass("first start", true)
	s.advance(recoveryPause)
	pass("still running", false)
	s.advance(outage + time.Minute)
	s.FailNext("GET /app/installations", 1, githubtest.Response{Status: http.StatusNotFound})
	if err := s.sweep(t.Context()); err == nil {
		t.Error("no error without GitHub")
	}
	s.advance(time.Minute)
	pass("after an outage", true)
	for range int(sweepEvery / recoveryPause) {
		s.advance(recoveryPause)
		pass("still running", false)
	}
	s.advance(recoveryPause)
	pass("a day later", true)
	s.Suspend(s.installation, true)
	s.DiscardPending()
	s.advance(sweepEvery + time.Minute)
	if err := s.sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if owed, err := s.store.Owes(t.Context(), fmt.Sprint("sweep/installation/", s.installation)); owed || err != nil {
		t.Errorf("a suspended installation is swept: %v, %v", owed, err)
	}
}

// TestDefaultBranchesAreSwept if the log of deliveries cannot tell any more
// what was missed of them.
func TestDefaultBranchesAreSwept(t *testing.T) {
	t.Parallel()
	s := newRecoverySite(t)
	asked := 0
	pass := func(when string, want bool) {
		t.Helper()
		if err := s.pass(t.Context()); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		all, err := s.store.Deliveries(t.Context(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, d := range all {
			if d.Key == fmt.Sprint("install/", s.installation) {
				n++
			}
		}
		if got := n > asked; got != want {
			t.Errorf("%s: asked for %v, want %v", when, got, want)
		}
		asked = n
	}
	pass("first start", true)
	s.advance(outage + time.Minute)
	pass("after an outage", false)
	s.advance(logKept - time.Minute)
	pass("after one that the log remembers", false)
	s.advance(logKept + time.Minute)
	pass("after one that it has forgotten", true)
	s.advance(sweepEvery + time.Minute)
	pass("a day later", false)
	for range logKept / sweepEvery {
		s.advance(sweepEvery + time.Minute)
		s.FailNext("GET /app/hook/deliveries", 1, githubtest.Response{Status: http.StatusNotFound})
		if err := s.pass(t.Context()); err == nil {
			t.Error("no error without the log")
		}
	}
	s.advance(sweepEvery + time.Minute)
	pass("the log could not be read", true)
}

// TestLeftRuns: once a pull request's review is done, what an earlier one of it
// has left in progress is completed, and what was completed is left alone.
func TestLeftRuns(t *testing.T) {
	t.Parallel()
	s := newRecoverySite(t)
	number := s.open("one")
	all, err := s.recovery.app.Repositories(t.Context(), s.installation)
	if err != nil {
		t.Fatal(err)
	}
	where := review.Repo{Installation: s.installation, ID: all[0].ID, Owner: "acme", Name: "infra"}
	c := checks{port{s.recovery.app}, s.store}
	begin := func() review.Run {
		t.Helper()
		run, err := c.Start(t.Context(), where, review.Run{Head: s.Head(infra, "one"), ExternalID: review.ExternalID(number, "main")})
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	left := begin()
	s.Commit(infra, "one", githubtest.Files{"two.bicep": githubtest.Text("param y string\n")}, "Push")
	done := begin()
	done.Conclusion = "success"
	if err := c.Complete(t.Context(), where, done); err != nil {
		t.Fatal(err)
	}
	s.FailNext("PATCH /repos/{owner}/{repo}/check-runs/{id}", 1, githubtest.Response{Status: http.StatusBadGateway})
	if err := c.finish(t.Context(), where, number); err == nil {
		t.Error("no error, and nothing that would try again")
	}
	if err := c.finish(t.Context(), where, number); err != nil {
		t.Error(err)
	}
	s.ResetRequests()
	if err := c.finish(t.Context(), where, number); err != nil || len(s.Requests()) > 0 {
		t.Errorf("once more: %v after %d requests", err, len(s.Requests()))
	}
	for head, want := range map[string]string{left.Head: "cancelled", done.Head: "success"} {
		if runs := s.CheckRuns(infra, head); len(runs) != 1 || runs[0].Conclusion != want {
			t.Errorf("runs %+v, want %s", runs, want)
		}
	}
}
