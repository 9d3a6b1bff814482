package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// OwnBranchPrefix begins the names of the branches that the App makes, and the
// only ones that it moves back or deletes.
const OwnBranchPrefix = "onboard-defender/"

// Replace makes one commit after req.ExpectedHead and puts a branch of the
// App's own at it, wherever the branch was; it is made if it is not there. The
// branch is never at the base itself on the way: GitHub closes a pull request
// whose head has nothing that its base lacks.
func (a *App) Replace(ctx context.Context, repo Repo, req CommitRequest) (string, error) {
	if err := req.validate(); err != nil {
		return "", permanent("commit to %s: %w", repo, err)
	}
	if !ownBranch(req.Branch) {
		return "", permanent("commit to %s: refused to replace %q", repo, req.Branch)
	}
	commit, err := a.writeCommit(ctx, repo, req, toPropose)
	if err == nil {
		err = a.putBranch(ctx, repo, req.Branch, commit)
	}
	if err != nil {
		return "", fmt.Errorf("commit to %s of %s: %w", req.Branch, repo, err)
	}
	return commit, nil
}

func (a *App) putBranch(ctx context.Context, repo Repo, branch, commit string) error {
	c := call{
		method: http.MethodPatch, parts: refParts("refs", branch), permissions: toPropose,
		body: map[string]any{"sha": commit, "force": true},
	}
	err := a.do(ctx, repo, c, nil)
	if e, ok := errors.AsType[*StatusError](err); ok && noReference(e) {
		c = call{
			method: http.MethodPost, parts: []string{"git", "refs"}, permissions: toPropose,
			body: map[string]string{"ref": "refs/heads/" + branch, "sha": commit},
		}
		err = a.do(ctx, repo, c, nil)
	}
	return refusedWrite(err)
}

// DeleteBranch removes a branch of the App's own; one that is gone is no error.
func (a *App) DeleteBranch(ctx context.Context, repo Repo, branch string) error {
	if !ownBranch(branch) {
		return permanent("delete branch of %s: refused to delete %q", repo, branch)
	}
	err := a.do(ctx, repo, call{method: http.MethodDelete, parts: refParts("refs", branch), permissions: toPropose}, nil)
	if e, ok := errors.AsType[*StatusError](err); ok && noReference(e) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete %s of %s: %w", branch, repo, refusedWrite(err))
	}
	return nil
}

func ownBranch(name string) bool {
	return strings.HasPrefix(name, OwnBranchPrefix) && source.Clean(name) == name
}

// noReference: GitHub says 422 where a reference is missing, and 404 too.
func noReference(e *StatusError) bool {
	return e.Status == http.StatusNotFound ||
		e.Status == http.StatusUnprocessableEntity && strings.Contains(strings.ToLower(e.Message), "does not exist")
}

// Proposal is a pull request from a branch of the App's own.
type Proposal struct {
	// Branch is the head, Base what it is to be merged into.
	Branch, Base string
	// Title is one line, Body Markdown.
	Title, Body string
}

// Propose opens a pull request, or brings the open one of the same branch up
// to date, so that there is never more than one. It gives its number.
func (a *App) Propose(ctx context.Context, repo Repo, p Proposal) (int, error) {
	if !ownBranch(p.Branch) || p.Base == "" || strings.TrimSpace(p.Title) == "" {
		return 0, permanent("propose to %s: no branch of its own, no base or no title", repo)
	}
	number, err := a.proposed(ctx, repo, p.Branch)
	if err != nil {
		return 0, fmt.Errorf("propose to %s: %w", repo, err)
	}
	body := map[string]any{"title": fitLine(p.Title, MaxCheckTitle), "body": fit(p.Body, MaxCommentText), "base": p.Base}
	c := call{method: http.MethodPatch, parts: []string{"pulls", strconv.Itoa(number)}, body: body, permissions: toPropose}
	if number == 0 {
		body["head"] = p.Branch
		c.method, c.parts = http.MethodPost, []string{"pulls"}
	}
	var answer pullJSON
	if err := a.do(ctx, repo, c, &answer); err != nil {
		return 0, fmt.Errorf("propose to %s: %w", repo, err)
	}
	return answer.Number, nil
}

// proposed finds the open pull request of a branch; 0 for none.
func (a *App) proposed(ctx context.Context, repo Repo, branch string) (int, error) {
	p, err := a.newestOf(ctx, repo, branch, "open")
	return p.Number, err
}

// newestOf finds the newest pull request of a branch; the zero one for none.
func (a *App) newestOf(ctx context.Context, repo Repo, branch, state string) (proposalJSON, error) {
	var list []proposalJSON // the newest first, unless asked otherwise
	query := url.Values{"state": {state}, "head": {repo.Owner + ":" + branch}, "per_page": {strconv.Itoa(perPage)}}
	c := call{method: http.MethodGet, parts: []string{"pulls"}, query: query, permissions: toPropose}
	if err := a.do(ctx, repo, c, &list); err != nil {
		return proposalJSON{}, err
	}
	for _, p := range list {
		// A head that GitHub cannot read filters nothing: look again.
		if p.Head.Ref == branch && p.Head.Repo != nil && p.Head.Repo.ID == repo.ID {
			return p, nil
		}
	}
	return proposalJSON{}, nil
}

type proposalJSON struct {
	pullJSON
	Body     string  `json:"body"`
	MergedAt *string `json:"merged_at"` // lists have it, and not "merged"
}

// Proposed is a proposal as it stands.
type Proposed struct {
	Number int
	// State is "open" or "closed".
	State   string
	Merged  bool
	HeadSHA string
	Body    string
}

// Proposed is the newest pull request of a branch of the App's own. The error
// is [ErrNotFound] when there was never one.
func (a *App) Proposed(ctx context.Context, repo Repo, branch string) (Proposed, error) {
	p, err := a.newestOf(ctx, repo, branch, "all")
	if err == nil && p.Number == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Proposed{}, fmt.Errorf("find the pull request from %s in %s: %w", branch, repo, err)
	}
	return Proposed{Number: p.Number, State: p.State, Merged: p.MergedAt != nil, HeadSHA: p.Head.SHA, Body: p.Body}, nil
}

// Withdraw closes the pull request of a branch of the App's own, puts the body
// in place of its text, and deletes the branch. It is no error if neither is
// there.
func (a *App) Withdraw(ctx context.Context, repo Repo, branch, body string) error {
	if !ownBranch(branch) {
		return permanent("withdraw from %s: refused for %q", repo, branch)
	}
	number, err := a.proposed(ctx, repo, branch)
	if err != nil {
		return fmt.Errorf("withdraw from %s: %w", repo, err)
	}
	if number != 0 {
		c := call{
			method: http.MethodPatch, parts: []string{"pulls", strconv.Itoa(number)}, permissions: toPropose,
			body: map[string]string{"state": "closed", "body": fit(body, MaxCommentText)},
		}
		if err := a.do(ctx, repo, c, nil); err != nil {
			return fmt.Errorf("withdraw %s#%d: %w", repo, number, err)
		}
	}
	return a.DeleteBranch(ctx, repo, branch)
}
