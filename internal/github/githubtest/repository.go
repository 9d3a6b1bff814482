package githubtest

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// RepositoryOptions say what kind of repository to make. The zero value is a
// public one of an organisation.
type RepositoryOptions struct {
	// Private hides the repository from those without access.
	Private bool
	// DefaultBranch is "main" when empty.
	DefaultBranch string
	// OwnerType is "User" or "Organization", which is the default. It counts
	// when the owner is named for the first time.
	OwnerType string
}

type repository struct {
	id            int64
	owner         *account
	name          string
	private       bool
	archived      bool
	defaultBranch string
	network       *network
	source        *repository // of a fork
	refs          map[string]plumbing.Hash
	protected     map[string]Protection
	roles         map[string]string // by login, in lower case
	formerly      []string          // full names, in lower case
	pulls         []*pull
	queue         []*mergeGroup
	created       time.Time
}

func (r *repository) fullName() string { return r.owner.login + "/" + r.name }

// Protection is what a branch refuses.
type Protection struct {
	// RequirePull refuses writes that do not come from a merged pull request.
	RequirePull bool
	// RequireSigned refuses commits that nobody signed.
	RequireSigned bool
	// Ruleset words refusals as rulesets do, not as branch protection does.
	Ruleset bool
}

// CreateRepository makes an empty repository and gives back its number.
func (s *Server) CreateRepository(fullName string, options RepositoryOptions) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.repository(fullName) != nil {
		panic("githubtest: repository exists: " + fullName)
	}
	owner, name, ok := strings.Cut(fullName, "/")
	if !ok || owner == "" || name == "" {
		panic("githubtest: not owner/name: " + fullName)
	}
	if options.DefaultBranch == "" {
		options.DefaultBranch = "main"
	}
	if options.OwnerType == "" {
		options.OwnerType = "Organization"
	}
	return s.addRepository(&repository{
		owner: s.account(owner, options.OwnerType), name: name, private: options.Private,
		defaultBranch: options.DefaultBranch, network: newNetwork(), refs: map[string]plumbing.Hash{},
	}).id
}

// Fork copies a repository to another account and gives back the copy's full
// name.
func (s *Server) Fork(fullName, owner string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	source := s.mustRepository(fullName)
	fork := &repository{
		owner: s.user(owner), name: source.name, private: source.private, source: source,
		defaultBranch: source.defaultBranch, network: source.network, refs: map[string]plumbing.Hash{},
	}
	if s.repository(fork.fullName()) != nil {
		panic("githubtest: repository exists: " + fork.fullName())
	}
	for ref, hash := range source.refs {
		if strings.HasPrefix(ref, branchPrefix) {
			fork.refs[ref] = hash
		}
	}
	return s.addRepository(fork).fullName()
}

func (s *Server) addRepository(r *repository) *repository {
	r.id, r.created = s.nextID(), s.now()
	r.protected, r.roles = map[string]Protection{}, map[string]string{}
	s.repositories = append(s.repositories, r)
	return r
}

// DeleteRepository removes a repository; pull requests from it stay, without
// their head repository.
func (s *Server) DeleteRepository(fullName string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := s.mustRepository(fullName)
	s.repositories = slices.DeleteFunc(s.repositories, func(r *repository) bool { return r == gone })
	for _, r := range s.repositories {
		for _, p := range r.pulls {
			if p.head == gone {
				p.head = nil
			}
		}
	}
}

// Archive makes a repository read-only.
func (s *Server) Archive(fullName string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustRepository(fullName).archived = true
}

// Rename gives a repository another name. Requests for the old one are led to
// it as long as no other has that name:
// https://docs.github.com/en/repositories/creating-and-managing-repositories/renaming-a-repository
func (s *Server) Rename(fullName, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepository(fullName)
	r.formerly, r.name = append(r.formerly, strings.ToLower(r.fullName())), name
}

// renamed is the repository that once had a name which no other has now.
func (s *Server) renamed(fullName string) *repository {
	for _, r := range s.repositories {
		if slices.Contains(r.formerly, strings.ToLower(fullName)) {
			return r
		}
	}
	return nil
}

// Protect protects a branch.
func (s *Server) Protect(fullName, branch string, protection Protection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustRepository(fullName).protected[branch] = protection
}

// SetPermission gives a person a role on a repository: "admin", "maintain",
// "write", "triage", "read" or "none". Owners have "admin"; others have
// "read" on public repositories and "none" on private ones.
func (s *Server) SetPermission(fullName, login, role string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustRepository(fullName).roles[strings.ToLower(login)] = role
	s.user(login)
}

