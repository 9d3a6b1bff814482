package arm

import (
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want Kind
	}{
		{`{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"}`, KindTemplate},
		{`{"$SCHEMA": "http://schema.management.azure.com/schemas/2014-04-01-preview/DEPLOYMENTTEMPLATE.json"}`, KindTemplate},
		{`{"$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"}`, KindTemplate},
		{`{"$schema": "https://schema.management.azure.com/schemas/2019-08-01/managementGroupDeploymentTemplate.json#"}`, KindTemplate},
		{`{"$schema": "https://schema.management.azure.com/schemas/2019-08-01/tenantDeploymentTemplate.json#"}`, KindTemplate},
		{`{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"}`, KindParameters},
		{`{"$schema": "https://schema.management.azure.com/schemas/0.1.2-preview/CreateUIDefinition.MultiVm.json#"}`, KindOther},
		{`{"$schema": "http://json-schema.org/draft-07/schema#", "contentVersion": "1", "resources": []}`, KindOther},
		{`{"contentVersion": "1.0.0.0", "resources": []}`, KindTemplate},
		{`{"ContentVersion": "1.0.0.0", "Resources": {}}`, KindTemplate},
		{`{"$schema": "", "contentVersion": "1.0.0.0", "resources": []}`, KindTemplate},
		{`{"$schema": 1, "contentVersion": "1.0.0.0", "resources": []}`, KindTemplate},
		{`{"contentVersion": "1.0.0.0"}`, KindOther},
		{`{"resources": []}`, KindOther},
		{`{"x": {"contentVersion": "1.0.0.0", "resources": []}}`, KindOther},
		{`{"x": "}", /* } */ "y": [{"]": 1}], // }` + "\n" + `"resources": [], "contentVersion": ""}`, KindTemplate},
		{"\xef\xbb\xbf // x\n /* y */ {\u00a0\"$schema\" /**/ : /**/ \"x/deploymentTemplate.json#\"", KindTemplate},
		{`[{"$schema": "x/deploymentTemplate.json#"}]`, KindOther},
		{`{"a": "unclosed, "$schema": "https://x/deploymentTemplate.json#"`, KindTemplate},
		{`{"a": "unclosed, "$schema": "https://x/deploymentParameters.json#"`, KindParameters},
		{`{"a": "unclosed`, KindOther},
		{`{"description": "see deploymentTemplate.json"}`, KindOther},
		{``, KindOther},
		{`{`, KindOther},
		{`{"`, KindOther},
		{`{"a\`, KindOther},
		{`{"a":{"b\`, KindOther},
		{`"text"`, KindOther},
	}
	for _, test := range tests {
		if got := Classify([]byte(test.in)); got != test.want {
			t.Errorf("Classify(%s) = %d, want %d", test.in, got, test.want)
		}
		f := source.NewFile("a.json", []byte(test.in))
		if _, ok := Parse(f); ok != (test.want == KindTemplate) {
			t.Errorf("Parse(%s) = %v", test.in, ok)
		}
		if _, ok := ParseParameters(f); ok != (test.want == KindParameters) {
			t.Errorf("ParseParameters(%s) = %v", test.in, ok)
		}
	}
}

//nolint:paralleltest // allocations of other tests would count
func TestClassifyAllocatesNothing(t *testing.T) {
	content := []byte(`{"name": "web", "dependencies": {` + strings.Repeat(`"left": "^1.0.0",`, 1000) + `"right": "1"}}`)
	if n := testing.AllocsPerRun(10, func() { Classify(content) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
