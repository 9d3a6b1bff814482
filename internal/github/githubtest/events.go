package githubtest

import (
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// event is something to tell Apps about.
type event struct {
	name, action string
	body         doc
	early        string // the commit that an early delivery runs ahead of
}

// tell sends an event about a repository to the Apps installed on it that
// want it, or only to one App.
func (s *Server) tell(r *repository, only *app, sender *account, e event) {
	for _, in := range s.installed {
		if !in.covers(r) || in.suspended || (only != nil && in.app != only) || !slices.Contains(in.app.Events, e.name) {
			continue
		}
		body := maps.Clone(e.body)
		body["repository"], body["sender"] = s.repositoryDoc(r), s.accountDoc(sender)
		if r.owner.kind == "Organization" {
			body["organization"] = s.organizationDoc(r.owner)
		}
		told := e
		told.body = body
		s.enqueue(in.app, in, told)
	}
}

func (s *Server) installationEvent(in *installation, action string, sender *account) {
	repositories := []doc{}
	for _, r := range s.repositories {
		if in.covers(r) {
			repositories = append(repositories, s.smallRepositoryDoc(r))
		}
	}
	s.enqueue(in.app, in, event{name: "installation", action: action, body: doc{
		"installation": s.installationDoc(in), "repositories": repositories, "sender": s.accountDoc(sender), "requester": nil,
	}})
}

func (s *Server) pullEvent(p *pull, action string, sender *account, more doc) {
	body := doc{"number": p.number, "pull_request": s.fullPullDoc(p)}
	maps.Copy(body, more)
	s.tell(p.repo, nil, sender, event{name: "pull_request", action: action, body: body, early: p.headSHA.String()})
}

func (s *Server) runEvent(r *run, action string, sender *account, more doc) {
	body := doc{"check_run": s.runDoc(r)}
	if run, ok := body["check_run"].(doc); ok {
		run["check_suite"] = s.simpleSuiteDoc(r.suite)
	}
	maps.Copy(body, more)
	s.tell(r.suite.repo, r.suite.app, sender, event{name: "check_run", action: action, body: body, early: r.HeadSHA})
}

func (s *Server) suiteEvent(st *suite, action string, sender *account) {
	s.tell(st.repo, st.app, sender, event{name: "check_suite", action: action, body: doc{"check_suite": s.suiteDoc(st)}, early: st.sha.String()})
}

func (s *Server) pushEvent(r *repository, ref string, from, to plumbing.Hash, sender *account) {
	commits := []any{}
	if !to.IsZero() {
		if log, err := r.network.log(to, from); err == nil && !from.IsZero() {
			for _, l := range slices.Backward(log) {
				commits = append(commits, s.pushedCommitDoc(r, l.Hash))
			}
		}
	}
	const most = 2048 // commits listed in a push event
	_, related := r.network.mergeBase(from, to)
	body := doc{
		"ref": ref, "before": from.String(), "after": to.String(), "base_ref": nil, "compare": s.url + "/" + r.fullName() + "/compare",
		"created": from.IsZero(), "deleted": to.IsZero(), "forced": !from.IsZero() && !to.IsZero() && !related,
		"commits": commits[:min(len(commits), most)], "pusher": doc{"name": sender.login, "email": nil}, "head_commit": nil,
	}
	if base, ok := r.network.mergeBase(from, to); ok && base != from {
		body["forced"] = true
	}
	if !to.IsZero() {
		body["head_commit"] = s.pushedCommitDoc(r, to)
	}
	s.tell(r, nil, sender, event{name: "push", body: body, early: to.String()})
}

// pushedCommitDoc is a commit as push events have it, with the paths it
// touched.
func (s *Server) pushedCommitDoc(r *repository, hash plumbing.Hash) any {
	commit, err := r.network.commit(hash)
	if err != nil {
		return nil
	}
	var parent plumbing.Hash
	if len(commit.ParentHashes) > 0 {
		parent = commit.ParentHashes[0]
	}
	paths := map[string][]string{"added": {}, "removed": {}, "modified": {}}
	files, err := r.network.changed(parent, hash)
	if err != nil {
		return nil
	}
	for _, f := range files {
		switch f.status {
		case statusAdded, statusRemoved:
			paths[f.status] = append(paths[f.status], f.path)
		case statusRenamed:
			paths["added"], paths["removed"] = append(paths["added"], f.path), append(paths["removed"], f.previous)
		default:
			paths["modified"] = append(paths["modified"], f.path)
		}
	}
	person := func(name, email string) doc {
		return doc{"name": name, "email": email, "username": name}
	}
	return doc{
		"id": hash.String(), "tree_id": commit.TreeHash.String(), "message": commit.Message, "timestamp": stamp(commit.Committer.When),
		"distinct": true, "url": s.url + "/" + r.fullName() + "/commit/" + hash.String(),
		"author":    person(commit.Author.Name, commit.Author.Email),
		"committer": person(commit.Committer.Name, commit.Committer.Email),
		"added":     paths["added"], "removed": paths["removed"], "modified": paths["modified"],
	}
}
