package check

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// TestAskedByTheRule has a file that nothing but a property leads to, which is
// evaluated when the rule asks for it.
func TestAskedByTheRule(t *testing.T) {
	t.Parallel()
	const text = `var chat = loadYamlContent('chat.yaml')

resource chatApi 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = {
  name: 'apim-shop/chat'
  properties: { path: 'chat', apiType: chat.kind }
}
`
	s := source.NewSnapshot([]source.Entry{
		{Path: "main.bicep", File: source.NewFile("main.bicep", []byte(text))}, {Path: "chat.yaml", ID: "1"},
	})
	asked := Run(deployment.Load(s, deployment.Options{}), Settings{}, nil)
	if diff := cmp.Diff([]string{"chat.yaml"}, asked.Wanted); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{"main.bicep": {"chat.yaml", "main.bicep"}}, asked.Reached); diff != "" {
		t.Error(diff)
	}
	s = s.With(source.NewFile("chat.yaml", []byte("kind: websocket\n")))
	answered := Run(deployment.Load(s, deployment.Options{}), Settings{}, nil)
	if len(answered.Wanted) > 0 || len(answered.APIs) != 1 || answered.APIs[0].Status != Excluded {
		t.Errorf("wanted %q, APIs %+v", answered.Wanted, answered.APIs)
	}
}
