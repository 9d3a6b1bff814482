package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// offer is what the App can do about the findings of a pull request: the same,
// whichever way it gets to the author.
type offer struct {
	repo     Repo
	pull     Pull
	mode     config.FixMode
	changes  Changes
	analysis *Analysis // of the head, with the fix of what the check run lists
	last     bool      // there will be no further attempt
}

func (o offer) empty() bool { return len(o.analysis.Fix.Files) == 0 }

// suggests reports whether the fix goes to the author as suggestions.
func (o offer) suggests() bool {
	return o.mode == config.FixSuggest || o.mode != config.FixOff && o.pull.Fork
}

// reason says why there cannot be a commit, "" if there can.
func (o offer) reason() string {
	if o.pull.Fork {
		return textFork
	}
	return ""
}

// settled reports whether nothing is to be hoped for from trying again, so that
// the author must be told.
func (o offer) settled(ctx context.Context, err error) bool {
	return ctx.Err() == nil && (o.last || isPermanent(err))
}

// planFix plans the fix of the findings that the check run lists, as far as a
// commit can make it.
func (r *Reviewer) planFix(ctx context.Context, a *Analysis, changes Changes) {
	_, ever := changes.paths()
	concerned := a.Report.Concerns(func(path string) bool { return ever[path] })
	a.planFix(func(i int) string {
		if !concerned(a.Report.Findings[i]) {
			return "this pull request has nothing to do with it"
		}
		return a.unwritable(i)
	})
	r.unproven(ctx, a)
}

// unwritable says why a commit cannot make the fix of a finding, "" if it can:
// GitHub writes files of mode 100644 and makes those of anything else.
func (a *Analysis) unwritable(finding int) string {
	f := a.Report.Findings[finding]
	if f.Subject == nil {
		return ""
	}
	for _, d := range f.Subject.Protect {
		if e, ok := a.Snapshot.Lookup(d.Resource.Path()); !ok || e.Mode != source.Regular {
			return "the file is executable, which a commit through GitHub would change; run bot fix on a checkout"
		}
	}
	return ""
}

func (r *Reviewer) unproven(ctx context.Context, a *Analysis) {
	for _, err := range a.Fix.Unproven {
		r.Logger.ErrorContext(ctx, "fix did not stand its proof", slog.Any("error", err))
		if r.OnBug != nil {
			r.OnBug(err)
		}
	}
}

// Fix commits the fix of a pull request because somebody clicked the button.
func (r *Reviewer) Fix(ctx context.Context, click Click) error {
	permission, err := r.Pulls.Permission(ctx, click.Repo, click.Sender)
	if err != nil {
		return err
	}
	if permission != "admin" && permission != "write" {
		r.Logger.InfoContext(ctx, "click by someone without write access", slog.String("sender", click.Sender), slog.String("permission", permission))
		return nil
	}
	pull, err := r.Pulls.Pull(ctx, click.Repo, click.Number)
	if err != nil {
		return err
	}
	if !pull.Open || pull.Fork || pull.Head != click.Head {
		// A newer head has a check run, and a button, of its own.
		r.Logger.InfoContext(ctx, "click on an outdated check run", slog.String("clicked", click.Head), slog.String("head", pull.Head))
		return nil
	}
	run, found, err := r.Checks.Find(ctx, click.Repo, pull.Head, cmp.Or(click.ExternalID, ExternalID(pull.Number, pull.BaseBranch)))
	if err != nil {
		return err
	}
	if !found || !run.Completed {
		r.Logger.InfoContext(ctx, "click on a check run that is not there any more")
		return nil
	}
	o, err := r.offerOf(ctx, click.Repo, pull, click.Last)
	switch {
	case err != nil:
		return r.excuse(ctx, o, run, err)
	case o.mode == config.FixOff:
		run.Text = textChanged
		return r.Checks.Complete(ctx, click.Repo, run)
	case o.empty():
		run.Text = textNothingLeft
		return r.Checks.Complete(ctx, click.Repo, run)
	}
	return r.commit(ctx, o, run)
}

// excuse tells who waits for a fix that it cannot be made, when no further
// attempt will follow.
func (r *Reviewer) excuse(ctx context.Context, o offer, run Run, err error) error {
	if !o.settled(ctx, err) {
		return err
	}
	run.Text = "The fix could not be made. Click again; if it fails again, the operator of the App finds the reason in its log."
	run.OfferFix = true
	return errors.Join(err, r.Checks.Complete(ctx, o.repo, run))
}

// offerOf analyzes a pull request again. The offer says whom to excuse to when
// there is an error.
func (r *Reviewer) offerOf(ctx context.Context, repo Repo, pull Pull, last bool) (offer, error) {
	o := offer{repo: repo, pull: pull, last: last, mode: config.FixOff}
	changes, err := r.Pulls.Changes(ctx, repo, pull.BaseBranch, pull.Head)
	if err != nil {
		return o, err
	}
	snaps, err := r.Snapshots.Snapshots(ctx, repo, Wanted, pull.Head, changes.MergeBase)
	if err != nil {
		return o, err
	}
	head, base := snaps[0], snaps[1]
	if changes.Truncated {
		changes.Files = difference(base, head)
	}
	o.changes = changes
	f, err := r.settings(ctx, repo, pull, changes, base)
	if err != nil {
		return o, err
	}
	if o.analysis, err = r.compare(ctx, repo, pull.BaseBranch, r.plan(f.settings, f.psRule), changes, head, base); err != nil {
		return o, err
	}
	if f.settings.Enabled {
		o.mode = f.settings.FixMode
	}
	return o, nil
}

// What the message of a commit lists is bounded in number, and in characters of
// each name.
const (
	maxListed = 200
	maxPlain  = 120
)

// commitOf words the commit of a planned fix; it names no branch.
func commitOf(a *Analysis) Commit {
	var lines []string
	for _, f := range a.Report.Findings {
		if f.Fixable {
			lines = append(lines, fmt.Sprintf("- %s (service %s) in %s", plain(f.API), plain(f.Service), plain(f.Path)))
		}
	}
	slices.Sort(lines)
	headline := "Onboard " + counted(len(lines), "API") + " to Microsoft Defender for APIs"
	if more := len(lines) - maxListed; more > 0 {
		lines = append(lines[:maxListed], fmt.Sprintf("- and %d more", more))
	}
	return Commit{Headline: headline, Body: strings.Join(lines, "\n"), Files: a.Fix.Files}
}

// issue is GitHub's other way to write #1.
// https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
var issue = regexp.MustCompile(`(?i)(GH-)([0-9])`)

// plain is text from a template in the message of a commit: one line that
// mentions nobody, closes no issue and tells no workflow to be skipped.
func plain(s string) string {
	s = diag.Visible(strings.Join(strings.Fields(s), " "))
	if r := []rune(s); len(r) > maxPlain {
		s = string(r[:maxPlain-1]) + "…"
	}
	s = strings.NewReplacer("@", "@\u200b", "#", "#\u200b", "[", "[\u200b").Replace(s)
	return issue.ReplaceAllString(s, "$1\u200b$2")
}
