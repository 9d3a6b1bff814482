@description('API Management service that publishes the API.')
param serviceName string

@description('Name of the API, and the last part of its address.')
param apiName string

resource service 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: serviceName
}

resource api 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: service
  name: apiName
  properties: {
    displayName: apiName
    path: apiName
    protocols: [
      'https'
    ]
  }
}

resource apiDefender 'Microsoft.Security/apiCollections@2023-11-15' = {
  scope: service
  name: api.name
}
