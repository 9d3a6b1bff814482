package review

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/check/report"
	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

const (
	// defaultsHold is how long an organisation's settings are not asked for
	// again.
	defaultsHold = 10 * time.Minute
	// maxOrganisations is how many are remembered. It is a bound, not a measure:
	// when it is met, all are forgotten.
	maxOrganisations = 1000
)

// Organisations reads the settings files that organisations, and users, have
// for all of their repositories.
type Organisations interface {
	// Organisation is the content of the file. It is nil where there is none, and
	// where the App may not see it.
	Organisation(ctx context.Context, installation int64, owner string) ([]byte, error)
}

// Defaults remembers the settings of organisations for a while, also that there
// are none, so that reviews that come together ask once. Door is required. It
// is safe for concurrent use; nil Defaults give none.
type Defaults struct {
	Door Organisations

	mu sync.Mutex
	// kept has a channel for each installation, which is one account's. What is
	// known waits in it; who takes it out may ask, and the others wait.
	kept map[int64]chan organisation
}

// organisation is what holds for all repositories of an account.
type organisation struct {
	settings config.Repository
	// version tells contents of the file apart.
	version [sha256.Size]byte
	// warning says, as Markdown, what is wrong with the file; else it is "".
	warning string
	until   time.Time // zero while nothing is known
}

// of are the settings of the organisation that a repository belongs to. Errors
// are of those that another attempt may mend: without what is locked there is
// no verdict.
func (d *Defaults) of(ctx context.Context, repo Repo, now time.Time) (org organisation, err error) {
	if d == nil {
		return organisation{settings: config.Defaults()}, nil
	}
	kept := d.slot(repo.Installation)
	select {
	case <-ctx.Done():
		return organisation{}, context.Cause(ctx)
	case org = <-kept:
	}
	defer func() { kept <- org }()
	if now.Before(org.until) {
		return org, nil
	}
	content, err := d.Door.Organisation(ctx, repo.Installation, repo.Owner)
	if err != nil && !isPermanent(err) {
		return organisation{}, fmt.Errorf("settings of %s: %w", repo.Owner, err)
	}
	org = newOrganisation(repo.Owner, content, err)
	org.until = now.Add(defaultsHold)
	return org, nil
}

func (d *Defaults) slot(installation int64) chan organisation {
	d.mu.Lock()
	defer d.mu.Unlock()
	if kept, ok := d.kept[installation]; ok {
		return kept
	}
	if d.kept == nil || len(d.kept) >= maxOrganisations {
		d.kept = map[int64]chan organisation{}
	}
	kept := make(chan organisation, 1)
	kept <- organisation{}
	d.kept[installation] = kept
	return kept
}

// Forget has the settings of an installation's account asked for again, because
// they may have changed.
func (d *Defaults) Forget(installation int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	// An answer that is under way may be from before the change: it gets lost
	// with the channel.
	delete(d.kept, installation)
}

// newOrganisation reads the settings of an account; content is nil if there
// are none. unread is why the file, which is there, cannot be read.
func newOrganisation(owner string, content []byte, unread error) organisation {
	org := organisation{settings: config.Defaults(), version: sha256.Sum256(content)}
	if content == nil && unread == nil {
		return org
	}
	f := source.NewFile(config.OrganisationPath, content)
	var problems []diag.Diagnostic
	if unread != nil {
		problems = []diag.Diagnostic{{Code: check.CodeConfigInvalid, Severity: diag.Failure, Summary: "Settings file too large or not readable"}}
	} else {
		org.settings, problems = config.Parse(f)
	}
	if broken := failures(problems); len(broken) > 0 {
		place := fmt.Sprintf("%s/%s/%s:%d", owner, config.OrganisationRepository, f.Path, f.Position(broken[0].Span.Start).Line)
		org.warning = fmt.Sprintf("> [!WARNING]\n> The settings for all repositories of %s have %s; the usual defaults hold where they are wrong. "+
			"The first is at %s: %s. It is for the owners of that file to correct.\n\n",
			report.Code(owner), counted(len(broken), "error"), report.Code(place), report.Escape(broken[0].Summary))
	}
	return org
}

// over are the settings of a snapshot of a repository, over its organisation's.
func (o organisation) over(repo Repo, s *source.Snapshot) found {
	f := found{snapshot: s, organisation: o}
	own, psRule, problems := config.Load(s)
	settings, notices := config.Merge(o.settings, own)
	f.settings, f.psRule, f.problems = settings, psRule, slices.Concat(problems, notices)
	if defaults := s.File(config.OrganisationPath); defaults != nil && HasDefaults(repo.Name) {
		_, invalid := config.Parse(defaults)
		f.problems, f.organisation.warning = append(f.problems, invalid...), ""
	}
	diag.Sort(f.problems)
	return f
}

// HasDefaults reports whether a repository's name is that of the one with the
// settings for all of an account's.
func HasDefaults(name string) bool { return strings.EqualFold(name, config.OrganisationRepository) }
