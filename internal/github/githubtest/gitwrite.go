package githubtest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

const workflowFolder = ".github/workflows/"

func (c *call) createBlob() (answer, error) {
	var ask struct {
		Content  string `json:"content"`
		Encoding string `json:"encoding"`
	}
	if err := c.decode(&ask); err != nil {
		return answer{}, err
	}
	content := []byte(ask.Content)
	if ask.Encoding == "base64" {
		var err error
		if content, err = base64.StdEncoding.DecodeString(stripSpace(ask.Content)); err != nil {
			return answer{}, unprocessable("Blob", "content", "content is not valid Base64")
		}
	}
	if len(content) > c.server.options.Limits.BlobBytes.of(blobBytes) {
		return answer{}, unprocessable("Blob", "data", "too_large")
	}
	hash, err := c.repo.network.writeBlob(content)
	if err != nil {
		return answer{}, err
	}
	return created(doc{"sha": hash.String(), "url": c.gitURL("blobs", hash)}), nil
}

type treeAsk struct {
	BaseTree string `json:"base_tree"`
	Tree     []struct {
		Path    string          `json:"path"`
		Mode    string          `json:"mode"`
		Content *string         `json:"content"`
		SHA     json.RawMessage `json:"sha"` // null removes, absence does not
	} `json:"tree"`
}

func (c *call) createTree() (answer, error) {
	var ask treeAsk
	if err := c.decode(&ask); err != nil {
		return answer{}, err
	}
	n := c.repo.network
	var base plumbing.Hash
	if ask.BaseTree != "" {
		named, _ := c.repo.resolve(ask.BaseTree)
		var found bool
		if base, found = n.treeOf(named); !found {
			return answer{}, refuse(http.StatusNotFound, "Tree SHA does not exist")
		}
	}
	edits := map[string]*object.TreeEntry{}
	for _, item := range ask.Tree {
		if !validPath(item.Path) {
			return answer{}, refuse(http.StatusUnprocessableEntity, "tree.path contains a malformed path component")
		}
		if c.needsWorkflows(item.Path) {
			return answer{}, forbidden()
		}
		entry, err := c.askedEntry(item.Mode, item.Content, item.SHA)
		if err != nil {
			return answer{}, err
		}
		edits[item.Path] = entry
	}
	if len(edits) == 0 {
		return answer{}, invalid("\"tree\" wasn't supplied.")
	}
	hash, err := n.edit(base, edits, 0)
	if err != nil {
		return answer{}, err
	}
	entries := []doc{}
	if _, err := n.walk(hash, "", 0, false, func(l listed) bool {
		entries = append(entries, doc{"path": l.path, "mode": modeOf(l.entry), "type": kindOf(l.entry), "sha": l.entry.Hash.String()})
		return true
	}); err != nil {
		return answer{}, err
	}
	return created(doc{"sha": hash.String(), "url": c.gitURL("trees", hash), "tree": entries, "truncated": false}), nil
}

// askedEntry is what an item of a new tree asks for; nil removes.
func (c *call) askedEntry(mode string, content *string, sha json.RawMessage) (*object.TreeEntry, error) {
	if string(sha) == "null" {
		return nil, nil //nolint:nilnil // nothing is what is to stand there
	}
	if !slices.Contains([]string{"100644", "100755", "040000", "160000", "120000"}, mode) {
		return nil, refuse(http.StatusUnprocessableEntity, "tree.mode Must supply a valid tree.mode")
	}
	parsed, err := strconv.ParseUint(mode, 8, 32)
	if err != nil {
		return nil, refuse(http.StatusUnprocessableEntity, "tree.mode Must supply a valid tree.mode")
	}
	entry := &object.TreeEntry{Mode: filemode.FileMode(parsed)}
	if content != nil {
		if entry.Hash, err = c.repo.network.writeBlob([]byte(*content)); err != nil {
			return nil, err
		}
		return entry, nil
	}
	hash, valid := parseHash(strings.Trim(string(sha), `"`))
	kind := plumbing.BlobObject
	if mode == "040000" {
		kind = plumbing.TreeObject
	}
	// The commit of a submodule is in another repository.
	if !valid || mode != "160000" && c.repo.network.kinds[hash] != kind {
		return nil, refuse(http.StatusUnprocessableEntity, "tree.sha %s is not a valid blob", strings.Trim(string(sha), `"`))
	}
	entry.Hash = hash
	return entry, nil
}

// needsWorkflows reports whether a path may not be written by this token.
func (c *call) needsWorkflows(path string) bool {
	return strings.HasPrefix(strings.ToLower(path), workflowFolder) &&
		c.server.options.Limits.WorkflowFiles.on() && !c.who.token.permissions.allows("workflows:write")
}

type personAsk struct {
	Name  string    `json:"name"`
	Email string    `json:"email"`
	Date  time.Time `json:"date"`
}

