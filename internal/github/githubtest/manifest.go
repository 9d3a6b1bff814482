package githubtest

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// manifestLife is how long the code of a manifest is good:
// https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest.
const manifestLife = time.Hour

// manifest is an App that somebody is about to register.
type manifest struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Redirect string `json:"redirect_url"`
	Hook     struct {
		URL string `json:"url"`
	} `json:"hook_attributes"`
	Permissions Permissions `json:"default_permissions"`
	Events      []string    `json:"default_events"`

	owner string
	at    time.Time
}

// registerApp takes the form that starts the manifest flow, and goes back to
// where the manifest says with a code, as after the owner's click.
func (s *Server) registerApp(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	m := &manifest{owner: r.PathValue("org")}
	if err := json.Unmarshal([]byte(r.PostFormValue("manifest")), m); err != nil || m.Name == "" || m.URL == "" {
		http.Error(w, "invalid manifest", http.StatusUnprocessableEntity)
		return
	}
	target, err := url.Parse(m.Redirect)
	if err != nil || target.Host == "" {
		http.Error(w, "invalid redirect_url", http.StatusUnprocessableEntity)
		return
	}
	s.mu.Lock()
	m.at = s.now()
	code := s.guid(s.nextID())
	s.manifests[code] = m
	s.mu.Unlock()
	query := target.Query()
	query.Set("code", code)
	if state := r.URL.Query().Get("state"); state != "" {
		query.Set("state", state)
	}
	target.RawQuery = query.Encode()
	http.Redirect(w, r, target.String(), http.StatusFound)
}

// convertManifest registers the App and hands its secrets over, once.
func (c *call) convertManifest() (answer, error) {
	s, code := c.server, c.request.PathValue("code")
	m := s.manifests[code]
	if m == nil || s.now().Sub(m.at) > manifestLife {
		return answer{}, notFound()
	}
	delete(s.manifests, code)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return answer{}, fmt.Errorf("make key: %w", err)
	}
	a := s.addApp(App{
		Name: m.Name, Slug: slug(m.Name), Owner: m.owner, PublicKey: &key.PublicKey, WebhookURL: m.Hook.URL,
		WebhookSecret: s.guid(s.nextID()), Permissions: m.Permissions, Events: m.Events,
	})
	d := s.appDoc(a)
	d["client_secret"], d["webhook_secret"] = s.guid(s.nextID()), a.WebhookSecret
	d["pem"] = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	return created(d), nil
}

func slug(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
}

// Upload is a SARIF file sent to code scanning.
type Upload struct {
	// Repository, Commit and Ref say what was scanned.
	Repository, Commit, Ref string
	// SARIF is the file, unpacked.
	SARIF []byte
}

// Uploads are the SARIF files so far.
func (s *Server) Uploads() []Upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Upload(nil), s.sarif...)
}

const maxSARIF = 10 << 20

func (c *call) uploadSARIF() (answer, error) {
	var ask struct {
		Commit string `json:"commit_sha"`
		Ref    string `json:"ref"`
		SARIF  string `json:"sarif"`
	}
	if err := c.decode(&ask); err != nil {
		return answer{}, err
	}
	if c.repo.private {
		return answer{}, refuse(http.StatusForbidden, "Code Security must be enabled for this repository to use code scanning.")
	}
	if _, err := c.commitAt(ask.Commit); err != nil {
		return answer{}, err
	}
	packed, err := base64.StdEncoding.DecodeString(ask.SARIF)
	if err != nil {
		return answer{}, invalid("sarif is not base64.")
	}
	unpacked, err := gunzip(packed)
	if err != nil || !json.Valid(unpacked) {
		return answer{}, invalid("sarif is not gzip-compressed JSON.")
	}
	id := c.server.guid(c.server.nextID())
	c.server.sarif = append(c.server.sarif, Upload{Repository: c.repo.fullName(), Commit: ask.Commit, Ref: ask.Ref, SARIF: unpacked})
	return answer{status: http.StatusAccepted, body: doc{"id": id, "url": c.server.apiURL(c.path + "/" + id)}}, nil
}

func gunzip(packed []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	unpacked, err := io.ReadAll(io.LimitReader(reader, maxSARIF+1))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	if len(unpacked) > maxSARIF {
		return nil, errors.New("unpack: too large")
	}
	return unpacked, nil
}
