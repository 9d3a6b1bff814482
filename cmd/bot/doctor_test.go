package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/queue"
)

// patient is a GitHub with an App on it, and an environment in which all is
// well.
type patient struct {
	t     *testing.T
	world *githubtest.Server
	app   int64
	vars  map[string]string
}

func newPatient(t *testing.T, app githubtest.App, options githubtest.Options) *patient {
	t.Helper()
	p := &patient{t: t, world: githubtest.NewServer(options)}
	server := httptest.NewServer(p.world)
	t.Cleanup(server.Close)
	p.world.SetURL(server.URL)
	app.Slug, app.PublicKey = "onboard-defender", &appKey().PublicKey
	p.app = p.world.AddApp(app)
	p.vars = variables(p.world, p.app, "a secret", filepath.Join(t.TempDir(), "state"))
	return p
}

func whole() githubtest.App {
	permissions, events := needed()
	return githubtest.App{Permissions: permissions, Events: events}
}

// doctor runs the command and gives back its status and what it says, in which
// "URL" stands for GitHub's address.
func (p *patient) doctor() (status int, said string) {
	p.t.Helper()
	var stdout, stderr strings.Builder
	status = run(p.t.Context(), []string{"doctor"}, environment{
		stdout: &stdout, stderr: &stderr, now: time.Now,
		lookup: func(name string) (string, bool) { v, ok := p.vars[name]; return v, ok },
	})
	if stderr.Len() > 0 {
		p.t.Errorf("stderr: %s", &stderr)
	}
	said = stdout.String()
	if strings.Contains(said, "PRIVATE KEY") || strings.Contains(said, "a secret") {
		p.t.Errorf("a secret is told: %s", said)
	}
	return status, strings.ReplaceAll(said, p.world.URL(), "URL")
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	p := newPatient(t, whole(), githubtest.Options{})
	p.world.Install(p.app, "acme")
	status, said := p.doctor()
	want := fmt.Sprintf(`ok   settings      they can be read
ok   certificates  those of the system; SSL_CERT_FILE is not set
ok   URL           URL, and the website URL
ok   proxy         none for %s
ok   credentials   they are those of the App "onboard-defender", number %d
ok   clock         within 30s of GitHub's
ok   permissions   those that are needed
ok   events        those that are needed
ok   installations 1 account with all permissions
ok   database      sqlite can be used
`, strings.TrimPrefix(p.world.URL(), "http://"), p.app)
	if diff := cmp.Diff(want, said); diff != "" || status != exitOK {
		t.Errorf("status %d: %s", status, diff)
	}
}

