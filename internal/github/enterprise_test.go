package github

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/github/openapitest"
)

const (
	ghesHost = "ghes.example.test"
	gheHost  = "api.octo.ghe.com"
)

// authority is a private certificate authority with a certificate for the
// hosts of the tests.
type authority struct {
	file string // its own certificate
	leaf tls.Certificate
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	certify := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		t.Helper()
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if signer == nil {
			signer = key
		}
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		return der, key
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootDER, rootKey := certify(root, root, nil)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: ghesHost}, DNSNames: []string{ghesHost, gheHost, "elsewhere.example.test"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	leafDER, leafKey := certify(leaf, root, rootKey)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}), 0o600); err != nil {
		t.Fatal(err)
	}
	return authority{file: file, leaf: tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: leafKey}}
}

// proxy is an HTTP proxy that leads every connection to one server, and keeps
// where they were meant to go.
type proxy struct {
	url, target string
	mu          sync.Mutex
	asked       []string
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	p := &proxy{target: target}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.Host)
	p.mu.Unlock()
	if r.Method != http.MethodConnect {
		http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
		return
	}
	var dialer net.Dialer
	out, err := dialer.DialContext(r.Context(), "tcp", p.target)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer out.Close()
	w.WriteHeader(http.StatusOK)
	in, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer in.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(out, buffered)
		out.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(in, out)
	in.(*net.TCPConn).CloseWrite()
	<-done
}

// hosts are the hosts that connections were meant for, each once.
func (p *proxy) hosts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := slices.Clone(p.asked)
	slices.Sort(asked)
	return slices.Compact(asked)
}

// errand is what another process is sent to do. Certificates and proxies of
// the environment are read once in a process, so each errand has its own.
type errand struct {
	API  string
	App  int64
	Repo Repo
	Pull int
}

const errandVariable = "ONBOARD_DEFENDER_TEST_ERRAND"

