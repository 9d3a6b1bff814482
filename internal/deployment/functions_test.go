package deployment

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// evaluated is a template of a repository whose variables can be asked for.
type evaluated struct {
	t  *testing.T
	in *instance
}

func evaluate(t *testing.T, path string, files map[string]string) evaluated {
	t.Helper()
	entries := make([]source.Entry, 0, len(files))
	for p, content := range files {
		entries = append(entries, source.Entry{Path: p, File: source.NewFile(p, []byte(content))})
	}
	g := Load(source.NewSnapshot(entries), Options{})
	f := g.files[path]
	if f == nil || f.Template == nil || len(f.Diagnostics) > 0 {
		t.Fatalf("%s is no template: %+v", path, f)
	}
	return evaluated{t, newInstance(newExpander(g, Root{Path: path}), f.Template, path, rootTarget(f.Template))}
}

func (e evaluated) variable(name string) expr.Value {
	e.t.Helper()
	for _, v := range e.in.template.Variables {
		if v.Name == name {
			return e.in.d.eval.Eval(e.in, v.Value)
		}
	}
	e.t.Fatalf("no variable %s", name)
	return expr.Value{}
}

// write puts variables into a Bicep file, v0 and so on.
func write(head string, expressions []string) string {
	var b strings.Builder
	b.WriteString(head + "\n")
	for i, x := range expressions {
		b.WriteString("var " + variable(i) + " = " + x + "\n")
	}
	return b.String()
}

func variable(i int) string { return "v" + string(rune('a'+i/26)) + string(rune('a'+i%26)) }

// row is an expression and what it gives: a value, or nil for a term that is
// the same wherever it is written.
type row struct {
	expression string
	want       any
}

func checkRows(t *testing.T, head string, files map[string]string, rows []row) {
	t.Helper()
	expressions := make([]string, len(rows))
	for i, r := range rows {
		expressions[i] = r.expression
	}
	all := map[string]string{"infra/main.bicep": write(head, expressions)}
	maps.Copy(all, files)
	e := evaluate(t, "infra/main.bicep", all)
	for i, r := range rows {
		got := e.variable(variable(i))
		switch want := value(r.want); {
		case r.want == nil:
			if got.Term() == nil || got.Vague() || !expr.Identical(got, e.variable(variable(i))) {
				t.Errorf("%s: got %s, want a term", r.expression, got.Key())
			}
		case want.IsUnknown():
			if !got.IsUnknown() {
				t.Errorf("%s: got %s, want nothing known", r.expression, got.Key())
			}
		case !expr.Identical(got, want):
			t.Errorf("%s:\n got %s\nwant %s", r.expression, got.Key(), want.Key())
		}
	}
	if err := e.in.d.eval.Err(); err != nil {
		t.Error(err)
	}
}

// value makes a value of what a row writes down.
func value(x any) expr.Value {
	switch x := x.(type) {
	case expr.Value:
		return x
	case string:
		return expr.String(x)
	case int:
		return expr.Int(int64(x))
	case bool:
		return expr.Bool(x)
	case []any:
		items := make([]expr.Value, len(x))
		for i := range x {
			items[i] = value(x[i])
		}
		return expr.ArrayOf(items...)
	case map[string]any:
		var fields []expr.Field
		for k, v := range x {
			fields = append(fields, expr.Field{Key: k, Value: value(v)})
		}
		return expr.ObjectOf(fields...)
	}
	return expr.Null()
}

var nothing = expr.Unknown()

