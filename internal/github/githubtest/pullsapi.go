package githubtest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func list(c *call, docs []doc) (answer, error) {
	items, header := paged(c, docs)
	if items == nil {
		items = []doc{} // and not null
	}
	return answer{status: http.StatusOK, body: items, header: header}, nil
}

// pullOf is the pull request that a route names, once its head can be seen.
func (c *call) pullOf() (*pull, error) {
	p := c.repo.pull(c.pathInt("number"))
	if p == nil || !c.server.visible(p.headSHA) {
		return nil, notFound()
	}
	return p, nil
}

func (c *call) getPull() (answer, error) {
	p, err := c.pullOf()
	if err != nil {
		return answer{}, err
	}
	return ok(c.server.fullPullDoc(p)), nil
}

func (c *call) listPulls() (answer, error) {
	query := c.request.URL.Query()
	state := query.Get("state")
	if state == "" {
		state = "open"
	}
	var docs []doc
	for _, p := range c.repo.pulls {
		label := ""
		if p.head != nil {
			label = p.head.owner.login + ":" + p.headRef
		}
		if (state == "all" || p.state == state) &&
			(!query.Has("head") || strings.EqualFold(query.Get("head"), label)) &&
			(!query.Has("base") || query.Get("base") == p.baseRef) {
			docs = append(docs, c.server.pullDoc(p))
		}
	}
	if query.Get("direction") != "asc" {
		slices.Reverse(docs) // newest first
	}
	return list(c, docs)
}

func (c *call) createPull() (answer, error) {
	var ask struct {
		Title string `json:"title"`
		Head  string `json:"head"`
		Base  string `json:"base"`
		Body  string `json:"body"`
		Draft bool   `json:"draft"`
	}
	if err := c.decode(&ask); err != nil {
		return answer{}, err
	}
	if ask.Title == "" || ask.Base == "" || ask.Head == "" {
		return answer{}, invalid("\"base\", \"head\" weren't supplied.")
	}
	if owner, branch, ok := strings.Cut(ask.Head, ":"); ok && strings.EqualFold(owner, c.repo.owner.login) {
		ask.Head = branch
	}
	p, err := c.server.openPull(c.repo, PullOptions{
		Head: ask.Head, Base: ask.Base, Title: ask.Title, Body: ask.Body, Draft: ask.Draft,
	}, c.who.app.bot)
	if err != nil {
		return answer{}, err
	}
	return created(c.server.fullPullDoc(p)), nil
}

func (c *call) updatePull() (answer, error) {
	p, err := c.pullOf()
	if err != nil {
		return answer{}, err
	}
	var ask struct{ Title, Body, State, Base *string }
	if err := c.decode(&ask); err != nil {
		return answer{}, err
	}
	bot := c.who.app.bot
	if ask.State != nil && *ask.State != "open" && *ask.State != "closed" {
		return answer{}, unprocessable("PullRequest", "state", "state is invalid")
	}
	if ask.Base != nil && c.repo.refs[branchPrefix+*ask.Base].IsZero() {
		return answer{}, unprocessable("PullRequest", "base", "base is invalid")
	}
	if ask.Body != nil {
		p.body, p.updated = *ask.Body, c.server.now()
	}
	if ask.Title != nil && *ask.Title != p.title {
		c.server.editTitle(p, *ask.Title, bot)
	}
	if ask.Base != nil && *ask.Base != p.baseRef {
		c.server.changeBase(p, *ask.Base, bot)
	}
	if ask.State != nil {
		c.server.setState(p, *ask.State, bot)
	}
	return ok(c.server.fullPullDoc(p)), nil
}

func (c *call) pullFiles() (answer, error) {
	p, err := c.pullOf()
	if err != nil {
		return answer{}, err
	}
	files, err := changedBetween(c.repo.network, c.repo.baseOf(p), p.headSHA)
	if err != nil {
		return answer{}, err
	}
	files = files[:min(len(files), c.server.options.Limits.PullFiles.of(pullFiles))]
	items, header := paged(c, files)
	return answer{status: http.StatusOK, body: c.fileDocs(items), header: header}, nil
}

