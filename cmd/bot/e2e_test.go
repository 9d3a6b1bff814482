package main

import (
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
)

const oneOfOne = "1 of 1 API not onboarded"

func TestPullRequestOpened(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.propose("x", githubtest.Files{"api.bicep": api("orders")})
	s.run()
	run := s.only("x", "failure", oneOfOne)
	if len(run.Output.Annotations) != 1 || run.Output.Annotations[0].Path != "api.bicep" || len(run.Actions) != 1 {
		t.Errorf("annotations %+v, actions %+v", run.Output.Annotations, run.Actions)
	}
	if total, routes := s.cost(); total > 7 {
		t.Errorf("%d requests: %v", total, routes)
	}
}
