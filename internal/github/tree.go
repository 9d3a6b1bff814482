package github

import (
	"context"
	"fmt"
	"net/url"
	"sync"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Bounds of a tree. GitHub cuts a recursive listing at 100,000 entries or
// 7 MB: https://docs.github.com/rest/git/trees#get-a-tree
const (
	maxTreeRequests = 1000
	maxTreeEntries  = 1_000_000
	maxTreeDepth    = 512 // directories; git's paths end at 4,096 bytes
	cachedEntries   = 400_000
)

type treeJSON struct {
	Tree []struct {
		Path string `json:"path"`
		Mode string `json:"mode"`
		Type string `json:"type"`
		SHA  string `json:"sha"`
		Size *int64 `json:"size"`
	} `json:"tree"`
	Truncated bool `json:"truncated"`
}

// Tree lists a commit's files; none is loaded. The listing of a commit never
// changes, so the latest ones are kept.
func (a *App) Tree(ctx context.Context, repo Repo, commit string) (*source.Snapshot, error) {
	if !validSHA(commit) {
		return nil, permanent("list tree of %s: %q is not a commit", repo, commit)
	}
	key := treeKey{repo.Installation, repo.ID, commit}
	if snap := a.trees.lookup(key); snap != nil {
		return snap, nil
	}
	w := &treeWalk{app: a, repo: repo}
	err := a.whenVisible(ctx, func() error {
		w.entries, w.requests = nil, 0
		return w.walk(ctx, commit)
	})
	if err != nil {
		return nil, fmt.Errorf("list tree %s of %s: %w", commit, repo, err)
	}
	snap := source.NewSnapshot(w.entries)
	a.trees.keep(key, snap)
	return snap, nil
}

// treeWalk collects a tree that may be too large for one answer.
type treeWalk struct {
	app      *App
	repo     Repo
	entries  []source.Entry
	requests int
}

type subtree struct {
	prefix, sha string
	depth       int
}

// walk asks for everything at once, and where the answer is cut for each
// directory by itself.
func (w *treeWalk) walk(ctx context.Context, root string) error {
	todo := []subtree{{sha: root}}
	for len(todo) > 0 {
		t := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		list, err := w.list(ctx, t.sha, true)
		if err != nil {
			return err
		}
		if list.Truncated {
			if list, err = w.list(ctx, t.sha, false); err != nil {
				return err
			}
			if list.Truncated || t.depth >= maxTreeDepth {
				return permanent("directory %q: %w", t.prefix, ErrTooLarge)
			}
			for _, e := range list.Tree {
				if e.Type == "tree" && validSHA(e.SHA) {
					todo = append(todo, subtree{t.prefix + e.Path + "/", e.SHA, t.depth + 1})
				}
			}
		}
		w.add(t.prefix, list)
		if len(w.entries) > maxTreeEntries {
			return permanent("more than %d files: %w", maxTreeEntries, ErrTooLarge)
		}
	}
	return nil
}

func (w *treeWalk) list(ctx context.Context, sha string, recursive bool) (treeJSON, error) {
	if w.requests++; w.requests > maxTreeRequests {
		return treeJSON{}, permanent("more than %d requests: %w", maxTreeRequests, ErrTooLarge)
	}
	var query url.Values
	if recursive {
		query = url.Values{"recursive": {"1"}}
	}
	var t treeJSON
	err := w.app.get(ctx, w.repo, query, &t, "git", "trees", sha)
	return t, err
}

func (w *treeWalk) add(prefix string, list treeJSON) {
	for _, e := range list.Tree {
		mode, ok := entryMode(e.Mode)
		if !ok || !validSHA(e.SHA) {
			continue
		}
		entry := source.Entry{Path: prefix + e.Path, ID: e.SHA, Size: -1, Mode: mode}
		if e.Size != nil && *e.Size >= 0 {
			entry.Size = *e.Size
		}
		w.entries = append(w.entries, entry)
	}
}

// entryMode reads git's mode; it is not ok for a directory.
func entryMode(mode string) (source.Mode, bool) {
	switch mode {
	case "100644", "100664": // the second was written by old versions of git
		return source.Regular, true
	case "100755":
		return source.Executable, true
	case "120000":
		return source.Symlink, true
	case "160000":
		return source.Submodule, true
	}
	return 0, false
}

// treeCache keeps the listings of the latest commits, up to a number of
// entries in all.
type treeCache struct {
	mu    sync.Mutex
	order []treeKey // least recently used first
	kept  map[treeKey]*source.Snapshot
	size  int
}

// treeKey has the installation and the repository in it, so that nobody is
// shown a tree that they could not have fetched.
type treeKey struct {
	installation, repo int64
	commit             string
}

func newTreeCache() *treeCache { return &treeCache{kept: make(map[treeKey]*source.Snapshot)} }

func (c *treeCache) lookup(key treeKey) *source.Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	snap := c.kept[key]
	if snap != nil {
		c.touch(key)
	}
	return snap
}

func (c *treeCache) keep(key treeKey, snap *source.Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, twice := c.kept[key]; twice || len(snap.Entries()) > cachedEntries/2 {
		return
	}
	c.kept[key], c.order = snap, append(c.order, key)
	c.size += cost(snap)
	for c.size > cachedEntries {
		c.size -= cost(c.kept[c.order[0]])
		delete(c.kept, c.order[0])
		c.order = c.order[1:]
	}
}

// cost counts an empty tree too, so that the cache is bounded in keys.
func cost(snap *source.Snapshot) int { return len(snap.Entries()) + 16 }

func (c *treeCache) touch(key treeKey) {
	for i, k := range c.order {
		if k == key {
			c.order = append(append(c.order[:i:i], c.order[i+1:]...), key)
			return
		}
	}
}
