package githubtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Files are changes to a tree, by path with / separators.
type Files map[string]Entry

// Entry is what comes to stand at a path. Make one with [Text], [Bytes],
// [Executable], [Symlink], [Submodule] or [Deleted].
type Entry struct {
	content []byte
	mode    filemode.FileMode
	commit  string
	deleted bool
}

// Text is an ordinary file.
func Text(content string) Entry { return Bytes([]byte(content)) }

// Bytes is an ordinary file.
func Bytes(content []byte) Entry { return Entry{content: content, mode: filemode.Regular} }

// Executable is a file that can be run.
func Executable(content string) Entry {
	return Entry{content: []byte(content), mode: filemode.Executable}
}

// Symlink is a symbolic link.
func Symlink(target string) Entry { return Entry{content: []byte(target), mode: filemode.Symlink} }

// Submodule is a commit of another repository.
func Submodule(sha string) Entry { return Entry{commit: sha, mode: filemode.Submodule} }

// Deleted removes what is at the path, a folder with all in it.
func Deleted() Entry { return Entry{deleted: true} }

// DefaultAuthor is who commits when nobody is named.
const DefaultAuthor = "mona"

// Commit changes files on a branch as a push by a person does, makes the
// branch if it is not there, and gives back the new commit. The author is
// [DefaultAuthor] unless one is named.
func (s *Server) Commit(fullName, branch string, files Files, message string, author ...string) string {
	var hash plumbing.Hash
	s.change(func() {
		r := s.mustRepository(fullName)
		parent := r.refs[branchPrefix+branch]
		hash = s.write(r, parent, files, message, first(author, DefaultAuthor))
		s.move(r, branchPrefix+branch, hash, s.user(first(author, DefaultAuthor)))
	})
	return hash.String()
}

// Write makes a commit after another, or a first one if parent is empty,
// without moving any branch.
func (s *Server) Write(fullName, parent string, files Files, message string, author ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepository(fullName)
	var after plumbing.Hash
	if parent != "" {
		after = mustResolve(r, parent)
	}
	return s.write(r, after, files, message, first(author, DefaultAuthor)).String()
}

// Push moves a branch to a commit, as a forced push by a person does.
func (s *Server) Push(fullName, branch, sha string, sender ...string) {
	s.change(func() {
		r := s.mustRepository(fullName)
		s.move(r, branchPrefix+branch, mustResolve(r, sha), s.user(first(sender, DefaultAuthor)))
	})
}

// Branch makes a branch where another one, or a commit, is.
func (s *Server) Branch(fullName, branch, from string) {
	s.change(func() {
		r := s.mustRepository(fullName)
		s.move(r, branchPrefix+branch, mustResolve(r, from), s.user(DefaultAuthor))
	})
}

// DeleteBranch removes a branch. Pull requests from it are closed.
func (s *Server) DeleteBranch(fullName, branch string) {
	s.change(func() {
		r := s.mustRepository(fullName)
		s.removeRef(r, branchPrefix+branch, s.user(DefaultAuthor))
	})
}

// MergeCommit merges a commit into a branch; conflicts are solved in favour of
// the merged one's files.
func (s *Server) MergeCommit(fullName, branch, sha string, sender ...string) string {
	var hash plumbing.Hash
	s.change(func() {
		r, who := s.mustRepository(fullName), first(sender, DefaultAuthor)
		hash = s.merge(r, mustResolve(r, branch), mustResolve(r, sha), "Merge "+sha[:7], who)
		s.move(r, branchPrefix+branch, hash, s.user(who))
	})
	return hash.String()
}

