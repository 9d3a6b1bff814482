package review

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"slices"
	"sync"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// found are the settings that hold for a review.
type found struct {
	settings config.Repository
	psRule   config.PSRule
	// problems are what is wrong with the files they come from.
	problems []diag.Diagnostic
	snapshot *source.Snapshot
	// organisation is what they are over.
	organisation organisation
}

// settings are those of the base branch as it is now, over the organisation's:
// an exception or another gate that was merged there holds for pull requests
// that began before.
func (r *Reviewer) settings(ctx context.Context, repo Repo, pull Pull, changes Changes, mergeBase *source.Snapshot) (found, error) {
	org, err := r.organisation(ctx, repo)
	if err != nil {
		return found{}, err
	}
	base := mergeBase
	if base == nil || changes.Base != changes.MergeBase {
		snaps, err := r.Snapshots.Snapshots(ctx, repo, isSettings, changes.Base)
		if err != nil {
			return found{}, err
		}
		base = snaps[0]
	}
	f := org.over(repo, base)
	if broken := failures(f.problems); len(broken) > 0 {
		r.Logger.WarnContext(ctx, "settings of the base branch are not valid", slog.Int("problems", len(broken)))
	}
	r.Conclusions.keep(repo, pull.BaseBranch, org.version, f.settings.WhenNothingApplies)
	return f, nil
}

// organisation are the settings that hold for all repositories of the owner.
func (r *Reviewer) organisation(ctx context.Context, repo Repo) (organisation, error) {
	org, err := r.Defaults.of(ctx, repo, r.Now())
	if org.warning != "" {
		r.Logger.WarnContext(ctx, "settings of the organisation are not valid")
	}
	return org, err
}

// nothing completes the run of a pull request that changes nothing of interest.
// That is most of them, so what to conclude is not asked for each time.
func (r *Reviewer) nothing(ctx context.Context, repo Repo, pull Pull, changes Changes, run *Run) error {
	org, err := r.organisation(ctx, repo)
	if err != nil {
		return err
	}
	conclusion, ok := r.Conclusions.recall(repo, pull.BaseBranch, org.version)
	if !ok {
		f, err := r.settings(ctx, repo, pull, changes, nil)
		if err != nil {
			return err
		}
		conclusion = f.settings.WhenNothingApplies
	}
	run.Conclusion, run.Title, run.Summary = string(conclusion), titleNothing, textNothing
	return r.Checks.Complete(ctx, repo, *run)
}

func isSettings(e source.Entry) bool { return slices.Contains(config.Paths(), e.Path) }

// maxConclusions is how many branches are remembered. It is a bound, not a
// measure: when it is met, all are forgotten.
const maxConclusions = 10_000

// Conclusions remembers, by repository and base branch, what the settings want
// concluded where nothing applies, while the organisation's settings are the
// same. It may be out of date until the branch is looked at again; whatever it
// says satisfies a required check. The zero
// Conclusions are empty, and safe for concurrent use; nil keeps nothing.
type Conclusions struct {
	mu   sync.Mutex
	kept map[branchKey]concluded
}

type branchKey struct {
	repo   int64
	branch string
}

type concluded struct {
	organisation [sha256.Size]byte // version of its settings
	conclusion   config.Conclusion
}

func (c *Conclusions) keep(repo Repo, branch string, organisation [sha256.Size]byte, conclusion config.Conclusion) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= maxConclusions {
		c.kept = map[branchKey]concluded{}
	}
	c.kept[branchKey{repo.ID, branch}] = concluded{organisation, conclusion}
}

func (c *Conclusions) recall(repo Repo, branch string, organisation [sha256.Size]byte) (config.Conclusion, bool) {
	if c == nil {
		return "", false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	was, ok := c.kept[branchKey{repo.ID, branch}]
	return was.conclusion, ok && was.organisation == organisation
}
