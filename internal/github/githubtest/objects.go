package githubtest

import (
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"
)

// maxTreeDepth bounds every recursion over trees.
const maxTreeDepth = 256

var errTooDeep = errors.New("tree too deep")

// network is a repository and its forks, which share their objects as they do
// on GitHub.
type network struct {
	objects storer.EncodedObjectStorer
	signed  map[plumbing.Hash]bool       // commits that GitHub signed
	diffs   map[diffKey][]changedFile    // of two commits, which never change
	kinds   map[plumbing.Hash]objectKind // what an object is, for look-ups by hash alone
}

type objectKind = plumbing.ObjectType

func newNetwork() *network {
	return &network{
		objects: memory.NewStorage(),
		signed:  map[plumbing.Hash]bool{},
		diffs:   map[diffKey][]changedFile{},
		kinds:   map[plumbing.Hash]objectKind{},
	}
}

func (n *network) store(o plumbing.EncodedObject) (plumbing.Hash, error) {
	hash, err := n.objects.SetEncodedObject(o)
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("store %s: %w", o.Type(), err)
	}
	n.kinds[hash] = o.Type()
	return hash, nil
}

func (n *network) writeBlob(content []byte) (plumbing.Hash, error) {
	o := n.objects.NewEncodedObject()
	o.SetType(plumbing.BlobObject)
	w, err := o.Writer()
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("write blob: %w", err)
	}
	if _, err := w.Write(content); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("write blob: %w", err)
	}
	if err := w.Close(); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("write blob: %w", err)
	}
	return n.store(o)
}

func (n *network) writeTree(entries []object.TreeEntry) (plumbing.Hash, error) {
	sort.Sort(object.TreeEntrySorter(entries))
	o := n.objects.NewEncodedObject()
	if err := (&object.Tree{Entries: entries}).Encode(o); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("encode tree: %w", err)
	}
	return n.store(o)
}

// signature is who wrote a commit, and when.
type signature struct {
	name, email string
	when        time.Time
}

func (n *network) writeCommit(tree plumbing.Hash, parents []plumbing.Hash, message string, author, committer signature) (plumbing.Hash, error) {
	commit := &object.Commit{
		Author: author.object(), Committer: committer.object(),
		Message: message, TreeHash: tree, ParentHashes: parents,
	}
	o := n.objects.NewEncodedObject()
	if err := commit.Encode(o); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("encode commit: %w", err)
	}
	return n.store(o)
}

func (s signature) object() object.Signature {
	// What would break out of its line in the object goes, as git has it.
	clean := strings.NewReplacer("\n", "", "\x00", "", "<", "", ">", "")
	return object.Signature{Name: clean.Replace(s.name), Email: clean.Replace(s.email), When: s.when.Truncate(time.Second)}
}

func (n *network) blob(hash plumbing.Hash) ([]byte, error) {
	o, err := n.objects.EncodedObject(plumbing.BlobObject, hash)
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", hash, err)
	}
	r, err := o.Reader()
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", hash, err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", hash, err)
	}
	return content, r.Close()
}

func (n *network) blobSize(hash plumbing.Hash) int64 {
	size, err := n.objects.EncodedObjectSize(hash)
	if err != nil {
		return 0
	}
	return size
}

func (n *network) tree(hash plumbing.Hash) (*object.Tree, error) {
	if hash.IsZero() {
		return &object.Tree{}, nil
	}
	return object.GetTree(n.objects, hash)
}

func (n *network) commit(hash plumbing.Hash) (*object.Commit, error) {
	return object.GetCommit(n.objects, hash)
}

// treeOf is the tree of a commit, or the tree itself.
func (n *network) treeOf(hash plumbing.Hash) (plumbing.Hash, bool) {
	switch n.kinds[hash] {
	case plumbing.TreeObject:
		return hash, true
	case plumbing.CommitObject:
		commit, err := n.commit(hash)
		if err != nil {
			return plumbing.ZeroHash, false
		}
		return commit.TreeHash, true
	default:
		return plumbing.ZeroHash, false
	}
}

// entry finds what is at a path below a tree.
func (n *network) entry(tree plumbing.Hash, path string) (object.TreeEntry, bool) {
	found := object.TreeEntry{Mode: filemode.Dir, Hash: tree}
	for name := range strings.SplitSeq(path, "/") {
		t, err := n.tree(found.Hash)
		if err != nil || found.Mode != filemode.Dir {
			return object.TreeEntry{}, false
		}
		at := -1
		for i := range t.Entries {
			if t.Entries[i].Name == name {
				at = i
			}
		}
		if at < 0 {
			return object.TreeEntry{}, false
		}
		found = t.Entries[at]
	}
	return found, true
}

