package review

import (
	"context"
	"maps"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
)

// Modules fetches modules from registries, by their full references. What
// cannot be had says why; a check is done without it.
type Modules interface {
	Modules(ctx context.Context, references []string) map[string]deployment.Module
}

// Registry remembers what a door to registries gave, so that each module is
// asked for once and all snapshots of one run see the same. It belongs to one
// run. A nil Registry gives nothing.
type Registry struct {
	// Door is required.
	Door Modules

	known map[string]deployment.Module
}

// modules are those that were asked for so far.
func (r *Registry) modules() map[string]deployment.Module {
	if r == nil {
		return nil
	}
	return r.known
}

// fetch asks for modules that are not known, and reports whether it did.
func (r *Registry) fetch(ctx context.Context, references []string) bool {
	if r == nil || len(references) == 0 {
		return false
	}
	known := maps.Clone(r.known) // graphs hold the old one
	if known == nil {
		known = map[string]deployment.Module{}
	}
	got := r.Door.Modules(ctx, references)
	for _, ref := range references {
		known[ref] = got[ref]
	}
	r.known = known
	return true
}
