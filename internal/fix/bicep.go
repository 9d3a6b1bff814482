package fix

import (
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
	"github.com/onboard-defender/onboard-defender/internal/template/bicep"
)

// bicepWriter writes collections into a Bicep file.
type bicepWriter struct {
	file       *bicep.File
	apiVersion string
	taken      map[string]bool   // identifiers of the file, and those given out
	services   map[string]string // symbols of existing services given out, by the text of their name
	inserted   map[int]bool      // offsets that have an insertion
}

func newBicepWriter(f *source.File, apiVersion string) *bicepWriter {
	w := &bicepWriter{
		file: bicep.Parse(f), apiVersion: apiVersion,
		taken: map[string]bool{}, services: map[string]string{}, inserted: map[int]bool{},
	}
	for _, d := range w.file.Declarations {
		bicep.Walk(d, func(n bicep.Node) bool {
			switch n := n.(type) {
			case *bicep.Ident:
				w.taken[n.Name] = true
			case bicep.Declaration:
				if name := n.Head().Name; name != nil {
					w.taken[name.Name] = true
				}
			}
			return true
		})
	}
	return w
}

// bicepAPI is the declaration of an API and how to speak of it.
type bicepAPI struct {
	chain      []*bicep.ResourceDecl // from top level down to the API
	body       *bicep.ObjectExpr
	loop       *bicep.ForExpr // nil without a loop
	conditions []condition    // its own and those of the resources it is nested in
}

func (a *bicepAPI) decl() *bicep.ResourceDecl { return a.chain[len(a.chain)-1] }
func (a *bicepAPI) top() *bicep.ResourceDecl  { return a.chain[0] }
func (a *bicepAPI) nested() bool              { return len(a.chain) > 1 }

// symbol is how the top level of the file refers to the API.
func (a *bicepAPI) symbol() string {
	names := make([]string, len(a.chain))
	for i, d := range a.chain {
		names[i] = d.Name.Name
	}
	return strings.Join(names, "::")
}

// collectionText is what a collection consists of.
type collectionText struct {
	symbol, loop, condition, scope, name string
	dependsOn                            string // "" when the name brings the dependency
	nameFirst                            bool
	existing                             *existingText // a service to declare before it, nil for none
}

// existingText is what a reference to an existing service consists of.
type existingText struct{ name, apiVersion string }

func (w *bicepWriter) edits(t *target) ([]diag.TextEdit, error) {
	a, err := w.find(t.Resource.Decl)
	if err != nil {
		return nil, err
	}
	if t.filter != nil {
		a.conditions = append(a.conditions, condition{text: w.filter(t.filter)})
	}
	c := collectionText{condition: joinConditions(a.conditions), nameFirst: true}
	if a.loop != nil {
		c.loop = w.header(a.loop)
	}
	if err := w.refer(t, a, &c); err != nil {
		return nil, err
	}
	c.symbol = w.free(a.decl().Name.Name + "Defender")
	return []diag.TextEdit{w.insertion(a, w.render(a, c))}, nil
}

// find walks to the declaration and takes its loop and conditions apart.
func (w *bicepWriter) find(decl *template.Resource) (*bicepAPI, error) {
	a := &bicepAPI{}
	for _, d := range w.file.Declarations {
		if r, ok := d.(*bicep.ResourceDecl); ok && inside(r, decl.Decl) {
			a.chain = chainTo(r, decl.Decl)
		}
	}
	if len(a.chain) == 0 {
		return nil, refuse("its declaration was not found")
	}
	for i, d := range a.chain {
		if d.Name == nil {
			return nil, refuse("it has no symbolic name")
		}
		body := d.Body
		if f, ok := body.(*bicep.ForExpr); ok {
			if i < len(a.chain)-1 {
				return nil, refuse("it is nested in a resource that is a loop; declare it at top level with parent, then add the collection with the same loop")
			}
			a.loop, body = f, f.Body
		}
		if c, ok := body.(*bicep.IfExpr); ok {
			a.conditions = append(a.conditions, w.condition(c.Condition))
			body = c.Body
		}
		object, ok := body.(*bicep.ObjectExpr)
		if !ok {
			return nil, refuse("its body could not be read")
		}
		a.body = object
	}
	return a, nil
}

