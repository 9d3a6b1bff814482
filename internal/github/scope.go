package github

import (
	"context"
	"net/http"

	gh "github.com/google/go-github/v60/github"
)

// permissions is what a step's token may do; no token carries more than its
// step needs, on more than one repository.
type permissions uint8

const (
	toReview    permissions = iota // read a pull request and its files
	toReport                       // write check runs, also about a permission that is missing
	toCommit                       // write files
	toSuggest                      // write reviews
	toPropose                      // write files and open a pull request with them
	toList                         // see which repositories there are
	toConfigure                    // read a file of settings
)

// tokenKey tells what a token is for.
type tokenKey struct {
	repo        int64
	name        string // see scope
	permissions permissions
}

func (k tokenKey) options() *gh.InstallationTokenOptions {
	read, write := new("read"), new("write")
	granted := &gh.InstallationPermissions{Metadata: read}
	switch k.permissions {
	case toReview:
		granted.Contents, granted.PullRequests = read, read
	case toReport:
		granted.Checks = write
	case toCommit:
		granted.Contents = write
	case toSuggest:
		granted.PullRequests = write
	case toPropose:
		granted.Contents, granted.PullRequests = write, write
	case toConfigure:
		granted.Contents = read
	case toList:
	}
	options := &gh.InstallationTokenOptions{Permissions: granted}
	switch {
	case k.repo != 0:
		options.RepositoryIDs = []int64{k.repo}
	case k.name != "":
		options.Repositories = []string{k.name}
	}
	return options
}

// scope is what a request needs of the transports below it; it travels in the
// request's context.
type scope struct {
	repo        int64
	name        string // of the repository where its number is not known
	permissions permissions
	query       bool // a POST that changes nothing, as GraphQL's queries are
}

type scopeKey struct{}

func withScope(ctx context.Context, s scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

func scopeOf(ctx context.Context) (scope, bool) {
	s, ok := ctx.Value(scopeKey{}).(scope)
	return s, ok
}

// repeatable reports whether a request may be sent twice: it changes nothing.
func repeatable(req *http.Request) bool {
	s, ok := scopeOf(req.Context())
	return req.Method == http.MethodGet || req.Method == http.MethodHead || ok && s.query
}
