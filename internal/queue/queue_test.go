//nolint:thelper // functions named test… are tests, which TestQueue runs on every database
package queue

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// patience is how long a test waits for what must come. It never waits for
// nothing to come.
const patience = 60 * time.Second

// TestQueue is one suite for both databases.
func TestQueue(t *testing.T) {
	t.Parallel()
	suite := []struct {
		name string
		run  func(t *testing.T, url string)
	}{
		{"work", testWork},
		{"duplicate", testDuplicate},
		{"record only", testRecordOnly},
		{"refused", testRefused},
		{"coalesce waiting", testCoalesceWaiting},
		{"supersede running", testSupersede},
		{"coalesce with a handler that does not listen", testCoalesceRunning},
		{"retry", testRetry},
		{"attempts used up", testUsedUp},
		{"permanent", testPermanent},
		{"retry after", testRetryAfter},
		{"panic", testPanic},
		{"new delivery ends a pause", testHurry},
		{"delivery in the gap after a failure", testGap},
		{"time is up", testTimeout},
		{"busy", testBusy},
		{"stop waits", testStopWaits},
		{"stop hands back", testStopHandsBack},
		{"close without stop", testCloseRunning},
		{"reconcile", testReconcile},
		{"given up by River", testGivenUp},
		{"prune", testPrune},
		{"priority", testPriority},
		{"crowd", testCrowd},
		{"hostile text", testHostileText},
		{"new delivery while waiting", testWaiting},
		{"job that kills its process", testKiller},
		{"job that kills its process for good", testKillerForGood},
		{"blobs", testBlobs},
		{"priority of what comes meanwhile", testPriorityRaised},
		{"redelivery", testRedelivery},
		{"marks", testMarks},
		{"owes", testOwes},
		{"notes", testNotes},
		{"demands", testDemands},
	}
	for _, k := range kills() {
		suite = append(suite, struct {
			name string
			run  func(t *testing.T, url string)
		}{"kill after " + k.name(), func(t *testing.T, url string) { testKill(t, url, k) }})
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		for _, c := range suite {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t, sqliteURL(t))
			})
		}
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		server := startPostgres(t)
		for _, c := range suite {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t, server.database(t))
			})
		}
		t.Run("nodes", func(t *testing.T) {
			t.Parallel()
			testNodes(t, server)
		})
	})
}

func sqliteURL(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "a b?%#", "queue.db")
}

// call is one run of the handler, answered by the test.
type call struct {
	ctx   context.Context
	job   Job
	reply chan error
}

// rig is a store whose handler is the test.
type rig struct {
	*Store
	calls chan call
	ends  chan struct{} // one for every run that was ended in a transaction
}

