package deployment

import (
	"maps"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// Call answers the functions that depend on where they are called.
func (in *instance) Call(base expr.Value, name string, args []expr.Value) (expr.Value, bool) {
	if in.outer != nil {
		return in.outer.Call(base, name, args)
	}
	if f, owner := in.function(base, name); f != nil {
		return owner.callFunction(f, args), true
	}
	if n, ok := expr.HandleOf(base).(namespace); ok {
		return in.absent(n.from, name, args), true
	}
	if s := in.own(name); s.imported != nil && expr.HandleOf(base) == nil {
		return in.absent(s.imported.from, s.imported.name, args), true
	}
	if expr.HandleOf(base) != nil {
		return expr.Value{}, false
	}
	lower := strings.ToLower(name)
	if call, ok := in.d.graph.context[lower]; ok {
		return call(in, args), true
	}
	if strings.HasPrefix(lower, "list") && len(args) > 0 {
		return expr.Apply(expr.Op(lower), expr.KindUnknown, in.anchored(args)...), true
	}
	return expr.Value{}, false
}

// absent is what an imported function gives that is not in the repository: the
// same for the same arguments.
func (in *instance) absent(from *template.Import, name string, args []expr.Value) expr.Value {
	file := expr.String(source.Resolve(in.template.File.Path, from.Path))
	return expr.Apply("import", expr.KindUnknown, append([]expr.Value{file, expr.String(name)}, args...)...)
}

// contextTable are the functions whose answer depends on the deployment, by
// lower-case name.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-scope
func contextTable() map[string]func(*instance, []expr.Value) expr.Value {
	table := map[string]func(*instance, []expr.Value) expr.Value{
		"parameters":                (*instance).armParameter,
		"variables":                 (*instance).armVariable,
		"$copy":                     (*instance).copyArray,
		"resourcegroup":             (*instance).resourceGroup,
		"subscription":              (*instance).subscription,
		"tenant":                    tenant,
		"managementgroup":           managementGroup,
		"deployment":                (*instance).deployment,
		"resourceid":                (*instance).resourceID,
		"subscriptionresourceid":    (*instance).subscriptionResourceID,
		"managementgroupresourceid": managementGroupResourceID,
		"tenantresourceid":          tenantResourceID,
		"extensionresourceid":       extensionResourceID,
		"reference":                 (*instance).reference,
		"references":                (*instance).references,
		"resourceinfo":              (*instance).resourceInfo,
		"newguid":                   unknown,
		"utcnow":                    unknown,
		"getsecret":                 unknown,
		"readenvironmentvariable":   environmentVariable,
	}
	maps.Copy(table, loadTable())
	return table
}

func unknown(*instance, []expr.Value) expr.Value { return expr.Unknown() }

// environmentVariable is a value of the machine that will deploy; every use of
// one name is the same value. As with a parameter, a default stands for what
// nobody gave.
func environmentVariable(_ *instance, args []expr.Value) expr.Value {
	if len(args) == 2 {
		return args[1]
	}
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
	if p := in.own(armParameterKey(name)).parameter; p != nil {
		return in.parameter(p)
	}
	return expr.Unknown()
}

// armVariable is variables('name').
func (in *instance) armVariable(args []expr.Value) expr.Value {
	name, ok := argText(args, 0)
	if !ok {
		return expr.Apply("variables", expr.KindUnknown, append([]expr.Value{expr.String(in.id)}, args...)...)
	}
	if v := in.own(armVariableKey(name)).variable; v != nil {
		return in.variable(v)
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

// scopeTarget is where a scope of Bicep leads that is a place to deploy to, or a
// resource group by its symbol.
func scopeTarget(scope expr.Value) (Target, bool) {
	switch s := expr.HandleOf(scope).(type) {
	case scopeHandle:
		return s.target, true
	case *resourceHandle:
		if !strings.EqualFold(s.decl.FullType(), template.TypeResourceGroup) {
			return Target{}, false
		}
		if segments := s.segments(); len(segments) == 1 {
			return Target{Subscription: s.target().Subscription, ResourceGroup: segments[0]}, true
		}
	}
	return Target{}, false
}

// openTarget is where a scope of Bicep leads that is not known, such as one of two
// groups: to the same place wherever the same is written. At is where a scope
// stands that nothing is known of.
func (in *instance) openTarget(scope expr.Value, at source.Span) Target {
	if scope.IsUnknown() {
		scope = expr.Atom(in.id+" scope of "+spanKey(at), expr.KindUnknown)
	}
	return openTarget(scope)
}

// openTarget is where something unknown leads: to the same place wherever it is the
// same.
func openTarget(of expr.Value) Target {
	return Target{
		Subscription:  expr.Apply("subscription of", expr.KindString, of),
		ResourceGroup: expr.Apply("resource group of", expr.KindString, of),
	}
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

// managementGroupIDs is the ID of a management group without its name.
const managementGroupIDs = "/providers/Microsoft.Management/managementGroups/"

func managementGroup(_ *instance, args []expr.Value) expr.Value {
	name := expr.Atom("managementGroup().name", expr.KindString)
	if len(args) > 0 {
		name = args[0]
	}
	id := expr.Concat(expr.String(managementGroupIDs), name)
	return expr.HandleValue("managementGroup "+name.Key(), scopeHandle{members{"id": id, "name": name}, Target{}})
}

func (in *instance) deployment([]expr.Value) expr.Value {
	return expr.Atom(in.id+" deployment()", expr.KindObject)
}

// typeAt is which argument of a function that makes an ID is the type; -1 when
// that is not known. Neither the ID of a subscription nor the name of a group
// has a slash.
func typeAt(args []expr.Value) int {
	return slices.IndexFunc(args, func(a expr.Value) bool {
		s, ok := a.AsString()
		return ok && strings.Contains(s, "/") && strings.Contains(s, ".")
	})
}

// resourceID is resourceId([subscription], [group], type, name, …).
func (in *instance) resourceID(args []expr.Value) expr.Value {
	at := typeAt(args)
	target := in.target
	switch at {
	case -1:
		return openID(target.prefix(), args)
	case 0:
	case 1:
		target.ResourceGroup = args[0]
		if in.target.ResourceGroup.IsUnknown() {
			target = Target{Subscription: args[0]}
		}
	case 2:
		target = Target{Subscription: args[0], ResourceGroup: args[1]}
	default:
		return expr.Unknown()
	}
	return resourceID(target.prefix(), args[at:])
}

// openID is an ID of which it is not known how the parts go together.
func openID(prefix expr.Value, args []expr.Value) expr.Value {
	return expr.Apply("resourceid", expr.KindString, append([]expr.Value{prefix}, args...)...)
}

func (in *instance) subscriptionResourceID(args []expr.Value) expr.Value {
	target := Target{Subscription: in.target.Subscription}
	switch typeAt(args) {
	case -1:
		return openID(target.prefix(), args)
	case 0:
	case 1:
		target.Subscription, args = args[0], args[1:]
	default:
		return expr.Unknown()
	}
	return resourceID(target.prefix(), args)
}

func managementGroupResourceID(in *instance, args []expr.Value) expr.Value {
	group := managementGroup(in, nil)
	switch typeAt(args) {
	case -1:
		return openID(expr.String(managementGroupIDs), args)
	case 0:
	case 1:
		group, args = managementGroup(in, args[:1]), args[1:]
	default:
		return expr.Unknown()
	}
	prefix, _ := in.d.eval.MemberOf(group, "id")
	return resourceID(prefix, args)
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
		return openID(prefix, typeAndNames)
	}
	var names []expr.Value
	for _, n := range typeAndNames[1:] { // 'svc/api' counts as two names
		names = append(names, expr.Split(n, "/")...)
	}
	parts := strings.Split(typ, "/")
	switch {
	case len(parts)-1 == len(names):
	case slices.ContainsFunc(names, func(n expr.Value) bool { return !n.Known() }):
		return openID(prefix, typeAndNames)
	default:
		return expr.Unknown() // Azure wants a name for each part of the type
	}
	id := []expr.Value{prefix, expr.String("/providers/" + parts[0])}
	for i, p := range parts[1:] {
		id = append(id, expr.String("/"+p+"/"), names[i])
	}
	return expr.Concat(id...)
}
