package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	ocireg "github.com/google/go-containerregistry/pkg/registry"
)

const compiled = `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": []}`

// stand is a registry in this process, with what it was asked.
type stand struct {
	*httptest.Server

	host string
	// answer is asked before the registry, and reports whether it answered.
	answer func(http.ResponseWriter, *http.Request) bool

	mu    sync.Mutex
	asked []string // method and path
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{}
	inner := ocireg.New(ocireg.Logger(log.New(io.Discard, "", 0)))
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		s.mu.Unlock()
		if s.answer == nil || !s.answer(w, r) {
			inner.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.host = u.Host
	return s
}

// count is how many requests had a path with that in it.
func (s *stand) count(part string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, a := range s.asked {
		if strings.Contains(a, part) {
			n++
		}
	}
	return n
}

func (s *stand) client(o Options) *Client {
	return &Client{options: o, transport: &guard{
		direct: s.Client().Transport, proxy: func(*http.Request) bool { return false },
	}}
}

func (s *stand) do(t *testing.T, method, path, contentType string, body []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int    `json:"size"`
}

// push publishes an artifact of tag v1 as Bicep does, and returns the manifest's digest.
func (s *stand) push(t *testing.T, repository, artifact, layer string, content []byte) string {
	t.Helper()
	config := []byte("{}")
	for _, blob := range [][]byte{config, content} {
		s.do(t, http.MethodPost, "/v2/"+repository+"/blobs/uploads/?digest="+digestOf(blob), "application/octet-stream", blob)
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": artifact,
		"config": descriptor{"application/vnd.ms.bicep.module.config.v1+json", digestOf(config), len(config)},
		"layers": []descriptor{{layer, digestOf(content), len(content)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.do(t, http.MethodPut, "/v2/"+repository+"/manifests/v1", "application/vnd.oci.image.manifest.v1+json", manifest)
	return digestOf(manifest)
}

func (s *stand) module(t *testing.T, repository string) string {
	t.Helper()
	return s.push(t, repository, artifactType, layerType, []byte(compiled))
}

// memory is a cache.
type memory struct {
	mu    sync.Mutex
	blobs map[string][]byte
	err   error
}

func (m *memory) Blob(_ context.Context, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	content, ok := m.blobs[key]
	return content, ok, m.err
}

func (m *memory) PutBlobs(_ context.Context, blobs map[string][]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.blobs == nil {
		m.blobs = map[string][]byte{}
	}
	maps.Copy(m.blobs, blobs)
	return m.err
}

func TestModules(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	digest := s.module(t, "bicep/apim/api")
	byTag, byDigest := s.host+"/bicep/apim/api:v1", s.host+"/bicep/apim/api@"+digest
	got := s.client(Options{}).Modules(t.Context(), []string{byTag, byDigest})
	want := map[string]Module{byTag: {Content: []byte(compiled)}, byDigest: {Content: []byte(compiled)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.push(t, "old", "", layerType, []byte(compiled)) // before manifests had a type
	s.push(t, "image", "application/vnd.oci.image.config.v1+json", layerType, []byte(compiled))
	s.push(t, "source", artifactType, "application/vnd.ms.bicep.module.source.v1.tar+gzip", []byte(compiled))
	s.push(t, "large", artifactType, layerType, bytes.Repeat([]byte(" "), MaxBytes+1))
	s.push(t, "limit", artifactType, layerType, bytes.Repeat([]byte(" "), MaxBytes))
	s.module(t, "forged")
	s.module(t, "endless")
	index := []byte(`{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}`)
	s.do(t, http.MethodPut, "/v2/index/manifests/v1", "application/vnd.oci.image.index.v1+json", index)
	s.answer = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasPrefix(r.URL.Path, "/v2/secret/"):
			w.WriteHeader(http.StatusForbidden)
		case strings.HasPrefix(r.URL.Path, "/v2/broken/"):
			w.WriteHeader(http.StatusInternalServerError)
		case strings.HasPrefix(r.URL.Path, "/v2/http/"):
			http.Redirect(w, r, "http://"+r.Host+"/v2/old/manifests/v1", http.StatusTemporaryRedirect)
		case strings.HasPrefix(r.URL.Path, "/v2/forged/blobs/"):
			_, _ = io.WriteString(w, "something else")
		case strings.HasPrefix(r.URL.Path, "/v2/endless/"):
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					break
				}
			}
		default:
			return false
		}
		return true
	}
	c := s.client(Options{})
	for repository, want := range map[string]string{
		"old":      "",
		"limit":    "",
		"gone":     "does not have it",
		"secret":   "does not let everybody read it",
		"broken":   "answered with status 500",
		"image":    "no Bicep module",
		"source":   "no Bicep module",
		"index":    "no Bicep module",
		"large":    "larger than Azure takes",
		"endless":  "larger than Azure takes",
		"forged":   "an answer that cannot be read",
		"http":     "an answer that cannot be read",
		"No/Valid": "none that a registry could have",
	} {
		reference := s.host + "/" + repository + ":v1"
		got := c.Modules(t.Context(), []string{reference})[reference]
		if (want == "") != (got.Content != nil) || !strings.Contains(got.Problem, want) {
			t.Errorf("%s: %d bytes, %q, want %q", repository, len(got.Content), got.Problem, want)
		}
	}
}

func TestCache(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.module(t, "api")
	reference := s.host + "/api:v1"
	cache := &memory{}
	key := "module/" + digestOf([]byte(compiled))
	fetch := func() {
		t.Helper()
		if got := s.client(Options{Cache: cache}).Modules(t.Context(), []string{reference})[reference]; string(got.Content) != compiled {
			t.Fatalf("got %+v", got)
		}
	}
	for _, c := range []struct {
		about string
		do    func()
		blobs int
	}{
		{"first", func() {}, 1},
		{"kept", func() {}, 1},
		{"changed by somebody", func() { cache.blobs[key] = []byte("{}") }, 2},
		{"mended", func() {}, 2},
		{"without an answer", func() { cache.err = errors.New("full") }, 3},
	} {
		c.do()
		fetch()
		if got := s.count("GET /v2/api/blobs/"); got != c.blobs {
			t.Errorf("%s: %d blobs fetched, want %d", c.about, got, c.blobs)
		}
	}
}

// refusing is a network in which nothing can be reached.
type refusing struct{ asked atomic.Int32 }

func (r *refusing) RoundTrip(*http.Request) (*http.Response, error) {
	r.asked.Add(1)
	return nil, errors.New("network is unreachable")
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	network := &refusing{}
	c := &Client{transport: &guard{direct: network, proxy: func(*http.Request) bool { return false }}}
	var references []string
	for i := range MaxModules + 1 {
		references = append(references, fmt.Sprintf("registry.example/api%d:v1", i))
	}
	got := c.Modules(t.Context(), references)
	for i, r := range references {
		want := "the registry registry.example cannot be reached"
		if i == MaxModules {
			want = "only 64 registry modules are fetched at once"
		}
		if got[r].Problem != want {
			t.Fatalf("%s: %q, want %q", r, got[r].Problem, want)
		}
	}
	if n := network.asked.Load(); n > atOnce {
		t.Errorf("a registry that cannot be reached was asked %d times", n)
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.module(t, "api")
	reference := s.host + "/api:v1"
	before := s.count("")
	got := s.client(Options{Hosts: []string{"registry.example"}}).Modules(t.Context(), []string{reference})[reference]
	if want := "only modules of registry.example are fetched here"; !strings.Contains(got.Problem, want) || s.count("") != before {
		t.Errorf("another registry: %+v, asked %d times", got, s.count("")-before)
	}
	if got := s.client(Options{Hosts: []string{s.host}}).Modules(t.Context(), []string{reference})[reference]; string(got.Content) != compiled {
		t.Errorf("its own: %+v", got)
	}
	for public, reached := range map[bool]bool{true: false, false: true} {
		g := newGuard(public) // the test's registry has a private address
		for _, t := range []http.RoundTripper{g.direct, g.proxied} {
			t.(*http.Transport).TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		}
		c := &Client{options: Options{Hosts: []string{s.host}}, transport: g}
		if got := c.Modules(t.Context(), []string{reference})[reference]; (got.Content != nil) != reached {
			t.Errorf("with public addresses only %v: %+v", public, got)
		}
	}
}

// TestCredentials reads the Docker configuration from the environment.
func TestCredentials(t *testing.T) {
	store := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("credentials went to another host on a redirect")
		}
		_, _ = io.WriteString(w, compiled)
	}))
	t.Cleanup(store.Close)
	s := newStand(t)
	s.module(t, "api")
	s.answer = func(w http.ResponseWriter, r *http.Request) bool {
		switch user, password, _ := r.BasicAuth(); {
		case user+password != "userpass":
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
		case strings.Contains(r.URL.Path, "/blobs/"):
			http.Redirect(w, r, store.URL+"/blob", http.StatusTemporaryRedirect)
		default:
			return false
		}
		return true
	}
	dir := t.TempDir()
	config := fmt.Sprintf(`{"auths": {%q: {"auth": "dXNlcjpwYXNz"}}}`, s.host)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_CONFIG", dir)
	reference := s.host + "/api:v1"
	if got := s.client(Options{}).Modules(t.Context(), []string{reference})[reference]; string(got.Content) != compiled {
		t.Errorf("with the user's credentials: %+v", got)
	}
	got := s.client(Options{Hosts: []string{s.host}}).Modules(t.Context(), []string{reference})[reference]
	if want := "does not let everybody read it"; !strings.Contains(got.Problem, want) {
		t.Errorf("of a server: %+v, want %q", got, want)
	}
}

