package config

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// SchemaURL is where the JSON Schema of a repository's settings is published,
// and its $id.
const SchemaURL = "https://raw.githubusercontent.com/onboard-defender/onboard-defender/main/docs/onboard-defender.schema.json"

// schema is as much of JSON Schema (draft 2020-12) as the settings need.
type schema struct {
	Draft                string     `json:"$schema,omitempty"`
	ID                   string     `json:"$id,omitempty"`
	Title                string     `json:"title,omitempty"`
	Description          string     `json:"description,omitempty"`
	Type                 string     `json:"type,omitempty"`
	Const                any        `json:"const,omitempty"`
	Enum                 []string   `json:"enum,omitempty"`
	Pattern              string     `json:"pattern,omitempty"`
	Format               string     `json:"format,omitempty"`
	MaxLength            int        `json:"maxLength,omitempty"`
	Items                *schema    `json:"items,omitempty"`
	MaxItems             int        `json:"maxItems,omitempty"`
	Properties           properties `json:"properties,omitempty"`
	AdditionalProperties any        `json:"additionalProperties,omitempty"`
	Required             []string   `json:"required,omitempty"`
	AnyOf                []*schema  `json:"anyOf,omitempty"`
	Default              any        `json:"default,omitempty"`
}

// properties keep their order, so that the schema reads like the file.
type properties []property

type property struct {
	name   string
	schema *schema
}

// MarshalJSON writes the properties as an object.
func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, one := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		text, err := json.Marshal(one.schema)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", one.name, text)
	}
	return fmt.Appendf(nil, "{%s}", b.Bytes()), nil
}

// objectSchema describes a mapping of settings. defaults may be nil.
func objectSchema[R any](settings []setting[R], defaults *R) *schema {
	out := &schema{Type: "object", AdditionalProperties: false}
	for _, s := range settings {
		var one schema
		if s.value != nil {
			one = *s.value.schema()
			if defaults != nil {
				one.Default = s.value.fallback(defaults)
			}
		} else {
			one = *objectSchema(s.within, defaults)
		}
		one.Description = s.doc
		out.Properties = append(out.Properties, property{s.name, &one})
		if s.required {
			out.Required = append(out.Required, s.name)
		}
	}
	return out
}

// Schema is the JSON Schema of a settings file, with a final line break. It is
// made from the definitions that [Parse] reads by.
func Schema() []byte {
	defaults := Defaults()
	s := objectSchema(repositorySettings(), &defaults)
	s.Draft, s.ID = "https://json-schema.org/draft/2020-12/schema", SchemaURL
	s.Title = "Settings of onboard-defender"
	s.Description = "Settings of a repository, in " + RepositoryPath + ", or of an organisation, in " + OrganisationPath + " of its " + OrganisationRepository + " repository."
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		panic(fmt.Sprintf("config: schema: %v", err)) // a bug: there is nothing in it that cannot be encoded
	}
	return b.Bytes()
}
