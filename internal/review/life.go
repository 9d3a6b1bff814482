package review

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// concludedCancelled is the conclusion of a run that a newer event overtook.
const concludedCancelled = "cancelled"

// lastWords is how long a run may take to be completed once the time for its
// review is over.
const lastWords = 10 * time.Second

// lastTries is how often it is tried to complete a run that has no other chance.
const lastTries = 3

// errExhausted says that a review ended its process each time.
var errExhausted = errors.New("every attempt ended together with its process")

// find is the run that an earlier attempt, or a review that was overtaken, has
// left in progress, else a run to be made. done says that the head has its
// verdict. That a review could not be done is none: what stood in its way may
// be gone.
func (r *Reviewer) find(ctx context.Context, req Request, run Run) (_ Run, done bool, err error) {
	if req.Fresh {
		return run, false, nil
	}
	found, ok, err := r.Checks.Find(ctx, req.Repo, run.Head, run.ExternalID)
	if err != nil {
		return Run{}, false, err
	}
	if req.Again {
		run.ExternalID += string(againMark) + req.Delivery
	}
	switch {
	case !ok:
	case !found.Completed:
		found.ExternalID = run.ExternalID
		return found, false, nil
	case found.Conclusion == concludedCancelled || found.Title == titleUndone:
	case !req.Again || found.ExternalID == run.ExternalID:
		return found, true, nil
	}
	return run, false, nil
}

// start shows on the pull request that the review is under way.
func (r *Reviewer) start(ctx context.Context, repo Repo, run *Run) error {
	if run.ID != 0 {
		return nil
	}
	started, err := r.Checks.Start(ctx, repo, *run)
	if err == nil {
		*run = started
	}
	return err
}

// conduct does the work on a run, which completes it, and sees to it that the
// run is completed if the work cannot be done. current reports whether the run
// is what a newer event about the same thing would be worked on with.
func (r *Reviewer) conduct(ctx context.Context, req Request, run Run, current func(context.Context) bool, work func(context.Context, *Run) error) error {
	if req.Exhausted {
		return r.giveUp(ctx, req, run, current, errExhausted)
	}
	returned := false
	defer func() {
		if !returned && req.Last && !run.Completed { // a panic passes through on its way to the worker
			_ = r.undone(ctx, req.Repo, run, nil) //nolint:errcheck // the panic is what gets reported
		}
	}()
	err := work(ctx, &run)
	returned = true
	if err != nil {
		return r.giveUp(ctx, req, run, current, err)
	}
	return nil
}

// giveUp completes the run of a review that cannot be done, when no further
// attempt will follow. A required check must not wait for ever.
func (r *Reviewer) giveUp(ctx context.Context, req Request, run Run, current func(context.Context) bool, err error) error {
	switch {
	case run.Completed: // and what went wrong came afterwards
		return err
	case ctx.Err() != nil && r.Superseded != nil && r.Superseded(ctx):
		return errors.Join(err, r.overtaken(ctx, req.Repo, run, current))
	case !req.Last && !req.Exhausted && !isPermanent(err):
		return err
	case errors.Is(ctx.Err(), context.Canceled) && !isPermanent(err): // the program stops, and the job is handed back
		return err
	}
	if undone := r.undone(ctx, req.Repo, run, err); undone != nil && !isPermanent(undone) {
		// The run is still to be completed, so what stands in the way of that
		// decides about another attempt.
		return fmt.Errorf("%v: complete check run: %w", err, undone) //nolint:errorlint // it must not count
	}
	return err
}

// overtaken ends a run whose work a newer event has made pointless. If that
// event is about the same head, its review finds the run in progress and goes
// on with it: to cancel it first would only be noise.
func (r *Reviewer) overtaken(ctx context.Context, repo Repo, run Run, current func(context.Context) bool) error {
	if run.ID == 0 {
		return nil
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if current != nil && current(late) {
		return nil
	}
	run = run.bare()
	run.Conclusion, run.Title, run.Summary = concludedCancelled, titleSuperseded, textSuperseded
	return r.Checks.Complete(late, repo, run)
}

// undone completes a run without a verdict.
func (r *Reviewer) undone(ctx context.Context, repo Repo, run Run, err error) error {
	if ctx.Err() != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		ctx = late
	}
	run = run.bare()
	run.Conclusion, run.Title, run.Summary = "failure", titleUndone, textUndone
	if r.Explain != nil && err != nil {
		if why := r.Explain(err); why != "" {
			run.Summary += "\n\n" + why
		}
	}
	var failed error
	for range lastTries {
		// Nothing comes after this, so it is tried more than once. A run that is
		// not there yet is not: an attempt whose answer is lost may have made it.
		if failed = r.Checks.Complete(ctx, repo, run); failed == nil || run.ID == 0 || isPermanent(failed) {
			break
		}
	}
	return failed
}

// bare is the run without what a review has filled in. Annotations that are
// posted already stay.
func (r Run) bare() Run {
	return Run{ID: r.ID, Head: r.Head, ExternalID: r.ExternalID, Posted: r.Posted}
}

func isPermanent(err error) bool {
	var p interface{ Permanent() bool }
	return errors.As(err, &p) && p.Permanent()
}
