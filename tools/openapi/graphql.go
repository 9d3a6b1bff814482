package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// typeRef is a reference to a type as GraphQL's introspection has it.
type typeRef struct {
	Kind   string
	Name   string
	OfType *typeRef
}

// String is the reference as it is written, such as "[String!]!".
func (t *typeRef) String() string {
	switch {
	case t.Kind == "NON_NULL":
		return t.OfType.String() + "!"
	case t.Kind == "LIST":
		return "[" + t.OfType.String() + "]"
	default:
		return t.Name
	}
}

type inputValue struct {
	Name         string
	Type         *typeRef
	DefaultValue *string
}

// graphql gives the types of the list: the fields of objects and interfaces
// with their arguments, the fields of inputs, the values of enumerations. What
// has a default need not be given, and is written without its "!".
func graphql(packages string) (types object, version string, err error) {
	text, err := os.ReadFile(filepath.Join(packages, "graphql-schema", "schema.json"))
	if err != nil {
		return nil, "", err
	}
	var schema struct {
		Schema struct {
			Types []struct {
				Kind, Name string
				Fields     []struct {
					Name string
					Args []inputValue
					Type *typeRef
				}
				InputFields []inputValue
				EnumValues  []struct{ Name string }
			}
		} `json:"__schema"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		return nil, "", fmt.Errorf("graphql-schema: %w", err)
	}
	wanted := map[string]bool{}
	for name := range strings.FieldsSeq(graphqlTypes) {
		wanted[name] = true
	}
	types = object{}
	for _, t := range schema.Schema.Types {
		if !wanted[t.Name] {
			continue
		}
		delete(wanted, t.Name)
		fields, values := object{}, []string{}
		root := t.Name == "Query" || t.Name == "Mutation" // of which there are hundreds
		for _, f := range t.Fields {
			if root && !slices.Contains(strings.Fields(graphqlRoots), f.Name) {
				continue
			}
			fields[f.Name] = object{"type": f.Type.String(), "arguments": inputs(f.Args)}
		}
		for _, v := range t.EnumValues {
			values = append(values, v.Name)
		}
		switch t.Kind {
		case "INPUT_OBJECT":
			types[t.Name] = object{"inputs": inputs(t.InputFields)}
		case "ENUM":
			types[t.Name] = object{"values": values}
		default:
			types[t.Name] = object{"fields": fields}
		}
	}
	for name := range wanted {
		return nil, "", errors.New("no GraphQL type " + name)
	}
	version, err = versionOf(packages, "graphql-schema")
	return types, version, err
}

func inputs(values []inputValue) object {
	all := object{}
	for _, v := range values {
		all[v.Name] = v.Type.String()
		if v.DefaultValue != nil {
			all[v.Name] = strings.TrimSuffix(v.Type.String(), "!")
		}
	}
	return all
}
