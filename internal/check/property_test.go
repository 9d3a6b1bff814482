package check_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/check/checktest"
)

func random(seed uint64) *checktest.Deployment {
	return checktest.Random(rand.New(rand.NewPCG(seed, 0)).IntN)
}

// TestVerdictsHoldForAllValues checks what is said without the values of
// parameters against what is said with them: an API that is onboarded is so
// whatever they are, and one that is unprotected never has a collection.
func TestVerdictsHoldForAllValues(t *testing.T) {
	t.Parallel()
	all := checktest.Assignments()
	for seed := range uint64(250) {
		s := checktest.Snapshot(random(seed).Spellings()["Bicep"])
		open := checktest.Verdicts(s, nil)
		for _, values := range all {
			for api, is := range checktest.Verdicts(s, values) {
				for _, status := range []check.Status{check.Onboarded, check.Unprotected} {
					if open[api].Only(status) && !is.Only(status) {
						t.Fatalf("seed %d: %s is %v without values, %v with %v\n%s", seed, api, open[api], is, values, s.File("main.bicep").Content)
					}
				}
			}
		}
	}
}

// TestVerdictsAgree checks that a deployment gets the same verdicts however it
// is written.
func TestVerdictsAgree(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1000) {
		spellings := random(seed).Spellings()
		want := checktest.Verdicts(checktest.Snapshot(spellings["Bicep"]), nil)
		for name, files := range spellings {
			if diff := cmp.Diff(want, checktest.Verdicts(checktest.Snapshot(files), nil)); diff != "" {
				t.Fatalf("seed %d, -Bicep +%s:\n%s\n%s\n%s", seed, name, diff, spellings["Bicep"], files)
			}
		}
	}
}
