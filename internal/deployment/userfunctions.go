package deployment

import (
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// function finds a user-defined function by the name it has here, and the
// instance it belongs to.
func (in *instance) function(base expr.Value, name string) (*template.Function, *instance) {
	if n, ok := expr.HandleOf(base).(namespace); ok {
		if lib := n.in.library(n.from); lib != nil {
			return lib.exportedFunction(name), lib
		}
		return nil, nil
	}
	s := in.own(name)
	if s.imported != nil {
		if lib := in.library(s.imported.from); lib != nil {
			return lib.exportedFunction(s.imported.name), lib
		}
		return nil, nil
	}
	if s.function == nil && in.template.Language == template.ARM {
		for _, f := range in.template.Functions {
			if strings.EqualFold(f.Name, name) {
				return f, in
			}
		}
	}
	return s.function, in
}

func (in *instance) callFunction(f *template.Function, args []expr.Value) expr.Value {
	in.d.eval.Spend(1 + len(args))
	if len(f.Params) == 1 && len(args) == 1 && in.template.Language == template.Bicep { // most are such, and a map takes twice the time
		return in.d.eval.Eval(expr.WithElement(in, f.Params[0], "", args[0], expr.Value{}), f.Body)
	}
	locals := make(map[string]expr.Value, len(f.Params))
	for i, p := range f.Params {
		v := expr.Null()
		if i < len(args) {
			v = args[i]
		}
		if in.template.Language == template.ARM {
			p = strings.ToLower(p)
		}
		locals[p] = v
	}
	if in.template.Language == template.ARM {
		return in.d.eval.Eval(functionScope{in, locals}, f.Body)
	}
	return in.d.eval.Eval(expr.WithLocals(in, locals), f.Body)
}

// functionScope is the inside of an ARM user-defined function, which sees its
// own parameters and nothing else.
type functionScope struct {
	*instance
	params map[string]expr.Value
}

// Call answers parameters('x') with the function's own parameter.
func (s functionScope) Call(base expr.Value, name string, args []expr.Value) (expr.Value, bool) {
	if strings.EqualFold(name, "parameters") && len(args) == 1 {
		key, _ := args[0].AsString()
		v, ok := s.params[strings.ToLower(key)]
		return v, ok
	}
	return s.instance.Call(base, name, args)
}