func TestLoadText(t *testing.T) {
	t.Parallel()
	checkRows(t, "", map[string]string{
		"infra/note.txt":  "caf\u00e9\n",
		"infra/ascii.txt": "plain\r\n",
		"infra/latin.txt": "caf\xe9",
		"infra/bom.txt":   source.BOM + "x",
		"infra/wide.txt":  "\xff\xfeh\x00\xe9\x00",
		"infra/16.txt":    "h\x00i\x00",
		"infra/16be.txt":  "\x00h\x00i",
		"infra/odd.txt":   "h\x00i",
		"infra/half.txt":  "\x3d\xd8",
		"shared/up.txt":   "up",
	}, []row{
		{"loadTextContent('note.txt')", "caf\u00e9\n"},
		{"loadTextContent('./note.txt', 'utf-8')", "caf\u00e9\n"},
		{"loadTextContent('../shared/up.txt')", "up"},
		{"loadTextContent('ascii.txt', 'us-ascii')", "plain\r\n"},
		{"loadTextContent('note.txt', 'us-ascii')", nil},
		{"loadTextContent('latin.txt', 'iso-8859-1')", "caf\u00e9"},
		{"loadTextContent('latin.txt')", nil},
		{"loadTextContent('bom.txt')", "x"},
		{"loadTextContent('bom.txt', 'iso-8859-1')", "x"},
		{"loadTextContent('wide.txt')", "h\u00e9"},
		{"loadTextContent('16.txt', 'utf-16')", "hi"},
		{"loadTextContent('16be.txt', 'utf-16BE')", "hi"},
		{"loadTextContent('odd.txt', 'utf-16')", nil},
		{"loadTextContent('half.txt', 'utf-16')", nil},
		{"loadTextContent('note.txt', 'utf-7')", nil},
		{"loadTextContent('none.txt')", nil},
		{"loadTextContent('none.txt') == loadTextContent('../infra/none.txt')", true},
		{"loadTextContent('../../out.txt')", nil},
		{"length(loadTextContent('note.txt'))", 5},
	})
}

func TestLoadObjects(t *testing.T) {
	t.Parallel()
	orders := map[string]any{"name": "orders", "live": true}
	checkRows(t, "", map[string]string{
		"infra/apis.json":     source.BOM + "// APIs\n" + `{"apis": [{"name": "orders", "live": true}, {"name": "billing"}], "Port no": 8080, "a.b": {"$c": []},}`,
		"infra/wide.json":     "{\x00}\x00",
		"infra/bad.json":      "{",
		"infra/versions.json": "[1.0, 2e0, 1.50, -0.0]",
		"infra/apis.yaml":     "# APIs\napis:\n- name: orders\n  live: true\n- name: 'billing'\nport: 8080\nnone:\nempty: ~\nversion: 1.50\nswitch: yes\ndate: 2023-11-15\nword: e2e\nquoted: \"8080\"\ntext: |\n  two\n  lines\nflow: {a: [1, -2, 'x'], b: {}}\n",
		"infra/alias.yml":     "a: &x [1]\nb: *x\n",
		"infra/two.yml":       "a: 1\n---\nb: 2\n",
		"infra/twice.yml":     "a: 1\na: 2\n",
		"infra/deep.yml":      strings.Repeat("[", 100_000),
		"infra/block.yml":     strings.Repeat("- ", 100_000),
		"infra/list.yml":      "- a\n- b\n",
		"infra/null.yml":      "",
		"infra/sharp.yml":     "a: [1\n",
		"infra/key.yml":       "yes: 1\n",
		"infra/crlf.yml":      "a: x\r\nb: z\r\n",
	}, []row{
		{"loadJsonContent('apis.json').apis[0].name", "orders"},
		{"loadJsonContent('apis.json', '$.apis[0]')", orders},
		{"loadJsonContent('apis.json', 'apis[1].name')", "billing"},
		{"loadJsonContent('apis.json', '$[\\'Port no\\']')", 8080},
		{"loadJsonContent('apis.json', '[\"a.b\"]')", map[string]any{"$c": []any{}}},
		{"length(loadJsonContent('apis.json', '$'))", 3},
		{"loadJsonContent('wide.json', '$', 'utf-16')", map[string]any{}},
		{"loadJsonContent('apis.json', '$.APIS')", nil},
		{"loadJsonContent('apis.json', '$.apis[2]')", nil},
		{"loadJsonContent('apis.json', '$.apis[-1]')", nil},
		{"loadJsonContent('apis.json', '$..name')", nil},
		{"loadJsonContent('apis.json', '$.apis[*].name')", nil},
		{"loadJsonContent('apis.json', '$.apis[?(@.live)]')", nil},
		{"loadJsonContent('apis.json', '$.apis[0')", nil},
		{"loadJsonContent('bad.json')", nil},
		{"map(loadJsonContent('versions.json'), v => 'v${v}')", []any{"v1", "v2", "v1.5", "v0"}},
		{"loadJsonContent('none.json').apis == loadJsonContent('./none.json').apis", true},
		{"loadYamlContent('apis.yaml').apis[0]", orders},
		{"loadYamlContent('apis.yaml', '$.apis[1].name')", "billing"},
		{"loadYamlContent('apis.yaml', 'port')", 8080},
		{"empty(loadYamlContent('apis.yaml', 'none')) && empty(loadYamlContent('apis.yaml', 'empty'))", true},
		{"loadYamlContent('apis.yaml').version", nil},
		{"loadYamlContent('apis.yaml').switch", nil},
		{"loadYamlContent('apis.yaml').date", nil},
		{"loadYamlContent('apis.yaml').word", "e2e"},
		{"loadYamlContent('apis.yaml').quoted", "8080"},
		{"loadYamlContent('apis.yaml').text", "two\nlines\n"},
		{"loadYamlContent('apis.yaml').flow", map[string]any{"a": []any{1, -2, "x"}, "b": map[string]any{}}},
		{"loadYamlContent('list.yml')", []any{"a", "b"}},
		{"loadYamlContent('crlf.yml')", map[string]any{"a": "x", "b": "z"}},
		{"loadYamlContent('alias.yml')", nil},
		{"loadYamlContent('two.yml')", nil},
		{"loadYamlContent('twice.yml')", nil},
		{"loadYamlContent('deep.yml')", nil},
		{"loadYamlContent('block.yml')", nil},
		{"loadYamlContent('sharp.yml')", nil},
		{"loadYamlContent('key.yml')", nil},
	})
}

