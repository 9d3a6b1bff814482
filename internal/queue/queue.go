// Package queue is the only door to the database. It takes in webhook
// deliveries so that none is lost, runs the work they ask for, and keeps a cache
// of blobs beside it. It is for the HTTP receiver, which calls [Store.Enqueue],
// and for the worker function that the program passes in as [Handler]; it knows
// nothing of GitHub, templates or the rule.
//
// # What it promises
//
// Enqueue returns after the commit, so what was acknowledged survives a kill
// and a power cut. Work is done at least once: after a crash a handler may run
// again, so whatever it does to the outside must be idempotent. Of many
// deliveries with one [Delivery.Key] only the newest is worked on, one job per
// key at a time; a delivery that arrives while the job runs cancels it with
// cause [ErrSuperseded] and is worked on afterwards.
//
// # How
//
// Jobs are River's (https://riverqueue.com), on SQLite for one machine and on
// PostgreSQL for many. Beside River's tables there is one row per key with a
// generation: every delivery adds one to gen, a job notes in tried_gen which
// generation it begins and in done_gen which one it has finished, in the same
// transaction that completes the job. Whatever has done_gen < gen is owed.
package queue

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Delivery is what is kept of one webhook, or of a piece of work the program
// asks of itself: identifiers only, never text of templates, about 300 bytes.
// GUID and Event are required; the rest may be zero.
type Delivery struct {
	// GUID names the delivery (GitHub's X-GitHub-Delivery). A GUID seen in the
	// last 72 hours does no second work.
	GUID string `json:"guid"`
	// Event and Action are the webhook's type, such as pull_request, opened.
	Event  string `json:"event"`
	Action string `json:"action,omitempty"`
	// Installation and Repository are GitHub's numeric identifiers.
	Installation int64 `json:"installation,omitempty"`
	Repository   int64 `json:"repository,omitempty"`
	// Owner and Name are the repository's names when the delivery was sent.
	Owner string `json:"owner,omitempty"`
	Name  string `json:"name,omitempty"`
	// Kind is what work is asked for; the queue carries it and does not read it.
	Kind string `json:"kind,omitempty"`
	// Number is the pull request, 0 if there is none.
	Number int `json:"number,omitempty"`
	// Key is what jobs are unique by, such as review/123/7: of several deliveries
	// with one key only the newest is worked on. Work that must be done each time
	// has a key of its own each time. Empty means that the delivery is only recorded.
	Key string `json:"key,omitempty"`
	// Payload is a small JSON value for the handler, at most 4 KiB. It comes back
	// equal as JSON, not necessarily byte for byte.
	Payload json.RawMessage `json:"payload,omitempty"`
	// Priority is 1 (first) to 4 (last); 0 means 2. A delivery raises the
	// priority of the job that already waits for its key, never lowers it.
	Priority int `json:"priority,omitempty"`
	// Demand says that somebody asked for the work: that a newer delivery of the
	// key takes its place must not make it forgotten, see Job.Demands.
	Demand bool `json:"demand,omitempty"`
}

// Job is one run of the work that the newest delivery of a key asks for.
type Job struct {
	// ID is the same for all attempts.
	ID int64
	// Attempt counts from 1. On the last one, Attempt == MaxAttempts, an error is
	// final, so the handler has to leave things in an end state itself.
	Attempt, MaxAttempts int
	// Exhausted says that every attempt was used up by runs that died together
	// with their process. The work is likely what kills it: the handler is called
	// once more only to tell whoever waits, not to try again. The job ends as a
	// dead letter whatever the handler returns.
	Exhausted bool
	// First says that no run has worked on this delivery before, not even one
	// that was handed back or died.
	First bool
	// Priority is that of the most urgent delivery since the job was made.
	Priority int
	// Delivery is the newest one of its key.
	Delivery Delivery
	// Demands are the GUIDs of the deliveries of the key with Demand that no job
	// has done yet, the oldest first.
	Demands []string
	// Generation counts the deliveries of the key.
	Generation int64
}

// Handler does the work of a job. Its context is cancelled when the time for a
// job is over, when the store stops, and with cause [ErrSuperseded] when a newer
// delivery of the key has arrived.
//
// nil means done. An error says what it is by behaviour: RetryAfter()
// time.Duration is tried again after that time without using up an attempt,
// Permanent() bool true is never tried again, every other error is tried again
// with a growing pause until the attempts are used up. A panic is an error of
// the last sort.
type Handler func(ctx context.Context, job Job) error

// Errors that callers tell apart.
var (
	// ErrBusy says that too many deliveries wait for a commit; try again later.
	ErrBusy = errors.New("queue: too many deliveries are waiting")
	// ErrClosed says that the store has been closed.
	ErrClosed = errors.New("queue: closed")
	// ErrSuperseded is the cause of a handler's cancelled context when a newer
	// delivery of the key has arrived.
	ErrSuperseded = errors.New("queue: a newer delivery of the same key has arrived")
)

// retention is how long deliveries and completed jobs are kept: GitHub
// redelivers for three days.
// https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
const retention = 72 * time.Hour

