package deployment

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// All deployments together may take so much work, or so much for each file where
// there are many files: a module with many APIs may be called by very many roots,
// and a template may have very many parameter files. A unit is a step of
// evaluation; some hundred thousand take a tenth of a second.
const (
	maxWork        = 4_000_000
	maxWorkPerFile = 2_000

	workPerDeployment = 100
	workPerResource   = 100
	workPerCall       = 100
)

// ExpandAll evaluates the deployments that API Management or Defender has any
// part in, on all processors, in the order of Roots. Those after the limit of
// all are there with a diagnostic and nothing else.
func (g *Graph) ExpandAll() []*Deployment {
	var roots []Root
	matters := g.matter()
	for _, r := range g.roots {
		if matters[r.Path] {
			roots = append(roots, r)
		}
	}
	t := tally{done: make([]*Deployment, len(roots)), limit: max(maxWork, maxWorkPerFile*len(g.files))}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(roots)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(roots) && t.room(); i = int(next.Add(1)) - 1 {
				t.add(i, g.Expand(roots[i]))
			}
		})
	}
	wg.Wait()
	for i := t.front; i < len(roots); i++ {
		t.done[i] = t.cutOff(roots[i])
	}
	return t.done
}

// tally counts the work of deployments in their order, so that which ones
// are cut off does not depend on which processor was faster.
type tally struct {
	mu    sync.Mutex
	done  []*Deployment
	front int // all before it are counted, and are kept
	total int // work of those
	limit int // of total
}

// room reports whether the deployments counted so far leave room for others.
func (t *tally) room() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total < t.limit
}

func (t *tally) add(i int, d *Deployment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done[i] = d
	for t.front < len(t.done) && t.done[t.front] != nil && t.total < t.limit {
		t.total += t.done[t.front].work
		t.front++
	}
}

// cutOff is a deployment that was not evaluated because those before it have
// too many resources.
func (t *tally) cutOff(r Root) *Deployment {
	return &Deployment{Root: r, asked: asked{reached: map[string]bool{r.Path: true}}, Diagnostics: []diag.Diagnostic{{
		Code: CodeNotEvaluated, Severity: diag.Failure, Path: r.Path,
		Summary: "Could not be evaluated",
		Detail: fmt.Sprintf("could not evaluate: the deployments before it already took %d steps of work. "+
			"Nothing of this one is checked; check parts of the repository by themselves.", t.total),
	}}}
}

// matter finds the templates that declare, or call one that declares, a
// resource that the rule reads. A module of which nothing is known may do so.
func (g *Graph) matter() map[string]bool {
	callers := map[string][]string{}
	for from, tos := range g.calls {
		for _, to := range tos {
			callers[to] = append(callers[to], from)
		}
	}
	out := map[string]bool{}
	var mark func(p string)
	mark = func(p string) {
		if out[p] {
			return
		}
		out[p] = true
		for _, c := range callers[p] {
			mark(c)
		}
	}
	for p, f := range g.files {
		if f.Template != nil && (g.outside[p] || declares(f.Template)) {
			mark(p)
		}
	}
	return out
}

func declares(t *template.Template) bool {
	if slices.ContainsFunc(t.Resources, (*template.Resource).Concerns) {
		return true
	}
	return slices.ContainsFunc(t.Modules, func(m *template.Module) bool { return m.Inline != nil && declares(m.Inline) })
}
