package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/glob"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Bounds on lists and texts: every API is held against every pattern.
const (
	maxList    = 500
	maxText    = 1000
	anyText    = `\S` // in the schema: something besides white space
	dateLayout = "2006-01-02"
)

// boolean is true or false.
func boolean[R any](get func(*R) *bool) value[R] {
	return typed[R, bool]{
		field: get,
		decode: func(d *decoder, n *node) (bool, bool) {
			if n.kind != boolNode {
				d.expected(n, boolNode.String())
				return false, false
			}
			return n.truth, true
		},
		plain: func(b bool) any { return b },
		shape: &schema{Type: "boolean"},
	}
}

// choice is one of a few words.
func choice[R any, T ~string](get func(*R) *T, words ...T) value[R] {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = string(w)
	}
	return typed[R, T]{
		field: get,
		decode: func(d *decoder, n *node) (T, bool) {
			word, ok := d.word(n, names)
			return T(word), ok
		},
		plain: func(w T) any { return string(w) },
		shape: &schema{Type: "string", Enum: names},
	}
}

func (d *decoder) word(n *node, names []string) (string, bool) {
	if n.kind == textNode && slices.Contains(names, n.text) {
		return n.text, true
	}
	detail := fmt.Sprintf("It must be one of %s, not %s.", enumerate(names), n.shown())
	if near := nearest(n.text, names); n.kind == textNode && near != "" {
		detail += fmt.Sprintf(" Did you mean %q?", near)
	}
	d.report(n.at, "Unexpected value", "%s", detail)
	return "", false
}

// text is a text that passes the check, which may be nil and otherwise says
// what is wrong as the end of a sentence.
func text[R any](get func(*R) *string, shape *schema, verify func(string) error) value[R] {
	shape.Type = "string"
	return typed[R, string]{
		field:  get,
		decode: func(d *decoder, n *node) (string, bool) { return d.text(n, verify) },
		plain: func(s string) any {
			if s == "" {
				return nil
			}
			return s
		},
		shape: shape,
	}
}

func (d *decoder) text(n *node, verify func(string) error) (string, bool) {
	if n.kind != textNode {
		d.expected(n, textNode.String())
		return "", false
	}
	out := strings.TrimSpace(n.text)
	switch {
	case out == "":
		d.report(n.at, "Empty text", "Write something here, or remove the key.")
		return "", false
	case utf8.RuneCountInString(out) > maxText:
		d.report(n.at, "Text too long", "It has %d characters; at most %d are read.", utf8.RuneCountInString(out), maxText)
		return "", false
	}
	if verify != nil {
		if err := verify(out); err != nil {
			d.report(n.at, "Unexpected value", "%q: %v.", cut(out), err)
			return "", false
		}
	}
	return out, true
}

// list reads the elements of a list; what is wrong with one leaves it out.
func list[T any](d *decoder, n *node, read func(*node) (T, bool)) ([]T, bool) {
	if n.kind != listNode {
		d.expected(n, listNode.String())
		return nil, false
	}
	if len(n.items) > maxList {
		d.report(n.items[maxList].at, "List too long", "It has %d elements; at most %d are read.", len(n.items), maxList)
		return nil, false
	}
	out := make([]T, 0, len(n.items))
	for _, item := range n.items {
		if v, ok := read(item); ok {
			out = append(out, v)
		}
	}
	return out, true
}

// texts is a list of texts; those of two files are joined.
func texts[R any](get func(*R) *[]string, item *schema, verify func(string) error) value[R] {
	item.Type = "string"
	return typed[R, []string]{
		field: get,
		decode: func(d *decoder, n *node) ([]string, bool) {
			return list(d, n, func(n *node) (string, bool) { return d.text(n, verify) })
		},
		join: func(base, near []string) []string {
			out := slices.Concat(base, near)
			slices.Sort(out)
			return slices.Compact(out)
		},
		plain: func([]string) any { return []string{} },
		shape: &schema{Type: "array", Items: item, MaxItems: maxList},
	}
}

// words is a list of a few known words.
func words[R any](get func(*R) *[]string, names []string) value[R] {
	return typed[R, []string]{
		field: get,
		decode: func(d *decoder, n *node) ([]string, bool) {
			return list(d, n, func(n *node) (string, bool) { return d.word(n, names) })
		},
		plain: func([]string) any { return []string{} },
		shape: &schema{Type: "array", Items: &schema{Type: "string", Enum: names}, MaxItems: maxList},
	}
}

// patterns is a list of globs for paths.
func patterns[R any](get func(*R) *glob.Set) value[R] {
	return typed[R, glob.Set]{
		field: get,
		decode: func(d *decoder, n *node) (glob.Set, bool) {
			first := true
			all, ok := list(d, n, func(n *node) (string, bool) {
				text, ok := d.text(n, func(s string) error { return glob.Validate(strings.TrimPrefix(s, "!")) })
				if ok && first && strings.HasPrefix(text, "!") {
					d.report(n.at, "Pattern without effect", "%q takes back what the patterns before it match, and there are none. Put a pattern before it.", cut(text))
				}
				first = false
				return text, ok
			})
			return glob.NewSet(all...), ok
		},
		plain: func(glob.Set) any { return []string{} },
		shape: &schema{Type: "array", Items: &schema{Type: "string", Pattern: anyText, MaxLength: maxText}, MaxItems: maxList},
	}
}

