package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
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
func decodeInput(value, into any) error {
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return failure("UNPROCESSABLE", "Argument 'input' has an invalid value: %s", err)
	}
	return nil
}
