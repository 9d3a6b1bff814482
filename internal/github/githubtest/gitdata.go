package githubtest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	pathpkg "path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// baseOf is where the base branch of a pull request is now, or was when it
// was last there.
func (r *repository) baseOf(p *pull) plumbing.Hash {
	if hash, ok := r.refs[branchPrefix+p.baseRef]; ok {
		return hash
	}
	return p.baseSHA
}

// commitEnd is one side of a comparison.
type commitEnd struct {
	hash plumbing.Hash
	doc  doc
}

func (c *call) end(revision string) (commitEnd, bool) {
	r := c.repo
	if owner, rest, ok := strings.Cut(revision, ":"); ok {
		if r = c.server.repositoryOf(c.repo, owner); r == nil {
			return commitEnd{}, false
		}
		revision = rest
	}
	hash, ok := r.resolve(revision)
	if !ok {
		return commitEnd{}, false
	}
	commit, err := r.network.commit(hash)
	if err != nil {
		return commitEnd{}, false
	}
	return commitEnd{hash: hash, doc: c.commitDoc(commit)}, true
}

func kindOf(e object.TreeEntry) string {
	switch e.Mode {
	case filemode.Dir:
		return "tree"
	case filemode.Submodule:
		return "commit"
	default:
		return "blob"
	}
}

func modeOf(e object.TreeEntry) string { return fmt.Sprintf("%06o", uint32(e.Mode)) }

func (c *call) gitURL(kind string, hash fmt.Stringer) string {
	return c.server.apiURL("/repos/" + c.repo.fullName() + "/git/" + kind + "/" + hash.String())
}

// tree lists a tree, given by its own hash, a commit's or a branch, cut where
// GitHub cuts a recursive one.
func (c *call) tree() (answer, error) {
	n, limits := c.repo.network, c.server.options.Limits
	named, found := c.repo.resolve(c.request.PathValue("sha"))
	if !found || !c.server.visible(named) {
		return answer{}, notFound()
	}
	hash, found := n.treeOf(named)
	if !found {
		return answer{}, notFound()
	}
	recursive := c.request.URL.Query().Get("recursive") != "" // any value, even "false"
	entries, size := []doc{}, 0
	complete, err := n.walk(hash, "", 0, recursive, func(l listed) bool {
		d := doc{"path": l.path, "mode": modeOf(l.entry), "type": kindOf(l.entry), "sha": l.entry.Hash.String()}
		if kindOf(l.entry) != "commit" {
			d["url"] = c.gitURL(kindOf(l.entry)+"s", l.entry.Hash)
		}
		if kindOf(l.entry) == "blob" {
			d["size"] = n.blobSize(l.entry.Hash)
		}
		size += len(l.path) + 250 // about what one entry takes
		if recursive && (len(entries) >= limits.TreeEntries.of(treeEntries) || size > limits.TreeBytes.of(treeBytes)) {
			return false
		}
		entries = append(entries, d)
		return true
	})
	if err != nil {
		return answer{}, err
	}
	return ok(doc{"sha": hash.String(), "url": c.gitURL("trees", hash), "tree": entries, "truncated": !complete}), nil
}

func (c *call) blob() (answer, error) {
	hash, valid := parseHash(c.request.PathValue("sha"))
	if !valid || c.repo.network.kinds[hash] != plumbing.BlobObject {
		return answer{}, notFound()
	}
	content, err := c.repo.network.blob(hash)
	if err != nil {
		return answer{}, err
	}
	if len(content) > c.server.options.Limits.BlobBytes.of(blobBytes) {
		e := refuse(http.StatusForbidden, "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch via the API, but you can always clone the repository via Git and obtain it that way.")
		e.errors = []doc{{"resource": "Blob", "field": "data", "code": "too_large"}}
		return answer{}, e
	}
	if c.wantsRaw() {
		header := http.Header{"Content-Type": {"application/vnd.github.raw; charset=utf-8"}}
		return answer{status: http.StatusOK, raw: content, header: header}, nil
	}
	return ok(doc{
		"sha": hash.String(), "node_id": "B_" + hash.String(), "size": len(content), "url": c.gitURL("blobs", hash),
		"encoding": "base64", "content": wrapped(content),
	}), nil
}

