package queue

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// patience is how long a test waits for what must come. It never waits for
// nothing to come.
const patience = 60 * time.Second

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
