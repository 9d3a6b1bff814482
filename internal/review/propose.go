package review

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check/report"
	"github.com/onboard-defender/onboard-defender/internal/config"
)

// Backlog is what the check of a default branch found.
type Backlog struct {
	Repo Repo
	// Branch is the default branch, and Head the commit that was analyzed.
	Branch, Head string
	Settings     config.Repository
	Analysis     *Analysis
}

// What the text of a default branch's run says, once there was trouble.
const (
	textProposing = "The onboarding pull request is still to be brought up to date."
	textProposed  = "The onboarding pull request is up to date."
)

// Propose keeps the pull request that adds what the default branch lacks, where
// the settings ask for one: there is at most one, it is brought up to date when
// the fix changes, and closed when nothing is left to fix. One that a person
// closed is not opened again for the same fix, and one that a person pushed to
// is left to that person.
func (r *Reviewer) Propose(ctx context.Context, b Backlog) error {
	if !b.Settings.OnboardingPull {
		return nil
	}
	b.Analysis.planFix(b.Analysis.unwritable)
	r.unproven(ctx, b.Analysis)
	err := r.propose(ctx, b)
	if err == nil || !isPermanent(err) || ctx.Err() != nil {
		return err
	}
	// The check of the branch is done all the same, and trying again is in vain.
	r.Logger.WarnContext(ctx, "no onboarding pull request", slog.Any("error", err))
	return nil
}

func (r *Reviewer) propose(ctx context.Context, b Backlog) error {
	was, found, err := r.Proposals.Proposed(ctx, b.Repo)
	if err != nil {
		return err
	}
	done, is := len(b.Analysis.Fix.Files) == 0, b.mark()
	switch {
	case done && !was.Open, !done && was.Open && is.both(was.Body):
		return nil
	case found && !was.Open && !was.Merged && strings.Contains(was.Body, is.fix):
		r.Logger.InfoContext(ctx, "a person closed the onboarding pull request; it is not opened again for the same fix")
		return nil
	case was.Open:
		own, err := r.History.Own(ctx, b.Repo, was.Head)
		if err != nil {
			return err
		}
		if !own {
			r.Logger.InfoContext(ctx, "the onboarding pull request has commits of others and is left as it is")
			return nil
		}
	}
	if done {
		return r.Proposals.Withdraw(ctx, b.Repo, "Nothing is left for this pull request to add, so the App has closed it.")
	}
	c := commitOf(b.Analysis)
	c.ExpectedHead = b.Head
	return r.Proposals.Propose(ctx, b.Repo, Proposal{Base: b.Branch, Title: c.Headline, Body: b.text(is)}, c)
}

// mark is what a proposal is known again by.
type mark struct {
	fix  string // what is inserted where, whatever else is in the files
	base string // the branch and the files that it is inserted into
}

func (m mark) both(body string) bool {
	return strings.Contains(body, m.fix) && strings.Contains(body, m.base)
}

func (b Backlog) mark() mark {
	fix, base := sha256.New(), sha256.New()
	// Writing to a hash cannot fail.
	for _, e := range b.Analysis.Fix.Edits {
		fmt.Fprintf(fix, "%q %q\n", e.Path, e.NewText) //nolint:errcheck // see above
	}
	fmt.Fprintf(base, "%q\n", b.Branch) //nolint:errcheck // see above
	for _, path := range slices.Sorted(maps.Keys(b.Analysis.Fix.Files)) {
		e, _ := b.Analysis.Snapshot.Lookup(path)
		fmt.Fprintf(base, "%q %q\n", path, e.ID) //nolint:errcheck // see above
	}
	return mark{fix: fmt.Sprintf("<!-- onboard-defender fix %x -->", fix.Sum(nil)), base: fmt.Sprintf("<!-- onboard-defender base %x -->", base.Sum(nil))}
}

// What the text of the pull request lists is bounded in number and in bytes,
// to stay below GitHub's 65,535 characters: the marks stand at its end.
const (
	maxProposed      = 200
	maxProposedBytes = 60_000
)

func (b Backlog) text(m mark) string {
	var out strings.Builder
	out.WriteString("This pull request adds the resources that onboard these APIs to Microsoft Defender for APIs. " +
		"They deploy where the [Defender for APIs plan](" + report.PlanURL + ") is on at the subscription.\n\n")
	listed, more := 0, 0
	for _, f := range b.Analysis.Report.Findings {
		if !f.Fixable {
			continue
		}
		line := fmt.Sprintf("- %s of %s in %s\n", report.Name(f.API), report.Name(f.Service), report.Name(f.Path))
		if listed == maxProposed || out.Len()+len(line) > maxProposedBytes {
			more++
			continue
		}
		listed++
		out.WriteString(line)
	}
	if more > 0 {
		fmt.Fprintf(&out, "- and %d more\n", more)
	}
	out.WriteString("\nThe App keeps it up to date as long as nobody else pushes to its branch, and closes it when it has become needless. " +
		"Close it to be left alone with these changes.\n\n" + m.fix + "\n" + m.base + "\n")
	return out.String()
}
