package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// api is an API of one deployment: its revisions, the current one first.
type api struct {
	revisions []*deployment.Resource
	service   deployment.ServiceID
	name      expr.Value           // base name
	folded    expr.Value           // the name without case
	at        deployment.ServiceID // the service without case
	second    expr.Value           // another spelling of the name without case, unknown for none
	ends      expr.Ends            // of the name
	required  expr.Value           // whether it must have a collection: it is deployed, REST, and on a service that can be covered
	status    Status
	reason    string
	blocked   string // why no collection may be added
	tiered    bool   // a condition chooses the tier of its service, Consumption or another one
	related   *collection
	gateways  []string
	matched   []*collection
}

func (a *api) current() *deployment.Resource { return a.revisions[0] }

// budget is how many pairs of resources are still compared in one deployment.
// Its names may be made so that none can be told apart from any other at once.
type budget int

// So many pairs are compared in one deployment, and in all together, or so many
// for each file where there are many files.
const (
	maxPairs        budget = 500_000
	maxAllPairs     budget = 2_000_000
	maxPairsPerFile budget = 1_000
)

// workPerPair is how many steps of evaluation take as long as comparing a pair.
const workPerPair = 25

// cheapPairs is how many pairs whose names begin or end differently count as one.
const cheapPairs = 16

// spend takes a pair from the budget, and as many as it costs more than others.
func (b *budget) spend(more int) bool {
	*b -= budget(1 + more)
	return *b >= 0
}

// effort is [expr.Effort] for services.
func effort(a, b deployment.ServiceID) int {
	return expr.Effort(a.Name, b.Name) + expr.Effort(a.Target.ResourceGroup, b.Target.ResourceGroup) +
		expr.Effort(a.Target.Subscription, b.Target.Subscription)
}

// collection is a Microsoft.Security/apiCollections resource of one deployment.
type collection struct {
	resource *deployment.Resource
	service  deployment.ServiceID
	name     expr.Value           // base name
	folded   expr.Value           // the name without case
	at       deployment.ServiceID // the service without case
	ends     expr.Ends            // of the name
}

// baseName is a resource's last name segment without the revision.
func baseName(segments []expr.Value) expr.Value {
	if len(segments) == 0 {
		return expr.Unknown()
	}
	base, _ := withoutRevision(segments[len(segments)-1])
	return base
}

// apisOf groups the API resources of a deployment by service and base name.
func apisOf(d *deployment.Deployment) []*api {
	var apis []*api
	index := map[string]*api{}
	for _, r := range d.Resources {
		if !r.Is(template.TypeAPI) || r.Existing || r.Condition.IsFalse() {
			continue
		}
		service, ok := r.Service()
		if !ok {
			service = deployment.ServiceID{Target: r.Target}
		}
		a := &api{revisions: []*deployment.Resource{r}, service: service, name: baseName(r.Segments)}
		a.folded, a.ends = expr.Fold(a.name), expr.EndsOf(a.name)
		key, sure := identity(a.service, a.name)
		if first := index[key]; sure && first != nil {
			first.revisions = append(first.revisions, r)
			continue
		}
		if sure && index[key] == nil {
			index[key] = a
		}
		apis = append(apis, a)
	}
	for _, a := range apis {
		slices.SortStableFunc(a.revisions, func(x, y *deployment.Resource) int { return revisionRank(x) - revisionRank(y) })
		a.at = a.service.Fold()
		if cur := a.current(); len(cur.Segments) == 2 {
			if second, ok := expr.SecondOfTwo(cur.Segments[0], a.name); ok {
				a.second = expr.Fold(second)
			}
		}
		needs := make([]expr.Value, len(a.revisions))
		for i, r := range a.revisions {
			needs[i] = needed(r)
		}
		a.required = expr.Or(needs...)
	}
	return apis
}

// needed is the condition under which a declaration brings an API that is REST.
func needed(r *deployment.Resource) expr.Value { return expr.And(r.Condition, restIf(r)) }

// revisionRank is lowest for the current revision.
func revisionRank(r *deployment.Resource) int {
	switch {
	case notREST(r) != "":
		return 3
	case r.Property("properties", "isCurrent").IsTrue():
		return 0
	case !HasRevision(r):
		return 1
	}
	return 2
}

// identity is a key that is equal for services and names that are the same
// term; it is not sure when something unknown is inside.
func identity(s deployment.ServiceID, name expr.Value) (key string, sure bool) {
	var b strings.Builder
	for _, v := range []expr.Value{s.Target.Subscription, s.Target.ResourceGroup, s.Name, name} {
		folded := expr.Fold(v)
		if v.IsUnknown() {
			b.WriteString("\x00-")
			continue
		}
		b.WriteString("\x00" + folded.Key())
	}
	return b.String(), !s.Name.Vague() && !name.Vague()
}

