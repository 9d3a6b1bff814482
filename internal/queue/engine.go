package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// engine is the part of the store that shares transactions with River, whose
// type is different for each database. Everything else uses database/sql.
type engine interface {
	// intake keeps a batch in one transaction. It says which items were there
	// before, and the generation every key has now.
	intake(ctx context.Context, batch []*item) (duplicates []bool, generations map[string]int64, err error)
	// owe makes sure that there is a job for every key.
	owe(ctx context.Context, groups []owed) error
	// hurry makes jobs that wait for a further attempt run now.
	hurry(ctx context.Context, ids []int64) error
	jobs(ctx context.Context, limit int) ([]JobStatus, error)
	start(ctx context.Context) error
	stop(ctx context.Context) error  // running jobs may finish
	abort(ctx context.Context) error // running jobs are cancelled
}

// riverEngine is River over one kind of database.
type riverEngine[TTx any] struct {
	*Store
	backend  backend[TTx]
	client   *river.Client[TTx]
	stopping chan struct{} // holds one while a caller stops
}

// jobArgs is what River keeps of a job. Everything else is read from work_item
// when the job begins, so that it is the newest.
type jobArgs struct {
	Key string `json:"key" river:"unique"`
}

// Kind is the name of the one kind of job River knows here.
func (jobArgs) Kind() string { return "delivery" }

// activeStates is where a job is not over. Uniqueness has to include running, or
// two jobs of one key could run at once; what would be lost by that the
// generations bring back.
func activeStates() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}
}

func newEngine[TTx any](s *Store, b backend[TTx]) (*riverEngine[TTx], error) {
	e := &riverEngine[TTx]{Store: s, backend: b, stopping: make(chan struct{}, 1)}
	config := &river.Config{
		ID:                          s.node,
		CompletedJobRetentionPeriod: retention,
		CancelledJobRetentionPeriod: 7 * 24 * time.Hour,
		DiscardedJobRetentionPeriod: 7 * 24 * time.Hour,
		FetchCooldown:               20 * time.Millisecond,
		FetchPollInterval:           time.Second,
		JobTimeout:                  s.opts.JobTimeout,
		Logger:                      riverLogger(s.opts.Logger),
		MaxAttempts:                 s.opts.MaxAttempts,
		// A second net: takeBack is the first, and takes milliseconds.
		RescueStuckJobsAfter: s.opts.JobTimeout + time.Minute,
		SoftStopTimeout:      s.opts.Grace,
	}
	if s.opts.Handler != nil {
		config.Workers = river.NewWorkers()
		if err := river.AddWorkerSafely(config.Workers, &worker[TTx]{engine: e}); err != nil {
			return nil, err
		}
		config.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: s.opts.Workers}}
	}
	client, err := river.NewClient(b.driver(), config)
	if err != nil {
		return nil, err
	}
	e.client = client
	return e, nil
}

func (e *riverEngine[TTx]) start(ctx context.Context) error { return e.client.Start(ctx) }

