package github

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"time"

	gh "github.com/google/go-github/v60/github"
)

// maxListPages bounds lists whose length GitHub does not bound.
const maxListPages = 1000

// Info is the App as it is registered, and what its answer tells on the way.
type Info struct {
	ID         int64
	Slug, Name string
	// Permissions are those the App asks for, by name: "read" or "write".
	Permissions map[string]string
	Events      []string
	// Now is GitHub's clock, and Skew how far it is ahead of this machine's, to
	// the second; zero if the answer does not tell.
	Now  time.Time
	Skew time.Duration
}

// Info asks who the App is. It fails when the App's number, key or URL is wrong.
func (a *App) Info(ctx context.Context) (Info, error) {
	var answer struct {
		ID          int64             `json:"id"`
		Slug        string            `json:"slug"`
		Name        string            `json:"name"`
		Permissions map[string]string `json:"permissions"`
		Events      []string          `json:"events"`
	}
	resp, err := send(ctx, a.client, http.MethodGet, "app", nil, &answer)
	if err != nil {
		return Info{}, fmt.Errorf("read app: %w", err)
	}
	info := Info{ID: answer.ID, Slug: answer.Slug, Name: answer.Name, Permissions: answer.Permissions, Events: answer.Events}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		info.Now = date
		info.Skew = date.Sub(a.clock.Now()).Truncate(time.Second)
	}
	return info, nil
}

// Installation is an account that has the App.
type Installation struct {
	ID int64
	// Account is the login of the organisation or user.
	Account   string
	Suspended bool
	// Permissions are those the account has accepted, which may be fewer than
	// the App asks for by now.
	Permissions map[string]string
}

// Installations lists the App's installations.
func (a *App) Installations(ctx context.Context) ([]Installation, error) {
	var all []Installation
	for page := 1; page <= maxListPages; page++ {
		var list []struct {
			ID      int64 `json:"id"`
			Account struct {
				Login string `json:"login"`
			} `json:"account"`
			SuspendedAt *string           `json:"suspended_at"`
			Permissions map[string]string `json:"permissions"`
		}
		if _, err := send(ctx, a.client, http.MethodGet, "app/installations?"+pages(page).Encode(), nil, &list); err != nil {
			return nil, fmt.Errorf("list installations: %w", err)
		}
		for _, i := range list {
			all = append(all, Installation{ID: i.ID, Account: i.Account.Login, Suspended: i.SuspendedAt != nil, Permissions: i.Permissions})
		}
		if len(list) < perPage {
			break
		}
	}
	return all, nil
}

// RepositoryInfo is a repository as it is now.
type RepositoryInfo struct {
	Repo
	DefaultBranch string
	// Archived repositories, and disabled ones, are read-only.
	Archived, Disabled bool
}

func (r repoJSON) info(installation int64) RepositoryInfo {
	return RepositoryInfo{
		Repo:          Repo{Installation: installation, ID: r.ID, Owner: r.Owner.Login, Name: r.Name},
		DefaultBranch: r.DefaultBranch, Archived: r.Archived, Disabled: r.Disabled,
	}
}

// Repositories lists the repositories an installation reaches.
func (a *App) Repositories(ctx context.Context, installation int64) ([]RepositoryInfo, error) {
	inst, err := a.installation(installation)
	if err != nil {
		return nil, err
	}
	ctx = withScope(ctx, scope{permissions: toList})
	var all []RepositoryInfo
	for page := 1; page <= maxListPages; page++ {
		var list struct {
			Repositories []repoJSON `json:"repositories"`
		}
		if _, err := send(ctx, inst.client, http.MethodGet, "installation/repositories?"+pages(page).Encode(), nil, &list); err != nil {
			return nil, fmt.Errorf("list repositories of installation %d: %w", installation, err)
		}
		for _, r := range list.Repositories {
			all = append(all, r.info(installation))
		}
		if len(list.Repositories) < perPage {
			break
		}
	}
	return all, nil
}

