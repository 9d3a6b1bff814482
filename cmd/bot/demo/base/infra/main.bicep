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
