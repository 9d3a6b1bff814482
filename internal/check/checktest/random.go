package checktest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// term is an expression in both languages, in ARM without the brackets.
type term struct{ bicep, arm string }

// Deployment is a few APIs, and collections that are often meant for them, over
// parameters without values: p and q are strings, b and c are booleans, svc is
// the name of a service, list is an array of strings.
type Deployment struct{ apis, collections []declaration }

// declaration is an API or a collection of a random deployment.
type declaration struct {
	name, service term
	condition     *term // nil for none
	loop          *term // the array whose items the name ends with, nil for none
	byIndex       bool  // whether Bicep goes through the array by the index
	filtered      bool  // whether the item "x" is left out
}

// loops are arrays to go through.
var loops = []term{
	{"['x', 'y']", "createArray('x', 'y')"},
	{"list", "parameters('list')"},
	{"(c ? list : [])", "if(parameters('c'), parameters('list'), createArray())"},
	{"map(list, e => toLower(e))", "map(parameters('list'), lambda('e', toLower(lambdaVariables('e'))))"},
	{"filter(list, e => e != 'y')", "filter(parameters('list'), lambda('e', not(equals(lambdaVariables('e'), 'y'))))"},
}

// item is the element that the loop is at, as the spelling has it.
func (d declaration) item() term {
	t := term{"n", d.loop.arm + "[copyIndex()]"}
	if d.byIndex {
		t.bicep = d.loop.bicep + "[n]"
	}
	return t
}

// fullName is the name with the end that the loop gives it.
func (d declaration) fullName() term {
	if d.loop == nil {
		return d.name
	}
	return term{"'${" + d.name.bicep + "}${" + d.item().bicep + "}'", "concat(" + d.name.arm + ", " + d.item().arm + ")"}
}

// when is the whole condition, nil for none.
func (d declaration) when() *term {
	if d.loop == nil || !d.filtered {
		return d.condition
	}
	t := term{d.item().bicep + " != 'x'", "not(equals(" + d.item().arm + ", 'x'))"}
	if c := d.condition; c != nil {
		t = term{c.bicep + " && " + t.bicep, "and(" + c.arm + ", " + t.arm + ")"}
	}
	return &t
}

// maker makes random deployments.
type maker struct{ pick func(n int) int }

func literal(s string) term { return term{"'" + s + "'", "'" + s + "'"} }

func parameter(name string) term { return term{name, "parameters('" + name + "')"} }

func (m *maker) text(depth int) term {
	if depth == 0 {
		if m.pick(2) == 0 {
			return literal([]string{"a", "b", "a-b", "A"}[m.pick(4)])
		}
		return parameter([]string{"p", "q"}[m.pick(2)])
	}
	x, y := m.text(depth-1), m.text(depth-1)
	switch m.pick(8) {
	case 0:
		return term{"'${" + x.bicep + "}-${" + y.bicep + "}'", "format('{0}-{1}', " + x.arm + ", " + y.arm + ")"}
	case 1:
		return term{"concat(" + x.bicep + ", '-', " + y.bicep + ")", "concat(" + x.arm + ", '-', " + y.arm + ")"}
	case 2:
		return term{"toLower(" + x.bicep + ")", "toLower(" + x.arm + ")"}
	case 3:
		c := m.truth(1)
		return term{"(" + c.bicep + " ? " + x.bicep + " : " + y.bicep + ")", "if(" + c.arm + ", " + x.arm + ", " + y.arm + ")"}
	case 4:
		return term{"first(split(" + x.bicep + ", '-'))", "first(split(" + x.arm + ", '-'))"}
	case 5:
		return term{"replace(" + x.bicep + ", 'a', 'b')", "replace(" + x.arm + ", 'a', 'b')"}
	case 6:
		c := m.truth(1)
		return term{"((" + c.bicep + " ? " + x.bicep + " : null) ?? " + y.bicep + ")", "coalesce(if(" + c.arm + ", " + x.arm + ", null()), " + y.arm + ")"}
	default:
		return x
	}
}

