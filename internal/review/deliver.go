package review

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/config"
)

// What the text of a check run begins with. By the first three a later attempt
// knows how far an earlier one came.
const (
	textSuggesting  = "Suggestions follow on the lines of this pull request."
	textCommitting  = "The App commits the fix to the branch."
	textCommitted   = "The App has committed the fix to the branch: "
	textTakenOff    = " It is not on the branch any more."
	textNothingLeft = "Nothing is left that the App could fix. Re-run the check to see how the APIs stand now."
	textChanged     = "The settings of this repository have changed since this check ran. Re-run it to go by them."
	textFork        = "The branch lies in a fork, where the App cannot commit."
	textNotWritable = "The branch does not take the App's commit: it is protected, or the App lacks the permission."
	textNoCommit    = "The App could not commit to the branch."
)

// deliver completes the check run of a review and brings the fix to the author
// in the way that the repository has chosen.
func (r *Reviewer) deliver(ctx context.Context, o offer, run *Run) error {
	run.Text, run.OfferFix = "", false
	switch {
	case o.mode == config.FixOff || o.pull.Number == 0: // a merge group has no author to fix it
	case o.suggests():
		return r.suggest(ctx, o, run)
	case o.empty():
	case o.mode == config.FixCommit && r.mayCommit(ctx, o, *run):
		return r.commitUnasked(ctx, o, run)
	default:
		run.OfferFix = true
	}
	return r.Checks.Complete(ctx, o.repo, *run)
}

// suggest writes the suggestions and completes the run. If GitHub does not take
// them now, the verdict does not wait: the run has the patch, and says for
// [Reviewer.resume] that there is more to come.
func (r *Reviewer) suggest(ctx context.Context, o offer, run *Run) error {
	text, err := r.advise(ctx, o, o.reason())
	if err != nil && ctx.Err() != nil {
		return err
	}
	if text == "" && run.Text != "" {
		text = textNothingLeft // GitHub does not take a text back
	}
	run.Text = text
	if err != nil {
		run.Text = adviceText(textSuggesting, 0, nil, o.analysis)
	}
	if failed := r.Checks.Complete(ctx, o.repo, *run); failed != nil {
		return failed
	}
	run.Completed = true
	return err
}

// mayCommit reports whether the head may get a commit that nobody asked for:
// it is not the App's own, and has had none before. A person who took the
// commit off the branch again must win. Where it cannot be told, the button
// lets a person decide.
func (r *Reviewer) mayCommit(ctx context.Context, o offer, run Run) bool {
	own, err := r.History.Own(ctx, o.repo, o.pull.Head)
	if err == nil && own {
		r.Logger.InfoContext(ctx, "no commit in reply to the App's own")
		return false
	}
	var runs []Run
	if err == nil {
		runs, err = r.History.Runs(ctx, o.repo, o.pull.Head)
	}
	if err != nil {
		r.Logger.WarnContext(ctx, "no commit, because it is not known whether there was one", slog.Any("error", err))
		return false
	}
	return !slices.ContainsFunc(runs, func(x Run) bool {
		return x.ID != run.ID && (strings.HasPrefix(x.Text, textCommitting) || strings.HasPrefix(x.Text, textCommitted))
	})
}

// commitUnasked completes the run first: the commit moves the branch, and
// nobody would complete the run of an older head after a crash. The run says
// that the commit is still to be made, for [Reviewer.resume] to find.
func (r *Reviewer) commitUnasked(ctx context.Context, o offer, run *Run) error {
	run.Text = textCommitting
	if err := r.Checks.Complete(ctx, o.repo, *run); err != nil {
		return err
	}
	run.Completed, run.Posted = true, len(run.Annotations)
	return r.commit(ctx, o, *run)
}

// resume does what an attempt before this one promised in the completed run and
// did not come to. A commit that a person took off the branch again is offered,
// and not made.
func (r *Reviewer) resume(ctx context.Context, req Request, pull Pull, run Run) error {
	committing, suggesting := strings.HasPrefix(run.Text, textCommitting), strings.HasPrefix(run.Text, textSuggesting)
	if strings.HasPrefix(run.Text, textCommitted) && !strings.HasSuffix(run.Text, textTakenOff) {
		run.Text, run.OfferFix = run.Text+textTakenOff, true
		return r.Checks.Complete(ctx, req.Repo, run)
	}
	if !committing && !suggesting {
		return nil
	}
	o, err := r.offerOf(ctx, req.Repo, pull, req.Last)
	switch {
	case err != nil:
		return r.excuse(ctx, o, run, err)
	case committing && o.mode == config.FixCommit && !o.empty() && !pull.Fork:
		return r.commit(ctx, o, run)
	case suggesting && o.suggests():
		return r.suggest(ctx, o, &run)
	}
	run.Text, run.OfferFix = textChanged, o.mode != config.FixOff && !o.empty() && !pull.Fork
	return r.Checks.Complete(ctx, req.Repo, run)
}

// commit commits the fix to the head branch and says so in the completed run.
// It is not made twice when an answer is lost, since a commit needs the head it
// was planned for.
func (r *Reviewer) commit(ctx context.Context, o offer, run Run) error {
	c := commitOf(o.analysis)
	c.Branch, c.ExpectedHead = o.pull.HeadBranch, o.pull.Head
	sha, err := r.Commits.Commit(ctx, o.repo, c)
	switch {
	case err == nil:
		r.Logger.InfoContext(ctx, "fix committed", slog.String("commit", sha))
		run.Text = textCommitted + sha + "."
		// The commit is an event that ends this very job.
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		return r.Checks.Complete(late, o.repo, run)
	case r.Commits.Moved(err):
		r.Logger.InfoContext(ctx, "the branch moved; its new head is reviewed by itself")
		return nil
	case !o.settled(ctx, err):
		return fmt.Errorf("commit the fix: %w", err)
	}
	r.Logger.WarnContext(ctx, "fix not committed, handed over as suggestions and a patch", slog.Any("error", err))
	why := textNoCommit
	if r.Commits.NotWritable(err) {
		why = textNotWritable
	}
	if run.Text, err = r.advise(ctx, o, why); err != nil {
		return err
	}
	return r.Checks.Complete(ctx, o.repo, run)
}