// wantsRaw reports whether the client asks for bytes instead of JSON.
func (c *call) wantsRaw() bool {
	accept := c.request.Header.Get("Accept")
	return strings.HasPrefix(accept, "application/vnd.github.") && strings.HasSuffix(strings.TrimSuffix(accept, "+json"), "raw")
}

// wrapped is base64 in lines of 60, as GitHub sends it.
func wrapped(content []byte) string {
	text := base64.StdEncoding.EncodeToString(content)
	var out strings.Builder
	for len(text) > 60 {
		out.WriteString(text[:60] + "\n")
		text = text[60:]
	}
	out.WriteString(text)
	if text != "" {
		out.WriteByte('\n')
	}
	return out.String()
}

func (c *call) commit() (answer, error) {
	hash, valid := parseHash(c.request.PathValue("sha"))
	if !valid || c.repo.network.kinds[hash] != plumbing.CommitObject || !c.server.visible(hash) {
		return answer{}, notFound()
	}
	commit, err := c.repo.network.commit(hash)
	if err != nil {
		return answer{}, err
	}
	return ok(c.gitCommitDoc(commit)), nil
}

func (c *call) repositoryCommit() (answer, error) {
	commit, err := c.commitAt(c.request.PathValue("ref"))
	if err != nil {
		return answer{}, err
	}
	return ok(c.commitDoc(commit)), nil
}

// gitCommitDoc is a commit as git has it.
func (c *call) gitCommitDoc(commit *object.Commit) doc {
	parents := []doc{}
	for _, parent := range commit.ParentHashes {
		parents = append(parents, doc{"sha": parent.String(), "url": c.gitURL("commits", parent), "html_url": c.commitPage(parent)})
	}
	return doc{
		"sha": commit.Hash.String(), "node_id": "C_" + commit.Hash.String(), "url": c.gitURL("commits", commit.Hash),
		"html_url": c.commitPage(commit.Hash), "author": personDoc(commit.Author), "committer": personDoc(commit.Committer), "message": commit.Message,
		"tree": doc{"sha": commit.TreeHash.String(), "url": c.gitURL("trees", commit.TreeHash)}, "parents": parents,
		"verification": c.verificationDoc(commit),
	}
}

func (c *call) commitPage(hash plumbing.Hash) string {
	return c.server.url + "/" + c.repo.fullName() + "/commit/" + hash.String()
}

func (c *call) verificationDoc(commit *object.Commit) doc {
	if !c.repo.network.signed[commit.Hash] {
		return doc{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}
	}
	return doc{"verified": true, "reason": "valid", "signature": "signed by GitHub", "payload": commit.Message, "verified_at": stamp(commit.Committer.When)}
}

// commitDoc is a commit as a repository shows it.
func (c *call) commitDoc(commit *object.Commit) doc {
	inner := c.gitCommitDoc(commit)
	url := c.server.apiURL("/repos/" + c.repo.fullName() + "/commits/" + commit.Hash.String())
	return doc{
		"sha": inner["sha"], "node_id": inner["node_id"], "html_url": inner["html_url"], "parents": inner["parents"],
		"url": url, "comments_url": url + "/comments", "author": nil, "committer": nil,
		"commit": doc{
			"url": inner["url"], "author": inner["author"], "committer": inner["committer"], "message": inner["message"],
			"tree": inner["tree"], "comment_count": 0, "verification": inner["verification"],
		},
	}
}

func personDoc(s object.Signature) doc {
	return doc{"name": s.Name, "email": s.Email, "date": stamp(s.When)}
}

func (c *call) refDoc(ref string, hash plumbing.Hash) doc {
	kind := "commit"
	if known := c.repo.network.kinds[hash]; known != plumbing.InvalidObject {
		kind = known.String()
	}
	return doc{
		"ref": ref, "node_id": "REF_" + ref, "url": c.server.apiURL("/repos/" + c.repo.fullName() + "/git/" + ref),
		"object": doc{"type": kind, "sha": hash.String(), "url": c.gitURL(kind+"s", hash)},
	}
}

func (c *call) ref() (answer, error) {
	ref := "refs/" + c.request.PathValue("ref")
	hash, found := c.repo.refs[ref]
	if !found || !c.server.visible(hash) {
		return answer{}, notFound()
	}
	return ok(c.refDoc(ref, hash)), nil
}

