package githubtest

import (
	"bytes"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

func gitObjectType() typeDef {
	return typeDef{
		"id":             scalar(func(o gitObject) any { return "GO_" + o.hash.String() }),
		"oid":            scalar(func(o gitObject) any { return o.hash.String() }),
		"abbreviatedOid": scalar(func(o gitObject) any { return o.hash.String()[:7] }),
		"repository":     link("Repository", func(o gitObject) any { return o.repo }),
	}
}

func withObject(more typeDef) typeDef {
	maps.Copy(more, gitObjectType())
	return more
}

func blobType() typeDef {
	return withObject(typeDef{
		"byteSize": scalar(func(o gitObject) any { return o.repo.network.blobSize(o.hash) }),
		"isBinary": scalar(func(o gitObject) any { return isBinary(o.content()) }),
		"isTruncated": field("", "", func(x *execution, o gitObject, _ map[string]any) (any, error) {
			return len(o.content()) > x.textLimit() && !isBinary(o.content()), nil
		}),
		"text": field("", "", func(x *execution, o gitObject, _ map[string]any) (any, error) {
			content := o.content()
			if isBinary(content) {
				return nil, nil
			}
			return cutText(content, x.textLimit()), nil
		}),
	})
}

func (o gitObject) content() []byte {
	content, err := o.repo.network.blob(o.hash)
	if err != nil {
		return nil
	}
	return content
}

func (x *execution) textLimit() int {
	return x.call.server.options.Limits.GraphQLTextBytes.of(graphqlTextBytes)
}

// isBinary is git's own test: a zero byte near the start.
func isBinary(content []byte) bool {
	return bytes.IndexByte(content[:min(len(content), 8000)], 0) >= 0
}

// cutText is content as text. What is not UTF-8 does not survive, so that a
// client that wants bytes has to compare sizes or hashes.
func cutText(content []byte, most int) string {
	if len(content) > most {
		for most > 0 && !utf8.RuneStart(content[most]) {
			most--
		}
		content = content[:most]
	}
	return strings.ToValidUTF8(string(content), "\ufffd")
}

func treeType() typeDef {
	return withObject(typeDef{"entries": link("TreeEntry", func(o gitObject) any {
		items := []any{}
		if _, err := o.repo.network.walk(o.hash, "", 0, false, func(l listed) bool {
			items = append(items, treeItem{o.repo, l.path, l.entry})
			return true
		}); err != nil {
			return nil
		}
		return items
	})})
}

func treeEntryType() typeDef {
	return typeDef{
		"name": scalar(func(t treeItem) any { return t.entry.Name }),
		"path": scalar(func(t treeItem) any { return t.path }),
		"mode": scalar(func(t treeItem) any { return int(t.entry.Mode) }),
		"type": scalar(func(t treeItem) any { return kindOf(t.entry) }),
		"oid":  scalar(func(t treeItem) any { return t.entry.Hash.String() }),
		"size": scalar(func(t treeItem) any { return t.repo.network.blobSize(t.entry.Hash) }),
		"object": link("GitObject", func(t treeItem) any {
			if t.entry.Mode == filemode.Submodule {
				return nil
			}
			return gitObject{t.repo, t.entry.Hash}
		}),
	}
}

func commitType() typeDef {
	of := func(o gitObject, give func(*object.Commit) any) any {
		commit, err := o.repo.network.commit(o.hash)
		if err != nil {
			return nil
		}
		return give(commit)
	}
	return withObject(typeDef{
		"url": field("", "", func(x *execution, o gitObject, _ map[string]any) (any, error) {
			return x.call.server.url + "/" + o.repo.fullName() + "/commit/" + o.hash.String(), nil
		}),
		"message":         scalar(func(o gitObject) any { return of(o, func(c *object.Commit) any { return c.Message }) }),
		"messageHeadline": scalar(func(o gitObject) any { return of(o, func(c *object.Commit) any { return headline(c.Message) }) }),
		"committedDate":   scalar(func(o gitObject) any { return of(o, func(c *object.Commit) any { return stamp(c.Committer.When) }) }),
		"authoredDate":    scalar(func(o gitObject) any { return of(o, func(c *object.Commit) any { return stamp(c.Author.When) }) }),
		"tree": link("Tree", func(o gitObject) any {
			return of(o, func(c *object.Commit) any { return gitObject{o.repo, c.TreeHash} })
		}),
		"signature": link("GitSignature", func(o gitObject) any {
			if !o.repo.network.signed[o.hash] {
				return nil
			}
			return true
		}),
	})
}

func headline(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	return line
}

func refType() typeDef {
	return typeDef{
		"id":     scalar(func(r refValue) any { return "REF_" + r.name }),
		"name":   scalar(func(r refValue) any { return strings.TrimPrefix(r.name, branchPrefix) }),
		"prefix": scalar(func(refValue) any { return branchPrefix }),
		"target": link("GitObject", func(r refValue) any { return gitObject{r.repo, r.repo.refs[r.name]} }),
	}
}
