package fix

import (
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template/bicep"
)

// numeric reports whether a function gives a whole number.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions
func numeric(function string) bool {
	switch strings.ToLower(function) {
	case "add", "copyindex", "datetimetoepoch", "div", "indexof", "int", "lastindexof", "length", "max", "min", "mod", "mul", "sub":
		return true
	}
	return false
}

// number reports whether an expression is a whole number as far as its own
// words, the parameters and variables of the file and the variables of loops
// tell.
func (w *bicepWriter) number(x bicep.Expr, depth int) bool {
	switch x := x.(type) {
	case *bicep.ParenExpr:
		return w.number(x.Inner, depth)
	case *bicep.BinaryExpr:
		return slices.Contains([]bicep.Kind{bicep.Plus, bicep.Minus, bicep.Star, bicep.Slash, bicep.Percent}, x.Operator)
	case *bicep.CallExpr:
		return x.Base == nil && numeric(x.Name.Name)
	case *bicep.Ident:
		return depth < maxVariables && w.numbers(x.Name, depth)
	}
	return false
}

// numbers reports whether a name stands for whole numbers.
func (w *bicepWriter) numbers(name string, depth int) bool {
	switch d := w.values[name].(type) {
	case *bicep.ParamDecl:
		return d.Type != nil && w.file.Source.Text(d.Type.Span()) == "int"
	case *bicep.VarDecl:
		return w.number(d.Value, depth+1)
	}
	return w.counters[name]
}

// addCounters notes the variables of a loop that are whole numbers.
func (w *bicepWriter) addCounters(f *bicep.ForExpr) {
	if f.Index != nil {
		w.counters[f.Index.Name] = true
	}
	if f.Item != nil && ranges(f) {
		w.counters[f.Item.Name] = true
	}
}

// ranges reports whether a loop goes over whole numbers.
func ranges(f *bicep.ForExpr) bool {
	call, ok := f.Collection.(*bicep.CallExpr)
	return ok && call.Base == nil && call.Name.Name == "range"
}

// number reports whether an expression of an ARM template is a whole number by
// its own words.
func number(x expr.Expr) bool {
	c, ok := x.(*expr.Call)
	return ok && c.Base == nil && numeric(c.Name)
}