// TestDoctorFinds has one thing wrong at a time: the doctor names it, and
// nothing else.
func TestDoctorFinds(t *testing.T) {
	t.Parallel()
	text := func(t *testing.T, content string) string {
		t.Helper()
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for name, test := range map[string]struct {
		app     func(*githubtest.App)
		options githubtest.Options
		upset   func(*patient)
		says    []string // the lines that are not ok
	}{
		"key": {
			upset: func(p *patient) { p.vars["GITHUB_PRIVATE_KEY"] = privatePEM(newKey()) },
			says:  []string{"fix  credentials   GitHub does not accept the key for App"},
		},
		"number": {
			upset: func(p *patient) { p.vars["GITHUB_APP_ID"] = "7" },
			says:  []string{"fix  credentials   GitHub knows no App 7: see GITHUB_APP_ID"},
		},
		"no App": {
			upset: func(p *patient) {
				delete(p.vars, "GITHUB_APP_ID")
				delete(p.vars, "GITHUB_PRIVATE_KEY")
				delete(p.vars, "GITHUB_WEBHOOK_SECRET")
			},
			says: []string{"fix  credentials   no GitHub App is configured"},
		},
		"settings": {
			upset: func(p *patient) { p.vars["GITHUB_APP_ID"], p.vars["WORKERS"] = "x", "-1" },
			says:  []string{"fix  settings      GITHUB_APP_ID", "fix  settings      WORKERS"},
		},
		"clock": {
			options: githubtest.Options{Clock: func() time.Time { return time.Now().Add(2*time.Hour - 2*time.Second) }},
			says:    []string{"fix  clock         this machine's is 1h59m5"},
		},
		"permissions": {
			app:  func(a *githubtest.App) { a.Permissions["checks"] = "read"; delete(a.Permissions, "contents") },
			says: []string{"fix  permissions   set checks: write, contents: write on", "fix  installations acme has not accepted checks: write, contents: write:"},
		},
		"accepted permissions": {
			app: func(a *githubtest.App) { a.Permissions["pull_requests"] = "read" },
			upset: func(p *patient) {
				permissions, _ := needed()
				p.world.RequestPermissions(p.app, permissions)
				p.world.Install(p.app, "octo")
			},
			says: []string{"fix  installations acme has not accepted pull_requests: write:"},
		},
		"events": {
			app:  func(a *githubtest.App) { a.Events = []string{"push", "pull_request", "check_run"} },
			says: []string{"fix  events        subscribe to check_suite, merge_group on"},
		},
		"suspended": {
			upset: func(p *patient) { p.world.Suspend(p.world.Install(p.app, "octo"), true) },
			says:  []string{"fix  installations octo has suspended the App"},
		},
		"database": {
			upset: func(p *patient) { p.vars["DATABASE_URL"] = "sqlite:" + text(p.t, "no database") + "/x.db" },
			says:  []string{"fix  database      DATABASE_URL cannot be used:"},
		},
		"no certificates": {
			upset: func(p *patient) { p.vars["SSL_CERT_FILE"] = text(p.t, "none") },
			says:  []string{"fix  certificates  SSL_CERT_FILE:"},
		},
		"no file of certificates": {
			upset: func(p *patient) { p.vars["SSL_CERT_FILE"] = filepath.Join(p.t.TempDir(), "none") },
			says:  []string{"fix  certificates  SSL_CERT_FILE:"},
		},
		"certificate": {
			upset: func(p *patient) {
				server := httptest.NewUnstartedServer(p.world)
				server.Config.ErrorLog = log.New(io.Discard, "", 0)
				server.StartTLS()
				p.t.Cleanup(server.Close)
				p.vars["GITHUB_API_URL"] = server.URL
			},
			says: []string{"fix  certificates  GitHub's certificate is not trusted: set SSL_CERT_FILE"},
		},
		"scheme": {
			upset: func(p *patient) {
				p.vars["GITHUB_API_URL"] = strings.Replace(p.vars["GITHUB_API_URL"], "http:", "https:", 1)
			},
			says: []string{"fix  URL           GitHub cannot be reached: see GITHUB_API_URL"},
		},
		"nobody there": {
			upset: func(p *patient) { p.vars["GITHUB_API_URL"] = "http://" + unused(p.t) },
			says:  []string{"fix  URL           GitHub cannot be reached: see GITHUB_API_URL"},
		},
		"path": {
			upset: func(p *patient) { p.vars["GITHUB_API_URL"] = "https://ghes.example.test" },
			says:  []string{"fix  URL           GitHub API URL for ghes.example.test must end in /api/v3"},
		},
		"out of order": {
			upset: func(p *patient) {
				p.world.FailNext("GET /app", 3, githubtest.Response{Status: http.StatusServiceUnavailable})
			},
			says: []string{"fix  credentials   GitHub gave no answer that helps: try again"},
		},
		"list": {
			upset: func(p *patient) {
				p.world.FailNext("GET /app/installations", 3, githubtest.Response{Status: http.StatusServiceUnavailable})
			},
			says: []string{"fix  installations they cannot be listed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := whole()
			if test.app != nil {
				test.app(&app)
			}
			p := newPatient(t, app, test.options)
			p.world.Install(p.app, "acme")
			if test.upset != nil {
				test.upset(p)
			}
			status, said := p.doctor()
			var found []string
			for line := range strings.Lines(said) {
				if !strings.HasPrefix(line, "ok   ") {
					found = append(found, line)
				}
			}
			if status != exitError || len(found) != len(test.says) {
				t.Fatalf("status %d, want %d lines: %s", status, len(test.says), said)
			}
			for i, want := range test.says {
				if !strings.HasPrefix(found[i], want) {
					t.Errorf("got %q, want %q", found[i], want)
				}
			}
		})
	}
}

// unused is an address on which nobody listens.
func unused(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

func TestDoctorMore(t *testing.T) {
	t.Parallel()
	app := whole()
	app.Permissions["administration"] = "write"
	p := newPatient(t, app, githubtest.Options{})
	p.world.Install(p.app, "acme")
	store, err := queue.Open(t.Context(), queue.Options{URL: "sqlite:" + filepath.Join(p.vars["STATE_DIR"], "bot.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	p.vars["DATABASE_URL"] = "sqlite:" + filepath.Join(p.vars["STATE_DIR"], "bot.db")
	file := filepath.Join(t.TempDir(), "ca.pem")
	authority := httptest.NewTLSServer(http.NotFoundHandler())
	defer authority.Close()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	p.vars["SSL_CERT_FILE"] = file
	status, said := p.doctor()
	for _, want := range []string{
		"ok   permissions   all that are needed; these are not: administration: write\n",
		"ok   database      a running process has it open\n",
		"ok   certificates  1 certificate of " + file + " besides the system's\n",
	} {
		if !strings.Contains(said, want) || status != exitOK {
			t.Errorf("status %d, want %q: %s", status, want, said)
		}
	}
	if status, said := newPatient(t, whole(), githubtest.Options{}).doctor(); status != exitError || !strings.Contains(said, "fix  installations nobody has the App: install it at URL/apps/onboard-defender/installations/new\n") {
		t.Errorf("status %d: %s", status, said)
	}
}

// TestDoctorProxy runs the doctor in a process of its own: the variables of a
// proxy are read once in a process.
func TestDoctorProxy(t *testing.T) {
	t.Parallel()
	const variable = "ONBOARD_DEFENDER_TEST_DOCTOR"
	if os.Getenv(variable) != "" {
		os.Exit(run(context.Background(), []string{"doctor"}, environment{stdout: os.Stdout, stderr: os.Stderr, lookup: os.LookupEnv, now: time.Now}))
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDoctorProxy$")
	proxy := unused(t)
	command.Env = []string{
		variable + "=1", "HOME=" + t.TempDir(), "STATE_DIR=" + t.TempDir(), "HTTPS_PROXY=http://user:pass@" + proxy, "GITHUB_API_URL=https://ghes.example.test/api/v3",
		"GITHUB_APP_ID=1", "GITHUB_WEBHOOK_SECRET=a secret", "GITHUB_PRIVATE_KEY=" + privatePEM(appKey()),
	}
	output, err := command.CombinedOutput()
	if status := command.ProcessState.ExitCode(); status != exitError {
		t.Errorf("status %d: %v", status, err)
	}
	if !strings.Contains(string(output), "ok   proxy         http://user:xxxxx@"+proxy+"\nfix  proxy         it cannot be reached: see HTTPS_PROXY") || strings.Contains(string(output), "pass@") {
		t.Errorf("%s", output)
	}
}

// TestNeeded holds that the doctor wants what the manifest asks for.
func TestNeeded(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "app-manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Permissions map[string]string `json:"default_permissions"`
		Events      []string          `json:"default_events"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	permissions, events := needed()
	if diff := cmp.Diff(manifest.Permissions, permissions) + cmp.Diff(manifest.Events, events); diff != "" {
		t.Error(diff)
	}
}