func TestLoadFiles(t *testing.T) {
	t.Parallel()
	file := func(relative, name, extension string) any {
		return map[string]any{"relativePath": relative, "baseName": name, "extension": extension}
	}
	binary := "\x00\xff\x10"
	checkRows(t, "", map[string]string{
		"infra/logo.png":         binary,
		"infra/large.bin":        strings.Repeat("x", maxBinary+1),
		"infra/apis/b.json":      "{}",
		"infra/apis/A.json":      "{}",
		"infra/apis/Caps.JSON":   "{}",
		"infra/apis/notes.md":    "",
		"infra/apis/README":      "",
		"infra/apis/deep/x.json": "{}",
		"shared/spec.yaml":       "",
		"root.txt":               "",
	}, []row{
		{"loadFileAsBase64('logo.png')", base64.StdEncoding.EncodeToString([]byte(binary))},
		{"loadFileAsBase64('large.bin')", nothing},
		{"loadFileAsBase64('none.bin')", nil},
		{"loadFileAsBase64('none.bin') == loadTextContent('none.bin')", nil},
		{"loadDirectoryFileInfo('apis', '*.md')", []any{file("apis/notes.md", "notes.md", ".md")}},
		{"loadDirectoryFileInfo('./apis/deep/')", []any{file("apis/deep/x.json", "x.json", ".json")}},
		{"map(loadDirectoryFileInfo('apis'), f => f.baseName)", []any{"A.json", "b.json", "Caps.JSON", "notes.md", "README"}},
		{"map(loadDirectoryFileInfo('apis/', '*.*'), f => f.extension)", []any{".json", ".json", ".JSON", ".md", ""}},
		{"loadDirectoryFileInfo('apis', 'READ*')", []any{file("apis/README", "README", "")}},
		{"loadDirectoryFileInfo('apis', 'b.json')[0].relativePath", "apis/b.json"},
		{"loadDirectoryFileInfo('apis', '*.txt')", []any{}},
		{"loadDirectoryFileInfo('apis', '*.json')", nil}, // Caps.JSON is one on some machines
		{"loadDirectoryFileInfo('apis', '?.json')", nil},
		{"loadDirectoryFileInfo('../shared')", []any{file("../shared/spec.yaml", "spec.yaml", ".yaml")}},
		{"filter(loadDirectoryFileInfo('..'), f => f.extension == '.txt')", []any{file("../root.txt", "root.txt", ".txt")}},
		{"map(loadDirectoryFileInfo('.', '*.png'), f => f.relativePath)", []any{"logo.png"}},
		{"loadDirectoryFileInfo('none')", nil},
		{"loadDirectoryFileInfo('../..')", nil},
	})
}