func (c *call) createCommit() (answer, error) {
	var ask struct {
		Message   string     `json:"message"`
		Tree      string     `json:"tree"`
		Parents   []string   `json:"parents"`
		Author    *personAsk `json:"author"`
		Committer *personAsk `json:"committer"`
	}
	if err := c.decode(&ask); err != nil {
		return answer{}, err
	}
	n := c.repo.network
	tree, valid := parseHash(ask.Tree)
	if !valid || n.kinds[tree] != plumbing.TreeObject {
		return answer{}, refuse(http.StatusUnprocessableEntity, "Tree SHA does not exist")
	}
	var parents []plumbing.Hash
	for _, text := range ask.Parents {
		parent, valid := parseHash(text)
		if !valid || n.kinds[parent] != plumbing.CommitObject {
			return answer{}, refuse(http.StatusUnprocessableEntity, "Parent SHA does not exist or is not a commit object")
		}
		parents = append(parents, parent)
	}
	// GitHub signs what an App commits as long as it names nobody itself:
	// https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots
	author, committer := c.server.person(c.who.app.bot.login), signature{name: "GitHub", email: "noreply@github.com", when: c.server.now()}
	signed := ask.Author == nil && ask.Committer == nil
	if ask.Author != nil {
		author = ask.Author.signature(c.server.now())
		committer = author
	}
	if ask.Committer != nil {
		committer = ask.Committer.signature(c.server.now())
	}
	hash, err := n.writeCommit(tree, parents, ask.Message, author, committer)
	if err != nil {
		return answer{}, err
	}
	n.signed[hash] = signed
	commit, err := n.commit(hash)
	if err != nil {
		return answer{}, err
	}
	return created(c.gitCommitDoc(commit)), nil
}

func (p *personAsk) signature(now time.Time) signature {
	if p.Date.IsZero() {
		p.Date = now
	}
	return signature{name: p.Name, email: p.Email, when: p.Date}
}

type refAsk struct {
	Ref   string `json:"ref"`
	SHA   string `json:"sha"`
	Force bool   `json:"force"`
}

func (c *call) askedRef() (ask refAsk, hash plumbing.Hash, err error) {
	if err := c.decode(&ask); err != nil {
		return ask, hash, err
	}
	hash, valid := parseHash(ask.SHA)
	if !valid || c.repo.network.kinds[hash] == plumbing.InvalidObject {
		return ask, hash, refuse(http.StatusUnprocessableEntity, "Object does not exist")
	}
	return ask, hash, nil
}

func (c *call) createRef() (answer, error) {
	ask, hash, err := c.askedRef()
	if err != nil {
		return answer{}, err
	}
	switch {
	case !strings.HasPrefix(ask.Ref, "refs/") || strings.Count(ask.Ref, "/") < 2 || !validPath(ask.Ref):
		return answer{}, refuse(http.StatusUnprocessableEntity, "Reference name must start with 'refs/' and have at least two slashes.")
	case strings.HasPrefix(ask.Ref, "refs/pull/"):
		return answer{}, refuse(http.StatusUnprocessableEntity, "Reference update failed")
	case !c.repo.refs[ask.Ref].IsZero():
		return answer{}, refuse(http.StatusUnprocessableEntity, "Reference already exists")
	}
	if err := c.mayMove(ask.Ref, hash); err != nil {
		return answer{}, err
	}
	c.server.move(c.repo, ask.Ref, hash, c.who.app.bot)
	return created(c.refDoc(ask.Ref, hash)), nil
}

func (c *call) moveRef() (answer, error) {
	ask, hash, err := c.askedRef()
	if err != nil {
		return answer{}, err
	}
	ref := "refs/" + c.request.PathValue("ref")
	old, found := c.repo.refs[ref]
	if !found {
		return answer{}, refuse(http.StatusUnprocessableEntity, "Reference does not exist")
	}
	if base, related := c.repo.network.mergeBase(old, hash); !ask.Force && (!related || base != old) && c.server.options.Limits.FastForward.on() {
		return answer{}, refuse(http.StatusUnprocessableEntity, "Update is not a fast forward")
	}
	if err := c.mayMove(ref, hash); err != nil {
		return answer{}, err
	}
	c.server.move(c.repo, ref, hash, c.who.app.bot)
	return ok(c.refDoc(ref, hash)), nil
}

func (c *call) deleteRef() (answer, error) {
	ref := "refs/" + c.request.PathValue("ref")
	if _, found := c.repo.refs[ref]; !found {
		return answer{}, refuse(http.StatusUnprocessableEntity, "Reference does not exist")
	}
	c.server.removeRef(c.repo, ref, c.who.app.bot)
	return answer{status: http.StatusNoContent}, nil
}

// mayMove holds a write to a reference to what branches are, and to the
// protection of this one.
func (c *call) mayMove(ref string, to plumbing.Hash) error {
	branch, isBranch := strings.CutPrefix(ref, branchPrefix)
	if isBranch && c.repo.network.kinds[to] != plumbing.CommitObject {
		return refuse(http.StatusUnprocessableEntity, "Reference cannot be updated")
	}
	violation := c.violation(branch, c.repo.network.signed[to])
	if !isBranch || violation == "" {
		return nil
	}
	if c.repo.protected[branch].Ruleset {
		return refuse(http.StatusUnprocessableEntity, "Repository rule violations found\n\n%s\n\n", violation)
	}
	return refuse(http.StatusUnprocessableEntity, "%s", violation)
}

// violation is what a branch has against a write, empty if nothing.
func (c *call) violation(branch string, signed bool) string {
	protection, found := c.repo.protected[branch]
	switch {
	case !found || !c.server.options.Limits.BranchProtection.on():
		return ""
	case protection.RequirePull:
		return "Changes must be made through a pull request."
	case protection.RequireSigned && !signed:
		return "Commits must have verified signatures."
	default:
		return ""
	}
}

func stripSpace(text string) string { return strings.Join(strings.Fields(text), "") }
