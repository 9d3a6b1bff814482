package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

const (
	toolName    = "onboard-defender"
	toolURL     = "https://github.com/onboard-defender/onboard-defender"
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	// sarifRoot is what GitHub and others resolve against the checkout.
	sarifRoot = "%SRCROOT%"
	// fingerprint names how partial fingerprints are made; a change of that
	// needs a new number.
	fingerprint = "onboardDefender/v1"
)

// SARIFOptions say where the log comes from. The zero SARIFOptions are a
// program without a version.
type SARIFOptions struct {
	// Version is the program's, "" if it has none.
	Version string
	// Compared says that the report was compared with an earlier state, so
	// that each result is new or existing.
	Compared bool
}

// SARIF writes the report in the Static Analysis Results Interchange Format
// 2.1.0, for code scanning. APIs with a suppression are results with a
// suppression. The error is the writer's.
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
func SARIF(w io.Writer, r *check.Report, o SARIFOptions) error {
	s := &sarif{options: o, look: newLookup(r), seen: map[string]int{}, ruleIndex: map[diag.Code]int{}}
	s.addRules(r)
	invocation := sarifInvocation{ExecutionSuccessful: true}
	found := findings(r)
	for _, f := range found {
		if isBroken(f.Finding) {
			invocation.ExecutionSuccessful = false
			invocation.Notifications = append(invocation.Notifications, s.notification(f))
		}
	}
	suppressed := slices.DeleteFunc(apis(r), func(a api) bool { return a.Status != check.Suppressed })
	results := filling{"results", len(found) + len(suppressed), func(i int) any {
		if i < len(found) {
			return s.result(found[i])
		}
		return s.suppressed(suppressed[i-len(found)])
	}}
	return encode(w, sarifLog{
		Schema: sarifSchema, Version: "2.1.0",
		Runs: []sarifRun{{
			Tool: sarifTool{Driver: sarifDriver{
				Name: toolName, FullName: "Onboard APIs to Microsoft Defender for APIs", Version: o.Version, InformationURI: toolURL, Rules: s.rules,
			}},
			Invocations: []sarifInvocation{invocation},
			OriginalURIBaseIDs: map[string]sarifArtifact{
				sarifRoot: {Description: &sarifMessage{Text: "The folder that all paths are relative to."}},
			},
			Results: []sarifResult{}, ColumnKind: "unicodeCodePoints", NewlineSequences: []string{"\r\n", "\n", "\r"},
		}},
	}, results)
}

// sarif is a log in the making.
type sarif struct {
	options   SARIFOptions
	look      lookup
	rules     []sarifRule
	ruleIndex map[diag.Code]int
	seen      map[string]int // identities so far, to tell equal ones apart
}

// addRules describes all rules, used or not, so that their indices stay.
func (s *sarif) addRules(r *check.Report) {
	for _, k := range kinds {
		s.ruleIndex[k.code] = len(s.rules)
		s.rules = append(s.rules, k.rule())
	}
	var others []diag.Code
	for i := range r.Findings {
		if c := r.Findings[i].Code; !slices.ContainsFunc(kinds, func(k kind) bool { return k.code == c }) {
			others = append(others, c)
		}
	}
	slices.Sort(others)
	for _, c := range slices.Compact(others) {
		s.ruleIndex[c] = len(s.rules)
		s.rules = append(s.rules, kind{code: c, severity: diag.Warning, short: string(c), full: string(c)}.rule())
	}
}

func (s *sarif) result(f finding) sarifResult {
	out := sarifResult{
		RuleID: string(f.Code), RuleIndex: s.ruleIndex[f.Code], Level: sarifLevel(f.Severity), Message: text(f.Detail),
		Locations:    []sarifLocation{s.location(f.Path, f.Span, f.API, f.Service)},
		Baseline:     s.baseline(f.New),
		Suppressions: []sarifSuppression{},
		Fingerprints: map[string]string{fingerprint: s.identify(f.Code, f.Path, f.API, f.Service, s.distinction(f.Finding))},
		Properties: &sarifProperties{
			API: f.API, Service: f.Service, Deployments: f.Deployments, Parameters: f.Parameters, Fixable: f.Fixable, FixReason: f.FixReason,
		},
	}
	if f.Detail == "" {
		out.Message = text(f.Summary)
	}
	for i, other := range f.Related {
		l := s.location(other.Path, other.Span, "", "")
		m := text(other.Message)
		l.ID, l.Message = i+1, &m
		out.Related = append(out.Related, l)
	}
	for _, fix := range f.Fixes {
		if x, ok := s.fix(fix); ok {
			out.Fixes = append(out.Fixes, x)
		}
	}
	return out
}

