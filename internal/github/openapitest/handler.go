package openapitest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Handler serves as next does and makes each request and each answer that
// GitHub's description does not allow an error of the test. The prefix is that
// of an enterprise server's API, "/api/v3", or empty. Of GraphQL it
// looks at the variables; the queries are for the stand-in's own schema to check.
func Handler(t testing.TB, prefix string, next http.Handler) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, isAPI := strings.CutPrefix(r.URL.EscapedPath(), prefix)
		graphql := strings.HasSuffix(path, "/graphql")
		if !isAPI && !graphql {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read %s %s: %v", r.Method, path, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if graphql {
			if err := Variables(body); err != nil {
				t.Error(err)
			}
			next.ServeHTTP(w, r)
			return
		}
		target, err := url.Parse(path + "?" + r.URL.RawQuery)
		if err == nil {
			err = Request(r.Method, target, body)
		}
		if err != nil {
			t.Error(err)
		}
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		if err := Answer(r.Method, path, recorder.Code, recorder.Header(), recorder.Body.Bytes()); err != nil {
			t.Error(err)
		}
		maps.Copy(w.Header(), recorder.Header())
		w.WriteHeader(recorder.Code)
		if _, err := w.Write(recorder.Body.Bytes()); err != nil && r.Context().Err() == nil {
			t.Errorf("answer %s %s: %v", r.Method, path, err)
		}
	})
}
