package bicep

import (
	"fmt"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// realistic is a file of about 300 kB of the usual mixture.
func realistic() []byte {
	var b strings.Builder
	b.WriteString("targetScope = 'resourceGroup'\n\nparam location string = resourceGroup().location\nparam apimName string\n\n" +
		"resource apim 'Microsoft.ApiManagement/service@2023-05-01-preview' existing = {\n  name: apimName\n}\n")
	for i := range 300 {
		fmt.Fprintf(&b, `
// The API of team %[1]d and what belongs to it.
@description('Path of the API of team %[1]d. It must be unique in the service.')
@maxLength(80)
param path%[1]d string = 'team-%[1]d'

var settings%[1]d = {
  displayName: 'Team %[1]d'
  protocols: [ 'https', 'wss' ]
  enabled: !empty(path%[1]d) && length(path%[1]d) > %[1]d
}

resource api%[1]d 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = if (settings%[1]d.enabled) {
  parent: apim
  name: 'api-${toLower(path%[1]d)}-${uniqueString(resourceGroup().id, location)}'
  properties: {
    displayName: settings%[1]d.displayName
    path: '${path%[1]d}/v1'
    protocols: settings%[1]d.protocols
    subscriptionRequired: true
    serviceUrl: settings%[1]d.?url ?? 'https://backend-%[1]d.contoso.example/api'
  }
}

resource policy%[1]d 'Microsoft.ApiManagement/service/apis/policies@2023-05-01-preview' = {
  parent: api%[1]d
  name: 'policy'
  properties: {
    format: 'rawxml'
    value: '''<policies>
  <inbound>
    <base />
  </inbound>
</policies>'''
  }
}
`, i)
	}
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	content := realistic()
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if f := Parse(source.NewFile("main.bicep", content)); len(f.Diagnostics) > 0 {
			b.Fatal(f.Diagnostics[0])
		}
	}
}

func BenchmarkLex(b *testing.B) {
	content := realistic()
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		l := &lexer{src: string(content), report: &reporter{}}
		l.run()
	}
}

func BenchmarkParseAndLower(b *testing.B) {
	content := realistic()
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		Lower(Parse(source.NewFile("main.bicep", content)))
	}
}
