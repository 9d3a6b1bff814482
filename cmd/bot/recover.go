package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/queue"
	"github.com/onboard-defender/onboard-defender/internal/review"
	"github.com/onboard-defender/onboard-defender/internal/server"
)

// kindSweep is the work of looking for what webhooks did not tell: of an
// installation without a repository, else of its open pull requests.
const kindSweep = "sweep"

// Names of marks in the database.
const (
	markAlive = "alive"      // when a process last said that it runs
	markSwept = "swept"      // when open pull requests were last looked through
	markLog   = "deliveries" // until when GitHub's log of deliveries has been read
)

const (
	recoveryPause = 10 * time.Minute
	// outage is how long nobody was there before open pull requests are looked
	// through. A restart takes less.
	outage = 30 * time.Minute
	// sweepEvery finds what even that misses, such as a check run that could
	// not be completed in any attempt.
	sweepEvery = 24 * time.Hour
	// logKept is how long GitHub keeps its log of deliveries.
	// https://docs.github.com/rest/apps/webhooks#list-deliveries-for-an-app-webhook
	logKept = 72 * time.Hour
	// logOverlap is read again each time: attempts appear late in the log.
	logOverlap = 20 * time.Minute
	// maxSwept is how many open pull requests of a repository are looked at,
	// the newest first.
	maxSwept = 1000
	// Of the queue: sweeping comes after all else, what it finds before a baseline.
	prioritySwept = 3
	prioritySweep = 4
)

// recovery makes good what was missed while no process was there, or GitHub
// could not reach it: nothing waits for a human to push again.
type recovery struct {
	app   *github.App
	store *queue.Store
	log   *slog.Logger
	now   func() time.Time
}

// run recovers at once and then every few minutes, until ctx is done.
func (r *recovery) run(ctx context.Context) error {
	tick := time.NewTicker(recoveryPause)
	defer tick.Stop()
	for {
		if err := r.pass(ctx); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "recovery will be tried again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (r *recovery) pass(ctx context.Context) error {
	return errors.Join(r.sweep(ctx), r.redeliver(ctx))
}

// sweep asks for a look at all open pull requests if that is due, and says that
// a process is alive only if it has: a failure must not hide an outage.
func (r *recovery) sweep(ctx context.Context) error {
	alive, err := r.store.Mark(ctx, markAlive)
	if err != nil {
		return err
	}
	swept, err := r.store.Mark(ctx, markSwept)
	if err != nil {
		return err
	}
	read, err := r.store.Mark(ctx, markLog)
	if err != nil {
		return err
	}
	now := r.now()
	if now.Sub(alive) > outage || now.Sub(swept) > sweepEvery {
		// The same name on every machine that starts after the same outage.
		guid := fmt.Sprintf("sweep/%d/%d", alive.Unix(), swept.Unix())
		// Pushes and installations are in the log. What has left it unread is
		// missing for good, and the log is not there for who installed the App
		// long before starting it.
		if err := r.askSweeps(ctx, guid, now.Sub(read) > logKept); err != nil {
			return err
		}
		if err := r.store.SetMark(ctx, markSwept, now); err != nil {
			return err
		}
	}
	return r.store.SetMark(ctx, markAlive, now)
}

// askSweeps asks for a sweep of each installation, and if branches is true for
// the check of its default branches.
func (r *recovery) askSweeps(ctx context.Context, guid string, branches bool) error {
	all, err := r.app.Installations(ctx)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.Suspended {
			continue
		}
		id := strconv.FormatInt(i.ID, 10)
		d := queue.Delivery{
			GUID: guid + "/" + id, Event: kindSweep, Installation: i.ID, Kind: kindSweep, Key: kindSweep + "/installation/" + id,
			Owner: i.Account, Priority: prioritySweep, Payload: json.RawMessage("{}"),
		}
		if _, err := r.store.Enqueue(ctx, d); err != nil {
			return fmt.Errorf("ask for a sweep of installation %d: %w", i.ID, err)
		}
		if !branches {
			continue
		}
		d = server.Ask(d, "branches", server.Work{Kind: server.KindInstall, Priority: prioritySweep})
		if _, err := r.store.Enqueue(ctx, d); err != nil {
			return fmt.Errorf("ask for the default branches of installation %d: %w", i.ID, err)
		}
	}
	r.log.InfoContext(ctx, "open pull requests will be looked through", slog.Int("installations", len(all)))
	return nil
}

// redeliver asks GitHub for the deliveries that no attempt brought here.
func (r *recovery) redeliver(ctx context.Context) error {
	since, err := r.store.Mark(ctx, markLog)
	if err != nil {
		return err
	}
	info, err := r.app.Info(ctx)
	if err != nil {
		return err
	}
	now := info.Now // the log is told by GitHub's clock
	if now.IsZero() {
		now = r.now()
	}
	if oldest := now.Add(-logKept); since.Before(oldest) {
		since = oldest
	}
	lost, err := r.app.Undelivered(ctx, since.Add(-logOverlap))
	if err != nil {
		return err
	}
	for _, d := range lost {
		if !worthAsking(d) {
			continue
		}
		if err := r.redeliverOne(ctx, d); err != nil {
			return err
		}
	}
	return r.store.SetMark(ctx, markLog, now)
}