func (c *call) pullCommits() (answer, error) {
	p, err := c.pullOf()
	if err != nil {
		return answer{}, err
	}
	commits, err := c.repo.network.log(p.headSHA, c.repo.baseOf(p))
	if err != nil {
		return answer{}, err
	}
	var docs []doc
	for _, commit := range slices.Backward(commits) { // oldest first
		docs = append(docs, c.commitDoc(commit))
	}
	return list(c, docs[:min(len(docs), c.server.options.Limits.PullCommits.of(pullCommits))])
}

// compare compares two commits, each a branch, a hash or "owner:branch", from
// where they parted ("base...head").
func (c *call) compare() (answer, error) {
	left, right, ok1 := strings.Cut(c.request.PathValue("basehead"), "...")
	base, ok2 := c.end(left)
	head, ok3 := c.end(right)
	if !ok1 || !ok2 || !ok3 || !c.server.visible(head.hash) {
		return answer{}, notFound()
	}
	n := c.repo.network
	from, found := n.mergeBase(base.hash, head.hash)
	if !found {
		return answer{}, refuse(http.StatusNotFound, "No common ancestor between %s and %s.", left, right)
	}
	ahead, err := n.log(head.hash, base.hash)
	if err != nil {
		return answer{}, err
	}
	behind, err := n.log(base.hash, head.hash)
	if err != nil {
		return answer{}, err
	}
	files, err := n.changed(from, head.hash)
	if err != nil {
		return answer{}, err
	}
	mergeBase, err := n.commit(from)
	if err != nil {
		return answer{}, err
	}
	commits := []doc{}
	for _, a := range slices.Backward(ahead) {
		commits = append(commits, c.commitDoc(a))
	}
	page, header := paged(c, commits)
	body := c.comparisonLinks()
	maps.Copy(body, doc{
		"status": compareStatus(len(ahead), len(behind)), "ahead_by": len(ahead), "behind_by": len(behind),
		"total_commits": len(ahead), "merge_base_commit": c.commitDoc(mergeBase), "base_commit": base.doc, "commits": page,
	})
	if c.page().number == 1 { // files come with the first page only
		body["files"] = c.fileDocs(files[:min(len(files), c.server.options.Limits.CompareFiles.of(compareFiles))])
	}
	return answer{status: http.StatusOK, body: body, header: header}, nil
}

func (c *call) comparisonLinks() doc {
	page := c.server.url + "/" + c.repo.fullName() + "/compare/" + c.request.PathValue("basehead")
	return doc{"url": c.server.apiURL(c.path), "html_url": page, "permalink_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch"}
}

func compareStatus(ahead, behind int) string {
	switch {
	case ahead > 0 && behind > 0:
		return "diverged"
	case ahead > 0:
		return "ahead"
	case behind > 0:
		return "behind"
	default:
		return "identical"
	}
}

// escapePath escapes a path for use in an address, leaving its slashes.
func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

func (c *call) collaborator() (answer, error) {
	login := c.request.PathValue("user")
	a := c.server.accounts[strings.ToLower(login)]
	if a == nil {
		return answer{}, refuse(http.StatusNotFound, "%s is not a user", login)
	}
	role := c.repo.role(login)
	// The old field knows four levels: maintain counts as write, triage as read.
	permission := map[string]string{"maintain": "write", "triage": "read"}[role]
	if permission == "" {
		permission = role
	}
	user := c.server.accountDoc(a)
	user["role_name"], user["permissions"] = role, doc{
		"pull": level(role) > 0, "triage": level(role) > 1, "push": level(role) > 2, "maintain": level(role) > 3, "admin": level(role) > 4,
	}
	return ok(doc{"permission": permission, "role_name": role, "user": user}), nil
}

// level orders roles.
func level(role string) int {
	return slices.Index([]string{"none", "read", "triage", "write", "maintain", "admin"}, role)
}

func (c *call) getRepository() (answer, error) { return ok(c.server.fullRepositoryDoc(c.repo)), nil }

func (c *call) branch() (answer, error) {
	name := c.request.PathValue("branch")
	hash, found := c.repo.refs[branchPrefix+name]
	if !found || !c.server.visible(hash) {
		return answer{}, refuse(http.StatusNotFound, "Branch not found")
	}
	commit, err := c.repo.network.commit(hash)
	if err != nil {
		return answer{}, err
	}
	_, protected := c.repo.protected[name]
	return ok(doc{"name": name, "commit": c.commitDoc(commit), "protected": protected}), nil
}
