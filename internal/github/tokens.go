package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	gh "github.com/google/go-github/v60/github"
	"github.com/tidwall/gjson"
	"golang.org/x/sync/singleflight"
)

const (
	tokenTimeout = 30 * time.Second
	maxTokens    = 1000 // kept per installation
)

// exchange is the transport of token requests. ghinstallation keeps the body
// of a refusal open, and decodes far more of a grant than it uses; so a refusal
// becomes an error here, and a grant is reduced to the token and a time that
// the machine's clock can be held against.
type exchange struct {
	next  http.RoundTripper
	clock Clock
}

func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := x.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := readAll(resp.Body, maxMessageBytes<<4)
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		resp.Request = req
		return nil, classify(resp, body, x.clock.Now(), 0)
	}
	if tooDeep(body) || !gjson.ValidBytes(body) {
		return nil, errors.New("installation token answer is not JSON")
	}
	token := gjson.GetBytes(body, "token")
	expires, err := time.Parse(time.RFC3339, gjson.GetBytes(body, "expires_at").String())
	if token.Type != gjson.String || token.Str == "" || err != nil {
		return nil, errors.New("installation token answer has no token or no expiry")
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		// ghinstallation compares with time.Now, whatever clock we were given.
		expires = time.Now().Add(expires.Sub(date))
	}
	reduced := fmt.Sprintf(`{"token":%s,"expires_at":%q}`, token.Raw, expires.UTC().Format(time.RFC3339))
	resp.Body = io.NopCloser(bytes.NewReader([]byte(reduced)))
	return resp, nil
}

// tokens keeps an installation's tokens, one for each repository and set of
// permissions.
type tokens struct {
	clock        Clock
	installation int64
	newTransport func(*gh.InstallationTokenOptions) (*ghinstallation.Transport, error)

	flight singleflight.Group
	mu     sync.Mutex
	kept   map[tokenKey]*token
}

type token struct {
	source *ghinstallation.Transport
	value  string    // the last one it gave
	since  time.Time // when it first gave it
}

// tokenError marks an error as one of getting a token, which was tried often
// enough.
type tokenError struct {
	installation int64
	error
}

func (e *tokenError) Error() string {
	return fmt.Sprintf("token for installation %d: %v", e.installation, e.error)
}

func (e *tokenError) Unwrap() error { return e.error }

// Is lets [ErrForbidden] be found by [errors.Is]: a token with a permission
// that was not granted, or for a repository that is not there or not the
// installation's, is refused with status 422.
// https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app
func (e *tokenError) Is(target error) bool {
	status, ok := errors.AsType[*StatusError](e.error)
	return ok && target == ErrForbidden && status.Status == http.StatusUnprocessableEntity
}

// take gives a valid token and its age. Several callers share one request,
// which outlives the caller that began it: its cancellation must not fail the
// others.
func (t *tokens) take(ctx context.Context, key tokenKey) (string, time.Duration, error) {
	done := t.flight.DoChan(fmt.Sprintf("%d/%s/%d", key.repo, key.name, key.permissions), func() (any, error) {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenTimeout)
		defer cancel()
		return t.refresh(detached, key)
	})
	select {
	case <-ctx.Done():
		return "", 0, context.Cause(ctx)
	case result := <-done:
		if result.Err != nil {
			return "", 0, result.Err
		}
		got, ok := result.Val.(token)
		if !ok {
			return "", 0, errors.New("token request gave no token")
		}
		return got.value, t.clock.Now().Sub(got.since), nil
	}
}

func (t *tokens) refresh(ctx context.Context, key tokenKey) (token, error) {
	entry, err := t.entry(key)
	if err != nil {
		return token{}, err
	}
	skewed := false
	for n := 1; ; n++ {
		value, err := entry.source.Token(ctx)
		if err == nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			if entry.value != value {
				entry.value, entry.since = value, t.clock.Now()
			}
			return *entry, nil
		}
		if errors.Is(err, errSkewed) && !skewed {
			skewed = true
			continue
		}
		if n >= readAttempts || !transientToken(ctx, err) {
			return token{}, &tokenError{t.installation, plainToken(err)}
		}
		if err := t.clock.Sleep(ctx, backoff(n)); err != nil {
			return token{}, &tokenError{t.installation, err}
		}
	}
}

func transientToken(ctx context.Context, err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.Status >= http.StatusInternalServerError
	}
	return transient(ctx, nil, err)
}

// plainToken takes ghinstallation's three layers of words off an error.
func plainToken(err error) error {
	if e, ok := errors.AsType[*ghinstallation.HTTPError](err); ok && e.RootCause != nil {
		return e.RootCause
	}
	return err
}

func (t *tokens) entry(key tokenKey) (*token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.kept[key]; ok {
		return e, nil
	}
	source, err := t.newTransport(key.options())
	if err != nil {
		return nil, err
	}
	if len(t.kept) >= maxTokens {
		// A token lives an hour: nothing older is worth keeping.
		now := t.clock.Now()
		maps.DeleteFunc(t.kept, func(_ tokenKey, e *token) bool { return now.Sub(e.since) > time.Hour })
	}
	if len(t.kept) >= maxTokens {
		clear(t.kept)
	}
	e := &token{source: source}
	t.kept[key] = e
	return e, nil
}

// drop forgets a token that GitHub refused.
func (t *tokens) drop(key tokenKey, value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.kept[key]; ok && e.value == value {
		delete(t.kept, key)
	}
}
