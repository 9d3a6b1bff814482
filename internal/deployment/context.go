package deployment

import (
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Call answers the functions that depend on where they are called.
func (in *instance) Call(base expr.Value, name string, args []expr.Value) (expr.Value, bool) {
	if in.outer != nil {
		return in.outer.Call(base, name, args)
	}
	if f, owner := in.function(base, name); f != nil {
		return owner.callFunction(f, args), true
	}
	if expr.HandleOf(base) != nil {
		return expr.Value{}, false
	}
	call, ok := in.d.context[strings.ToLower(name)]
	if !ok {
		return expr.Value{}, false
	}
	return call(in, args), true
}

// contextTable are the functions whose answer depends on the deployment, by
// lower-case name.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-scope
func contextTable() map[string]func(*instance, []expr.Value) expr.Value {
	return map[string]func(*instance, []expr.Value) expr.Value{
		"parameters":              (*instance).armParameter,
		"variables":               (*instance).armVariable,
		"$copy":                   (*instance).copyArray,
		"resourcegroup":           (*instance).resourceGroup,
		"subscription":            (*instance).subscription,
		"tenant":                  tenant,
		"managementgroup":         managementGroup,
		"deployment":              (*instance).deployment,
		"resourceid":              (*instance).resourceID,
		"subscriptionresourceid":  (*instance).subscriptionResourceID,
		"tenantresourceid":        tenantResourceID,
		"extensionresourceid":     extensionResourceID,
		"reference":               (*instance).reference,
		"loadtextcontent":         (*instance).loadText,
		"loadjsoncontent":         (*instance).loadJSON,
		"newguid":                 unknown,
		"utcnow":                  unknown,
		"getsecret":               unknown,
		"readenvironmentvariable": environmentVariable,
	}
}

func unknown(*instance, []expr.Value) expr.Value { return expr.Unknown() }

// environmentVariable is a value of the machine that will deploy; every use of
// one name is the same value.
func environmentVariable(_ *instance, args []expr.Value) expr.Value {
	return expr.Apply("readenvironmentvariable", expr.KindString, args...)
}

func argText(args []expr.Value, i int) (string, bool) {
	if i >= len(args) {
		return "", false
	}
	return args[i].AsString()
}

// armParameter is parameters('name').
func (in *instance) armParameter(args []expr.Value) expr.Value {
	name, ok := argText(args, 0)
	if !ok {
		return expr.Apply("parameters", expr.KindUnknown, append([]expr.Value{expr.String(in.id)}, args...)...)
	}
	for _, p := range in.template.Parameters {
		if strings.EqualFold(p.Name, name) {
			return in.parameter(p)
		}
	}
	return expr.Unknown()
}

// armVariable is variables('name').
func (in *instance) armVariable(args []expr.Value) expr.Value {
	name, ok := argText(args, 0)
	if !ok {
		return expr.Apply("variables", expr.KindUnknown, append([]expr.Value{expr.String(in.id)}, args...)...)
	}
	for _, v := range in.template.Variables {
		if strings.EqualFold(v.Name, name) {
			return in.variable(v)
		}
	}
	return expr.Unknown()
}

// members is a handle over known members; the rest are terms.
type members map[string]expr.Value

// Member is a known member, ignoring case.
func (m members) Member(name string) (expr.Value, bool) {
	v, ok := m[strings.ToLower(name)]
	return v, ok
}

// Element is false: such a thing is no loop.
func (members) Element(expr.Value) (expr.Value, bool) { return expr.Value{}, false }

// scopeHandle is a place to deploy to, as scope functions and the symbols of
// resource groups give it.
type scopeHandle struct {
	members
	target Target
}

func (in *instance) resourceGroup(args []expr.Value) expr.Value {
	target := in.target
	switch len(args) {
	case 1:
		target.ResourceGroup = args[0]
	case 2:
		target = Target{Subscription: args[0], ResourceGroup: args[1]}
	}
	return groupValue(in.d, target)
}

func groupValue(d *expander, target Target) expr.Value {
	id := target.prefix()
	known := members{"id": id, "name": target.ResourceGroup}
	if d.options.Location != "" {
		known["location"] = expr.String(d.options.Location)
	}
	return expr.HandleValue("resourceGroup "+expr.Fold(id).Key(), scopeHandle{known, target})
}

func (in *instance) subscription(args []expr.Value) expr.Value {
	id := in.target.Subscription
	if len(args) == 1 {
		id = args[0]
	}
	target := Target{Subscription: id}
	return expr.HandleValue("subscription "+id.Key(), scopeHandle{members{"id": target.prefix(), "subscriptionid": id}, target})
}

func tenant(*instance, []expr.Value) expr.Value {
	return expr.HandleValue("tenant", scopeHandle{members{"tenantid": expr.Atom("tenant().tenantId", expr.KindString)}, Target{}})
}

func managementGroup(_ *instance, args []expr.Value) expr.Value {
	var name strings.Builder
	name.WriteString("managementGroup")
	for _, a := range args {
		name.WriteString(" " + a.Key())
	}
	return expr.HandleValue(name.String(), scopeHandle{members{}, Target{}})
}

func (in *instance) deployment([]expr.Value) expr.Value {
	return expr.Atom(in.id+" deployment()", expr.KindObject)
}

// resourceID is resourceId([subscription], [group], type, name, …).
func (in *instance) resourceID(args []expr.Value) expr.Value {
	at := -1
	for i, a := range args {
		if s, ok := a.AsString(); ok && strings.Contains(s, "/") && strings.Contains(s, ".") {
			at = i
			break
		}
	}
	target := in.target
	switch at {
	case 0:
	case 1:
		target.ResourceGroup = args[0]
		if in.target.ResourceGroup.IsUnknown() {
			target = Target{Subscription: args[0]}
		}
	case 2:
		target = Target{Subscription: args[0], ResourceGroup: args[1]}
	default:
		return expr.Apply("resourceid", expr.KindString, args...)
	}
	return resourceID(target.prefix(), args[at:])
}

func (in *instance) subscriptionResourceID(args []expr.Value) expr.Value {
	target := Target{Subscription: in.target.Subscription}
	if s, ok := argText(args, 0); ok && !strings.Contains(s, "/") && len(args) > 1 {
		target.Subscription, args = args[0], args[1:]
	}
	return resourceID(target.prefix(), args)
}

func tenantResourceID(_ *instance, args []expr.Value) expr.Value {
	return resourceID(expr.String(""), args)
}

func extensionResourceID(_ *instance, args []expr.Value) expr.Value {
	if len(args) == 0 {
		return expr.Unknown()
	}
	return resourceID(args[0], args[1:])
}

// resourceID writes an ID: the prefix, the provider, then the parts of the
// type and the names in turn.
func resourceID(prefix expr.Value, typeAndNames []expr.Value) expr.Value {
	typ, ok := argText(typeAndNames, 0)
	if !ok {
		return expr.Apply("resourceid", expr.KindString, append([]expr.Value{prefix}, typeAndNames...)...)
	}
	var names []expr.Value
	for _, n := range typeAndNames[1:] { // 'svc/api' counts as two names
		names = append(names, expr.Split(n, "/")...)
	}
	parts := strings.Split(typ, "/")
	if len(parts)-1 != len(names) {
		return expr.Apply("resourceid", expr.KindString, append([]expr.Value{prefix}, typeAndNames...)...)
	}
	id := []expr.Value{prefix, expr.String("/providers/" + parts[0])}
	for i, p := range parts[1:] {
		id = append(id, expr.String("/"+p+"/"), names[i])
	}
	return expr.Concat(id...)
}

// reference is the state of a resource, which nobody knows before the
// deployment; of a nested deployment the outputs may be.
func (in *instance) reference(args []expr.Value) expr.Value {
	if len(args) == 0 {
		return expr.Unknown()
	}
	if name, ok := args[0].AsString(); ok {
		switch s := in.symbols[name]; {
		case s.module != nil:
			return in.moduleValue(s.module)
		case s.resource != nil:
			return in.resourceValue(s.resource)
		}
	}
	parts := expr.Split(args[0], "/")
	name := parts[len(parts)-1]
	for _, m := range in.template.Modules {
		if m.Loop == nil && m.Name != nil && expr.Identical(in.d.eval.Eval(in, m.Name), name) {
			return in.moduleValue(m)
		}
	}
	return expr.Apply("reference", expr.KindObject, args...)
}

func (in *instance) loadText(args []expr.Value) expr.Value {
	f, v := in.load(args)
	if f == nil {
		return v
	}
	return expr.String(strings.TrimPrefix(string(f.Content), source.BOM))
}

func (in *instance) loadJSON(args []expr.Value) expr.Value {
	f, v := in.load(args)
	if f == nil || len(args) > 1 {
		return v
	}
	return in.d.eval.Apply("json", []expr.Value{expr.String(strings.TrimPrefix(string(f.Content), source.BOM))})
}

// load finds the file that a load function names, or the term that stands for
// what it would have given.
func (in *instance) load(args []expr.Value) (*source.File, expr.Value) {
	name, ok := argText(args, 0)
	term := expr.Apply("load", expr.KindUnknown, append([]expr.Value{expr.String(in.template.File.Path)}, args...)...)
	if !ok {
		return nil, term
	}
	path := source.Resolve(in.template.File.Path, name)
	f := in.d.graph.snapshot.File(path)
	if f == nil {
		if e, listed := in.d.graph.snapshot.Lookup(path); listed && e.Mode <= source.Executable {
			in.d.want(path)
		}
		return nil, term
	}
	if len(f.Content) > expr.MaxText || !in.d.eval.Spend(len(f.Content)/64) {
		return nil, term
	}
	return f, term
}
