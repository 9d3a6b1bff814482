package check_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// TestManyPairs has names none of which can be told apart from another: the
// comparison is given up, and says so.
func TestManyPairs(t *testing.T) {
	t.Parallel()
	const n = 800
	var b strings.Builder
	b.WriteString("resource apim 'Microsoft.ApiManagement/service@2022-08-01' existing = {\n  name: 'apim-shop'\n}\n")
	for i := range n {
		fmt.Fprintf(&b, "param p%d string\nresource a%d 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  parent: apim\n  name: p%d\n}\n", i, i, i)
		fmt.Fprintf(&b, "resource c%d 'Microsoft.Security/apiCollections@2023-11-15' = {\n  scope: apim\n  name: p%d\n  dependsOn: [ a%d ]\n}\n", i, i, i)
	}
	f := source.NewFile("main.bicep", []byte(b.String()))
	g := deployment.Load(source.NewSnapshot([]source.Entry{{Path: f.Path, File: f}}), deployment.Options{})
	r := check.Run(g, check.Settings{}, nil)
	if r.Outcome != check.Error || r.Summary.APIs != n || r.Summary.Onboarded+r.Summary.Undetermined != n || r.Summary.Undetermined == 0 {
		t.Errorf("outcome %s, %+v", r.Outcome, r.Summary)
	}
	said := 0
	for _, f := range r.Findings {
		if f.Code == check.CodeNotEvaluated && strings.Contains(f.Detail, "pairs of APIs and collections") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("said %d times that it was given up", said)
	}
}
