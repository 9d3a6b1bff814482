package deployment

import (
	"iter"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// services are the API Management services at the top level of an instance that
// are no loops, in order.
type services struct {
	all    []service
	byName map[string][]int // positions in all, by folded name
}

type service struct {
	decl *template.Resource
	id   ServiceID
}

func (in *instance) services() *services {
	if in.single != nil {
		return in.single
	}
	in.single = &services{byName: map[string][]int{}}
	for _, r := range in.template.Resources {
		if r.Loop != nil || !strings.EqualFold(r.Type, template.TypeService) {
			continue
		}
		h := &resourceHandle{in: in, decl: r, scope: in.scope()}
		if segments := h.segments(); len(segments) == 1 {
			in.single.add(service{r, ServiceID{Target: h.target(), Name: segments[0]}})
		}
	}
	return in.single
}

func (s *services) add(x service) {
	key := expr.Fold(x.id.Name).Key()
	s.byName[key] = append(s.byName[key], len(s.all))
	s.all = append(s.all, x)
}

// maxUnlike is how many services are compared with one that is not written the
// same. Azure takes no template with nearly so many.
const maxUnlike = 800

// like are the services that a name may be that of: the first ones, and of those
// that follow the ones that are written the same.
func (s *services) like(name expr.Value) iter.Seq[service] {
	return func(yield func(service) bool) {
		for _, x := range s.all[:min(len(s.all), maxUnlike)] {
			if !yield(x) {
				return
			}
		}
		for _, i := range s.byName[expr.Fold(name).Key()] {
			if i >= maxUnlike && !yield(s.all[i]) {
				return
			}
		}
	}
}
