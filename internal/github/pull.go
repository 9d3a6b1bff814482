package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxOpenPulls is more than there are pull requests with the same head.
const maxOpenPulls = 100

// visibleAttempts is how often something is asked for that may be too new.
const visibleAttempts = 4

// Pull is a pull request as it is now.
type Pull struct {
	Number int
	// State is "open" or "closed".
	State            string
	HeadSHA, HeadRef string
	BaseRef          string
	// Fork says that the head branch is not in the base repository, or in none
	// any more.
	Fork bool
}

type pullJSON struct {
	Number int      `json:"number"`
	State  string   `json:"state"`
	Head   sideJSON `json:"head"`
	Base   sideJSON `json:"base"`
}

type sideJSON struct {
	SHA  string    `json:"sha"`
	Ref  string    `json:"ref"`
	Repo *repoJSON `json:"repo"`
}

type repoJSON struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Owner struct {
		Login string `json:"login"`
	} `json:"owner"`
	DefaultBranch string `json:"default_branch"`
	Archived      bool   `json:"archived"`
	Disabled      bool   `json:"disabled"`
}

// Pull reads a pull request.
func (a *App) Pull(ctx context.Context, repo Repo, number int) (Pull, error) {
	var p pullJSON
	err := a.whenVisible(ctx, func() error { return a.get(ctx, repo, nil, &p, "pulls", strconv.Itoa(number)) })
	if err != nil {
		return Pull{}, fmt.Errorf("read %s#%d: %w", repo, number, err)
	}
	return p.pull(repo)
}

// whenVisible asks again, a few times, for what is not there: a webhook can
// arrive before what it speaks of can be read everywhere.
func (a *App) whenVisible(ctx context.Context, ask func() error) error {
	for n := 1; ; n++ {
		err := ask()
		if n == visibleAttempts || !invisible(err) {
			return err
		}
		if err := a.clock.Sleep(ctx, time.Second<<(n-1)); err != nil {
			return err
		}
	}
}

// invisible reports whether an error may be about something too new. A commit
// that a new check run names is not found with status 422.
func invisible(err error) bool {
	if _, aboutToken := errors.AsType[*tokenError](err); aboutToken {
		return false
	}
	e, ok := errors.AsType[*StatusError](err)
	if !ok {
		return false
	}
	return e.Status == http.StatusNotFound ||
		e.Status == http.StatusUnprocessableEntity && strings.Contains(strings.ToLower(e.Message), "no commit found")
}

func (p pullJSON) pull(repo Repo) (Pull, error) {
	if !validSHA(p.Head.SHA) || !validSHA(p.Base.SHA) {
		return Pull{}, fmt.Errorf("pull request %s#%d has no head or no base", repo, p.Number)
	}
	return Pull{
		Number: p.Number, State: p.State, HeadSHA: p.Head.SHA, HeadRef: p.Head.Ref, BaseRef: p.Base.Ref,
		Fork: p.Head.Repo == nil || p.Head.Repo.ID != repo.ID,
	}, nil
}

// ListPulls lists the open pull requests of a repository, newest first, at most
// limit of them.
func (a *App) ListPulls(ctx context.Context, repo Repo, limit int) ([]Pull, error) {
	list, err := a.openPulls(ctx, repo, limit, func(pullJSON) bool { return true })
	if err != nil {
		return nil, err
	}
	pulls := make([]Pull, len(list))
	for i, p := range list {
		if pulls[i], err = p.pull(repo); err != nil {
			return nil, err
		}
	}
	return pulls, nil
}

// OpenPullsAt lists the numbers of the open pull requests, newest first, whose
// head is a commit. It finds those from forks, too.
func (a *App) OpenPullsAt(ctx context.Context, repo Repo, head string) ([]int, error) {
	list, err := a.openPulls(ctx, repo, maxOpenPulls, func(p pullJSON) bool { return p.Head.SHA == head })
	if err != nil {
		return nil, err
	}
	numbers := make([]int, len(list))
	for i, p := range list {
		numbers[i] = p.Number
	}
	return numbers, nil
}

func (a *App) openPulls(ctx context.Context, repo Repo, limit int, match func(pullJSON) bool) ([]pullJSON, error) {
	var found []pullJSON
	for page := 1; len(found) < limit; page++ {
		var list []pullJSON
		query := pages(page)
		query.Set("state", "open")
		if err := a.get(ctx, repo, query, &list, "pulls"); err != nil {
			return nil, fmt.Errorf("list pull requests of %s: %w", repo, err)
		}
		for _, p := range list {
			if match(p) {
				found = append(found, p)
			}
		}
		if len(list) < perPage || page == maxListPages {
			break
		}
	}
	return found[:min(len(found), limit)], nil
}

// Head is the commit a branch is at.
func (a *App) Head(ctx context.Context, repo Repo, branch string) (string, error) {
	if branch == "" {
		return "", permanent("head of %s: no branch", repo)
	}
	var ref refJSON
	if err := a.get(ctx, repo, nil, &ref, refParts("ref", branch)...); err != nil {
		return "", fmt.Errorf("head of %s in %s: %w", branch, repo, err)
	}
	if !validSHA(ref.Object.SHA) {
		return "", fmt.Errorf("head of %s in %s: not a commit", branch, repo)
	}
	return ref.Object.SHA, nil
}

// Permission is what a user may do in the repository: "admin", "write",
// "read" or "none". Roles in between count as the weaker of these.
func (a *App) Permission(ctx context.Context, repo Repo, user string) (string, error) {
	var answer struct {
		Permission string `json:"permission"`
	}
	err := a.do(ctx, repo, call{method: http.MethodGet, parts: []string{"collaborators", user, "permission"}}, &answer)
	switch {
	case errors.Is(err, ErrNotFound): // nobody by that name
		return "none", nil
	case err != nil:
		return "", fmt.Errorf("permission of %s in %s: %w", user, repo, err)
	case answer.Permission == "":
		return "none", nil
	}
	return answer.Permission, nil
}

func pages(page int) url.Values {
	return url.Values{"per_page": {strconv.Itoa(perPage)}, "page": {strconv.Itoa(page)}}
}
