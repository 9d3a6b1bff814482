package github

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

func answer(status int, headers ...string) *http.Response {
	h := make(http.Header)
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{
		StatusCode: status, Header: h,
		Request: &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/repos/a/b", RawQuery: "x=1"}},
	}
}

func TestClassifyLimits(t *testing.T) {
	t.Parallel()
	now := newFakeClock().Now()
	date := now.Add(time.Hour) // GitHub's clock, an hour ahead of ours
	resetText := strconv.FormatInt(date.Add(10*time.Minute).Unix(), 10)
	for _, tt := range []struct {
		name     string
		resp     *http.Response
		body     string
		strikes  int
		resource string
		want     time.Duration
	}{
		{"retry-after", answer(403, "Retry-After", "17"), `{}`, 0, "secondary", 17 * time.Second},
		{"429 with retry-after", answer(429, "Retry-After", "17"), `{}`, 0, "secondary", 17 * time.Second},
		{"retry-after as a date", answer(429, "Date", date.Format(http.TimeFormat), "Retry-After", date.Add(90*time.Second).Format(http.TimeFormat)), ``, 0, "secondary", 90 * time.Second},
		{"primary", answer(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", resetText, "Date", date.Format(http.TimeFormat)), ``, 0, "core", 10*time.Minute + time.Second},
		{"primary by another name", answer(429, "X-RateLimit-Remaining", "0", "X-RateLimit-Resource", "graphql", "Retry-After", "5"), ``, 0, "graphql", 5 * time.Second},
		{"primary without a reset", answer(403, "X-RateLimit-Remaining", "0"), ``, 0, "core", time.Minute},
		{"reset in the past", answer(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "12"), ``, 0, "core", time.Second},
		{"reset far away", answer(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "99999999999"), ``, 0, "core", maxLimitWait},
		{"bare 429", answer(429), ``, 0, "secondary", time.Minute},
		{"bare 429 again", answer(429), ``, 2, "secondary", 4 * time.Minute},
		{"bare 429 many times", answer(429), ``, 60, "secondary", 64 * time.Minute},
		{"by its message", answer(403, "X-RateLimit-Remaining", "4000"), `{"message":"You have exceeded a secondary rate limit."}`, 0, "secondary", time.Minute},
		{"by its page", answer(403), `{"message":"x","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`, 0, "secondary", time.Minute},
		{"comments too fast", answer(422, "X-RateLimit-Remaining", "4000"), `{"message":"Validation Failed","errors":[{"code":"custom","message":"was submitted too quickly"}]}`, 0, "secondary", time.Minute},
		{"both limits at once", answer(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", resetText, "Date", date.Format(http.TimeFormat), "X-RateLimit-Resource", "graphql"), `{"message":"You have exceeded a secondary rate limit."}`, 0, "graphql", 10*time.Minute + time.Second},
		{"abuse, as it was called", answer(403), `{"message":"You have triggered an abuse detection mechanism."}`, 0, "secondary", time.Minute},
		{"nonsense", answer(429, "Retry-After", "soon"), `<html>`, 0, "secondary", time.Minute},
		{"negative", answer(429, "Retry-After", "-5"), ``, 0, "secondary", time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := classify(tt.resp, []byte(tt.body), now, tt.strikes)
			limit, ok := errors.AsType[*RateLimitError](err)
			if !ok {
				t.Fatalf("not a limit: %v", err)
			}
			if limit.Resource != tt.resource || limit.RetryAfter() != tt.want {
				t.Errorf("got %s for %s, want %s for %s", limit.RetryAfter(), limit.Resource, tt.want, tt.resource)
			}
		})
	}
}

func TestClassifyStatuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		status    int
		body      string
		permanent bool
		is        error
		says      string
	}{
		{"not found", 404, `{"message":"Not Found"}`, true, ErrNotFound, "404 Not Found"},
		{"gone", 410, ``, true, ErrNotFound, "410"},
		{"no permission", 403, `{"message":"Resource not accessible by integration"}`, true, ErrForbidden, "not accessible"},
		{"archived", 403, `{"message":"Repository was archived so is read-only."}`, true, ErrForbidden, "archived"},
		{"suspended", 403, `{"message":"This installation has been suspended"}`, true, ErrForbidden, "suspended"},
		{"blocked", 451, ``, true, ErrForbidden, "451"},
		{"invalid", 422, `{"message":"Validation Failed","errors":[{"message":"bad line"},{"field":"path","code":"missing"},"text"]}`, true, nil, "Validation Failed; bad line; path missing; text"},
		{"empty repository", 409, `{"message":"Git Repository is empty."}`, true, nil, "empty"},
		{"address not allowed", 403, `{"message":"Although you appear to have the correct authorization credentials, the organization has an IP allow list enabled"}`, true, ErrForbidden, "IP allow list"},
		{"unavailable", 503, `{"message":"Service unavailable"}`, false, nil, "503"},
		{"conflict", 409, `{"message":"Conflict"}`, false, nil, "409"},
		{"bad credentials", 401, `{"message":"Bad credentials"}`, false, nil, "Bad credentials"},
		{"server error", 500, `oops`, false, nil, "500"},
		{"bad gateway", 502, `<html>`, false, nil, "502"},
		{"hostile message", 404, `{"message":"a\u001b[31m\nb\u202ec"}`, true, ErrNotFound, "a [31m b c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := classify(answer(tt.status, "X-GitHub-Request-Id", "AB:CD"), []byte(tt.body), time.Now(), 0)
			status, ok := errors.AsType[*StatusError](err)
			if !ok {
				t.Fatalf("got %T", err)
			}
			if status.Permanent() != tt.permanent {
				t.Errorf("permanent is %v", status.Permanent())
			}
			for _, target := range []error{ErrNotFound, ErrForbidden} {
				if got := errors.Is(err, target); got != errors.Is(tt.is, target) {
					t.Errorf("is %v: %v", target, got)
				}
			}
			if s := err.Error(); !strings.Contains(s, tt.says) || !strings.HasPrefix(s, "GET /repos/a/b: ") || !strings.HasSuffix(s, "(request AB:CD)") {
				t.Errorf("says %q", s)
			}
		})
	}
}
