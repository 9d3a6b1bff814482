package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/queue"
	"github.com/onboard-defender/onboard-defender/internal/review"
)

// checks is the port's check runs with a memory of those of pull requests that
// are begun and not completed. Some stay so, when GitHub or the process fails at
// the wrong moment and the next attempt has a newer head to look at.
type checks struct {
	port
	store *queue.Store
}

// What a run says that was left in progress.
const (
	leftTitle   = "Superseded"
	leftSummary = "Something newer happened to the pull request while this check ran, and it did not come to its end."
)

// runsOf is the scope in which the runs of a pull request are noted, by head and
// external ID.
func runsOf(r review.Repo, number int) string { return fmt.Sprintf("run/%d/%d", r.ID, number) }

// Start creates a run in progress.
func (c checks) Start(ctx context.Context, r review.Repo, run review.Run) (review.Run, error) {
	if n, ok := review.NumberOf(run.ExternalID); ok {
		if err := c.store.Note(ctx, runsOf(r, n), run.Head+" "+run.ExternalID); err != nil {
			return review.Run{}, err
		}
	}
	return c.port.Start(ctx, r, run)
}

// Complete completes a run.
func (c checks) Complete(ctx context.Context, r review.Repo, run review.Run) error {
	if err := c.port.Complete(ctx, r, run); err != nil {
		return err
	}
	if n, ok := review.NumberOf(run.ExternalID); ok {
		return c.store.Forget(ctx, runsOf(r, n), run.Head+" "+run.ExternalID)
	}
	return nil
}

// finish completes the runs that are left in progress of a pull request whose
// review is done: nobody else is going to.
func (c checks) finish(ctx context.Context, r review.Repo, number int) error {
	names, err := c.store.Notes(ctx, runsOf(r, number))
	if err != nil {
		return err
	}
	for _, name := range names {
		head, externalID, _ := strings.Cut(name, " ")
		err := c.finishRun(ctx, repo(r), head, externalID)
		switch status, ok := errors.AsType[*github.StatusError](err); {
		case errors.Is(err, github.ErrNotFound): // the pull request is there, so its commit will be
			return fmt.Errorf("%v", err) //nolint:errorlint // it is not permanent
		case ok && status.Status == http.StatusUnprocessableEntity: // the commit is gone for good
		case err != nil:
			return err
		}
		if err := c.store.Forget(ctx, runsOf(r, number), name); err != nil {
			return err
		}
	}
	return nil
}

func (c checks) finishRun(ctx context.Context, where github.Repo, head, externalID string) error {
	runs, err := c.app.CheckRuns(ctx, where, review.CheckName, head)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.ExternalID != externalID || run.Status == "completed" {
			continue
		}
		run.Conclusion, run.Title, run.Summary = "cancelled", leftTitle, leftSummary
		if err := c.app.CompleteCheckRun(ctx, where, run); err != nil {
			return err
		}
	}
	return nil
}
