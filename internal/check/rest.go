package check

import (
	"fmt"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/expr"
)

// restIf is the condition under which an API is REST as far as that hangs on
// its type.
func restIf(r *deployment.Resource) expr.Value {
	if notREST(r) != "" {
		return expr.Bool(false)
	}
	typ, other := typeIn(r, "apiType"), typeIn(r, "type")
	if typ.Term() == nil && (!typ.IsNull() || other.Term() == nil) {
		return expr.Bool(true)
	}
	http := expr.String(rest)
	said := func(typ expr.Value) expr.Value {
		return eachText(typ, func(s string) expr.Value {
			if IsREST(s) {
				return http
			}
			return expr.String(s)
		})
	}
	return expr.Equals((&expr.Evaluator{}).Apply("coalesce", []expr.Value{said(typ), said(other), http}), http)
}

// rest is the type of an API that is REST.
const rest = "http"

// IsREST reports whether an API of a type is REST. What is no type is treated as
// one that is not known, and that as REST.
func IsREST(typ string) bool { return strings.EqualFold(typ, rest) || !isType(typ) }

// eachText is a value with another one for its text, or for each of those that it
// is one of.
func eachText(v expr.Value, of func(s string) expr.Value) expr.Value {
	if s, ok := v.AsString(); ok {
		return of(s)
	}
	if t := v.Term(); t != nil && t.Op == expr.OpIf {
		return expr.If(t.Args[0], eachText(t.Args[1], of), eachText(t.Args[2], of))
	}
	return v
}

// typeIn is what a property says of the API's type; an empty text says nothing.
func typeIn(r *deployment.Resource, property string) expr.Value {
	return eachText(r.Property("properties", property), func(s string) expr.Value {
		if s == "" {
			return expr.Null()
		}
		return expr.String(s)
	})
}

// typeOf is the API's type, and the property that it is from.
func typeOf(r *deployment.Resource) (typ expr.Value, property string) {
	if typ = typeIn(r, "apiType"); !typ.IsNull() {
		return typ, "apiType"
	}
	return typeIn(r, "type"), "type"
}

// typeOpen reports whether the API's type is not known: it hangs on a value
// that nobody gave, or is a mark that a pipeline replaces, such as #{apiType}#.
func typeOpen(r *deployment.Resource) bool {
	typ, _ := typeOf(r)
	s, ok := typ.AsString()
	return ok && !isType(s) || !restIf(r).Known()
}

// isType reports whether a text can be an API type.
func isType(s string) bool {
	return !strings.ContainsFunc(strings.ToLower(s), func(r rune) bool { return r != '-' && notInRegion(r) })
}

// notREST says why the API is none that Defender for APIs covers, or "".
// A type that is not known counts as REST.
func notREST(r *deployment.Resource) string {
	typ, property := typeOf(r)
	if s, ok := typ.AsString(); ok {
		if IsREST(s) {
			return ""
		}
		return fmt.Sprintf("not a REST API (%s: %s)", property, s)
	}
	if !typ.IsNull() {
		return ""
	}
	format, ok := r.Property("properties", "format").AsString()
	if !ok {
		return ""
	}
	switch strings.ToLower(format) {
	case "graphql-link", "wsdl", "wsdl-link", "grpc", "grpc-link", "odata", "odata-link":
		return fmt.Sprintf("not a REST API (format: %s)", format)
	}
	return ""
}