// filter is the condition that an API is REST.
func (w *bicepWriter) filter(f *filter) string {
	typ := w.file.Source.Text(f.typ.Span())
	switch f.typ.(type) {
	case *expr.Conditional, *expr.Binary, *expr.Unary:
		typ = "(" + typ + ")"
	}
	if f.optional {
		typ = "(" + typ + " ?? 'http')"
	}
	return typ + " == 'http'"
}

func inside(r *bicep.ResourceDecl, s source.Span) bool {
	return r.Span().Start <= s.Start && s.End <= r.Span().End
}

func chainTo(r *bicep.ResourceDecl, s source.Span) []*bicep.ResourceDecl {
	chain := []*bicep.ResourceDecl{r}
	for r.Span() != s {
		next := (*bicep.ResourceDecl)(nil)
		bicep.Walk(r, func(n bicep.Node) bool {
			c, ok := n.(*bicep.ResourceDecl)
			if !ok || c == r || next != nil {
				return next == nil
			}
			if inside(c, s) {
				next = c
			}
			return false
		})
		if next == nil {
			return nil
		}
		r = next
		chain = append(chain, r)
	}
	return chain
}

// condition is the text of a condition. A loose one needs parentheses beside
// others.
type condition struct {
	text  string
	loose bool
}

// condition is an expression without the parentheses around it.
func (w *bicepWriter) condition(x bicep.Expr) condition {
	if p, ok := x.(*bicep.ParenExpr); ok {
		x = p.Inner
	}
	c := condition{text: w.file.Source.Text(x.Span())}
	switch x := x.(type) {
	case *bicep.TernaryExpr:
		c.loose = true
	case *bicep.BinaryExpr:
		c.loose = x.Operator == bicep.Or || x.Operator == bicep.Coalesce
	}
	return c
}

// joinConditions is a condition that holds where all hold.
func joinConditions(cs []condition) string {
	if len(cs) == 1 {
		return cs[0].text
	}
	parts := make([]string, len(cs))
	for i, c := range cs {
		parts[i] = c.text
		if c.loose {
			parts[i] = "(" + c.text + ")"
		}
	}
	return strings.Join(parts, " && ")
}

// header is the head of a loop, up to its colon.
func (w *bicepWriter) header(f *bicep.ForExpr) string {
	item := "item"
	if f.Item != nil {
		item = f.Item.Name
	}
	if f.Index != nil {
		item = "(" + item + ", " + f.Index.Name + ")"
	}
	return "for " + item + " in " + w.file.Source.Text(f.Collection.Span())
}

// refer works out the scope and the name of the collection, and whether it
// must depend on the API by its own words.
func (w *bicepWriter) refer(t *target, a *bicepAPI, c *collectionText) error {
	name := a.body.Property("name")
	if name == nil {
		return refuse("it has no name")
	}
	pieces, isString := w.pieces(name.Value)
	_, isRevision := cutRevision(pieces)
	whole := a.loop == nil && !isRevision // the API's own name will do

	switch parent := a.body.Property("parent"); {
	case a.nested():
		c.scope = strings.Join(strings.Split(a.symbol(), "::")[:len(a.chain)-1], "::")
	case parent != nil:
		c.scope = w.file.Source.Text(parent.Value.Span())
		c.nameFirst = name.Span().Start < parent.Span().Start
	default:
		return w.referBySlash(t, a, c, name.Value, pieces, isString)
	}
	if owner := t.Resource.Owner(); owner != nil && owner.Scope != nil {
		return refuse("its service lies in another scope, where Bicep does not let this file extend it; " +
			"declare API and collection in a module that is deployed to that scope")
	}
	if whole {
		c.name = a.symbol() + ".name"
		return nil
	}
	c.name, c.dependsOn = w.file.Source.Text(name.Value.Span()), a.symbol()
	if isRevision {
		kept, _ := cutRevision(pieces)
		c.name = renderPieces(kept)
	}
	return nil
}