// Repository finds a repository by its name, such as the .github repository
// of an organisation.
func (a *App) Repository(ctx context.Context, installation int64, owner, name string) (RepositoryInfo, error) {
	if !validName(owner) || !validName(name) {
		return RepositoryInfo{}, permanent("not a repository name: %q", owner+"/"+name)
	}
	inst, err := a.installation(installation)
	if err != nil {
		return RepositoryInfo{}, err
	}
	var answer repoJSON
	ctx = withScope(ctx, scope{permissions: toList})
	if _, err := send(ctx, inst.client, http.MethodGet, "repos/"+owner+"/"+name, nil, &answer); err != nil {
		return RepositoryInfo{}, fmt.Errorf("read repository %s/%s: %w", owner, name, err)
	}
	return answer.info(installation), nil
}

// File is the content of one file on the default branch of a repository that is
// known by its name only, in one request and with a token for nothing else. It
// is for settings: files over a megabyte are [ErrTooLarge]; templates come by
// [App.Snapshots]. Where the App is not installed on the repository, or there is
// none, it is [ErrForbidden] or [ErrNotFound].
func (a *App) File(ctx context.Context, installation int64, owner, repository, name string) ([]byte, error) {
	full := owner + "/" + repository
	if !validName(owner) || !validName(repository) || name == "" || path.Clean("/"+name) != "/"+name {
		return nil, permanent("not a file of a repository: %q of %q", name, full)
	}
	inst, err := a.installation(installation)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Type     string `json:"type"`
		Encoding string `json:"encoding"`
		Content  string `json:"content"`
	}
	ctx = withScope(ctx, scope{name: repository, permissions: toConfigure})
	_, err = send(ctx, inst.client, http.MethodGet, "repos/"+full+"/contents/"+(&url.URL{Path: name}).EscapedPath(), nil, &answer)
	_, list := errors.AsType[*json.UnmarshalTypeError](err) // what a directory is
	if err != nil && !list {
		return nil, fmt.Errorf("read %s of %s: %w", name, full, err)
	}
	switch {
	case list || answer.Type != "file":
		return nil, permanent("read %s of %s: not a file: %w", name, full, ErrNotFound)
	case answer.Encoding != "base64":
		return nil, permanent("read %s of %s: %w", name, full, ErrTooLarge)
	}
	content, err := base64.StdEncoding.DecodeString(answer.Content)
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", name, full, err)
	}
	return content, nil
}

// Credentials are what GitHub makes of an App's manifest. They are secrets.
type Credentials struct {
	AppID         int64
	Slug          string
	PrivateKey    []byte
	WebhookSecret string
}

// ConvertManifest exchanges the code that GitHub's manifest flow ends with,
// which is good for an hour and for once. It needs no App: of the options only
// APIURL, Transport and UserAgent are read.
// See https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
func ConvertManifest(ctx context.Context, o Options, code string) (Credentials, error) {
	api, err := parseAPIURL(o.APIURL)
	if err != nil {
		return Credentials{}, err
	}
	if !validName(code) {
		return Credentials{}, permanent("manifest code has characters that GitHub's do not have")
	}
	clock := Clock(systemClock{})
	rt := &limiter{next: &wire{next: transport(o.Transport), api: api}, gate: newGate(clock)}
	client := gh.NewClient(&http.Client{Transport: rt, CheckRedirect: redirects(api), Timeout: requestTimeout})
	client.BaseURL = api
	if o.UserAgent != "" {
		client.UserAgent = o.UserAgent
	}
	var answer struct {
		ID     int64  `json:"id"`
		Slug   string `json:"slug"`
		PEM    string `json:"pem"`
		Secret string `json:"webhook_secret"`
	}
	if _, err := send(ctx, client, http.MethodPost, "app-manifests/"+code+"/conversions", nil, &answer); err != nil {
		return Credentials{}, fmt.Errorf("convert manifest: %w", withoutCode(err))
	}
	if answer.ID <= 0 || answer.PEM == "" {
		return Credentials{}, errors.New("convert manifest: answer has no credentials")
	}
	return Credentials{AppID: answer.ID, Slug: answer.Slug, PrivateKey: []byte(answer.PEM), WebhookSecret: answer.Secret}, nil
}

// withoutCode keeps the code, which is a secret while it has not been used, out
// of an error.
func withoutCode(err error) error {
	if e, ok := errors.AsType[*StatusError](err); ok {
		clean := *e
		clean.Path = "/app-manifests/{code}/conversions"
		return &clean
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