func (m *maker) truth(depth int) term {
	if depth == 0 {
		return parameter([]string{"b", "c"}[m.pick(2)])
	}
	x, y := m.truth(depth-1), m.truth(depth-1)
	switch m.pick(6) {
	case 0:
		return term{"(" + x.bicep + " && " + y.bicep + ")", "and(" + x.arm + ", " + y.arm + ")"}
	case 1:
		return term{"(" + x.bicep + " || " + y.bicep + ")", "or(" + x.arm + ", " + y.arm + ")"}
	case 2:
		return term{"!" + x.bicep, "not(" + x.arm + ")"}
	case 3:
		s, t := m.text(0), m.text(0)
		return term{"(" + s.bicep + " == " + t.bicep + ")", "equals(" + s.arm + ", " + t.arm + ")"}
	case 4:
		s := m.text(0)
		return term{"empty(" + s.bicep + ")", "empty(" + s.arm + ")"}
	default:
		return x
	}
}

// Random makes a deployment; pick chooses a number below n.
func Random(pick func(n int) int) *Deployment {
	m := &maker{pick}
	d := &Deployment{}
	services := []term{literal("apim"), parameter("svc")}
	condition := func() *term {
		if m.pick(2) == 0 {
			return nil
		}
		c := m.truth(m.pick(3))
		return &c
	}
	loop := func() *term {
		if m.pick(5) > 1 {
			return nil
		}
		return &loops[m.pick(len(loops))]
	}
	for range 1 + m.pick(3) {
		d.apis = append(d.apis, declaration{
			name: m.text(m.pick(3)), service: services[m.pick(2)], condition: condition(),
			loop: loop(), byIndex: m.pick(2) == 0, filtered: m.pick(4) == 0,
		})
	}
	for range m.pick(4) {
		of := d.apis[m.pick(len(d.apis))]
		if m.pick(3) == 0 {
			of.name = m.text(m.pick(3))
		}
		if m.pick(3) == 0 {
			of.condition = condition()
		}
		if m.pick(6) == 0 {
			of.service = services[m.pick(2)]
		}
		if m.pick(6) == 0 {
			of.loop = loop()
		}
		if m.pick(6) == 0 {
			of.filtered = !of.filtered
		}
		of.byIndex = m.pick(2) == 0
		d.collections = append(d.collections, of)
	}
	return d
}

// Spellings are the ways to write the same deployment, by name. Each API is on
// a line that has "api" and its number.
func (d *Deployment) Spellings() map[string]map[string]string {
	return map[string]map[string]string{
		"Bicep": d.bicep(), "Bicep slashes": d.slashes(), "Bicep modules": d.modules(),
		"ARM": d.arm(modern), "ARM providers": d.arm(legacy), "nested ARM": d.nested(),
	}
}

// bicepDeployment is a file with the services of some declarations.
type bicepDeployment struct {
	text     strings.Builder
	services map[string]string // symbols by the text of the name
}

func newBicepDeployment(declarations ...[]declaration) *bicepDeployment {
	b := &bicepDeployment{services: map[string]string{}}
	b.text.WriteString("param p string\nparam q string\nparam b bool\nparam c bool\nparam svc string\nparam list array\n")
	for _, list := range declarations {
		for _, d := range list {
			if s := d.service.bicep; b.services[s] == "" {
				b.services[s] = fmt.Sprintf("service%d", len(b.services))
				fmt.Fprintf(&b.text, "resource %s 'Microsoft.ApiManagement/service@2024-05-01' existing = {\n  name: %s\n}\n", b.services[s], s)
			}
		}
	}
	return b
}

