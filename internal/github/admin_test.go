package github

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConvertManifest(t *testing.T) {
	t.Parallel()
	const path = "POST /app-manifests/c0de/conversions"
	good := reply(201, `{"id":5,"slug":"bot","pem":"key","webhook_secret":"s"}`)
	for _, tt := range []struct {
		name, code string
		answer     http.HandlerFunc
		want       Credentials
		says       string
	}{
		{"good", "c0de", good, Credentials{AppID: 5, Slug: "bot", PrivateKey: []byte("key"), WebhookSecret: "s"}, ""},
		{"used twice", "c0de", reply(404, `{"message":"Not Found"}`), Credentials{}, "404"},
		{"connection lost", "c0de", reply(http.StatusTeapot, ``), Credentials{}, "EOF"},
		{"nothing in it", "c0de", reply(201, `{}`), Credentials{}, "no credentials"},
		{"elsewhere", "c0de", reply(302, ``, "Location", "https://evil.example.com/"), Credentials{}, "evil.example.com"},
		{"not a code", "../app", good, Credentials{}, "characters"},
		{"no code", "", good, Credentials{}, "characters"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			s.mux.HandleFunc(path, tt.answer)
			got, err := ConvertManifest(t.Context(), Options{APIURL: "http://localhost", Transport: s}, tt.code)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			switch {
			case tt.says == "" && err != nil:
				t.Error(err)
			case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "c0de")):
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	const contents = "GET /repos/acme/.github/contents/"
	s.mux.HandleFunc(contents+"a%23b/..c.yml", reply(200, `{"type":"file","encoding":"base64","content":"eA==\n"}`))
	s.mux.HandleFunc(contents+"large.yml", reply(200, `{"type":"file","encoding":"none","content":""}`))
	s.mux.HandleFunc(contents+"link.yml", reply(200, `{"type":"symlink","target":"x"}`))
	s.mux.HandleFunc(contents+"odd.yml", reply(200, `{"type":"file","encoding":"base64","content":"!"}`))
	s.mux.HandleFunc(contents+"dir", reply(200, `[{"type":"file"}]`))
	app := newTestApp(t, s)
	if got, err := app.File(t.Context(), 7, "acme", ".github", "a#b/..c.yml"); err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
	const narrow = `{"repositories":[".github"],"permissions":{"contents":"read","metadata":"read"}}`
	if diff := cmp.Diff([]string{narrow + "\n"}, s.tokens); diff != "" {
		t.Error(diff)
	}
	for path, is := range map[string]error{
		"large.yml": ErrTooLarge, "link.yml": ErrNotFound, "missing.yml": ErrNotFound, "odd.yml": nil, "dir": ErrNotFound,
		"": nil, "../x": nil, "/x": nil, "a//b": nil, "a/../b": nil,
	} {
		if got, err := app.File(t.Context(), 7, "acme", ".github", path); err == nil || is != nil && !errors.Is(err, is) {
			t.Errorf("%q: %q, %v", path, got, err)
		}
	}
	for _, c := range []struct {
		installation int64
		owner, name  string
	}{{0, "acme", ".github"}, {7, "..", ".github"}, {7, "acme", "a/b"}} {
		if got, err := app.File(t.Context(), c.installation, c.owner, c.name, "x.yml"); err == nil {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
