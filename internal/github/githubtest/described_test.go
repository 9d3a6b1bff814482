package githubtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/github/openapitest"
)

// TestRoutesAreDescribed holds that GitHub has every route of the stand-in, so
// that all their answers are held to its description.
func TestRoutesAreDescribed(t *testing.T) {
	t.Parallel()
	for _, rt := range slices.Concat(appRoutes(), repositoryRoutes(), gitRoutes(), pullRoutes(), checkRoutes()) {
		method, path, _ := strings.Cut(rt.pattern, " ")
		found, err := openapitest.Described(method, path)
		if err != nil {
			t.Fatal(err)
		}
		if !found && path != "/graphql" {
			t.Errorf("GitHub has no %s; if it has, add it to tools/openapi/list.go", rt.pattern)
		}
	}
}
