package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
)

// barrier stops the first request that matches until it is lifted.
type barrier struct {
	match         func(*http.Request) bool
	reached, lift chan struct{}
	once          sync.Once
}

func stopAt(match func(*http.Request) bool) *barrier {
	return &barrier{match: match, reached: make(chan struct{}), lift: make(chan struct{})}
}

func (b *barrier) option(o *githubtest.Options) {
	o.BeforeRequest = func(r *http.Request) {
		if b.match(r) {
			b.once.Do(func() {
				close(b.reached)
				select {
				case <-b.lift:
				case <-r.Context().Done():
				}
			})
		}
	}
}

func isTree(r *http.Request) bool { return strings.Contains(r.URL.Path, "/git/trees/") }

// secondPatch matches the second update of a check run.
func secondPatch() func(*http.Request) bool {
	n := 0
	var mu sync.Mutex
	return func(r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/check-runs/") {
			n++
		}
		return n == 2
	}
}

func apis(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("api%d", i)
	}
	return names
}

// TestLostEventOnRestart: the process ends at different moments of a review,
// and the next one finishes it, with one check run and each annotation once.
func TestLostEventOnRestart(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func(*http.Request) bool{
		"before anything":      func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/compare/") },
		"the run has begun":    isTree,
		"half the annotations": secondPatch(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := stopAt(at)
			s := newStage(t, nil, b.option)
			s.propose("x", githubtest.Files{"api.bicep": api(apis(120)...)})
			s.Deliver(t.Context())
			<-b.reached
			s.end()
			close(b.lift)
			s.begin(nil)
			s.run()
			run := s.only("x", "failure", "120 of 120 APIs not onboarded")
			if n := len(run.Output.Annotations); n != 120 {
				t.Errorf("%d annotations", n)
			}
		})
	}
}

// TestDuplicateRuns: one event arrives several times.
func TestDuplicateRuns(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.FaultNext("pull_request.opened", githubtest.Duplicate, 1)
	s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	s.only("x", "failure", oneOfOne)
	all := s.Deliveries()
	s.Redeliver(all[0].GUID)
	s.run()
	s.only("x", "failure", oneOfOne)
	if got := s.Reviews(infra, 1); len(got) != 0 {
		t.Errorf("noise: %+v", got)
	}
}

// TestStuckInProgress: a push while a review runs.
func TestStuckInProgress(t *testing.T) {
	t.Parallel()
	b := stopAt(isTree)
	s := newStage(t, nil, b.option)
	s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	old := s.Head(infra, "x")
	s.Deliver(t.Context())
	<-b.reached
	s.Commit(infra, "x", githubtest.Files{"api.bicep": protected("orders")}, "Onboard it")
	s.run()
	close(b.lift)
	run := s.only(old, "cancelled", "Superseded")
	if len(run.Output.Annotations)+len(run.Actions) != 0 {
		t.Errorf("%+v", run)
	}
	s.only("x", "success", "The API is onboarded")
}

// TestOvertakenOnTheSameHead: what is under way is taken over, not cancelled.
func TestOvertakenOnTheSameHead(t *testing.T) {
	t.Parallel()
	b := stopAt(isTree)
	s := newStage(t, nil, b.option)
	s.Branch(infra, "x", "main")
	s.Commit(infra, "x", githubtest.Files{"api.bicep": api("orders")}, "Add an API")
	s.DiscardPending()
	number := s.OpenPull(githubtest.PullOptions{Repository: infra, Head: "x", Draft: true})
	s.Deliver(t.Context())
	<-b.reached
	s.ReadyForReview(infra, number)
	s.run()
	close(b.lift)
	s.only("x", "failure", oneOfOne)
}

// TestAskedForAgainWhileItRuns: no run stays behind.
func TestAskedForAgainWhileItRuns(t *testing.T) {
	t.Parallel()
	b := stopAt(isTree)
	s := newStage(t, nil, b.option)
	s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.Deliver(t.Context())
	<-b.reached
	s.RerequestRun(s.CheckRuns(infra, "x")[0].ID, "mona")
	s.run()
	close(b.lift)
	s.only("x", "failure", oneOfOne)
}

