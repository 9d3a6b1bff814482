package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

func (r *run) reportAPIs() {
	sorted := r.sortedAPIs()
	r.report.APIs = make([]API, 0, len(sorted))
	for _, m := range sorted {
		w := r.worst(m)
		name, _ := display(w.api)
		row := API{
			Name: name, Service: displayService(w.api), Path: m.key.path, At: w.current().Place().Anchor,
			Status: w.status, Reason: w.reason,
		}
		for _, p := range m.parts {
			row.Deployments = append(row.Deployments, p.in.Root.Path)
		}
		slices.Sort(row.Deployments)
		row.Deployments = slices.Compact(row.Deployments)
		if reason, inSource, ok := r.suppressions.cover(r.settings, m, row); ok && row.Status >= Undetermined {
			row.Status, row.Reason, row.InSource = Suppressed, reason, inSource
		}
		if row.Status >= Undetermined {
			r.report.Findings = append(r.report.Findings, r.finding(m, w, row))
		}
		for _, p := range m.parts {
			r.accepted[p.api] = row.Status == Suppressed
		}
		r.report.APIs = append(r.report.APIs, row)
		r.report.Sources[m.key.path] = r.graph.Source(m.key.path)
		r.report.Summary.count(row.Status)
	}
}

// count adds an API to the counts.
func (s *Summary) count(status Status) {
	s.APIs++
	switch status {
	case Onboarded:
		s.Onboarded++
	case Unprotected:
		s.Unprotected++
	case Undetermined:
		s.Undetermined++
	case Excluded:
		s.Excluded++
	case Suppressed:
		s.Suppressed++
	}
}

// finding puts an API that is not, or may not be, onboarded into words.
func (r *run) finding(m *merged, w part, row API) Finding {
	f := Finding{
		Diagnostic: diag.Diagnostic{
			Code: CodeNotOnboarded, Severity: r.severity(w.api), Path: row.Path, Span: row.At,
			Summary: "API not onboarded to Defender for APIs",
		},
		API: row.Name, Service: row.Service, Subject: r.subject(w),
	}
	var services []string
	for _, p := range m.parts {
		if p.status == w.status {
			services = append(services, strconv.Quote(brief(displayService(p.api))))
			f.Deployments = append(f.Deployments, p.in.Root.Path)
			if p.in.Root.Parameters != "" {
				f.Parameters = append(f.Parameters, p.in.Root.Parameters)
			}
		}
	}
	slices.Sort(f.Deployments)
	f.Deployments = slices.Compact(f.Deployments)
	slices.Sort(f.Parameters)
	f.Parameters = slices.Compact(f.Parameters)
	if w.related != nil {
		f.Related = append(f.Related, related(w.related.resource, "the collection"))
	}
	subject, add := fmt.Sprintf("API %q of %s", brief(row.Name), listServices(services)), "Add one,"
	if m := w.current().Entry(); m != nil {
		subject += fmt.Sprintf(", which the registry module %q declares,", m.Path)
		add = "Add one beside the call of the module, use a version of it that brings one,"
	}
	if w.status == Undetermined {
		f.Code, f.Summary = CodeUndetermined, "API may not be onboarded to Defender for APIs"
		f.Detail = fmt.Sprintf("%s may be published without Microsoft Defender for APIs: %s. "+
			"Supply the values it depends on (a parameter file, or parameterDefaults in the settings), or write both the same way.", subject, w.reason)
		return f
	}
	f.Detail = fmt.Sprintf("%s is published without Microsoft Defender for APIs: no Microsoft.Security/apiCollections resource "+
		"with its name is scoped to the service. %s or suppress the finding with a reason.", subject, add)
	if w.related != nil {
		f.Detail = fmt.Sprintf("%s is published without Microsoft Defender for APIs: its collection is never deployed together with it. "+
			"Give the collection the API's own condition.", subject)
	}
	if typeOpen(w.current()) {
		f.Detail += " The API's type is not known here; it is treated as REST."
	}
	if len(w.gateways) > 0 {
		f.Detail += fmt.Sprintf(" It is also assigned to the self-hosted gateway %s; unless it was removed from the managed gateway it is "+
			"published there, too. If it was, suppress it or set selfHostedGateway: ignore.", strings.Join(w.gateways, ", "))
	}
	return f
}

func related(x *deployment.Resource, message string) diag.Related {
	at := x.Place()
	return diag.Related{Path: at.Path, Span: at.Anchor, Message: message}
}

// listServices names the services of an API, each once.
func listServices(quoted []string) string {
	slices.Sort(quoted)
	quoted = slices.Compact(quoted)
	if n := len(quoted) - maxListed; n > 0 {
		quoted = append(quoted[:maxListed], fmt.Sprintf("%d more", n))
	}
	if len(quoted) == 1 {
		return "service " + quoted[0]
	}
	return "services " + strings.Join(quoted, ", ")
}

// maxListed bounds what a message lists, and maxBrief how many bytes of a name it
// says. Azure takes 80 characters, and of an expression more is no help.
const (
	maxListed = 10
	maxBrief  = 500
)

// brief is a name as messages say it.
func brief(name string) string {
	if len(name) <= maxBrief {
		return name
	}
	return strings.ToValidUTF8(name[:maxBrief], "") + "…"
}

