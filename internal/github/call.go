package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	gh "github.com/google/go-github/v60/github"
	"github.com/tidwall/gjson"
)

// perPage is the largest page that GitHub serves.
const perPage = 100

// path makes the API path of something in the repository. Every part is one
// segment, escaped here: go-github's own methods do not escape, so that a '#'
// in a name ends the path.
func (r Repo) path(parts ...string) (string, error) {
	if !validName(r.Owner) || !validName(r.Name) {
		return "", permanent("not a repository name: %q", r.String())
	}
	if r.ID <= 0 {
		return "", permanent("repository id of %s is not positive", r)
	}
	var b strings.Builder
	b.WriteString("repos/" + r.Owner + "/" + r.Name)
	for _, p := range parts {
		if p == "" || p == "." || p == ".." { // would lead to another path
			return "", permanent("not a name in %s: %q", r, p)
		}
		b.WriteString("/" + url.PathEscape(p))
	}
	return b.String(), nil
}

// call is one request about a repository.
type call struct {
	method      string
	parts       []string   // of the path below the repository
	query       url.Values // may be nil
	body        any        // sent as JSON, nil for none
	permissions permissions
}

// do sends the call and decodes the answer into out, which may be nil.
func (a *App) do(ctx context.Context, repo Repo, c call, out any) error {
	path, err := repo.path(c.parts...)
	if err != nil {
		return err
	}
	if len(c.query) > 0 {
		path += "?" + c.query.Encode()
	}
	inst, err := a.installation(repo.Installation)
	if err != nil {
		return err
	}
	ctx = withScope(ctx, scope{repo: repo.ID, permissions: c.permissions})
	_, err = send(ctx, inst.client, c.method, path, c.body, out)
	return err
}

// get is do for the common case.
func (a *App) get(ctx context.Context, repo Repo, query url.Values, out any, parts ...string) error {
	return a.do(ctx, repo, call{method: http.MethodGet, parts: parts, query: query}, out)
}

// send is the one place where requests leave. go-github's typed methods are
// not used: their types refuse whole answers for one field of a new shape.
func send(ctx context.Context, client *gh.Client, method, path string, body, out any) (*gh.Response, error) {
	req, err := client.NewRequest(method, path, body)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(ctx, req, out)
	if _, accepted := errors.AsType[*gh.AcceptedError](err); accepted {
		return resp, nil // any 202; whoever expects a body finds it empty
	}
	// "Get URL: " is said by http.Client around errors that say it better.
	if e, ok := errors.AsType[*url.Error](err); ok {
		if _, judged := errors.AsType[interface {
			error
			Permanent() bool
		}](err); judged {
			return resp, e.Err
		}
		if limit, ok := errors.AsType[*RateLimitError](err); ok {
			return resp, limit
		}
	}
	return resp, err
}

// graphQL sends a query or a mutation about a repository. The errors of an
// answer that has data too are returned beside it: out is filled either way.
func (a *App) graphQL(ctx context.Context, repo Repo, p permissions, query string, variables map[string]any, out any) ([]GraphQLError, error) {
	if _, err := repo.path(); err != nil {
		return nil, err
	}
	inst, err := a.installation(repo.Installation)
	if err != nil {
		return nil, err
	}
	ctx = withScope(ctx, scope{repo: repo.ID, permissions: p, query: !strings.HasPrefix(query, "mutation")})
	body := map[string]any{"query": query, "variables": variables}
	// Beside the REST API everywhere: /graphql, and /api/graphql on GitHub
	// Enterprise Server.
	var answer bytes.Buffer
	if _, err := send(ctx, inst.client, http.MethodPost, "../graphql", body, &answer); err != nil {
		return nil, err
	}
	var found []GraphQLError
	gjson.GetBytes(answer.Bytes(), "errors").ForEach(func(_, e gjson.Result) bool {
		kind := e.Get("type").String()
		if kind == "" {
			kind = e.Get("extensions.code").String()
		}
		found = append(found, GraphQLError{Type: printable(kind, 80), Message: printable(e.Get("message").String(), 400)})
		return len(found) < perPage
	})
	data := gjson.GetBytes(answer.Bytes(), "data")
	if data.IsObject() {
		if err := json.Unmarshal([]byte(data.Raw), out); err != nil {
			return found, fmt.Errorf("graphql answer: %w", err)
		}
	} else if len(found) == 0 {
		return nil, errors.New("graphql answer has neither data nor errors")
	}
	return found, nil
}
