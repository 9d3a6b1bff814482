package arm

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// sixAPIs is a template as people write them.
func sixAPIs() string {
	var b strings.Builder
	b.WriteString("{\n  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n" +
		"  \"contentVersion\": \"1.0.0.0\",\n  \"parameters\": {\n    \"apim\": {\n      \"type\": \"string\"\n    }\n  },\n  \"resources\": [\n")
	for i := range 6 {
		fmt.Fprintf(&b, "    {\n      \"type\": \"Microsoft.ApiManagement/service/apis\",\n      \"apiVersion\": \"2022-08-01\",\n"+
			"      \"name\": \"[concat(parameters('apim'), '/api%d')]\",\n      \"dependsOn\": [],\n"+
			"      \"properties\": {\n        \"path\": \"api%d\",\n        \"protocols\": [\n          \"https\"\n        ]\n      }\n    }", i, i)
		if i < 5 {
			b.WriteString(",")
		}
		b.WriteString("\n")
	}
	b.WriteString("  ]\n}\n")
	return b.String()
}

// TestRecovery takes every byte, and every line, out of a template: that may
// cost the API that it belongs to, but seldom another one.
func TestRecovery(t *testing.T) {
	t.Parallel()
	text := sixAPIs()
	lines := strings.SplitAfter(text, "\n")
	var broken []string
	for i := strings.Index(text, `"resources"`); i < len(text); i++ {
		broken = append(broken, text[:i]+text[i+1:])
	}
	for i := 9; i < len(lines); i++ {
		broken = append(broken, strings.Join(slices.Delete(slices.Clone(lines), i, i+1), ""))
	}
	errors, costly := 0, 0
	for _, text := range broken {
		file := source.NewFile("a.json", []byte(text))
		c := clean(file)
		if len(c.diagnostics) == 0 {
			continue
		}
		errors++
		checkRecovered(t, text, c)
		read, _ := Parse(file)
		found := 0
		for _, r := range read.Resources {
			if r.Type == "Microsoft.ApiManagement/service/apis" && r.Name != nil {
				found++
			}
		}
		if found < 5 {
			costly++
		}
	}
	if errors < 300 || costly*15 > errors {
		t.Errorf("of %d errors %d cost several APIs", errors, costly)
	}
}

// checkRecovered checks that what is read around errors is JSON again. Missing
// commas and unknown escapes, which gjson reads, are in the copy as they were.
func checkRecovered(t *testing.T, text string, c cleanCopy) {
	t.Helper()
	kept := slices.ContainsFunc(c.diagnostics, func(d diag.Diagnostic) bool {
		return d.Summary == "Missing comma" || d.Summary == "Unknown escape sequence"
	})
	if c.whole && !kept && !gjson.Valid(strictly(c.text)) {
		t.Errorf("the copy of %q is no JSON: %q", text, c.text)
	}
}

func TestMergeConflict(t *testing.T) {
	t.Parallel()
	text := `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [
<<<<<<< HEAD
  {"type": "Microsoft.ApiManagement/service/apis", "name": "ours"},
=======
  {"type": "Microsoft.ApiManagement/service/apis", "name": "theirs"},
>>>>>>> feature
  {"type": "Microsoft.ApiManagement/service/apis", "name": "both"}
]}
`
	got, _ := Parse(source.NewFile("a.json", []byte(text)))
	if len(got.Resources) != 3 || len(got.Diagnostics) != 1 || got.Diagnostics[0].Summary != "Merge conflict" {
		t.Errorf("%d resources, %+v", len(got.Resources), got.Diagnostics)
	}
}
