package fix

import (
	"bytes"
	"cmp"
	"regexp"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
	"github.com/onboard-defender/onboard-defender/internal/template/arm"
)

// armWriter writes collections into an ARM template.
type armWriter struct {
	src        *source.File
	root       *arm.Node // nil for a file that could not be read
	apiVersion string
	lineBreak  string
	keys       *names             // symbolic names
	listed     map[*arm.Node]bool // objects whose keys are among them
	loops      *names             // names of copy loops
}

func newARMWriter(f *source.File, apiVersion string) *armWriter {
	root, _ := arm.Document(f)
	w := &armWriter{
		src: f, root: root, apiVersion: apiVersion, lineBreak: lineBreak(f.Content),
		keys: newNames(strings.ToLower), listed: map[*arm.Node]bool{}, loops: newNames(strings.ToLower),
	}
	w.addLoops(root)
	return w
}

// addLoops notes the names of the copy loops in a part of the file.
func (w *armWriter) addLoops(n *arm.Node) {
	if n == nil {
		return
	}
	if strings.EqualFold(n.Key, "copy") {
		if name := n.Member("name"); name != nil {
			w.loops.take(trimmed(w.src.Text(name.Span)))
		}
	}
	for _, c := range n.Children {
		w.addLoops(c)
	}
}

// armAPI is the declaration of an API and the texts that speak of it, which
// are kept as they stand in the file, JSON escapes included.
type armAPI struct {
	node    *arm.Node // the API's object
	element *arm.Node // the element of the template's resources that holds it
	name    armName
	loop    string // name of its copy loop, "" without one
	renamed string // name of the collection's copy loop
}

// member is a property to write: a line, or a list of lines one level deeper.
type member struct {
	key   string
	value string
	open  string // "{" or "[" before inner, "" for a plain value
	inner []member
}

func (w *armWriter) edits(t *target) ([]diag.TextEdit, error) {
	a, err := w.find(t.Resource.Decl)
	if err != nil {
		return nil, err
	}
	return w.insertion(a, w.members(t, a))
}

func (w *armWriter) forget() {}

// find is the API's place in the file.
func (w *armWriter) find(decl *template.Resource) (*armAPI, error) {
	if w.root == nil {
		return nil, refuse("the file could not be read")
	}
	a := &armAPI{node: w.object(decl.Decl)}
	top := decl
	for top.Container != nil {
		top = top.Container
		if top.Loop != nil {
			return nil, refuse("it is nested in a resource that is a loop; declare it at top level with the same loop, then add the collection")
		}
	}
	a.element = w.object(top.Decl)
	if a.node == nil || a.element == nil || a.element.Parent == nil {
		return nil, refuse("its declaration was not found")
	}
	name, err := w.name(decl)
	if err != nil {
		return nil, err
	}
	a.name = name
	if decl.Loop != nil {
		a.loop = decl.Loop.Name
		if a.loop == "" {
			return nil, refuse("its copy loop has no name")
		}
		a.renamed = w.loops.free(a.loop + "Defender")
	}
	return a, nil
}

// object is the JSON object at a span.
func (w *armWriter) object(s source.Span) *arm.Node {
	n := w.root.At(s.Start)
	for n != nil && n.Span != s {
		n = n.Parent
	}
	return n
}

// members are the collection's properties, in the order that the API's have.
func (w *armWriter) members(t *target, a *armAPI) []member {
	byKey := map[string]member{
		"type":       {key: "type", value: quote(template.TypeCollection)},
		"apiversion": {key: "apiVersion", value: quote(w.apiVersion)},
		"name":       {key: "name", value: w.inLoop(a, a.name.collection(t.revised()))},
		"dependson":  {key: "dependsOn", open: "[", inner: []member{{value: w.dependency(t.Resource.Decl, a)}}},
	}
	scope := member{key: "scope", value: w.inLoop(a, a.name.scope())}
	if c := w.condition(t, a); c != "" {
		byKey["condition"] = member{key: "condition", value: w.inLoop(a, c)}
	}
	if c := a.node.Member("copy"); c != nil && a.loop != "" {
		count := "0"
		if n := c.Member("count"); n != nil {
			count = w.src.Text(n.Span)
		}
		byKey["copy"] = member{key: "copy", open: "{", inner: []member{
			{key: "name", value: quote(a.renamed)}, {key: "count", value: count},
		}}
	}
	var out []member
	add := func(key string) {
		m, ok := byKey[key]
		if !ok {
			return
		}
		delete(byKey, key)
		if key == "name" {
			out = append(out, scope)
		}
		out = append(out, m)
	}
	for _, c := range a.node.Children {
		if key := strings.ToLower(c.Key); key != "dependson" {
			add(key)
		}
	}
	for _, key := range []string{"condition", "copy", "type", "apiversion", "name", "dependson"} {
		add(key)
	}
	return out
}

