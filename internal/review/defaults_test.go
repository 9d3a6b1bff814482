package review

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/config"
)

// office keeps the settings file of one account.
type office struct {
	mu      sync.Mutex
	content []byte
	err     error
	asked   int
	before  func(context.Context) // an answer
}

func (o *office) Organisation(ctx context.Context, _ int64, _ string) ([]byte, error) {
	o.mu.Lock()
	o.asked++
	content, err := o.content, o.err
	o.mu.Unlock()
	if o.before != nil {
		o.before(ctx)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return content, err
}

func TestOrganisation(t *testing.T) {
	t.Parallel()
	const warned = "The settings for all repositories of `acme` have "
	for name, tt := range map[string]struct {
		org, own string // settings files, "" for none
		err      error
		want     string // outcome
		says     string // the summary, if not ""
		silent   bool   // of the organisation's settings
	}{
		"none":           {"", "", nil, verdict, "", true},
		"default":        {"version: 1\ngate: none\n", "", nil, "success (1 of 1 API not onboarded)", "`gate: none`", true},
		"replaced":       {"version: 1\ngate: none\n", "version: 1\ngate: new\n", nil, verdict, "", true},
		"locked":         {"version: 1\ngate: new\nlocked: [gate]\n", "version: 1\ngate: none\n", nil, verdict, "", true},
		"locked default": {"version: 1\nlocked: [enabled]\n", "version: 1\nenabled: false\n", nil, verdict, "", true},
		"switched off":   {"version: 1\nenabled: false\n", "", nil, "success (" + titleOff + ")", "all of its owner's", true},
		"suppressed":     {"version: 1\nsuppress:\n- {api: ord*, reason: a trial}\n", "", nil, "success (1 API suppressed)", "a trial", true},
		"nothing of it is here": {
			"version: 1\nsuppress:\n- {api: other, reason: a trial}\n- {api: x, reason: over, expires: 2020-01-01}\n", "", nil, verdict, "", true,
		},
		"broken": {
			"version: 1\ngate: 7\nundetermined: 7\n", "", nil, verdict, warned + "2 errors; the usual defaults hold where they are wrong. " +
				"The first is at `acme/.github/onboard-defender.yml:2`: Unexpected value.", false,
		},
		"broken, and a lock holds": {"version: 1\nfoo: 7\nlocked: [gate]\n", "version: 1\ngate: none\n", nil, verdict, warned + "1 error;", false},
		"broken and off":           {"version: 1\nfoo: 7\n", "version: 1\nenabled: false\n", nil, "success (" + titleOff + ")", warned + "1 error;", false},
		"empty":                    {" ", "", nil, verdict, "Empty settings file", false},
		"too large":                {"", "", broken{permanent: true}, verdict, "Settings file too large or not readable", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, h, req := newReviewer(t)
			door := &office{err: tt.err}
			if tt.org != "" {
				door.content = []byte(tt.org)
			}
			r.Defaults = &Defaults{Door: door}
			if tt.own != "" {
				h.trees["base"] = map[string]string{config.RepositoryPath: tt.own}
			}
			if err := r.Review(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			if got := h.outcome(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			summary := h.runs[0].Summary
			if !strings.Contains(summary, tt.says) || strings.Contains(summary, "for all repositories of") == tt.silent {
				t.Error(summary)
			}
		})
	}
}

// TestOrganisationElsewhere: merge groups and default branches.
func TestOrganisationElsewhere(t *testing.T) {
	t.Parallel()
	r, h, req := newReviewer(t)
	r.Defaults = &Defaults{Door: &office{content: []byte("version: 1\ngate: none\nundetermined: 7\n")}}
	h.trees["base"] = h.trees["head"]
	req.Number, req.Hint = 0, Pull{Head: "head", BaseBranch: "main"}
	if err := r.MergeGroup(t.Context(), req, "base"); err != nil {
		t.Fatal(err)
	}
	if err := r.DefaultBranch(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	const passes = "success (1 of 1 API not onboarded)"
	if got := h.outcome(); got != passes+", "+passes {
		t.Error(got)
	}
	for _, run := range h.runs {
		if !strings.Contains(run.Summary, "`gate: none`") || !strings.Contains(run.Summary, "onboard-defender.yml:3") {
			t.Error(run.Summary)
		}
	}
}

// TestLockedKeyProposed: the pull request learns that its value has no effect,
// and does not fail for it.
func TestLockedKeyProposed(t *testing.T) {
	t.Parallel()
	r, h, req := newReviewer(t)
	r.Defaults = &Defaults{Door: &office{content: []byte("version: 1\nlocked: [gate]\n")}}
	h.changes.Files = []Change{{Path: config.RepositoryPath}}
	h.trees["head"] = map[string]string{config.RepositoryPath: "version: 1\ngate: none\n"}
	if err := r.Review(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	run := h.runs[0]
	if run.Conclusion != "success" || len(run.Annotations) != 1 || run.Annotations[0].Line != 2 || run.Annotations[0].Level != "notice" {
		t.Errorf("%+v", run)
	}
}

// TestDefaultsValidated: the file of the organisation is validated where it
// lies, and means nothing elsewhere.
func TestDefaultsValidated(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		".github": "action_required (1 settings file not valid)",
		"infra":   "success (" + titleNothing + ")",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, h, req := newReviewer(t)
			req.Repo.Name = name
			h.changes.Files = []Change{{Path: config.OrganisationPath}}
			h.trees["head"] = map[string]string{config.OrganisationPath: "version: 1\ngate: 7\n"}
			if err := r.Review(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			if got := h.outcome(); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// TestOrganisationUnknown: without what is locked there is no verdict.
func TestOrganisationUnknown(t *testing.T) {
	t.Parallel()
	r, h, req := newReviewer(t)
	door := &office{err: broken{}}
	r.Defaults = &Defaults{Door: door}
	if err := r.Review(t.Context(), req); !errors.Is(err, broken{}) || h.outcome() != "in progress" {
		t.Errorf("%v, %s", err, h.outcome())
	}
	door.err = nil
	if err := r.Review(t.Context(), req); err != nil || h.outcome() != verdict {
		t.Errorf("%v, %s", err, h.outcome())
	}
}

func TestConclusionOfTheOrganisation(t *testing.T) {
	t.Parallel()
	r, h, req := newReviewer(t)
	door := &office{}
	r.Defaults = &Defaults{Door: door}
	h.changes.Files = []Change{{Path: "README.md"}}
	req.Fresh, req.Hint = true, h.pull
	for _, want := range []string{"success", "skipped", "skipped"} {
		h.runs, h.asked = nil, nil
		if err := r.Review(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		if h.runs[0].Conclusion != want {
			t.Errorf("%s, want %s", h.runs[0].Conclusion, want)
		}
		door.content = []byte("version: 1\nwhenNothingApplies: skipped\n")
		r.Defaults.Forget(req.Repo.Installation)
	}
	if got := strings.Join(h.asked, " "); got != "changes complete start" {
		t.Errorf("the same settings were looked at again: %s", got)
	}
}

func TestDefaultsAreRemembered(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	door := &office{}
	d := &Defaults{Door: door}
	for n, step := range []struct {
		installation int64
		after        time.Duration
		forget       bool
		asked        int
	}{
		{1, 0, false, 1},
		{1, defaultsHold - 1, false, 1},
		{1, defaultsHold, false, 2},
		{2, defaultsHold, false, 3},
		{1, defaultsHold, false, 3},
		{1, defaultsHold, true, 4},
	} {
		if step.forget {
			d.Forget(1)
		}
		if _, err := d.of(t.Context(), Repo{Installation: step.installation}, start.Add(step.after)); err != nil || door.asked != step.asked {
			t.Errorf("%d: asked %d times, want %d, %v", n, door.asked, step.asked, err)
		}
	}
	for n := range int64(maxOrganisations + 1) {
		d.slot(n + 10)
	}
	if len(d.kept) > maxOrganisations {
		t.Errorf("%d are kept", len(d.kept))
	}
}

// TestDefaultsAreAskedForOnce: of those that come together one asks, and the
// next one does if it is cancelled.
func TestDefaultsAreAskedForOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		door := &office{content: []byte("version: 1\ngate: all\n")}
		proceed := make(chan struct{})
		door.before = func(ctx context.Context) {
			select {
			case <-ctx.Done():
			case <-proceed:
			}
		}
		d := &Defaults{Door: door}
		first, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			_, err := d.of(first, Repo{Installation: 1}, time.Now())
			gone <- err
		}()
		synctest.Wait()
		second, cancelSecond := context.WithCancel(t.Context())
		cancelSecond()
		if _, err := d.of(second, Repo{Installation: 1}, time.Now()); !errors.Is(err, context.Canceled) {
			t.Errorf("whoever waits can be cancelled: %v", err)
		}
		var others sync.WaitGroup
		for range 5 {
			others.Go(func() {
				if org, err := d.of(t.Context(), Repo{Installation: 1}, time.Now()); err != nil || org.settings.Gate != config.GateAll {
					t.Errorf("%+v, %v", org, err)
				}
			})
		}
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		close(proceed)
		others.Wait()
		if door.asked != 2 {
			t.Errorf("asked %d times", door.asked)
		}
	})
}

// TestForgottenWhileItIsAskedFor: an answer from before a change is not kept.
func TestForgottenWhileItIsAskedFor(t *testing.T) {
	t.Parallel()
	door := &office{}
	d := &Defaults{Door: door}
	door.before = func(context.Context) {
		door.before = nil
		door.content = []byte("version: 1\ngate: all\n")
		d.Forget(1)
	}
	for n, want := range []config.Gate{config.GateNew, config.GateAll} {
		org, err := d.of(t.Context(), Repo{Installation: 1}, time.Now())
		if err != nil || org.settings.Gate != want {
			t.Errorf("%d: %s, %v", n, org.settings.Gate, err)
		}
	}
}
