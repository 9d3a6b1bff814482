package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/queue"
	"github.com/onboard-defender/onboard-defender/internal/review"
	"github.com/onboard-defender/onboard-defender/internal/server"
)

// expand turns a delivery that GitHub has to be asked about into those it leads
// to. Their GUIDs derive from its own, so that doing it twice asks for nothing
// twice.
func (w *worker) expand(ctx context.Context, reviewer *review.Reviewer, d queue.Delivery, p server.Payload) error {
	var next []queue.Delivery
	var err error
	switch d.Kind {
	case server.KindSuite:
		next, err = w.suite(ctx, d, p)
	case server.KindPush:
		next, err = pushed(ctx, reviewer, d, p)
	case server.KindInstall:
		next, err = w.installed(ctx, d)
	}
	if err != nil {
		return err
	}
	for _, n := range next {
		if _, err := w.enqueue(ctx, n); err != nil {
			return fmt.Errorf("ask for %s: %w", n.Key, err)
		}
	}
	return nil
}

// suite asks again for all that our check runs on a commit are about, and for
// the pull requests that the event names. On forks it names none; if there is
// no run either, the open pull requests with that head are looked for.
func (w *worker) suite(ctx context.Context, d queue.Delivery, p server.Payload) ([]queue.Delivery, error) {
	where := github.Repo{Installation: d.Installation, ID: d.Repository, Owner: d.Owner, Name: d.Name}
	runs, err := w.app.CheckRuns(ctx, where, review.CheckName, p.Head)
	if err != nil {
		return nil, err
	}
	var next []queue.Delivery
	add := func(n queue.Delivery) {
		if !slices.ContainsFunc(next, func(o queue.Delivery) bool { return o.Key == n.Key }) {
			next = append(next, n)
		}
	}
	for _, run := range runs {
		if n, ok := server.AskAgain(d, strconv.Itoa(len(next)), p.Head, run.ExternalID); ok {
			add(n)
		}
	}
	pulls := p.Pulls
	if len(pulls) == 0 && len(next) == 0 {
		if pulls, err = w.app.OpenPullsAt(ctx, where, p.Head); err != nil {
			return nil, err
		}
	}
	for _, number := range pulls {
		add(server.AskPullAgain(d, strconv.Itoa(len(next)), p.Head, number))
	}
	return next, nil
}

// pushed asks for the check of the default branch if the push can matter.
func pushed(ctx context.Context, reviewer *review.Reviewer, d queue.Delivery, p server.Payload) ([]queue.Delivery, error) {
	where := review.Repo{Installation: d.Installation, ID: d.Repository, Owner: d.Owner, Name: d.Name}
	matters, err := reviewer.Pushed(ctx, where, p.Base, p.BaseSHA, p.Head)
	if err != nil || !matters {
		return nil, err
	}
	return []queue.Delivery{server.AskBranch(d, d.Repository, d.Owner, d.Name)}, nil
}

// installed asks for the check of every default branch of an installation.
func (w *worker) installed(ctx context.Context, d queue.Delivery) ([]queue.Delivery, error) {
	repositories, err := w.app.Repositories(ctx, d.Installation)
	if err != nil {
		return nil, err
	}
	var next []queue.Delivery
	for _, r := range repositories {
		if !r.Archived && !r.Disabled {
			next = append(next, server.AskBranch(d, r.ID, r.Owner, r.Name))
		}
	}
	return next, nil
}
