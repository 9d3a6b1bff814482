package check

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/diag"
)

// TestCompare tells what a change brings from what was there, over lines that
// move and files that are renamed.
func TestCompare(t *testing.T) {
	t.Parallel()
	finding := func(path, api string) Finding {
		return Finding{Diagnostic: diag.Diagnostic{Code: CodeNotOnboarded, Path: path, Summary: "S"}, API: api}
	}
	base := &Report{
		APIs: []API{
			{Name: "orders", Path: "a.bicep", Status: Unprotected},
			{Name: "Shop", Path: "old.bicep", Status: Undetermined},
			{Name: "kept", Path: "a.bicep", Status: Suppressed},
			{Name: "lost", Path: "a.bicep", Status: Onboarded},
			{Name: "soap", Path: "a.bicep", Status: Excluded},
		},
		Findings: []Finding{finding("a.bicep", "orders"), finding("old.bicep", "Shop")},
	}
	head := &Report{
		APIs: []API{
			{Name: "orders", Path: "a.bicep", Status: Suppressed},
			{Name: "shop", Path: "new.bicep", Status: Suppressed},
			{Name: "kept", Path: "a.bicep", Status: Unprotected},
			{Name: "lost", Path: "a.bicep", Status: Suppressed},
			{Name: "soap", Path: "a.bicep", Status: Unprotected},
			{Name: "orders", Path: "b.bicep", Status: Undetermined},
			{Name: "fresh", Path: "a.bicep", Status: Onboarded},
		},
		Findings: []Finding{finding("a.bicep", "ORDERS"), finding("a.bicep", "orders"), finding("new.bicep", "shop"), finding("b.bicep", "orders")},
	}
	head.Compare(base, map[string]string{"new.bicep": "old.bicep"})
	var apis, findings []bool
	for _, a := range head.APIs {
		apis = append(apis, a.New)
	}
	for _, f := range head.Findings {
		findings = append(findings, f.New)
	}
	if diff := cmp.Diff([]bool{false, false, false, true, true, true, false}, apis); diff != "" {
		t.Error("APIs:", diff)
	}
	if diff := cmp.Diff([]bool{false, true, false, true}, findings); diff != "" {
		t.Error("findings:", diff)
	}
}