// listed is one entry of a recursive listing.
type listed struct {
	path  string
	entry object.TreeEntry
}

// walk lists a tree, each folder before what is in it, in git's own order,
// until visit returns false.
func (n *network) walk(tree plumbing.Hash, prefix string, depth int, recursive bool, visit func(listed) bool) (bool, error) {
	if depth > maxTreeDepth {
		return false, errTooDeep
	}
	t, err := n.tree(tree)
	if err != nil {
		return false, fmt.Errorf("tree %s: %w", tree, err)
	}
	for _, e := range t.Entries {
		if !visit(listed{path: prefix + e.Name, entry: e}) {
			return false, nil
		}
		if e.Mode != filemode.Dir || !recursive {
			continue
		}
		if more, err := n.walk(e.Hash, prefix+e.Name+"/", depth+1, true, visit); err != nil || !more {
			return more, err
		}
	}
	return true, nil
}

// edit changes entries of a tree by path and gives back the new tree; a nil
// entry removes. Folders that become empty go.
func (n *network) edit(tree plumbing.Hash, changes map[string]*object.TreeEntry, depth int) (plumbing.Hash, error) {
	if depth > maxTreeDepth {
		return plumbing.ZeroHash, errTooDeep
	}
	t, err := n.tree(tree)
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("tree %s: %w", tree, err)
	}
	entries := map[string]object.TreeEntry{}
	for _, e := range t.Entries {
		entries[e.Name] = e
	}
	below := map[string]map[string]*object.TreeEntry{}
	for path, change := range changes {
		name, rest, nested := strings.Cut(path, "/")
		switch {
		case nested:
			if below[name] == nil {
				below[name] = map[string]*object.TreeEntry{}
			}
			below[name][rest] = change
		case change == nil:
			delete(entries, name)
		default:
			entries[name] = object.TreeEntry{Name: name, Mode: change.Mode, Hash: change.Hash}
		}
	}
	for name, inside := range below {
		if err := n.editBelow(entries, name, inside, depth); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	list := make([]object.TreeEntry, 0, len(entries))
	for _, e := range entries {
		list = append(list, e)
	}
	return n.writeTree(list)
}

func (n *network) editBelow(entries map[string]object.TreeEntry, name string, inside map[string]*object.TreeEntry, depth int) error {
	var old plumbing.Hash
	if e, ok := entries[name]; ok && e.Mode == filemode.Dir {
		old = e.Hash
	}
	hash, err := n.edit(old, inside, depth+1)
	if err != nil {
		return err
	}
	t, err := n.tree(hash)
	if err != nil {
		return err
	}
	if len(t.Entries) == 0 {
		if old != plumbing.ZeroHash {
			delete(entries, name)
		}
		return nil
	}
	entries[name] = object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: hash}
	return nil
}

// mergeBase is the newest commit that two have in common; ok is false if they
// have none.
func (n *network) mergeBase(a, b plumbing.Hash) (base plumbing.Hash, ok bool) {
	if a == b {
		return a, true
	}
	one, err := n.commit(a)
	if err != nil {
		return base, false
	}
	other, err := n.commit(b)
	if err != nil {
		return base, false
	}
	bases, err := one.MergeBase(other)
	if err != nil || len(bases) == 0 {
		return base, false
	}
	return bases[0].Hash, true
}

// log lists commits that are reachable from head and not from base, newest
// first; a zero base lists all.
func (n *network) log(head, base plumbing.Hash) ([]*object.Commit, error) {
	known := map[plumbing.Hash]bool{}
	if !base.IsZero() {
		if _, err := n.reachable(base, known); err != nil {
			return nil, err
		}
	}
	return n.reachable(head, known)
}

// reachable visits the ancestors of a commit that are not known yet.
func (n *network) reachable(head plumbing.Hash, known map[plumbing.Hash]bool) ([]*object.Commit, error) {
	var found []*object.Commit
	for queue := []plumbing.Hash{head}; len(queue) > 0; queue = queue[1:] {
		if known[queue[0]] {
			continue
		}
		known[queue[0]] = true
		commit, err := n.commit(queue[0])
		if err != nil {
			return nil, fmt.Errorf("commit %s: %w", queue[0], err)
		}
		found = append(found, commit)
		queue = append(queue, commit.ParentHashes...)
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].Committer.When.After(found[j].Committer.When) })
	return found, nil
}
