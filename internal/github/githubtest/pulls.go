package githubtest

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// PullOptions say what pull request to open.
type PullOptions struct {
	// Repository is the one to merge into, "owner/name".
	Repository string
	// Head is a branch of it, or "owner:branch" of that owner's fork.
	Head string
	// Base is the branch to merge into; the default branch when empty.
	Base string
	// Title and Body are its text.
	Title, Body string
	// Author opens it; [DefaultAuthor] when empty.
	Author string
	// Draft marks it as not ready.
	Draft bool
}

type pull struct {
	id               int64
	number           int
	repo             *repository
	head             *repository // nil once the fork is deleted
	headRef, baseRef string
	headSHA, baseSHA plumbing.Hash
	title, body      string
	state            string
	draft, merged    bool
	author           *account
	created, updated time.Time
	reviews          []*review
}

func (p *pull) open() bool { return p.state == "open" }

// fromFork reports whether the head is not in the repository itself.
func (p *pull) fromFork() bool { return p.head != p.repo }

// OpenPull opens a pull request and gives back its number.
func (s *Server) OpenPull(options PullOptions) int {
	var p *pull
	s.change(func() {
		var err error
		p, err = s.openPull(s.mustRepository(options.Repository), options, s.user(first([]string{options.Author}, "")))
		must(err)
	})
	return p.number
}

func (s *Server) openPull(r *repository, options PullOptions, author *account) (*pull, error) {
	if author.login == "ghost" {
		author = s.user(DefaultAuthor)
	}
	head, branch := r, options.Head
	if owner, rest, ok := strings.Cut(options.Head, ":"); ok {
		head, branch = s.repositoryOf(r, owner), rest
	}
	if options.Base == "" {
		options.Base = r.defaultBranch
	}
	if head == nil || head.refs[branchPrefix+branch].IsZero() {
		return nil, unprocessable("PullRequest", "head", "head is invalid")
	}
	base := r.refs[branchPrefix+options.Base]
	if base.IsZero() {
		return nil, unprocessable("PullRequest", "base", "base is invalid")
	}
	for _, other := range r.pulls {
		if other.open() && other.head == head && other.headRef == branch && other.baseRef == options.Base {
			return nil, unprocessable("PullRequest", "head", "A pull request already exists for %s:%s.", head.owner.login, branch)
		}
	}
	if options.Title == "" {
		options.Title = branch
	}
	p := &pull{
		id: s.nextID(), number: len(r.pulls) + 1, repo: r, head: head, headRef: branch, baseRef: options.Base,
		headSHA: head.refs[branchPrefix+branch], baseSHA: base, title: options.Title, body: options.Body, state: "open",
		draft: options.Draft, author: author, created: s.now(), updated: s.now(),
	}
	if commits, err := r.network.log(p.headSHA, p.baseSHA); err != nil || len(commits) == 0 {
		return nil, unprocessable("PullRequest", "head", "No commits between %s and %s", options.Base, branch)
	}
	r.pulls = append(r.pulls, p)
	r.refs[p.ref()] = p.headSHA
	s.pullEvent(p, "opened", p.author, nil)
	return p, nil
}

// repositoryOf finds an owner's repository in the same network.
func (s *Server) repositoryOf(r *repository, owner string) *repository {
	for _, other := range s.repositories {
		if other.network == r.network && strings.EqualFold(other.owner.login, owner) {
			return other
		}
	}
	return nil
}

func (p *pull) ref() string { return fmt.Sprintf("refs/pull/%d/head", p.number) }

// synchronize gives a pull request its new head.
func (s *Server) synchronize(p *pull, from, to plumbing.Hash, sender *account) {
	p.headSHA, p.updated = to, s.now()
	p.baseSHA = p.repo.refs[branchPrefix+p.baseRef]
	p.repo.refs[p.ref()] = to
	s.pullEvent(p, "synchronize", sender, doc{"before": from.String(), "after": to.String()})
}

func (s *Server) setState(p *pull, state string, sender *account) {
	if p.state == state {
		return
	}
	p.state, p.updated = state, s.now()
	action := "closed"
	if state == "open" {
		action = "reopened"
		if p.head != nil {
			p.headSHA = p.head.refs[branchPrefix+p.headRef]
			p.repo.refs[p.ref()] = p.headSHA
		}
	}
	s.pullEvent(p, action, sender, nil)
}

// ClosePull closes a pull request without merging it.
func (s *Server) ClosePull(fullName string, number int) {
	s.withPull(fullName, number, func(p *pull) { s.setState(p, "closed", p.author) })
}

// ReopenPull opens a closed pull request again.
func (s *Server) ReopenPull(fullName string, number int) {
	s.withPull(fullName, number, func(p *pull) { s.setState(p, "open", p.author) })
}

// MergePull merges a pull request with a merge commit.
func (s *Server) MergePull(fullName string, number int) string {
	var hash plumbing.Hash
	s.withPull(fullName, number, func(p *pull) {
		base := p.repo.refs[branchPrefix+p.baseRef]
		hash = s.merge(p.repo, base, p.headSHA, fmt.Sprintf("Merge pull request #%d", p.number), p.author.login)
		p.merged = true
		s.setState(p, "closed", p.author)
		s.move(p.repo, branchPrefix+p.baseRef, hash, p.author)
	})
	return hash.String()
}