func (r *repository) role(login string) string {
	if role, ok := r.roles[strings.ToLower(login)]; ok {
		return role
	}
	switch {
	case strings.EqualFold(r.owner.login, login):
		return "admin"
	case r.private:
		return "none"
	default:
		return "read"
	}
}

func (s *Server) repository(fullName string) *repository {
	for _, r := range s.repositories {
		if strings.EqualFold(r.fullName(), fullName) {
			return r
		}
	}
	return nil
}

func (s *Server) mustRepository(fullName string) *repository {
	r := s.repository(fullName)
	if r == nil {
		panic("githubtest: no repository " + fullName)
	}
	return r
}

const branchPrefix = "refs/heads/"

// resolve finds the object that a revision names: a full hash, HEAD, a branch,
// a tag or a full reference.
func (r *repository) resolve(revision string) (plumbing.Hash, bool) {
	if hash, ok := parseHash(revision); ok {
		_, known := r.network.kinds[hash]
		return hash, known
	}
	if revision == "HEAD" {
		revision = r.defaultBranch
	}
	for _, prefix := range []string{branchPrefix, "refs/tags/", "refs/", ""} {
		if hash, ok := r.refs[prefix+revision]; ok {
			return hash, true
		}
	}
	return plumbing.ZeroHash, false
}

// commitAt is the commit a revision names, if a client can see it yet.
func (c *call) commitAt(revision string) (*object.Commit, error) {
	hash, ok := c.repo.resolve(revision)
	if !ok || !c.server.visible(hash) {
		return nil, refuse(http.StatusUnprocessableEntity, "No commit found for SHA: %s", revision)
	}
	commit, err := c.repo.network.commit(hash)
	if err != nil {
		return nil, refuse(http.StatusUnprocessableEntity, "No commit found for SHA: %s", revision)
	}
	return commit, nil
}

func parseHash(text string) (plumbing.Hash, bool) {
	var hash plumbing.Hash
	if len(text) != 2*len(hash) {
		return hash, false
	}
	n, err := hex.Decode(hash[:], []byte(text))
	return hash, err == nil && n == len(hash)
}

// visible reports whether clients see a commit yet, and counts the requests
// that did not.
func (s *Server) visible(hash plumbing.Hash) bool {
	key := hash.String()
	if s.hidden[key] <= 0 {
		return true
	}
	s.hidden[key]--
	return false
}

// HideCommit keeps a commit, and what hangs on it, from the next n requests
// for it: they are answered as if it did not exist. GitHub does so for a
// moment after a push.
func (s *Server) HideCommit(sha string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden[sha] = n
}

func must(err error) {
	if err != nil {
		panic("githubtest: " + err.Error())
	}
}

func (s *Server) repositoryDocs(match func(*repository) bool) []doc {
	docs := []doc{}
	for _, r := range s.repositories {
		if match(r) {
			docs = append(docs, s.repositoryDoc(r))
		}
	}
	return docs
}

func (s *Server) smallRepositoryDoc(r *repository) doc {
	return doc{"id": r.id, "node_id": fmt.Sprintf("R_%d", r.id), "name": r.name, "full_name": r.fullName(), "private": r.private}
}

func (s *Server) repositoryDoc(r *repository) doc {
	visibility := "public"
	if r.private {
		visibility = "private"
	}
	d := s.smallRepositoryDoc(r)
	maps.Copy(d, s.repositoryLinks(r))
	maps.Copy(d, doc{
		"owner": s.accountDoc(r.owner), "description": nil, "homepage": nil, "language": nil, "license": nil, "mirror_url": nil, "fork": r.source != nil, "default_branch": r.defaultBranch, "archived": r.archived, "disabled": false,
		"visibility": visibility, "created_at": stamp(r.created), "updated_at": stamp(r.created), "pushed_at": stamp(r.created),
		"size": 1, "topics": []string{}, "has_issues": true, "has_projects": true, "has_wiki": true, "has_pages": false,
		"has_downloads": true, "has_discussions": false, "forks": 0, "forks_count": 0, "open_issues": 0, "open_issues_count": 0,
		"watchers": 0, "watchers_count": 0, "stargazers_count": 0,
	})
	return d
}

// fullRepositoryDoc is a repository as it answers for itself alone.
func (s *Server) fullRepositoryDoc(r *repository) doc {
	d := s.repositoryDoc(r)
	d["network_count"], d["subscribers_count"] = 0, 0
	if r.source != nil {
		d["parent"], d["source"] = s.repositoryDoc(r.source), s.repositoryDoc(r.source)
	}
	return d
}
