package review

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

func TestMergeGroup(t *testing.T) {
	t.Parallel()
	r, h, req := newReviewer(t)
	req.Number, req.Hint = 0, Pull{Head: "head", BaseBranch: "main"}
	for range 2 {
		if err := r.MergeGroup(t.Context(), req, "base"); err != nil {
			t.Fatal(err)
		}
	}
	if h.outcome() != verdict || h.runs[0].OfferFix || h.runs[0].ExternalID != "group/base/main" {
		t.Errorf("%s, %+v", h.outcome(), h.runs)
	}
}

func TestDefaultBranch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files  map[string]string
		branch Branch
		want   string
	}{
		"APIs":            {map[string]string{"api.bicep": apiText}, Branch{Name: "main", Head: "base"}, "success (1 of 1 API not onboarded)"},
		"gate":            {map[string]string{"api.bicep": apiText, config.RepositoryPath: "version: 1\ngate: all\n"}, Branch{Name: "main", Head: "base"}, verdict},
		"no APIs":         {map[string]string{"README.md": "x"}, Branch{Name: "main", Head: "base"}, "success (" + titleEmpty + ")"},
		"switched off":    {map[string]string{config.RepositoryPath: "version: 1\nenabled: false\n"}, Branch{Name: "main", Head: "base"}, "success (" + titleOff + ")"},
		"broken settings": {map[string]string{config.RepositoryPath: "version: 1\ngate: 7\n"}, Branch{Name: "main", Head: "base"}, "action_required (1 settings file not valid)"},
		"empty":           {nil, Branch{Name: "main"}, ""},
		"read-only":       {nil, Branch{Name: "main", Head: "base", ReadOnly: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, h, req := newReviewer(t)
			h.branch, h.trees["base"] = tt.branch, tt.files
			for range 2 {
				if err := r.DefaultBranch(t.Context(), req); err != nil {
					t.Fatal(err)
				}
			}
			if got := h.outcome(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestPushed(t *testing.T) {
	t.Parallel()
	template := []Change{{Path: "a/b.bicep"}}
	for name, tt := range map[string]struct {
		before  string
		changes Changes
		err     error
		want    bool
	}{
		"a template":        {"a", Changes{Base: "a", MergeBase: "a", Files: template}, nil, true},
		"settings":          {"a", Changes{Base: "a", MergeBase: "a", Files: []Change{{Path: config.RepositoryPath}}}, nil, true},
		"a removed one":     {"a", Changes{Base: "a", MergeBase: "a", Files: []Change{{Path: "b.json", Removed: true}}}, nil, true},
		"renamed to text":   {"a", Changes{Base: "a", MergeBase: "a", Files: []Change{{Path: "b.md", Previous: "b.bicep"}}}, nil, true},
		"code":              {"a", Changes{Base: "a", MergeBase: "a", Files: []Change{{Path: "b.go"}}}, nil, false},
		"data":              {"a", Changes{Base: "a", MergeBase: "a", Files: []Change{{Path: "b.yaml"}}}, nil, true},
		"too many files":    {"a", Changes{Base: "a", MergeBase: "a", Truncated: true}, nil, true},
		"forced":            {"a", Changes{Base: "a", MergeBase: "0"}, nil, true},
		"a new branch":      {"", Changes{}, broken{permanent: true}, true},
		"what was is gone":  {"a", Changes{}, broken{permanent: true}, true},
		"nobody knows, yet": {"a", Changes{}, broken{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, h, req := newReviewer(t)
			h.changes, h.fail["changes"] = tt.changes, tt.err
			got, err := r.Pushed(t.Context(), req.Repo, "main", tt.before, "b")
			if got != tt.want || (err != nil) != (name == "nobody knows, yet") {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestExternalIDs(t *testing.T) {
	t.Parallel()
	for _, want := range []Origin{
		{Number: 7, Branch: "main"}, {Number: 7, Branch: "release/2.0"}, {Base: "abc", Branch: "main"}, {Branch: "main"}, {Branch: "feature/a#b/c"},
	} {
		for _, again := range []string{"", "#guid", "#guid:3"} {
			got, ok := ParseExternalID(want.String() + again)
			if !ok || got != want {
				t.Errorf("%q is %+v, %v", want.String()+again, got, ok)
			}
			if !SameOrigin(want.String()+again, want.String()) {
				t.Errorf("%q is not %q", want.String()+again, want.String())
			}
		}
	}
	for _, id := range []string{"", "pull", "pull/", "pull/x/main", "pull/0/main", "pull/-1/main", "group/", "group//main", "other/7", "branch/"} {
		if got, ok := ParseExternalID(id); ok {
			t.Errorf("%q is %+v", id, got)
		}
	}
	for _, other := range []string{"pull/71/main", "pull/7/mainly", "pull/7/main/x", "pull/7/main#a/b"} {
		if SameOrigin(other, "pull/7/main") {
			t.Errorf("%q is taken for pull/7/main", other)
		}
	}
}

func TestDifference(t *testing.T) {
	t.Parallel()
	base := snapshot(map[string]string{
		"same": "1", "changed": "2", "gone": "3", "from/moved": "4", "link": "5", "copied": "6",
		"infra/a/main.bicep": "7", "infra/b/main.bicep": "8", "infra/c/main.bicep": "9",
	})
	entries := []source.Entry{{Path: "link", ID: "5", Mode: source.Symlink}}
	files := map[string]string{
		"same": "1", "changed": "two", "new": "0", "to/renamed": "4", "copied": "6", "copy": "6",
		"deploy/infra/a/main.bicep": "7 and more", "deploy/infra/b/main.bicep": "8", "deploy/infra/c/main.bicep": "9 and more",
	}
	entries = append(entries, snapshot(files).Entries()...)
	want := []Change{
		{Path: "changed"},
		{Path: "copy"},
		{Path: "deploy/infra/a/main.bicep", Previous: "infra/a/main.bicep"},
		{Path: "deploy/infra/b/main.bicep", Previous: "infra/b/main.bicep"},
		{Path: "deploy/infra/c/main.bicep", Previous: "infra/c/main.bicep"},
		{Path: "link"},
		{Path: "new"},
		{Path: "to/renamed", Previous: "from/moved"},
		{Path: "gone", Removed: true},
	}
	if diff := cmp.Diff(want, difference(base, source.NewSnapshot(entries))); diff != "" {
		t.Error(diff)
	}
}

func TestConclusions(t *testing.T) {
	t.Parallel()
	r, h, req := newReviewer(t)
	h.changes.Files = []Change{{Path: "README.md"}}
	h.trees["base"] = map[string]string{config.RepositoryPath: "version: 1\nwhenNothingApplies: skipped\n"}
	req.Fresh, req.Hint = true, h.pull
	for n, want := range []string{"changes snapshots complete start", "changes complete start"} {
		h.asked, h.runs = nil, nil
		if err := r.Review(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(h.asked, " "); got != want || h.outcome() != "skipped ("+titleNothing+")" {
			t.Errorf("%d: asked for %s, %s", n, got, h.outcome())
		}
	}
	var none *Conclusions
	none.keep(req.Repo, "main", organisation{}.version, config.ConcludeSkipped)
	if _, ok := none.recall(req.Repo, "main", organisation{}.version); ok {
		t.Error("nothing was to be kept")
	}
	for n := range maxConclusions + 1 {
		r.Conclusions.keep(Repo{ID: int64(n + 100)}, "main", organisation{}.version, config.ConcludeNeutral)
	}
	if len(r.Conclusions.kept) > maxConclusions {
		t.Errorf("%d are kept", len(r.Conclusions.kept))
	}
}

// TestFileOverAnyLimit: a template that is not even loaded is said to be so.
func TestFileOverAnyLimit(t *testing.T) {
	t.Parallel()
	r, h, req := newReviewer(t)
	large := source.NewSnapshot([]source.Entry{{Path: "api.bicep", ID: "1", Size: 17 << 20}, {Path: "data.json", ID: "2", Size: 17 << 20}})
	r.Snapshots = snapshots{h, large}
	h.changes.Files = append(h.changes.Files, Change{Path: "data.json"})
	if err := r.Review(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if got := h.outcome(); got != "failure (1 file could not be evaluated)" {
		t.Error(got)
	}
}

// snapshots has a head of its own.
type snapshots struct {
	*hub
	head *source.Snapshot
}

func (s snapshots) Snapshots(ctx context.Context, repo Repo, want func(source.Entry) bool, commits ...string) ([]*source.Snapshot, error) {
	out, err := s.hub.Snapshots(ctx, repo, want, commits...)
	if commits[0] == "head" {
		out[0] = s.head
	}
	return out, err
}
