package review

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Review takes one pull request from here to its completed check run. Doing it
// twice does no harm: the run of a head is found again by its external ID.
func (r *Reviewer) Review(ctx context.Context, req Request) error {
	pull, err := r.Pulls.Pull(ctx, req.Repo, req.Number)
	if err != nil {
		return err
	}
	if !pull.Open {
		r.Logger.InfoContext(ctx, "pull request is closed")
		return nil
	}
	run, done, err := r.start(ctx, req, pull)
	if err != nil || done {
		return err
	}
	if err := r.review(ctx, req, pull, &run); err != nil {
		return r.giveUp(ctx, req.Repo, run, req.Last, err)
	}
	return nil
}

// ExternalID is what a check run of a pull request is found by; on forks it is
// the only way back to the number.
func ExternalID(number int, base string) string {
	return "pull/" + strconv.Itoa(number) + "/" + base
}

// NumberOf reads the pull request's number from an external ID.
func NumberOf(externalID string) (int, bool) {
	rest, ok := strings.CutPrefix(externalID, "pull/")
	if !ok {
		return 0, false
	}
	digits, _, _ := strings.Cut(rest, "/")
	n, err := strconv.Atoi(digits)
	return n, err == nil && n > 0
}

// start makes the check run, or finds the one that an earlier attempt made.
func (r *Reviewer) start(ctx context.Context, req Request, pull Pull) (run Run, done bool, err error) {
	run = Run{Head: pull.Head, ExternalID: ExternalID(pull.Number, pull.BaseBranch)}
	if req.Again {
		run.ExternalID += "#" + req.Delivery
	}
	if !req.Fresh {
		found, ok, err := r.Checks.Find(ctx, req.Repo, run.Head, run.ExternalID)
		if err != nil {
			return Run{}, false, err
		}
		switch {
		case ok && !found.Completed:
			return found, false, nil
		case ok && found.Conclusion != concludedCancelled:
			return found, true, nil
		}
	}
	run, err = r.Checks.Start(ctx, req.Repo, run)
	return run, false, err
}

// review fills in the run and completes it.
func (r *Reviewer) review(ctx context.Context, req Request, pull Pull, run *Run) error {
	changes, err := r.Pulls.Changes(ctx, req.Repo, pull.BaseBranch, pull.Head)
	if err != nil {
		return err
	}
	if !changes.Truncated && !touches(changes) {
		run.Conclusion, run.Title = "success", titleNothing
		run.Summary = "This pull request changes no template, parameter file or setting, so there is nothing to check."
		return r.Checks.Complete(ctx, req.Repo, *run)
	}
	snaps, err := r.Snapshots.Snapshots(ctx, req.Repo, Wanted, pull.Head, changes.MergeBase)
	if err != nil {
		return err
	}
	head, base := snaps[0], snaps[1]
	if changes.Truncated {
		changes.Files = difference(base, head)
	}
	settings, psRule, problems := config.Load(base)
	if len(problems) > 0 {
		r.Logger.WarnContext(ctx, "settings of the base branch are not valid", slog.Int("problems", len(problems)))
	}
	if !settings.Enabled {
		run.Conclusion, run.Title, run.Summary = "success", "Switched off", "The settings of this repository switch the check off (enabled: false)."
		return r.Checks.Complete(ctx, req.Repo, *run)
	}
	plan := r.plan(settings, psRule)
	load := func(ctx context.Context, s *source.Snapshot, paths []string) (*source.Snapshot, error) {
		return r.Snapshots.Load(ctx, req.Repo, s, paths)
	}
	before, err := Analyze(ctx, base, load, plan)
	if err != nil {
		return err
	}
	plan.Fix = true
	after, err := Analyze(ctx, head, load, plan)
	if err != nil {
		return err
	}
	r.unproven(ctx, after)
	after.Report.Compare(before.Report, renames(changes))
	_, _, invalid := config.Load(head)
	v := view{
		settings: settings, report: after.Report, fix: after.Fix, changes: changes, head: head, graph: after.Graph,
		invalid: changedSettings(changes, invalid), pull: pull,
	}
	v.fill(run)
	return r.Checks.Complete(ctx, req.Repo, *run)
}

func (r *Reviewer) plan(settings config.Repository, psRule config.PSRule) Plan {
	p := Plan{Settings: settings, PSRule: psRule, Today: r.Now().UTC().Format(time.DateOnly), Cache: r.Cache}
	if r.Modules != nil {
		p.Registry = &Registry{Door: r.Modules}
	}
	return p
}

