package githubtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/github/openapitest"
)

// TestRoutesAreDescribed holds that GitHub has every route of the stand-in, so
// that all their answers are held to its description.
func TestRoutesAreDescribed(t *testing.T) {
	t.Parallel()
	for _, rt := range slices.Concat(appRoutes(), repositoryRoutes(), gitRoutes(), pullRoutes(), checkRoutes()) {
		method, path, _ := strings.Cut(rt.pattern, " ")
		found, err := openapitest.Described(method, path)
		if err != nil {
			t.Fatal(err)
		}
		if !found && path != "/graphql" {
			t.Errorf("GitHub has no %s; if it has, add it to tools/openapi/list.go", rt.pattern)
		}
	}
}

// TestSchemaIsDescribed holds that GitHub's GraphQL has every field of the
// stand-in's, gives the same for it and takes the same.
func TestSchemaIsDescribed(t *testing.T) {
	t.Parallel()
	schema := newSchema()
	for typeName, fields := range schema {
		for name, field := range fields {
			described, found, err := openapitest.Field(typeName, name)
			if err != nil {
				t.Fatal(err)
			}
			of := strings.Trim(described.Type, "[]!")
			if !found || schema[of] == nil && field.of != "" || schema[of] != nil && field.of != of {
				t.Errorf("%s.%s gives %q, is described as %+v", typeName, name, field.of, described)
			}
			for known := range strings.FieldsSeq(field.arguments) {
				known = strings.TrimSuffix(known, "!")
				if described.Arguments[known] == "" {
					t.Errorf("%s.%s takes no %s", typeName, name, known)
				}
			}
			for argument, kind := range described.Arguments {
				if strings.HasSuffix(kind, "!") && !slices.Contains(field.required(), argument) {
					t.Errorf("%s.%s needs %s", typeName, name, argument)
				}
			}
		}
	}
}
