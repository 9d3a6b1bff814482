package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// worker runs the handler for River.
type worker[TTx any] struct {
	river.WorkerDefaults[jobArgs]
	engine *riverEngine[TTx]
}

// NextRetry is when a failed job is tried again; the zero time leaves it to
// River, whose pause is the fourth power of the attempt in seconds.
func (w *worker[TTx]) NextRetry(j *river.Job[jobArgs]) time.Time {
	if b := w.engine.opts.Backoff; b != nil {
		return time.Now().Add(b(j.Attempt)) // River's own clock, which decides when the time has come
	}
	return time.Time{}
}

// Work runs one job and settles its end.
func (w *worker[TTx]) Work(ctx context.Context, rj *river.Job[jobArgs]) error {
	e := w.engine
	handlerCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// Registered before the generation is read: a delivery in between is seen by both or by one.
	r := e.runs.begin(rj.Args.Key, cancel)
	defer e.runs.end(r)
	job, owing, err := e.load(ctx, rj)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("job %d has no work: key %q", rj.ID, rj.Args.Key)
		e.bug(err)
		return river.JobCancel(err)
	}
	if err != nil {
		return fmt.Errorf("read work: %w", err)
	}
	e.opts.step("work: begun")
	log := e.opts.Logger.With(slog.Int64("job", job.ID), slog.String("key", rj.Args.Key), slog.String("delivery", job.Delivery.GUID),
		slog.String("repository", repository(job.Delivery)), slog.Int("number", job.Delivery.Number), slog.Int("attempt", job.Attempt))
	if !owing {
		return w.settle(ctx, log, rj, job, verdict{what: done})
	}
	e.runs.arm(r, job.Generation)
	err = e.call(handlerCtx, log, job)
	e.opts.step("work: handled")
	return w.settle(ctx, log, rj, job, judge(ctx, job, err))
}

// settle tells the database and River how a run ended. The context may have been
// cancelled long ago; what has been done is written down nevertheless.
func (w *worker[TTx]) settle(ctx context.Context, log *slog.Logger, rj *river.Job[jobArgs], job Job, v verdict) error {
	switch v.what {
	case later:
		log.LogAttrs(ctx, slog.LevelInfo, "job waits", slog.Duration("for", v.after), slog.Any("error", v.err))
		return river.JobSnooze(v.after)
	case handBack:
		log.LogAttrs(ctx, slog.LevelInfo, "job handed back, stopping")
		return fmt.Errorf("%w: %w", context.Canceled, v.err) // what River recognises as being stopped
	default:
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	again, superseded, err := w.engine.end(ctx, rj, job, v)
	switch {
	case err != nil:
		return fmt.Errorf("end job: %w", err)
	case superseded:
		log.LogAttrs(ctx, slog.LevelInfo, "job superseded", slog.Any("error", v.err))
	case again:
		log.LogAttrs(ctx, slog.LevelWarn, "job failed, will be tried again", slog.Any("error", v.err))
		return v.err
	case v.what == done:
		log.LogAttrs(ctx, slog.LevelInfo, "job done")
	default:
		log.LogAttrs(ctx, slog.LevelError, "job failed for good", slog.Any("error", v.err))
	}
	return nil
}

// load reads the newest delivery of the job's key and notes that its generation
// is being tried. owing is false if there is nothing to do but end the job:
// because the work has been done already, which happens when a process ends
// between the work and River's note of it, or because a newer delivery has come
// since an earlier attempt. That one gets a new job, with all attempts.
func (s *Store) load(ctx context.Context, rj *river.Job[jobArgs]) (job Job, owing bool, err error) {
	var gen, tried, finished int64
	var body string
	err = s.db.QueryRowContext(ctx, `select gen, tried_gen, done_gen, delivery from work_item where key = $1`,
		rj.Args.Key).Scan(&gen, &tried, &finished, &body)
	if err != nil {
		return Job{}, false, err
	}
	var meta struct {
		Exhausted bool `json:"exhausted"`
	}
	if err := errors.Join(json.Unmarshal([]byte(body), &job.Delivery), json.Unmarshal(rj.Metadata, &meta)); err != nil {
		return Job{}, false, err
	}
	job.ID, job.Attempt, job.MaxAttempts, job.Exhausted, job.Priority = rj.ID, rj.Attempt, rj.MaxAttempts, meta.Exhausted, rj.Priority
	if job.Generation = gen; finished >= gen {
		return job, false, nil
	}
	if tried < gen && rj.Attempt > 1 {
		job.Generation = tried
		return job, false, nil
	}
	if job.First = tried < gen; job.First {
		if _, err := s.db.ExecContext(ctx, `update work_item set tried_gen = $2 where key = $1`, rj.Args.Key, gen); err != nil {
			return Job{}, false, err
		}
	}
	job.Demands, err = s.names(ctx, `select name from note where scope = $1 order by at, name`, demandsOn(rj.Args.Key))
	return job, true, err
}

// call runs the handler. This is the one door at which panics are caught.
func (s *Store) call(ctx context.Context, log *slog.Logger, job Job) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
			log.LogAttrs(ctx, slog.LevelError, "handler panicked", slog.Any("error", err), slog.String("stack", string(debug.Stack())))
			s.bug(err)
		}
	}()
	return s.opts.Handler(ctx, job)
}