// declare writes a resource or a module; body is what is in its braces, with
// %s for the name.
func (b *bicepDeployment) declare(head string, d declaration, body string) {
	open, end := "", ""
	if d.loop != nil {
		over := d.loop.bicep
		if d.byIndex {
			over = "range(0, length(" + over + "))"
		}
		open, end = "[for n in "+over+": ", "]"
	}
	if c := d.when(); c != nil {
		open += "if (" + c.bicep + ") "
	}
	fmt.Fprintf(&b.text, "\n%s = %s{\n  "+body+"\n}%s\n", head, open, d.fullName().bicep, end)
}

func (b *bicepDeployment) collections(list []declaration) {
	for i, d := range list {
		b.declare(fmt.Sprintf("resource collection%d 'Microsoft.Security/apiCollections@2023-11-15'", i), d, "name: %s\n  scope: "+b.services[d.service.bicep])
	}
}

func (d *Deployment) bicep() map[string]string {
	b := newBicepDeployment(d.apis, d.collections)
	for i, a := range d.apis {
		b.declare(fmt.Sprintf("resource api%d 'Microsoft.ApiManagement/service/apis@2024-05-01'", i), a, "name: %s\n  parent: "+b.services[a.service.bicep])
	}
	b.collections(d.collections)
	return map[string]string{"main.bicep": b.text.String()}
}

// slashes has names of two segments.
func (d *Deployment) slashes() map[string]string {
	b := newBicepDeployment(d.collections)
	for i, a := range d.apis {
		b.declare(fmt.Sprintf("resource api%d 'Microsoft.ApiManagement/service/apis@2024-05-01'", i), a, "name: '${"+a.service.bicep+"}/${%s}'")
	}
	b.collections(d.collections)
	return map[string]string{"main.bicep": b.text.String()}
}

// modules has each API in a module of its own.
func (d *Deployment) modules() map[string]string {
	b := newBicepDeployment(d.collections)
	files := map[string]string{}
	for i, a := range d.apis {
		path := fmt.Sprintf("api%d.bicep", i)
		b.declare(fmt.Sprintf("module holder%d '%s'", i, path), a, "params: {\n    name: %s\n    service: "+a.service.bicep+"\n  }")
		files[path] = "param name string\nparam service string\n" +
			fmt.Sprintf("resource api%d 'Microsoft.ApiManagement/service/apis@2024-05-01' = {\n  name: '${service}/${name}'\n}\n", i)
	}
	b.collections(d.collections)
	files["main.bicep"] = b.text.String()
	return files
}

// armResource is a resource; rest are further properties, that of the name's
// line first.
func armResource(typ, name string, d declaration, rest ...string) string {
	var text strings.Builder
	text.WriteString("    {\n      \"type\": \"" + typ + "\",\n      \"apiVersion\": \"2024-05-01\",\n      \"name\": \"[" + name + "]\"")
	if c := d.when(); c != nil {
		rest = append(rest, `"condition": "[`+c.arm+`]"`)
	}
	if d.loop != nil {
		rest = append(rest, `"copy": {"name": "n", "count": "[length(`+d.loop.arm+`)]"}`)
	}
	separator := ", "
	for _, r := range rest {
		text.WriteString(separator + r)
		separator = ",\n      "
	}
	text.WriteString("\n    }")
	return text.String()
}

func armTemplate(parameters string, resources []string) string {
	return `{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {` + parameters + `},
  "resources": [
` + strings.Join(resources, ",\n") + `
  ]
}`
}

// modern is a collection as it is written today.
func modern(c declaration) string {
	return armResource("Microsoft.Security/apiCollections", c.fullName().arm, c,
		`"scope": "[resourceId('Microsoft.ApiManagement/service', `+c.service.arm+`)]"`)
}

// legacy is a collection by the type that it has below the service.
func legacy(c declaration) string {
	return armResource("Microsoft.ApiManagement/service/providers/apiCollections", "format('{0}/Microsoft.Security/{1}', "+c.service.arm+", "+c.fullName().arm+")", c)
}

