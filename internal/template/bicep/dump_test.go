package bicep

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// A dumper prints trees, one node per line with its place, by walking the
// exported fields: a field that is added is in the goldens at once.
type dumper struct {
	file *source.File
	out  strings.Builder
}

func dumpTree(f *File) string {
	d := &dumper{file: f.Source}
	for _, decl := range f.Declarations {
		d.node("", reflect.ValueOf(decl), 0)
	}
	return d.out.String()
}

// dumpModel prints a struct of the template model.
func dumpModel(f *source.File, model any) string {
	d := &dumper{file: f}
	v := reflect.ValueOf(model).Elem()
	d.line(0, "", v.Type().Name()+" "+d.scalars(v))
	d.fields(v, 1)
	return d.out.String()
}

func dumpDiagnostics(f *source.File, list []diag.Diagnostic) string {
	d := &dumper{file: f}
	for _, x := range list {
		fmt.Fprintf(&d.out, "%s: %s\n\t%s\n", d.place(x.Span), x.Summary, x.Detail)
		for _, r := range x.Related {
			fmt.Fprintf(&d.out, "\t%s: %s\n", d.place(r.Span), r.Message)
		}
	}
	return d.out.String()
}

func (d *dumper) place(s source.Span) string {
	a, b := d.file.Position(s.Start), d.file.Position(s.End)
	return fmt.Sprintf("%d:%d-%d:%d", a.Line, a.Column, b.Line, b.Column)
}

func (d *dumper) line(depth int, label, text string) {
	d.out.WriteString(strings.Repeat("  ", depth))
	if label != "" {
		d.out.WriteString(label + ": ")
	}
	d.out.WriteString(strings.TrimRight(text, " ") + "\n")
}

func (d *dumper) node(label string, v reflect.Value, depth int) {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	text := v.Type().Name()
	if n, ok := reflect.TypeAssert[interface{ Span() source.Span }](v.Addr()); ok {
		text += " " + d.place(n.Span())
	}
	d.line(depth, label, text+" "+d.scalars(v))
	d.fields(v, depth+1)
}

// scalars is the fields that fit on the node's own line.
func (d *dumper) scalars(v reflect.Value) string {
	var parts []string
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if number := f.CanInt() || f.CanUint(); !v.Type().Field(i).IsExported() || f.IsZero() && !number {
			continue
		}
		switch x := f.Interface().(type) {
		case template.Language:
		case string:
			parts = append(parts, fmt.Sprintf("%s=%q", name, x))
		case []string:
			parts = append(parts, fmt.Sprintf("%s=%q", name, x))
		case bool:
			parts = append(parts, name)
		case uint64, Kind, int, expr.UnaryOp, expr.BinaryOp, map[string]string:
			parts = append(parts, fmt.Sprintf("%s=%v", name, x))
		case expr.Value:
			parts = append(parts, x.Key())
		case source.Span:
			parts = append(parts, name+"="+d.place(x))
		}
	}
	return strings.Join(parts, " ")
}

// fields prints the fields that are nodes or lists of nodes.
func (d *dumper) fields(v reflect.Value, depth int) {
	for i := range v.NumField() {
		f, t := v.Field(i), v.Type().Field(i)
		switch {
		case !t.IsExported() || t.Name == "Container" || t.Name == "File" || t.Name == "Diagnostics" || t.Name == "Keyword":
		case t.Anonymous:
			if t.Type == reflect.TypeFor[Header]() {
				d.fields(f, depth)
			}
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() != reflect.String:
			for j := range f.Len() {
				d.element(t.Name, f.Index(j), depth)
			}
		case f.Kind() == reflect.Interface || f.Kind() == reflect.Pointer:
			d.node(t.Name, f, depth)
		}
	}
}

func (d *dumper) element(label string, v reflect.Value, depth int) {
	if v.Kind() == reflect.Struct {
		p := reflect.New(v.Type()) // so that it has an address
		p.Elem().Set(v)
		v = p
	}
	d.node(label, v, depth)
}

// render is an expression with all its groups in brackets.
func render(e Expr) string {
	switch e := e.(type) {
	case nil:
		return "nil"
	case *Ident:
		return e.Name
	case *BadExpr:
		return "<bad>"
	case *NullLit:
		return "null"
	case *BoolLit:
		return strconv.FormatBool(e.Value)
	case *IntLit:
		return strconv.FormatUint(e.Value, 10)
	case *StringExpr:
		var b strings.Builder
		for i, text := range e.Texts {
			if i > 0 {
				b.WriteString("${" + render(e.Holes[i-1]) + "}")
			}
			b.WriteString(text)
		}
		return fmt.Sprintf("%q", b.String())
	case *ObjectExpr:
		var parts []string
		for _, x := range e.Elements {
			switch x := x.(type) {
			case *Property:
				parts = append(parts, render(x.Key)+": "+render(x.Value))
			case *SpreadExpr:
				parts = append(parts, render(x))
			case *ResourceDecl:
				parts = append(parts, "resource "+x.Name.Name)
			}
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case *SpreadExpr:
		return "..." + render(e.Value)
	case *ArrayExpr:
		return "[" + renderAll(e.Items) + "]"
	case *ForExpr:
		names := e.Item.Name
		if e.Index != nil {
			names += "," + e.Index.Name
		}
		return "[for " + names + " in " + render(e.Collection) + ": " + render(e.Body) + "]"
	case *IfExpr:
		return "if " + render(e.Condition) + " " + render(e.Body)
	case *ParenExpr:
		return "paren(" + render(e.Inner) + ")"
	case *UnaryExpr:
		return "(" + e.Operator.String() + render(e.Operand) + ")"
	case *BinaryExpr:
		return "(" + render(e.Left) + " " + e.Operator.String() + " " + render(e.Right) + ")"
	case *TernaryExpr:
		return "(" + render(e.Condition) + " ? " + render(e.Then) + " : " + render(e.Else) + ")"
	case *MemberExpr:
		if e.Safe {
			return render(e.Base) + ".?" + e.Name.Name
		}
		return render(e.Base) + "." + e.Name.Name
	case *NestedExpr:
		return render(e.Base) + "::" + e.Name.Name
	case *IndexExpr:
		marks := ""
		if e.Safe {
			marks += "?"
		}
		if e.FromEnd {
			marks += "^"
		}
		return render(e.Base) + "[" + marks + render(e.Index) + "]"
	case *NonNullExpr:
		return "(" + render(e.Operand) + "!)"
	case *CallExpr:
		base := ""
		if e.Base != nil {
			base = render(e.Base) + "."
		}
		return base + e.Name.Name + "(" + renderAll(e.Args) + ")"
	case *LambdaExpr:
		var names []string
		for _, p := range e.Params {
			names = append(names, p.Name)
		}
		return "(" + strings.Join(names, ",") + " => " + render(e.Body) + ")"
	}
	return fmt.Sprintf("?%T", e)
}

func renderAll(list []Expr) string {
	var parts []string
	for _, e := range list {
		parts = append(parts, render(e))
	}
	return strings.Join(parts, ", ")
}
