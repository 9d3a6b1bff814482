package githubtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// doc is a JSON object on its way out.
type doc = map[string]any

// answer is what a handler gives back: a body to encode, or else bytes to send
// as they are. Without either, none is sent. A body may hold parts of the world,
// and so is encoded while the world is locked.
type answer struct {
	status int
	body   any
	raw    []byte
	header http.Header
}

func ok(body any) answer      { return answer{status: http.StatusOK, body: body} }
func created(body any) answer { return answer{status: http.StatusCreated, body: body} }

const docsURL = "https://docs.github.com/rest"

// apiError is a refusal in GitHub's own shape.
type apiError struct {
	status  int
	message string
	docs    string
	errors  []doc
	reasons []string // where GitHub's errors are mere sentences
	header  http.Header
}

// Error implements error.
func (e *apiError) Error() string { return fmt.Sprintf("%d %s", e.status, e.message) }

func refuse(status int, format string, args ...any) *apiError {
	return &apiError{status: status, message: fmt.Sprintf(format, args...), docs: docsURL}
}

func notFound() *apiError { return refuse(http.StatusNotFound, "Not Found") }

func forbidden() *apiError {
	return refuse(http.StatusForbidden, "Resource not accessible by integration")
}

// invalid is the answer to a value that GitHub's schema refuses.
func invalid(format string, args ...any) *apiError {
	return refuse(http.StatusUnprocessableEntity, "Invalid request.\n\n"+format, args...)
}

// unprocessable is the answer to a value that GitHub's models refuse.
func unprocessable(resource, field, format string, args ...any) *apiError {
	e := refuse(http.StatusUnprocessableEntity, "Validation Failed")
	e.errors = []doc{{"resource": resource, "field": field, "code": "custom", "message": fmt.Sprintf(format, args...)}}
	return e
}

func (e *apiError) answer() answer {
	body := doc{"message": e.message, "documentation_url": e.docs, "status": strconv.Itoa(e.status)}
	if e.errors != nil {
		body["errors"] = e.errors
	}
	if e.reasons != nil {
		body["errors"] = e.reasons
	}
	return answer{status: e.status, body: body, header: e.header}
}

// encoded is the answer with its body as bytes.
func (a answer) encoded() (answer, error) {
	if a.body == nil {
		return a, nil
	}
	text, err := json.Marshal(a.body)
	if err != nil {
		return a, fmt.Errorf("encode answer: %w", err)
	}
	header := http.Header{}
	maps.Copy(header, a.header)
	header.Set("Content-Type", "application/json; charset=utf-8")
	return answer{status: a.status, raw: text, header: header}, nil
}

func (a answer) write(w http.ResponseWriter) error {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	if _, err := w.Write(a.raw); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// page is the part of a list that a request asks for.
type page struct{ number, size int }

func (c *call) page() page {
	p := page{number: queryInt(c.request, "page", 1), size: queryInt(c.request, "per_page", defaultPageSize)}
	p.size = min(p.size, c.server.options.Limits.PageSize.of(pageSize))
	return p
}

func queryInt(r *http.Request, name string, otherwise int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil || n < 1 {
		return otherwise
	}
	return n
}

// paged cuts a list to the page asked for and adds the Link header that says
// where the others are.
func paged[T any](c *call, items []T) ([]T, http.Header) {
	p := c.page()
	last := max(1, (len(items)+p.size-1)/p.size)
	start := len(items)
	if p.number <= last {
		start = (p.number - 1) * p.size
	}
	end := min(start+p.size, len(items))
	var links []string
	link := func(number int, relation string) {
		links = append(links, fmt.Sprintf("<%s>; rel=%q", c.pageURL(number), relation))
	}
	if p.number > 1 {
		link(p.number-1, "prev")
	}
	if p.number < last {
		link(p.number+1, "next")
		link(last, "last")
	}
	if p.number > 1 {
		link(1, "first")
	}
	header := http.Header{}
	if links != nil {
		header.Set("Link", strings.Join(links, ", "))
	}
	return items[start:end:end], header
}

func (c *call) pageURL(number int) string {
	query := url.Values{}
	maps.Copy(query, c.request.URL.Query())
	query.Set("page", strconv.Itoa(number))
	return c.server.apiURL(c.path) + "?" + query.Encode()
}

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
