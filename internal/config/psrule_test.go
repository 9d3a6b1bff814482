package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/glob"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

func TestParsePSRule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, content string
		want          PSRule
	}{
		{"empty", "", PSRule{}},
		{"other business", "requires:\n  PSRule: '@pre'\noutput: [a]\nrule: x\nsuppression: 1\ninput: ~\n", PSRule{}},
		{"name", "rule:\n  exclude:\n  - Azure.VM.Name\n  - azure.apim.defendercloud\n", PSRule{Excluded: true}},
		{"reference", "rule: {exclude: [AZR-000387]}", PSRule{Excluded: true}},
		{"module", `rule: {exclude: ['PSRule.Rules.Azure\Azure.APIM.DefenderCloud']}`, PSRule{Excluded: true}},
		{"one name without a list", "Rule:\n  Exclude: AZR-000387\n", PSRule{Excluded: true}},
		{"other rules", "rule: {exclude: [Azure.APIM.Defender, AZR-00038, ~, 1, [AZR-000387]]}", PSRule{}},
		{"suppression", "suppression:\n  Azure.APIM.Name: [x]\n  AZR-000387:\n  - apim-a\n  - apim-b/orders\n  - 7\n", PSRule{Targets: []string{"apim-a", "apim-b/orders", "7"}}},
		{"older suppression", "suppression:\n  Azure.APIM.DefenderCloud:\n    targetName: [a]\n", PSRule{Targets: []string{"a"}}},
		{"both names", "suppression:\n  AZR-000387: [a]\n  Azure.APIM.DefenderCloud: b\n", PSRule{Targets: []string{"a", "b"}}},
		{"no targets", "suppression:\n  AZR-000387: {}\n  Azure.APIM.DefenderCloud:\n", PSRule{}},
		{"paths", "input:\n  pathIgnore:\n  - '*'\n  - '# note'\n  - '!infra\\main.bicep'\n  - '['\n", PSRule{Ignore: glob.NewSet("*", "!infra/main.bicep")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, ds := ParsePSRule(source.NewFile("ps-rule.yaml", []byte(tc.content)))
			tc.want.path = "ps-rule.yaml"
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(PSRule{})); diff != "" || len(ds) > 0 {
				t.Error(diff, ds)
			}
		})
	}
}

func TestParsePSRuleNotices(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	many.WriteString("suppression:\n  AZR-000387:\n")
	for i := range maxTargets + 5 {
		fmt.Fprintf(&many, "  - t%d\n", i)
	}
	for _, tc := range []struct {
		content, want string
		targets       int
	}{
		{"rule:\n\texclude: [AZR-000387]\n", "2:1 \"\\texclude: [AZR-000387]\" PSRule configuration not read: YAML syntax error: Found character '\t' that cannot start any token.", 0},
		{strings.Repeat("[", 100), `1:33 "[" PSRule configuration not read: Settings nested too deep: Lists and mappings may stand in each other 32 deep.`, 0},
		{many.String(), `503:5 "t500" PSRule suppressions not read: At most 500 are read.`, maxTargets},
	} {
		f := source.NewFile("ps-rule.yaml", []byte(tc.content))
		p, ds := ParsePSRule(f)
		if diff := cmp.Diff([]string{tc.want}, lines(f, ds)); diff != "" || len(p.Targets) != tc.targets || p.Excluded {
			t.Error(diff, len(p.Targets))
		}
		for _, d := range ds {
			if d.Severity != diag.Notice || d.Code != check.CodeConfigInvalid || d.Path != "ps-rule.yaml" {
				t.Errorf("%+v", d)
			}
		}
	}
}

func TestPSRuleApply(t *testing.T) {
	t.Parallel()
	p, _ := ParsePSRule(source.NewFile("ps-rule.yaml", []byte(`
rule: {exclude: [AZR-000387]}
suppression: {AZR-000387: ['apim-*', 'apim/orders']}
input: {pathIgnore: ['samples/']}
`)))
	own := []check.Suppression{{API: "x", Reason: "y"}}
	s := p.Apply(check.Settings{Suppress: own, Skip: func(p string) bool { return p == "skipped" }, Today: "2026-11-24"})
	want := []check.Suppression{
		own[0],
		{Service: `apim-\*`, Reason: "suppressed for apim-* in ps-rule.yaml"},
		{API: `apim-\*`, Reason: "suppressed for apim-* in ps-rule.yaml"},
		{Service: "apim", API: "orders", Reason: "suppressed for apim/orders in ps-rule.yaml"},
	}
	if diff := cmp.Diff(want, s.Suppress); diff != "" {
		t.Error(diff)
	}
	if s.RuleExcluded != "rule.exclude in ps-rule.yaml names the rule" || s.Today != "2026-11-24" || len(own) != 1 {
		t.Errorf("%+v", s)
	}
	for path, want := range map[string]bool{"samples/a": true, "x/samples/a": true, "skipped": true, "a": false} {
		if s.Skip(path) != want {
			t.Errorf("skips %s: %v", path, !want)
		}
	}
	if s := (PSRule{}).Apply(check.Settings{}); s.Skip != nil || s.RuleExcluded != "" || len(s.Suppress) > 0 {
		t.Errorf("%+v", s)
	}
}
