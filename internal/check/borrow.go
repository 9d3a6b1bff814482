package check

import (
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/expr"
)

// borrow looks for collections in other deployments of the repository: one
// team often deploys the APIs and another one their protection.
func (r *run) borrow() {
	type home struct {
		root string
		c    *collection
	}
	always, sometimes := map[string][]home{}, map[string][]home{}
	for _, d := range r.deployments {
		for _, c := range d.collections {
			key, ok := knownKey(c.service, c.name)
			switch {
			case !ok || c.resource.Condition.IsFalse():
			case c.resource.Condition.IsTrue():
				always[key] = append(always[key], home{d.Root.Path, c})
			default:
				sometimes[key] = append(sometimes[key], home{d.Root.Path, c})
			}
		}
	}
	elsewhere := func(homes []home, d *checked, a *api) *collection {
		for _, h := range homes {
			if h.root != d.Root.Path && !apart(a.service.Target, h.c.service.Target) {
				return h.c
			}
		}
		return nil
	}
	for _, d := range r.deployments {
		for _, a := range d.apis {
			key, ok := knownKey(a.service, a.name)
			if !ok || a.status != Unprotected && a.status != Undetermined {
				continue
			}
			if c := elsewhere(always[key], d, a); c != nil {
				a.status, a.related, a.reason, a.blocked = Onboarded, c, "by "+c.resource.Path(), ""
				continue
			}
			if c := elsewhere(sometimes[key], d, a); c != nil && a.status == Unprotected {
				a.status, a.related = Undetermined, c
				a.reason = "its collection in " + c.resource.Path() + " is deployed only under a condition"
				a.blocked = "there is a collection for it in " + c.resource.Path() + " already"
			}
		}
	}
}

// knownKey is the same for services and names that are known and equal.
func knownKey(s deployment.ServiceID, name expr.Value) (string, bool) {
	service, ok := s.Name.AsString()
	if !ok {
		return "", false
	}
	n, ok := name.AsString()
	return strings.ToLower(service + "\x00" + n), ok
}

// apart reports whether two targets are known to differ. The resource group
// of a root is not known; that it may be the same one is the point here.
func apart(a, b deployment.Target) bool {
	differ := func(v, w expr.Value) bool {
		x, okx := v.AsString()
		y, oky := w.AsString()
		return okx && oky && !strings.EqualFold(x, y)
	}
	return differ(a.ResourceGroup, b.ResourceGroup) || differ(a.Subscription, b.Subscription)
}
