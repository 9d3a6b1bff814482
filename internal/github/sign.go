package github

import (
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
)

// The life of a JWT, after
// https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
const (
	jwtBackdate = time.Minute      // against clocks that differ a little
	jwtLife     = 8 * time.Minute  // GitHub's limit is 10 from its own now
	skewNoticed = 20 * time.Second // smaller differences are not a clock's fault
)

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
