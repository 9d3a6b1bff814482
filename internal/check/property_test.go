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
// whatever they are, and one that is unprotected never has a collection. Of a
// loop whose elements are told as one, one is enough.
func TestVerdictsHoldForAllValues(t *testing.T) {
	t.Parallel()
	all := checktest.Assignments()
	for seed := range uint64(100) {
		s := checktest.Snapshot(random(seed).Spellings()["Bicep"])
		open := checktest.Verdicts(s, nil)
		for _, values := range all {
			for api, is := range checktest.Verdicts(s, values) {
				if open[api].Only(check.Onboarded) && !is.Only(check.Onboarded) || open[api].Only(check.Unprotected) && !is[check.Unprotected] {
					t.Fatalf("seed %d: %s is %v without values, %v with %s\n%s", seed, api, open[api], is, checktest.Show(values), s.File("main.bicep").Content)
				}
			}
		}
	}
}

// TestVerdictsAgree checks that a deployment gets the same verdicts however it
// is written.
func TestVerdictsAgree(t *testing.T) {
	t.Parallel()
	for seed := range uint64(600) {
		spellings := random(seed).Spellings()
		want := checktest.Verdicts(checktest.Snapshot(spellings["Bicep"]), nil)
		for name, files := range spellings {
			if diff := cmp.Diff(want, checktest.Verdicts(checktest.Snapshot(files), nil)); diff != "" {
				t.Fatalf("seed %d, -Bicep +%s:\n%s\n%s\n%s", seed, name, diff, spellings["Bicep"], files)
			}
		}
	}
}