// merge brings what changed between the merge base and head onto base.
func (s *Server) merge(r *repository, base, head plumbing.Hash, message, who string) plumbing.Hash {
	n := r.network
	tree, ok := n.treeOf(base)
	changes, err := changedBetween(n, base, head)
	must(err)
	if !ok {
		panic("githubtest: not a commit: " + base.String())
	}
	edits := map[string]*object.TreeEntry{}
	for _, f := range changes {
		if f.previous != "" {
			edits[f.previous] = nil
		}
		edits[f.path] = nil
		if f.status != statusRemoved {
			edits[f.path] = &object.TreeEntry{Mode: f.mode, Hash: f.hash}
		}
	}
	merged, err := n.edit(tree, edits, 0)
	must(err)
	hash, err := n.writeCommit(merged, []plumbing.Hash{base, head}, message, s.person(who), s.person(who))
	must(err)
	return hash
}

func (s *Server) write(r *repository, parent plumbing.Hash, files Files, message, author string) plumbing.Hash {
	n := r.network
	edits := map[string]*object.TreeEntry{}
	for path, file := range files {
		if !validPath(path) {
			panic("githubtest: not a path: " + path)
		}
		edits[path] = file.treeEntry(n)
	}
	var tree plumbing.Hash
	var parents []plumbing.Hash
	if !parent.IsZero() {
		tree, _ = n.treeOf(parent)
		parents = []plumbing.Hash{parent}
	}
	tree, err := n.edit(tree, edits, 0)
	must(err)
	hash, err := n.writeCommit(tree, parents, message, s.person(author), s.person(author))
	must(err)
	return hash
}

func (e Entry) treeEntry(n *network) *object.TreeEntry {
	switch {
	case e.deleted:
		return nil
	case e.mode == filemode.Submodule:
		hash, ok := parseHash(e.commit)
		if !ok {
			panic("githubtest: not a commit: " + e.commit)
		}
		return &object.TreeEntry{Mode: e.mode, Hash: hash}
	default:
		hash, err := n.writeBlob(e.content)
		must(err)
		return &object.TreeEntry{Mode: e.mode, Hash: hash}
	}
}

func (s *Server) person(login string) signature {
	a := s.user(login)
	return signature{name: a.login, email: fmt.Sprintf("%d+%s@users.noreply.github.com", a.id, a.login), when: s.now()}
}

// validPath is what git accepts as the path of a file.
func validPath(path string) bool {
	parts := strings.Split(path, "/")
	return len(parts) < maxTreeDepth && !strings.ContainsRune(path, 0) && !slices.ContainsFunc(parts, func(part string) bool {
		return part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git")
	})
}

func mustResolve(r *repository, revision string) plumbing.Hash {
	hash, ok := r.resolve(revision)
	if !ok {
		panic("githubtest: no " + revision + " in " + r.fullName())
	}
	return hash
}

func first(values []string, otherwise string) string {
	if len(values) > 0 {
		return values[0]
	}
	return otherwise
}

// move sets a reference and does what a push brings with it: the push event,
// new heads of pull requests, new check suites.
func (s *Server) move(r *repository, ref string, to plumbing.Hash, sender *account) {
	from := r.refs[ref]
	if from == to {
		return
	}
	r.refs[ref] = to
	s.pushEvent(r, ref, from, to, sender)
	branch, isBranch := strings.CutPrefix(ref, branchPrefix)
	if !isBranch {
		return
	}
	s.requestSuites(r, branch, to, sender)
	for _, base := range s.repositories {
		for _, p := range base.pulls {
			if p.head == r && p.headRef == branch && p.open() {
				s.synchronize(p, from, to, sender)
			}
		}
	}
}

func (s *Server) removeRef(r *repository, ref string, sender *account) {
	from := r.refs[ref]
	delete(r.refs, ref)
	s.pushEvent(r, ref, from, plumbing.ZeroHash, sender)
	branch, _ := strings.CutPrefix(ref, branchPrefix)
	for _, base := range s.repositories {
		for _, p := range base.pulls {
			if p.open() && (p.head == r && p.headRef == branch || p.repo == r && p.baseRef == branch) {
				s.setState(p, "closed", sender)
			}
		}
	}
}
