package arm

import (
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
		path, _ := l.text(r.value(relative))
		return path, span(relative)
	case id.Type == gjson.String:
		return "ts:" + text(id), span(id)
	case uri.Type == gjson.String:
		path, _ := l.relative(r.value(uri))
		return path, span(uri)
	}
	return "", span(v)
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
	call, ok := x.(*expr.Call)
	if !ok || !l.spend() {
		return "", false
	}
	args := withoutToken(call.Args)
	switch {
	case equalFold(call.Name, "uri") && len(args) == 2:
		if !l.isOwn(args[0]) {
			return "", false
		}
		return l.text(args[1])
	case equalFold(call.Name, "concat") && len(args) > 0:
		path, ok := l.relative(args[0])
		if !ok {
			return "", false
		}
		rest, ok := l.concat(args[1:])
		return path + rest, ok
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
	call, ok := x.(*expr.Call)
	if !ok || !l.spend() {
		return "", false
	}
	if equalFold(call.Name, "concat") {
		return l.concat(withoutToken(call.Args))
	}
	return l.text(l.follow(call))
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

// follow is what a parameter's default or a variable is, or nil.
func (l *linker) follow(call *expr.Call) expr.Expr {
	if len(call.Args) != 1 {
		return nil
	}
	name, ok := expr.LiteralString(call.Args[0])
	if !ok {
		return nil
	}
	return l.names.lookup(call.Name, name)
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
