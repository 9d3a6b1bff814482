//nolint:thelper // functions named test… are tests, which TestQueue runs
package queue

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"
)

// testNodes is about several machines on one database.
func testNodes(t *testing.T, s *server) {
	t.Run("open at once", func(t *testing.T) {
		t.Parallel()
		url := s.database(t)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				st, err := Open(t.Context(), Options{URL: url, Workers: 1})
				if err != nil {
					t.Errorf("Open: %v", err)
					return
				}
				if err := st.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
	t.Run("supersede", func(t *testing.T) {
		t.Parallel()
		url := s.database(t)
		works := begin(t, Options{URL: url})
		takes := open(t, Options{URL: url})
		takes.put(t, Delivery{GUID: "g1", Key: "k"})
		c := works.next(t)
		takes.put(t, Delivery{GUID: "g2", Key: "k"})
		receive(t, c.ctx.Done(), "cancellation")
		if cause := context.Cause(c.ctx); !errors.Is(cause, ErrSuperseded) {
			t.Errorf("cause = %v", cause)
		}
		c.reply <- c.ctx.Err()
		receive(t, works.ends, "end of the run")
		if job := works.finish(t, nil); job.Delivery.GUID != "g2" {
			t.Errorf("job = %+v", job)
		}
	})
	t.Run("lost lease", func(t *testing.T) {
		t.Parallel()
		testLostLease(t, s.database(t))
	})
	t.Run("lease ends with Stop", func(t *testing.T) {
		t.Parallel()
		r := begin(t, Options{URL: s.database(t)})
		count := func() (n int) {
			if err := r.db.QueryRowContext(t.Context(), `select count(*) from bot_node`).Scan(&n); err != nil {
				t.Error(err)
			}
			return n
		}
		if n := count(); n != 1 {
			t.Errorf("%d leases while working", n)
		}
		if err := r.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(); n != 0 {
			t.Errorf("%d leases after Stop", n)
		}
	})
	t.Run("crossing batches", func(t *testing.T) {
		t.Parallel()
		testCrossing(t, s.database(t))
	})
}

// testLostLease has a machine be out of touch: another one takes its job, and
// when it is back it cancels its own run.
func testLostLease(t *testing.T, url string) {
	a := begin(t, Options{URL: url, lease: 300 * time.Millisecond})
	a.put(t, Delivery{GUID: "g1", Key: "k"})
	first := a.next(t)
	b := begin(t, Options{URL: url, lease: 300 * time.Millisecond})
	// Expired and not removed is what the others see of a machine that is out of touch.
	b.exec(t, `update bot_node set expires_at = now() - interval '1 second' where id = $1`, a.node)
	receive(t, first.ctx.Done(), "cancellation")
	if cause := context.Cause(first.ctx); !errors.Is(cause, errLeaseLost) {
		t.Errorf("cause = %v", cause)
	}
	first.reply <- first.ctx.Err()
	// One of the two does the work in the end, whichever way it went.
	for gen, done := b.generations(t, "k"); done < gen; gen, done = b.generations(t, "k") {
		select {
		case c := <-a.calls:
			c.reply <- nil
		case c := <-b.calls:
			c.reply <- nil
		case <-a.ends:
		case <-b.ends:
		case <-time.After(patience):
			t.Fatal("nobody does the work")
		}
	}
}

// testCrossing has two machines write the same keys in opposite order.
func testCrossing(t *testing.T, url string) {
	const rounds, keys = 20, 32
	a, b := open(t, Options{URL: url}), open(t, Options{URL: url})
	for round := range rounds {
		var wg sync.WaitGroup
		for i := range keys {
			for _, side := range []struct {
				r   *rig
				key int
			}{{a, i}, {b, keys - 1 - i}} {
				wg.Go(func() {
					side.r.put(t, Delivery{GUID: side.r.node + strconv.Itoa(round*keys+i), Key: strconv.Itoa(side.key)})
				})
			}
		}
		wg.Wait()
	}
	a.states(t, map[string]int{"available": keys})
	for i := range keys {
		if gen, _ := a.generations(t, strconv.Itoa(i)); gen != 2*rounds {
			t.Errorf("key %d: generation %d of %d", i, gen, 2*rounds)
		}
	}
}
