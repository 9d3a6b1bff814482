package main

import (
	"fmt"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
)

// TestBaselineLeavesBudgetToReviews: when the hour's requests run low, the check
// of a default branch waits, and that of a pull request does not.
func TestBaselineLeavesBudgetToReviews(t *testing.T) {
	t.Parallel()
	const hour = 100
	s := newStage(t, githubtest.Files{"infra/main.bicep": protected("orders")}, func(o *githubtest.Options) { o.Limits.PrimaryRate = hour })
	used := func() (n int) {
		for _, r := range s.Requests() {
			if r.InstallationID == s.installation && r.Resource == "core" {
				n++
			}
		}
		return n
	}
	for n := 0; used() <= hour*6/10; n++ {
		s.propose(fmt.Sprint("before-", n), githubtest.Files{fmt.Sprintf("infra/n%d.bicep", n): protected("orders")})
		s.run()
	}
	s.DiscardPending()
	main := s.Commit(infra, "main", githubtest.Files{"infra/other.bicep": api("billing")}, "A template")
	s.Deliver(t.Context())
	s.until("the baseline to wait", func() bool {
		counts, err := s.store.Counts(t.Context())
		return err == nil && counts["scheduled"] == 1
	})
	before := used()
	s.propose("urgent", githubtest.Files{"infra/urgent.bicep": api("urgent")})
	s.Deliver(t.Context())
	s.until("the review", func() bool {
		runs := s.CheckRuns(infra, "urgent")
		return len(runs) == 1 && runs[0].Status == "completed"
	})
	s.only("urgent", "failure", "1 of 1 API not onboarded")
	if runs := s.CheckRuns(infra, main); len(runs) > 0 {
		t.Errorf("the baseline went on: %+v", runs)
	}
	if before <= hour*6/10 || used() >= hour {
		t.Errorf("%d and %d of %d requests are no test of a budget that runs low", before, used(), hour)
	}
}
