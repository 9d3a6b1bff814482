package arm

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// CopyFunction is the name of the call that stands for a copy loop in a
// variable or a property. Its arguments are the loop's name (a literal string),
// the count, and a lambda without parameters whose body is evaluated once per
// iteration; copyIndex() and copyIndex(name) within mean that iteration. The
// name is not one that a template could call.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/copy-variables
const CopyFunction = "$copy"

// value is a JSON value as an expression.
func (r *reader) value(v gjson.Result) expr.Expr {
	at := expr.Node{At: span(v)}
	switch v.Type {
	case gjson.String:
		return r.str(v)
	case gjson.Number:
		if bad, ok := r.unreadable(v.Index); ok {
			return r.quoted(bad)
		}
		return r.nodes.literal(at.At, numberValue(v.Raw))
	case gjson.True, gjson.False:
		return r.nodes.literal(at.At, expr.Bool(v.Type == gjson.True))
	case gjson.JSON:
		if v.IsObject() {
			return r.object(v)
		}
		return r.array(v)
	default:
		return r.nodes.literal(at.At, expr.Null())
	}
}

// unreadable is where the scalar stands that could not be read and is a number
// at an offset of the copy, if that is one.
func (r *reader) unreadable(offset int) (source.Span, bool) {
	bad := r.copy.unreadable
	i := sort.Search(len(bad), func(i int) bool { return bad[i].Start >= offset })
	if i == len(bad) || bad[i].Start != offset {
		return source.Span{}, false
	}
	return bad[i], true
}

// quoted is a scalar that could not be read: what a text in single quotation
// marks means is plain, if it holds nothing special.
func (r *reader) quoted(at source.Span) expr.Expr {
	s := r.file.Text(at)
	if len(s) < 2 || s[0] != '\'' || strings.ContainsAny(s, `[\`) {
		return &expr.Invalid{Node: expr.Node{At: at}}
	}
	return r.nodes.str(at, validText(s[1:len(s)-1]))
}

// str is a string as a literal or as the expression it holds.
func (r *reader) str(v gjson.Result) expr.Expr {
	raw := v.Raw[1 : len(v.Raw)-1]
	if r.placeholders && strings.Contains(raw, "${") {
		return r.environment(span(v), validText(unescape(raw, nil)))
	}
	if r.plain || raw == "" || raw[0] != '[' && raw[0] != '\\' {
		return r.nodes.str(span(v), validText(unescape(raw, nil)))
	}
	var offsets []int
	decoded := raw
	if strings.IndexByte(raw, '\\') >= 0 {
		decoded = unescape(raw, &offsets)
	}
	if !isExpression(decoded) {
		return r.nodes.str(span(v), validText(unbracket(decoded)))
	}
	if len(decoded) > expr.MaxExpression && utf8.RuneCountInString(decoded) > expr.MaxExpression {
		r.report(source.Span{Start: v.Index, End: v.Index + 2}, "Expression too long", fmt.Sprintf(
			"The expression that begins here has %d characters; Azure accepts %d. Move parts of it into variables.",
			utf8.RuneCountInString(decoded), expr.MaxExpression))
		return &expr.Invalid{Node: expr.Node{At: span(v)}}
	}
	x, err := parseExpression(decoded, v.Index+1, offsets, &r.nodes)
	if err != nil {
		r.report(err.at, err.summary, err.detail)
		return &expr.Invalid{Node: expr.Node{At: span(v)}}
	}
	return x
}

// placeholder is a variable of the environment in a parameter file, with a
// default or without.
var placeholder = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-=]([^}]*))?\}`)

// environment is a text in which azd replaces variables of the environment
// before Azure sees the file: what Bicep's parameter files write as
// readEnvironmentVariable().
// https://learn.microsoft.com/azure/developer/azure-developer-cli/manage-environment-variables
func (r *reader) environment(at source.Span, text string) expr.Expr {
	x := &expr.Interpolation{Node: expr.Node{At: at}}
	end := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		if m[0] > end {
			x.Parts = append(x.Parts, r.nodes.str(at, text[end:m[0]]))
		}
		call := &expr.Call{Node: x.Node, Name: "readEnvironmentVariable", Args: []expr.Expr{r.nodes.str(at, text[m[2]:m[3]])}}
		if m[4] >= 0 {
			call.Args = append(call.Args, r.nodes.str(at, text[m[4]:m[5]]))
		}
		x.Parts = append(x.Parts, call)
		end = m[1]
	}
	if end == 0 {
		return r.nodes.str(at, text)
	}
	if end < len(text) {
		x.Parts = append(x.Parts, r.nodes.str(at, text[end:]))
	}
	return x
}