// TestOlderResultOverANewer: webhooks arrive in the wrong order.
func TestOlderResultOverANewer(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	s.FaultNext("pull_request.synchronize", githubtest.Reorder, 1)
	s.Commit(infra, "x", githubtest.Files{"api.bicep": api("orders", "billing")}, "Add another")
	s.Commit(infra, "x", githubtest.Files{"api.bicep": protected("orders")}, "Onboard it")
	s.run()
	s.only("x", "success", "The API is onboarded")
}

// TestHeadTakenUpEarly: an event about something else comes before that of the
// push, and its review has the new head already.
func TestHeadTakenUpEarly(t *testing.T) {
	t.Parallel()
	var armed atomic.Bool
	b := stopAt(func(r *http.Request) bool { return armed.Load() && isTree(r) })
	s := newStage(t, nil, b.option)
	s.Branch(infra, "x", "main")
	s.Commit(infra, "x", githubtest.Files{"api.bicep": api("orders")}, "Add an API")
	s.DiscardPending()
	number := s.OpenPull(githubtest.PullOptions{Repository: infra, Head: "x", Draft: true})
	s.run()
	head := s.Commit(infra, "x", githubtest.Files{"api.bicep": protected("orders")}, "Onboard it")
	s.DiscardPending()
	armed.Store(true)
	s.ReadyForReview(infra, number)
	s.Deliver(t.Context())
	<-b.reached
	s.post("pull_request", fmt.Sprintf(`{"action":"synchronize","number":%d,"pull_request":{"head":{"sha":%q,"ref":"x","repo":{"id":%d}},"base":{"ref":"main"}},
		"installation":{"id":%d},"repository":{"id":%d,"full_name":%q}}`, number, head, s.repository, s.installation, s.repository, infra))
	s.run()
	close(b.lift)
	s.only("x", "success", "The API is onboarded")
}

// TestEarlyWebhook: it arrives before its commit can be seen.
func TestEarlyWebhook(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.FaultNext("pull_request.opened", githubtest.Early, 1)
	s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	s.only("x", "failure", oneOfOne)
}

// TestGivenUp: GitHub stays broken, and the required check does not wait for
// ever.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.FailNext("GET /repos/acme/infra/git/trees/*", 1000, githubtest.Response{Status: http.StatusBadGateway, Body: `{}`})
	s.run()
	s.only("x", "failure", "The check could not be done")
}

// TestRateLimitInTheMiddle: the review goes on with the run it has begun.
func TestRateLimitInTheMiddle(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.FailNext("GET /repos/acme/infra/git/trees/*", 1, githubtest.LimitedSecondary(http.StatusTooManyRequests, time.Second))
	s.Deliver(t.Context())
	s.until("the limit", func() bool { return s.log.count("job waits") > 0 })
	if err := s.clock.Sleep(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	s.run()
	s.only("x", "failure", oneOfOne)
}

// TestAnswersAreLost: connections break at each write.
func TestAnswersAreLost(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"POST /repos/{owner}/{repo}/check-runs", "PATCH /repos/{owner}/{repo}/check-runs/{id}"} {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, nil)
			s.propose("x", githubtest.Files{"api.bicep": api(apis(60)...)})
			s.FailNext(route, 1, githubtest.Response{})
			s.run()
			if run := s.only("x", "failure", "60 of 60 APIs not onboarded"); len(run.Output.Annotations) != 60 {
				t.Errorf("%d annotations", len(run.Output.Annotations))
			}
		})
	}
}

// TestClockDrift: the machine's clock is wrong.
func TestClockDrift(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil, func(o *githubtest.Options) {
		now := o.Clock
		o.Clock = func() time.Time { return now().Add(-7 * time.Minute) }
	})
	s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	s.only("x", "failure", oneOfOne)
}

// TestEnterpriseServer: other addresses, the same life.
func TestEnterpriseServer(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil, func(o *githubtest.Options) { o.Enterprise = true })
	s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	run := s.only("x", "failure", oneOfOne)
	link := fmt.Sprintf("%s/%s/blob/%s/api.bicep#L5", s.URL(), infra, s.Head(infra, "x"))
	if !strings.Contains(run.Output.Summary, link) {
		t.Errorf("no link %s in\n%s", link, run.Output.Summary)
	}
}
