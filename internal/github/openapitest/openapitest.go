// Package openapitest holds requests, answers and webhooks to GitHub's own
// published description of them, in tests: whatever a stand-in for GitHub
// says and whatever it is asked has to have the paths, names, types and
// enumerations that GitHub has. What the description does not list is an
// error, so that nothing is relied on that GitHub does not promise.
//
// The description is a cut of the published one, description.json, which
// tools/openapi makes.
package openapitest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed description.json
var text []byte

// operation is one operation of the REST API.
type operation struct {
	id        string
	Method    string         `json:"method"`
	Path      string         `json:"path"`
	Query     map[string]any `json:"query"`     // schemas by parameter
	Body      any            `json:"body"`      // a schema, nil if there is no body
	Responses map[string]any `json:"responses"` // schemas by status, true if there is no JSON
	path      *regexp.Regexp
}

// description is all of it. Schemas are compiled when they are first needed.
type description struct {
	operations []operation
	webhooks   map[string]any
	types      map[string]graphType
	mu         sync.Mutex
	compiler   *jsonschema.Compiler
}

// published is read once for all tests of a package.
var published = sync.OnceValues(load)

const location = "https://github.invalid/description.json"

func load() (*description, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	var parts struct {
		Operations map[string]operation `json:"operations"`
		Webhooks   map[string]any       `json:"webhooks"`
		GraphQL    map[string]graphType `json:"graphql"`
	}
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, err
	}
	d := &description{compiler: jsonschema.NewCompiler(), webhooks: parts.Webhooks, types: parts.GraphQL}
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(location, document); err != nil {
		return nil, err
	}
	for id, o := range parts.Operations {
		o.id = id
		if o.path, err = pathPattern(o.Path); err != nil {
			return nil, err
		}
		d.operations = append(d.operations, o)
	}
	return d, nil
}

// pathPattern matches the paths of an operation, escaped as they are sent.
// References, paths of files and the two ends of a comparison have slashes.
func pathPattern(path string) (*regexp.Regexp, error) {
	pattern := strings.NewReplacer(
		"{ref}", ".+", "/{path}", "(?:/.*)?", "{basehead}", ".+", "{branch}", ".+", "{tree_sha}", ".+",
	).Replace(path)
	return regexp.Compile("^" + regexp.MustCompile(`\{[a-z_]+\}`).ReplaceAllString(pattern, "[^/]+") + "$")
}

// numbered is the beginning of the path of a repository by its number, where
// GitHub's redirects lead to. It has the operations that the one by name has.
var numbered = regexp.MustCompile(`^/repositories/\d+`)

// find is the operation with the longest path that a request is for.
func (d *description) find(method, path string) (operation, bool) {
	path = numbered.ReplaceAllString(path, "/repos/owner/name")
	var found operation
	ok := false
	for _, o := range d.operations {
		if o.Method == method && o.path.MatchString(path) && (!ok || strings.Count(o.Path, "/") > strings.Count(found.Path, "/")) {
			found, ok = o, true
		}
	}
	return found, ok
}

// validate holds a value to the schema at a place in the description.
func (d *description) validate(value any, place ...string) error {
	var pointer strings.Builder
	for _, step := range place {
		pointer.WriteString("/" + url.PathEscape(step)) // none has a slash
	}
	schema, err := d.compile(pointer.String())
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

func (d *description) compile(pointer string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.compiler.Compile(location + "#" + pointer)
}

// Described reports whether there is an operation for a method and a path,
// whose variable parts may have any name.
func Described(method, path string) (bool, error) {
	d, err := published()
	if err != nil {
		return false, err
	}
	_, ok := d.find(method, path)
	return ok, nil
}

// Request holds a request to the description: its path, its query and its
// body. The path is without the prefix of an enterprise server.
func Request(method string, target *url.URL, body []byte) error {
	d, err := published()
	if err != nil {
		return err
	}
	o, ok := d.find(method, target.EscapedPath())
	if !ok {
		return fmt.Errorf("no operation %s %s", method, target.EscapedPath())
	}
	for name, values := range target.Query() {
		if _, known := o.Query[name]; !known {
			return fmt.Errorf("%s: no parameter %q", o.id, name)
		}
		for _, value := range values {
			if d.validate(value, "operations", o.id, "query", name) == nil {
				continue
			}
			number, err := strconv.Atoi(value)
			if err == nil {
				err = d.validate(number, "operations", o.id, "query", name)
			}
			if err != nil {
				return fmt.Errorf("%s: parameter %s: %w", o.id, name, err)
			}
		}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if o.Body == nil {
		return fmt.Errorf("%s: has no body", o.id)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: body: %w", o.id, err)
	}
	if err := d.validate(value, "operations", o.id, "body"); err != nil {
		return fmt.Errorf("%s: body: %w", o.id, err)
	}
	return nil
}

// Answer holds an answer to the description. Errors that any operation may
// answer with, and bodies that are not JSON, are not described.
func Answer(method, path string, status int, header http.Header, body []byte) error {
	d, err := published()
	if err != nil {
		return err
	}
	o, ok := d.find(method, path)
	if !ok {
		if status == http.StatusNotFound {
			return nil
		}
		return fmt.Errorf("answer %d to %s %s, which is no operation", status, method, path)
	}
	schema, ok := o.Responses[strconv.Itoa(status)]
	switch {
	case !ok && status >= http.StatusMultipleChoices && header.Get("Location") != "":
		return nil
	case !ok && status < http.StatusBadRequest:
		return fmt.Errorf("%s: answer %d is not described", o.id, status)
	case !ok || schema == true || !strings.HasPrefix(header.Get("Content-Type"), "application/json"):
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: answer %d: %w", o.id, status, err)
	}
	if err := d.validate(value, "operations", o.id, "responses", strconv.Itoa(status)); err != nil {
		return fmt.Errorf("%s: answer %d: %w", o.id, status, err)
	}
	return nil
}

// Webhooks are the names of the described events with their actions, such as
// "pull_request.opened", sorted.
func Webhooks() ([]string, error) {
	d, err := published()
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(d.webhooks)), nil
}

// Webhook holds the payload of an event to the description. The action is
// empty for events without.
func Webhook(event, action string, body []byte) error {
	d, err := published()
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(event+"."+action, ".")
	if _, ok := d.webhooks[name]; !ok {
		return errors.New("no webhook " + name)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := d.validate(value, "webhooks", name); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