// TestErrand is the other process.
func TestErrand(t *testing.T) {
	t.Parallel()
	text, sent := os.LookupEnv(errandVariable)
	if !sent {
		t.Skip("is run by TestEnterprise")
	}
	var e errand
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	key, err := io.ReadAll(os.Stdin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(os.Stdout, "outcome: %v\n", e.do(t.Context(), key)); err != nil {
		t.Fatal(err)
	}
}

// do reviews a pull request as far as GitHub is concerned: REST as the App and
// as an installation, GraphQL, and writes.
func (e errand) do(ctx context.Context, key []byte) error {
	app, err := New(Options{APIURL: e.API, AppID: e.App, PrivateKey: key, UserAgent: "test"})
	if err != nil {
		return err
	}
	if _, err := app.Info(ctx); err != nil {
		return err
	}
	pull, err := app.Pull(ctx, e.Repo, e.Pull)
	if err != nil {
		return err
	}
	snaps, err := app.Snapshots(ctx, e.Repo, templates, pull.HeadSHA)
	if err != nil {
		return err
	}
	if snaps[0].File("infra/added.bicep") == nil {
		return errors.New("file is not there")
	}
	run, err := app.StartCheckRun(ctx, e.Repo, CheckRun{Name: "n", HeadSHA: pull.HeadSHA, ExternalID: "x"})
	if err != nil {
		return err
	}
	run.Conclusion, run.Title, run.Summary = "success", app.WebURL(), "summary"
	return app.CompleteCheckRun(ctx, e.Repo, run)
}

// run does the errand in another process and gives back what came of it.
func (e errand) run(t *testing.T, environment ...string) string {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestErrand$")
	command.Env = append([]string{errandVariable + "=" + string(text), "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, environment...)
	command.Stdin = strings.NewReader(string(testPEM()))
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	_, outcome, ok := strings.Cut(string(output), "outcome: ")
	if !ok {
		t.Fatalf("no outcome: %s", output)
	}
	outcome, _, _ = strings.Cut(outcome, "\n")
	return outcome
}

// newEnterprise is a GitHub behind TLS, of which only a proxy knows the way.
func newEnterprise(t *testing.T, host string, wrap func(http.Handler) http.Handler) (*githubtest.Server, errand, *proxy, authority) {
	t.Helper()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("Go asks the system for authorities here and does not read SSL_CERT_FILE")
	}
	o, prefix := githubtest.Options{}, ""
	if host == ghesHost {
		o.Enterprise, prefix = true, "/api/v3"
	}
	world, ca := githubtest.NewServer(o), newAuthority(t)
	server := httptest.NewUnstartedServer(wrap(openapitest.Handler(t, prefix, world)))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{ca.leaf}, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	world.SetURL("https://" + host)
	e := errand{API: "https://" + host + prefix}
	e.App = world.AddApp(githubtest.App{
		Slug: "onboard-defender", PublicKey: &testKey().PublicKey,
		Permissions: githubtest.Permissions{"checks": "write", "contents": "read", "pull_requests": "read"},
	})
	e.Repo = Repo{ID: world.CreateRepository(acme, githubtest.RepositoryOptions{Private: true}), Owner: "acme", Name: "infra"}
	world.Commit(acme, "main", githubtest.Files{"readme.md": githubtest.Text("# Infra\n")}, "Start")
	e.Repo.Installation = world.Install(e.App, "acme")
	world.Branch(acme, "feature", "main")
	world.Commit(acme, "feature", githubtest.Files{"infra/added.bicep": githubtest.Text("param a string\n")}, "Add")
	e.Pull = world.OpenPull(githubtest.PullOptions{Repository: acme, Head: "feature"})
	return world, e, newProxy(t, server.Listener.Addr().String()), ca
}

func same(h http.Handler) http.Handler { return h }

// TestEnterprise reviews on GitHub Enterprise Server and on GHE.com, whose
// certificates are those of a private authority and which only a proxy
// reaches.
func TestEnterprise(t *testing.T) {
	t.Parallel()
	for host, web := range map[string]string{ghesHost: "https://" + ghesHost, gheHost: "https://octo.ghe.com"} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			world, e, p, ca := newEnterprise(t, host, same)
			if outcome := e.run(t, "SSL_CERT_FILE="+ca.file, "HTTPS_PROXY="+p.url); outcome != "<nil>" {
				t.Fatal(outcome)
			}
			runs := world.CheckRuns(acme, "feature")
			if len(runs) != 1 || runs[0].Conclusion != "success" || runs[0].Output.Title != web {
				t.Errorf("runs %+v", runs)
			}
			if diff := cmp.Diff([]string{"CONNECT " + host + ":443"}, p.hosts()); diff != "" {
				t.Errorf("the proxy was asked for: %s", diff)
			}
			if world.Requests().ByResource()["graphql"] == 0 {
				t.Error("no GraphQL was asked")
			}
		})
	}
}

func TestEnterpriseUnknownAuthority(t *testing.T) {
	t.Parallel()
	world, e, p, _ := newEnterprise(t, ghesHost, same)
	if outcome := e.run(t, "HTTPS_PROXY="+p.url); !strings.Contains(outcome, "certificate") {
		t.Error(outcome)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if requests, attempts := len(world.Requests()), len(p.asked); requests != 0 || attempts != 1 {
		t.Errorf("%d requests were sent in %d attempts", requests, attempts)
	}
}

// TestEnterpriseRedirect has a server lead elsewhere: nothing may go there, not
// even the beginning of a connection.
func TestEnterpriseRedirect(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]string{
		"other host":   "https://elsewhere.example.test/api/v3/app",
		"other port":   "https://" + ghesHost + ":8443/api/v3/app",
		"plain":        "http://" + ghesHost + "/api/v3/app",
		"user of ours": "https://user@" + ghesHost + "/api/v3/app",
	} {
		for _, status := range []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect} {
			t.Run(name+" "+strconv.Itoa(status), func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				seen := 0
				_, e, p, ca := newEnterprise(t, ghesHost, func(http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						mu.Lock()
						seen++
						mu.Unlock()
						http.Redirect(w, r, target, status)
					})
				})
				outcome := e.run(t, "SSL_CERT_FILE="+ca.file, "HTTPS_PROXY="+p.url, "HTTP_PROXY="+p.url)
				if !strings.Contains(outcome, "refused redirect to") || strings.Contains(outcome, "user@") {
					t.Error(outcome)
				}
				if diff := cmp.Diff([]string{"CONNECT " + ghesHost + ":443"}, p.hosts()); diff != "" || seen != 1 {
					t.Errorf("%d requests; the proxy was asked for: %s", seen, diff)
				}
			})
		}
	}
}