func TestPublicOnly(t *testing.T) {
	t.Parallel()
	for address, public := range map[string]bool{
		"13.107.253.1:443": true, "[2603:1030:408::1]:443": true,
		"127.0.0.1:443": false, "[::1]:443": false, "[::ffff:127.0.0.1]:443": false, "0.0.0.0:443": false, "[::]:443": false,
		"10.0.0.1:443": false, "172.16.0.1:443": false, "192.168.1.1:443": false, "[fd00:ec2::254]:443": false,
		"169.254.169.254:443": false, "[fe80::1]:443": false, "168.63.129.16:443": false,
		"100.64.0.1:443": false, "192.0.0.8:443": false, "198.18.0.1:443": false, "224.0.0.1:443": false, "255.255.255.255:443": false,
		"[64:ff9b::a9fe:a9fe]:443": false, "[2002:a9fe:a9fe::]:443": false, "[2001::1]:443": false, "not an address": false,
	} {
		if err := publicOnly("tcp", address, nil); (err == nil) != public {
			t.Errorf("%s: %v, want public %v", address, err, public)
		}
	}
}

func TestScheme(t *testing.T) {
	t.Parallel()
	network := &refusing{}
	g := &guard{direct: network, proxied: network, proxy: throughProxy}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/v2/", nil)
	if resp, err := g.RoundTrip(r); !errors.Is(err, errScheme) {
		t.Errorf("http: %v, %v", resp, err)
	}
	if n := network.asked.Load(); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}