// ReadyForReview ends a draft.
func (s *Server) ReadyForReview(fullName string, number int) {
	s.withPull(fullName, number, func(p *pull) {
		p.draft, p.updated = false, s.now()
		s.pullEvent(p, "ready_for_review", p.author, nil)
	})
}

// ConvertToDraft makes a pull request a draft again.
func (s *Server) ConvertToDraft(fullName string, number int) {
	s.withPull(fullName, number, func(p *pull) {
		p.draft, p.updated = true, s.now()
		s.pullEvent(p, "converted_to_draft", p.author, nil)
	})
}

// ChangeBase points a pull request at another branch.
func (s *Server) ChangeBase(fullName string, number int, branch string) {
	s.withPull(fullName, number, func(p *pull) { s.changeBase(p, branch, p.author) })
}

func (s *Server) changeBase(p *pull, branch string, sender *account) {
	changes := doc{"base": doc{"ref": doc{"from": p.baseRef}, "sha": doc{"from": p.baseSHA.String()}}}
	p.baseRef, p.baseSHA, p.updated = branch, mustResolve(p.repo, branchPrefix+branch), s.now()
	s.pullEvent(p, "edited", sender, doc{"changes": changes})
}

// EditTitle changes the title of a pull request.
func (s *Server) EditTitle(fullName string, number int, title string) {
	s.withPull(fullName, number, func(p *pull) { s.editTitle(p, title, p.author) })
}

func (s *Server) editTitle(p *pull, title string, sender *account) {
	changes := doc{"title": doc{"from": p.title}}
	p.title, p.updated = title, s.now()
	s.pullEvent(p, "edited", sender, doc{"changes": changes})
}

func (s *Server) withPull(fullName string, number int, do func(*pull)) {
	s.change(func() {
		p := s.mustRepository(fullName).pull(int64(number))
		if p == nil {
			panic(fmt.Sprintf("githubtest: no pull request %s#%d", fullName, number))
		}
		do(p)
	})
}

func (r *repository) pull(number int64) *pull {
	if number < 1 || number > int64(len(r.pulls)) {
		return nil
	}
	return r.pulls[number-1]
}

func (s *Server) pullDoc(p *pull) doc {
	merged := any(nil)
	if p.merged {
		merged = stamp(p.updated)
	}
	closed := any(nil)
	if !p.open() {
		closed = stamp(p.updated)
	}
	d := s.pullLinks(p)
	maps.Copy(d, doc{
		"id": p.id, "node_id": fmt.Sprintf("PR_%d", p.id), "number": p.number, "state": p.state, "draft": p.draft, "locked": false,
		"title": p.title, "body": orNil(p.body), "user": s.accountDoc(p.author), "merged_at": merged, "closed_at": closed,
		"created_at": stamp(p.created), "updated_at": stamp(p.updated), "author_association": "CONTRIBUTOR",
		"head": s.endDoc(p.head, p.headRef, p.headSHA), "base": s.endDoc(p.repo, p.baseRef, p.baseSHA),
		"auto_merge": nil, "merge_commit_sha": nil, "labels": []doc{}, "assignee": nil, "milestone": nil,
		"assignees": []doc{}, "requested_reviewers": []doc{}, "requested_teams": []doc{}, "active_lock_reason": nil,
	})
	return d
}

// fullPullDoc is a pull request as it is everywhere but in lists.
func (s *Server) fullPullDoc(p *pull) doc {
	d := s.pullDoc(p)
	base, n := p.repo.baseOf(p), p.repo.network
	added, removed := 0, 0
	files, err := changedBetween(n, base, p.headSHA)
	for _, f := range files {
		_, a, r := n.patch(f)
		added, removed = added+a, removed+r
	}
	commits, err2 := n.log(p.headSHA, base)
	if err != nil || err2 != nil {
		files, commits = nil, nil // a history that cannot be read has none
	}
	maps.Copy(d, doc{
		"changed_files": len(files), "commits": len(commits), "additions": added, "deletions": removed,
		"comments": 0, "review_comments": len(p.comments()), "maintainer_can_modify": false,
		"merged": p.merged, "merged_by": nil, "mergeable": nil, "mergeable_state": "unknown",
	})
	if p.merged {
		d["merged_by"] = s.accountDoc(p.author)
	}
	return d
}

// endDoc is one end of a pull request; its repository is null once deleted.
func (s *Server) endDoc(r *repository, ref string, sha plumbing.Hash) doc {
	if r == nil {
		return doc{"label": "unknown:" + ref, "ref": ref, "sha": sha.String(), "user": nil, "repo": nil}
	}
	return doc{
		"label": r.owner.login + ":" + ref, "ref": ref, "sha": sha.String(),
		"user": s.accountDoc(r.owner), "repo": s.repositoryDoc(r),
	}
}
