package githubtest

import (
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// The part of https://docs.github.com/en/graphql/reference that is here.

// gitObject is a value of type GitObject.
type gitObject struct {
	repo *repository
	hash plumbing.Hash
}

// treeItem is a value of type TreeEntry.
type treeItem struct {
	repo  *repository
	path  string
	entry object.TreeEntry
}

// refValue is a value of type Ref.
type refValue struct {
	repo *repository
	name string
}

// connection is a page of a list.
type connection struct {
	nodes    []any
	total    int
	from, to int
}

// isOf reports whether a value of a concrete type matches a fragment on
// another.
func isOf(concrete, condition string) bool {
	if concrete == condition || condition == "Node" {
		return true
	}
	return condition == "GitObject" && slices.Contains([]string{"Blob", "Tree", "Commit", "Tag"}, concrete)
}

// concrete is the type of a value of a type that may be an interface.
func concrete(of string, value any) string {
	o, ok := value.(gitObject)
	if !ok || of != "GitObject" {
		return of
	}
	switch o.repo.network.kinds[o.hash] {
	case plumbing.BlobObject:
		return "Blob"
	case plumbing.TreeObject:
		return "Tree"
	default:
		return "Commit"
	}
}

// scalar is a field without arguments.
func scalar[T any](give func(T) any) fieldDef { return link("", give) }

// link is a field without arguments that leads to a type.
func link[T any](of string, give func(T) any) fieldDef {
	return fieldDef{of: of, resolve: func(_ *execution, on any, _ map[string]any) (any, error) {
		value, ok := on.(T)
		if !ok {
			return nil, failure("INTERNAL", "no such value")
		}
		return give(value), nil
	}}
}

// field is a field with arguments.
func field[T any](of, arguments string, give func(*execution, T, map[string]any) (any, error)) fieldDef {
	return fieldDef{of: of, arguments: arguments, resolve: func(x *execution, on any, args map[string]any) (any, error) {
		value, ok := on.(T)
		if !ok {
			return nil, failure("INTERNAL", "no such value")
		}
		return give(x, value, args)
	}}
}

func newSchema() map[string]typeDef {
	return map[string]typeDef{
		"Query": {
			"repository": {arguments: "owner! name! followRenames", of: "Repository", resolve: repositoryField},
			"rateLimit":  {of: "RateLimit", resolve: func(*execution, any, map[string]any) (any, error) { return doc{}, nil }},
		},
		"Mutation":                           mutationType(),
		"Repository":                         repositoryType(),
		"GitObject":                          gitObjectType(),
		"Blob":                               blobType(),
		"Tree":                               treeType(),
		"TreeEntry":                          treeEntryType(),
		"Commit":                             commitType(),
		"GitSignature":                       {"isValid": scalar(isTrue), "state": scalar(func(bool) any { return "VALID" }), "wasSignedByGitHub": scalar(isTrue)},
		"Ref":                                refType(),
		"RateLimit":                          rateLimitType(),
		"PullRequest":                        pullType(),
		"Actor":                              {"login": scalar(func(a *account) any { return a.login })},
		"PullRequestReviewConnection":        connectionType("PullRequestReview"),
		"PullRequestReviewThreadConnection":  connectionType("PullRequestReviewThread"),
		"PullRequestReviewCommentConnection": connectionType("PullRequestReviewComment"),
		"PageInfo": {
			"hasNextPage":     scalar(func(c connection) any { return c.to < c.total }),
			"hasPreviousPage": scalar(func(c connection) any { return c.from > 0 }),
			"endCursor":       scalar(func(c connection) any { return cursor(c.to) }),
			"startCursor":     scalar(func(c connection) any { return cursor(c.from) }),
		},
		"PullRequestReview":           reviewType(),
		"PullRequestReviewThread":     threadType(),
		"PullRequestReviewComment":    commentType(),
		"CreateCommitOnBranchPayload": commitPayloadType(),
		"MinimizeCommentPayload": {
			"minimizedComment": link("Minimizable", func(m minimizable) any { return m }),
			"clientMutationId": scalar(func(minimizable) any { return nil }),
		},
		"Minimizable": {
			"isMinimized":     scalar(func(minimizable) any { return true }),
			"minimizedReason": scalar(func(m minimizable) any { return m.reason }),
		},
		"ResolveReviewThreadPayload": {
			"thread":           link("PullRequestReviewThread", func(t *reviewComment) any { return t }),
			"clientMutationId": scalar(func(*reviewComment) any { return nil }),
		},
	}
}

func isTrue(b bool) any { return b }

func repositoryField(x *execution, _ any, args map[string]any) (any, error) {
	owner, name := text(args["owner"]), text(args["name"])
	s := x.call.server
	r := s.repository(owner + "/" + name)
	if follow, given := args["followRenames"]; r == nil && (!given || follow == true) {
		r = s.renamed(owner + "/" + name)
	}
	missing := failure("NOT_FOUND", "Could not resolve to a Repository with the name '%s/%s'.", owner, name)
	if r == nil {
		return nil, missing
	}
	if err := x.call.reach(r, "metadata:read"); err != nil {
		return nil, missing
	}
	return r, nil
}

func text(value any) string {
	s, ok := value.(string)
	if !ok {
		return ""
	}
	return s
}

// number reads an argument that came as JSON or in the query.
func number(value any, otherwise int) int {
	switch v := value.(type) {
	case int64:
		return int(v)
	case float64:
		return int(v)
	default:
		return otherwise
	}
}

func repositoryType() typeDef {
	return typeDef{
		"id":               scalar(func(r *repository) any { return nodeID("R", r.id) }),
		"databaseId":       scalar(func(r *repository) any { return r.id }),
		"name":             scalar(func(r *repository) any { return r.name }),
		"nameWithOwner":    scalar(func(r *repository) any { return r.fullName() }),
		"isArchived":       scalar(func(r *repository) any { return r.archived }),
		"isPrivate":        scalar(func(r *repository) any { return r.private }),
		"isFork":           scalar(func(r *repository) any { return r.source != nil }),
		"defaultBranchRef": link("Ref", func(r *repository) any { return refOrNil(r, branchPrefix+r.defaultBranch) }),
		"object":           field("GitObject", "oid expression", objectField),
		"ref": field("Ref", "qualifiedName!", func(x *execution, r *repository, args map[string]any) (any, error) {
			if x.call.reach(r, "contents:read") != nil {
				return nil, forbiddenField()
			}
			name := text(args["qualifiedName"])
			if !strings.HasPrefix(name, "refs/") {
				name = branchPrefix + name
			}
			return refOrNil(r, name), nil
		}),
		"pullRequest": field("PullRequest", "number!", func(x *execution, r *repository, args map[string]any) (any, error) {
			if x.call.reach(r, "pull_requests:read") != nil {
				return nil, forbiddenField()
			}
			n := number(args["number"], 0)
			if p := r.pull(int64(n)); p != nil {
				return p, nil
			}
			return nil, failure("NOT_FOUND", "Could not resolve to a PullRequest with the number of %d.", n)
		}),
	}
}

func refOrNil(r *repository, name string) any {
	if _, ok := r.refs[name]; !ok {
		return nil
	}
	return refValue{r, name}
}

// objectField finds an object by its hash, or by an expression such as
// "HEAD:main.bicep". What is not there is null, not an error.
func objectField(x *execution, r *repository, args map[string]any) (any, error) {
	if x.call.reach(r, "contents:read") != nil {
		return nil, forbiddenField()
	}
	revision, path, hasPath := text(args["oid"]), "", false
	if revision == "" {
		revision, path, hasPath = strings.Cut(text(args["expression"]), ":")
	}
	hash, ok := r.resolve(revision)
	if !ok || !x.call.server.visible(hash) {
		return nil, nil
	}
	if !hasPath {
		return gitObject{r, hash}, nil
	}
	if hash, ok = r.network.treeOf(hash); !ok {
		return nil, nil
	}
	if path != "" {
		entry, found := r.network.entry(hash, path)
		if !found || entry.Mode == filemode.Submodule {
			return nil, nil
		}
		hash = entry.Hash
	}
	return gitObject{r, hash}, nil
}

func rateLimitType() typeDef {
	left := func(give func(limit, used int) any) fieldDef {
		return fieldDef{resolve: func(x *execution, _ any, _ map[string]any) (any, error) {
			s := x.call.server
			limit := s.options.Limits.PrimaryRate.of(primaryRate)
			return give(limit, s.meterOf(x.call.who, "graphql").hour.used), nil
		}}
	}
	return typeDef{
		"cost":      left(func(int, int) any { return 1 }),
		"limit":     left(func(limit, _ int) any { return limit }),
		"used":      left(func(_, used int) any { return used }),
		"remaining": left(func(limit, used int) any { return limit - used }),
	}
}
