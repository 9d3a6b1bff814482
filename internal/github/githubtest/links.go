package githubtest

import (
	"fmt"
	"maps"
	"strings"
)

// Documents have all the addresses that GitHub's have, though hardly any leads
// anywhere here: a client that relies on one that does not exist must not
// find it in the stand-in either. The tests hold them to GitHub's own
// description.

// links are addresses below another, by the names of their fields without
// "_url".
func links(base string, suffixes map[string]string) doc {
	d := doc{}
	for name, suffix := range suffixes {
		d[name+"_url"] = base + suffix
	}
	return d
}

// same are links whose fields have the names of their paths.
func same(base, names string) doc {
	suffixes := map[string]string{}
	for name := range strings.FieldsSeq(names) {
		suffixes[name] = "/" + name
	}
	return links(base, suffixes)
}

func (s *Server) accountDoc(a *account) doc {
	base := s.apiURL("/users/" + a.login)
	d := doc{
		"login": a.login, "id": a.id, "node_id": fmt.Sprintf("U_%d", a.id), "type": a.kind, "site_admin": false, "gravatar_id": "",
		"url": base, "html_url": s.url + "/" + a.login, "avatar_url": fmt.Sprintf("%s/avatars/u/%d", s.url, a.id),
	}
	maps.Copy(d, same(base, "followers subscriptions repos received_events"))
	maps.Copy(d, links(base, map[string]string{
		"following": "/following{/other_user}", "gists": "/gists{/gist_id}", "starred": "/starred{/owner}{/repo}",
		"organizations": "/orgs", "events": "/events{/privacy}",
	}))
	return d
}

func (s *Server) organizationDoc(a *account) doc {
	base := s.apiURL("/orgs/" + a.login)
	d := doc{
		"login": a.login, "id": a.id, "node_id": fmt.Sprintf("O_%d", a.id), "url": base, "description": nil,
		"avatar_url": fmt.Sprintf("%s/avatars/u/%d", s.url, a.id), "members_url": base + "/members{/member}",
		"public_members_url": base + "/public_members{/member}",
	}
	maps.Copy(d, same(base, "repos events hooks issues"))
	return d
}

// repositoryLinks are the addresses of a repository.
func (s *Server) repositoryLinks(r *repository) doc {
	base := s.apiURL("/repos/" + r.fullName())
	d := same(base, "forks teams hooks events tags languages stargazers contributors subscribers subscription merges downloads deployments")
	d["url"], d["html_url"], d["clone_url"] = base, s.url+"/"+r.fullName(), s.url+"/"+r.fullName()+".git"
	d["svn_url"] = d["html_url"]
	host := s.url[strings.LastIndexByte(s.url, '/')+1:]
	d["git_url"], d["ssh_url"] = "git://"+host+"/"+r.fullName()+".git", "git@"+host+":"+r.fullName()+".git"
	maps.Copy(d, links(base, map[string]string{
		"keys": "/keys{/key_id}", "collaborators": "/collaborators{/collaborator}", "issue_events": "/issues/events{/number}",
		"assignees": "/assignees{/user}", "branches": "/branches{/branch}", "blobs": "/git/blobs{/sha}", "git_tags": "/git/tags{/sha}",
		"git_refs": "/git/refs{/sha}", "trees": "/git/trees{/sha}", "statuses": "/statuses/{sha}", "commits": "/commits{/sha}",
		"git_commits": "/git/commits{/sha}", "comments": "/comments{/number}", "issue_comment": "/issues/comments{/number}",
		"contents": "/contents/{+path}", "compare": "/compare/{base}...{head}", "archive": "/{archive_format}{/ref}",
		"issues": "/issues{/number}", "pulls": "/pulls{/number}", "milestones": "/milestones{/number}",
		"notifications": "/notifications{?since,all,participating}", "labels": "/labels{/name}", "releases": "/releases{/id}",
	}))
	return d
}

// pullLinks are the addresses of a pull request, once more under "_links".
func (s *Server) pullLinks(p *pull) doc {
	repo := s.apiURL("/repos/" + p.repo.fullName())
	base, page := fmt.Sprintf("%s/pulls/%d", repo, p.number), fmt.Sprintf("%s/%s/pull/%d", s.url, p.repo.fullName(), p.number)
	issue, statuses := fmt.Sprintf("%s/issues/%d", repo, p.number), repo+"/statuses/"+p.headSHA.String()
	d := doc{
		"url": base, "html_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch", "issue_url": issue,
		"commits_url": base + "/commits", "review_comments_url": base + "/comments", "comments_url": issue + "/comments",
		"review_comment_url": repo + "/pulls/comments{/number}", "statuses_url": statuses,
	}
	byRelation := doc{}
	for relation, field := range map[string]string{
		"self": "url", "html": "html_url", "issue": "issue_url", "comments": "comments_url", "review_comments": "review_comments_url",
		"review_comment": "review_comment_url", "commits": "commits_url", "statuses": "statuses_url",
	} {
		byRelation[relation] = doc{"href": d[field]}
	}
	d["_links"] = byRelation
	return d
}
