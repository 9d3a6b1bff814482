//nolint:thelper // functions named test… are tests, which TestQueue runs on every database
package queue

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

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