// open opens a store. Options that are not about the test are filled in.
func open(t testing.TB, opts Options) *rig {
	t.Helper()
	r := &rig{calls: make(chan call), ends: make(chan struct{}, 10_000)}
	gone := make(chan struct{})
	if opts.Handler == nil {
		opts.Handler = func(ctx context.Context, job Job) error {
			c := call{ctx: ctx, job: job, reply: make(chan error)}
			select {
			case r.calls <- c:
			case <-gone:
				return errors.New("the test is over")
			}
			select {
			case err := <-c.reply:
				return err
			case <-gone:
				return errors.New("the test is over")
			}
		}
	}
	if opts.OnBug == nil {
		opts.OnBug = func(err error) { t.Errorf("bug: %v", err) }
	}
	if opts.Backoff == nil {
		opts.Backoff = func(int) time.Duration { return 10 * time.Millisecond }
	}
	opts.step = both(opts.step, func(step string) {
		if step == "end: committed" {
			r.ends <- struct{}{}
		}
	})
	opts.lease = cmpOr(opts.lease, 3*time.Second) // long enough for a busy machine
	opts.watch = cmpOr(opts.watch, 20*time.Millisecond)
	s, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	r.Store = s
	t.Cleanup(func() {
		close(gone)
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

func cmpOr(a, b time.Duration) time.Duration {
	if a != 0 {
		return a
	}
	return b
}

func both(f, g func(string)) func(string) {
	return func(s string) {
		if f != nil {
			f(s)
		}
		g(s)
	}
}

func begin(t testing.TB, opts Options) *rig {
	t.Helper()
	r := open(t, opts)
	if err := r.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	return r
}

func receive[T any](t testing.TB, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: nothing came", what)
		panic("not reached")
	}
}

// next is the next run of the handler.
func (r *rig) next(t testing.TB) call {
	t.Helper()
	return receive(t, r.calls, "run of the handler")
}

// finish answers the next run and waits until that is in the database.
func (r *rig) finish(t testing.TB, err error) Job {
	t.Helper()
	c := r.next(t)
	c.reply <- err
	receive(t, r.ends, "end of the run")
	return c.job
}

func (r *rig) put(t testing.TB, d Delivery) {
	t.Helper()
	if d.Event == "" {
		d.Event = "pull_request"
	}
	duplicate, err := r.Enqueue(t.Context(), d)
	if err != nil || duplicate {
		t.Fatalf("Enqueue(%s) = %v, %v", d.GUID, duplicate, err)
	}
}

// states is how many jobs there are in each state.
func (r *rig) states(t testing.TB, want map[string]int) {
	t.Helper()
	got, err := r.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("jobs by state (-want +got):\n%s", d)
	}
}

// generations are those of one key.
func (r *rig) generations(t testing.TB, key string) (gen, done int64) {
	t.Helper()
	if err := r.db.QueryRowContext(t.Context(), `select gen, done_gen from work_item where key = $1`, key).Scan(&gen, &done); err != nil {
		t.Fatal(err)
	}
	return gen, done
}

func (r *rig) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	if _, err := r.db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// reopen closes a rig and opens its database again.
func (r *rig) reopen(t testing.TB) *rig {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	opts := r.opts
	opts.Handler, opts.step = nil, nil
	return begin(t, opts)
}

func testWork(t *testing.T, url string) {
	r := begin(t, Options{URL: url})
	if err := r.Ready(t.Context()); err != nil {
		t.Fatalf("Ready: %v", err)
	}
	want := Delivery{
		GUID: "g1", Event: "pull_request", Action: "opened", Installation: 11, Repository: 12,
		Owner: "acme", Name: "infra", Kind: "review", Number: 7, Key: "review/12/7",
		Payload: []byte(`{"head":"abc"}`), Priority: 1,
	}
	r.put(t, want)
	got := r.finish(t, nil)
	if d := cmp.Diff(Job{ID: got.ID, Attempt: 1, MaxAttempts: 8, First: true, Priority: 1, Delivery: want, Generation: 1}, got); d != "" || got.ID == 0 {
		t.Errorf("job (-want +got):\n%s", d)
	}
	r.states(t, map[string]int{"completed": 1})
	deliveries, err := r.Deliveries(t.Context(), 10)
	if err != nil || len(deliveries) != 1 {
		t.Fatalf("Deliveries = %v, %v", deliveries, err)
	}
	if d := deliveries[0]; d.GUID != "g1" || d.Repository != "acme/infra" || d.Number != 7 || d.Received.IsZero() {
		t.Errorf("delivery = %+v", d)
	}
	jobs, err := r.Jobs(t.Context(), 10)
	if err != nil || len(jobs) != 1 || jobs[0].Key != want.Key || jobs[0].State != "completed" || jobs[0].Finished.IsZero() {
		t.Errorf("Jobs = %+v, %v", jobs, err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	if err := r.Ready(t.Context()); err == nil {
		t.Error("ready after Stop")
	}
	r.put(t, Delivery{GUID: "g2"}) // still taken in
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Enqueue(t.Context(), Delivery{GUID: "g3", Event: "ping"}); !errors.Is(err, ErrClosed) {
		t.Errorf("Enqueue after Close: %v", err)
	}
	if err := r.Ready(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Ready after Close: %v", err)
	}
}

func testDuplicate(t *testing.T, url string) {
	r := begin(t, Options{URL: url})
	const senders = 20
	fresh := make(chan bool, senders)
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			duplicate, err := r.Enqueue(t.Context(), Delivery{GUID: "same", Event: "push", Key: "k"})
			if err != nil {
				t.Error(err)
			}
			fresh <- !duplicate
		})
	}
	job := r.finish(t, nil)
	wg.Wait()
	close(fresh)
	n := 0
	for f := range fresh {
		if f {
			n++
		}
	}
	if n != 1 || job.Generation != 1 {
		t.Errorf("%d of %d senders were told that theirs was new; generation %d", n, senders, job.Generation)
	}
	r.states(t, map[string]int{"completed": 1})
}

