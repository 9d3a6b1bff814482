package deployment

import (
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// reference is the state of a resource, which nobody knows before the
// deployment; of a nested deployment the outputs may be.
func (in *instance) reference(args []expr.Value) expr.Value {
	if len(args) == 0 {
		return expr.Unknown()
	}
	if v, ok := in.symbolic(args[0]); ok {
		full, _ := argText(args, 2)
		if _, module := expr.HandleOf(v).(*moduleHandle); module || strings.EqualFold(full, "full") {
			return v
		}
		properties, _ := in.d.eval.MemberOf(v, "properties")
		return properties
	}
	if m := in.deploymentAt(args[0]); m != nil {
		return in.moduleValue(m)
	}
	return expr.Apply("reference", expr.KindObject, in.anchored(args)...)
}

// deploymentAt is the only nested deployment of a name or ID, nil if there is none
// or more than one.
func (in *instance) deploymentAt(id expr.Value) *template.Module {
	var found *template.Module
	parts := expr.Split(id, "/")
	name := parts[len(parts)-1]
	for _, m := range in.template.Modules {
		if m.Loop != nil || m.Name == nil || expr.SameName(in.d.eval.Eval(in, m.Name), name) != expr.True {
			continue
		}
		if len(parts) > 1 && !in.isDeployment(id, m, name) {
			continue
		}
		if found != nil {
			return nil
		}
		found = m
	}
	return found
}

// isDeployment reports whether an ID is that of a nested deployment. One that begins
// with the type means the place of the template.
func (in *instance) isDeployment(id expr.Value, m *template.Module, name expr.Value) bool {
	if expr.SameName(id, expr.Concat(expr.String(template.TypeDeployment+"/"), name)) == expr.True {
		return true
	}
	t := m.Inline
	if t == nil {
		t = in.template
	}
	whole := resourceID(in.moduleTarget(m, in, t).prefix(), []expr.Value{expr.String(template.TypeDeployment), name})
	return expr.SameName(id, whole) == expr.True
}

// references is the state of the resources of a loop, which is named by its
// symbol.
func (in *instance) references(args []expr.Value) expr.Value {
	return expr.Apply("references", expr.KindArray, append([]expr.Value{expr.String(in.id)}, args...)...)
}

// resourceInfo is resourceInfo('symbol'): what is known of a resource without
// asking for its state.
func (in *instance) resourceInfo(args []expr.Value) expr.Value {
	if len(args) == 1 {
		if v, ok := in.symbolic(args[0]); ok {
			return v
		}
	}
	return expr.Apply("resourceinfo", expr.KindObject, args...)
}

// symbolic is the resource or module with a symbolic name, or the element of a
// loop that a text such as 'name[0]' means.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/resource-declaration#use-symbolic-name
func (in *instance) symbolic(text expr.Value) (expr.Value, bool) {
	if in.template.Language != template.ARM {
		return expr.Value{}, false
	}
	var position expr.Value
	name, known := text.AsString()
	if parts := expr.Parts(text); !known && len(parts) == 3 {
		before, _ := parts[0].AsString()
		after, _ := parts[2].AsString()
		if after != "]" || !strings.HasSuffix(before, "[") {
			return expr.Value{}, false
		}
		name, position = strings.TrimSuffix(before, "["), parts[1]
	} else if before, inside, ok := strings.Cut(name, "["); ok {
		n, err := strconv.Atoi(strings.TrimSuffix(inside, "]"))
		if err != nil {
			return expr.Value{}, false
		}
		name, position = before, expr.Int(int64(n))
	}
	var v expr.Value
	switch s := in.symbol(name); {
	case s.module != nil:
		v = in.moduleValue(s.module)
	case s.resource != nil:
		v = in.resourceValue(s.resource)
	default:
		return expr.Value{}, false
	}
	if position.IsUnknown() {
		return v, true
	}
	return expr.HandleOf(v).Element(position)
}

// anchored are the arguments of a function that asks for a resource. A name that
// means something in this template only is told apart from those in others.
func (in *instance) anchored(args []expr.Value) []expr.Value {
	if pieces := expr.Parts(args[0]); len(pieces) > 0 {
		if head, ok := pieces[0].AsString(); ok && !strings.HasPrefix(head, "/") {
			return append([]expr.Value{expr.String(in.id)}, args...)
		}
	}
	return args
}
