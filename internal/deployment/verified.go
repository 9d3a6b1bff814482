package deployment

import (
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
	"github.com/onboard-defender/onboard-defender/internal/template/bicep"
)

// Where Azure Verified Modules are published.
// https://azure.github.io/Azure-Verified-Modules/
const verified = "mcr.microsoft.com/bicep/avm/"

// verifiedAPIs are the Azure Verified Modules that declare APIs: by their
// repository, what they do with the parameters that the rule hangs on. It is
// what is known of them while nobody has fetched them. Compared with the compiled
// templates of all their versions up to 2026-11-24 (service 0.15, api 0.2,
// apim-api 0.1), it brings the same APIs. None of them brings a collection. A
// name that no parameter gives is shown to the author as it stands here.
func verifiedAPIs(repository string) string {
	switch repository {
	case "res/api-management/service":
		// The APIs of its workspaces are another type of resource.
		return `
param name string
param location string = resourceGroup().location
param sku string = 'Premium'
param apis array = []

resource service 'Microsoft.ApiManagement/service@2024-05-01' = {
  name: name
  location: location
  sku: {
    name: sku
  }
}

resource serviceApis 'Microsoft.ApiManagement/service/apis@2024-05-01' = [for api in apis: {
  parent: service
  name: api.name
  properties: {
    apiType: api.?apiType ?? 'http'
    isCurrent: api.?isCurrent ?? true
  }
}]

output name string = service.name
output resourceId string = service.id
output resourceGroupName string = resourceGroup().name
output location string = location
`
	case "res/api-management/service/api":
		return `
param apiManagementServiceName string
param name string
param apiType string = 'http'
param isCurrent bool = true

resource service 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: apiManagementServiceName
}

resource api 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: service
  name: name
  properties: {
    apiType: apiType
    isCurrent: isCurrent
  }
}

output name string = api.name
output resourceId string = api.id
output resourceGroupName string = resourceGroup().name
`
	case "ptn/azd/apim-api":
		return `
param name string
param apiName string

resource service 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: name
}

resource api 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: service
  name: apiName
  properties: {
    type: 'http'
  }
}

output resourceGroupName string = resourceGroup().name
`
	}
	return ""
}

// verifiedPath is the path of an Azure Verified Module below "avm", "" for any
// other module.
func verifiedPath(reference string) string {
	rest, ok := strings.CutPrefix(reference, verified)
	if !ok {
		return ""
	}
	if at := strings.IndexAny(rest, ":@"); at >= 0 {
		rest = rest[:at]
	}
	return rest
}

// standIn is a template that brings the same APIs as an Azure Verified Module,
// nil for all other modules.
func standIn(reference string) *template.Template {
	text := verifiedAPIs(verifiedPath(reference))
	if text == "" {
		return nil
	}
	return bicep.Lower(bicep.Parse(source.NewFile("br:"+reference, []byte(text))))
}

// idle reports whether a module certainly declares no API and no collection. A
// resource module of Azure Verified Modules deploys the resource that it is
// named after and what belongs to that, and a utility module deploys nothing.
// https://azure.github.io/Azure-Verified-Modules/specs/shared/module-classifications/
func idle(reference string) bool {
	p := verifiedPath(reference)
	return (strings.HasPrefix(p, "res/") || strings.HasPrefix(p, "utl/")) && verifiedAPIs(p) == ""
}
