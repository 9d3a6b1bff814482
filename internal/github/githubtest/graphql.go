package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// queryError is an error in GraphQL's shape, without any data.
type queryError struct{ body doc }

// Error implements error.
func (e *queryError) Error() string { return fmt.Sprint(e.body["message"]) }

func (e *queryError) answer() answer {
	return answer{status: http.StatusOK, body: doc{"errors": []doc{e.body}}}
}

// graphqlError is an error at one field; the rest of the answer stands.
type graphqlError struct {
	kind, message string
	extensions    doc
}

// Error implements error.
func (e *graphqlError) Error() string { return e.kind + ": " + e.message }

func failure(kind, format string, args ...any) error {
	return &graphqlError{kind: kind, message: fmt.Sprintf(format, args...)}
}

func forbiddenField() error {
	return &graphqlError{kind: "FORBIDDEN", message: "Resource not accessible by integration", extensions: doc{"saml_failure": false}}
}

type queryRequest struct {
	Query         string         `json:"query"`
	Variables     map[string]any `json:"variables"`
	OperationName string         `json:"operationName"`
}

// queryOf reads the request's query and picks the operation to run.
func (c *call) queryOf() (*execution, error) {
	var ask queryRequest
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	if ask.Query == "" {
		return nil, &queryError{doc{"message": "A query attribute must be specified and must be a string."}}
	}
	parsed, err := parseQuery(ask.Query)
	if err != nil {
		return nil, &queryError{doc{"message": "Parse error: " + err.Error()}}
	}
	x := &execution{call: c, document: parsed, variables: map[string]any{}, schema: newSchema()}
	for _, o := range parsed.operations {
		if ask.OperationName == "" && len(parsed.operations) == 1 || o.name != "" && o.name == ask.OperationName {
			x.operation = o
		}
	}
	if x.operation == nil {
		return nil, &queryError{doc{"message": "An operation name is required"}}
	}
	return x, x.bind(ask.Variables)
}

func (c *call) isMutation() bool {
	x, err := c.queryOf()
	return err == nil && x.operation.kind == "mutation"
}

// graphql answers a query or a mutation.
func (c *call) graphql() (answer, error) {
	x, err := c.queryOf()
	if err != nil {
		return answer{}, err
	}
	root := map[string]string{"query": "Query", "mutation": "Mutation"}[x.operation.kind]
	if err := x.validate(root, x.operation.selections, []any{x.operation.kind}, 0); err != nil {
		return answer{}, err
	}
	data := x.run(root, nil, x.operation.selections, nil)
	body := doc{"data": data}
	if len(x.errors) > 0 {
		body["errors"] = x.errors
	}
	return ok(body), nil
}

// execution is one operation on its way.
type execution struct {
	call      *call
	document  *queryDocument
	operation *operation
	variables map[string]any
	schema    map[string]typeDef
	errors    []doc
	visits    int // selections looked at, which fragments can multiply
	objects   int // read so far
}

// bind gives the operation's variables their values.
func (x *execution) bind(given map[string]any) error {
	for _, v := range x.operation.variables {
		value, supplied := given[v.name]
		switch {
		case supplied:
			x.variables[v.name] = value
		case v.hasValue:
			x.variables[v.name] = v.fallback
		}
		if v.required && x.variables[v.name] == nil {
			return &queryError{doc{
				"message":    fmt.Sprintf("Variable $%s of type %s was provided invalid value", v.name, v.kind),
				"extensions": doc{"value": nil, "problems": []doc{{"path": []any{}, "explanation": "Expected value to not be null"}}},
			}}
		}
	}
	return nil
}

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

// run answers a selection on a value of a type.
func (x *execution) run(typeName string, on any, set []selection, path []any) doc {
	out := doc{}
	for _, s := range set {
		switch {
		case s.spread != "":
			if f := x.document.fragments[s.spread]; isOf(typeName, f.on) {
				merge(out, x.run(typeName, on, f.selections, path))
			}
		case s.inline:
			if s.on == "" || isOf(typeName, s.on) {
				merge(out, x.run(typeName, on, s.selections, path))
			}
		case s.name == "__typename":
			out[s.key()] = typeName
		default:
			value := x.resolve(typeName, on, s, append(append([]any{}, path...), s.key()))
			merge(out, doc{s.key(): value})
		}
	}
	return out
}

// merge adds fields to an answer; objects that are there already grow.
func merge(into, from doc) {
	for name, value := range from {
		old, isObject := into[name].(doc)
		if more, ok := value.(doc); isObject && ok {
			merge(old, more)
			continue
		}
		into[name] = value
	}
}

func (x *execution) resolve(typeName string, on any, s selection, path []any) any {
	field := x.schema[typeName][s.name]
	arguments := map[string]any{}
	for _, a := range s.arguments {
		arguments[a.name] = x.value(a.value)
	}
	value, err := field.resolve(x, on, arguments)
	if err == nil && field.of != "" {
		if x.objects++; x.objects > x.call.server.options.Limits.GraphQLObjects.of(graphqlObjects) {
			err = failure("RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded.")
		}
	}
	if err != nil {
		x.fail(err, s, path)
		return nil
	}
	return x.complete(field.of, value, s, path)
}

// complete answers the selection on what a field gave.
func (x *execution) complete(of string, value any, s selection, path []any) any {
	if of == "" || value == nil {
		return value
	}
	list, isList := value.([]any)
	if !isList {
		return x.run(concrete(of, value), value, s.selections, path)
	}
	out := []any{}
	for i, item := range list {
		out = append(out, x.run(concrete(of, item), item, s.selections, append(append([]any{}, path...), i)))
	}
	return out
}

func (x *execution) fail(err error, s selection, path []any) {
	e := doc{"message": err.Error(), "path": path, "locations": locations(s)}
	if known, ok := err.(*graphqlError); ok { //nolint:errorlint // made here and never wrapped
		e["message"], e["type"] = known.message, known.kind
		if known.extensions != nil {
			e["extensions"] = known.extensions
		}
	}
	x.errors = append(x.errors, e)
}

// value puts the variables into a value.
func (x *execution) value(v any) any {
	switch v := v.(type) {
	case variableRef:
		return x.variables[string(v)]
	case enumValue:
		return string(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = x.value(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for name, item := range v {
			out[name] = x.value(item)
		}
		return out
	default:
		return v
	}
}

// decodeInput reads an input object into a struct.
func decodeInput(value any, into any) error {
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return failure("UNPROCESSABLE", "Argument 'input' has an invalid value: %s", err)
	}
	return nil
}

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
