package deployment

import (
	"fmt"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Limits of one deployment.
const (
	// maxModuleDepth is how deep modules may call each other.
	maxModuleDepth = 32
	// maxOwn is how many APIs and module calls one template expands to, those of
	// the modules not counted. Azure refuses templates with more than 800
	// resources after their loops, and a module is one. Collections do not count:
	// an API that is evaluated must not seem bare for want of them.
	// https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
	maxOwn = 4000
	// maxResources is how many resources all templates of one deployment expand
	// to, and maxCalls how many module calls.
	maxResources = 20000
	maxCalls     = 20000
)

// limit reports a limit that was exceeded since the last call, at a place.
func (in *instance) limit(at source.Span) bool {
	d := in.d
	err := d.eval.Err()
	if err == nil {
		return false
	}
	d.eval.Reset()
	path, at := in.place(at)
	d.report(diag.Diagnostic{
		Code: CodeNotEvaluated, Severity: diag.Failure, Path: path, Span: at,
		Summary: "Could not be evaluated",
		Detail: fmt.Sprintf("could not evaluate: stopped at %s. What hangs on it is not checked; "+
			"simplify the expression or split the template.", err.What),
	})
	return true
}

// room reports whether the deployment may grow. That it may not is said once,
// at the place where it would have.
func (in *instance) room(at source.Span) bool {
	d := in.d
	if d.full {
		return false
	}
	switch {
	case len(d.out.Resources) >= maxResources:
		d.eval.Exceed(fmt.Sprintf("%d resources in one deployment", maxResources))
	case d.calls >= maxCalls:
		d.eval.Exceed(fmt.Sprintf("%d module calls in one deployment", maxCalls))
	default:
		return true
	}
	d.full = true
	in.limit(at)
	return false
}

// roomOfOwn reports whether the template may bring another API or module call.
// That it may not is said once, as room does.
func (in *instance) roomOfOwn(at source.Span) bool {
	if in.brought++; in.brought == maxOwn+1 {
		in.d.eval.Exceed(fmt.Sprintf("%d APIs and module calls in one template, of which Azure takes 800", maxOwn))
		in.limit(at)
	}
	return in.brought <= maxOwn
}