// condition is the API's own, as it is written, and the filter.
func (w *armWriter) condition(t *target, a *armAPI) string {
	own := ""
	if c := a.node.Member("condition"); c != nil {
		own = w.src.Text(c.Span)
	}
	if t.filter == nil {
		return own
	}
	var parts []string
	if own != "" && own != "true" {
		parts = append(parts, inner(own))
	}
	if f := t.filter; f.typ != nil {
		typ := w.value(f.typ)
		if f.optional {
			typ = "coalesce(" + typ + ", 'http')"
		}
		parts = append(parts, "equals("+typ+", 'http')")
	}
	if f := t.filter; f.tier != nil {
		parts = append(parts, "not(equals("+w.value(f.tier)+", 'Consumption'))")
	}
	if len(parts) == 1 {
		return `"[` + parts[0] + `]"`
	}
	return `"[and(` + strings.Join(parts, ", ") + `)]"`
}

// value is the text of an expression.
func (w *armWriter) value(x expr.Expr) string { return inner(w.src.Text(x.Span())) }

// inner is the expression in a raw JSON string "[…]".
func inner(raw string) string {
	s := trimmed(raw)
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return s[1 : len(s)-1]
	}
	return s
}

func trimmed(raw string) string {
	if len(raw) >= 2 && raw[0] == '"' {
		return raw[1 : len(raw)-1]
	}
	return raw
}

// dependency is the entry of dependsOn that means the API.
func (w *armWriter) dependency(decl *template.Resource, a *armAPI) string {
	switch {
	case a.loop != "":
		return quote(a.loop)
	case decl.Symbol != "" && decl.Container == nil:
		return quote(decl.Symbol)
	}
	return a.name.id(w.group(a.element))
}

// group are the arguments that resourceId() needs in a nested deployment whose
// expressions are evaluated outside of it: there it means the group that the
// parent is deployed to. It is "" where that is the same.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/scope-functions
func (w *armWriter) group(element *arm.Node) string {
	for n := element; n.Parent != nil; n = n.Parent {
		if !strings.EqualFold(n.Key, "template") || !strings.EqualFold(n.Parent.Key, "properties") {
			continue
		}
		if o := n.Parent.Member("expressionEvaluationOptions"); o != nil {
			if scope := o.Member("scope"); scope != nil && strings.EqualFold(scope.Text, "inner") {
				return ""
			}
		}
		group := n.Parent.Parent.Member("resourceGroup")
		if group == nil || group.Kind != arm.String {
			continue
		}
		subscription := "subscription().subscriptionId"
		if s := n.Parent.Parent.Member("subscriptionId"); s != nil && s.Kind == arm.String {
			subscription = w.expression(s)
		}
		return subscription + ", " + w.expression(group) + ", "
	}
	return ""
}

// expression is a string of the file as a part of an expression.
func (w *armWriter) expression(n *arm.Node) string {
	raw := w.src.Text(n.Span)
	if text := inner(raw); text != trimmed(raw) {
		return text
	}
	return pieceText(piece{text: n.Text})
}

// copyIndex matches a use of a named loop's index.
var copyIndex = regexp.MustCompile(`(?i)(copyIndex\(\s*')([^']*)(')`)

// inLoop gives an expression of the API's loop to the collection's.
func (w *armWriter) inLoop(a *armAPI, raw string) string {
	if a.loop == "" {
		return raw
	}
	return copyIndex.ReplaceAllStringFunc(raw, func(s string) string {
		m := copyIndex.FindStringSubmatch(s)
		if !strings.EqualFold(m[2], a.loop) {
			return s
		}
		return m[1] + a.renamed + m[3]
	})
}

// key gives out a symbolic name that neither the object nor an earlier fix uses.
func (w *armWriter) key(want string, in *arm.Node) string {
	if !w.listed[in] {
		w.listed[in] = true
		for _, c := range in.Children {
			w.keys.take(c.Key)
		}
	}
	return w.keys.free(want)
}

