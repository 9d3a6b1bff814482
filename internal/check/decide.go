package check

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/expr"
)

// candidates are the collections that may be an API's.
type candidates struct {
	matched []*collection // those that are, and can be deployed together with it
	dead    *collection   // one that is, and cannot
	open    []*collection // those that may or may not be
}

// decide gives the API its status within its own deployment.
func (a *api) decide(all iter.Seq[*collection], pairs *budget) {
	found, ok := a.compare(all, pairs)
	a.matched = found.matched
	if !ok {
		a.status, a.reason = Undetermined, "its deployment has more APIs and collections than are compared with each other"
		a.blocked = a.reason
		return
	}
	if a.covered(found) {
		a.status = Onboarded
		return
	}
	if len(a.matched) > 0 {
		a.status, a.related = Undetermined, a.matched[0]
		a.reason = "its collection is deployed only under a condition that does not follow from the API's own"
		a.blocked = "there is a collection for it already; give that one the API's own condition"
		return
	}
	for _, c := range slices.Backward(found.open) {
		if _, perhaps := a.when(c); expr.Satisfiable(a.required, c.resource.Condition, perhaps) {
			a.leaveOpen(c)
			return
		}
	}
	a.status = Unprotected
	if found.dead != nil {
		a.related = found.dead
		a.blocked = "there is a collection for it already that is never deployed together with it; change the condition of that one"
	}
}

// leaveOpen says that a collection may be the API's.
func (a *api) leaveOpen(c *collection) {
	a.status, a.related = Undetermined, c
	a.reason = "a collection of the service has a name that may or may not be this API's"
	a.blocked = "a collection may be for it already; give it the name of the API, or supply the parameter values"
	if deployment.SameFolded(a.at, c.at) != expr.True {
		a.reason = "a collection that may be for it is scoped to a service that may or may not be this API's"
		a.blocked = "a collection may be for it already; name the service the same way for both, or supply the parameter values"
	}
}

// compare finds the candidates among the collections. It reports false when it
// may not compare all of them.
func (a *api) compare(all iter.Seq[*collection], pairs *budget) (found candidates, ok bool) {
	apart := 0
	for c := range all {
		if a.ends.Apart(c.ends) {
			if apart++; apart%cheapPairs == 0 && !pairs.spend(0) {
				return found, false
			}
			continue
		}
		if !pairs.spend(expr.Effort(a.folded, c.folded) + effort(a.service, c.service)) {
			return found, false
		}
		same := a.named(c)
		if same != expr.False {
			same = expr.Every(same, deployment.SameFolded(a.at, c.at))
		}
		switch same {
		case expr.True:
			if expr.Satisfiable(a.required, c.resource.Condition) {
				found.matched = append(found.matched, c)
			} else {
				found.dead = c
			}
		case expr.Maybe:
			found.open = append(found.open, c)
		case expr.False:
		}
	}
	return found, true
}

// covered reports whether one of the collections is deployed whenever the API
// is, and keeps those that it takes.
func (a *api) covered(found candidates) bool {
	var conditions []expr.Value
	for _, c := range found.matched {
		conditions = append(conditions, c.resource.Condition)
	}
	if len(conditions) > 0 && expr.Implies(a.required, conditions...) == expr.True {
		return true
	}
	matched := slices.Clip(found.matched)
	for _, c := range found.open { // names may hang on conditions, too
		if surely, _ := a.when(c); !surely.IsFalse() {
			conditions = append(conditions, expr.And(c.resource.Condition, surely))
			matched = append(matched, c)
		}
	}
	if len(matched) == len(found.matched) || expr.Implies(a.required, conditions...) != expr.True {
		return false
	}
	a.matched = matched
	return true
}

// when says when an open collection is the API's: surely is a condition under
// which it is, perhaps one without which it is not.
func (a *api) when(c *collection) (surely, perhaps expr.Value) {
	if deployment.SameFolded(a.at, c.at) != expr.True {
		return expr.Bool(false), expr.Bool(true)
	}
	return expr.SameWhen(a.folded, c.folded)
}

// named reports whether a collection has the API's name.
func (a *api) named(c *collection) expr.Truth {
	same := expr.SameText(a.folded, c.folded)
	if same == expr.Maybe && !a.second.IsUnknown() && expr.SameText(a.second, c.folded) == expr.True {
		return expr.True
	}
	return same
}

func (r *run) judge(d *checked, a *api, candidates iter.Seq[*collection]) {
	if a.current().Segments == nil {
		a.status, a.reason = Excluded, "its name has more or fewer parts than its type, which Azure refuses"
		return
	}
	if !expr.Satisfiable(a.required) {
		a.status, a.reason = Excluded, cmp.Or(notREST(a.current()), "not a REST API whenever it is deployed")
		return
	}
	if why := r.exempt(d, a); why != "" {
		a.status, a.reason = Excluded, why
		return
	}
	a.gateways = gatewaysOf(d.gateways, a, &d.pairs)
	if len(a.gateways) > 0 && r.settings.SelfHostedGateway == GatewayIgnore {
		a.status, a.reason = Excluded, "assigned to the self-hosted gateway "+strings.Join(a.gateways, ", ")
		return
	}
	a.decide(candidates, &d.pairs)
}

// exempt takes out of what is required when the API's service cannot be covered. It
// says why where nothing is left.
func (r *run) exempt(d *checked, a *api) (why string) {
	for _, s := range d.services {
		id, ok := s.Service()
		if !d.pairs.spend(effort(id, a.service)) {
			return ""
		}
		if !ok || deployment.SameService(id, a.service) != expr.True {
			continue
		}
		reason, when := unsupported(s, r.settings.Regions)
		if reason == "" || !expr.Satisfiable(a.required, when) {
			continue
		}
		a.required = expr.And(a.required, expr.Negate(when))
		if !expr.Satisfiable(a.required) {
			return reason
		}
		if t := s.Property("sku", "name").Term(); t != nil && t.Op == expr.OpIf && reason == ReasonTier {
			a.tiered = true
		}
		if expr.Identical(when, s.Condition) {
			a.blocked = "add a collection with a condition that leaves out the case that " + reason
		}
	}
	return ""
}
