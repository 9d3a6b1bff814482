package fix

import (
	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// snippet is an existing service and a collection, in the words of the API's
// own declaration. Where they go is for the author to decide, so that they
// refer to nothing else in the file.
func (w *bicepWriter) snippet(r *deployment.Resource) string {
	if call := r.Entry(); call != nil {
		return w.beside(call, r)
	}
	a, err := w.find(r.Decl)
	if err != nil || a.body.Property("name") == nil {
		return ""
	}
	name := a.body.Property("name").Value
	pieces, isString := w.pieces(name)
	c := collectionText{
		symbol: a.decl().Name.Name + "Defender", scope: "apiManagementService", name: w.file.Source.Text(name.Span()), nameFirst: true,
		condition: joinConditions(a.conditions), existing: &existingText{apiVersion: serviceVersion},
	}
	if a.loop != nil {
		c.loop = w.loop(a)
	}
	parent := a.body.Property("parent")
	switch owner := r.Owner(); {
	case owner != nil && owner.Name != nil:
		c.existing.name = r.Source(owner.Name)
	case parent != nil: // one of a loop of services
		c.scope, c.existing = w.file.Source.Text(parent.Value.Span()), nil
	case owner == nil && isString:
		before, after, ok := cutSlash(pieces)
		if !ok || a.loop != nil && mentionsAny(before, a.loop) {
			return ""
		}
		c.existing.name, pieces = renderPieces(before), after
	default:
		return ""
	}
	pieces, cut := cutRevision(pieces)
	if isString {
		c.name = renderPieces(pieces)
	}
	if !cut && check.HasRevision(r) {
		c.name = beforeRevision(c.name)
	}
	return w.render(w.unit(a), c)
}

// beside is an existing service and a collection for an API that a registry
// module declares, in the words of the call; "" where these do not tell the
// names.
func (w *bicepWriter) beside(call *template.Module, r *deployment.Resource) string {
	id, ok := r.Service()
	if !ok || len(r.Segments) != 2 || call.Loop != nil || call.Symbol == "" {
		return ""
	}
	service, known := handed(r, id.Name)
	name, both := handed(r, r.Segments[1])
	if !known || !both {
		return ""
	}
	c := collectionText{
		symbol: w.names.free(call.Symbol + "Defender"), scope: "apiManagementService", name: name, nameFirst: true, dependsOn: call.Symbol,
		existing: &existingText{name: service, apiVersion: serviceVersion},
	}
	if call.Condition != nil {
		c.condition = w.file.Source.Text(call.Condition.Span())
	}
	return w.render("  ", c)
}

// handed is a value as Bicep writes it: a literal, or what the call of a
// registry module hands over.
func handed(r *deployment.Resource, v expr.Value) (string, bool) {
	if text, ok := r.Handed(v); ok {
		return text, true
	}
	s, ok := v.AsString()
	return "'" + escapeBicep(s) + "'", ok
}

// serviceVersion is the API version of a service that a snippet refers to.
const serviceVersion = "2022-08-01"

// snippet is a collection, in the words of the API's own declaration.
func (w *armWriter) snippet(r *deployment.Resource) string {
	a, err := w.find(r.Decl)
	if err != nil {
		return ""
	}
	l := layout{lineBreak: w.lineBreak, unit: "  ", colon: ": "}
	return l.object(w.members(&target{Declaration: check.Declaration{Resource: r}}, a))
}
