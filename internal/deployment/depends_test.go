package deployment_test

import (
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

const (
	bicepService = "resource apim 'Microsoft.ApiManagement/service@2022-08-01' existing = {\n  name: 'apim-shop'\n}\n"
	namedAPI     = "resource api '" + typeAPI + "@2022-08-01' = {\n  parent: apim\n  name: 'orders'\n}\n"
)

func collectionOf(body string) string {
	return "resource c 'Microsoft.Security/apiCollections@2023-11-15' = {\n  scope: apim\n" + body + "}\n"
}

func armPair(apiName, dependsOn string) string {
	return `{` + schema + `, "parameters": {"n": {"type": "string"}}, "resources": [
		{"type": "` + typeAPI + `", "apiVersion": "2022-08-01", "name": "` + apiName + `"},
		{"type": "Microsoft.Security/apiCollections", "apiVersion": "2023-11-15", "name": "x", "scope": "Microsoft.ApiManagement/service/a", "dependsOn": [` + dependsOn + `]}]}`
}

// TestDependsOn has the ways in which a collection is deployed after its API.
func TestDependsOn(t *testing.T) {
	t.Parallel()
	module := "param name string\n" + bicepService + "resource api '" + typeAPI + "@2022-08-01' = {\n  parent: apim\n  name: name\n}\noutput name string = api.name\n"
	callModule := "module m 'm.bicep' = {\n  name: 'm'\n  params: { name: 'orders' }\n}\n"
	for name, tt := range map[string]struct {
		files []string
		want  bool
	}{
		"not at all":               {[]string{"r.bicep", bicepService + namedAPI + collectionOf("  name: 'orders'\n")}, false},
		"by its name":              {[]string{"r.bicep", bicepService + namedAPI + collectionOf("  name: api.name\n")}, true},
		"by dependsOn":             {[]string{"r.bicep", bicepService + namedAPI + collectionOf("  name: 'orders'\n  dependsOn: [ api ]\n")}, true},
		"by a resource between":    {[]string{"r.bicep", bicepService + namedAPI + "resource p 'Microsoft.ApiManagement/service/apis/policies@2022-08-01' = {\n  parent: api\n  name: 'policy'\n}\n" + collectionOf("  name: 'orders'\n  dependsOn: [ p ]\n")}, true},
		"by a module's output":     {[]string{"r.bicep", bicepService + callModule + collectionOf("  name: m.outputs.name\n"), "m.bicep", module}, true},
		"by a module in dependsOn": {[]string{"r.bicep", bicepService + callModule + collectionOf("  name: 'orders'\n  dependsOn: [ m ]\n"), "m.bicep", module}, true},
		"not by a module":          {[]string{"r.bicep", bicepService + callModule + collectionOf("  name: 'orders'\n"), "m.bicep", module}, false},
		"by a resource ID":         {[]string{"r.json", armPair("a/x", `"[resourceId('Microsoft.ApiManagement/service/apis', 'a', 'x')]"`)}, true},
		"by a full name":           {[]string{"r.json", armPair("a/x", `"a/x"`)}, true},
		"by an ID as text":         {[]string{"r.json", armPair("a/x", `"Microsoft.ApiManagement/service/a/apis/X"`)}, true},
		"by an ID of terms":        {[]string{"r.json", armPair("[concat('a/', parameters('n'))]", `"[resourceId('Microsoft.ApiManagement/service/apis', 'a', parameters('N'))]"`)}, true},
		"not by another API":       {[]string{"r.json", armPair("a/x", `"[resourceId('Microsoft.ApiManagement/service/apis', 'a', 'y')]"`)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := tt.files[0]
			d := deployment.Load(snapshot(tt.files...), deployment.Options{}).Expand(deployment.Root{Path: path})
			var api, collection *deployment.Resource
			for _, r := range d.Resources {
				switch {
				case r.Is(strings.ToUpper(template.TypeAPI)):
					api = r
				case r.Is(template.TypeCollection):
					collection = r
				}
			}
			if api == nil || collection == nil {
				t.Fatalf("resources %v, diagnostics %v", d.Resources, d.Diagnostics)
			}
			if got := collection.DependsOn(api); got != tt.want {
				t.Errorf("depends: %v", got)
			}
			if api.DependsOn(collection) {
				t.Error("the API depends on its collection")
			}
		})
	}
}
