package review

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Review takes one pull request from here to its completed check run. Doing it
// twice does no harm: the run of a head is found again by its external ID.
func (r *Reviewer) Review(ctx context.Context, req Request) error {
	pull := req.Hint
	if !req.Fresh {
		var err error
		if pull, err = r.Pulls.Pull(ctx, req.Repo, req.Number); err != nil {
			return r.unreadable(ctx, req, err)
		}
	}
	if !pull.Open && !req.Again {
		r.Logger.InfoContext(ctx, "pull request is closed")
		return nil
	}
	run, done, err := r.find(ctx, req, runOf(pull))
	if err != nil {
		return err
	}
	if done {
		return r.resume(ctx, req, pull, run)
	}
	current := func(ctx context.Context) bool {
		now, err := r.Pulls.Pull(ctx, req.Repo, req.Number)
		return err == nil && now.Open && now.Head == pull.Head && now.BaseBranch == pull.BaseBranch
	}
	return r.conduct(ctx, req, run, current, func(ctx context.Context, run *Run) error { return r.review(ctx, req, pull, run) })
}

func runOf(pull Pull) Run {
	return Run{Head: pull.Head, ExternalID: ExternalID(pull.Number, pull.BaseBranch)}
}

// unreadable says in a check run that the pull request could not be read, where
// the event tells at least its head.
func (r *Reviewer) unreadable(ctx context.Context, req Request, err error) error {
	final := req.Last || req.Exhausted || isPermanent(err)
	if !final || req.Hint.Head == "" || req.Hint.BaseBranch == "" || ctx.Err() != nil {
		return err
	}
	run, done, findErr := r.find(ctx, req, runOf(req.Hint))
	switch {
	case findErr != nil && !isPermanent(findErr):
		return findErr // it decides about another attempt
	case findErr != nil || done:
		return errors.Join(err, findErr)
	}
	return r.giveUp(ctx, req, run, nil, err)
}

// review fills in the run and completes it.
func (r *Reviewer) review(ctx context.Context, req Request, pull Pull, run *Run) error {
	changes, err := r.Pulls.Changes(ctx, req.Repo, cmp.Or(pull.base, pull.BaseBranch), pull.Head)
	if err != nil {
		return err
	}
	if !changes.Truncated && !r.touches(req.Repo, pull.BaseBranch, changes) {
		return r.nothing(ctx, req.Repo, pull, changes, run)
	}
	if err := r.start(ctx, req.Repo, run); err != nil {
		return err
	}
	snaps, err := r.Snapshots.Snapshots(ctx, req.Repo, Wanted, pull.Head, changes.MergeBase)
	if err != nil {
		return err
	}
	head, base := snaps[0], snaps[1]
	if changes.Truncated {
		changes.Files = difference(base, head)
	}
	found, err := r.settings(ctx, req.Repo, pull, changes, base)
	if err != nil {
		return err
	}
	settings := found.settings
	v := view{
		repo: req.Repo, found: found, changes: changes, head: head, pull: pull, link: r.FileURL,
		invalid: changedSettings(changes, found.organisation.over(req.Repo, head).problems),
	}
	if !settings.Enabled {
		r.Reads.keep(req.Repo, pull.BaseBranch, r.Now())
		v.off(run)
		return r.Checks.Complete(ctx, req.Repo, *run)
	}
	after, err := r.compare(ctx, req.Repo, pull.BaseBranch, r.plan(settings, found.psRule), changes, head, base)
	if err != nil {
		return err
	}
	v.report, v.graph = after.Report, after.Graph
	v.fill(run)
	o := offer{repo: req.Repo, pull: pull, mode: settings.FixMode, changes: changes, analysis: after, last: req.Last}
	return r.deliver(ctx, o, run)
}

// compare analyzes head and base, tells what is new, and plans the fix of what
// concerns the pull request to a branch.
func (r *Reviewer) compare(ctx context.Context, repo Repo, branch string, plan Plan, changes Changes, head, base *source.Snapshot) (*Analysis, error) {
	load := r.loader(repo)
	before, err := Analyze(ctx, base, load, plan)
	if err != nil {
		return nil, err
	}
	after, err := Analyze(ctx, head, load, plan)
	if err != nil {
		return nil, err
	}
	r.Reads.keep(repo, branch, r.Now(), before.Report, after.Report)
	after.Report.Compare(before.Report, renames(changes))
	r.planFix(ctx, after, changes)
	return after, nil
}

func (r *Reviewer) loader(repo Repo) Load {
	return func(ctx context.Context, s *source.Snapshot, paths []string) (*source.Snapshot, error) {
		return r.Snapshots.Load(ctx, repo, s, paths)
	}
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

// touches reports whether a change to a branch can matter to the check.
func (r *Reviewer) touches(repo Repo, branch string, changes Changes) bool {
	for _, c := range changes.Files {
		for _, p := range []string{c.Path, c.Previous} {
			if p != "" && (Wanted(source.Entry{Path: p}) || r.Reads.has(repo, branch, r.Now(), p)) {
				return true
			}
		}
	}
	return false
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
