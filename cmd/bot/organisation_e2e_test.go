package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
)

const (
	defaults     = "acme/.github"
	defaultsFile = "onboard-defender.yml"
)

// settle makes the repository with the organisation's settings.
func (s *stage) settle(settings string) {
	s.t.Helper()
	s.CreateRepository(defaults, githubtest.RepositoryOptions{Private: true})
	s.Commit(defaults, "main", githubtest.Files{defaultsFile: githubtest.Text(settings)}, "Set defaults")
	s.DiscardPending()
}

// TestOrganisationDefaults: they hold beneath the repository's settings, and a
// push to them is noticed.
func TestOrganisationDefaults(t *testing.T) {
	t.Parallel()
	s := newStage(t, githubtest.Files{
		".github/onboard-defender.yml": githubtest.Text("version: 1\ngate: none\nfix: {apiVersion: 2023-11-15}\n"),
		"old.bicep":                    api("old"),
	})
	s.settle("version: 1\ngate: all\nfix: {apiVersion: 2022-11-20-preview}\nlocked: [gate, fix.apiVersion]\n")
	number := s.propose("x", githubtest.Files{"old.bicep": api("old", "orders")})
	s.run()
	run := s.only("x", "failure", "2 of 2 APIs not onboarded")
	s.ClickAction(run.ID, "onboard", githubtest.DefaultAuthor)
	s.run()
	s.only("x", "success", "All 2 APIs onboarded")
	fixed, _ := s.File(infra, s.Head(infra, "x"), "old.bicep")
	if !strings.Contains(fixed, "apiCollections@2022-11-20-preview") {
		t.Errorf("fix of pull request %d: %s", number, fixed)
	}

	s.Commit(defaults, "main", githubtest.Files{defaultsFile: githubtest.Text("version: 1\ngate: all\n")}, "Unlock")
	s.run()
	s.propose("y", githubtest.Files{"new.bicep": api("new")})
	s.run()
	s.only("y", "success", "1 of 1 API not onboarded")

	s.Commit(defaults, "main", githubtest.Files{defaultsFile: githubtest.Text("version: 1\ngate: al\n")}, "Mistype")
	s.run()
	if own := s.CheckRuns(defaults, "main"); len(own) != 1 || own[0].Conclusion != "action_required" {
		t.Errorf("a mistake on the default branch: %+v", own)
	}
	s.propose("z", githubtest.Files{"new.bicep": api("new")})
	s.run()
	broken := s.only("z", "success", "1 of 1 API not onboarded")
	if !strings.Contains(broken.Output.Summary, "`acme/.github/onboard-defender.yml:2`") || len(broken.Output.Annotations) != 1 {
		t.Errorf("%+v", broken.Output)
	}
}

// TestOrganisationWithoutDefaults: the App does not reach them, or GitHub
// refuses, and the review goes on without. It waits for what may come back.
func TestOrganisationWithoutDefaults(t *testing.T) {
	t.Parallel()
	const locked = "version: 1\ngate: none\nlocked: [gate]\n"
	const file = "GET /repos/acme/.github/contents/" + defaultsFile
	for name, prepare := range map[string]func(*stage){
		"not installed": func(s *stage) {
			s.settle(locked)
			s.Uninstall(s.installation)
			s.installation = s.Install(s.app, "acme", infra)
			s.DiscardPending()
		},
		"empty":     func(s *stage) { s.CreateRepository(defaults, githubtest.RepositoryOptions{Private: true}) },
		"not there": func(*stage) {},
		"no file": func(s *stage) {
			s.settle(locked)
			s.Commit(defaults, "main", githubtest.Files{defaultsFile: githubtest.Deleted(), "README.md": githubtest.Text("x")}, "Remove")
			s.DiscardPending()
		},
		"refused": func(s *stage) {
			s.settle(locked)
			s.FailNext(file, 100, githubtest.Response{Status: http.StatusForbidden, Body: `{"message":"Resource protected by organization SAML enforcement."}`})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, nil)
			prepare(s)
			s.propose("x", githubtest.Files{"api.bicep": api("orders")})
			s.run()
			s.only("x", "failure", oneOfOne)
		})
	}
	t.Run("unavailable for a while", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, nil)
		s.settle(locked)
		s.FailNext(file, 4, githubtest.Response{Status: http.StatusBadGateway, Body: `{}`})
		s.propose("x", githubtest.Files{"api.bicep": api("orders")})
		s.run()
		s.only("x", "success", oneOfOne)
	})
}

// TestDefaultsReachedLater: the App gets the repository with the settings after
// it was found out that there are none.
func TestDefaultsReachedLater(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.settle("version: 1\ngate: none\n")
	s.Uninstall(s.installation)
	s.installation = s.Install(s.app, "acme", infra)
	s.run()
	s.propose("before", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	s.only("before", "failure", oneOfOne)
	s.SelectRepositories(s.installation, true, defaults)
	s.run()
	s.propose("after", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	s.only("after", "success", oneOfOne)
}

// TestDefaultsOfAUser: an account that is no organisation has them as well.
func TestDefaultsOfAUser(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	user := githubtest.RepositoryOptions{Private: true, OwnerType: "User"}
	s.CreateRepository("mona/site", user)
	s.CreateRepository("mona/.github", user)
	s.Commit("mona/.github", "main", githubtest.Files{defaultsFile: githubtest.Text("version: 1\ngate: none\n")}, "Set defaults")
	s.Commit("mona/site", "main", githubtest.Files{"README.md": githubtest.Text("x")}, "Start")
	s.Branch("mona/site", "x", "main")
	s.Commit("mona/site", "x", githubtest.Files{"api.bicep": api("orders")}, "Add an API")
	s.Install(s.app, "mona")
	s.DiscardPending()
	s.OpenPull(githubtest.PullOptions{Repository: "mona/site", Head: "x"})
	s.run()
	if runs := s.CheckRuns("mona/site", "x"); len(runs) != 1 || runs[0].Conclusion != "success" || runs[0].Output.Title != oneOfOne {
		t.Errorf("%+v", runs)
	}
}