// referBySlash does so for an API whose name is 'service/api'.
func (w *bicepWriter) referBySlash(t *target, a *bicepAPI, c *collectionText, name bicep.Expr, pieces []piece, isString bool) error {
	text := w.file.Source.Text(name.Span())
	service, api := "split("+text+", '/')[0]", "last(split("+text+", '/'))"
	c.dependsOn = a.symbol()
	if isString {
		before, after, ok := cutSlash(pieces)
		if !ok {
			return refuse("its name is not written as service/api")
		}
		after, _ = cutRevision(after)
		service, api = renderPieces(before), renderPieces(after)
	} else if a.loop == nil {
		api, c.dependsOn = "last(split("+a.symbol()+".name, '/'))", ""
	}
	c.name = api
	for _, s := range t.Resource.Services() {
		if s.Symbol == "" {
			continue
		}
		if s.Scope != nil {
			return refuse("its service lies in another scope, where Bicep does not let this file extend it; " +
				"declare API and collection in a module that is deployed to that scope")
		}
		c.scope = s.Symbol
		return nil
	}
	if a.loop != nil && mentionsAny(name, a.loop) {
		return refuse("its service changes with the loop; declare an existing service for each and use it as parent")
	}
	if symbol, ok := w.services[service]; ok {
		c.scope = symbol
		return nil
	}
	_, version, _ := strings.Cut(textOf(a.decl().Type), "@")
	if version == "" {
		return refuse("its type has no API version")
	}
	c.scope = w.free("apiManagementService")
	w.services[service] = c.scope
	c.existing = &existingText{name: service, apiVersion: version}
	return nil
}

func textOf(s *bicep.StringExpr) string {
	text, _ := s.Text()
	return text
}

// mentionsAny reports whether the part of a name before its slash uses the
// variables of a loop.
func mentionsAny(name bicep.Expr, loop *bicep.ForExpr) bool {
	s, ok := name.(*bicep.StringExpr)
	if !ok {
		return true
	}
	found := false
	for i, hole := range s.Holes {
		if strings.Contains(s.Texts[i], "/") {
			break
		}
		bicep.Walk(hole, func(n bicep.Node) bool {
			id, ok := n.(*bicep.Ident)
			if ok && (loop.Item != nil && id.Name == loop.Item.Name || loop.Index != nil && id.Name == loop.Index.Name) {
				found = true
			}
			return !found
		})
	}
	return found
}

// free gives out an identifier that the file does not use.
func (w *bicepWriter) free(want string) string {
	name := want
	for n := 2; w.taken[name]; n++ {
		name = want + strconv.Itoa(n)
	}
	w.taken[name] = true
	return name
}

// render writes the collection, and the service it needs, in the file's own
// indentation and line breaks.
func (w *bicepWriter) render(a *bicepAPI, c collectionText) string {
	unit, br := w.unit(a), w.file.LineBreak()
	var b strings.Builder
	line := func(level int, text string) {
		b.WriteString(strings.Repeat(unit, level) + text + br)
	}
	if c.existing != nil {
		line(0, "resource "+c.scope+" '"+template.TypeService+"@"+c.existing.apiVersion+"' existing = {")
		line(1, "name: "+c.existing.name)
		line(0, "}"+br)
	}
	open, end := "", ""
	if c.loop != "" {
		open, end = "["+c.loop+": ", "]"
	}
	if c.condition != "" {
		open += "if (" + c.condition + ") "
	}
	line(0, "resource "+c.symbol+" '"+template.TypeCollection+"@"+w.apiVersion+"' = "+open+"{")
	if !c.nameFirst {
		line(1, "scope: "+c.scope)
	}
	line(1, "name: "+c.name)
	if c.nameFirst {
		line(1, "scope: "+c.scope)
	}
	if c.dependsOn != "" {
		line(1, "dependsOn: [")
		line(2, c.dependsOn)
		line(1, "]")
	}
	b.WriteString("}" + end)
	return b.String()
}

// insertion places the text behind the top-level declaration that holds the
// API, on lines of its own.
func (w *bicepWriter) insertion(a *bicepAPI, text string) diag.TextEdit {
	src, br := w.file.Source, w.file.LineBreak()
	end := w.file.Extent(a.top()).End
	line := src.Position(end).Line
	at := src.Line(line).End
	before, after := br+br, ""
	if line < src.Lines() && strings.TrimSpace(src.Text(src.Line(line+1))) != "" {
		after = br
		if w.inserted[at] {
			before = br
		}
	}
	w.inserted[at] = true
	return diag.TextEdit{Path: src.Path, Span: source.Span{Start: at, End: at}, NewText: before + text + after}
}

// unit is one level of indentation, as the API's own properties have it.
func (w *bicepWriter) unit(a *bicepAPI) string {
	outer := w.file.Indent(a.decl().Keyword.Span().Start)
	for _, e := range a.body.Elements {
		inner := w.file.Indent(e.Span().Start)
		if unit, ok := strings.CutPrefix(inner, outer); ok && unit != "" {
			return unit
		}
	}
	return "  "
}
