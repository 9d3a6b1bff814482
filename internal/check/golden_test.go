package check_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/check/checktest"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/fix"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// TestGoldens checks and fixes the repository of every case.
func TestGoldens(t *testing.T) {
	t.Parallel()
	archives, err := checktest.Archives(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	for name, archive := range archives {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := checktest.Parse(archive)
			if err != nil {
				t.Fatal(err)
			}
			now := c.Text(outcome(t, c))
			if *update {
				if err := os.WriteFile(filepath.Join("testdata", name+".txtar"), now, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(archive, now) {
				t.Errorf("differs from the golden (-want +got):\n%s", cmp.Diff(string(archive), string(now)))
			}
		})
	}
}

// outcome is the report on a case and what the fix makes of its files.
func outcome(t *testing.T, c *checktest.Case) (report, fixed string) {
	t.Helper()
	g := deployment.Load(c.Snapshot, c.Options)
	r := check.Run(g, c.Settings, c.Selected)
	result := fix.Plan(fix.Input{
		Snapshot: c.Snapshot, Settings: c.Settings, Selected: c.Selected, Graph: g, Report: r,
	})
	for _, err := range result.Unproven {
		t.Errorf("unproven: %v", err)
	}
	var b strings.Builder
	for _, path := range g.Files() {
		if after, ok := result.Files[path]; ok {
			b.WriteString(checktest.WriteDiff(path, g.Source(path).Content, after))
		}
	}
	return checktest.WriteReport(r, c.Details), b.String()
}
