package review

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// hub is a GitHub of one repository, in memory.
type hub struct {
	pull     Pull
	branch   Branch
	changes  Changes
	trees    map[string]map[string]string // commit → path → content
	runs     []Run
	fail     map[string]error // by what is asked for
	panics   string           // what panics
	asked    []string
	complete func(Run) error // before a run is completed
}

func (h *hub) ask(ctx context.Context, what string) error {
	h.asked = append(h.asked, what)
	if h.panics == what {
		panic("a bug")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return h.fail[what]
}

func (h *hub) Pull(ctx context.Context, _ Repo, _ int) (Pull, error) {
	return h.pull, h.ask(ctx, "pull")
}

func (h *hub) Default(ctx context.Context, _ Repo) (Branch, error) {
	return h.branch, h.ask(ctx, "branch")
}

func (h *hub) Changes(ctx context.Context, _ Repo, _, _ string) (Changes, error) {
	return h.changes, h.ask(ctx, "changes")
}

func (h *hub) Permission(ctx context.Context, _ Repo, _ string) (string, error) {
	return "write", h.ask(ctx, "permission")
}

func (h *hub) Snapshots(ctx context.Context, _ Repo, _ func(source.Entry) bool, commits ...string) ([]*source.Snapshot, error) {
	out := make([]*source.Snapshot, len(commits))
	for i, c := range commits {
		out[i] = snapshot(h.trees[c])
	}
	return out, h.ask(ctx, "snapshots")
}

func (h *hub) Load(ctx context.Context, _ Repo, s *source.Snapshot, _ []string) (*source.Snapshot, error) {
	return s, h.ask(ctx, "load")
}

func (h *hub) Find(ctx context.Context, _ Repo, head, externalID string) (Run, bool, error) {
	if err := h.ask(ctx, "find"); err != nil {
		return Run{}, false, err
	}
	for _, run := range slices.Backward(h.runs) {
		if run.Head == head && SameOrigin(run.ExternalID, externalID) {
			return run, true, nil
		}
	}
	return Run{}, false, nil
}

func (h *hub) Start(ctx context.Context, _ Repo, run Run) (Run, error) {
	if err := h.ask(ctx, "start"); err != nil {
		return Run{}, err
	}
	run.ID = int64(len(h.runs) + 1)
	h.runs = append(h.runs, run)
	return run, nil
}

func (h *hub) Complete(ctx context.Context, repo Repo, run Run) error {
	if err := h.ask(ctx, "complete"); err != nil {
		return err
	}
	if h.complete != nil {
		if err := h.complete(run); err != nil {
			return err
		}
	}
	if run.ID == 0 {
		started, err := h.Start(ctx, repo, run)
		if err != nil {
			return err
		}
		run.ID = started.ID
	}
	run.Completed = true
	h.runs[run.ID-1] = run
	return nil
}

func snapshot(files map[string]string) *source.Snapshot {
	var entries []source.Entry
	for path, content := range files {
		entries = append(entries, source.Entry{Path: path, ID: content, Size: int64(len(content)), File: source.NewFile(path, []byte(content))})
	}
	return source.NewSnapshot(entries)
}

// broken is an error that says what is to be done about it.
type broken struct{ permanent bool }

func (broken) Error() string     { return "broken" }
func (b broken) Permanent() bool { return b.permanent }

var errAgain = errors.New("a newer event")

// newReviewer makes a reviewer of a pull request with one API, and its request.
func newReviewer(t *testing.T) (*Reviewer, *hub, Request) {
	t.Helper()
	h := &hub{
		pull:    Pull{Number: 7, Open: true, Head: "head", HeadBranch: "x", BaseBranch: "main"},
		branch:  Branch{Name: "main", Head: "base"},
		changes: Changes{Base: "base", MergeBase: "base", Files: []Change{{Path: "api.bicep"}}},
		trees:   map[string]map[string]string{"base": {}, "head": {"api.bicep": apiText}},
		fail:    map[string]error{},
	}
	r := &Reviewer{
		Pulls: h, Branches: h, Snapshots: h, Checks: h, Logger: slog.New(slog.DiscardHandler), Conclusions: &Conclusions{},
		Now:        func() time.Time { return time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC) },
		Superseded: func(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errAgain) },
		Explain:    func(err error) string { return "It is " + err.Error() + "." },
		FileURL: func(_ Repo, commit, path string, line int) string {
			return "https://github.example/" + commit + "/" + path + "#L" + strconv.Itoa(line)
		},
	}
	return r, h, Request{Repo: Repo{Installation: 1, ID: 2, Owner: "acme", Name: "infra"}, Number: 7, Delivery: "guid"}
}

const apiText = `resource apim 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: 'apim-contoso'
}

resource orders 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: apim
  name: 'orders'
  properties: {
    displayName: 'Orders'
    path: 'orders'
  }
}
`