func (c *call) matchingRefs() (answer, error) {
	docs := []doc{}
	for _, ref := range sortedKeys(c.repo.refs) {
		if strings.HasPrefix(ref, "refs/"+c.request.PathValue("ref")) {
			docs = append(docs, c.refDoc(ref, c.repo.refs[ref]))
		}
	}
	return ok(docs), nil
}

// contents is a file, or a folder's list, at a branch or commit.
func (c *call) contents() (answer, error) {
	revision := c.request.URL.Query().Get("ref")
	if revision == "" {
		revision = "HEAD"
	}
	commit, found := c.repo.resolve(revision)
	if !found || !c.server.visible(commit) {
		return answer{}, refuse(http.StatusNotFound, "No commit found for the ref %s", revision)
	}
	tree, found := c.repo.network.treeOf(commit)
	path := strings.Trim(c.request.PathValue("path"), "/")
	entry := object.TreeEntry{Mode: filemode.Dir, Hash: tree}
	if found && path != "" {
		entry, found = c.repo.network.entry(tree, path)
	}
	if !found {
		return answer{}, notFound()
	}
	if target, found := c.linked(tree, path, entry); found {
		entry = target
	}
	if entry.Mode != filemode.Dir {
		return c.contentsOfFile(path, entry)
	}
	docs := []doc{}
	_, err := c.repo.network.walk(entry.Hash, path+"/", 0, false, func(l listed) bool {
		docs = append(docs, c.contentDoc(strings.TrimPrefix(l.path, "/"), l.entry))
		return true
	})
	if err != nil {
		return answer{}, err
	}
	return ok(docs[:min(len(docs), 1000)]), nil // more need the trees API
}

// linked is the ordinary file that a symbolic link points to, which is
// answered in its place:
// https://docs.github.com/en/rest/repos/contents#get-repository-content
func (c *call) linked(tree plumbing.Hash, path string, entry object.TreeEntry) (object.TreeEntry, bool) {
	if entry.Mode != filemode.Symlink {
		return object.TreeEntry{}, false
	}
	target, err := c.repo.network.blob(entry.Hash)
	if err != nil {
		return object.TreeEntry{}, false
	}
	file, found := c.repo.network.entry(tree, pathpkg.Join(pathpkg.Dir(path), string(target)))
	return file, found && kindOf(file) == "blob" && file.Mode != filemode.Symlink
}

const maxInlineContent = 1 << 20

func (c *call) contentsOfFile(path string, entry object.TreeEntry) (answer, error) {
	d := c.contentDoc(path, entry)
	if kindOf(entry) == "commit" {
		d["submodule_git_url"] = nil
		return ok(d), nil
	}
	content, err := c.repo.network.blob(entry.Hash)
	if err != nil {
		return answer{}, err
	}
	if entry.Mode == filemode.Symlink {
		d["target"] = string(content)
		return ok(d), nil
	}
	d["encoding"], d["content"] = "base64", wrapped(content)
	if len(content) > maxInlineContent {
		d["encoding"], d["content"] = "none", ""
	}
	return ok(d), nil
}

func (c *call) contentDoc(path string, entry object.TreeEntry) doc {
	kind := map[filemode.FileMode]string{filemode.Dir: "dir", filemode.Symlink: "symlink", filemode.Submodule: "submodule"}[entry.Mode]
	if kind == "" {
		kind = "file"
	}
	self, page := c.server.apiURL("/repos/"+c.repo.fullName()+"/contents/"+escapePath(path)), c.server.url+"/"+c.repo.fullName()+"/blob/HEAD/"+escapePath(path)
	git, download := any(c.gitURL(kindOf(entry)+"s", entry.Hash)), any(nil)
	switch kind {
	case "file", "symlink":
		download = page + "?raw=true"
	case "submodule":
		git = nil // it is in another repository
	}
	return doc{
		"type": kind, "name": pathpkg.Base(path), "path": path, "sha": entry.Hash.String(), "size": c.repo.network.blobSize(entry.Hash),
		"url": self, "git_url": git, "html_url": page, "download_url": download, "_links": doc{"self": self, "git": git, "html": page},
	}
}
