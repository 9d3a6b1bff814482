// Command openapi cuts what the stand-in for GitHub serves out of GitHub's own
// description of its REST API, its webhooks and its GraphQL schema, as JSON Schema that the tests of
// internal/github/openapitest hold requests, answers and payloads to:
//
//	npm install --ignore-scripts --prefix DIR @octokit/openapi @octokit/openapi-webhooks @octokit/graphql-schema
//	go run -C tools ./openapi DIR > internal/github/openapitest/description.json
//
// Names, types, bounds and enumerations are kept; prose, examples and
// everything that no operation of the list refers to are not.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

type object = map[string]any

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: openapi DIR")
		os.Exit(2)
	}
	if err := run(filepath.Join(os.Args[1], "node_modules", "@octokit")); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(packages string) error {
	rest, err := read(packages, "openapi")
	if err != nil {
		return err
	}
	hooks, err := read(packages, "openapi-webhooks")
	if err != nil {
		return err
	}
	types, version, err := graphql(packages)
	if err != nil {
		return err
	}
	c := &cut{defs: object{}}
	operations, err := c.operations(rest)
	if err != nil {
		return err
	}
	webhooks, err := c.webhooks(hooks)
	if err != nil {
		return err
	}
	origin := "Made by tools/openapi from @octokit/openapi " + rest.version + ", @octokit/openapi-webhooks " + hooks.version +
		" and @octokit/graphql-schema " + version + " (MIT licence)."
	var b strings.Builder
	fmt.Fprintf(&b, "{\n\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n\"$comment\": %q", origin)
	for _, part := range []struct {
		name string
		all  object
	}{{"$defs", c.defs}, {"operations", operations}, {"webhooks", webhooks}, {"graphql", types}} {
		if err := write(&b, part.name, part.all); err != nil {
			return err
		}
	}
	_, err = fmt.Println(b.String() + "\n}")
	return err
}

// write writes an object with a line for each of its members, so that a diff
// shows what has changed.
func write(b *strings.Builder, name string, all object) error {
	fmt.Fprintf(b, ",\n%q: {", name)
	separator := "\n"
	for _, key := range slices.Sorted(maps.Keys(all)) {
		text, err := json.Marshal(all[key])
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "%s%q: %s", separator, key, text)
		separator = ",\n"
	}
	b.WriteString("\n}")
	return nil
}

// source is one published description.
type source struct {
	prefix  string // of its definitions, which differ between the two
	version string
	root    object
}

func read(packages, name string) (source, error) {
	text, err := os.ReadFile(filepath.Join(packages, name, "generated", "api.github.com.json"))
	if err != nil {
		return source{}, err
	}
	s := source{prefix: strings.TrimPrefix(name+"-", "openapi-")}
	if err := json.Unmarshal(text, &s.root); err != nil {
		return source{}, fmt.Errorf("%s: %w", name, err)
	}
	s.version, err = versionOf(packages, name)
	return s, err
}

func versionOf(packages, name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(packages, name, "package.json"))
	if err != nil {
		return "", err
	}
	var about struct{ Version string }
	if err := json.Unmarshal(text, &about); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return about.Version, nil
}

// cut collects the definitions that are referred to.
type cut struct{ defs object }

func (c *cut) operations(s source) (object, error) {
	found := object{}
	for line := range strings.Lines(operations) {
		method, path, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		described, ok := at(s.root, "paths", path, strings.ToLower(method))
		if !ok {
			return nil, errors.New("no operation " + line)
		}
		id, _ := described["operationId"].(string)
		o := object{"method": method, "path": path, "query": c.query(s, described), "responses": c.responses(s, described)}
		if body, ok := at(described, "requestBody", "content", "application/json", "schema"); ok {
			o["body"] = c.schema(s, body, true)
		}
		found[strings.ReplaceAll(id, "/", "-")] = o
	}
	return found, nil
}

// query are the schemas of the parameters that go into a URL's query.
func (c *cut) query(s source, operation object) object {
	query := object{}
	parameters, _ := operation["parameters"].([]any)
	for _, p := range parameters {
		parameter, _ := p.(object)
		parameter = s.resolve(parameter)
		if name, _ := parameter["name"].(string); parameter["in"] == "query" {
			query[name] = c.schema(s, parameter["schema"], true)
		}
	}
	return query
}

// responses are the schemas of the answers by status; true where an answer
// has no JSON.
func (c *cut) responses(s source, operation object) object {
	found := object{}
	all, _ := operation["responses"].(object)
	for status, r := range all {
		response, _ := r.(object)
		found[status] = true
		schema, ok := at(s.resolve(response), "content", "application/json", "schema")
		if ok {
			if operation["operationId"] == "apps/list-installations" {
				// Octokit replaces GitHub's schema by an old copy that wants an
				// account to be a user and an enterprise at once.
				schema["items"] = object{"$ref": "#/components/schemas/installation"}
			}
			// Errors have more in them than is described.
			found[status] = c.schema(s, schema, status < "400")
		}
	}
	return found
}