// suppressed is the result that an API would have but for its suppression.
func (s *sarif) suppressed(a api) sarifResult {
	kind := "external"
	if a.InSource {
		kind = "inSource"
	}
	return sarifResult{
		RuleID: string(check.CodeNotOnboarded), RuleIndex: s.ruleIndex[check.CodeNotOnboarded], Level: sarifLevel(diag.Failure),
		Message:      text(fmt.Sprintf("API %q of service %q is not onboarded to Microsoft Defender for APIs, which is accepted.", a.Name, a.Service)),
		Locations:    []sarifLocation{s.location(a.Path, a.At, a.Name, a.Service)},
		Baseline:     s.baseline(a.New),
		Fingerprints: map[string]string{fingerprint: s.identify(check.CodeNotOnboarded, a.Path, a.Name, a.Service, "")},
		Suppressions: []sarifSuppression{{Kind: kind, Status: "accepted", Justification: a.Reason}},
		Properties:   &sarifProperties{API: a.Name, Service: a.Service, Deployments: a.Deployments},
	}
}

// baseline is the state of a result against what the report was compared with:
// either all results have one or none (section 3.27.24).
func (s *sarif) baseline(added bool) string {
	switch {
	case !s.options.Compared:
		return ""
	case added:
		return "new"
	}
	return "unchanged"
}

func (s *sarif) notification(f finding) sarifNotification {
	m := text(f.Summary)
	if f.Detail != "" {
		m = text(f.Summary + ": " + f.Detail)
	}
	return sarifNotification{
		Level: "error", Message: m, Locations: []sarifLocation{s.location(f.Path, f.Span, "", "")},
		Rule: &sarifReference{ID: string(f.Code), Index: s.ruleIndex[f.Code]},
	}
}

// distinction tells findings that are not about an API apart without saying
// where they are: by the text they are at.
func (s *sarif) distinction(f *check.Finding) string {
	const enough = 256
	src := s.look[f.Path]
	if f.API != "" || src == nil {
		return ""
	}
	return f.Summary + "\x00" + src.Text(source.Span{Start: f.Span.Start, End: min(f.Span.End, f.Span.Start+enough)})
}

// identify is a fingerprint that stays when lines move: of what the finding is
// about, and its number among those that are about the same.
func (s *sarif) identify(code diag.Code, path, api, service, distinction string) string {
	key := strings.Join([]string{string(code), path, strings.ToLower(api), strings.ToLower(service), distinction}, "\x00")
	s.seen[key]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, s.seen[key]))
	return hex.EncodeToString(sum[:16])
}

func (s *sarif) location(path string, span source.Span, api, service string) sarifLocation {
	out := sarifLocation{Physical: &sarifPhysical{Artifact: artifact(path)}}
	if s.look[path] != nil {
		out.Physical.Region = s.region(path, span)
	}
	if api != "" {
		out.Logical = []sarifLogical{{Name: api, FullName: service + "/" + api, Kind: "resource"}}
	}
	return out
}

// region is a span in lines and columns; an empty one is a place between two
// characters. What follows the last line break is no line in SARIF: the place
// at the end of a file is on the line before (section 3.30.2).
func (s *sarif) region(path string, span source.Span) *sarifRegion {
	start, end := s.look.position(path, span)
	f := s.look[path]
	if last := f.Lines(); start == end && start.Line == last && last > 1 && f.Line(last).Len() == 0 {
		start = s.look.afterBreak(path, last-1)
		end = start
	}
	return &sarifRegion{StartLine: start.Line, StartColumn: start.Column, EndLine: end.Line, EndColumn: end.Column}
}

// fix is a fix with its edits by file, in their order; not ok if a file's
// content is not known, because a part of a fix is none.
func (s *sarif) fix(f diag.SuggestedFix) (out sarifFix, ok bool) {
	m := text(f.Message)
	out.Description = &m
	index := map[string]int{}
	for _, e := range f.Edits {
		if s.look[e.Path] == nil {
			return sarifFix{}, false
		}
		i, known := index[e.Path]
		if !known {
			i = len(out.Changes)
			index[e.Path] = i
			out.Changes = append(out.Changes, sarifChange{Artifact: artifact(e.Path)})
		}
		change := sarifReplacement{Deleted: s.region(e.Path, e.Span)}
		if e.NewText != "" {
			change.Inserted = &sarifContent{Text: e.NewText}
		}
		out.Changes[i].Replacements = append(out.Changes[i].Replacements, change)
	}
	return out, len(f.Edits) > 0
}

// artifact is a path as a relative URI.
func artifact(path string) sarifArtifact {
	return sarifArtifact{URI: (&url.URL{Path: path}).String(), BaseID: sarifRoot}
}

// text is a plain message. Braces are doubled because they hold placeholders,
// and brackets escaped because they hold links (sections 3.11.5 and 3.11.6).
func text(s string) sarifMessage {
	r := strings.NewReplacer("{", "{{", "}", "}}", `\`, `\\`, "[", `\[`, "]", `\]`)
	return sarifMessage{Text: r.Replace(visibleLines(s))}
}

func sarifLevel(s diag.Severity) string {
	switch s {
	case diag.Failure:
		return "error"
	case diag.Warning:
		return "warning"
	case diag.Notice:
		return "note"
	}
	return "none"
}
