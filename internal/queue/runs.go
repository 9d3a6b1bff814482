package queue

import (
	"context"
	"errors"
	"sync"
)

// errLeaseLost is the cause of a cancelled run when other machines may have
// taken its job back.
var errLeaseLost = errors.New("queue: this machine was out of touch with the database for too long")

// runs are the jobs running in this process, so that a newer delivery can cancel
// them. River can cancel a job, but for good.
type runs struct {
	mu     sync.Mutex
	active map[*run]struct{}
}

// run is one of them. Its generation is 0 until it is known.
type run struct {
	key        string
	generation int64
	newest     int64 // the highest generation heard of
	cancel     context.CancelCauseFunc
}

func (r *runs) begin(key string, cancel context.CancelCauseFunc) *run {
	n := &run{key: key, cancel: cancel}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active[n] = struct{}{}
	return n
}

// arm tells a run its generation. It is cancelled at once if a newer one has
// been heard of meanwhile.
func (r *runs) arm(n *run, generation int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n.generation = generation
	n.check()
}

func (r *runs) end(n *run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.active, n)
}

// supersede cancels the runs of a key that work on an older generation. There
// are as many runs as workers, so looking at all is cheap.
func (r *runs) supersede(key string, generation int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range r.active {
		if n.key == key {
			n.newest = max(n.newest, generation)
			n.check()
		}
	}
}

func (n *run) check() {
	if n.generation != 0 && n.newest > n.generation {
		n.cancel(ErrSuperseded)
	}
}

func (r *runs) cancelAll(cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range r.active {
		n.cancel(cause)
	}
}

func (r *runs) keys() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys := make([]string, 0, len(r.active))
	for n := range r.active {
		keys = append(keys, n.key)
	}
	return keys
}
