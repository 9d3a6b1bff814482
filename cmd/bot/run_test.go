package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/config"
)

// unprotected is a folder with one API that nothing protects.
func unprotected(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	text := "resource api 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = {\n  name: 'apim/a'\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "main.bicep"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// onTerminal is an environment with terminals that are the two buffers.
func onTerminal(stdout, stderr io.Writer, variables map[string]string) environment {
	return environment{stdout: stdout, stderr: stderr, lookup: lookupIn(variables), now: time.Now, terminal: true, errTerminal: true}
}

// Settings that are not valid are the first thing to repair, whatever else
// there is to say.
func TestInvalidSettings(t *testing.T) {
	t.Parallel()
	dir := unprotected(t)
	if err := os.MkdirAll(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(dir, ".github", "onboard-defender.yml")
	if err := os.MkdirAll(filepath.Dir(settings), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(settings, []byte("version: 1\ncolour: red\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"check", dir, "--format", "github"}, "title=API not onboarded"},
		{[]string{"fix", dir, "--diff"}, "Unknown setting"},
	} {
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), test.args, environment{stdout: &stdout, stderr: &stderr, lookup: lookupIn(nil), now: time.Now})
		if status != exitError || !strings.Contains(stdout.String()+stderr.String(), test.says) {
			t.Errorf("%s: exit status %d, standard output %q, standard error %q", test.args[0], status, stdout.String(), stderr.String())
		}
	}
}

// Colour is for terminals that want it, and never goes into a file.
func TestColour(t *testing.T) {
	t.Parallel()
	dir := unprotected(t)
	file := filepath.Join(t.TempDir(), "report")
	tests := map[string]struct {
		variables map[string]string
		args      []string
		want      bool
	}{
		"terminal":     {want: true},
		"NO_COLOR":     {variables: map[string]string{"NO_COLOR": "1"}},
		"NO_COLOR=":    {variables: map[string]string{"NO_COLOR": ""}, want: true}, // https://no-color.org: not empty
		"TERM=dumb":    {variables: map[string]string{"TERM": "dumb"}},
		"--output":     {args: []string{"--output", file}},
		"--format":     {args: []string{"--format", "github"}},
		"TERM is set":  {variables: map[string]string{"TERM": "xterm"}, want: true},
		"explicit one": {args: []string{"--format", "text"}, want: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), append([]string{"check", dir}, test.args...), onTerminal(&stdout, &stderr, test.variables))
			if status != exitFail {
				t.Errorf("exit status %d: %s", status, stderr.String())
			}
			out := stdout.String()
			if len(test.args) > 0 && test.args[0] == "--output" {
				content, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				out += string(content)
			}
			if !strings.Contains(out, "API not onboarded") {
				t.Errorf("the report is %q", out)
			}
			if got := strings.Contains(out, "\x1b["); got != test.want {
				t.Errorf("colour: %v, want %v", got, test.want)
			}
		})
	}
}

// Who presses Ctrl-C gets the terminal back, and no verdict.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	status := run(ctx, []string{"check", unprotected(t)}, environment{stdout: &stdout, stderr: &stderr, lookup: lookupIn(nil), now: time.Now})
	if status != exitError || stdout.Len() > 0 || stderr.String() != "bot: interrupted\n" {
		t.Errorf("exit status %d, standard output %q, standard error %q", status, stdout.String(), stderr.String())
	}
}

// Progress shows on a terminal once it takes over a second, and goes away.
func TestProgress(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		terminal bool
		takes    time.Duration
		want     string
	}{
		"at once":     {terminal: true, takes: 900 * time.Millisecond},
		"long":        {terminal: true, takes: 1100 * time.Millisecond, want: "reading …\r\x1b[K"},
		"no terminal": {takes: time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var stderr bytes.Buffer
				done := progress(environment{stderr: &stderr, errTerminal: test.terminal}, "reading")
				time.Sleep(test.takes) // of the bubble: no time passes
				done()
				if got := stderr.String(); got != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
			})
		})
	}
}

// serveVariables are those of an App that is configured.
func serveVariables(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"GITHUB_APP_ID": "12", "GITHUB_WEBHOOK_SECRET": "long-and-random", "GITHUB_PRIVATE_KEY": privatePEM(appKey()),
		"STATE_DIR": t.TempDir(), "LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0",
	}
}

// An address that something else listens on is named, at once.
func TestServeAddressInUse(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"LISTEN_ADDR", "ADMIN_ADDR"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var listen net.ListenConfig
			l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			variables := serveVariables(t)
			variables[name] = l.Addr().String()
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), []string{"serve"}, environment{stdout: &stdout, stderr: &stderr, lookup: lookupIn(variables), now: time.Now})
			want := "bot: " + name + " " + l.Addr().String() + " cannot be used: "
			if status != exitError || stdout.Len() > 0 || !strings.HasPrefix(stderr.String(), want) || strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("exit status %d, standard output %q, standard error %q", status, stdout.String(), stderr.String())
			}
		})
	}
}

