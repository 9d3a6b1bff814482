package deployment

import (
	"sync"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// TestSharedDefaults: the values of settings are the same for all deployments,
// which are expanded at once. The race detector watches.
func TestSharedDefaults(t *testing.T) {
	t.Parallel()
	template := "param names array\nparam o object\n" +
		"resource api 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = {\n  name: 'svc/${o == { a: names } ? 'orders' : 'billing'}'\n}\n"
	names := expr.ArrayOf(expr.String("a"))
	defaults := map[string]expr.Value{"names": names, "o": expr.ObjectOf(expr.Field{Key: "a", Value: names})}
	g := Load(source.NewSnapshot([]source.Entry{
		{Path: "a.bicep", File: source.NewFile("a.bicep", []byte(template))},
		{Path: "b.bicep", File: source.NewFile("b.bicep", []byte(template))},
	}), Options{ParameterDefaults: defaults})
	var wg sync.WaitGroup
	for _, r := range g.Roots() {
		wg.Go(func() {
			d := g.Expand(r)
			if len(d.Resources) != 1 || d.Resources[0].Segments[1].Key() != `"orders"` {
				t.Errorf("%s: %+v", r.Path, d.Resources)
			}
		})
	}
	wg.Wait()
}
