package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCovering finds suppressions by name and by pattern, in their order.
func TestCovering(t *testing.T) {
	t.Parallel()
	p := readPatterns([]Suppression{
		{API: "orders*"},
		{API: "Orders"},
		{Service: `apim\-shop`},
		{Path: "infra/**"},
		{API: "orders", Service: "other"},
		{API: "orders", Path: "elsewhere"},
		{Service: "apim-*", API: "billing"},
		{API: "["},
		{Service: "APIM-SHOP", API: "o?ders"},
	}, 1)
	got := p.covering(API{Name: "orders", Service: "apim-shop", Path: "infra/apis.bicep"})
	if diff := cmp.Diff([]int{0, 1, 2, 3, 8}, got); diff != "" {
		t.Errorf("covering (-want +got):\n%s", diff)
	}
	if got := p.covering(API{Name: "BILLING", Service: "apim-dev", Path: "a"}); !cmp.Equal(got, []int{6}) {
		t.Errorf("covering another one: %v", got)
	}
}

// TestComparisons counts how often APIs are compared with suppressions.
func TestComparisons(t *testing.T) {
	t.Parallel()
	var all []Suppression
	for i := range 500 {
		all = append(all, Suppression{API: fmt.Sprintf("api%d", i)}, Suppression{API: fmt.Sprintf("*%d", i)})
	}
	p := readPatterns(all, 1)
	for i := range 3000 {
		byName, byPattern := false, false
		for _, n := range p.covering(API{Name: fmt.Sprintf("api%d", i)}) {
			byName = byName || !strings.HasPrefix(all[n].API, "*")
			byPattern = byPattern || strings.HasPrefix(all[n].API, "*")
		}
		if byName != (i < 500) || byPattern != (i < maxMatches/500) {
			t.Fatalf("API %d is covered by name: %v, by pattern: %v", i, byName, byPattern)
		}
	}
	if p.compared != maxMatches/500 || p.left >= 0 {
		t.Errorf("%d APIs compared", p.compared)
	}
}
