package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
)

// waitOf is how long a limit asks to wait; 0 without an error.
func waitOf(t *testing.T, err error) time.Duration {
	t.Helper()
	if err == nil {
		return 0
	}
	limit, ok := errors.AsType[*RateLimitError](err)
	if !ok {
		t.Fatalf("not a limit: %v", err)
	}
	return limit.RetryAfter()
}

// TestBudgetByPriority: what can wait stops while there is something left for
// reviews, and reviews while there is something left for a click.
func TestBudgetByPriority(t *testing.T) {
	t.Parallel()
	const wait = 10*time.Minute + time.Second
	for _, tt := range []struct {
		remaining int
		want      map[int]time.Duration // by priority
	}{
		{5000, map[int]time.Duration{0: 0, 1: 0, 2: 0, 3: 0, 4: 0}},
		{2001, map[int]time.Duration{0: 0, 1: 0, 2: 0, 3: 0, 4: 0}},
		{2000, map[int]time.Duration{0: 0, 1: 0, 2: 0, 3: wait, 4: wait}},
		{250, map[int]time.Duration{0: 0, 1: 0, 2: wait, 3: wait, 4: wait}},
		{1, map[int]time.Duration{0: 0, 1: 0, 2: wait, 3: wait, 4: wait}},
		{0, map[int]time.Duration{0: wait, 1: wait, 2: wait, 3: wait, 4: wait}},
	} {
		t.Run(strconv.Itoa(tt.remaining), func(t *testing.T) {
			t.Parallel()
			for priority, want := range tt.want {
				clock := newFakeClock()
				g := newGate(clock)
				theirs := clock.Now().Add(-3 * time.Hour) // GitHub's clock counts, whatever ours says
				h := http.Header{}
				h.Set("Date", theirs.Format(http.TimeFormat))
				h.Set("X-RateLimit-Limit", "5000")
				h.Set("X-RateLimit-Remaining", strconv.Itoa(tt.remaining))
				h.Set("X-RateLimit-Reset", strconv.FormatInt(theirs.Add(10*time.Minute).Unix(), 10))
				g.note(h)
				ctx := t.Context()
				if priority > 0 {
					ctx = WithPriority(ctx, priority)
				}
				if got := waitOf(t, g.admit(ctx, "core", false)); got != want {
					t.Errorf("priority %d waits %s, want %s", priority, got, want)
				}
				if err := g.admit(ctx, "graphql", false); err != nil {
					t.Errorf("priority %d, another budget: %v", priority, err)
				}
				clock.advance(want)
				if err := g.admit(ctx, "core", false); err != nil {
					t.Errorf("priority %d, afterwards: %v", priority, err)
				}
			}
		})
	}
}

// TestReviewsGoThrough: a baseline takes what it gets, again and again, and
// pull requests are reviewed all the same.
func TestReviewsGoThrough(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{Limits: githubtest.Limits{PrimaryRate: 200}})
	number := s.change(1)
	baseline, push := WithPriority(t.Context(), 4), WithPriority(t.Context(), 2)
	done := 0
	for range 300 {
		if _, err := s.app.Pull(baseline, s.repo, number); err != nil {
			if wait := waitOf(t, err); wait < time.Minute {
				s.clock.advance(wait) // its turn, which is no matter of the hour
				continue
			}
			break
		}
		done++
	}
	if done < 100 || done > 120 {
		t.Errorf("the baseline got %d of 200 requests, want three fifths", done)
	}
	for n := range 60 {
		if _, err := s.app.Pull(push, s.repo, number); err != nil {
			t.Fatalf("review %d: %v", n, err)
		}
	}
	for _, r := range s.Requests() {
		if r.Status == http.StatusForbidden {
			t.Fatal("GitHub had to refuse")
		}
	}
}

// TestWritesArePaced: a few at once, as a review needs them, and a second
// between them when there are many.
func TestWritesArePaced(t *testing.T) {
	t.Parallel()
	clock := newFakeClock()
	s := newStub(clock)
	var mu sync.Mutex
	var times []time.Duration
	start := clock.Now()
	s.mux.HandleFunc("POST /repos/acme/infra/check-runs", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		times = append(times, clock.Now().Sub(start))
		mu.Unlock()
		io.WriteString(w, `{"id":1}`)
	})
	app := newTestApp(t, s)
	for range writeBurst + 3 {
		if _, err := app.StartCheckRun(t.Context(), testRepo, CheckRun{Name: "n", HeadSHA: headSHA}); err != nil {
			t.Fatal(err)
		}
	}
	want := make([]time.Duration, writeBurst, writeBurst+3)
	want = append(want, time.Second, 2*time.Second, 3*time.Second)
	if diff := cmp.Diff(want, times); diff != "" {
		t.Error(diff)
	}
}