// insertion places the collection behind the element that holds the API.
func (w *armWriter) insertion(a *armAPI, members []member) ([]diag.TextEdit, error) {
	list := a.element.Parent
	at := list.After(w.src, a.element.Index)
	l := w.layout(a)
	text := l.object(members)
	if list.Kind == arm.Object {
		text = quote(w.key(cmp.Or(a.node.Key, a.element.Key)+"Defender", list)) + l.colon + text
	}
	if at.Separator {
		text += ","
	}
	var edits []diag.TextEdit
	insert := func(offset int, text string) {
		e := diag.TextEdit{Path: w.src.Path, Span: source.Span{Start: offset, End: offset}, NewText: text}
		edits = append(edits, toLineStart(e, w.src.Content, w.lineBreak))
	}
	before := l.between
	if at.LineComment && !strings.ContainsAny(before, "\r\n") {
		before = l.lineBreak
	}
	switch {
	case at.Comma == at.Offset:
		insert(at.Offset, ","+before+text)
	case at.Comma >= 0:
		insert(at.Comma, ",")
		insert(at.Offset, before+text)
	default:
		insert(at.Offset, before+text)
	}
	return edits, nil
}

// layout is how the file writes its objects.
type layout struct {
	compact   bool   // an object stands on one line
	lineBreak string // of the file
	between   string // what separates two elements, after the comma
	indent    string // of the element
	unit      string // one level deeper
	colon     string
	pad       string // inside the braces of an object on one line
}

func (w *armWriter) layout(a *armAPI) layout {
	content := w.src.Content
	l := layout{lineBreak: w.lineBreak, unit: "  ", colon: ": "}
	e := a.element
	l.indent = w.indent(e.Span.End - 1)
	l.compact = !bytes.ContainsAny(content[a.node.Span.Start:a.node.Span.End], "\r\n")
	first := a.node.Children[0]
	colon := string(content[first.KeySpan.End:first.Span.Start])
	if strings.TrimSpace(colon) == ":" && !strings.ContainsAny(colon, "\r\n") {
		l.colon = colon
	}
	if pad := string(content[a.node.Span.Start+1 : first.KeySpan.Start]); l.compact && strings.TrimLeft(pad, " ") == "" {
		l.pad = pad
	}
	if unit, ok := strings.CutPrefix(w.indent(first.KeySpan.Start), w.indent(a.node.Span.End-1)); ok && unit != "" {
		l.unit = unit
	}
	l.between = l.lineBreak + l.indent
	if len(bytes.TrimLeft(content[w.lineStart(e.Entry().Start):e.Entry().Start], " \t")) > 0 && l.compact {
		l.between = "" // several elements share a line
	}
	return l
}

func (w *armWriter) lineStart(offset int) int {
	return w.src.Line(w.src.LineAt(offset)).Start
}

// indent is the white space at the start of the line of an offset.
func (w *armWriter) indent(offset int) string {
	at := w.src.Line(w.src.LineAt(offset))
	line := bytes.TrimPrefix(w.src.Content[at.Start:at.End], []byte(source.BOM))
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// lineBreak is how a file ends its lines; "\n" where it has one line only.
func lineBreak(content []byte) string {
	i := bytes.IndexByte(content, '\n')
	switch {
	case i > 0 && content[i-1] == '\r':
		return "\r\n"
	case i < 0 && bytes.IndexByte(content, '\r') >= 0:
		return "\r"
	}
	return "\n"
}

func (l layout) object(members []member) string {
	var b strings.Builder
	l.write(&b, member{open: "{", inner: members}, 0)
	return b.String()
}

// write writes a member at a depth below the element.
func (l layout) write(b *strings.Builder, m member, depth int) {
	if m.key != "" {
		b.WriteString(quote(m.key) + l.colon)
	}
	if m.open == "" {
		b.WriteString(m.value)
		return
	}
	pad := ""
	if m.open == "{" {
		pad = l.pad
	}
	b.WriteString(m.open + pad)
	for i, x := range m.inner {
		if i > 0 {
			b.WriteByte(',')
		}
		l.newLine(b, depth+1, i > 0)
		l.write(b, x, depth+1)
	}
	l.newLine(b, depth, false)
	b.WriteString(pad + map[string]string{"{": "}", "[": "]"}[m.open])
}

func (l layout) newLine(b *strings.Builder, depth int, between bool) {
	switch {
	case !l.compact:
		b.WriteString(l.lineBreak + l.indent + strings.Repeat(l.unit, depth))
	case between && strings.HasSuffix(l.colon, " "):
		b.WriteByte(' ')
	}
}
