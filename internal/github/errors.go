package github

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tidwall/gjson"
)

// The conditions that callers decide by; use [errors.Is].
var (
	// ErrNotFound says that the thing is not there, or that the App may not
	// know of it: GitHub answers 404 for both.
	ErrNotFound = errors.New("not found")
	// ErrForbidden says that the App lacks a permission, or that the
	// repository is archived or the installation suspended.
	ErrForbidden = errors.New("forbidden")
	// ErrHeadMoved says that a branch is no longer where it was expected;
	// nothing was written.
	ErrHeadMoved = errors.New("branch has moved")
	// ErrNotWritable says that a branch does not take the App's commit:
	// protected, archived, gone, or without permission. Nothing was written.
	ErrNotWritable = errors.New("branch is not writable")
	// ErrTooLarge says that an answer is larger than the bounds of this
	// package.
	ErrTooLarge = errors.New("answer too large")
)

// Waits of a limited answer, after
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
const (
	minSecondaryWait = time.Minute      // "at least one minute", growing with each
	maxLimitWait     = 70 * time.Minute // a primary window is an hour
)

// StatusError is an answer of GitHub that is neither success nor a rate limit.
type StatusError struct {
	Method, Path string
	Status       int
	// Message is GitHub's own, made one short line of printable text.
	Message string
	// RequestID is what GitHub's support asks for.
	RequestID string
}

// Error has no secrets: tokens travel in headers, which are not kept.
func (e *StatusError) Error() string {
	s := fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.RequestID != "" {
		s += " (request " + e.RequestID + ")"
	}
	return s
}

// Permanent reports whether asking again cannot help. Bad credentials are not
// permanent: a clock or a key is put right while work waits.
func (e *StatusError) Permanent() bool {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusRequestTimeout:
		return false
	case http.StatusConflict: // also how GitHub says that a repository has no commits
		return strings.Contains(strings.ToLower(e.Message), "empty")
	}
	return e.Status < 500
}

// Is lets [ErrNotFound] and [ErrForbidden] be found by [errors.Is].
func (e *StatusError) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Status == http.StatusNotFound || e.Status == http.StatusGone
	case ErrForbidden:
		return e.Status == http.StatusForbidden || e.Status == http.StatusUnavailableForLegalReasons
	}
	return false
}

// RateLimitError says that GitHub, or this package before it, asks to wait.
type RateLimitError struct {
	// Resource is what is used up: "core", "graphql", "secondary" or "content".
	Resource string
	// Wait is how long, counted from the answer.
	Wait time.Duration
}

// Error names the resource and the wait.
func (e *RateLimitError) Error() string {
	return fmt.Sprintf("%s rate limit of GitHub reached: wait %s", e.Resource, e.Wait.Round(time.Second))
}

// RetryAfter is how long to wait before asking again.
func (e *RateLimitError) RetryAfter() time.Duration { return e.Wait }

// GraphQLError is what a GraphQL answer with status 200 says went wrong.
type GraphQLError struct {
	// Type is GitHub's, such as "NOT_FOUND" or "STALE_DATA"; it may be empty.
	Type    string
	Message string
}

// Error is the type and the message.
func (e *GraphQLError) Error() string {
	if e.Type == "" {
		return "graphql: " + e.Message
	}
	return "graphql: " + e.Type + ": " + e.Message
}

// Permanent reports whether asking again cannot help.
func (e *GraphQLError) Permanent() bool {
	switch e.Type {
	case "NOT_FOUND", "FORBIDDEN", "UNPROCESSABLE", "INSUFFICIENT_SCOPES":
		return true
	}
	return false
}

// Is lets [ErrNotFound] and [ErrForbidden] be found by [errors.Is].
func (e *GraphQLError) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Type == "NOT_FOUND"
	case ErrForbidden:
		return e.Type == "FORBIDDEN" || e.Type == "INSUFFICIENT_SCOPES"
	}
	return false
}

// permanentError is an error that no repetition cures.
type permanentError struct{ error }

