//nolint:thelper // functions named test… are tests, which TestQueue runs on every database
package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

func testRetry(t *testing.T, url string) {
	r := begin(t, Options{URL: url})
	r.put(t, Delivery{GUID: "g1", Key: "k"})
	for attempt := 1; attempt <= 3; attempt++ {
		var err error
		if attempt < 3 {
			err = errors.New("bad gateway")
		}
		if job := r.finish(t, err); job.Attempt != attempt || job.Generation != 1 {
			t.Errorf("job = %+v, want attempt %d", job, attempt)
		}
	}
	r.states(t, map[string]int{"completed": 1})
}

func testUsedUp(t *testing.T, url string) {
	r := begin(t, Options{URL: url, MaxAttempts: 2})
	r.put(t, Delivery{GUID: "g1", Key: "k"})
	r.finish(t, errors.New("first"))
	if job := r.finish(t, errors.New("second")); job.Attempt != job.MaxAttempts {
		t.Errorf("job = %+v, want the last attempt", job)
	}
	r.states(t, map[string]int{"discarded": 1})
	jobs, err := r.Jobs(t.Context(), 1)
	if err != nil || len(jobs) != 1 || jobs[0].Error != "second" {
		t.Errorf("Jobs = %+v, %v", jobs, err)
	}
	r = r.reopen(t) // does not begin again
	r.states(t, map[string]int{"discarded": 1})
	r.put(t, Delivery{GUID: "g2", Key: "k"}) // but a new delivery does
	if job := r.finish(t, nil); job.Attempt != 1 || job.Generation != 2 {
		t.Errorf("job = %+v", job)
	}
	r.states(t, map[string]int{"discarded": 1, "completed": 1})
}

type permanentError struct{ error }

func (permanentError) Permanent() bool { return true }

func testPermanent(t *testing.T, url string) {
	r := begin(t, Options{URL: url})
	r.put(t, Delivery{GUID: "g1", Key: "k"})
	r.finish(t, fmt.Errorf("wrapped: %w", permanentError{errors.New("not found")}))
	r.states(t, map[string]int{"cancelled": 1})
	r = r.reopen(t)
	r.states(t, map[string]int{"cancelled": 1})
	if jobs, err := r.Jobs(t.Context(), 1); err != nil || jobs[0].Error != "wrapped: not found" {
		t.Errorf("Jobs = %+v, %v", jobs, err)
	}
}

type waitError struct{ after time.Duration }

func (waitError) Error() string               { return "rate limited" }
func (e waitError) RetryAfter() time.Duration { return e.after }

func testRetryAfter(t *testing.T, url string) {
	r := begin(t, Options{URL: url, MaxAttempts: 1})
	r.put(t, Delivery{GUID: "g1", Key: "k"})
	c := r.next(t)
	asked := time.Now()
	c.reply <- fmt.Errorf("wrapped: %w", waitError{time.Second})
	if job := r.finish(t, nil); job.Attempt != 1 || job.ID != c.job.ID {
		t.Errorf("job = %+v, want attempt 1 again", job)
	}
	if d := time.Since(asked); d < time.Second {
		t.Errorf("ran again after %v", d)
	}
	r.states(t, map[string]int{"completed": 1})
}

func testPanic(t *testing.T, url string) {
	bugs := make(chan error, 10)
	r := begin(t, Options{
		URL: url, MaxAttempts: 3, OnBug: func(err error) { bugs <- err },
		Handler: func(context.Context, Job) error { panic("poison\x00") },
	})
	r.put(t, Delivery{GUID: "g1", Key: "k"})
	for range 3 {
		receive(t, r.ends, "end of the run")
		if err := receive(t, bugs, "bug"); err.Error() != "panic: poison\x00" {
			t.Errorf("bug = %v", err)
		}
	}
	r.states(t, map[string]int{"discarded": 1})
	if gen, done := r.generations(t, "k"); gen != done {
		t.Errorf("generations = %d, %d", gen, done)
	}
}

func testHurry(t *testing.T, url string) {
	r := begin(t, Options{URL: url, Backoff: func(int) time.Duration { return time.Hour }})
	r.put(t, Delivery{GUID: "g1", Key: "k"})
	r.finish(t, errors.New("bad gateway"))
	r.reconcileUntil(t, "retryable")
	r.put(t, Delivery{GUID: "g2", Key: "k"})
	receive(t, r.ends, "end of the old job")
	if job := r.finish(t, nil); job.Attempt != 1 || job.Generation != 2 {
		t.Errorf("job = %+v, want all attempts for the new delivery", job)
	}
	r.states(t, map[string]int{"completed": 2})
}

// testWaiting has a delivery come for a job that waits for a rate limit: it goes
// on waiting, and then works on the newest.
func testWaiting(t *testing.T, url string) {
	r := begin(t, Options{URL: url})
	r.put(t, Delivery{GUID: "g1", Key: "k"})
	r.next(t).reply <- waitError{time.Hour}
	r.reconcileUntil(t, "scheduled")
	r.put(t, Delivery{GUID: "g2", Key: "k"})
	if err := r.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.states(t, map[string]int{"scheduled": 1})
	r.exec(t, `update river_job set state = 'available', scheduled_at = created_at`)
	if job := r.finish(t, nil); job.Attempt != 1 || job.Delivery.GUID != "g2" {
		t.Errorf("job = %+v", job)
	}
	r.states(t, map[string]int{"completed": 1})
}

// reconcileUntil reconciles until a job is in one of the states.
func (r *rig) reconcileUntil(t testing.TB, states ...string) {
	t.Helper()
	for start := time.Now(); time.Since(start) < patience; {
		if err := r.reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		jobs, err := r.Jobs(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(jobs, func(j JobStatus) bool { return slices.Contains(states, j.State) }) {
			return
		}
	}
	t.Fatalf("no job becomes one of %v", states)
}

// testGap puts a delivery in the moment between the transaction of a failed
// attempt and River's note of it, when the job still looks as if it ran.
func testGap(t *testing.T, url string) {
	var r *rig
	ready := make(chan struct{})
	var once sync.Once
	r = open(t, Options{
		URL: url, Backoff: func(int) time.Duration { return time.Hour },
		step: func(step string) {
			if step != "end: committed" {
				return
			}
			once.Do(func() {
				<-ready
				r.put(t, Delivery{GUID: "g2", Key: "k"})
			})
		},
	})
	close(ready)
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.put(t, Delivery{GUID: "g1", Key: "k"})
	r.finish(t, errors.New("bad gateway"))
	r.reconcileUntil(t, "available", "completed")
	receive(t, r.ends, "end of the old job")
	if job := r.finish(t, nil); job.Generation != 2 {
		t.Errorf("job = %+v", job)
	}
}

func testTimeout(t *testing.T, url string) {
	r := begin(t, Options{URL: url, JobTimeout: time.Second}) // on a busy machine less is up before the job begins
	r.put(t, Delivery{GUID: "g1", Key: "k"})
	c := r.next(t)
	receive(t, c.ctx.Done(), "end of the time")
	if !errors.Is(c.ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("err = %v", c.ctx.Err())
	}
	c.reply <- c.ctx.Err()
	receive(t, r.ends, "end of the run")
	if job := r.finish(t, nil); job.Attempt != 2 {
		t.Errorf("job = %+v, want a counted attempt", job)
	}
}
