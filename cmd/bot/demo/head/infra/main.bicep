@description('Name of the API Management service.')
param serviceName string = 'apim-contoso'

param location string = resourceGroup().location

resource apim 'Microsoft.ApiManagement/service@2024-05-01' = {
  name: serviceName
  location: location
  sku: {
    name: 'StandardV2'
    capacity: 1
  }
  properties: {
    publisherName: 'Contoso'
    publisherEmail: 'api@contoso.example'
  }
}

module orders 'modules/rest-api.bicep' = {
  name: 'orders'
  params: {
    serviceName: apim.name
    apiName: 'orders'
  }
}

// Published for the billing portal.
resource billing 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: apim
  name: 'billing'
  properties: {
    displayName: 'Billing'
    path: 'billing'
    protocols: [
      'https'
    ]
  }
}

resource catalog 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: apim
  name: 'catalog'
  properties: {
    apiType: 'graphql'
    displayName: 'Catalog'
    path: 'catalog'
  }
}
