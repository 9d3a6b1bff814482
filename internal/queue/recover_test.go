//nolint:thelper // functions named test… are tests, which TestQueue runs on every database
package queue

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// handClock is moved by the test.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func newHandClock() *handClock { return &handClock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// testPriorityRaised: what supersedes a job of low priority does not wait behind others of it.
func testPriorityRaised(t *testing.T, url string) {
	r := begin(t, Options{URL: url, Workers: 1})
	r.put(t, Delivery{GUID: "1", Key: "k", Priority: 4})
	c := r.next(t)
	if c.job.Priority != 4 {
		t.Errorf("priority %d", c.job.Priority)
	}
	r.put(t, Delivery{GUID: "2", Key: "other", Priority: 3})
	r.put(t, Delivery{GUID: "3", Key: "k", Priority: 2})
	c.reply <- nil
	receive(t, r.ends, "end of the run")
	if job := r.finish(t, nil); job.Delivery.Key != "k" || job.Priority != 2 {
		t.Errorf("next is %s with priority %d", job.Delivery.Key, job.Priority)
	}
}

func testRedelivery(t *testing.T, url string) {
	clock := newHandClock()
	r := open(t, Options{URL: url, Clock: clock.Now})
	claim := func(guid string, want bool) {
		t.Helper()
		if got, err := r.ClaimRedelivery(t.Context(), guid); err != nil || got != want {
			t.Errorf("claim of %s = %v, %v", guid, got, err)
		}
	}
	r.put(t, Delivery{GUID: "kept"})
	claim("kept", false)
	claim("lost", true)
	claim("lost", false) // somebody has just asked
	if err := r.ReleaseRedelivery(t.Context(), "lost"); err != nil {
		t.Fatal(err)
	}
	for range maxRedeliveries {
		claim("lost", true)
		clock.advance(redeliveryPause)
	}
	claim("lost", false) // in vain
	clock.advance(retention)
	if err := r.prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	claim("lost", true)
}

func testMarks(t *testing.T, url string) {
	clock := newHandClock()
	r := open(t, Options{URL: url, Clock: clock.Now})
	if at, err := r.Mark(t.Context(), "alive"); err != nil || !at.IsZero() {
		t.Errorf("before: %v, %v", at, err)
	}
	for range 2 {
		clock.advance(time.Minute)
		if err := r.SetMark(t.Context(), "alive", clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if at, err := r.Mark(t.Context(), "alive"); err != nil || !at.Equal(clock.Now()) {
		t.Errorf("after: %v, %v", at, err)
	}
}

func testNotes(t *testing.T, url string) {
	clock := newHandClock()
	r := open(t, Options{URL: url, Clock: clock.Now})
	want := func(scope string, want ...string) {
		t.Helper()
		got, err := r.Notes(t.Context(), scope)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("notes in %s (-want +got):\n%s%v", scope, d, err)
		}
	}
	for _, name := range []string{"b", "a", "b"} {
		if err := r.Note(t.Context(), "one", name); err != nil {
			t.Fatal(err)
		}
	}
	want("one", "a", "b")
	want("two")
	for range 2 {
		if err := r.Forget(t.Context(), "one", "a"); err != nil {
			t.Fatal(err)
		}
	}
	want("one", "b")
	clock.advance(noteLife)
	if err := r.prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("one", "b")
	clock.advance(time.Millisecond)
	if err := r.prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("one")
}

func testOwes(t *testing.T, url string) {
	r := begin(t, Options{URL: url})
	owes := func(want bool) {
		t.Helper()
		if got, err := r.Owes(t.Context(), "k"); err != nil || got != want {
			t.Errorf("owes = %v, %v; want %v", got, err, want)
		}
	}
	owes(false)
	r.put(t, Delivery{GUID: "1", Key: "k"})
	owes(true)
	r.finish(t, nil)
	owes(false)
}

// testDemands: what somebody asked for is not forgotten over what comes later.
func testDemands(t *testing.T, url string) {
	r := open(t, Options{URL: url, Backoff: func(int) time.Duration { return 0 }})
	want := func(job Job, delivery string, demands ...string) {
		t.Helper()
		if d := cmp.Diff(demands, job.Demands); d != "" || job.Delivery.GUID != delivery {
			t.Errorf("delivery %s, demands (-want +got):\n%s", job.Delivery.GUID, d)
		}
	}
	r.put(t, Delivery{GUID: "b", Key: "k", Demand: true})
	r.put(t, Delivery{GUID: "a", Key: "k", Demand: true})
	r.put(t, Delivery{GUID: "plain", Key: "k"})
	r.put(t, Delivery{GUID: "elsewhere", Key: "other"})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls := map[string]call{}
	for range 2 {
		c := r.next(t)
		calls[c.job.Delivery.Key] = c
	}
	calls["other"].reply <- nil
	receive(t, r.ends, "end of the run")
	want(calls["other"].job, "elsewhere")
	calls["k"].reply <- errors.New("not now")
	receive(t, r.ends, "end of the run")
	slices.Sort(calls["k"].job.Demands) // both came in the same millisecond, or not
	want(calls["k"].job, "plain", "a", "b")

	c := r.next(t)
	r.put(t, Delivery{GUID: "newer", Key: "k"})
	c.reply <- errors.New("overtaken")
	receive(t, r.ends, "end of the run")
	c = r.next(t)
	r.put(t, Delivery{GUID: "newest", Key: "k"})
	c.reply <- nil // it was done before that was heard of
	receive(t, r.ends, "end of the run")
	slices.Sort(c.job.Demands)
	want(c.job, "newer", "a", "b")
	want(r.finish(t, nil), "newest")
}
