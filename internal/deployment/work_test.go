package deployment

import (
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/lexer"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// expanded is the only deployment of some files: path, content and so on.
func expanded(t *testing.T, files ...string) *Deployment {
	t.Helper()
	var entries []source.Entry
	for i := 0; i < len(files); i += 2 {
		entries = append(entries, source.Entry{Path: files[i], File: source.NewFile(files[i], []byte(files[i+1]))})
	}
	all := Load(source.NewSnapshot(entries), Options{}).ExpandAll()
	if len(all) != 1 {
		t.Fatalf("%d deployments", len(all))
	}
	return all[0]
}

// TestFollowedDependencies has a chain of resources, each of which is looked
// through for one that it does not lead to.
func TestFollowedDependencies(t *testing.T) {
	t.Parallel()
	const n = 400
	var b strings.Builder
	b.WriteString("resource a 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  name: 'apim-shop/a'\n}\n")
	for i := range n {
		fmt.Fprintf(&b, "resource b%d 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  name: 'apim-shop/b%d'\n  dependsOn: [ b%d ]\n}\n", i, i, i+1)
	}
	fmt.Fprintf(&b, "resource b%d 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  name: 'apim-shop/b%d'\n}\n", n, n)
	d := expanded(t, "main.bicep", b.String())
	goal := d.Resources[0]
	if d.Resources[1].DependsOn(goal) {
		t.Error("a chain that ends leads somewhere")
	}
	if !d.Resources[1].DependsOn(d.Resources[n]) {
		t.Error("a chain does not lead to its end")
	}
	for _, r := range d.Resources[1:] {
		r.DependsOn(goal)
	}
	if got, limit := goal.in.d.followed, maxFollowedOnce+maxFollowedEach*len(d.Resources)+len(d.Resources); got > limit {
		t.Errorf("looked at %d declarations, more than %d", got, limit)
	}
}

// TestLoadedOnce has loops that load the same each time, and counts the steps.
func TestLoadedOnce(t *testing.T) {
	t.Parallel()
	const api = "resource a 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  name: 'apim-shop/a${string(all)}'\n}\n"
	list := "[" + strings.Repeat("1,", 5000) + "1]"
	files := []string{"list.yaml", list, "list.json", list}
	for i := range 200 {
		files = append(files, fmt.Sprintf("dir/%d.txt", i), "")
	}
	for _, load := range []string{"loadYamlContent('list.yaml')", "loadJsonContent('list.json')", "loadDirectoryFileInfo('dir', '*.txt')"} {
		work := func(n int) int {
			text := fmt.Sprintf("var all = [for i in range(0, %d): length(%s)]\n", n, load) + api
			return expanded(t, append([]string{"main.bicep", text}, files...)...).work
		}
		if once, often := work(1), work(200); often > 2*once+200*200 {
			t.Errorf("%s takes %d steps once, and %d in a loop of 200", load, once, often)
		}
	}
}

// TestServicesLike counts the services that one is compared with.
func TestServicesLike(t *testing.T) {
	t.Parallel()
	all := services{byName: map[string][]int{}}
	for i := range 2000 {
		all.add(service{id: ServiceID{Name: expr.String(fmt.Sprintf("Apim-%d", i))}})
	}
	for name, want := range map[string]int{"apim-7": maxUnlike, "apim-1500": maxUnlike + 1, "other": maxUnlike} {
		compared, found := 0, 0
		for s := range all.like(expr.String(name)) {
			compared++
			if SameService(s.id, ServiceID{Name: expr.String(name)}) == expr.True {
				found++
			}
		}
		if compared != want || found != 1 && name != "other" {
			t.Errorf("%s is compared with %d services and is %d of them", name, compared, found)
		}
	}
}

// TestHandedOnce calls a module in a loop: what it hands over is not copied for
// each element.
func TestHandedOnce(t *testing.T) {
	t.Parallel()
	d := expanded(t,
		"main.bicep", "module m 'api.bicep' = [for i in range(0, 3): {\n  name: 'm${i}'\n  params: { API: 'a${i}' }\n}]\n",
		"api.bicep", "param api string\nresource a 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  name: 'apim-shop/${api}'\n}\n")
	for i, r := range d.Resources {
		if name, _ := r.Segments[1].AsString(); name != fmt.Sprintf("a%d", i) {
			t.Errorf("API %d is %q", i, name)
		}
	}
	if in := d.Resources[0].in; len(d.Resources) != 3 || len(in.d.handedBy) != 1 || len(in.given) != 0 {
		t.Errorf("%d APIs of %d calls", len(d.Resources), len(in.d.handedBy))
	}
}

// TestSiblings counts the keys that the YAML parser compares with each other.
func TestSiblings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"a: 1\nb: 2\nc: 3\n":                       3,
		"- a: 1\n  b: 2\n- a: 1\n  b: 2\n- a: 3\n": 0,
		"x:\n  a: 1\n  b: 2\ny:\n  a: 1\n  b: 2\n": 3,
		"- 1\n- 2\n- 3\n":                          0,
	} {
		if got := siblings(lexer.Tokenize(text)); got != want {
			t.Errorf("%q has %d pairs, want %d", text, got, want)
		}
	}
}

// TestManyModules calls more modules than one template may; those that are not
// expanded are still no deployments of their own.
func TestManyModules(t *testing.T) {
	t.Parallel()
	const many = maxDeclared + 1000
	var root strings.Builder
	files := []string{"main.bicep", ""}
	for i := range many {
		fmt.Fprintf(&root, "module m%d 'm%d.bicep' = {}\n", i, i)
		files = append(files, fmt.Sprintf("m%d.bicep", i), "resource a 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  name: 's/a'\n}\n")
	}
	files[1] = root.String()
	if d := expanded(t, files...); len(d.Resources) != maxOwn {
		t.Errorf("%d resources, want %d", len(d.Resources), maxOwn)
	}
}