func (c *cut) webhooks(s source) (object, error) {
	found := object{}
	for name := range strings.FieldsSeq(webhooks) {
		key := strings.NewReplacer("_", "-", ".", "-").Replace(name)
		schema, ok := at(s.root, "webhooks", key, "post", "requestBody", "content", "application/json", "schema")
		if !ok {
			return nil, errors.New("no webhook " + key)
		}
		found[name] = c.schema(s, schema, true)
	}
	return found, nil
}

// at follows names through objects to an object.
func at(o object, names ...string) (object, bool) {
	for _, name := range names {
		next, ok := o[name].(object)
		if !ok {
			return nil, false
		}
		o = next
	}
	return o, true
}

// resolve follows a reference; the published ones are at most one deep.
func (s source) resolve(o object) object {
	ref, ok := o["$ref"].(string)
	if !ok {
		return o
	}
	target, _ := at(s.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	return target
}

// kept are the keywords with a meaning for validation.
func kept() []string {
	return []string{
		"type", "format", "enum", "required", "pattern", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum",
	}
}

// schema turns a schema of OpenAPI 3.0 into JSON Schema. A closed one takes no
// properties but those it lists: what nobody described is not relied on.
func (c *cut) schema(s source, value any, closed bool) any {
	in, ok := value.(object)
	if !ok {
		return value
	}
	if ref, ok := in["$ref"].(string); ok {
		return object{"$ref": "#/$defs/" + c.define(s, ref, closed)}
	}
	out := object{}
	for _, key := range kept() {
		// The validator refuses templates that are good, such as "/a{/b}", and
		// addresses that GitHub has, such as "1+name[bot]@example.com".
		if v, ok := in[key]; ok && v != "uri-template" && v != "email" {
			out[key] = v
		}
	}
	c.combined(s, in, out, closed)
	if out["allOf"] != nil && closed {
		out["unevaluatedProperties"] = false
	}
	if items, ok := in["items"]; ok {
		out["items"] = c.schema(s, items, true)
	}
	c.properties(s, in, out, closed)
	return orNull(in, out)
}

// combined takes over what is put together of several schemas. Published
// alternatives overlap: more than one may match.
func (c *cut) combined(s source, in, out object, closed bool) {
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		list, ok := in[key].([]any)
		if !ok {
			continue
		}
		parts := make([]any, len(list))
		for i, part := range list {
			parts[i] = c.schema(s, part, closed && key != "allOf" && in["properties"] == nil)
		}
		out[strings.Replace(key, "oneOf", "anyOf", 1)] = parts
	}
}

func (c *cut) properties(s source, in, out object, closed bool) {
	if more, ok := in["additionalProperties"]; ok {
		out["additionalProperties"] = c.schema(s, more, true)
	}
	properties, ok := in["properties"].(object)
	if !ok {
		return
	}
	all := object{}
	for name, p := range properties {
		all[name] = c.schema(s, p, true)
	}
	correct(all)
	out["properties"] = all
	if _, open := in["additionalProperties"]; !open && closed {
		out["additionalProperties"] = false
	}
}

// correct makes good what the description is behind with: the events and the
// permissions that an App may have, and that the head of a pull request whose
// fork was deleted has neither repository nor user.
func correct(properties object) {
	if events, ok := at(properties, "events", "items"); ok {
		delete(events, "enum")
	}
	if permissions, ok := at(properties, "permissions"); ok {
		if _, ofApp := at(permissions, "properties", "checks"); ofApp {
			delete(permissions, "additionalProperties")
		}
	}
	if end, ok := at(properties, "head", "properties"); ok {
		for _, name := range []string{"repo", "user"} {
			if end[name] != nil {
				end[name] = object{"anyOf": []any{object{"type": "null"}, end[name]}}
			}
		}
	}
}

// orNull takes OpenAPI's "nullable" into the types and enumerations.
func orNull(in, out object) object {
	if in["nullable"] != true {
		return out
	}
	if kind, ok := out["type"].(string); ok {
		out["type"] = []any{kind, "null"}
		if values, ok := out["enum"].([]any); ok && !slices.Contains(values, any(nil)) {
			out["enum"] = append(slices.Clone(values), nil)
		}
		return out
	}
	return object{"anyOf": []any{object{"type": "null"}, out}}
}

// define puts what a reference names among the definitions, and gives its name
// there. The parts of an allOf are open: they complete each other.
func (c *cut) define(s source, ref string, closed bool) string {
	name := s.prefix + ref[strings.LastIndexByte(ref, '/')+1:]
	if !closed {
		name += "-open"
	}
	if _, done := c.defs[name]; !done {
		c.defs[name] = true // schemas refer to themselves
		c.defs[name] = c.schema(s, s.resolve(object{"$ref": ref}), closed)
	}
	return name
}
