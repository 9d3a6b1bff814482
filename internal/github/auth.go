package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
	gh "github.com/google/go-github/v60/github"
	"github.com/tidwall/gjson"
	"golang.org/x/sync/singleflight"
)

// Lives of credentials, after
// https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
const (
	jwtBackdate  = time.Minute     // against clocks that differ a little
	jwtLife      = 8 * time.Minute // GitHub's limit is 10 from its own now
	tokenTimeout = 30 * time.Second
	freshToken   = 10 * time.Second // how long GitHub may not know a new token
	maxTokens    = 1000             // kept per installation
	skewNoticed  = 20 * time.Second // smaller differences are not a clock's fault
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

// signer signs the App's JWT by GitHub's clock as far as it is known. It
// replaces the claims that ghinstallation makes from the machine's clock.
type signer struct {
	ghinstallation.Signer
	clock Clock
	app   int64
	skew  atomic.Int64 // GitHub's clock minus ours, in nanoseconds
}

// Sign implements [ghinstallation.Signer].
func (s *signer) Sign(jwt.Claims) (string, error) {
	now := s.clock.Now().Add(time.Duration(s.skew.Load())).Truncate(time.Second)
	return s.Signer.Sign(&jwt.RegisteredClaims{
		IssuedAt:  jwt.NewNumericDate(now.Add(-jwtBackdate)),
		ExpiresAt: jwt.NewNumericDate(now.Add(jwtLife)),
		Issuer:    strconv.FormatInt(s.app, 10),
	})
}

// errSkewed says that a JWT was refused, that the clocks turned out to differ,
// and that one signed now would be different.
var errSkewed = permanentError{errors.New("clock differs from GitHub's")}

// adjust learns GitHub's clock from a refusal. It reports whether that changes
// what Sign makes.
func (s *signer) adjust(h http.Header) bool {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return false
	}
	skew := date.Sub(s.clock.Now())
	was := time.Duration(s.skew.Swap(int64(skew)))
	return (skew - was).Abs() > skewNoticed
}

// signed is the transport below an AppsTransport: it sees what GitHub says to
// a JWT.
type signed struct {
	next   http.RoundTripper
	signer *signer
}

func (s *signed) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || !s.signer.adjust(resp.Header) {
		return resp, err
	}
	drain(resp)
	return nil, errSkewed
}

// appAuth sends requests as the App itself.
type appAuth struct {
	apps *ghinstallation.AppsTransport
}

func (a *appAuth) RoundTrip(req *http.Request) (*http.Response, error) {
	defer closeBody(req)
	for retried := false; ; retried = true {
		again, err := repeat(req) // AppsTransport writes into the headers it is given
		if err != nil {
			return nil, err
		}
		resp, err := a.apps.RoundTrip(again)
		if retried || !errors.Is(err, errSkewed) {
			return resp, err
		}
	}
}

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

type tokenKey struct {
	repo        int64
	name        string // see scope
	permissions permissions
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
// that was not granted, or for a
// repository that is not there or not the installation's, is refused with
// status 422.
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

// installationAuth sends requests with the token their scope asks for. A
// request that is refused for its token was not carried out, so any request
// may be sent again.
type installationAuth struct {
	next   http.RoundTripper
	tokens *tokens
	clock  Clock
	count  *atomic.Int64
}

func (a *installationAuth) RoundTrip(req *http.Request) (*http.Response, error) {
	defer closeBody(req)
	s, ok := scopeOf(req.Context())
	if !ok {
		return nil, permanent("request without a scope")
	}
	key := tokenKey{s.repo, s.name, s.permissions}
	for n := 1; ; n++ {
		value, age, err := a.tokens.take(req.Context(), key)
		if err != nil {
			return nil, err
		}
		again, err := repeat(req)
		if err != nil {
			return nil, err
		}
		again.Header.Set("Authorization", "token "+value)
		a.count.Add(1)
		resp, err := a.next.RoundTrip(again)
		if err != nil || n >= readAttempts || req.Body != nil && req.GetBody == nil {
			return resp, err
		}
		refused, err := refusal(resp)
		if err != nil || !refused || resp.StatusCode == http.StatusForbidden && age >= freshToken {
			return resp, err
		}
		drain(resp)
		if age < freshToken {
			if err := a.clock.Sleep(req.Context(), time.Second<<(n-1)); err != nil {
				return nil, err
			}
			continue
		}
		a.tokens.drop(key, value)
	}
}

// refusal reports whether an answer may be about the token and not about the
// request. A fresh token sees 401, and 403 without the permissions it has, for
// some seconds, while GitHub copies it to where it is asked for.
func refusal(resp *http.Response) (bool, error) {
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		return true, nil
	case http.StatusForbidden:
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxMessageBytes))
		if err != nil {
			return false, fmt.Errorf("read refusal: %w", err)
		}
		if err := resp.Body.Close(); err != nil {
			return false, fmt.Errorf("close refusal: %w", err)
		}
		resp.Body = io.NopCloser(bytes.NewReader(body))
		message := answerMessage(body)
		_, limited := limitedBy(resp, message, body)
		return !limited && strings.Contains(message, "not accessible by integration"), nil
	}
	return false, nil
}
