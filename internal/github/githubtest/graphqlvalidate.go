package githubtest

import (
	"fmt"
	"strings"
)

// validate holds a selection to the schema before anything is done.
func (x *execution) validate(on string, set []selection, path []any, depth int) error {
	if depth > maxQueryDepth {
		return &queryError{doc{"message": errQueryTooDeep.Error()}}
	}
	for _, s := range set {
		if x.visits++; x.visits > maxQueryTokens {
			return &queryError{doc{"message": "query too complex"}}
		}
		inner, typeName := s.selections, on
		switch {
		case s.spread != "":
			f := x.document.fragments[s.spread]
			if f == nil {
				return refuseField(s, path, "Fragment %s was used, but not defined", s.spread)
			}
			inner, typeName = f.selections, f.on
		case s.inline:
			if s.on != "" {
				typeName = s.on
			}
		default:
			if err := x.validateField(on, s, path, depth); err != nil {
				return err
			}
			continue
		}
		if x.schema[typeName] == nil {
			return refuseField(s, path, "No such type %s, so it can't be a fragment condition", typeName)
		}
		if err := x.validate(typeName, inner, path, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (x *execution) validateField(on string, s selection, path []any, depth int) error {
	path = append(append([]any{}, path...), s.key())
	if s.name == "__typename" {
		return nil
	}
	field, found := x.schema[on][s.name]
	if !found {
		return refuseField(s, path, "Field '%s' doesn't exist on type '%s'", s.name, on)
	}
	given := map[string]bool{}
	for _, a := range s.arguments {
		given[a.name] = true
		if !field.takes(a.name) {
			return refuseField(s, path, "Field '%s' doesn't accept argument '%s'", s.name, a.name)
		}
	}
	for _, name := range field.required() {
		if !given[name] {
			return refuseField(s, path, "Field '%s' is missing required arguments: %s", s.name, name)
		}
	}
	isObject := field.of != ""
	switch {
	case isObject && len(s.selections) == 0:
		return refuseField(s, path, "Field must have selections (field '%s' returns %s but has no selections. Did you mean '%s { ... }'?)", s.name, field.of, s.name)
	case !isObject && len(s.selections) > 0:
		return refuseField(s, path, "Selections can't be made on scalars (field '%s' returns a scalar)", s.name)
	case !isObject:
		return nil
	}
	return x.validate(field.of, s.selections, path, depth+1)
}

func refuseField(s selection, path []any, format string, args ...any) error {
	return &queryError{doc{
		"message": fmt.Sprintf(format, args...), "path": path, "locations": locations(s),
	}}
}

func locations(s selection) []doc { return []doc{{"line": s.at.line, "column": s.at.column}} }

// typeDef is an object type or interface.
type typeDef map[string]fieldDef

// fieldDef is a field of a type: what it takes, what it gives ("" for a
// scalar) and how.
type fieldDef struct {
	arguments string // names, with ! where required
	of        string
	resolve   func(x *execution, on any, args map[string]any) (any, error)
}

func (f fieldDef) takes(name string) bool {
	for known := range strings.FieldsSeq(f.arguments) {
		if strings.TrimSuffix(known, "!") == name {
			return true
		}
	}
	return false
}

func (f fieldDef) required() []string {
	var names []string
	for known := range strings.FieldsSeq(f.arguments) {
		if name, isRequired := strings.CutSuffix(known, "!"); isRequired {
			names = append(names, name)
		}
	}
	return names
}
