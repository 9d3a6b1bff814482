package githubtest

import (
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// Head is the commit that a branch points to, empty if there is no such
// branch.
func (s *Server) Head(fullName, branch string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := s.mustRepository(fullName).refs[branchPrefix+branch]
	if hash.IsZero() {
		return ""
	}
	return hash.String()
}

// File is the content of a file at a branch, tag or commit, and whether there
// is one. That of a symbolic link is where it points to.
func (s *Server) File(fullName, ref, path string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepository(fullName)
	hash := mustResolve(r, ref)
	return r.network.file(hash, path)
}

// file is the content of a file at a commit, and whether there is one.
func (n *network) file(commit plumbing.Hash, path string) (string, bool) {
	tree, ok := n.treeOf(commit)
	if !ok {
		return "", false
	}
	entry, ok := n.entry(tree, path)
	if !ok {
		return "", false
	}
	content, err := n.blob(entry.Hash)
	return string(content), err == nil
}

// Paths are the files of a branch, tag or commit with their modes, such as
// "100644", by path.
func (s *Server) Paths(fullName, ref string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepository(fullName)
	hash := mustResolve(r, ref)
	paths := map[string]string{}
	tree, _ := r.network.treeOf(hash)
	_, err := r.network.walk(tree, "", 0, true, func(l listed) bool {
		if kindOf(l.entry) != "tree" {
			paths[l.path] = modeOf(l.entry)
		}
		return true
	})
	must(err)
	return paths
}

// Commit is one commit of a [Server.Log].
type Commit struct {
	// SHA and Tree name the commit and its tree.
	SHA, Tree string
	// Parents are the commits it follows.
	Parents []string
	// Message is all of it, AuthorName and AuthorEmail are as written.
	Message, AuthorName, AuthorEmail string
	// Signed says whether GitHub signed it.
	Signed bool
	// Time is when it was committed.
	Time time.Time
}

// Log lists the commits of a branch, tag or commit, newest first.
func (s *Server) Log(fullName, ref string) []Commit {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepository(fullName)
	hash := mustResolve(r, ref)
	commits, err := r.network.log(hash, plumbing.ZeroHash)
	must(err)
	var log []Commit
	for _, c := range commits {
		log = append(log, Commit{
			SHA: c.Hash.String(), Tree: c.TreeHash.String(), Parents: hashes(c.ParentHashes), Message: c.Message,
			AuthorName: c.Author.Name, AuthorEmail: c.Author.Email, Signed: r.network.signed[c.Hash], Time: c.Committer.When,
		})
	}
	return log
}

func hashes(list []plumbing.Hash) []string {
	texts := []string{}
	for _, hash := range list {
		texts = append(texts, hash.String())
	}
	return texts
}
