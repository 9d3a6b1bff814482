package review_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/review"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// door gives the modules it has, and notes what it is asked for.
type door struct {
	has   map[string]deployment.Module
	asked []string
}

func (d *door) Modules(_ context.Context, references []string) map[string]deployment.Module {
	d.asked = append(d.asked, references...)
	return d.has
}

// TestRegistry analyzes two snapshots in one run, as for base and head.
func TestRegistry(t *testing.T) {
	t.Parallel()
	const api = `{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "resources": [ { "type": "Microsoft.ApiManagement/service/apis", "apiVersion": "2024-05-01", "name": "apim-shop/orders" } ]
}`
	const base = "module orders 'br:shop.azurecr.io/api:v1' = {\n  name: 'orders'\n}\n"
	const head = base + "module gone 'br:shop.azurecr.io/gone:v1' = {\n  name: 'gone'\n}\n"
	d := &door{has: map[string]deployment.Module{
		"shop.azurecr.io/api:v1":  {Content: []byte(api)},
		"shop.azurecr.io/gone:v1": {Problem: "nobody knows"},
	}}
	settings, _, _ := config.Load(source.NewSnapshot(nil))
	plan := review.Plan{Settings: settings, Registry: &review.Registry{Door: d}, Fix: true}
	load := func(_ context.Context, s *source.Snapshot, _ []string) (*source.Snapshot, error) { return s, nil }
	var last *check.Report
	for _, text := range []string{base, head, head} {
		a, err := review.Analyze(t.Context(), source.NewSnapshot(nil).With(source.NewFile("main.bicep", []byte(text))), load, plan)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Report.APIs) != 1 || a.Report.APIs[0].Status != check.Unprotected || len(a.Report.Modules) > 0 {
			t.Errorf("APIs %+v, wanted %v", a.Report.APIs, a.Report.Modules)
		}
		last = a.Report
	}
	if diff := cmp.Diff([]string{"shop.azurecr.io/api:v1", "shop.azurecr.io/gone:v1"}, d.asked); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	if n := len(last.Findings); n != 2 || !strings.Contains(last.Findings[1].Detail, "nobody knows") {
		t.Errorf("findings: %+v", last.Findings)
	}

	plan.Registry = nil
	a, err := review.Analyze(t.Context(), source.NewSnapshot(nil).With(source.NewFile("main.bicep", []byte(base))), load, plan)
	if err != nil || len(a.Report.Modules) != 1 || len(a.Report.APIs) != 0 {
		t.Errorf("without a door: %+v, %v", a, err)
	}
}