func testRecordOnly(t *testing.T, url string) {
	r := begin(t, Options{URL: url})
	r.put(t, Delivery{GUID: "g1", Event: "ping"})
	r.states(t, map[string]int{})
	if list, err := r.Deliveries(t.Context(), 1); err != nil || len(list) != 1 || list[0].Event != "ping" {
		t.Errorf("Deliveries = %v, %v", list, err)
	}
}

func testRefused(t *testing.T, url string) {
	r := open(t, Options{URL: url})
	long := string(make([]byte, maxName+1))
	for name, d := range map[string]Delivery{
		"no guid":       {Event: "e"},
		"no event":      {GUID: "g"},
		"zero byte":     {GUID: "g", Event: "e", Key: "a\x00b"},
		"not UTF-8":     {GUID: "g", Event: "e", Owner: "\xff"},
		"long key":      {GUID: "g", Event: "e", Key: long},
		"long payload":  {GUID: "g", Event: "e", Payload: []byte(`"` + string(make([]byte, maxPayload)) + `"`)},
		"payload":       {GUID: "g", Event: "e", Payload: []byte(`{`)},
		"high priority": {GUID: "g", Event: "e", Priority: 5},
		"low priority":  {GUID: "g", Event: "e", Priority: -1},
	} {
		if _, err := r.Enqueue(t.Context(), d); err == nil {
			t.Errorf("%s: taken in", name)
		}
	}
	if list, err := r.Deliveries(t.Context(), 1); err != nil || len(list) != 0 {
		t.Errorf("Deliveries = %v, %v", list, err)
	}
}