// version is the version of the file's form: the one number that is known.
func version[R any](n int64) value[R] {
	return typed[R, struct{}]{
		field: func(*R) *struct{} { return &struct{}{} },
		decode: func(d *decoder, x *node) (v struct{}, ok bool) {
			if x.kind != intNode || x.number != n {
				d.report(x.at, "Unknown version", "It must be %d, not %s.", n, x.shown())
			}
			return v, false
		},
		shape: &schema{Const: n},
	}
}

// parameterValues is a mapping from parameter names to any values.
func parameterValues[R any](get func(*R) *map[string]expr.Value) value[R] {
	return typed[R, map[string]expr.Value]{
		field: get,
		decode: func(d *decoder, n *node) (map[string]expr.Value, bool) {
			if n.kind != mapNode {
				d.expected(n, mapNode.String())
				return nil, false
			}
			out := make(map[string]expr.Value, len(n.fields))
			for _, f := range n.fields {
				name := strings.ToLower(f.key)
				if _, twice := out[name]; twice {
					d.report(f.at, "Duplicate parameter", "%q is already there; names of parameters are the same in any case.", cut(f.key))
					continue
				}
				out[name] = d.azure(f.value)
			}
			return out, true
		},
		join:  joinMaps[expr.Value],
		plain: func(map[string]expr.Value) any { return map[string]any{} },
		shape: &schema{Type: "object"},
	}
}

// azure is a value as Azure's templates know it.
func (d *decoder) azure(n *node) expr.Value {
	switch n.kind {
	case nullNode:
		return expr.Null()
	case boolNode:
		return expr.Bool(n.truth)
	case intNode:
		return expr.Int(n.number)
	case numberNode:
		d.report(n.at, "Unexpected value", "Templates have whole numbers of at most 64 bits only, not %s. Put it in quotes if it is meant as text.", cut(n.text))
	case textNode:
		return expr.String(n.text)
	case listNode:
		items := make([]expr.Value, len(n.items))
		for i, item := range n.items {
			items[i] = d.azure(item)
		}
		return expr.ArrayOf(items...)
	case mapNode:
		fields := make([]expr.Field, len(n.fields))
		for i, f := range n.fields {
			fields[i] = expr.Field{Key: f.key, Value: d.azure(f.value)}
		}
		return expr.ObjectOf(fields...)
	}
	return expr.Unknown()
}

// parameterFiles is a mapping from templates to lists of their parameter files.
func parameterFiles[R any](get func(*R) *map[string][]string) value[R] {
	return typed[R, map[string][]string]{
		field: get,
		decode: func(d *decoder, n *node) (map[string][]string, bool) {
			if n.kind != mapNode {
				d.expected(n, mapNode.String())
				return nil, false
			}
			out := make(map[string][]string, len(n.fields))
			for _, f := range n.fields {
				root, err := cleanPath(f.key)
				if err != nil {
					d.report(f.at, "Unexpected path", "%q: %v.", cut(f.key), err)
					continue
				}
				files, ok := list(d, f.value, func(n *node) (string, bool) {
					return d.text(n, func(s string) error { _, err := cleanPath(s); return err })
				})
				for i, p := range files {
					files[i] = source.Clean(p)
				}
				if ok {
					out[root] = files
				}
			}
			return out, true
		},
		join:  joinMaps[[]string],
		plain: func(map[string][]string) any { return map[string]any{} },
		shape: &schema{Type: "object", AdditionalProperties: &schema{Type: "array", Items: &schema{Type: "string", Pattern: anyText, MaxLength: maxText}, MaxItems: maxList}},
	}
}

func cleanPath(p string) (string, error) {
	clean := source.Clean(p)
	switch {
	case clean == "":
		return "", errPath
	case !deployment.Candidate(clean):
		return "", errExtension
	}
	return clean, nil
}

func joinMaps[V any](base, near map[string]V) map[string]V {
	out := maps.Clone(base)
	if out == nil {
		out = make(map[string]V, len(near))
	}
	maps.Copy(out, near)
	return out
}

func isDate(s string) error {
	if _, err := time.Parse(dateLayout, s); err != nil {
		return errDate
	}
	return nil
}

func isAPIVersion(s string) error {
	if isDate(strings.TrimSuffix(s, "-preview")) != nil {
		return errAPIVersion
	}
	return nil
}

func isPathPattern(s string) error {
	if strings.HasPrefix(s, "!") {
		return errNegated
	}
	return glob.Validate(s)
}
