package openapitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// graphType is a type of GraphQL: an object or interface with fields, an input,
// or an enumeration.
type graphType struct {
	Fields map[string]GraphField `json:"fields"`
	Inputs map[string]string     `json:"inputs"` // types by name
	Values []string              `json:"values"`
}

// GraphField is a field of a type of GraphQL.
type GraphField struct {
	// Type is what it gives, such as "[TreeEntry!]".
	Type string `json:"type"`
	// Arguments are the types of what it takes, by name. Those that end in "!"
	// must be given.
	Arguments map[string]string `json:"arguments"`
}

// Field finds a field of a type of GraphQL.
func Field(typeName, field string) (GraphField, bool, error) {
	d, err := published()
	if err != nil {
		return GraphField{}, false, err
	}
	f, ok := d.types[typeName].Fields[field]
	return f, ok, nil
}

// variable is "$name: Type" in the head of an operation.
var variable = regexp.MustCompile(`\$(\w+)\s*:\s*([\[\]\w!]+)`)

// Variables holds the variables of a GraphQL request to the types that the
// operation declares for them.
func Variables(body []byte) error {
	d, err := published()
	if err != nil {
		return err
	}
	var request struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return fmt.Errorf("graphql: %w", err)
	}
	head, _, _ := strings.Cut(request.Query, "{")
	declared := map[string]string{}
	for _, match := range variable.FindAllStringSubmatch(head, -1) {
		declared[match[1]] = match[2]
	}
	if err := d.given("variables", request.Variables, declared); err != nil {
		return fmt.Errorf("graphql: %w", err)
	}
	return nil
}

// given holds values to the types that are declared for them.
func (d *description) given(where string, values map[string]any, declared map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if declared[name] == "" {
			return fmt.Errorf("%s: no %q", where, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if err := d.is(where+"."+name, values[name], declared[name]); err != nil {
			return err
		}
	}
	return nil
}

// is holds a value to a type.
func (d *description) is(where string, value any, of string) error {
	of, required := strings.CutSuffix(of, "!")
	if value == nil {
		if required {
			return fmt.Errorf("%s: is missing", where)
		}
		return nil
	}
	if inner, isList := strings.CutPrefix(of, "["); isList {
		return d.list(where, value, strings.TrimSuffix(inner, "]"))
	}
	t, known := d.types[of]
	switch object, isObject := value.(map[string]any); {
	case known && t.Inputs != nil && isObject:
		return d.given(where, object, t.Inputs)
	case known && slices.Contains(t.Values, fmt.Sprint(value)), !known && isScalar(value, of):
		return nil
	}
	return fmt.Errorf("%s: %v is no %s", where, value, of)
}

func (d *description) list(where string, value any, of string) error {
	items, ok := value.([]any)
	if !ok {
		return fmt.Errorf("%s: %v is no list", where, value)
	}
	for i, item := range items {
		if err := d.is(fmt.Sprintf("%s[%d]", where, i), item, of); err != nil {
			return err
		}
	}
	return nil
}

// isScalar reports whether a value of JSON can be one of a scalar type. All of
// GitHub's own are strings.
func isScalar(value any, of string) bool {
	switch value.(type) {
	case string:
		return of != "Int" && of != "Boolean" && of != "Float"
	case float64:
		return of == "Int" || of == "Float"
	case bool:
		return of == "Boolean"
	}
	return false
}