// TestLoadWanted asks for a file that is listed and not loaded, and makes what
// is loaded a part of the deployment.
func TestLoadWanted(t *testing.T) {
	t.Parallel()
	bicep := "var apis = loadYamlContent('apis.yaml')\nresource api 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = [for a in apis: {\n  name: 'svc/${a}'\n}]\n"
	main := source.NewFile("main.bicep", []byte(bicep))
	snapshot := source.NewSnapshot([]source.Entry{{Path: "main.bicep", File: main}, {Path: "apis.yaml", ID: "1"}})
	g := Load(snapshot, Options{})
	d := g.Expand(g.Roots()[0])
	if strings.Join(d.Wanted(), " ") != "apis.yaml" || strings.Join(d.Reached(), " ") != "apis.yaml main.bicep" {
		t.Errorf("wanted %q, reached %q", d.Wanted(), d.Reached())
	}
	g = Load(snapshot.With(source.NewFile("apis.yaml", []byte("- orders\n- billing\n"))), Options{})
	d = g.Expand(g.Roots()[0])
	if len(d.Wanted()) > 0 || len(d.Resources) != 2 || d.Resources[1].Segments[1].Key() != `"billing"` {
		t.Errorf("wanted %q, %d resources", d.Wanted(), len(d.Resources))
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	subscription := expr.Atom("subscription().subscriptionId", expr.KindString)
	group := expr.Atom("resourceGroup().name", expr.KindString)
	within := func(rest string) expr.Value {
		return expr.Concat(expr.String("/subscriptions/"), subscription, expr.String("/resourceGroups/"), group, expr.String(rest))
	}
	const scheme = "00000000-1111-2222-3333-444444444444"
	checkRows(t, "param typ string\nparam sub string\nparam whole string", nil, []row{
		{"resourceId('Microsoft.ApiManagement/service', 'apim')", within("/providers/Microsoft.ApiManagement/service/apim")},
		{"resourceId('Microsoft.ApiManagement/service/apis', 'apim', 'orders')", within("/providers/Microsoft.ApiManagement/service/apim/apis/orders")},
		{"resourceId('Microsoft.ApiManagement/service/apis', 'apim/orders')", within("/providers/Microsoft.ApiManagement/service/apim/apis/orders")},
		{"resourceId('rg.other', 'Microsoft.ApiManagement/service', 'apim')", expr.Concat(expr.String("/subscriptions/"), subscription, expr.String("/resourceGroups/rg.other/providers/Microsoft.ApiManagement/service/apim"))},
		{"resourceId('" + scheme + "', 'rg', 'Microsoft.Sql/servers/databases', 'server', 'db')", "/subscriptions/" + scheme + "/resourceGroups/rg/providers/Microsoft.Sql/servers/server/databases/db"},
		{"resourceId(sub, 'rg', 'Microsoft.Sql/servers', 's') == resourceId(sub, 'rg', 'Microsoft.Sql/servers', 's')", true},
		{"resourceId('a', 'b', 'c', 'Microsoft.Sql/servers', 's')", nothing},
		{"resourceId('Microsoft.Sql/servers/databases', 'server')", nothing},
		{"resourceId('Microsoft.Sql/servers', 'server', 'db')", nothing},
		{"resourceId('Microsoft.Sql/servers/databases', whole)", nil},
		{"resourceId(typ, 'x')", nil},
		{"subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')", expr.Concat(expr.String("/subscriptions/"), subscription, expr.String("/providers/Microsoft.Authorization/roleDefinitions/r"))},
		{"subscriptionResourceId('" + scheme + "', 'Microsoft.Authorization/roleDefinitions', 'r')", "/subscriptions/" + scheme + "/providers/Microsoft.Authorization/roleDefinitions/r"},
		{"subscriptionResourceId(sub, 'Microsoft.Authorization/roleDefinitions', 'r') == '/subscriptions/${sub}/providers/Microsoft.Authorization/roleDefinitions/r'", true},
		{"subscriptionResourceId('a', 'b', 'Microsoft.Authorization/roleDefinitions', 'r')", nothing},
		{"subscriptionResourceId(typ, 'x')", nil},
		{"tenantResourceId('Microsoft.Authorization/policyDefinitions', 'p')", "/providers/Microsoft.Authorization/policyDefinitions/p"},
		{"tenantResourceId('Microsoft.Management/managementGroups', 'mg') == managementGroup('mg').id", true},
		{"managementGroup('mg').name", "mg"},
		{"managementGroupResourceId('mg', 'Microsoft.Authorization/policyDefinitions', 'p')", "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Authorization/policyDefinitions/p"},
		{"managementGroupResourceId('Microsoft.Authorization/policyDefinitions', 'p') == '${managementGroup().id}/providers/Microsoft.Authorization/policyDefinitions/p'", true},
		{"managementGroupResourceId(typ, 'x')", nil},
		{"managementGroupResourceId('a', 'b', 'Microsoft.Authorization/policyDefinitions', 'p')", nothing},
		{"extensionResourceId(resourceId('Microsoft.ApiManagement/service', 'apim'), 'Microsoft.Security/apiCollections', 'orders')", within("/providers/Microsoft.ApiManagement/service/apim/providers/Microsoft.Security/apiCollections/orders")},
		{"extensionResourceId(resourceGroup().id, 'Microsoft.Authorization/locks', 'l')", within("/providers/Microsoft.Authorization/locks/l")},
		{"resourceGroup('rg').id", expr.Concat(expr.String("/subscriptions/"), subscription, expr.String("/resourceGroups/rg"))},
		{"resourceGroup('" + scheme + "', 'rg').id", "/subscriptions/" + scheme + "/resourceGroups/rg"},
		{"subscription('" + scheme + "').id", "/subscriptions/" + scheme},
		{"subscription('" + scheme + "').subscriptionId", scheme},
		{"resourceGroup().name", group},
		{"environment().suffixes.storage == environment().suffixes.storage", true},
		{"deployer().objectId == deployer().objectId", true},
		{"toLogicalZone(subscription().subscriptionId, 'westeurope', '1')", nil},
		{"pickZones('Microsoft.Compute', 'virtualMachines', 'westus2')", nil},
		{"nameof(typ)", "typ"},
		{"nameof(resourceGroup().location)", "location"},
		{"fail('no')", nil},
	})
}

// TestUnknownFunctions are the documented functions of which nobody knows the
// answer before the deployment: it is the same for the same arguments, but for
// those that give another one each time.
func TestUnknownFunctions(t *testing.T) {
	t.Parallel()
	checkRows(t, "param sub string\nresource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {\n  name: 'kv'\n}", nil, []row{
		{"deployment().name", nil},
		{"deployment().properties.templateHash", nil},
		{"deployer().tenantId", nil},
		{"environment().suffixes.storage", nil},
		{"az.environment().portal", nil},
		{"tenant().countryCode", nil},
		{"subscription().displayName", nil},
		{"resourceGroup().tags", nil},
		{"managementGroup().properties.displayName", nil},
		{"providers('Microsoft.Web', 'sites').apiVersions[0]", nil},
		{"pickZones('Microsoft.Compute', 'virtualMachines', 'westus2', 1, 1)", nil},
		{"toLogicalZone(sub, 'westeurope', 'westeurope-az1')", nil},
		{"toLogicalZones(sub, 'westeurope', ['westeurope-az1'])", nil},
		{"toPhysicalZone(sub, 'westeurope', '1')", nil},
		{"toPhysicalZones(sub, 'westeurope', ['1'])", nil},
		{"roleDefinitions('Contributor').id", nil},
		{"reference(vault.id, '2023-07-01').vaultUri", nil},
		{"listSecrets(vault.id, '2023-07-01')", nil},
		{"vault.listKeys().keys[0]", nil},
		{"vault.getSecret('s')", nil},
		{"vault.properties.vaultUri", nil},
		{"externalInput('sys.cliArg', 'name')", nil},
		{"readCliArg('name')", nil},
		{"readEnvVar('NAME')", nil},
		{"readEnvironmentVariable('NAME')", nil},
		{"readEnvironmentVariable('NAME', 'default')", "default"},
		{"readEnvironmentVariable('A') == readEnvironmentVariable('A')", true},
		{"environment().suffixes.storage == environment().suffixes.storage", true},
		{"newGuid()", nothing},
		{"utcNow('u')", nothing},
		{"getSecret('s', 'rg', 'kv', 'secret')", nothing},
	})
}

// TestIDsOfSubscriptions are IDs where a template is deployed to a subscription.
func TestIDsOfSubscriptions(t *testing.T) {
	t.Parallel()
	checkRows(t, "targetScope = 'subscription'", nil, []row{
		{"resourceId('Microsoft.Resources/resourceGroups', 'rg') == '${subscription().id}/providers/Microsoft.Resources/resourceGroups/rg'", true},
		{"resourceId('s', 'Microsoft.Resources/resourceGroups', 'rg')", "/subscriptions/s/providers/Microsoft.Resources/resourceGroups/rg"},
	})
	checkRows(t, "targetScope = 'tenant'", nil, []row{
		{"resourceId('Microsoft.Management/managementGroups', 'mg')", "/providers/Microsoft.Management/managementGroups/mg"},
	})
}

// TestReferences tells the names of one template apart from those of another.
func TestReferences(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a.json": `{
	"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
	"resources": [],
	"variables": {
		"byName": "[reference('apim').gatewayUrl]",
		"byId": "[reference('/subscriptions/s/resourceGroups/g/providers/A.B/c/d', '2020-01-01').x]",
		"all": "[references('apis')[0].path]"
	}
}`}
	one := evaluate(t, "a.json", files)
	two := evaluated{t, newInstance(one.in.d, one.in.template, "another call", one.in.target)}
	for name, same := range map[string]bool{"byName": false, "byId": true, "all": false} {
		v, w := one.variable(name), two.variable(name)
		if v.Term() == nil || v.Vague() || !expr.Identical(v, one.variable(name)) {
			t.Errorf("%s: %s", name, v.Key())
		}
		if expr.Identical(v, w) != same {
			t.Errorf("%s: %s and %s", name, v.Key(), w.Key())
		}
	}
}

// TestReferenceOfTwo asks for an output of nested deployments, of which one name is
// that of two.
func TestReferenceOfTwo(t *testing.T) {
	t.Parallel()
	nested := func(name, output string) string {
		return `{"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "` + name + `", "properties": {
			"template": {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [],
				"outputs": {"o": {"type": "string", "value": "` + output + `"}}}}}`
	}
	e := evaluate(t, "a.json", map[string]string{"a.json": `{
	"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
	"resources": [` + nested("one", "a") + "," + nested("two", "b") + "," + nested("two", "c") + `],
	"variables": {
		"one": "[reference('one').outputs.o.value]",
		"two": "[reference('two').outputs.o.value]"
	}
}`})
	if v := e.variable("one"); v.Key() != `"a"` {
		t.Errorf("one: %s", v.Key())
	}
	if v := e.variable("two"); v.Known() {
		t.Errorf("two: %s", v.Key())
	}
}
