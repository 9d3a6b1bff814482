param serviceName string

resource apim 'Microsoft.ApiManagement/service@2023-05-01-preview' existing = {
  name: serviceName
}

resource orders 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = {
  parent: apim
  name: 'orders'
  properties: {
    displayName: 'Orders'
    path: 'orders'
    protocols: ['https']
  }
}

resource ordersDefender 'Microsoft.Security/apiCollections@2023-11-15' = {
  scope: apim
  name: orders.name
}

resource billing 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = {
  parent: apim
  name: 'billing'
  properties: {
    displayName: 'Billing'
    path: 'billing'
    protocols: ['https']
  }
}
