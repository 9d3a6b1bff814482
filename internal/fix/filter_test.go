package fix

import (
	"fmt"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// TestStarting has variables each of which uses the one before three times: what
// is known of one is not asked for again.
func TestStarting(t *testing.T) {
	t.Parallel()
	name := func(i int) expr.Expr { return &expr.Name{Name: fmt.Sprintf("v%d", i)} }
	in := &template.Template{Parameters: []*template.Parameter{{Name: "v0"}}}
	for i := 1; i < maxVariables; i++ {
		value := &expr.Interpolation{Parts: []expr.Expr{name(i - 1), name(i - 1), name(i - 1)}}
		in.Variables = append(in.Variables, &template.Variable{Name: fmt.Sprintf("v%d", i), Value: value})
	}
	in.Variables = append(in.Variables, &template.Variable{Name: "circle", Value: &expr.Name{Name: "circle"}})
	for x, want := range map[expr.Expr]bool{
		name(0): true, name(maxVariables - 1): true, name(maxVariables): false, &expr.Name{Name: "circle"}: false,
	} {
		s := starting{in: in, variables: map[string]bool{}}
		if got := s.known(x, 0); got != want || len(s.variables) > maxVariables {
			t.Errorf("%+v is known: %v, after %d variables", x, got, len(s.variables))
		}
	}
}
