package github

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

type refJSON struct {
	Object commitJSON `json:"object"`
}

// refParts is the path of a branch under git/ref or git/refs. Its slashes are
// the path's own.
func refParts(kind, branch string) []string {
	return append([]string{"git", kind, "heads"}, strings.Split(branch, "/")...)
}

type treeEntryJSON struct {
	Path    string  `json:"path"`
	Mode    string  `json:"mode"`
	Type    string  `json:"type"`
	SHA     string  `json:"sha,omitempty"`
	Content *string `json:"content,omitempty"`
}

// commitGitData makes a commit of its parts and moves the branch to it:
// https://docs.github.com/rest/guides/using-the-rest-api-to-interact-with-your-git-database
func (a *App) commitGitData(ctx context.Context, repo Repo, req CommitRequest) (string, error) {
	if err := a.expectHead(ctx, repo, req); err != nil {
		return "", err
	}
	sha, err := a.writeCommit(ctx, repo, req, toCommit)
	if err != nil {
		return "", err
	}
	return sha, a.moveBranch(ctx, repo, req.Branch, sha)
}

// writeCommit makes a commit after the expected head that no branch has yet.
// It names no author, which is what makes GitHub sign it.
func (a *App) writeCommit(ctx context.Context, repo Repo, req CommitRequest, p permissions) (string, error) {
	var head struct {
		Tree commitJSON `json:"tree"`
	}
	c := call{method: http.MethodGet, parts: []string{"git", "commits", req.ExpectedHead}, permissions: p}
	if err := a.do(ctx, repo, c, &head); err != nil {
		return "", err
	}
	entries, err := a.treeEntries(ctx, repo, req, p)
	if err != nil {
		return "", refusedWrite(err)
	}
	var tree, commit commitJSON
	c = call{
		method: http.MethodPost, parts: []string{"git", "trees"}, permissions: p,
		body: map[string]any{"base_tree": head.Tree.SHA, "tree": entries},
	}
	if err := a.do(ctx, repo, c, &tree); err != nil {
		return "", refusedWrite(err)
	}
	message := clean(req.Headline)
	if req.Body != "" {
		message += "\n\n" + clean(req.Body)
	}
	c = call{
		method: http.MethodPost, parts: []string{"git", "commits"}, permissions: p,
		body: map[string]any{"message": message, "tree": tree.SHA, "parents": []string{req.ExpectedHead}},
	}
	if err := a.do(ctx, repo, c, &commit); err != nil {
		return "", refusedWrite(err)
	}
	if !validSHA(commit.SHA) {
		return "", errors.New("answer has no commit")
	}
	return commit.SHA, nil
}

// expectHead refuses to go on from anywhere but the expected head. Moving the
// branch without force is not enough: had it been reset to an ancestor, the
// commits taken off it would come back.
func (a *App) expectHead(ctx context.Context, repo Repo, req CommitRequest) error {
	var ref refJSON
	c := call{method: http.MethodGet, parts: refParts("ref", req.Branch), permissions: toCommit}
	if err := a.do(ctx, repo, c, &ref); err != nil {
		return refusedWrite(err)
	}
	if ref.Object.SHA != req.ExpectedHead {
		return permanent("%w: it is at %s", ErrHeadMoved, ref.Object.SHA)
	}
	return nil
}

func (a *App) treeEntries(ctx context.Context, repo Repo, req CommitRequest, p permissions) ([]treeEntryJSON, error) {
	entries := make([]treeEntryJSON, 0, len(req.Files))
	for _, path := range slices.Sorted(maps.Keys(req.Files)) {
		entry := treeEntryJSON{Path: path, Mode: "100644", Type: "blob"}
		if content := req.Files[path]; utf8.Valid(content) {
			s := string(content)
			entry.Content = &s
		} else {
			var blob commitJSON
			c := call{
				method: http.MethodPost, parts: []string{"git", "blobs"}, permissions: p,
				body: map[string]string{"encoding": "base64", "content": base64.StdEncoding.EncodeToString(content)},
			}
			if err := a.do(ctx, repo, c, &blob); err != nil {
				return nil, fmt.Errorf("write blob of %s: %w", path, err)
			}
			entry.SHA = blob.SHA
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// moveBranch lets a branch go forward to a commit, never elsewhere.
func (a *App) moveBranch(ctx context.Context, repo Repo, branch, commit string) error {
	c := call{
		method: http.MethodPatch, parts: refParts("refs", branch), permissions: toCommit,
		body: map[string]any{"sha": commit, "force": false},
	}
	err := a.do(ctx, repo, c, nil)
	if e, ok := errors.AsType[*StatusError](err); ok && strings.Contains(strings.ToLower(e.Message), "fast forward") {
		return permanent("%w: %w", ErrHeadMoved, err)
	}
	return refusedWrite(err)
}