func testCoalesceWaiting(t *testing.T, url string) {
	r := open(t, Options{URL: url})
	for i := range 10 {
		r.put(t, Delivery{GUID: "g" + strconv.Itoa(i), Key: "k", Number: i})
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if job := r.finish(t, nil); job.Delivery.Number != 9 || job.Generation != 10 {
		t.Errorf("job = %+v, want the newest delivery", job)
	}
	r.states(t, map[string]int{"completed": 1})
}

func testSupersede(t *testing.T, url string) {
	r := begin(t, Options{URL: url})
	r.put(t, Delivery{GUID: "g0", Key: "k"})
	c := r.next(t)
	for i := 1; i <= 5; i++ {
		r.put(t, Delivery{GUID: "g" + strconv.Itoa(i), Key: "k", Number: i})
	}
	receive(t, c.ctx.Done(), "cancellation")
	if cause := context.Cause(c.ctx); !errors.Is(cause, ErrSuperseded) {
		t.Errorf("cause = %v", cause)
	}
	c.reply <- c.ctx.Err()
	receive(t, r.ends, "end of the run")
	if job := r.finish(t, nil); job.Delivery.Number != 5 || job.Generation != 6 || job.Attempt != 1 {
		t.Errorf("job = %+v, want attempt 1 of the newest delivery", job)
	}
	r.states(t, map[string]int{"completed": 2})
}

func testCoalesceRunning(t *testing.T, url string) {
	r := begin(t, Options{URL: url})
	r.put(t, Delivery{GUID: "g1", Key: "k", Number: 1})
	c := r.next(t)
	r.put(t, Delivery{GUID: "g2", Key: "k", Number: 2})
	r.put(t, Delivery{GUID: "g3", Key: "k", Number: 3})
	c.reply <- nil
	receive(t, r.ends, "end of the run")
	if job := r.finish(t, nil); job.Delivery.Number != 3 {
		t.Errorf("job = %+v", job)
	}
	// Exactly once more: nothing is left that could run.
	r.states(t, map[string]int{"completed": 2})
	if gen, done := r.generations(t, "k"); gen != 3 || done != 3 {
		t.Errorf("generations = %d, %d", gen, done)
	}
}

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
	r := begin(t, Options{URL: url, JobTimeout: 50 * time.Millisecond})
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

func testBusy(t *testing.T, url string) {
	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r := open(t, Options{URL: url, buffer: 1, step: func(step string) {
		if step == "intake: begun" {
			once.Do(func() { close(held); <-release })
		}
	}})
	results := make(chan error, 2)
	send := func(guid string) {
		_, err := r.Enqueue(t.Context(), Delivery{GUID: guid, Event: "push", Key: guid})
		results <- err
	}
	go send("g1")
	receive(t, held, "transaction")
	// One is being written and one may wait: of two more exactly one is refused at once.
	go send("g2")
	go send("g3")
	if err := receive(t, results, "refusal"); !errors.Is(err, ErrBusy) {
		t.Errorf("err = %v, want ErrBusy", err)
	}
	if err := r.Ready(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("Ready = %v, want ErrBusy", err)
	}
	close(release)
	for range 2 {
		if err := receive(t, results, "commit"); err != nil {
			t.Error(err)
		}
	}
	r.states(t, map[string]int{"available": 2})
}

func testStopWaits(t *testing.T, url string) {
	r := begin(t, Options{URL: url})
	r.put(t, Delivery{GUID: "g1", Key: "k1"})
	c := r.next(t)
	stopped := make(chan error, 1)
	go func() { stopped <- r.Stop(t.Context()) }()
	short, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Stop(short); err == nil {
		t.Error("Stop did not wait for the running job")
	}
	r.put(t, Delivery{GUID: "g2", Key: "k2"}) // does not begin any more
	c.reply <- nil
	if err := receive(t, stopped, "stop"); err != nil {
		t.Errorf("Stop: %v", err)
	}
	r.states(t, map[string]int{"completed": 1, "available": 1})
}

func testStopHandsBack(t *testing.T, url string) {
	r := begin(t, Options{URL: url, Grace: time.Millisecond, MaxAttempts: 1})
	r.put(t, Delivery{GUID: "g1", Key: "k"})
	c := r.next(t)
	stopped := make(chan error, 1)
	go func() { stopped <- r.Stop(t.Context()) }()
	receive(t, c.ctx.Done(), "cancellation")
	c.reply <- errors.New("interrupted") // not even an error of contexts
	if err := receive(t, stopped, "stop"); err != nil {
		t.Errorf("Stop: %v", err)
	}
	r.states(t, map[string]int{"available": 1})
	r = r.reopen(t)
	if job := r.finish(t, nil); job.Attempt != 1 || job.Generation != 1 {
		t.Errorf("job = %+v, want the attempt not counted", job)
	}
	r.states(t, map[string]int{"completed": 1})
}

func testCloseRunning(t *testing.T, url string) {
	r := begin(t, Options{URL: url})
	r.put(t, Delivery{GUID: "g1", Key: "k"})
	c := r.next(t)
	go func() {
		<-c.ctx.Done()
		c.reply <- c.ctx.Err()
	}()
	r = r.reopen(t)
	if job := r.finish(t, nil); job.Attempt != 1 {
		t.Errorf("job = %+v", job)
	}
}

func testReconcile(t *testing.T, url string) {
	r := open(t, Options{URL: url})
	for i := range maxBatch + 1 {
		r.put(t, Delivery{GUID: strconv.Itoa(i), Key: strconv.Itoa(i), Priority: 3})
	}
	r.exec(t, `delete from river_job`)
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range maxBatch + 1 {
		r.finish(t, nil)
	}
	r.states(t, map[string]int{"completed": maxBatch + 1})
	jobs, err := r.engine.jobs(t.Context(), 1)
	if err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
}

// testGivenUp has River's second net end a job that hung, outside of our
// transactions: it does not begin again, but a newer delivery does.
func testGivenUp(t *testing.T, url string) {
	r := open(t, Options{URL: url})
	for _, key := range []string{"over", "newer"} {
		r.put(t, Delivery{GUID: key + "1", Key: key})
	}
	r.exec(t, `update work_item set tried_gen = gen`)
	r.exec(t, `update river_job set state = 'discarded', finalized_at = scheduled_at`)
	r.exec(t, `update work_item set gen = gen + 1 where key = 'newer'`)
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if job := r.finish(t, nil); job.Delivery.Key != "newer" || job.Generation != 2 {
		t.Errorf("job = %+v", job)
	}
	r.states(t, map[string]int{"discarded": 2, "completed": 1})
}

func testPrune(t *testing.T, url string) {
	var mu sync.Mutex
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	advance := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	r := open(t, Options{URL: url, Clock: clock})
	r.put(t, Delivery{GUID: "done", Key: "done"})
	r.put(t, Delivery{GUID: "owed", Key: "owed"})
	r.exec(t, `update work_item set done_gen = gen where key = 'done'`)
	r.exec(t, `delete from river_job`)
	advance(retention)
	r.put(t, Delivery{GUID: "new", Key: "new"})
	if err := r.prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, err := r.Deliveries(t.Context(), 10); err != nil || len(list) != 3 {
		t.Errorf("after 72 h: %v, %v", list, err)
	}
	advance(time.Millisecond)
	if err := r.prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, err := r.Deliveries(t.Context(), 10); err != nil || len(list) != 1 || list[0].GUID != "new" {
		t.Errorf("after more than 72 h: %v, %v", list, err)
	}
	var keys []string
	err := r.each(t.Context(), `select key from work_item order by key`, func(scan scanner) error {
		var key string
		err := scan(&key)
		keys = append(keys, key)
		return err
	})
	if d := cmp.Diff([]string{"new", "owed"}, keys); d != "" || err != nil {
		t.Errorf("work (-want +got):\n%s%v", d, err)
	}
	r.put(t, Delivery{GUID: "done", Key: "done"}) // forgotten, so new again
}

func testPriority(t *testing.T, url string) {
	r := open(t, Options{URL: url, Workers: 1})
	r.put(t, Delivery{GUID: "1", Key: "baseline", Priority: 4})
	r.put(t, Delivery{GUID: "2", Key: "raised", Priority: 4})
	r.put(t, Delivery{GUID: "3", Key: "review"})
	r.put(t, Delivery{GUID: "4", Key: "raised", Priority: 1})
	r.put(t, Delivery{GUID: "5", Key: "raised", Priority: 3}) // does not lower it
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var order []string
	for range 3 {
		order = append(order, r.finish(t, nil).Delivery.Key)
	}
	if d := cmp.Diff([]string{"raised", "review", "baseline"}, order); d != "" {
		t.Errorf("order (-want +got):\n%s", d)
	}
}

// testCrowd has many senders for few keys while handlers run, fail and are
// superseded: every key ends with its newest delivery done.
func testCrowd(t *testing.T, url string) {
	const senders, each, keys = 16, 25, 20
	var mu sync.Mutex
	last := map[string]int64{} // newest generation a handler finished
	finished := make(chan struct{}, senders*each*10)
	r := begin(t, Options{URL: url, Workers: 8, Handler: func(ctx context.Context, job Job) error {
		if job.Generation%7 == 0 && job.Attempt == 1 {
			return errors.New("bad gateway")
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		mu.Lock()
		last[job.Delivery.Key] = max(last[job.Delivery.Key], job.Generation)
		mu.Unlock()
		finished <- struct{}{}
		return nil
	}})
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				n := s*each + i
				r.put(t, Delivery{GUID: strconv.Itoa(n), Key: strconv.Itoa(n % keys)})
			}
		})
	}
	wg.Wait()
	deadline := time.After(patience)
	for {
		var owing int
		if err := r.db.QueryRowContext(t.Context(), `select count(*) from work_item where done_gen < gen`).Scan(&owing); err != nil {
			t.Fatal(err)
		}
		if owing == 0 {
			break
		}
		select {
		case <-finished:
		case <-r.ends:
		case <-deadline:
			t.Fatalf("%d keys are owed", owing)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for k, generation := range last {
		if generation != senders*each/keys {
			t.Errorf("key %s: finished generation %d of %d", k, generation, senders*each/keys)
		}
	}
	if len(last) != keys {
		t.Errorf("%d of %d keys", len(last), keys)
	}
}

// testHostileText has errors carry what a database may choke on.
func testHostileText(t *testing.T, url string) {
	r := begin(t, Options{URL: url, MaxAttempts: 2})
	nasty := errors.New("'; drop table river_job; -- \x00 \xff " + string(make([]byte, 1<<20)))
	r.put(t, Delivery{GUID: "'; --", Key: `"k' $1 \u0000 {`, Payload: []byte(`"\u0000<script>"`)})
	r.finish(t, nasty)
	if job := r.finish(t, nasty); string(job.Delivery.Payload) != `"\u0000\u003cscript\u003e"` {
		t.Errorf("payload = %s", job.Delivery.Payload)
	}
	jobs, err := r.Jobs(t.Context(), 10)
	if err != nil || len(jobs) != 1 || jobs[0].State != "discarded" || len(jobs[0].Error) > 16<<10 {
		t.Errorf("Jobs = %+v, %v", jobs, err)
	}
}

func testBlobs(t *testing.T, url string) {
	var mu sync.Mutex
	now := time.Unix(1e9, 0)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	advance := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	r := open(t, Options{URL: url, Clock: clock, BlobBytes: 1000})
	has := func(key, want string) {
		t.Helper()
		got, ok, err := r.Blob(t.Context(), key)
		if err != nil || !ok || string(got) != want || got == nil {
			t.Errorf("Blob(%s) = %q, %v, %v; want %q", key, got, ok, err, want)
		}
	}
	hasNot := func(key string) {
		t.Helper()
		if got, ok, err := r.Blob(t.Context(), key); err != nil || ok {
			t.Errorf("Blob(%s) = %q, %v, %v", key, got, ok, err)
		}
	}
	put := func(blobs map[string][]byte) {
		t.Helper()
		if err := r.PutBlobs(t.Context(), blobs); err != nil {
			t.Fatal(err)
		}
	}
	put(nil)
	put(map[string][]byte{"1/empty": {}, "1/nil": nil, "1/zero": []byte("\x00\xff"), "1/large": make([]byte, 126)})
	has("1/empty", "")
	has("1/nil", "")
	has("1/zero", "\x00\xff")
	hasNot("1/large")
	hasNot("2/zero")
	put(map[string][]byte{"1/zero": []byte("other")})
	has("1/zero", "\x00\xff")

	for i := range 8 { // 800 bytes
		advance(time.Minute)
		put(map[string][]byte{strconv.Itoa(i): make([]byte, 100)})
	}
	advance(blobUse)
	has("0", string(make([]byte, 100))) // used, so it stays
	advance(time.Minute)
	many := map[string][]byte{}
	for i := range 3 {
		many["new"+strconv.Itoa(i)] = make([]byte, 100)
	}
	put(many) // 1102 bytes: down to 900
	hasNot("1")
	hasNot("2")
	has("0", string(make([]byte, 100)))
	has("new2", string(make([]byte, 100)))
	has("7", string(make([]byte, 100)))

	many = map[string][]byte{}
	for i := range blobsPerWrite * 2 {
		many["small"+strconv.Itoa(i)] = []byte{1}
	}
	put(many)
	has("small0", "\x01")
	has("small"+strconv.Itoa(blobsPerWrite*2-1), "\x01")
}
