package githubtest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// mergeGroup is a pull request in the merge queue: a branch of GitHub's own
// with what the base will be once it and all before it are merged. See
// https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue
type mergeGroup struct {
	pull       *pull
	ref        string
	base, head plumbing.Hash
}

// QueueMerge puts a pull request in the merge queue of its base, behind those
// that are there: a branch gh-readonly-queue/… with the merged result appears
// and has to be checked. It gives back that commit.
func (s *Server) QueueMerge(fullName string, number int) string {
	var hash plumbing.Hash
	s.withPull(fullName, number, func(p *pull) {
		s.pullEvent(p, "enqueued", p.author, nil)
		hash = s.enqueueMerge(p).head
	})
	return hash.String()
}

// MergeQueued merges the first pull request of its queue, as GitHub does once
// the required checks of its group have passed, and gives back the base's new
// commit.
func (s *Server) MergeQueued(fullName string, number int) string {
	var hash plumbing.Hash
	s.withPull(fullName, number, func(p *pull) {
		i := p.repo.placeInQueue(p)
		g := p.repo.queue[i]
		if p.repo.refs[branchPrefix+p.baseRef] != g.base {
			panic(fmt.Sprintf("githubtest: %s#%d is not the first in its queue", fullName, number))
		}
		hash = g.head
		p.repo.queue = slices.Delete(p.repo.queue, i, i+1)
		s.pullEvent(p, "dequeued", p.author, doc{"reason": "MERGE"})
		p.merged = true
		s.setState(p, "closed", p.author)
		s.move(p.repo, branchPrefix+p.baseRef, g.head, p.author)
		s.destroyGroup(g, "merged")
	})
	return hash.String()
}

// Dequeue takes a pull request out of the merge queue unmerged. The groups
// behind it are made anew without it.
func (s *Server) Dequeue(fullName string, number int) {
	s.withPull(fullName, number, func(p *pull) {
		i := p.repo.placeInQueue(p)
		gone := slices.Clone(p.repo.queue[i:])
		p.repo.queue = slices.Delete(p.repo.queue, i, len(p.repo.queue))
		s.pullEvent(p, "dequeued", p.author, doc{"reason": "MANUAL"})
		s.destroyGroup(gone[0], "dequeued")
		for _, g := range gone[1:] {
			if g.pull.baseRef != p.baseRef { // in another branch's queue
				p.repo.queue = append(p.repo.queue, g)
				continue
			}
			s.destroyGroup(g, "invalidated")
			s.enqueueMerge(g.pull)
		}
	})
}

func (s *Server) enqueueMerge(p *pull) *mergeGroup {
	g := &mergeGroup{pull: p, base: p.repo.refs[branchPrefix+p.baseRef]}
	for _, ahead := range p.repo.queue {
		if ahead.pull.baseRef == p.baseRef {
			g.base = ahead.head
		}
	}
	g.head = s.merge(p.repo, g.base, p.headSHA, fmt.Sprintf("Merge pull request #%d", p.number), p.author.login)
	g.ref = fmt.Sprintf("%sgh-readonly-queue/%s/pr-%d-%s", branchPrefix, p.baseRef, p.number, g.base)
	p.repo.queue = append(p.repo.queue, g)
	s.move(p.repo, g.ref, g.head, p.author)
	s.groupEvent(g, "checks_requested", nil)
	return g
}

func (s *Server) destroyGroup(g *mergeGroup, reason string) {
	s.groupEvent(g, "destroyed", doc{"reason": reason})
	s.removeRef(g.pull.repo, g.ref, g.pull.author)
}

func (r *repository) placeInQueue(p *pull) int {
	i := slices.IndexFunc(r.queue, func(g *mergeGroup) bool { return g.pull == p })
	if i < 0 {
		panic(fmt.Sprintf("githubtest: %s#%d is not in the merge queue", r.fullName(), p.number))
	}
	return i
}

func (s *Server) groupEvent(g *mergeGroup, action string, more doc) {
	body := doc{"merge_group": doc{
		"head_sha": g.head.String(), "head_ref": g.ref, "base_sha": g.base.String(), "base_ref": branchPrefix + g.pull.baseRef,
		"head_commit": s.simpleCommitDoc(g.pull.repo, g.head),
	}}
	maps.Copy(body, more)
	s.tell(g.pull.repo, nil, g.pull.author, event{name: "merge_group", action: action, early: g.head.String(), body: body})
}