// Store is an open queue. Make one with [Open]; its methods may be called by
// several goroutines.
type Store struct {
	opts    Options
	db      *sql.DB // for everything that is not one of River's transactions
	dialect dialect
	engine  engine
	runs    *runs
	node    string // names this process in the database
	unlock  func() error

	waiting chan *item
	closing chan struct{}
	closed  chan struct{} // the committer has ended

	mu      sync.Mutex
	phase   phase
	cancel  context.CancelFunc // ends the upkeep
	upkeep  sync.WaitGroup
	closeDB func() error
}

// phase is how far the life of a store has got.
type phase int

const (
	opened phase = iota
	started
	stopping // asked to stop, jobs may still run
	stopped
	ended
)

// Open opens the database, brings its tables up to date, and takes back the
// jobs of processes that died. The store takes in deliveries from then on; work
// begins with [Store.Start]. A SQLite database is locked for this process until
// [Store.Close]. An error is one sentence that names the URL without password.
func Open(ctx context.Context, opts Options) (*Store, error) {
	opts = opts.withDefaults()
	node, err := nodeName()
	if err != nil {
		return nil, err
	}
	s := &Store{
		opts:    opts,
		runs:    &runs{active: map[*run]struct{}{}},
		node:    node,
		waiting: make(chan *item, opts.buffer),
		closing: make(chan struct{}),
		closed:  make(chan struct{}),
	}
	if err := s.open(ctx); err != nil {
		return nil, &openError{url: redact(opts.URL), err: err}
	}
	go s.commit(context.WithoutCancel(ctx))
	return s, nil
}

// nodeName is different for every process that ever opens the database.
func nodeName() (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("name of this machine: %w", err)
	}
	return fmt.Sprintf("%.60s-%d-%s", host, os.Getpid(), rand.Text()[:10]), nil
}

// now is the clock in the unit of our tables, milliseconds since 1970.
func (s *Store) now() int64 { return s.opts.Clock().UnixMilli() }

// Start begins work and makes good what is owed. Without a handler it only
// keeps house. The context is for starting; only [Store.Stop] ends the work.
func (s *Store) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != opened {
		return errors.New("queue: started before")
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if s.opts.Handler != nil {
		// The lease comes first: a running job without one counts as abandoned.
		if err := s.holdLease(ctx); err != nil {
			cancel()
			return fmt.Errorf("start queue: %w", err)
		}
		if err := s.engine.start(life); err != nil {
			cancel()
			return fmt.Errorf("start queue: %w", err)
		}
	}
	s.phase, s.cancel = started, cancel
	if err := s.reconcile(ctx); err != nil {
		return fmt.Errorf("start queue: look for work that is owed: %w", err)
	}
	if err := s.prune(ctx); err != nil {
		return fmt.Errorf("start queue: remove what is old: %w", err)
	}
	s.startUpkeep(life)
	return nil
}

// Stop ends the work: no new job begins, running ones finish within
// [Options.Grace] or are cancelled and handed back, to be run at the next start
// or by another machine without the attempt being counted. Deliveries are still
// taken in until [Store.Close]. If ctx ends first, its error is returned and
// what still runs is taken back when its process is gone.
func (s *Store) Stop(ctx context.Context) error {
	s.mu.Lock()
	if s.phase != started && s.phase != stopping {
		s.mu.Unlock()
		return nil
	}
	s.phase = stopping
	s.mu.Unlock()
	if s.opts.Handler != nil {
		if err := s.engine.stop(ctx); err != nil {
			return fmt.Errorf("stop queue: jobs are still running: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != stopping {
		return nil // a second caller was faster
	}
	s.phase = stopped
	// Only now: while jobs run, the lease must be held.
	s.cancel()
	s.upkeep.Wait()
	if err := s.dropLease(ctx); err != nil {
		return fmt.Errorf("stop queue: %w", err)
	}
	return nil
}

// Ready says whether deliveries can be taken in: nil, or what is in the way.
func (s *Store) Ready(ctx context.Context) error {
	s.mu.Lock()
	p := s.phase
	s.mu.Unlock()
	if p == stopping || p == stopped {
		return errors.New("queue: stopping")
	}
	if p == ended {
		return ErrClosed
	}
	if len(s.waiting) == cap(s.waiting) {
		return ErrBusy
	}
	var one int
	if err := s.db.QueryRowContext(ctx, `select 1`).Scan(&one); err != nil {
		return fmt.Errorf("queue: ask the database: %w", err)
	}
	return nil
}

// Close releases everything. Deliveries that wait for a commit are still
// committed. Call [Store.Stop] first: what still runs is cancelled and given five
// seconds to hand itself back.
func (s *Store) Close() error {
	s.mu.Lock()
	before := s.phase
	s.phase = ended
	s.mu.Unlock()
	if before == ended {
		return nil
	}
	close(s.closing)
	<-s.closed
	var errs []error
	if before == started || before == stopping {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := s.engine.abort(ctx)
		s.cancel()
		s.upkeep.Wait()
		if err == nil {
			err = s.dropLease(ctx)
		}
		errs = append(errs, err)
	}
	errs = append(errs, s.closeDB(), s.unlock())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close queue: %w", err)
	}
	return nil
}

// bug reports a broken invariant to whoever counts them.
func (s *Store) bug(err error) { s.opts.OnBug(err) }
