package arm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// sample is a template of about the given size with the mixture of a large
// real one: half API Management, half other resources, some of it nested.
func sample(size int) []byte {
	var b strings.Builder
	b.WriteString("{\n  \"$schema\": \"" + resourceGroupSchema + "\",\n  \"contentVersion\": \"1.0.0.0\",\n  \"parameters\": {\n")
	for i := range 20 {
		fmt.Fprintf(&b, "    \"parameter%d\": {\n      \"type\": \"string\",\n      \"defaultValue\": \"[concat('p', '%d')]\",\n"+
			"      \"metadata\": {\n        \"description\": \"What the parameter is good for, in a sentence.\"\n      }\n    },\n", i, i)
	}
	b.WriteString("    \"last\": {\"type\": \"int\"}\n  },\n  \"variables\": {\n    \"service\": \"[parameters('parameter0')]\"\n  },\n  \"resources\": [\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `    {
      "type": "Microsoft.ApiManagement/service/apis",
      "apiVersion": "2022-08-01",
      "name": "[format('{0}/{1}', variables('service'), 'api-%d')]",
      "condition": "[not(empty(parameters('parameter1')))]",
      "dependsOn": [
        "[resourceId('Microsoft.ApiManagement/service', variables('service'))]"
      ],
      "properties": {
        "displayName": "API %d",
        "path": "[concat('path/', parameters('parameter2'))]",
        "protocols": ["https"],
        "subscriptionRequired": true,
        "format": "openapi+json",
        "value": "{\"openapi\": \"3.0.1\", \"info\": {\"title\": \"API\", \"version\": \"1\"}, \"paths\": {}}"
      }
    }, // one of many
    {
      "type": "Microsoft.Storage/storageAccounts",
      "apiVersion": "2023-01-01",
      "name": "[concat('st', uniqueString(resourceGroup().id), '%d')]",
      "location": "[resourceGroup().location]",
      "sku": { "name": "Standard_LRS" },
      "kind": "StorageV2",
      "properties": {
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": false,
        "networkAcls": { "bypass": "AzureServices", "defaultAction": "[if(parameters('parameter3'), 'Allow', 'Deny')]" },
        "encryption": { "services": { "blob": { "enabled": true }, "file": { "enabled": true } }, "keySource": "Microsoft.Storage" }
      }
    },
    {
      "type": "Microsoft.Resources/deployments",
      "apiVersion": "2022-09-01",
      "name": "nested-%d",
      "properties": {
        "mode": "Incremental",
        "expressionEvaluationOptions": { "scope": "inner" },
        "parameters": { "name": { "value": "[parameters('parameter4')]" } },
        "template": {
          "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
          "contentVersion": "1.0.0.0",
          "parameters": { "name": { "type": "string" } },
          "resources": [
            { "type": "Microsoft.Web/sites", "apiVersion": "2022-09-01", "name": "[parameters('name')]", "properties": { "httpsOnly": true } }
          ]
        }
      }
    },
`, i, i, i, i)
	}
	b.WriteString("  ]\n}\n")
	return []byte(b.String())
}

func TestSampleIsValid(t *testing.T) {
	t.Parallel()
	got := parseTemplate(t, string(sample(1<<16)))
	if len(got.Diagnostics) > 0 || len(allResources(got)) < 20 || len(got.Modules) < 10 {
		t.Errorf("%v, %d resources, %d modules", got.Diagnostics, len(allResources(got)), len(got.Modules))
	}
}

func BenchmarkParse(b *testing.B) {
	content := sample(1 << 20)
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if t, ok := Parse(source.NewFile("a.json", content)); !ok || len(t.Diagnostics) > 0 {
			b.Fatal(t.Diagnostics)
		}
	}
}

func BenchmarkClean(b *testing.B) {
	f := source.NewFile("a.json", sample(1<<20))
	b.SetBytes(int64(len(f.Content)))
	b.ReportAllocs()
	for b.Loop() {
		if c := clean(f); len(c.diagnostics) > 0 {
			b.Fatal(c.diagnostics)
		}
	}
}

func BenchmarkDocument(b *testing.B) {
	f := source.NewFile("a.json", sample(1<<20))
	b.SetBytes(int64(len(f.Content)))
	b.ReportAllocs()
	for b.Loop() {
		if root, _ := Document(f); root == nil {
			b.Fatal("no document")
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	content := []byte(`{"name": "web", "dependencies": {` + strings.Repeat(`"left": "^1.0.0", `, 1<<16) + `"right": "1"}}`)
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if Classify(content) != KindOther {
			b.Fatal("not a template")
		}
	}
}
