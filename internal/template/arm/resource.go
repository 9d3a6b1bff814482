package arm

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// container is where resources are declared: a template, and within it possibly
// another resource.
type container struct {
	template *template.Template
	// names are those that its expressions mean.
	names *names
	// parent is nil at top level; fullType is its whole type.
	parent   *template.Resource
	fullType string
}

// fields are the properties of a resource that mean the same for every type.
type fields struct {
	object                                            gjson.Result
	symbol                                            string
	typ, apiVersion, name, existing, condition, loop  gjson.Result
	scope, dependsOn, resources, properties, comments gjson.Result
	metadata, resourceGroup, subscription             gjson.Result
	// nameKey and typeKey are the offsets of those properties.
	nameKey, typeKey int
}

// resources reads an array of resources or, in languageVersion 2.0, an object
// whose keys are the symbolic names.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax#languageversion-20
func (r *reader) resources(v gjson.Result, in container) {
	if !v.IsObject() {
		elements(v, func(_, v gjson.Result) {
			if v.IsObject() {
				var f fields
				f.read(v)
				r.resource(&f, v.Index, in)
			}
		})
		return
	}
	type entry struct {
		name       string
		key, value gjson.Result
	}
	var entries []entry
	elements(v, func(key, v gjson.Result) {
		if v.IsObject() {
			entries = append(entries, entry{name: text(key), key: key, value: v})
		}
	})
	for _, e := range lastOfEach(entries, func(e entry) string { return e.name }) {
		f := fields{symbol: e.name}
		f.read(e.value)
		r.resource(&f, e.key.Index, in)
	}
}

func (f *fields) read(v gjson.Result) {
	f.object = v
	members(v, func(name string, key, v gjson.Result) {
		switch {
		case equalFold(name, "type"):
			f.typ, f.typeKey = v, key.Index
		case equalFold(name, "apiversion"):
			f.apiVersion = v
		case equalFold(name, "name"):
			f.name, f.nameKey = v, key.Index
		case equalFold(name, "existing"):
			f.existing = v
		case equalFold(name, "condition"):
			f.condition = v
		case equalFold(name, "copy"):
			f.loop = v
		case equalFold(name, "scope"):
			f.scope = v
		case equalFold(name, "dependson"):
			f.dependsOn = v
		case equalFold(name, "resources"):
			f.resources = v
		case equalFold(name, "properties"):
			f.properties = v
		case equalFold(name, "comments"):
			f.comments = v
		case equalFold(name, "metadata"):
			f.metadata = v
		case equalFold(name, "resourcegroup"):
			f.resourceGroup = v
		case equalFold(name, "subscriptionid"):
			f.subscription = v
		}
	})
}

// anchor is the value of name, else that of type, else the opening bracket.
func (f *fields) anchor() source.Span {
	switch {
	case f.name.Exists():
		return span(f.name)
	case f.typ.Exists():
		return span(f.typ)
	}
	return source.Span{Start: f.object.Index, End: f.object.Index + 1}
}

// resource reads one resource, or the module that a deployment is. Start is
// where its declaration begins, which is its key where it has one.
func (r *reader) resource(f *fields, start int, in container) {
	typ := text(f.typ)
	full := fullType(in.fullType, typ)
	existing := f.existing.Type == gjson.True || equalFold(text(f.existing), "true")
	r.declare(f, start)
	if strings.EqualFold(full, template.TypeDeployment) && !existing {
		r.module(f, in)
		return
	}
	if in.parent == nil && in.template == r.root && !template.Relevant(full) {
		r.nodes, r.scratch = r.scratch, r.nodes
		defer func() { r.nodes, r.scratch = r.scratch, r.nodes }()
	}
	res := &template.Resource{
		Symbol: f.symbol, Type: typ, APIVersion: text(f.apiVersion), Existing: existing,
		Condition: r.condition(f.condition), Loop: r.loop(f.loop), Container: in.parent,
		DependsOn: r.list(f.dependsOn), Decl: span(f.object), Anchor: f.anchor(),
	}
	if template.Relevant(full) {
		res.Name, res.Scope, res.Body = r.identifier(f.name), r.identifier(f.scope), r.body(f.object)
	} else {
		res.Name, res.Scope = r.optional(f.name), r.optional(f.scope)
	}
	parent := in.parent
	in.parent, in.fullType = res, full
	r.resources(f.resources, in)
	switch {
	case parent != nil:
		parent.Children = append(parent.Children, res)
	case in.template == r.root && res.Aside():
		r.aside = append(r.aside, f.symbol)
	default:
		in.template.Resources = append(in.template.Resources, res)
	}
}

// fullType is the type of a nested resource with the types it is nested in. A
// nested type is relative unless it begins with a resource provider, which is
// recognised by its dot.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/child-resource-name-type
func fullType(parent, typ string) string {
	first, _, _ := strings.Cut(typ, "/")
	if parent == "" || strings.Contains(first, ".") {
		return typ
	}
	return parent + "/" + typ
}