// stop takes turns: River would let a second caller wait for the first, whatever
// the second one's context says.
func (e *riverEngine[TTx]) stop(ctx context.Context) error {
	select {
	case e.stopping <- struct{}{}: // also with a context that has ended, to begin stopping
	default:
		select {
		case e.stopping <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() { <-e.stopping }()
	return e.client.Stop(ctx)
}

func (e *riverEngine[TTx]) abort(ctx context.Context) error { return e.client.StopAndCancel(ctx) }

func (e *riverEngine[TTx]) intake(ctx context.Context, batch []*item) (duplicates []bool, generations map[string]int64, err error) {
	err = transact(ctx, e.backend, func(tx TTx, st statements) error {
		e.opts.step("intake: begun")
		if duplicates, err = e.insertDeliveries(ctx, st, batch); err != nil {
			return fmt.Errorf("insert deliveries: %w", err)
		}
		e.opts.step("intake: deliveries inserted")
		groups := byKey(batch, duplicates)
		if len(groups) == 0 {
			return nil
		}
		if generations, err = e.addWork(ctx, st, groups); err != nil {
			return fmt.Errorf("add work: %w", err)
		}
		if err := e.addDemands(ctx, st, groups); err != nil {
			return fmt.Errorf("add demands: %w", err)
		}
		e.opts.step("intake: work added")
		if err := e.insertJobs(ctx, tx, st, groups); err != nil {
			return fmt.Errorf("insert jobs: %w", err)
		}
		e.opts.step("intake: jobs inserted")
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	e.opts.step("intake: committed")
	return duplicates, generations, nil
}

// insertJobs inserts a job for every key that has none. One that waits for a
// further attempt runs now, because its reason to fail may have been what the
// new delivery changes; one that waits for a rate limit goes on waiting.
func (e *riverEngine[TTx]) insertJobs(ctx context.Context, tx TTx, st statements, groups []owed) error {
	params := make([]river.InsertManyParams, len(groups))
	urgency := make(map[string]int, len(groups))
	for i, g := range groups {
		params[i] = river.InsertManyParams{Args: jobArgs{Key: g.key}, InsertOpts: e.insertOpts(g.priority)}
		urgency[g.key] = g.priority
	}
	results, err := e.client.InsertManyTx(ctx, tx, params)
	if err != nil {
		return err
	}
	for _, r := range results {
		if !r.UniqueSkippedAsDuplicate {
			continue
		}
		if r.Job.State == rivertype.JobStateRetryable {
			if _, err := e.client.JobRetryTx(ctx, tx, r.Job.ID); err != nil {
				return err
			}
		}
		key, err := keyOf(r.Job)
		if err != nil {
			return err
		}
		if p := urgency[key]; p < r.Job.Priority {
			if _, err := st.exec(ctx, `update river_job set priority = $1 where id = $2`, p, r.Job.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *riverEngine[TTx]) insertOpts(priority int) *river.InsertOpts {
	return &river.InsertOpts{
		MaxAttempts: e.opts.MaxAttempts,
		Priority:    priority,
		UniqueOpts:  river.UniqueOpts{ByArgs: true, ByState: activeStates()},
	}
}

func (e *riverEngine[TTx]) owe(ctx context.Context, groups []owed) error {
	return transact(ctx, e.backend, func(tx TTx, st statements) error {
		return e.insertJobs(ctx, tx, st, groups)
	})
}

func (e *riverEngine[TTx]) hurry(ctx context.Context, ids []int64) error {
	for _, id := range ids {
		if _, err := e.client.JobRetry(ctx, id); err != nil && !errors.Is(err, river.ErrNotFound) {
			return err
		}
	}
	return nil
}

// end writes the end of a run in one transaction with the generation it worked
// on. again says that the failed attempt is to be followed by another one, which
// River arranges. In the other cases the job is over; if a newer delivery has
// come meanwhile, a new job with all its attempts takes its place, because one
// that only waited for its turn must not pay for the failures of the old.
func (e *riverEngine[TTx]) end(ctx context.Context, rj *river.Job[jobArgs], job Job, v verdict) (again, superseded bool, err error) {
	mark := `update work_item set done_gen = $2 where key = $1 and gen = $2`
	if v.what == retry {
		mark = `update work_item set tried_gen = $2 where key = $1 and gen = $2`
	}
	err = transact(ctx, e.backend, func(tx TTx, st statements) error {
		n, err := st.exec(ctx, mark, rj.Args.Key, job.Generation)
		if err != nil {
			return fmt.Errorf("mark generation: %w", err)
		}
		e.opts.step("end: generation marked")
		superseded = n == 0
		if again = v.what == retry && !superseded; again {
			return nil
		}
		if v.what == done || !superseded {
			if err := e.meetDemands(ctx, st, job); err != nil {
				return fmt.Errorf("end demands: %w", err)
			}
		}
		return e.finish(ctx, tx, st, rj, v, superseded)
	})
	if err == nil {
		e.opts.step("end: committed")
	}
	return again, superseded, err
}

func (e *riverEngine[TTx]) meetDemands(ctx context.Context, st statements, job Job) error {
	for _, guid := range job.Demands {
		if _, err := st.exec(ctx, `delete from note where scope = $1 and name = $2`, demandsOn(job.Delivery.Key), guid); err != nil {
			return err
		}
	}
	return nil
}

func (e *riverEngine[TTx]) finish(ctx context.Context, tx TTx, st statements, rj *river.Job[jobArgs], v verdict, superseded bool) error {
	// A delivery that came while the job ran may have raised its priority since.
	priority := rj.Priority
	err := st.each(ctx, `select priority from river_job where id = $1`, []any{rj.ID}, func(scan scanner) error { return scan(&priority) })
	if err != nil {
		return fmt.Errorf("read priority: %w", err)
	}
	_, err = river.JobCompleteTx[riverdriver.Driver[TTx]](ctx, tx, rj)
	mine := !errors.Is(err, river.ErrNotFound) // else another process took the job back and has it now
	if err != nil && mine {
		return fmt.Errorf("complete job: %w", err)
	}
	e.opts.step("end: job completed")
	if superseded {
		if err := e.insertJobs(ctx, tx, st, []owed{{key: rj.Args.Key, priority: priority}}); err != nil {
			return fmt.Errorf("insert next job: %w", err)
		}
		e.opts.step("end: next job inserted")
		return nil
	}
	if v.what == done || !mine {
		return nil
	}
	// River has no call that ends a running job without success inside a transaction.
	state := rivertype.JobStateDiscarded
	if v.what == cancelled {
		state = rivertype.JobStateCancelled
	}
	report, err := e.attemptError(rj.Attempt, v.err)
	if err != nil {
		return err
	}
	query := `update river_job set state = '` + string(state) + `', errors = ` + e.dialect.appendError(`$2`) + ` where id = $1`
	if _, err := st.exec(ctx, query, rj.ID, report); err != nil {
		return fmt.Errorf("mark dead letter: %w", err)
	}
	return nil
}

// riverLogger lets River say what is wrong; what goes well we say ourselves.
func riverLogger(l *slog.Logger) *slog.Logger {
	return slog.New(quiet{l.Handler()}).With(slog.String("component", "river"))
}

// quiet drops what is below a warning.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }
func (q quiet) WithGroup(name string) slog.Handler       { return quiet{q.Handler.WithGroup(name)} }
