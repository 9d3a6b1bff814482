package review

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/config"
)

func TestReads(t *testing.T) {
	t.Parallel()
	repo, now := Repo{ID: 2}, time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	report := &check.Report{Reached: map[string][]string{"a/main.bicep": {"a/main.bicep", "a/NAME", "a/apis/orders.yaml", "bicepconfig.json"}}}
	files := []string{"a/NAME", "a/apis/orders.yaml", "a/apis/billing.yml", "a/apis/README.md", "b/policy.XML", "b/main.go", ".github/workflows/ci.yml"}
	known := &Reads{}
	known.keep(repo, "main", now, report)
	for name, tt := range map[string]struct {
		reads  *Reads
		repo   Repo
		branch string
		after  time.Duration
		want   string // a digit for each file
	}{
		"nil":                {nil, repo, "main", 0, "0110100"},
		"nothing known":      {&Reads{}, repo, "main", 0, "0110100"},
		"known":              {known, repo, "main", readsHold - 1, "1110000"},
		"another branch":     {known, repo, "release", 0, "0110100"},
		"another repository": {known, Repo{ID: 3}, "main", 0, "0110100"},
		"known for long":     {known, repo, "main", readsHold, "1110100"},
	} {
		var got strings.Builder
		for _, f := range files {
			digit := "0"
			if tt.reads.has(tt.repo, tt.branch, now.Add(tt.after), f) {
				digit = "1"
			}
			got.WriteString(digit)
		}
		if got.String() != tt.want {
			t.Errorf("%s: %s, want %s", name, got.String(), tt.want)
		}
	}
}

// Data that no template reads is looked at once in a while, also where the check
// is switched off.
func TestDataThatNothingReads(t *testing.T) {
	t.Parallel()
	for _, settings := range []string{"version: 1\n", "version: 1\nenabled: false\n"} {
		r, h, req := newReviewer(t)
		r.Reads = &Reads{}
		h.changes.Files = []Change{{Path: "data.yaml"}}
		h.trees["base"] = map[string]string{config.RepositoryPath: settings}
		h.trees["head"] = h.trees["base"]
		req.Fresh, req.Hint = true, h.pull
		for n, want := range []string{"changes start snapshots complete", "changes complete start"} {
			h.asked, h.runs = nil, nil
			if err := r.Review(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(h.asked, " "); got != want {
				t.Errorf("%q: %d: asked for %s, want %s", settings, n, got, want)
			}
		}
	}
}

// What is remembered adds up, to a bound.
func TestReadsAddUp(t *testing.T) {
	t.Parallel()
	repo, now, r := Repo{ID: 2}, time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), &Reads{}
	keep := func(branch string, files ...string) {
		r.keep(repo, branch, now, &check.Report{Reached: map[string][]string{"main.bicep": files}})
	}
	keep("main", "a/x")
	keep("main", "b/x")
	if !r.has(repo, "main", now, "a/x") || !r.has(repo, "main", now, "b/x") {
		t.Error("what was read before is forgotten")
	}
	many := make([]string, maxReads)
	for i := range many {
		many[i] = fmt.Sprint("f", i)
	}
	keep("main", many...)
	keep("main", "c/x")
	if r.has(repo, "main", now, "a/x") || !r.has(repo, "main", now, "c/x") {
		t.Error("files are remembered without a bound")
	}
	for i := range maxReads {
		keep(fmt.Sprint("branch", i))
	}
	if len(r.kept) > maxReads {
		t.Errorf("%d branches are remembered", len(r.kept))
	}
	var none *Reads
	none.keep(repo, "main", now) // and nothing breaks
}
