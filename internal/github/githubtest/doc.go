// Package githubtest is a stand-in for GitHub: a small world of Apps,
// installations, repositories, pull requests and check runs over real git
// objects, served with the routes, limits, error shapes and webhooks of the
// real thing. End-to-end tests and the demo talk to it as if it were GitHub.
// It keeps everything in memory, needs no files and no network beyond
// loopback, and imports nothing of the code that it is there to try.
//
// A test sets up a world, lets things happen in it, delivers the webhooks and
// looks at what came back:
//
//	world := githubtest.NewServer(githubtest.Options{Clock: clock})
//	server := httptest.NewServer(world) // or world.Start("") outside of tests
//	world.SetURL(server.URL)
//
//	app := world.AddApp(githubtest.App{
//		Slug:          "onboard-defender",
//		PublicKey:     &key.PublicKey,
//		WebhookURL:    bot.URL + "/webhook",
//		WebhookSecret: "secret",
//		Permissions:   githubtest.Permissions{"checks": "write", "contents": "write", "pull_requests": "write"},
//		Events:        []string{"pull_request", "check_run", "check_suite", "push"},
//	})
//	world.CreateRepository("acme/infra", githubtest.RepositoryOptions{Private: true})
//	world.Commit("acme/infra", "main", githubtest.Files{"main.bicep": githubtest.Text("…")}, "Start")
//	installation := world.Install(app, "acme")
//
//	world.Branch("acme/infra", "feature", "main")
//	world.Commit("acme/infra", "feature", githubtest.Files{"api.bicep": githubtest.Text("…")}, "Add an API")
//	number := world.OpenPull(githubtest.PullOptions{Repository: "acme/infra", Head: "feature", Author: "mona"})
//	world.Deliver(ctx) // the bot does its work
//
//	runs := world.CheckRuns("acme/infra", world.Head("acme/infra", "feature"))
//	world.ClickAction(runs[0].ID, "onboard", "mona")
//	world.Deliver(ctx)
//	world.File("acme/infra", "feature", "api.bicep") // what the bot committed
//	world.Requests().ByRoute()                       // what it cost
//
// Repositories are named "owner/name" and commits by their full SHA. Every
// limit that GitHub enforces is on, with GitHub's own number; [Limits] has a
// field for each, so that a test can lower one or turn it [Off]. Faults are
// put in with [Server.FailNext] and [Server.FaultNext].
//
// The methods that build the world panic when they are misused (a repository
// that does not exist, a click on a button that is not there): that is a
// mistake in the test, as in regexp.MustCompile. Nothing that a client sends
// makes the server panic.
//
// What is not settled in GitHub's documentation, such as whether check runs
// count as created content, is enforced the strict way.
package githubtest
