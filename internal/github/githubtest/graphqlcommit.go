package githubtest

import (
	"encoding/base64"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

func mutationType() typeDef {
	return typeDef{
		"createCommitOnBranch": {arguments: "input!", of: "CreateCommitOnBranchPayload", resolve: createCommitOnBranch},
		"minimizeComment":      {arguments: "input!", of: "MinimizeCommentPayload", resolve: minimizeComment},
		"resolveReviewThread":  {arguments: "input!", of: "ResolveReviewThreadPayload", resolve: resolveThread},
	}
}

// commitInput is the input of createCommitOnBranch:
// https://docs.github.com/en/graphql/reference/input-objects#createcommitonbranchinput.
type commitInput struct {
	ClientMutationID any `json:"clientMutationId"`
	Branch           struct {
		Repository string `json:"repositoryNameWithOwner"`
		Name       string `json:"branchName"`
	} `json:"branch"`
	ExpectedHead string `json:"expectedHeadOid"`
	Message      struct {
		Headline string `json:"headline"`
		Body     string `json:"body"`
	} `json:"message"`
	FileChanges struct {
		Additions []struct {
			Path     string `json:"path"`
			Contents string `json:"contents"`
		} `json:"additions"`
		Deletions []struct {
			Path string `json:"path"`
		} `json:"deletions"`
	} `json:"fileChanges"`
}

// commitPayload is what createCommitOnBranch gives.
type commitPayload struct {
	commit   gitObject
	ref      refValue
	mutation any
}

func commitPayloadType() typeDef {
	return typeDef{
		"commit":           link("Commit", func(p commitPayload) any { return p.commit }),
		"ref":              link("Ref", func(p commitPayload) any { return p.ref }),
		"clientMutationId": scalar(func(p commitPayload) any { return p.mutation }),
	}
}

func createCommitOnBranch(x *execution, _ any, args map[string]any) (any, error) {
	var in commitInput
	if err := decodeInput(args["input"], &in); err != nil {
		return nil, err
	}
	c := x.call
	r, ref, err := x.branchToWrite(in)
	if err != nil {
		return nil, err
	}
	c.repo = r
	head := r.refs[ref]
	if head.String() != in.ExpectedHead && c.server.options.Limits.StaleData.on() {
		return nil, failure("STALE_DATA", "Expected branch to point to \"%s\" but it did not.  Pull and try again.", in.ExpectedHead)
	}
	edits, err := x.edits(in, head)
	if err != nil {
		return nil, err
	}
	branch := strings.TrimPrefix(ref, branchPrefix)
	if violation := c.violation(branch, true); violation != "" {
		// Rulesets refuse with another type than branch protection does.
		kind := "BRANCH_PROTECTION_RULE_VIOLATION"
		if r.protected[branch].Ruleset {
			kind, violation = "UNPROCESSABLE", "Repository rule violations found\n\n"+violation+"\n\n"
		}
		return nil, failure(kind, "%s", violation)
	}
	hash, err := x.commitEdits(r, head, edits, in)
	if err != nil {
		return nil, err
	}
	c.server.move(r, ref, hash, c.who.app.bot)
	return commitPayload{commit: gitObject{r, hash}, ref: refValue{r, ref}, mutation: in.ClientMutationID}, nil
}

// branchToWrite finds the branch that a commit goes to.
func (x *execution) branchToWrite(in commitInput) (*repository, string, error) {
	c := x.call
	r := c.server.repository(in.Branch.Repository)
	missing := failure("NOT_FOUND", "Could not resolve to a Repository with the name '%s'.", in.Branch.Repository)
	if r == nil || (r.private && c.reach(r, "metadata:read") != nil) {
		return nil, "", missing
	}
	if err := c.reach(r, "contents:write"); err != nil {
		if r.archived {
			return nil, "", failure("FORBIDDEN", "Repository was archived so is read-only.")
		}
		return nil, "", forbiddenField()
	}
	ref := branchPrefix + strings.TrimPrefix(in.Branch.Name, branchPrefix)
	if head, ok := r.refs[ref]; !ok || !c.server.visible(head) {
		return nil, "", failure("NOT_FOUND", "No ref named '%s' in '%s'.", in.Branch.Name, in.Branch.Repository)
	}
	if strings.TrimSpace(in.Message.Headline) == "" {
		return nil, "", failure("UNPROCESSABLE", "A commit message headline is required.")
	}
	return r, ref, nil
}

// edits are the changes of a commit. The mutation knows no modes: whatever was
// at a path, an ordinary file comes to stand there.
func (x *execution) edits(in commitInput, head plumbing.Hash) (map[string]*object.TreeEntry, error) {
	n, edits := x.call.repo.network, map[string]*object.TreeEntry{}
	tree, _ := n.treeOf(head)
	for _, gone := range in.FileChanges.Deletions {
		if _, found := n.entry(tree, gone.Path); !found {
			return nil, failure("UNPROCESSABLE", "A path was requested for deletion which does not exist as of commit oid `%s`", head)
		}
		edits[gone.Path] = nil
	}
	for _, file := range in.FileChanges.Additions {
		content, err := base64.StdEncoding.DecodeString(stripSpace(file.Contents))
		if err != nil {
			return nil, failure("UNPROCESSABLE", "Argument 'contents' on InputObject 'FileAddition' has an invalid value. Expected type 'Base64String!'.")
		}
		hash, err := n.writeBlob(content)
		if err != nil {
			return nil, err
		}
		edits[file.Path] = &object.TreeEntry{Mode: filemode.Regular, Hash: hash}
	}
	for path := range edits {
		switch {
		case !validPath(path):
			return nil, failure("UNPROCESSABLE", "A path was requested that is malformed: %s", path)
		case x.call.needsWorkflows(path):
			return nil, failure("FORBIDDEN", "refusing to allow a GitHub App to create or update workflow `%s` without `workflows` permission", path)
		}
	}
	return edits, nil
}

// commitEdits makes the commit, which GitHub signs.
func (x *execution) commitEdits(r *repository, head plumbing.Hash, edits map[string]*object.TreeEntry, in commitInput) (plumbing.Hash, error) {
	n, s := r.network, x.call.server
	tree, _ := n.treeOf(head)
	tree, err := n.edit(tree, edits, 0)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	message := in.Message.Headline
	if in.Message.Body != "" {
		message += "\n\n" + in.Message.Body
	}
	committer := signature{name: "GitHub", email: "noreply@github.com", when: s.now()}
	hash, err := n.writeCommit(tree, []plumbing.Hash{head}, message, s.person(x.call.who.app.bot.login), committer)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	n.signed[hash] = true
	return hash, nil
}
