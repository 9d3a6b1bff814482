package deployment_test

import (
	"fmt"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
)

// TestOthers has names and dependencies that hang on resources the rule does
// not read, of which the model keeps the symbols only.
func TestOthers(t *testing.T) {
	t.Parallel()
	const collection = "Microsoft.Security/apiCollections"
	tests := []struct {
		name, path, text string
		want             string // the API's last segment
	}{
		{"a name in bicep", "m.bicep", "resource storage 'Microsoft.Storage/storageAccounts@2023-01-01' = {\n  name: 'orders'\n}\n" +
			bicepAPI("storage.name") + "resource c '" + collection + "@2023-11-15' = {\n  name: 'orders'\n  dependsOn: [storage]\n}\n", "orders"},
		{"a parent in bicep", "m.bicep", "resource vnet 'Microsoft.Network/virtualNetworks@2023-01-01' = {\n  name: 'net'\n}\n" +
			"resource subnet 'Microsoft.Network/virtualNetworks/subnets@2023-01-01' = {\n  parent: vnet\n  name: 'orders'\n}\n" +
			bicepAPI("last(split(subnet.id, '/'))"), "orders"},
		{"a symbol in json", "m.json", fmt.Sprintf(`{%s, "languageVersion": "2.0", "resources": {
			"storage": {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "orders"},
			"api": {"type": %q, "apiVersion": "2022-08-01", "name": "[concat('apim-shop/', resourceInfo('storage').name)]"}}}`, schema, typeAPI), "orders"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := deployment.Load(snapshot(tt.path, tt.text), deployment.Options{}).ExpandAll()[0]
			for _, r := range d.Resources {
				if !r.Is(typeAPI) {
					continue
				}
				if got, _ := r.Segments[1].AsString(); got != tt.want {
					t.Errorf("name %q, want %q", got, tt.want)
				}
				return
			}
			t.Errorf("no API in %d resources, %v", len(d.Resources), d.Diagnostics)
		})
	}
}

// TestOthersBetween orders a collection behind its API through resources that
// the rule does not read.
func TestOthersBetween(t *testing.T) {
	t.Parallel()
	for path, text := range map[string]string{
		"m.bicep": bicepAPI("'a'") + "resource wait 'Microsoft.Resources/deploymentScripts@2023-08-01' = {\n  name: 'wait'\n  dependsOn: [api]\n}\n" +
			"resource c 'Microsoft.Security/apiCollections@2023-11-15' = {\n  name: 'a'\n  dependsOn: [wait]\n}\n",
		"m.json": fmt.Sprintf(`{%s, "resources": [
			{"type": %q, "apiVersion": "2022-08-01", "name": "apim-shop/a"},
			{"type": "Microsoft.Resources/deploymentScripts", "apiVersion": "2023-08-01", "name": "wait", "dependsOn": ["[resourceId('Microsoft.ApiManagement/service/apis', 'apim-shop', 'a')]"]},
			{"type": "Microsoft.Security/apiCollections", "apiVersion": "2023-11-15", "name": "a", "dependsOn": ["wait"]}]}`, schema, typeAPI),
	} {
		d := deployment.Load(snapshot(path, text), deployment.Options{}).ExpandAll()[0]
		if len(d.Resources) != 2 || !d.Resources[1].DependsOn(d.Resources[0]) || d.Resources[0].DependsOn(d.Resources[1]) {
			t.Errorf("%s: %d resources, or not in order", path, len(d.Resources))
		}
	}
}