func (permanentError) Permanent() bool { return true }
func (e permanentError) Unwrap() error { return e.error }

func permanent(format string, args ...any) error {
	return permanentError{fmt.Errorf(format, args...)}
}

// classify makes the error of an answer with a status of 400 or more. The body
// is what was read of it. Strikes is how many limited answers without a time
// came before this one.
//
// go-github is not asked: v60 knows no 429, and only some of the 403s that are
// limits.
func classify(resp *http.Response, body []byte, now time.Time, strikes int) error {
	message := answerMessage(body)
	if resource, limited := limitedBy(resp, message, body); limited {
		return &RateLimitError{Resource: resource, Wait: limitWait(resp.Header, now, strikes)}
	}
	e := &StatusError{Status: resp.StatusCode, Message: message, RequestID: printable(resp.Header.Get("X-GitHub-Request-Id"), 80)}
	if resp.Request != nil {
		e.Method, e.Path = resp.Request.Method, resp.Request.URL.EscapedPath()
	}
	return e
}

// limitedBy decides whether an answer is a rate limit, and which.
func limitedBy(resp *http.Response, message string, body []byte) (string, bool) {
	if resp.StatusCode == http.StatusUnprocessableEntity {
		// How comments and reviews are refused that come too fast; not documented.
		return "secondary", strings.Contains(message, "submitted too quickly")
	}
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusTooManyRequests {
		return "", false
	}
	if resp.Header.Get("X-RateLimit-Remaining") == "0" {
		if resource := resp.Header.Get("X-RateLimit-Resource"); resource != "" {
			return printable(resource, 40), true
		}
		return "core", true
	}
	doc := gjson.GetBytes(body, "documentation_url").String()
	said := saysLimit(message) || strings.Contains(doc, "rate-limits") || strings.HasSuffix(doc, "#abuse-rate-limits")
	limited := resp.StatusCode == http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "" || said
	return "secondary", limited
}

func saysLimit(message string) bool {
	m := strings.ToLower(message)
	return strings.Contains(m, "rate limit") || strings.Contains(m, "abuse detection")
}

// limitWait is how long a limited answer asks to wait.
func limitWait(h http.Header, now time.Time, strikes int) time.Duration {
	now = githubNow(h, now)
	wait := minSecondaryWait << min(strikes, 6)
	if after, ok := retryAfter(h, now); ok {
		wait = after
	} else if h.Get("X-RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			wait = resetWait(time.Unix(reset, 0), now)
		}
	}
	return min(max(wait, time.Second), maxLimitWait)
}

// githubNow is the time by GitHub's clock, by which it tells a reset, or ours.
func githubNow(h http.Header, now time.Time) time.Time {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		return date
	}
	return now
}

// resetWait is how long it is to the end of a primary window, and a second more
// because it is told in seconds.
func resetWait(reset, now time.Time) time.Duration {
	return min(reset.Sub(now), maxLimitWait) + time.Second
}

// retryAfter reads the header in both of its forms, seconds and a date.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(v, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(v); err == nil {
		return date.Sub(now), true
	}
	return 0, false
}

// answerMessage is the message of an error's body with that of its parts.
func answerMessage(body []byte) string {
	if tooDeep(body) || !gjson.ValidBytes(body) {
		return ""
	}
	parts := []string{gjson.GetBytes(body, "message").String()}
	gjson.GetBytes(body, "errors").ForEach(func(_, e gjson.Result) bool {
		m := e.Get("message").String()
		if e.Type == gjson.String {
			m = e.Str
		}
		if m == "" {
			m = strings.TrimSpace(e.Get("field").String() + " " + e.Get("code").String())
		}
		if m != "" {
			parts = append(parts, m)
		}
		return len(parts) < 5
	})
	return printable(strings.Join(parts, "; "), 400)
}

// printable makes one line of at most limit bytes out of text from outside.
func printable(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(s, "?"))
	return cut(strings.TrimSpace(s), limit)
}

// readAll reads at most limit bytes and refuses more.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, permanentError{ErrTooLarge}
	}
	return b, nil
}
