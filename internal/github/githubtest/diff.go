package githubtest

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/diff"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/utils/merkletrie"
)

// The words for what happened to a file, from
// https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files.
const (
	statusAdded    = "added"
	statusRemoved  = "removed"
	statusModified = "modified"
	statusRenamed  = "renamed"
	statusChanged  = "changed"
)

type diffKey struct{ base, head plumbing.Hash }

// changedFile is one file of a comparison.
type changedFile struct {
	path, previous string
	status         string
	hash           plumbing.Hash // of the removed file, if it was removed
	mode           filemode.FileMode
	change         *object.Change
}

// changedBetween lists what head changes since it left base.
func changedBetween(n *network, base, head plumbing.Hash) ([]changedFile, error) {
	from, _ := n.mergeBase(base, head)
	return n.changed(from, head)
}

// renameLimit is how many files on each side are compared for likeness, as in
// git's diff.renameLimit.
const renameLimit = 400

func (n *network) changed(from, to plumbing.Hash) ([]changedFile, error) {
	key := diffKey{from, to}
	if files, ok := n.diffs[key]; ok {
		return files, nil
	}
	fromTree, err := n.commitTree(from)
	if err != nil {
		return nil, err
	}
	toTree, err := n.commitTree(to)
	if err != nil {
		return nil, err
	}
	changes, err := object.DiffTreeWithOptions(context.Background(), fromTree, toTree, &object.DiffTreeOptions{
		DetectRenames: true, RenameScore: 50, RenameLimit: renameLimit,
	})
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s: %w", from, to, err)
	}
	files := make([]changedFile, 0, len(changes))
	for _, change := range changes {
		file, err := describe(change)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	sort.Slice(files, func(i, j int) bool { return files[i].path < files[j].path })
	n.diffs[key] = files
	return files, nil
}

func (n *network) commitTree(commit plumbing.Hash) (*object.Tree, error) {
	if commit.IsZero() {
		return n.emptyTree()
	}
	tree, ok := n.treeOf(commit)
	if !ok {
		return nil, fmt.Errorf("no tree of %s", commit)
	}
	return n.tree(tree)
}

// emptyTree is a real, stored one: a comparison follows it to its storage.
func (n *network) emptyTree() (*object.Tree, error) {
	hash, err := n.writeTree(nil)
	if err != nil {
		return nil, err
	}
	return n.tree(hash)
}

func describe(change *object.Change) (changedFile, error) {
	action, err := change.Action()
	if err != nil {
		return changedFile{}, fmt.Errorf("compare: %w", err)
	}
	file := changedFile{path: change.To.Name, hash: change.To.TreeEntry.Hash, mode: change.To.TreeEntry.Mode, change: change}
	switch action {
	case merkletrie.Insert:
		file.status = statusAdded
	case merkletrie.Delete:
		file.status = statusRemoved
		file.path, file.hash, file.mode = change.From.Name, change.From.TreeEntry.Hash, change.From.TreeEntry.Mode
	case merkletrie.Modify:
		switch {
		case change.From.Name != change.To.Name:
			file.status, file.previous = statusRenamed, change.From.Name
		case change.From.TreeEntry.Hash == change.To.TreeEntry.Hash:
			file.status = statusChanged
		default:
			file.status = statusModified
		}
	}
	return file, nil
}

// maxPatchedBlob is beyond what a patch is left out, as GitHub leaves it out
// of large differences.
const maxPatchedBlob = 1 << 20

// patch is the difference of a file from its first hunk on, and the number of
// lines added and removed. It is empty for binary and large files.
func (n *network) patch(f changedFile) (text string, added, removed int) {
	for _, side := range []object.ChangeEntry{f.change.From, f.change.To} {
		if n.blobSize(side.TreeEntry.Hash) > maxPatchedBlob {
			return "", 0, 0
		}
	}
	patch, err := f.change.Patch()
	if err != nil {
		return "", 0, 0
	}
	for _, stat := range patch.Stats() {
		added, removed = added+stat.Addition, removed+stat.Deletion
	}
	var out bytes.Buffer
	if err := diff.NewUnifiedEncoder(&out, diff.DefaultContextLines).Encode(patch); err != nil {
		return "", 0, 0
	}
	if _, hunks, ok := strings.Cut(out.String(), "\n@@ "); ok {
		text = strings.TrimSuffix("@@ "+hunks, "\n")
	}
	return text, added, removed
}

func (c *call) fileDocs(files []changedFile) []doc {
	docs := []doc{}
	for _, f := range files {
		text, added, removed := c.repo.network.patch(f)
		d := doc{
			"sha": f.hash.String(), "filename": f.path, "status": f.status,
			"additions": added, "deletions": removed, "changes": added + removed,
			"blob_url":     c.server.url + "/" + c.repo.fullName() + "/blob/" + f.hash.String() + "/" + escapePath(f.path),
			"raw_url":      c.server.url + "/" + c.repo.fullName() + "/raw/" + f.hash.String() + "/" + escapePath(f.path),
			"contents_url": c.server.apiURL("/repos/" + c.repo.fullName() + "/contents/" + escapePath(f.path)),
		}
		if text != "" {
			d["patch"] = text
		}
		if f.previous != "" {
			d["previous_filename"] = f.previous
		}
		docs = append(docs, d)
	}
	return docs
}
