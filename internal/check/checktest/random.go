package checktest

import (
	"fmt"
	"maps"
	"regexp"
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
// the name of a service.
type Deployment struct{ apis, collections []declaration }

// declaration is an API or a collection of a random deployment.
type declaration struct {
	name, service term
	condition     *term // nil for none
	loop          bool  // over 'x' and 'y', which the name ends with
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
	switch m.pick(7) {
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
	for range 1 + m.pick(3) {
		d.apis = append(d.apis, declaration{name: m.text(m.pick(3)), service: services[m.pick(2)], condition: condition(), loop: m.pick(4) == 0})
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
			of.loop = !of.loop
		}
		d.collections = append(d.collections, of)
	}
	return d
}

// Spellings are the ways to write the same deployment, by name. Each API is on
// a line that has "api" and its number.
func (d *Deployment) Spellings() map[string]map[string]string {
	return map[string]map[string]string{
		"Bicep": d.bicep(), "Bicep modules": d.modules(), "ARM": d.arm(), "nested ARM": d.nested(),
	}
}

// bicepDeployment is a file with the services of some declarations.
type bicepDeployment struct {
	text     strings.Builder
	services map[string]string // symbols by the text of the name
}

func newBicepDeployment(declarations ...[]declaration) *bicepDeployment {
	b := &bicepDeployment{services: map[string]string{}}
	b.text.WriteString("param p string\nparam q string\nparam b bool\nparam c bool\nparam svc string\n")
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
	name, open, end := d.name.bicep, "", ""
	if d.loop {
		name, open, end = "'${"+name+"}${n}'", "[for n in ['x', 'y']: ", "]"
	}
	if d.condition != nil {
		open += "if (" + d.condition.bicep + ") "
	}
	fmt.Fprintf(&b.text, "\n%s = %s{\n  "+body+"\n}%s\n", head, open, name, end)
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
	if d.condition != nil {
		rest = append(rest, `"condition": "[`+d.condition.arm+`]"`)
	}
	if d.loop {
		rest = append(rest, `"copy": {"name": "n", "count": 2}`)
	}
	separator := ", "
	for _, r := range rest {
		text.WriteString(separator + r)
		separator = ",\n      "
	}
	text.WriteString("\n    }")
	return text.String()
}

// armName is the name with the end that the loop gives it.
func armName(d declaration) string {
	if d.loop {
		return "concat(" + d.name.arm + ", createArray('x', 'y')[copyIndex()])"
	}
	return d.name.arm
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

func armDeployment(resources []string, collections []declaration) map[string]string {
	for _, d := range collections {
		resources = append(resources, armResource("Microsoft.Security/apiCollections", armName(d), d,
			`"scope": "[resourceId('Microsoft.ApiManagement/service', `+d.service.arm+`)]"`))
	}
	return map[string]string{"main.json": armTemplate(
		`"p": {"type": "string"}, "q": {"type": "string"}, "b": {"type": "bool"}, "c": {"type": "bool"}, "svc": {"type": "string"}`, resources)}
}

func (d *Deployment) arm() map[string]string {
	var resources []string
	for i, a := range d.apis {
		resources = append(resources, armResource("Microsoft.ApiManagement/service/apis", "concat("+a.service.arm+", '/', "+armName(a)+")", a,
			fmt.Sprintf(`"comments": "api%d"`, i)))
	}
	return armDeployment(resources, d.collections)
}

// nested has each API in a nested deployment of its own.
func (d *Deployment) nested() map[string]string {
	var resources []string
	for i, a := range d.apis {
		api := armResource("Microsoft.ApiManagement/service/apis", "concat(parameters('service'), '/', parameters('name'))", declaration{}, fmt.Sprintf(`"comments": "api%d"`, i))
		resources = append(resources, armResource("Microsoft.Resources/deployments", fmt.Sprintf("'d%d'", i), a, `"properties": {"mode": "Incremental",
"expressionEvaluationOptions": {"scope": "inner"}, "parameters": {"name": {"value": "[`+armName(a)+`]"}, "service": {"value": "[`+a.service.arm+`]"}},
"template": `+armTemplate(`"name": {"type": "string"}, "service": {"type": "string"}`, []string{api})+`}`))
	}
	return armDeployment(resources, d.collections)
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
		"svc": {expr.String("apim"), expr.String("other")},
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