// changedSettings are the problems of the settings file that the pull request
// itself brings; those of the base are not its author's.
func changedSettings(changes Changes, problems []diag.Diagnostic) []diag.Diagnostic {
	return slices.DeleteFunc(slices.Clone(problems), func(d diag.Diagnostic) bool {
		return !slices.ContainsFunc(changes.Files, func(c Change) bool { return c.Path == d.Path && !c.Removed })
	})
}

func (r *Reviewer) unproven(ctx context.Context, a *Analysis) {
	for _, err := range a.Fix.Unproven {
		r.Logger.ErrorContext(ctx, "fix did not stand its proof", slog.Any("error", err))
		if r.OnBug != nil {
			r.OnBug(err)
		}
	}
}

// touches reports whether a change can matter to the check.
func touches(changes Changes) bool {
	for _, c := range changes.Files {
		for _, p := range []string{c.Path, c.Previous} {
			if p != "" && Wanted(source.Entry{Path: p}) {
				return true
			}
		}
	}
	return false
}

// difference lists the files that differ between two trees, for pull requests
// with more files than GitHub lists.
func difference(base, head *source.Snapshot) []Change {
	var out []Change
	for _, e := range head.Entries() {
		if old, ok := base.Lookup(e.Path); !ok || old.ID != e.ID {
			out = append(out, Change{Path: e.Path})
		}
	}
	for _, e := range base.Entries() {
		if _, ok := head.Lookup(e.Path); !ok {
			out = append(out, Change{Path: e.Path, Removed: true})
		}
	}
	return out
}

func renames(changes Changes) map[string]string {
	out := map[string]string{}
	for _, c := range changes.Files {
		if c.Previous != "" && c.Previous != c.Path {
			out[c.Path] = c.Previous
		}
	}
	return out
}

// concludedCancelled is the conclusion of a run that a newer event overtook.
const concludedCancelled = "cancelled"

// lastWords is how long a run that was overtaken may take to be completed.
const lastWords = 10 * time.Second

// giveUp completes the run of a review that cannot be done, when no further
// attempt will follow. A required check must not wait for ever.
func (r *Reviewer) giveUp(ctx context.Context, repo Repo, run Run, last bool, err error) error {
	var permanent interface{ Permanent() bool }
	final := last || errors.As(err, &permanent) && permanent.Permanent()
	switch {
	case ctx.Err() != nil && r.Superseded != nil && r.Superseded(ctx):
		run.Conclusion, run.Title = concludedCancelled, "Superseded"
		run.Summary = "Something newer happened to the pull request while this check ran; the newer check run has the result."
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		return errors.Join(err, r.Checks.Complete(late, repo, run))
	case !final || ctx.Err() != nil:
		return err
	}
	run.Conclusion, run.Title = "failure", "The check could not be done"
	run.Summary = "The templates could not be fetched or evaluated, so nothing is known about the APIs they publish. " +
		"Re-run the check; if it fails again, the operator of the App finds the reason in its log."
	return errors.Join(err, r.Checks.Complete(ctx, repo, run))
}

// Fix commits the fix of a pull request because somebody asked for it.
func (r *Reviewer) Fix(ctx context.Context, click Click) error {
	permission, err := r.Pulls.Permission(ctx, click.Repo, click.Sender)
	if err != nil {
		return err
	}
	if permission != "admin" && permission != "write" {
		r.Logger.InfoContext(ctx, "click by someone without write access", slog.String("permission", permission))
		return nil
	}
	pull, err := r.Pulls.Pull(ctx, click.Repo, click.Number)
	if err != nil {
		return err
	}
	if !pull.Open || pull.Fork || pull.Head != click.Head {
		// A newer head has a check run, and a button, of its own.
		r.Logger.InfoContext(ctx, "click on an outdated check run")
		return nil
	}
	result, report, err := r.fixOf(ctx, click, pull)
	if err != nil || len(result.Files) == 0 {
		return err
	}
	_, err = r.Commits.Commit(ctx, click.Repo, commitOf(pull, result, report))
	switch {
	case err == nil:
		return nil
	case r.Commits.Moved(err):
		r.Logger.InfoContext(ctx, "the branch moved; its new head is reviewed by itself")
		return nil
	case r.Commits.NotWritable(err):
		return r.handOver(ctx, click.Repo, pull, result, report)
	}
	return fmt.Errorf("commit the fix: %w", err)
}

// counted is "1 API" or "3 APIs".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// failing reports whether a finding fails the pull request.
func failing(f check.Finding, gate config.Gate) bool {
	switch gate {
	case config.GateNone:
		return false
	case config.GateAll:
		return f.Severity == diag.Failure
	case config.GateNew:
	}
	return f.Severity == diag.Failure && f.New
}
