package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/queue"
)

// shelf is an intake that only keeps.
type shelf struct {
	mu   sync.Mutex
	kept []queue.Delivery
}

func (s *shelf) Enqueue(_ context.Context, d queue.Delivery) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, d)
	return false, nil
}

const deskSecret = "secret"

func newDesk(t *testing.T, app int64) (http.Handler, *shelf) {
	t.Helper()
	kept := &shelf{}
	s, err := New(Options{Secrets: [][]byte{[]byte(deskSecret)}, AppID: app, Intake: kept, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s.Public(), kept
}

// TestPayloads takes in what the stand-in for GitHub sends, whose form is held
// to GitHub's description.
func TestPayloads(t *testing.T) {
	t.Parallel()
	const repo, app = "acme/infra", 1
	world := githubtest.NewServer(githubtest.Options{})
	handler, kept := newDesk(t, app)
	desk := httptest.NewServer(handler)
	t.Cleanup(desk.Close)
	world.AddApp(githubtest.App{
		ID: app, Slug: "onboard-defender", WebhookURL: desk.URL, WebhookSecret: deskSecret,
		Permissions: githubtest.Permissions{"checks": "write"}, Events: []string{"pull_request", "check_run", "check_suite", "merge_group", "push"},
	})
	world.Ping(app)
	world.CreateRepository(repo, githubtest.RepositoryOptions{})
	world.Commit(repo, "main", githubtest.Files{"main.bicep": githubtest.Text("param a string\n")}, "Start")
	installation := world.Install(app, "acme")
	world.Commit(repo, "feature", githubtest.Files{"api.bicep": githubtest.Text("param b string\n")}, "Start anew")
	world.Branch(repo, "fix", "main")
	world.Commit(repo, "fix", githubtest.Files{"api.bicep": githubtest.Text("param c string\n")}, "Add")
	number := world.OpenPull(githubtest.PullOptions{Repository: repo, Head: "fix"})
	world.ConvertToDraft(repo, number)
	world.ReadyForReview(repo, number)
	world.EditTitle(repo, number, "Better")
	world.QueueMerge(repo, number)
	world.MergeQueued(repo, number)
	world.DeleteBranch(repo, "fix")
	world.AcceptPermissions(installation)
	world.Suspend(installation, true)
	world.Uninstall(installation)
	world.Deliver(t.Context())
	reviews := 0
	for _, d := range world.Deliveries() {
		if d.StatusCode != http.StatusAccepted {
			t.Errorf("%s %s: answered %d", d.Event, d.Action, d.StatusCode)
		}
	}
	for _, d := range kept.kept {
		if d.GUID == "" || d.Key == "" || d.Installation != installation || d.Kind == "" {
			t.Errorf("kept %+v", d)
		}
		if d.Event == "pull_request" && d.Number == number && d.Owner+"/"+d.Name == repo {
			reviews++
		}
	}
	if reviews < 2 { // opened and ready; a title changes nothing
		t.Errorf("kept %+v", kept.kept)
	}
}

// TestExamples takes in the payloads of @octokit/webhooks-examples, which are
// not part of this repository: "make webhooks" fetches them.
func TestExamples(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("WEBHOOK_EXAMPLES")
	if dir == "" {
		t.Skip("needs @octokit/webhooks-examples: make webhooks")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "index.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples in %s: %v", dir, err)
	}
	handler, _ := newDesk(t, 1)
	n := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var events []struct {
			Name     string            `json:"name"`
			Examples []json.RawMessage `json:"examples"`
		}
		if err := json.Unmarshal(content, &events); err != nil {
			t.Fatal(err)
		}
		for _, event := range events {
			for _, body := range event.Examples {
				n++
				if status := post(t.Context(), handler, event.Name, fmt.Sprintf("guid-%d", n), body); status != http.StatusAccepted {
					t.Errorf("%s: %s: answered %d", file, event.Name, status)
				}
			}
		}
	}
	t.Logf("%d payloads of %s", n, strings.Join(files, ", "))
}

func post(ctx context.Context, handler http.Handler, event, guid string, body []byte) int {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/webhook", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", event)
	r.Header.Set("X-GitHub-Delivery", guid)
	r.Header.Set("X-Hub-Signature-256", githubtest.Sign(deskSecret, body))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code
}
