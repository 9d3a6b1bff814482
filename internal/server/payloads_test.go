package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/github/openapitest"
)

// TestPayloads takes in what the stand-in for GitHub sends, whose form is held
// to GitHub's description.
func TestPayloads(t *testing.T) {
	t.Parallel()
	const repo = "acme/infra"
	world := githubtest.NewServer(githubtest.Options{})
	in := &intake{}
	desk := httptest.NewServer(signedDesk(t, in, io.Discard, secret))
	t.Cleanup(desk.Close)
	world.AddApp(githubtest.App{
		ID: appID, Slug: "onboard-defender", WebhookURL: desk.URL, WebhookSecret: secret,
		Permissions: githubtest.Permissions{"checks": "write"}, Events: []string{"pull_request", "check_run", "check_suite", "merge_group", "push"},
	})
	world.Ping(appID)
	world.CreateRepository(repo, githubtest.RepositoryOptions{})
	world.Commit(repo, "main", githubtest.Files{"main.bicep": githubtest.Text("param a string\n")}, "Start")
	installation := world.Install(appID, "acme")
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
	for _, d := range in.stored {
		if d.GUID == "" || d.Key == "" || d.Installation != installation || d.Kind == "" {
			t.Errorf("kept %+v", d)
		}
		if d.Event == "pull_request" && d.Number == number && d.Owner+"/"+d.Name == repo {
			reviews++
		}
	}
	if reviews < 2 { // opened and ready; a title changes nothing
		t.Errorf("kept %+v", in.stored)
	}
}

// TestExamples takes in the payloads of @octokit/webhooks-examples.
func TestExamples(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("WEBHOOK_EXAMPLES")
	if dir == "" {
		t.Skip("needs @octokit/webhooks-examples: make webhooks")
	}
	handler := signedDesk(t, &intake{}, io.Discard, secret)
	taken := 0
	n, err := openapitest.Examples(dir, func(event string, payload []byte) {
		taken++
		if status := post(t.Context(), handler, event, fmt.Sprintf("guid-%d", taken), payload); status != http.StatusAccepted {
			t.Errorf("%s: answered %d\n%.400s", event, status, payload)
		}
	})
	if err != nil || n == 0 {
		t.Fatalf("%d examples in %s: %v", n, dir, err)
	}
	t.Logf("%d payloads", n)
}

func post(ctx context.Context, handler http.Handler, event, guid string, body []byte) int {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/webhook", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", event)
	r.Header.Set("X-GitHub-Delivery", guid)
	r.Header.Set("X-Hub-Signature-256", githubtest.Sign(secret, body))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code
}