// TestWritesOfAnHour: never more than GitHub allows, and what can wait leaves
// two fifths to others.
func TestWritesOfAnHour(t *testing.T) {
	t.Parallel()
	for priority, most := range map[int]int{1: 500, 2: 475, 3: 300, 4: 300} {
		t.Run(strconv.Itoa(priority), func(t *testing.T) {
			t.Parallel()
			clock := newFakeClock()
			g := newGate(clock)
			ctx := WithPriority(t.Context(), priority)
			write := func() error {
				clock.advance(writeInterval)
				if err := g.admit(ctx, "core", true); err != nil {
					return err
				}
				g.release()
				return nil
			}
			start := clock.Now()
			for i := range most {
				if err := write(); err != nil {
					t.Fatalf("write %d: %v", i, err)
				}
			}
			wait := waitOf(t, write())
			if !clock.Now().Add(wait).Equal(start.Add(time.Hour + writeInterval)) {
				t.Fatalf("write too many: wait %s", wait)
			}
			clock.advance(wait)
			if err := write(); err != nil {
				t.Errorf("an hour later: %v", err)
			}
		})
	}
}

// TestTurnsFarAwayAreNotTaken: work is put back rather than held.
func TestTurnsFarAwayAreNotTaken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		priority int
		longest  time.Duration
	}{{1, maxWriteWait}, {2, maxWriteWait}, {3, maxSpareWait}} {
		g := newGate(newFakeClock())
		taken := 0
		for range 100 {
			wait, err := g.reserve("core", true, tt.priority)
			if err != nil {
				if wait := waitOf(t, err); wait <= tt.longest {
					t.Fatalf("priority %d: %v", tt.priority, err)
				}
				continue
			}
			if want := max(0, time.Duration(taken+1-writeBurst)*writeInterval); wait != want {
				t.Errorf("turn %d is %s away", taken, wait)
			}
			taken++
		}
		if taken != writeBurst+int(tt.longest/writeInterval) {
			t.Errorf("priority %d: %d turns taken", tt.priority, taken)
		}
	}
}

// TestPointsOfAMinute: whatever is asked for, in no minute is it more than
// GitHub's own number.
func TestPointsOfAMinute(t *testing.T) {
	t.Parallel()
	for resource, most := range map[string]int{"core": 900, "graphql": 2000} {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			clock := newFakeClock()
			g := newGate(clock)
			var asked []time.Time
			for len(asked) < 4*most {
				if err := g.admit(t.Context(), resource, false); err != nil {
					t.Fatal(err)
				}
				g.release()
				asked = append(asked, clock.Now())
			}
			for i := range asked[:len(asked)-most] {
				if gap := asked[i+most].Sub(asked[i]); gap < time.Minute {
					t.Fatalf("%d requests within %s", most+1, gap)
				}
			}
		})
	}
}

func TestBucket(t *testing.T) {
	t.Parallel()
	now := newFakeClock().Now()
	b := bucket{size: 2, every: time.Second}
	for i, step := range []struct {
		pause time.Duration
		n     float64
		wait  time.Duration
		ok    bool
	}{
		{0, 1, 0, true},
		{0, 1, 0, true},
		{0, 1, time.Second, true},
		{0, 5, 6 * time.Second, false}, // takes nothing
		{time.Second, 1, time.Second, true},
		{time.Hour, 2, 0, true},
	} {
		now = now.Add(step.pause)
		if wait, ok := b.take(now, step.n, 3*time.Second); wait != step.wait || ok != step.ok {
			t.Errorf("step %d: %s, %v", i, wait, ok)
		}
	}
}

// TestPriorityIsOptional: without one a request is somebody's who waits.
func TestPriorityIsOptional(t *testing.T) {
	t.Parallel()
	if got := fmt.Sprint(priorityOf(context.Background()), priorityOf(WithPriority(context.Background(), 3))); got != "1 3" {
		t.Errorf("priorities %s", got)
	}
}
