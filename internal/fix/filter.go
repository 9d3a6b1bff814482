package fix

import (
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// filter leaves out the APIs that cannot be onboarded.
type filter struct {
	// typ is the declaration's own expression, which must be http; nil when
	// all APIs are REST.
	typ expr.Expr
	// optional says that typ may be null, and the API is REST then.
	optional bool
	// tier is the service's own expression, which must not be Consumption; nil
	// when no service is.
	tier expr.Expr
}

// words are the expressions that the filter is written with.
func (f *filter) words() []expr.Expr { return []expr.Expr{f.typ, f.tier} }

// choose decides which of the APIs that the declaration brings get a
// collection: all of them, or those that a filter leaves.
func (t *target) choose() error {
	typ, path := t.typeOf()
	var f filter
	for _, s := range t.Siblings {
		v := s.Resource.Property(path...)
		name, known := v.AsString()
		if s.Tiered && f.tier == nil {
			if f.tier = t.tier(); f.tier == nil {
				return refuse("it hangs on a condition whether its service is in the Consumption tier, which Defender for APIs " +
					"does not support; add a collection with a condition that leaves that out")
			}
		}
		switch {
		case s.Status == check.Onboarded || s.Status == check.Undetermined:
			return refuse("the same declaration also brings an API that has a collection already, and would bring a second one; " +
				"add the missing collection where the others are")
		case s.Status == check.Excluded && s.Reason == check.ReasonTier:
			if f.tier = t.tier(); f.tier == nil {
				return refuseExcluded(s)
			}
		case s.Status == check.Excluded && (!known || strings.EqualFold(name, "http")):
			return refuseExcluded(s)
		case s.Status == check.Excluded || v.Term() != nil:
			if typ == nil || !plain(v) {
				return refuse("whether it is a REST API hangs on values that are not known here; " +
					"add a collection with a condition that leaves out what is not REST")
			}
			f.typ = typ
		}
	}
	if f.typ != nil {
		f.optional = safe(f.typ) || slices.ContainsFunc(t.Siblings, func(s check.Sibling) bool {
			v := s.Resource.Property(path...)
			return v.IsNull() || v.Term() != nil && expr.TypeOf(v) != expr.KindString
		})
	}
	if f != (filter{}) {
		t.filter = &f
	}
	return nil
}

// plain reports whether a type, or each that it is one of, is REST exactly if it
// equals "http".
func plain(typ expr.Value) bool {
	if s, ok := typ.AsString(); ok {
		return s == "http" || s != "" && !check.IsREST(s)
	}
	if t := typ.Term(); t != nil && t.Op == expr.OpIf {
		return plain(t.Args[1]) && plain(t.Args[2])
	}
	return true
}

// safe reports whether an expression is written to be null where there is
// nothing.
func safe(x expr.Expr) bool {
	switch x := x.(type) {
	case *expr.Member:
		return x.Safe
	case *expr.Index:
		return x.Safe
	case *expr.Call:
		return strings.EqualFold(x.Name, "tryGet")
	}
	return false
}

func refuseExcluded(s check.Sibling) error {
	return refuse("the same declaration also brings an API that cannot be onboarded (%s); "+
		"add a collection with a condition that leaves it out", s.Reason)
}

// typeOf is the property of the declaration that says whether an API is REST,
// and the expression it is written with: nil where there is none, or where two
// decide together.
func (t *target) typeOf() (typ expr.Expr, path []string) {
	decl := t.Resource.Decl
	first, second := decl.Property("properties", "apiType"), decl.Property("properties", "type")
	switch {
	case first == nil && second != nil:
		return second, []string{"properties", "type"}
	case first != nil && second != nil:
		return nil, []string{"properties", "apiType"}
	}
	return first, []string{"properties", "apiType"}
}

// tier is the expression of the tier of the service in the same template, nil
// where a condition there could not use it: in a loop, its variables mean
// nothing elsewhere, and only parameters and variables are known when a
// deployment starts.
func (t *target) tier() expr.Expr {
	var owner *template.Resource
	for _, s := range t.Resource.Services() {
		if s.Existing {
			continue
		}
		if owner != nil {
			return nil
		}
		owner = s
	}
	if owner == nil || owner.Loop != nil {
		return nil
	}
	tier := owner.Property("sku", "name")
	s := starting{in: t.Resource.Template, variables: map[string]bool{}}
	if tier == nil || !s.known(tier, 0) {
		return nil
	}
	return tier
}

// maxVariables is how many variables are followed one from another.
const maxVariables = 20

// starting tells what is known in a template when its deployment starts.
type starting struct {
	in        *template.Template
	variables map[string]bool // that were looked at, and whether they are
}

// known reports whether all names in an expression are those of parameters and of
// variables that are made from such.
func (s starting) known(x expr.Expr, depth int) bool {
	ok := depth < maxVariables
	expr.Walk(x, func(x expr.Expr) bool {
		if n, isName := x.(*expr.Name); isName && ok {
			ok = s.parameter(n.Name) || s.variable(n.Name, depth)
		}
		return ok
	})
	return ok
}

func (s starting) parameter(name string) bool {
	return slices.ContainsFunc(s.in.Parameters, func(p *template.Parameter) bool { return p.Name == name })
}

func (s starting) variable(name string, depth int) bool {
	ok, seen := s.variables[name]
	if !seen {
		s.variables[name] = false // if it leads back to itself
		ok = slices.ContainsFunc(s.in.Variables, func(v *template.Variable) bool {
			return v.Name == name && s.known(v.Value, depth+1)
		})
		s.variables[name] = ok
	}
	return ok
}