func (d *Deployment) armDeployment(resources []string, collection func(declaration) string) map[string]string {
	for _, c := range d.collections {
		resources = append(resources, collection(c))
	}
	return map[string]string{"main.json": armTemplate(
		`"p": {"type": "string"}, "q": {"type": "string"}, "b": {"type": "bool"}, "c": {"type": "bool"}, "svc": {"type": "string"}, "list": {"type": "array"}`, resources)}
}

func (d *Deployment) arm(collection func(declaration) string) map[string]string {
	var resources []string
	for i, a := range d.apis {
		resources = append(resources, armResource("Microsoft.ApiManagement/service/apis", "concat("+a.service.arm+", '/', "+a.fullName().arm+")", a,
			fmt.Sprintf(`"comments": "api%d"`, i)))
	}
	return d.armDeployment(resources, collection)
}

// nested has each API in a nested deployment of its own.
func (d *Deployment) nested() map[string]string {
	var resources []string
	for i, a := range d.apis {
		api := armResource("Microsoft.ApiManagement/service/apis", "concat(parameters('service'), '/', parameters('name'))", declaration{}, fmt.Sprintf(`"comments": "api%d"`, i))
		resources = append(resources, armResource("Microsoft.Resources/deployments", fmt.Sprintf("'d%d'", i), a, `"properties": {"mode": "Incremental",
"expressionEvaluationOptions": {"scope": "inner"}, "parameters": {"name": {"value": "[`+a.fullName().arm+`]"}, "service": {"value": "[`+a.service.arm+`]"}},
"template": `+armTemplate(`"name": {"type": "string"}, "service": {"type": "string"}`, []string{api})+`}`))
	}
	return d.armDeployment(resources, modern)
}

// Snapshot is a repository of some files.
func Snapshot(files map[string]string) *source.Snapshot {
	var entries []source.Entry
	for path, text := range files {
		entries = append(entries, source.Entry{Path: path, Size: int64(len(text)), File: source.NewFile(path, []byte(text))})
	}
	return source.NewSnapshot(entries)
}

// Statuses are what is said of the elements of an API.
type Statuses map[check.Status]bool

// Only reports whether a status is the only one.
func (s Statuses) Only(status check.Status) bool { return len(s) == 1 && s[status] }

var number = regexp.MustCompile(`\bapi\d\b`)

// Number is "api" and the number of the API of a random deployment that stands
// at a place.
func Number(f *source.File, at source.Span) string {
	return number.FindString(f.Text(f.Line(f.Position(at.Start).Line)))
}

// Verdicts are what is said of the APIs of a random deployment, by "api" and
// the number, with values for parameters or without.
func Verdicts(s *source.Snapshot, values map[string]expr.Value) map[string]Statuses {
	r := check.Run(deployment.Load(s, deployment.Options{ParameterDefaults: values}), check.Settings{}, nil)
	out := map[string]Statuses{}
	for _, a := range r.APIs {
		api := Number(r.Sources[a.Path], a.At)
		if out[api] == nil {
			out[api] = Statuses{}
		}
		out[api][a.Status] = true
	}
	return out
}

// Assignments are values for the parameters of random deployments.
func Assignments() []map[string]expr.Value {
	out := []map[string]expr.Value{{}}
	for name, choices := range map[string][]expr.Value{
		"p": {expr.String(""), expr.String("a"), expr.String("b-a")}, "q": {expr.String("A"), expr.String("b")},
		"b": {expr.Bool(false), expr.Bool(true)}, "c": {expr.Bool(false), expr.Bool(true)},
		"svc": {expr.String("apim"), expr.String("other")}, "list": {expr.ArrayOf(), expr.ArrayOf(expr.String("x"), expr.String("z")), expr.ArrayOf(expr.String("y"))},
	} {
		var longer []map[string]expr.Value
		for _, have := range out {
			for _, v := range choices {
				more := maps.Clone(have)
				more[name] = v
				longer = append(longer, more)
			}
		}
		out = longer
	}
	return out
}

// Show is an assignment as text.
func Show(values map[string]expr.Value) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		b.WriteString(name + "=" + values[name].Key() + " ")
	}
	return b.String()
}
