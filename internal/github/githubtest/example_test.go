package githubtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
)

// A world in which an App hears of a pull request.
func Example() {
	bot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("X-GitHub-Event"))
		w.WriteHeader(http.StatusAccepted)
	}))
	defer bot.Close()

	world := githubtest.NewServer(githubtest.Options{})
	world.CreateRepository("acme/infra", githubtest.RepositoryOptions{Private: true})
	world.Commit("acme/infra", "main", githubtest.Files{"main.bicep": githubtest.Text("param a string\n")}, "Start")
	app := world.AddApp(githubtest.App{
		Slug: "onboard-defender", WebhookURL: bot.URL, WebhookSecret: "secret", Events: []string{"pull_request"},
		Permissions: githubtest.Permissions{"checks": "write", "pull_requests": "read"},
	})
	world.Install(app, "acme")
	world.Branch("acme/infra", "feature", "main")
	world.Commit("acme/infra", "feature", githubtest.Files{"api.bicep": githubtest.Text("param b string\n")}, "Add an API")
	fmt.Println(world.OpenPull(githubtest.PullOptions{Repository: "acme/infra", Head: "feature", Title: "APIs"}))
	fmt.Println(world.Deliver(context.Background()))
	// Output:
	// 1
	// installation
	// pull_request
	// 2
}
