package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/queue"
)

// explain says what an error of GitHub means for those who look at a check run.
func explain(err error) string {
	switch {
	case errors.Is(err, github.ErrForbidden):
		return "GitHub refused the App something it needs. Most often an owner has not accepted a permission that the App asks for: " +
			"they find it under *Settings, GitHub Apps, Configure* of the organisation or account. Contents and Pull requests have to be readable."
	case errors.Is(err, github.ErrTooLarge):
		return "The repository, or one of its folders, is larger than what the App takes in."
	case errors.Is(err, github.ErrNotFound):
		return "GitHub does not find the commit, or does not show it to the App. It may have been replaced by a forced push."
	}
	return ""
}

// refusal ends work that GitHub refuses: the repository is archived or gone,
// the installation suspended or ended, a permission not granted. Nothing is
// owed any more. It is said once for each, because every event brings it again.
func (w *worker) refusal(ctx context.Context, log *slog.Logger, d queue.Delivery, err error) error {
	if !errors.Is(err, github.ErrForbidden) && !errors.Is(err, github.ErrNotFound) || !isPermanent(err) {
		return err
	}
	level := slog.LevelDebug
	key := fmt.Sprintf("%d/%d/%v", d.Installation, d.Repository, errors.Is(err, github.ErrForbidden))
	if _, said := w.refused.LoadOrStore(key, true); !said {
		level = slog.LevelWarn
	}
	log.Log(ctx, level, "GitHub refuses; it is archived, suspended, gone, or a permission was not accepted", slog.Any("error", err))
	return nil
}

func isPermanent(err error) bool {
	p, ok := errors.AsType[interface {
		error
		Permanent() bool
	}](err)
	return ok && p.Permanent()
}
