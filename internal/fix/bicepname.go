package fix

import (
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/template/bicep"
)

// refer works out the scope and the name of the collection, and whether it
// must depend on the API by its own words.
func (w *bicepWriter) refer(t *target, a *bicepAPI, c *collectionText) error {
	name := a.body.Property("name")
	if name == nil {
		return refuse("it has no name")
	}
	pieces, isString := w.pieces(name.Value)
	kept, isRevision := cutRevision(pieces)
	whole := a.loop == nil && !isRevision // the API's own name will do
	base := func(name string) string { return name }
	if !isRevision && t.revised() {
		base = beforeRevision
	}

	switch parent := a.body.Property("parent"); {
	case a.nested():
		c.scope = strings.Join(strings.Split(a.symbol(), "::")[:len(a.chain)-1], "::")
	case parent != nil:
		c.scope = w.file.Source.Text(parent.Value.Span())
		c.nameFirst = name.Span().Start < parent.Span().Start
	default:
		err := w.referBySlash(t, a, c, name.Value, pieces, isString)
		c.name = base(c.name)
		return err
	}
	if owner := t.Resource.Owner(); owner != nil && owner.Scope != nil {
		return refuse("its service lies in another scope, where Bicep does not let this file extend it; " +
			"declare API and collection in a module that is deployed to that scope")
	}
	if whole {
		c.name = base(a.symbol() + ".name")
		return nil
	}
	c.name, c.dependsOn = base(w.file.Source.Text(name.Value.Span())), a.symbol()
	if isRevision {
		c.name = renderPieces(kept)
	}
	return nil
}

// beforeRevision is a name without the revision that the values it is put
// together from bring.
func beforeRevision(name string) string { return "split(" + name + ", ';rev=')[0]" }

// referBySlash does so for an API whose name is 'service/api'.
func (w *bicepWriter) referBySlash(t *target, a *bicepAPI, c *collectionText, name bicep.Expr, pieces []piece, isString bool) error {
	if a.apiVersion() == "" {
		return refuse("its type has no API version")
	}
	text := w.file.Source.Text(name.Span())
	service, api := "split("+text+", '/')[0]", "last(split("+text+", '/'))"
	changes := a.loop != nil
	c.dependsOn = a.symbol()
	if isString {
		before, after, ok := cutSlash(pieces)
		if !ok {
			return refuse("its name is not written as service/api")
		}
		after, _ = cutRevision(after)
		changes = changes && mentionsAny(before, a.loop)
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
	return w.declareService(a, c, service, changes)
}

// declareService lets the collection refer to a service by a name: to one that
// was declared for another collection, or to a new one; in a loop of services,
// to the one at the same index.
func (w *bicepWriter) declareService(a *bicepAPI, c *collectionText, service string, changes bool) error {
	if symbol, ok := w.services[service]; ok && !changes {
		c.scope = symbol
		return nil
	}
	symbol := w.names.free("apiManagementService")
	c.scope, c.existing = symbol, &existingText{name: service, apiVersion: a.apiVersion()}
	if !changes {
		w.services[service] = symbol
		return nil
	}
	index := ""
	if a.loop.Index != nil {
		index = a.loop.Index.Name
	} else {
		index = w.names.free("index")
	}
	c.loop = w.header(a.loop, index)
	c.scope, c.existing.loop = symbol+"["+index+"]", w.loop(a)
	return nil
}

// apiVersion is that of the API's type.
func (a *bicepAPI) apiVersion() string {
	_, version, _ := strings.Cut(textOf(a.decl().Type), "@")
	return version
}

func textOf(s *bicep.StringExpr) string {
	text, _ := s.Text()
	return text
}

// mentionsAny reports whether a part of a name uses the variables of a loop.
func mentionsAny(pieces []piece, loop *bicep.ForExpr) bool {
	found := false
	for _, p := range pieces {
		if p.node == nil {
			continue
		}
		bicep.Walk(p.node, func(n bicep.Node) bool {
			id, ok := n.(*bicep.Ident)
			if ok && (loop.Item != nil && id.Name == loop.Item.Name || loop.Index != nil && id.Name == loop.Index.Name) {
				found = true
			}
			return !found
		})
	}
	return found
}
