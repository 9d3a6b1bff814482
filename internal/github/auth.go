package github

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// freshToken is how long GitHub may not know a new token.
const freshToken = 10 * time.Second

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
