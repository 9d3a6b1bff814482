package fix

import (
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// snippet is an existing service and a collection, in the words of the API's
// own declaration. Where they go is for the author to decide, so that they
// refer to nothing else in the file.
func (w *bicepWriter) snippet(r *deployment.Resource) string {
	a, err := w.find(r.Decl)
	if err != nil || a.body.Property("name") == nil {
		return ""
	}
	name := a.body.Property("name").Value
	pieces, isString := w.pieces(name)
	service, api := "", w.file.Source.Text(name.Span())
	switch owner := r.Owner(); {
	case owner != nil && owner.Name != nil:
		service = r.Source(owner.Name)
	case owner == nil && isString:
		before, after, ok := cutSlash(pieces)
		if !ok {
			return ""
		}
		service, pieces = renderPieces(before), after
	default:
		return ""
	}
	if isString {
		pieces, _ = cutRevision(pieces)
		api = renderPieces(pieces)
	}
	return w.render(a, collectionText{
		symbol: a.decl().Name.Name + "Defender", scope: "apiManagementService", name: api, nameFirst: true,
		existing: &existingText{name: service, apiVersion: serviceVersion},
	})
}

// serviceVersion is the API version of a service that a snippet refers to.
const serviceVersion = "2022-08-01"

// snippet is a collection, in the words of the API's own declaration.
func (w *armWriter) snippet(r *deployment.Resource) string {
	a, err := w.find(r.Decl)
	if err != nil {
		return ""
	}
	l := layout{lineBreak: lineBreak(w.src.Content), unit: "  ", colon: ": "}
	return l.object([]member{
		{key: "type", value: quote(template.TypeCollection)},
		{key: "apiVersion", value: quote(w.apiVersion)},
		{key: "scope", value: a.name.scope()},
		{key: "name", value: a.name.collection()},
		{key: "dependsOn", open: "[", inner: []member{{value: w.dependency(r.Decl, a)}}},
	})
}
