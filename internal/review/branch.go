package review

import (
	"context"
	"errors"
)

// MergeGroup checks a group of the merge queue, as it would a pull request,
// against the commit that it comes on top of, which is Hint.Base. The queue
// waits for the run, so there always is one.
func (r *Reviewer) MergeGroup(ctx context.Context, req Request, base string) error {
	group := Pull{Open: true, Head: req.Hint.Head, BaseBranch: req.Hint.BaseBranch, base: base}
	origin := Origin{Base: base, Branch: group.BaseBranch}
	run, done, err := r.find(ctx, req, Run{Head: group.Head, ExternalID: origin.String()})
	if err != nil || done {
		return err
	}
	// A newer event of this key is about the same commits.
	current := func(context.Context) bool { return true }
	return r.conduct(ctx, req, run, current, func(ctx context.Context, run *Run) error { return r.review(ctx, req, group, run) })
}

// DefaultBranch checks the head of the default branch. Nothing is new there;
// its findings are listed, and fail the run only with gate: all. The run makes
// that the check can be required before any pull request has had it.
func (r *Reviewer) DefaultBranch(ctx context.Context, req Request) error {
	branch, err := r.Branches.Default(ctx, req.Repo)
	if err != nil {
		return err
	}
	if branch.Head == "" || branch.ReadOnly {
		r.Logger.InfoContext(ctx, "default branch is empty, or the repository read-only")
		return nil
	}
	run, done, err := r.find(ctx, req, Run{Head: branch.Head, ExternalID: Origin{Branch: branch.Name}.String()})
	if err != nil || done && run.Text != textProposing {
		return err
	}
	current := func(ctx context.Context) bool {
		now, err := r.Branches.Default(ctx, req.Repo)
		return err == nil && now == branch
	}
	return r.conduct(ctx, req, run, current, func(ctx context.Context, run *Run) error { return r.baseline(ctx, req, branch, run) })
}

// baseline makes the run in one request when it is done: nobody waits for it,
// and an hour has few requests that write.
func (r *Reviewer) baseline(ctx context.Context, req Request, branch Branch, run *Run) error {
	snaps, err := r.Snapshots.Snapshots(ctx, req.Repo, Wanted, branch.Head)
	if err != nil {
		return err
	}
	org, err := r.organisation(ctx, req.Repo)
	if err != nil {
		return err
	}
	head := snaps[0]
	f := org.over(req.Repo, head)
	r.Conclusions.keep(req.Repo, branch.Name, org.version, f.settings.WhenNothingApplies)
	v := view{repo: req.Repo, found: f, head: head, pull: Pull{Head: branch.Head, BaseBranch: branch.Name}, link: r.FileURL}
	if !f.settings.Enabled {
		r.Reads.keep(req.Repo, branch.Name, r.Now())
		v.off(run)
		return r.Checks.Complete(ctx, req.Repo, *run)
	}
	after, err := Analyze(ctx, head, r.loader(req.Repo), r.plan(f.settings, f.psRule))
	if err != nil {
		return err
	}
	r.Reads.keep(req.Repo, branch.Name, r.Now(), after.Report)
	v.report, v.graph = after.Report, after.Graph
	v.fillBranch(run)
	// The verdict does not wait for the pull request, and the next attempt sees
	// that it is missing.
	proposed := r.Propose(ctx, Backlog{Repo: req.Repo, Branch: branch.Name, Head: branch.Head, Settings: f.settings, Analysis: after})
	switch {
	case proposed != nil:
		run.Text = textProposing
	case run.Text == textProposing:
		run.Text = textProposed
	}
	if err := r.Checks.Complete(ctx, req.Repo, *run); err != nil {
		return errors.Join(proposed, err)
	}
	run.Completed = true
	return proposed
}

// Pushed reports whether a push to a branch, from one commit to another, can
// matter to the check. before is "" for a branch that is new.
func (r *Reviewer) Pushed(ctx context.Context, repo Repo, branch, before, after string) (bool, error) {
	if before == "" {
		return true, nil
	}
	changes, err := r.Pulls.Changes(ctx, repo, before, after)
	switch {
	case err != nil && isPermanent(err):
		return true, nil // such as a commit that a forced push has left behind
	case err != nil:
		return false, err
	}
	// After a forced push the comparison shows what is new, and not what is gone.
	return changes.MergeBase != changes.Base || changes.Truncated || r.touches(repo, branch, changes), nil
}