// optional is nil for a property that is absent or null.
func (r *reader) optional(v gjson.Result) expr.Expr {
	if v.Type == gjson.Null {
		return nil
	}
	return r.value(v)
}

// identifier is the name or scope of a resource. No text there begins with a
// bracket, but an expression whose end is missing does.
func (r *reader) identifier(v gjson.Result) expr.Expr {
	x := r.optional(v)
	if s, ok := expr.LiteralString(x); ok && strings.HasPrefix(s, "[") && !strings.HasPrefix(text(v), "[[") {
		at := span(v)
		r.report(at, "Expression without an end",
			`This name or scope begins with "[" like an expression, but does not end with "]", so that Azure takes it for plain text. Put the "]" at its end.`)
		return &expr.Invalid{Node: expr.Node{At: at}}
	}
	return x
}

func (r *reader) loop(v gjson.Result) *template.Loop {
	if !v.IsObject() {
		return nil
	}
	return &template.Loop{At: span(v), Name: text(member(v, "name")), Count: r.count(v, member(v, "count"))}
}

// body is the resource with all its properties except nested resources, which
// are resources of their own. Its own copy repeats the resource, so it stays as
// it is; comments and metadata are never evaluated.
func (r *reader) body(v gjson.Result) *expr.Object {
	height := len(r.nodes.properties)
	members(v, func(name string, key, value gjson.Result) {
		switch {
		case equalFold(name, "resources"), equalFold(name, "condition"), equalFold(name, "dependson"):
			return // read on their own
		case equalFold(name, "comments"), equalFold(name, "metadata"):
			plain := r.plain
			r.plain = true
			defer func() { r.plain = plain }()
		}
		p := r.property(key, value)
		r.nodes.properties = append(r.nodes.properties, p)
	})
	return &expr.Object{Node: expr.Node{At: span(v)}, Properties: r.nodes.popProperties(height)}
}

// module reads a nested or linked deployment.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates
func (r *reader) module(f *fields, in container) {
	m := &template.Module{
		Symbol: f.symbol, Name: r.optional(f.name), Condition: r.condition(f.condition), Loop: r.loop(f.loop),
		Scope: r.optional(f.scope), ResourceGroup: r.optional(f.resourceGroup), Subscription: r.optional(f.subscription),
		DependsOn: r.list(f.dependsOn), Decl: span(f.object), Anchor: f.anchor(),
	}
	in.template.Modules = append(in.template.Modules, m)
	var inline, link, parameters, evaluation gjson.Result
	members(f.properties, func(name string, _, v gjson.Result) {
		switch {
		case equalFold(name, "template"):
			inline = v
		case equalFold(name, "templatelink"):
			link = v
		case equalFold(name, "parameters"):
			parameters = v
		case equalFold(name, "expressionevaluationoptions"):
			evaluation = v
		}
	})
	m.Parameters = r.arguments(parameters)
	switch {
	case inline.IsObject():
		m.PathAt = source.Span{Start: inline.Index, End: inline.Index + 1}
		m.OuterScope = !equalFold(text(member(evaluation, "scope")), "inner")
		m.Inline = &template.Template{File: r.file, Language: template.ARM, TargetScope: scopeResourceGroup}
		var outer *names
		if m.OuterScope {
			outer = in.names
		}
		r.template(inline, m.Inline, outer)
	case link.IsObject():
		m.Path, m.PathAt = r.link(link, in.names)
	default:
		m.PathAt = m.Anchor
	}
}

// arguments are the values that a deployment hands over. An entry may be an
// expression that makes the object around the value, and so may all of them.
func (r *reader) arguments(v gjson.Result) *expr.Object {
	if v.Type == gjson.String {
		return &expr.Object{Node: expr.Node{At: span(v)}, Properties: []expr.Property{{Value: r.value(v), At: span(v)}}}
	}
	if !v.IsObject() {
		return nil
	}
	height := len(r.nodes.properties)
	elements(v, func(key, entry gjson.Result) {
		p := expr.Property{Key: r.nodes.str(span(key), text(key)), At: entrySpan(key, entry)}
		at := expr.Node{At: span(entry)}
		value := member(entry, "value")
		switch {
		case value.Exists():
			p.Value = r.value(value)
		case entry.Type == gjson.String:
			p.Value = &expr.Member{Node: at, Base: r.value(entry), Name: "value"}
		default: // a reference to a Key Vault
			p.Value = &expr.Invalid{Node: at}
		}
		r.nodes.properties = append(r.nodes.properties, p)
	})
	return &expr.Object{Node: expr.Node{At: span(v)}, Properties: r.nodes.popProperties(height)}
}
