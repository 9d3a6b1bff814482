package githubtest

import (
	"fmt"
	"strconv"
	"strings"
)

type argument struct {
	name  string
	value any
}

func (r *queryReader) variableDefinition(o *operation) error {
	if err := r.take("$"); err != nil {
		return err
	}
	var v variable
	var err error
	if v.name, err = r.name(); err != nil {
		return err
	}
	if err := r.take(":"); err != nil {
		return err
	}
	if v.kind, err = r.typeName(0); err != nil {
		return err
	}
	v.required = strings.HasSuffix(v.kind, "!")
	if r.is("=") {
		if err := r.advance(); err != nil {
			return err
		}
		v.hasValue = true
		if v.fallback, err = r.value(0); err != nil {
			return err
		}
	}
	o.variables = append(o.variables, v)
	return nil
}

func (r *queryReader) typeName(depth int) (string, error) {
	if depth > maxQueryDepth {
		return "", errQueryTooDeep
	}
	var text string
	var err error
	if r.is("[") {
		if err = r.advance(); err != nil {
			return "", err
		}
		if text, err = r.typeName(depth + 1); err != nil {
			return "", err
		}
		text, err = "["+text+"]", r.take("]")
	} else {
		text, err = r.name()
	}
	if err != nil || !r.is("!") {
		return text, err
	}
	return text + "!", r.advance()
}

func (r *queryReader) argument(s *selection) error {
	name, err := r.name()
	if err != nil {
		return err
	}
	if err := r.take(":"); err != nil {
		return err
	}
	value, err := r.value(0)
	s.arguments = append(s.arguments, argument{name: name, value: value})
	return err
}

// value reads a value into Go's own: nil, bool, int64, float64, string,
// []any, map[string]any, and [variableRef] and [enumValue].
func (r *queryReader) value(depth int) (any, error) {
	if depth > maxQueryDepth {
		return nil, errQueryTooDeep
	}
	switch {
	case r.is("$"):
		if err := r.advance(); err != nil {
			return nil, err
		}
		name, err := r.name()
		return variableRef(name), err
	case r.is("["):
		list := []any{}
		err := r.between("[", "]", func() error {
			item, err := r.value(depth + 1)
			list = append(list, item)
			return err
		})
		return list, err
	case r.is("{"):
		return r.objectValue(depth)
	}
	return r.scalar()
}

func (r *queryReader) objectValue(depth int) (any, error) {
	object := map[string]any{}
	err := r.between("{", "}", func() error {
		name, err := r.name()
		if err != nil {
			return err
		}
		if err := r.take(":"); err != nil {
			return err
		}
		object[name], err = r.value(depth + 1)
		return err
	})
	return object, err
}

func (r *queryReader) scalar() (any, error) {
	l := r.next
	var value any
	var err error
	switch l.kind {
	case intLexeme:
		value, err = strconv.ParseInt(l.text, 10, 64)
	case floatLexeme:
		value, err = strconv.ParseFloat(l.text, 64)
	case stringLexeme:
		value = l.text
	case nameLexeme:
		switch l.text {
		case "null":
		case "true", "false":
			value = l.text == "true"
		default:
			value = enumValue(l.text)
		}
	default:
		return nil, r.unexpected()
	}
	if err != nil {
		return nil, fmt.Errorf("number %s: %w", l.text, err)
	}
	return value, r.advance()
}
