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
	short, cancel := context.WithCancel(t.Context())
	cancel()
	impatient := make(chan error, 2)
	stop := func() { impatient <- r.Stop(short) }
	stop()
	stopped := make(chan error, 1)
	go func() { stopped <- r.Stop(t.Context()) }()
	go stop() // before the patient one, or while that waits
	for range 2 {
		if err := receive(t, impatient, "stop without patience"); !errors.Is(err, context.Canceled) {
			t.Errorf("Stop did not wait for the running job: %v", err)
		}
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
