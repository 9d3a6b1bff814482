package arm

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// maxFollow is how many expressions are looked at to find out where one link
// points to. Variables may repeat each other, so depth alone bounds nothing.
const maxFollow = 200

// names are the parameters and variables that the expressions of a template
// mean. The index is made when it is first asked for.
type names struct {
	template *template.Template
	index    map[string]expr.Expr // by kind and name in lower case
}

// lookup is a parameter's default or a variable's value, or nil.
func (n *names) lookup(kind, name string) expr.Expr {
	if n.index == nil {
		n.index = make(map[string]expr.Expr, len(n.template.Parameters)+len(n.template.Variables))
		for _, p := range n.template.Parameters {
			if p.Default != nil {
				n.index["parameters "+strings.ToLower(p.Name)] = p.Default
			}
		}
		for _, v := range n.template.Variables {
			n.index["variables "+strings.ToLower(v.Name)] = v.Value
		}
	}
	return n.index[strings.ToLower(kind+" "+name)]
}

// link is the path of a linked template and where it stands.
func (r *reader) link(v gjson.Result, in *names) (string, source.Span) {
	relative, id, uri := member(v, "relativepath"), member(v, "id"), member(v, "uri")
	l := linker{names: in, left: maxFollow}
	switch {
	case relative.Type == gjson.String:
		return complete(l.text(r.value(relative))), span(relative)
	case id.Type == gjson.String:
		return "ts:" + text(id), span(id)
	case uri.Type == gjson.String:
		return complete(l.relative(r.value(uri))), span(uri)
	}
	return "", span(v)
}

// complete is a path, "" for a part of one.
func complete(path string, ok bool) string {
	if !ok {
		return ""
	}
	return path
}

// linker finds out where an address points to if that is plain from the
// template: it follows parameters' defaults and variables, and evaluates
// nothing else.
type linker struct {
	names *names
	left  int
}

// relative is the path that an address has relative to the template: one that
// is made by uri() or concat() from the template's own address.
func (l *linker) relative(x expr.Expr) (string, bool) {
	if x == nil || !l.spend() {
		return "", false
	}
	call, ok := x.(*expr.Call)
	if !ok {
		return l.relative(l.follow(x))
	}
	args := withoutToken(call.Args)
	switch {
	case equalFold(call.Name, "uri") && len(args) == 2:
		rest, ok := l.text(args[1])
		if l.isOwn(args[0]) {
			return rest, ok
		}
		base, known := l.relative(args[0])
		if !ok || !known {
			return "", false
		}
		return base[:strings.LastIndexByte(base, '/')+1] + rest, true
	case equalFold(call.Name, "concat") && len(args) > 0:
		base, ok := l.relative(args[0])
		if !ok {
			return "", false
		}
		rest, ok := l.concat(args[1:])
		return base + rest, ok
	}
	return l.relative(l.follow(call))
}

// isOwn reports whether an expression is the address of the template itself,
// deployment().properties.templateLink.uri.
func (l *linker) isOwn(x expr.Expr) bool {
	if call, ok := x.(*expr.Call); ok {
		return l.spend() && l.isOwn(l.follow(call))
	}
	for _, name := range []string{"uri", "templatelink", "properties"} {
		m, ok := x.(*expr.Member)
		if !ok || !equalFold(m.Name, name) {
			return false
		}
		x = m.Base
	}
	call, ok := x.(*expr.Call)
	return ok && equalFold(call.Name, "deployment")
}

// text is the value of an expression that is made of literals.
func (l *linker) text(x expr.Expr) (string, bool) {
	if s, ok := expr.LiteralString(x); ok {
		return s, true
	}
	if x == nil || !l.spend() {
		return "", false
	}
	if call, ok := x.(*expr.Call); ok {
		switch {
		case equalFold(call.Name, "concat"):
			return l.concat(withoutToken(call.Args))
		case equalFold(call.Name, "format") && len(call.Args) > 0:
			return l.format(call.Args)
		}
	}
	return l.text(l.follow(x))
}

// maxLink bounds what format() may make of a link, in bytes.
const maxLink = 1 << 12

// format is format() with texts and plain placeholders.
func (l *linker) format(args []expr.Expr) (string, bool) {
	pattern, ok := l.text(args[0])
	longest, pairs := 1, make([]string, 0, 2*len(args))
	for i, arg := range args[1:] {
		s, known := l.text(arg)
		ok = ok && known
		longest = max(longest, len(s))
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", s)
	}
	if !ok || len(pattern)*longest > maxLink {
		return "", false
	}
	s := strings.NewReplacer(pairs...).Replace(pattern)
	if strings.ContainsAny(s, "{}") {
		return "", false
	}
	return s, true
}

func (l *linker) concat(args []expr.Expr) (string, bool) {
	var b strings.Builder
	for _, arg := range args {
		s, ok := l.text(arg)
		if !ok {
			return "", false
		}
		b.WriteString(s)
	}
	return b.String(), true
}

func (l *linker) spend() bool {
	l.left--
	return l.left >= 0
}

// follow is what a parameter's default or a variable is, or a property of that;
// nil for anything else.
func (l *linker) follow(x expr.Expr) expr.Expr {
	switch x := x.(type) {
	case *expr.Call:
		if len(x.Args) != 1 {
			return nil
		}
		if name, ok := expr.LiteralString(x.Args[0]); ok {
			return l.names.lookup(x.Name, name)
		}
	case *expr.Member:
		return l.field(x.Base, x.Name)
	case *expr.Index:
		if name, ok := expr.LiteralString(x.Index); ok {
			return l.field(x.Base, name)
		}
	}
	return nil
}

func (l *linker) field(base expr.Expr, name string) expr.Expr {
	if !l.spend() {
		return nil
	}
	if o, ok := l.follow(base).(*expr.Object); ok {
		return template.Field(o, name)
	}
	return nil
}

// withoutToken leaves out a last argument that is the parameter for a shared
// access token, which is no part of a path. It is known by the name that the
// gallery of quickstart templates prescribes.
// https://github.com/Azure/azure-quickstart-templates/blob/master/1-CONTRIBUTION-GUIDE/best-practices.md#deployment-artifacts-nested-templates-scripts
func withoutToken(args []expr.Expr) []expr.Expr {
	if len(args) < 2 {
		return args
	}
	call, ok := args[len(args)-1].(*expr.Call)
	if !ok || !equalFold(call.Name, "parameters") || len(call.Args) != 1 {
		return args
	}
	if name, _ := expr.LiteralString(call.Args[0]); strings.HasSuffix(strings.ToLower(name), "sastoken") {
		return args[:len(args)-1]
	}
	return args
}