func (r *recovery) redeliverOne(ctx context.Context, d github.Delivery) error {
	claimed, err := r.store.ClaimRedelivery(ctx, d.GUID)
	if err != nil || !claimed {
		return err
	}
	if err := r.app.Redeliver(ctx, d.ID); err != nil {
		err = errors.Join(err, r.store.ReleaseRedelivery(ctx, d.GUID))
		if errors.Is(err, github.ErrNotFound) {
			r.log.WarnContext(ctx, "delivery cannot be had again", slog.String("delivery", d.GUID), slog.Any("error", err))
			return nil // it has left the log meanwhile
		}
		return err
	}
	r.log.InfoContext(ctx, "delivery asked for again", slog.String("delivery", d.GUID), slog.String("event", d.Event), slog.String("action", d.Action))
	return nil
}

// worthAsking leaves out what our own check runs cause, which is most of what
// GitHub sends and asks for nothing.
func worthAsking(d github.Delivery) bool {
	switch d.Event {
	case "check_run", "check_suite":
		return d.Action == "rerequested" || d.Action == "requested_action"
	case "ping":
		return false
	}
	return true
}

// handle does the work of [kindSweep].
func (r *recovery) handle(ctx context.Context, d queue.Delivery) error {
	if d.Repository == 0 {
		return r.sweepInstallation(ctx, d)
	}
	return r.sweepRepository(ctx, d)
}

// sweepInstallation asks for a sweep of each of its repositories, so that none
// of them waits for another.
func (r *recovery) sweepInstallation(ctx context.Context, d queue.Delivery) error {
	all, err := r.app.Repositories(ctx, d.Installation)
	if err != nil {
		return err
	}
	for _, repo := range all {
		if repo.Archived || repo.Disabled {
			continue
		}
		id := strconv.FormatInt(repo.ID, 10)
		next := d
		next.GUID, next.Key = d.GUID+"/"+id, kindSweep+"/"+id
		next.Repository, next.Owner, next.Name = repo.ID, repo.Owner, repo.Name
		if _, err := r.store.Enqueue(ctx, next); err != nil {
			return fmt.Errorf("ask for a sweep of %s: %w", repo.Repo, err)
		}
	}
	return nil
}

// sweepRepository asks for the review of every open pull request whose head has
// no completed check run, and for which no work is owed anyway.
func (r *recovery) sweepRepository(ctx context.Context, d queue.Delivery) error {
	where := github.Repo{Installation: d.Installation, ID: d.Repository, Owner: d.Owner, Name: d.Name}
	pulls, err := r.app.ListPulls(ctx, where, maxSwept)
	if err != nil {
		return err
	}
	for _, pull := range pulls {
		err := r.sweepPull(ctx, d, where, pull)
		var permanent interface{ Permanent() bool }
		if errors.As(err, &permanent) && permanent.Permanent() {
			r.log.WarnContext(ctx, "pull request cannot be looked at", slog.String("repository", where.String()), slog.Int("pull_request", pull.Number), slog.Any("error", err))
			continue // the others can
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *recovery) sweepPull(ctx context.Context, d queue.Delivery, where github.Repo, pull github.Pull) error {
	next := server.Ask(d, strconv.Itoa(pull.Number), server.Work{
		Kind: server.KindReview, Number: pull.Number, Payload: server.Payload{Head: pull.HeadSHA}, Priority: prioritySwept,
	})
	if owed, err := r.store.Owes(ctx, next.Key); err != nil || owed {
		return err
	}
	missing, err := r.missing(ctx, where, pull)
	if err != nil || !missing {
		return err
	}
	if _, err := r.store.Enqueue(ctx, next); err != nil {
		return fmt.Errorf("ask for the review of %s#%d: %w", where, pull.Number, err)
	}
	r.log.InfoContext(ctx, "pull request without a completed check run", slog.String("repository", where.String()), slog.Int("pull_request", pull.Number))
	return nil
}

// missing reports whether the newest check run of a pull request's head is not
// there, or not completed, or was overtaken by one that never came. The review
// goes on with a run that a lost process has left in progress.
func (r *recovery) missing(ctx context.Context, where github.Repo, pull github.Pull) (bool, error) {
	runs, err := r.app.CheckRuns(ctx, where, review.CheckName, pull.HeadSHA)
	if err != nil {
		return false, err
	}
	id := review.ExternalID(pull.Number, pull.BaseRef)
	for _, run := range runs {
		if review.SameOrigin(run.ExternalID, id) {
			return run.Status != "completed" || run.Conclusion == "cancelled", nil
		}
	}
	return true, nil
}
