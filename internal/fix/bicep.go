package fix

import (
	"slices"
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
	lineBreak  string
	places     map[source.Span]*place       // of resources
	values     map[string]bicep.Declaration // of parameters and variables
	counters   map[string]bool              // variables of loops that are whole numbers
	names      *names
	declared   map[string]bool   // what can be referred to at the top level of the file
	services   map[string]string // symbols of existing services given out, by the text of their name
	inserted   map[int]bool      // offsets that have an insertion
}

func newBicepWriter(f *source.File, apiVersion string) *bicepWriter {
	w := &bicepWriter{
		file: bicep.Parse(f), apiVersion: apiVersion,
		places: map[source.Span]*place{}, values: map[string]bicep.Declaration{}, counters: map[string]bool{},
		names:    newNames(func(name string) string { return name }),
		services: map[string]string{}, inserted: map[int]bool{},
	}
	w.declared, w.lineBreak = declared(w.file), w.file.LineBreak()
	for _, d := range w.file.Declarations {
		w.index(d)
	}
	return w
}

// place is where a resource is declared: nested in another one, or in nil.
type place struct {
	decl *bicep.ResourceDecl
	in   *place
}

// index notes what lies in a top-level declaration, so that none of its parts has
// to be looked for.
func (w *bicepWriter) index(d bicep.Declaration) {
	if name := d.Head().Name; name != nil && w.values[name.Name] == nil {
		switch d.(type) {
		case *bicep.ParamDecl, *bicep.VarDecl:
			w.values[name.Name] = d
		}
	}
	var around *place
	bicep.Walk(d, func(n bicep.Node) bool {
		switch n := n.(type) {
		case *bicep.Ident:
			w.names.take(n.Name)
		case *bicep.ForExpr:
			w.addCounters(n)
		case bicep.Declaration:
			if name := n.Head().Name; name != nil {
				w.names.take(name.Name)
			}
		}
		if r, ok := n.(*bicep.ResourceDecl); ok {
			for around != nil && around.decl.Span().End <= r.Span().Start {
				around = around.in
			}
			around = &place{decl: r, in: around}
			w.places[r.Span()] = around
		}
		return true
	})
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
type existingText struct{ name, apiVersion, loop string }

func (w *bicepWriter) edits(t *target) ([]diag.TextEdit, error) {
	a, err := w.find(t.Resource.Decl)
	if err != nil {
		return nil, err
	}
	if name := w.undeclared(t); name != "" {
		return nil, refuse("it uses %q, which is not declared at the top level of the file; correct that first", name)
	}
	if t.filter != nil {
		a.conditions = append(a.conditions, condition{text: w.filter(t.filter)})
	}
	c := collectionText{condition: joinConditions(a.conditions), nameFirst: true}
	if a.loop != nil {
		c.loop = w.loop(a)
	}
	if err := w.refer(t, a, &c); err != nil {
		return nil, err
	}
	c.symbol = w.names.free(a.decl().Name.Name + "Defender")
	return []diag.TextEdit{w.insertion(a, w.render(w.unit(a), c))}, nil
}

func (w *bicepWriter) forget() { clear(w.services) }

// find walks to the declaration and takes its loop and conditions apart.
func (w *bicepWriter) find(decl *template.Resource) (*bicepAPI, error) {
	a := &bicepAPI{}
	for p := w.places[decl.Decl]; p != nil; p = p.in {
		a.chain = append(a.chain, p.decl)
	}
	slices.Reverse(a.chain)
	if len(a.chain) == 0 {
		return nil, refuse("it is declared in a nested deployment that is written as a resource; make a module of that, then add the collection")
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

// filter is the condition that an API can be onboarded.
func (w *bicepWriter) filter(f *filter) string {
	var parts []string
	if f.typ != nil {
		typ := w.operand(f.typ)
		if f.optional {
			typ = "(" + typ + " ?? 'http')"
		}
		parts = append(parts, typ+" == 'http'")
	}
	if f.tier != nil {
		parts = append(parts, w.operand(f.tier)+" != 'Consumption'")
	}
	return strings.Join(parts, " && ")
}

// operand is the text of an expression that stands beside an operator.
func (w *bicepWriter) operand(x expr.Expr) string {
	text := w.file.Source.Text(x.Span())
	switch x.(type) {
	case *expr.Conditional, *expr.Binary, *expr.Unary:
		return "(" + text + ")"
	}
	return text
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

// loop is the head of the API's own loop.
func (w *bicepWriter) loop(a *bicepAPI) string {
	if a.loop.Index == nil {
		return w.header(a.loop, "")
	}
	return w.header(a.loop, a.loop.Index.Name)
}

// header is the head of a loop, up to its colon, with a variable for the index
// unless that is "".
func (w *bicepWriter) header(f *bicep.ForExpr, index string) string {
	item := "item"
	if f.Item != nil {
		item = f.Item.Name
	}
	if index != "" {
		item = "(" + item + ", " + index + ")"
	}
	return "for " + item + " in " + w.file.Source.Text(f.Collection.Span())
}
