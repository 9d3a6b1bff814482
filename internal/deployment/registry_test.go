package deployment

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template/arm"
)

func TestResolveModule(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("0a", 32)
	config := `{ "moduleAliases": { "br": {
		"shop": { "registry": "Shop.azurecr.io", "modulePath": "bicep/apim" }, /* two more */
		"plain": { "registry": "shop.azurecr.io" },
		"lost": { "modulePath": "bicep" },
		"long": { "registry": "shop.azurecr.io", "modulePath": "` + strings.Repeat("a", 256) + `" },
	} } }`
	for _, c := range []struct{ path, want string }{
		{"br:shop.azurecr.io/apim/api:v1.0-rc_2", "shop.azurecr.io/apim/api:v1.0-rc_2"},
		{"br:Shop.AzureCR.io/api:V1", "shop.azurecr.io/api:V1"},
		{"br:localhost:5000/api@" + digest, "localhost:5000/api@" + digest},
		{"br/public:avm/ptn/azd/apim-api:0.1.2", "mcr.microsoft.com/bicep/avm/ptn/azd/apim-api:0.1.2"},
		{"br/shop:api:v1", "shop.azurecr.io/bicep/apim/api:v1"},
		{"br/shop:api@" + digest, "shop.azurecr.io/bicep/apim/api@" + digest},
		{"br/plain:a/b:v1", "shop.azurecr.io/a/b:v1"},
		{"br/lost:api:v1", ""},
		{"br/nobody:api:v1", ""},
		{"br/:api:v1", ""},
		{"br/a b:api:v1", ""},
		{"br/public", ""},
		{"br:", ""},
		{"br:shop.azurecr.io", ""},
		{"br:shop.azurecr.io/:v1", ""},
		{"br:shop.azurecr.io/api", ""},
		{"br:shop.azurecr.io/api:", ""},
		{"br:shop.azurecr.io/api:v1:v2", ""},
		{"br:shop.azurecr.io/api@sha256:0", ""},
		{"br:shop.azurecr.io/Api:v1", ""},
		{"br:shop.azurecr.io/../api:v1", ""},
		{"br:user@shop.azurecr.io/api:v1", ""},
		{"br:[::1]/api:v1", ""},
		{"br:shop.azurecr.io/api?x=:v1", ""},
		{"br:shop.azurecr.io/" + strings.Repeat("a", 256) + ":v1", ""},
		{"br:shop.azurecr.io/api:" + strings.Repeat("1", 129), ""},
		{"br:" + strings.Repeat("a", 263) + "/api:v1", ""},
		{"br/long:api:v1", ""},
	} {
		got := resolveModule(c.path, func() []bicepConfig {
			node, problems := arm.Document(source.NewFile("bicepconfig.json", []byte(config)))
			if len(problems) > 0 {
				t.Fatalf("bicepconfig.json: %v", problems)
			}
			return []bicepConfig{{node: node}}
		})
		if got.reference != c.want || (got.problem == "") != (c.want != "") {
			t.Errorf("%s is %q (%s), want %q", c.path, got.reference, got.problem, c.want)
		}
	}
}

func TestBicepConfig(t *testing.T) {
	t.Parallel()
	g := &Graph{snapshot: source.NewSnapshot(nil).With(
		source.NewFile("bicepconfig.json", []byte(`{"moduleAliases": {"br": {"a": {"registry": "top.example"}}}}`)),
		source.NewFile("near/bicepconfig.json", []byte(`{"extends": "../shared/base.json", "moduleAliases": {"br": {"a": {"modulePath": "near"}}}}`)),
		source.NewFile("shared/base.json", []byte(`{"extends": "base.json", "moduleAliases": {"br": {"a": {"registry": "base.example", "modulePath": "base"}}}}`)),
		source.NewFile("broken/bicepconfig.json", []byte(`{"moduleAliases": {"br": {"a": {"registry": "broken.example"`)),
		source.NewFile("out/bicepconfig.json", []byte(`{"extends": "../../../etc/base.json"}`)),
	)}
	for dir, want := range map[string]string{
		".": "top.example/", "far/away": "top.example/", "near": "base.example/near", "near/deep": "base.example/near", "broken": "/", "out": "/",
	} {
		host, root := aliasOf(g.configOf(dir, map[string][]bicepConfig{}), "a")
		if got := host + "/" + root; got != want {
			t.Errorf("the alias in %s is %q, want %q", dir, got, want)
		}
	}
}

func TestVerified(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path        string
		idle, known bool
	}{
		{"res/api-management/service", false, true},
		{"res/api-management/service/api", false, true},
		{"res/api-management/service/product", true, false},
		{"ptn/azd/apim-api", false, true},
		{"ptn/ai-ml/ai-foundry", false, false},
		{"res/storage/storage-account", true, false},
		{"utl/types/avm-common-types", true, false},
	} {
		for _, at := range []string{":0.1.0", "@sha256:" + strings.Repeat("0a", 32)} {
			reference := "mcr.microsoft.com/bicep/avm/" + c.path + at
			s := standIn(reference)
			if idle(reference) != c.idle || (s != nil) != c.known {
				t.Errorf("%s: idle %v, known %v", reference, idle(reference), s != nil)
			}
			if s != nil && len(s.Diagnostics) > 0 {
				t.Errorf("%s: %v", reference, s.Diagnostics)
			}
			if other := "shop.azurecr.io/bicep/avm/" + c.path + at; idle(other) || standIn(other) != nil {
				t.Errorf("%s is taken for an Azure Verified Module", other)
			}
		}
	}
}

// TestReachedConfig is why a change of an alias concerns the deployments that
// use it.
func TestReachedConfig(t *testing.T) {
	t.Parallel()
	s := source.NewSnapshot(nil).With(
		source.NewFile("bicepconfig.json", []byte(`{"extends": "base.json"}`)),
		source.NewFile("base.json", []byte(`{"moduleAliases": {"br": {"shop": {"registry": "shop.azurecr.io"}}}}`)),
		source.NewFile("main.bicep", []byte("module api 'br/shop:api:v1' = {\n  name: 'api'\n}\n")),
	)
	d := Load(s, Options{}).Expand(Root{Path: "main.bicep"})
	if diff := cmp.Diff([]string{"base.json", "bicepconfig.json", "main.bicep"}, d.Reached()); diff != "" {
		t.Errorf("reached (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"shop.azurecr.io/api:v1"}, d.Modules()); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
}