// A server that is configured answers on both addresses until it is stopped.
func TestServe(t *testing.T) {
	t.Parallel()
	at, stop := started(t, serveVariables(t), "")
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := fetch(t, http.MethodGet, "http://"+at.admin.String()+path); status != http.StatusOK {
			t.Errorf("%s answers %d %s", path, status, body)
		}
		if status, _ := fetch(t, http.MethodGet, "http://"+at.public.String()+path); status != http.StatusNotFound {
			t.Errorf("%s on the public address answers %d", path, status)
		}
	}
	for _, path := range []string{"/webhook", "/"} {
		if status, _ := fetch(t, http.MethodPost, "http://"+at.public.String()+path); status != http.StatusUnauthorized {
			t.Errorf("%s without a signature answers %d", path, status)
		}
	}
	stop()
}

// One half takes deliveries in and does no work; the other half has no public
// address and works on them.
func TestServeRoles(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 64)
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- r.URL.Path:
		default:
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer hub.Close()
	variables := serveVariables(t)
	variables["GITHUB_API_URL"] = hub.URL
	at, stop := started(t, variables, config.RoleWeb)
	body := `{"action":"opened","number":3,"pull_request":{"number":3},"installation":{"id":7},"repository":{"id":9,"full_name":"acme/infra"}}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+at.public.String()+"/webhook", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte(variables["GITHUB_WEBHOOK_SECRET"]))
	mac.Write([]byte(body))
	req.Header = http.Header{
		"Content-Type": {"application/json"}, "X-Github-Event": {"pull_request"}, "X-Github-Delivery": {"1"},
		"X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac.Sum(nil))},
	}
	res, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		t.Errorf("the webhook is answered with %d", res.StatusCode)
	}
	stop()
	if len(asked) > 0 {
		t.Errorf("the half that takes in asked GitHub for %s", <-asked)
	}
	for role, works := range map[config.Role]bool{"": true, config.RoleAll: true, config.RoleWeb: false, config.RoleWorker: true} {
		if got := new(worker).handler(role) != nil; got != works {
			t.Errorf("role %q works: %v", role, got)
		}
	}
	at, _ = started(t, variables, config.RoleWorker)
	if at.public != nil {
		t.Errorf("the half that works listens on %s", at.public)
	}
	if status, body := fetch(t, http.MethodGet, "http://"+at.admin.String()+"/healthz"); status != http.StatusOK {
		t.Errorf("its health is %d %s", status, body)
	}
	for path := range asked { // besides what it asks for to find what was missed
		if strings.Contains(path, "/installations/7/") {
			break
		}
	}
}

// demo --keep leaves a page to look at, until it is interrupted.
func TestDemoKeeps(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		status := run(ctx, []string{"demo", "--keep"}, environment{stdout: w, stderr: w, lookup: lookupIn(nil), now: time.Now})
		w.Close()
		ended <- status
	}()
	var told bytes.Buffer
	address := regexp.MustCompile(`Look at it: (http://127\.0\.0\.1:\S+)\nPress Ctrl-C to end\.\n`)
	buffer := make([]byte, 4096)
	for !address.Match(told.Bytes()) {
		n, err := r.Read(buffer)
		told.Write(buffer[:n])
		if err != nil {
			t.Fatalf("no page to look at in\n%s", told.String())
		}
	}
	status, page := fetch(t, http.MethodGet, string(address.FindSubmatch(told.Bytes())[1]))
	if status != http.StatusOK || !strings.Contains(page, "Defender for APIs") {
		t.Errorf("the page answers %d with\n%s", status, page)
	}
	cancel()
	if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 {
		t.Errorf("at the end it says %q, %v", rest, err)
	}
	if status := <-ended; status != exitOK {
		t.Errorf("exit status %d", status)
	}
}

func fetch(t *testing.T, method, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(content)
}

// started serves with settings until the test, or stop, ends it.
func started(t *testing.T, variables map[string]string, role config.Role) (at addresses, stop func()) {
	t.Helper()
	process, err := config.FromEnvironment(config.Environment{Lookup: lookupIn(variables), ReadFile: noFile, Cores: 1})
	if err != nil {
		t.Fatal(err)
	}
	process.Role = role
	ctx, cancel := context.WithCancel(t.Context())
	listening, ended := make(chan addresses, 1), make(chan error, 1)
	go func() {
		ended <- serve(ctx, process, slog.New(slog.DiscardHandler), func(a addresses) { listening <- a })
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stopped with %v", err)
		}
	})
	select {
	case at = <-listening:
		t.Cleanup(stop)
	case err := <-ended:
		t.Fatal(err)
	}
	return at, stop
}