func (r *reader) array(v gjson.Result) *expr.Array {
	var items []expr.Item
	elements(v, func(_, element gjson.Result) {
		items = append(items, expr.Item{Value: r.value(element)})
	})
	return &expr.Array{Node: expr.Node{At: span(v)}, Items: items}
}

// object is an object whose copy property, if it has one, makes further
// properties.
func (r *reader) object(v gjson.Result) *expr.Object {
	height := len(r.nodes.properties)
	elements(v, func(key, value gjson.Result) {
		if isCopy(key, value) {
			r.copies(value, func(c copyLoop) {
				r.nodes.properties = append(r.nodes.properties, expr.Property{
					Key: r.nodes.str(c.at, c.name), Value: c.value, At: span(c.loop),
				})
			})
			return
		}
		p := r.property(key, value)
		r.nodes.properties = append(r.nodes.properties, p)
	})
	return &expr.Object{Node: expr.Node{At: span(v)}, Properties: r.nodes.popProperties(height)}
}

// property is a property whose name may be an expression, too.
func (r *reader) property(key, value gjson.Result) expr.Property {
	return expr.Property{
		Key:   r.str(key),
		Value: r.value(value),
		At:    entrySpan(key, value),
	}
}

// lastOfProperties leaves the last property of each name that is written out.
// Objects are mostly small, so comparing beats a map.
func lastOfProperties(ps []expr.Property) []expr.Property {
	const small = 16
	if len(ps) > small {
		return lastOfEach(ps, propertyName)
	}
	kept := ps[:0]
	for i, p := range ps {
		name, again := propertyName(p), false
		for _, later := range ps[i+1:] {
			if name != "" && strings.EqualFold(propertyName(later), name) {
				again = true
				break
			}
		}
		if !again {
			kept = append(kept, p)
		}
	}
	return kept
}

// propertyName is "" for a property whose name is computed.
func propertyName(p expr.Property) string {
	name, _ := expr.LiteralString(p.Key)
	return name
}

// copyLoop is an entry of a copy array.
type copyLoop struct {
	name  string
	at    source.Span // the name's
	loop  gjson.Result
	value expr.Expr
}

// isCopy reports whether a property makes others: it is an array of loops with
// an input. A copy that is an object repeats a resource, and anything else is a
// property that happens to have that name.
func isCopy(key, value gjson.Result) bool {
	if len(key.Str) != len("copy") || !equalFold(key.Str, "copy") || !value.IsArray() {
		return false
	}
	loops := true
	elements(value, func(_, loop gjson.Result) {
		loops = loops && member(loop, "input").Exists() && member(loop, "name").Type == gjson.String
	})
	return loops
}

func (r *reader) copies(v gjson.Result, visit func(copyLoop)) {
	elements(v, func(_, loop gjson.Result) {
		var name, count, input gjson.Result
		members(loop, func(n string, _, value gjson.Result) {
			switch {
			case equalFold(n, "name"):
				name = value
			case equalFold(n, "count"):
				count = value
			case equalFold(n, "input"):
				input = value
			}
		})
		visit(copyLoop{name: text(name), at: span(name), loop: loop, value: r.copied(loop, name, count, input)})
	})
}

// copied is the array that a loop with an input makes.
func (r *reader) copied(loop, name, count, input gjson.Result) expr.Expr {
	return &expr.Call{Node: expr.Node{At: span(loop)}, Name: CopyFunction, Args: []expr.Expr{
		r.nodes.str(span(name), text(name)),
		r.count(loop, count),
		&expr.Lambda{Node: expr.Node{At: span(input)}, Body: r.value(input)},
	}}
}

// count is how often a loop repeats; Azure accepts a number in a string.
func (r *reader) count(loop, count gjson.Result) expr.Expr {
	if !count.Exists() {
		return &expr.Invalid{Node: expr.Node{At: span(loop)}}
	}
	x := r.value(count)
	if s, ok := expr.LiteralString(x); ok && isNumber([]byte(s)) {
		return r.nodes.literal(x.Span(), numberValue(s))
	}
	return x
}

// condition is nil for one that is not there; Azure accepts "true" and "false".
func (r *reader) condition(v gjson.Result) expr.Expr {
	if v.Type == gjson.Null {
		return nil
	}
	x := r.value(v)
	if s, ok := expr.LiteralString(x); ok && (equalFold(s, "true") || equalFold(s, "false")) {
		return r.nodes.literal(x.Span(), expr.Bool(equalFold(s, "true")))
	}
	return x
}
