package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/glob"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// maxTargets bounds the suppressions of a PSRule configuration.
const maxTargets = maxList

// PSRule is what PSRule's configuration says about this rule. The zero PSRule
// says nothing.
// https://microsoft.github.io/PSRule/v2/concepts/PSRule/en-US/about_PSRule_Options/
type PSRule struct {
	// Excluded says that the rule is switched off.
	Excluded bool
	// Targets are the names of resources for which it is suppressed.
	Targets []string
	// Ignore are the paths that are not looked at.
	Ignore glob.Set

	path string
}

// ParsePSRule reads a PSRule configuration: rule.exclude and suppression as far
// as they name this rule, and input.pathIgnore. Everything else in it is
// PSRule's own business. What cannot be read is a notice, because the file is
// not ours.
func ParsePSRule(f *source.File) (PSRule, []diag.Diagnostic) {
	p := PSRule{path: f.Path}
	root, err := readYAML(f)
	if err != nil {
		return p, []diag.Diagnostic{psruleNotice(f, err.at, "PSRule configuration not read", err.Error())}
	}
	for _, name := range root.lookup("rule").lookup("exclude").scalars() {
		p.Excluded = p.Excluded || namesRule(name.text)
	}
	var ignore []string
	for _, pattern := range root.lookup("input").lookup("pathIgnore").scalars() {
		text := strings.ReplaceAll(strings.TrimSpace(pattern.text), `\`, "/") // PSRule takes Windows separators
		if !strings.HasPrefix(text, "#") && len(text) <= maxText && len(ignore) < maxList {
			ignore = append(ignore, text)
		}
	}
	p.Ignore = glob.NewSet(ignore...)
	var found []diag.Diagnostic
	for _, entry := range root.lookup("suppression").mapping() {
		if !namesRule(entry.key) {
			continue
		}
		list := entry.value
		if entry.value.kind == mapNode {
			list = entry.value.lookup("targetName") // the older form
		}
		for _, target := range list.scalars() {
			if len(p.Targets) == maxTargets {
				found = append(found, psruleNotice(f, target.at, "PSRule suppressions not read", fmt.Sprintf("At most %d are read.", maxTargets)))
				break
			}
			p.Targets = append(p.Targets, target.text)
		}
	}
	return p, found
}

func psruleNotice(f *source.File, at source.Span, summary, detail string) diag.Diagnostic {
	return diag.Diagnostic{Code: check.CodeConfigInvalid, Severity: diag.Notice, Path: f.Path, Span: at, Summary: summary, Detail: detail}
}

// namesRule reports whether a name is this rule's: its name or its reference,
// with or without the module's name before it.
func namesRule(name string) bool {
	name = name[strings.LastIndexByte(name, '\\')+1:]
	return strings.EqualFold(name, check.RuleName) || strings.EqualFold(name, check.RuleRef)
}

// Apply adds what PSRule's configuration says to the rule's settings. A target
// is the name of an API Management service, which is what PSRule reports, or
// of an API, or both with a / between. PSRule has no wildcards there.
func (p PSRule) Apply(s check.Settings) check.Settings {
	s.Suppress = slices.Clone(s.Suppress)
	for _, target := range p.Targets {
		reason := fmt.Sprintf("suppressed for %s in %s", target, p.path)
		if service, api, both := strings.Cut(target, "/"); both {
			s.Suppress = append(s.Suppress, check.Suppression{Service: glob.Quote(service), API: glob.Quote(api), Reason: reason})
			continue
		}
		s.Suppress = append(
			s.Suppress,
			check.Suppression{Service: glob.Quote(target), Reason: reason},
			check.Suppression{API: glob.Quote(target), Reason: reason},
		)
	}
	if p.Excluded && s.RuleExcluded == "" {
		s.RuleExcluded = fmt.Sprintf("rule.exclude in %s names the rule", p.path)
	}
	if skip := s.Skip; !p.Ignore.Empty() {
		s.Skip = func(path string) bool { return p.Ignore.Match(path) || skip != nil && skip(path) }
	}
	return s
}

// lookup is the value of a mapping's key, ignoring case as PSRule does; nil
// when there is none. It may be called on nil.
func (n *node) lookup(key string) *node {
	for _, f := range n.mapping() {
		if strings.EqualFold(f.key, key) {
			return f.value
		}
	}
	return nil
}

func (n *node) mapping() []field {
	if n == nil {
		return nil
	}
	return n.fields
}

// scalars are the texts and numbers of a list, or the only one without a list.
func (n *node) scalars() []*node {
	if n == nil {
		return nil
	}
	items := n.items
	if n.kind != listNode {
		items = []*node{n}
	}
	return slices.DeleteFunc(slices.Clone(items), func(n *node) bool { return n.text == "" || n.kind == nullNode })
}