// collectionsOf are the collections of a deployment that are scoped to a
// service, dead ones included.
func collectionsOf(d *deployment.Deployment) []*collection {
	var out []*collection
	for _, r := range d.Resources {
		if r.Existing {
			continue
		}
		c := &collection{resource: r, name: baseName(r.Segments)}
		c.folded, c.ends = expr.Fold(c.name), expr.EndsOf(c.name)
		var ok bool
		switch {
		case r.Is(template.TypeCollection):
			c.service, ok = r.ExtendedService()
		case r.Is(template.TypeLegacy):
			c.service, ok = r.Service()
			ok = ok && len(r.Segments) == 3 && expr.SameName(r.Segments[1], expr.String("Microsoft.Security")) != expr.False
		}
		if ok {
			c.at = c.service.Fold()
			out = append(out, c)
		}
	}
	return out
}

// protect are the declarations that must get a collection for the API to be
// covered whenever it is deployed: the current revision's, or, where no
// revision is always there, those that take turns. Otherwise blocked says why
// a collection cannot be added.
func (a *api) protect() (decls []*deployment.Resource, blocked string) {
	cur := a.current()
	decls = []*deployment.Resource{cur}
	if slices.ContainsFunc(a.revisions[1:], cur.SameLoop) {
		return decls, "its loop brings several revisions of it, and would bring a collection for each; add one collection by itself"
	}
	for _, r := range a.revisions {
		if expr.Implies(a.required, needed(r)) == expr.True {
			return []*deployment.Resource{r}, ""
		}
	}
	if len(a.revisions) > maxRevisions {
		return decls, "it is declared more than " + strconv.Itoa(maxRevisions) + " times under conditions of their own; " +
			"add a collection that is always deployed"
	}
	for _, r := range a.revisions[1:] {
		for _, p := range decls {
			if expr.Satisfiable(p.Condition, r.Condition) {
				return decls, "it is declared several times under conditions that may hold at once; " +
					"add a collection whose condition is that of one of them"
			}
		}
		decls = append(decls, r)
	}
	return decls, ""
}

// ReasonTier says that an API is excluded by the tier of its service.
const ReasonTier = "the service is in the Consumption tier, which Defender for APIs does not support"

// unsupported says why a service cannot be covered, its tier or its region, and
// when that is so; "" for never. A region that is not known is taken for one that
// is supported.
func unsupported(service *deployment.Resource, extra []string) (why string, when expr.Value) {
	if location, ok := service.Property("location").AsString(); ok && !supportedRegion(location, extra) {
		return fmt.Sprintf("Defender for APIs is not available in the service's region (%s)", location), service.Condition
	}
	tier := eachText(service.Property("sku", "name"), func(s string) expr.Value {
		if strings.EqualFold(s, consumption) {
			s = consumption
		}
		return expr.String(s)
	})
	if when = expr.And(service.Condition, expr.Equals(tier, expr.String(consumption))); when.Vague() || when.IsFalse() {
		return "", expr.Bool(false)
	}
	return ReasonTier, when
}

const consumption = "Consumption"

// managedGateway is the identifier of the gateway that Azure runs for a
// service, which no self-hosted one can have.
// https://learn.microsoft.com/rest/api/apimanagement/gateway/create-or-update
const managedGateway = "managed"

// gatewaysOf names the self-hosted gateways that the API is assigned to
// whenever it is deployed; none when the templates publish it on the managed
// one in so many words.
func gatewaysOf(assigned []*deployment.Resource, a *api, pairs *budget) []string {
	var names []string
	var conditions []expr.Value
	for _, r := range assigned {
		if len(r.Segments) != 3 {
			continue
		}
		service, ok := r.Service()
		if !pairs.spend(expr.Effort(r.Segments[2], a.name) + effort(service, a.service)) {
			break
		}
		if !ok || expr.SameName(r.Segments[2], a.name) != expr.True || deployment.SameService(service, a.service) != expr.True {
			continue
		}
		name, ok := r.Segments[1].AsString()
		switch {
		case !ok:
			name = "(not known)"
		case strings.EqualFold(name, managedGateway):
			return nil
		}
		names = append(names, name)
		conditions = append(conditions, r.Condition)
	}
	if len(names) == 0 || expr.Implies(a.required, conditions...) != expr.True {
		return nil
	}
	slices.Sort(names)
	return slices.Compact(names)
}