// verdict is what is to become of a job after a run.
type verdict struct {
	what  what
	after time.Duration // for later
	err   error         // nil if done
}

type what int

const (
	done      what = iota + 1
	retry          // failed, to be tried again after a pause
	later          // not now; the attempt does not count
	cancelled      // failed, and trying again would not help
	discarded      // failed, and it was the last attempt
	handBack       // the store is stopping; the attempt does not count
)

// maxWait bounds what an error may ask for. GitHub's longest is an hour.
const maxWait = 2 * time.Hour

// judge decides by the behaviour of the handler's error. ctx is River's, which
// is cancelled without a deadline only when the store stops.
func judge(ctx context.Context, job Job, err error) verdict {
	if err == nil && !job.Exhausted {
		return verdict{what: done}
	}
	var wait interface{ RetryAfter() time.Duration }
	var final interface{ Permanent() bool }
	permanent := errors.As(err, &final) && final.Permanent()
	stopped := errors.Is(ctx.Err(), context.Canceled) && !errors.Is(context.Cause(ctx), river.ErrJobCancelledRemotely)
	switch {
	case errors.As(err, &wait):
		return verdict{what: later, after: min(max(wait.RetryAfter(), time.Second), maxWait), err: brief{err}}
	case stopped && err != nil && !permanent:
		return verdict{what: handBack, err: brief{err}}
	case job.Exhausted:
		return verdict{what: discarded, err: brief{errors.Join(errors.New("the process died in every attempt"), err)}}
	case permanent:
		return verdict{what: cancelled, err: brief{err}}
	case job.Attempt >= job.MaxAttempts:
		return verdict{what: discarded, err: brief{err}}
	default:
		return verdict{what: retry, err: brief{err}}
	}
}

// brief is an error that a database can keep: it may carry text from outside,
// which may be long, or have zero bytes that PostgreSQL refuses in JSON.
type brief struct{ err error }

func (b brief) Error() string {
	const limit = 2 << 10
	text := b.err.Error()
	if len(text) > limit {
		text = text[:limit] + "…"
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\x00", "�")
}

func (b brief) Unwrap() error { return b.err }

// attemptError is the JSON that River keeps of a failed attempt.
func (s *Store) attemptError(attempt int, err error) (string, error) {
	b, err := json.Marshal(rivertype.AttemptError{At: s.opts.Clock().UTC(), Attempt: attempt, Error: err.Error()})
	return string(b), err
}

func keyOf(j *rivertype.JobRow) (string, error) {
	var args jobArgs
	if err := json.Unmarshal(j.EncodedArgs, &args); err != nil {
		return "", fmt.Errorf("arguments of job %d: %w", j.ID, err)
	}
	return args.Key, nil
}