// subject collects what a fix needs to know.
func (r *run) subject(w part) *Subject {
	s := &Subject{Resource: w.current(), Blocked: w.blocked}
	protect := []*deployment.Resource{s.Resource}
	if m := s.Resource.Entry(); m != nil && s.Blocked == "" {
		s.Blocked = fmt.Sprintf("it is declared in the registry module %q, which is not this repository's; "+
			"add a collection beside the call, or use a version of the module that brings it", m.Path)
	}
	if s.Blocked == "" {
		protect, s.Blocked = w.protect()
	}
	for _, p := range protect {
		s.Protect = append(s.Protect, Declaration{p, r.siblings[declOf(p)]})
	}
	return s
}

// reportFiles reports what could not be read: one finding a file, at the
// first place.
func (r *run) reportFiles() {
	for _, p := range r.graph.Files() {
		f := r.graph.File(p)
		if len(f.Diagnostics) == 0 || f.GeneratedFrom != "" || !r.selected(p) || !template.Mentions(f.Source.Content) {
			continue
		}
		first := diag.First(f.Diagnostics)
		first.Code, first.Severity = CodeUnreadable, diag.Failure
		r.add(first, nil)
	}
	for _, o := range r.graph.Orphans() {
		if r.selected(o.Path) {
			r.add(o, nil)
		}
	}
}

// said is the place of a finding.
type said struct {
	path string
	at   source.Span
}

// add reports something that is not about one API; what several deployments
// say is one finding.
func (r *run) add(d diag.Diagnostic, in *checked) {
	place := said{d.Path, d.Span}
	for _, i := range r.said[place] {
		if f := &r.report.Findings[i]; diag.Compare(f.Diagnostic, d) == 0 {
			if in != nil && !slices.Contains(f.Deployments, in.Root.Path) {
				f.Deployments = append(f.Deployments, in.Root.Path)
			}
			return
		}
	}
	f := Finding{Diagnostic: d}
	if in != nil {
		f.Deployments = []string{in.Root.Path}
	}
	r.said[place] = append(r.said[place], len(r.report.Findings))
	r.report.Findings = append(r.report.Findings, f)
}

// reportDeployment reports what one deployment says about itself and adds its
// outcome.
func (r *run) reportDeployment(d *checked) {
	out := DeploymentResult{Root: d.Root.Path, Parameters: d.Root.Parameters, Outcome: None}
	concerned := false
	for _, x := range d.Diagnostics {
		if r.selected(x.Path) {
			r.add(x, d)
			concerned = true
			if x.Severity == diag.Failure {
				out.Outcome = Error
			}
		}
	}
	for _, x := range d.Resources {
		r.reportPlan(d, x)
	}
	r.reportDependencies(d)
	for _, a := range d.apis {
		if !r.selected(a.current().Path()) {
			continue
		}
		concerned = true
		switch {
		case !r.accepted[a] && r.severity(a) == diag.Failure:
			out.Outcome = Fail
		case a.status != Excluded && out.Outcome == None:
			out.Outcome = Pass
		}
	}
	if concerned {
		r.report.Deployments = append(r.report.Deployments, out)
	}
}

// reportPlan warns of a plan that the deployment switches off.
func (r *run) reportPlan(d *checked, x *deployment.Resource) {
	if !x.Is(template.TypePricing) || x.Existing || x.Condition.IsFalse() || !r.selected(x.Path()) {
		return
	}
	if len(x.Segments) != 1 || expr.SameName(x.Segments[0], expr.String("Api")) != expr.True {
		return
	}
	tier, ok := x.Property("properties", "pricingTier").AsString()
	if !ok || strings.EqualFold(tier, "Standard") {
		return
	}
	r.add(diag.Diagnostic{
		Code: CodePlan, Severity: diag.Warning, Path: x.Path(), Span: x.Place().Anchor,
		Summary: "Defender for APIs plan is not on",
		Detail: fmt.Sprintf("The plan for APIs has the tier %q. Collections need the tier \"Standard\" with a subPlan (P1 to P5) on the "+
			"subscription before they deploy; without it their deployment hangs for about 30 minutes.", tier),
	}, d)
}

// maxRevisions is up to how many declarations of one API it is looked for one
// that its collection depends on, and for those that take turns. There are so
// many only where somebody wants to see this take long.
const maxRevisions = 50

// reportDependencies notes collections that may be deployed before their API.
// One deployment may bring an API twice, as the repeated call of a module does;
// depending on one of them is enough. Nobody here can change a registry module.
func (r *run) reportDependencies(d *checked) {
	first := map[*collection]*api{}
	depends := map[*collection]bool{}
	for _, a := range d.apis {
		if a.status != Onboarded {
			continue
		}
		for _, c := range a.matched {
			if first[c] == nil {
				first[c] = a
			}
			depends[c] = depends[c] || len(a.revisions) > maxRevisions || slices.ContainsFunc(a.revisions, c.resource.DependsOn)
		}
	}
	for _, c := range d.collections {
		a := first[c]
		if a == nil || depends[c] || c.resource.Entry() != nil || !r.selected(c.resource.Path()) {
			continue
		}
		name, _ := display(a)
		r.add(diag.Diagnostic{
			Code: CodeNotDependent, Severity: diag.Notice, Path: c.resource.Path(), Span: c.resource.Place().Anchor,
			Summary: "Collection does not depend on its API",
			Detail: fmt.Sprintf("The collection of API %q may be deployed before the API, and the first deployment then fails with a "+
				"404. Refer to the API in its name, or add it to dependsOn.", brief(name)),
			Related: []diag.Related{related(a.current(), "the API")},
		}, d)
	}
}
