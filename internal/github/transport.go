package github

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"
)

const (
	maxAnswerBytes  = 64 << 20 // of any answer, after decompression
	maxMessageBytes = 1 << 20  // of an answer that is an error
	readAttempts    = 3
	firstBackoff    = 500 * time.Millisecond
)

// Transports, outside in: observer, limiter, repeater, authentication, wire.

// observer reports every request to the outside, with what came of it.
type observer struct {
	next  http.RoundTripper
	clock Clock
	tell  func(*http.Request, *http.Response, error, time.Duration)
}

func (o *observer) RoundTrip(req *http.Request) (*http.Response, error) {
	start := o.clock.Now()
	resp, err := o.next.RoundTrip(req)
	o.tell(req, resp, err, o.clock.Now().Sub(start))
	return resp, err
}

// limiter asks the gate before each request and turns every answer that is an
// error into a Go error. It takes the rate headers away, because go-github
// keeps a gate of its own, by its own clock, behind them.
type limiter struct {
	next http.RoundTripper
	gate *gate
}

func (l *limiter) RoundTrip(req *http.Request) (*http.Response, error) {
	graphql := strings.HasSuffix(req.URL.Path, "/graphql")
	resource := "core"
	if graphql {
		resource = "graphql"
	}
	if err := l.gate.admit(req.Context(), resource, !repeatable(req)); err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		l.gate.release()
		if limit, ok := errors.AsType[*RateLimitError](err); ok {
			l.gate.limited(limit)
		}
		return nil, err
	}
	resp.Body = &onClose{ReadCloser: resp.Body, do: sync.OnceFunc(l.gate.release)}
	l.gate.note(resp.Header)
	if err := l.judge(resp, graphql); err != nil {
		if closeErr := resp.Body.Close(); closeErr != nil {
			return nil, errors.Join(err, closeErr)
		}
		return nil, err
	}
	for _, h := range [...]string{"Limit", "Remaining", "Reset", "Used", "Resource"} {
		resp.Header.Del("X-RateLimit-" + h)
	}
	return resp, nil
}

func (l *limiter) judge(resp *http.Response, graphql bool) error {
	if resp.StatusCode >= http.StatusBadRequest {
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxMessageBytes))
		if err != nil {
			body = nil // the status says enough
		}
		err = classify(resp, body, l.gate.clock.Now(), l.gate.struck())
		if limit, ok := errors.AsType[*RateLimitError](err); ok {
			l.gate.limited(limit)
		}
		return err
	}
	if graphql && resp.StatusCode == http.StatusOK {
		return l.judgeGraphQL(resp)
	}
	l.gate.succeeded()
	return nil
}

// judgeGraphQL looks for a rate limit in an answer that claims success:
// https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
func (l *limiter) judgeGraphQL(resp *http.Response) error {
	body, err := readAll(resp.Body, maxAnswerBytes)
	if err != nil {
		return fmt.Errorf("read graphql answer: %w", err)
	}
	if tooDeep(body) || !gjson.ValidBytes(body) {
		return errors.New("graphql answer is not JSON")
	}
	limited := false
	gjson.GetBytes(body, "errors").ForEach(func(_, e gjson.Result) bool {
		limited = e.Get("type").String() == "RATE_LIMITED" || saysLimit(e.Get("message").String())
		return !limited
	})
	if limited {
		resource := "secondary"
		if resp.Header.Get("X-RateLimit-Remaining") == "0" {
			resource = "graphql"
		}
		limit := &RateLimitError{Resource: resource, Wait: limitWait(resp.Header, l.gate.clock.Now(), l.gate.struck())}
		l.gate.limited(limit)
		return limit
	}
	l.gate.succeeded()
	if err := resp.Body.Close(); err != nil {
		return fmt.Errorf("close graphql answer: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// repeater sends requests that change nothing again when the connection or the
// server failed them.
type repeater struct {
	next  http.RoundTripper
	clock Clock
}

func (r *repeater) RoundTrip(req *http.Request) (*http.Response, error) {
	attempts := 1
	if repeatable(req) && (req.Body == nil || req.GetBody != nil) {
		attempts = readAttempts
	}
	defer closeBody(req)
	for n := 1; ; n++ {
		again, err := repeat(req)
		if err != nil {
			return nil, err
		}
		resp, err := r.next.RoundTrip(again)
		if n == attempts || !transient(req.Context(), resp, err) {
			return resp, err
		}
		if resp != nil {
			drain(resp)
		}
		if err := r.clock.Sleep(req.Context(), backoff(n)); err != nil {
			return nil, err
		}
	}
}

// transient reports whether the same request may well succeed next time.
func transient(ctx context.Context, resp *http.Response, err error) bool {
	if err == nil {
		return resp.StatusCode >= http.StatusInternalServerError && resp.StatusCode != http.StatusNotImplemented
	}
	_, judged := errors.AsType[interface {
		error
		Permanent() bool
	}](err)
	_, limited := errors.AsType[*RateLimitError](err)
	_, aboutToken := errors.AsType[*tokenError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err) // and will be in a second
	return ctx.Err() == nil && !judged && !limited && !aboutToken && !untrusted
}

func backoff(n int) time.Duration {
	d := firstBackoff << (n - 1)
	return d + rand.N(d/2) //nolint:gosec // G404: spreads repetitions, guards nothing
}

// wire is the innermost of our transports: it knows the one host that tokens
// may go to, and bounds what comes back.
type wire struct {
	next http.RoundTripper
	api  *url.URL
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if !sameHost(req.URL, w.api) {
		closeBody(req)
		return nil, permanent("refused to send credentials to %s://%s", req.URL.Scheme, req.URL.Host)
	}
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: maxAnswerBytes}
	return resp, nil
}

// sameHost reports whether a URL is on the API's host, by the same scheme.
func sameHost(u, api *url.URL) bool {
	return u.Scheme == api.Scheme && strings.EqualFold(u.Host, api.Host) && u.User == nil
}

// redirects is the policy of every client: within the API's host, as for a
// repository that was renamed, and nowhere else. Without it a token would
// follow to whatever host an answer names.
func redirects(api *url.URL) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		if !sameHost(req.URL, api) {
			return permanent("refused redirect to %s://%s", req.URL.Scheme, req.URL.Host)
		}
		if len(via) >= 5 {
			return permanent("refused more than 5 redirects")
		}
		return nil
	}
}

// bounded is a body that ends in [ErrTooLarge] rather than without end.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		// The body may end exactly here: one byte more decides.
		var one [1]byte
		n, err := b.ReadCloser.Read(one[:])
		if n > 0 {
			return 0, permanentError{ErrTooLarge}
		}
		return 0, err
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}

// onClose is a body that tells when it is done with.
type onClose struct {
	io.ReadCloser
	do func()
}

func (c *onClose) Close() error {
	defer c.do()
	return c.ReadCloser.Close()
}

// repeat is the request once more, with a body of its own where it has one and
// can be had again. The caller closes the original's.
func repeat(req *http.Request) (*http.Request, error) {
	again := req.Clone(req.Context())
	if req.Body != nil && req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		again.Body = body
	}
	return again, nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close() //nolint:errcheck // a request body is a buffer
	}
}

// drain reads what is left of an answer nobody wants, so that its connection
// can be used again.
func drain(resp *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxMessageBytes)) //nolint:errcheck // the answer is being thrown away
	_ = resp.Body.Close()                                                  //nolint:errcheck // likewise
}
