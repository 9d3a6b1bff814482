package config

import (
	"iter"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/glob"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// repositorySettings are all keys of a settings file, in the order in which
// people read about them.
func repositorySettings() []setting[Repository] {
	type repo = Repository
	settings := []setting[repo]{
		{name: "version", required: true, doc: "The version of this file's form.", value: version[repo](1)},
		{name: "enabled", doc: "`false` turns the check off: it completes at once and says so.", value: boolean(func(r *repo) *bool { return &r.Enabled })},
		{name: "paths", doc: "Which files are checked. All templates are read nevertheless, because a collection may stand anywhere.", within: []setting[repo]{
			{name: "include", doc: "Patterns as in a `.gitignore` file; only APIs declared in a file that matches are checked. Empty means all. The last pattern that matches decides, and `!` takes back what those before it match.", value: patterns(func(r *repo) *glob.Set { return &r.Include })},
			{name: "exclude", doc: "Patterns of files whose APIs are not checked, though they are included.", value: patterns(func(r *repo) *glob.Set { return &r.Exclude })},
		}},
		{name: "gate", doc: "Which findings fail a pull request: `new` those that it brings (existing ones are listed), `all` existing ones too, `none` none.", value: choice(func(r *repo) *Gate { return &r.Gate }, GateNew, GateAll, GateNone)},
		{name: "undetermined", doc: "What to do about an API whose protection depends on a value that nobody gave.", value: choice(func(r *repo) *Undetermined { return &r.Undetermined }, UndeterminedWarn, UndeterminedFail)},
		{name: "selfHostedGateway", doc: "What to do about an unprotected API that is also assigned to a self-hosted gateway, which Defender for APIs does not see: `fail` as for any other, `warn`, or `ignore` and list it as excluded.", value: choice(func(r *repo) *check.GatewayMode { return &r.SelfHostedGateway }, check.GatewayFail, check.GatewayWarn, check.GatewayIgnore)},
		{name: "regions", doc: "Where Defender for APIs is to be had.", within: []setting[repo]{
			{name: "supported", doc: "Azure regions, such as `westeurope`, that support Defender for APIs in addition to those known to the app. APIs of services elsewhere are excluded.", value: texts(func(r *repo) *[]string { return &r.Regions }, &schema{Pattern: anyText, MaxLength: maxText}, nil)},
		}},
		{name: "parameterDefaults", doc: "Values for template parameters that have neither an assigned nor a default one, by name. Any value that a template can take.", value: parameterValues(func(r *repo) *map[string]expr.Value { return &r.ParameterDefaults })},
		{name: "parameters", doc: "Parameter files of templates, where their names or contents do not tell: the template's path, and a list of paths of its parameter files, all from the root of the repository. They replace those found by name.", value: parameterFiles(func(r *repo) *map[string][]string { return &r.Parameters })},
		{name: "fix", doc: "How missing collections are added.", within: []setting[repo]{
			{name: "mode", doc: "`button` commits when somebody with write access clicks the button in the check run, `suggest` reviews with suggestions, `commit` commits without being asked, `off` does nothing.", value: choice(func(r *repo) *FixMode { return &r.FixMode }, FixButton, FixSuggest, FixCommit, FixOff)},
			{name: "apiVersion", doc: "The API version of the collections that are written.", value: text(func(r *repo) *string { return &r.FixAPIVersion }, &schema{Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?$`}, isAPIVersion)},
		}},
		{name: "whenNothingApplies", doc: "The conclusion of the check when a pull request changes no template. All three satisfy a required check.", value: choice(func(r *repo) *Conclusion { return &r.WhenNothingApplies }, ConcludeSuccess, ConcludeSkipped, ConcludeNeutral)},
		{name: "onboarding", doc: "What to do about findings on the default branch.", within: []setting[repo]{
			{name: "pullRequest", doc: "`true` opens a pull request that adds the missing collections, and keeps it up to date.", value: boolean(func(r *repo) *bool { return &r.OnboardingPull })},
		}},
		{name: "suppress", doc: "APIs that may go unprotected, and why. An entry covers the APIs that match all of its patterns. One that has expired or matches nothing any more gives a warning.", value: suppressions()},
	}
	return append(settings, setting[repo]{
		name: "locked", doc: "In an organisation's file: keys, such as `gate`, `fix` or `fix.mode`, that repositories cannot set.",
		value: words(func(r *repo) *[]string { return &r.Locked }, lockable(settings)),
	})
}

// suppressionSettings are the keys of one suppression.
func suppressionSettings() []setting[check.Suppression] {
	type entry = check.Suppression
	short := func() *schema { return &schema{Pattern: anyText, MaxLength: maxText} }
	return []setting[entry]{
		{name: "api", doc: "The API's name, without `;rev=`; `*`, `?` and `[a-z]` are wild, case does not matter.", value: text(func(s *entry) *string { return &s.API }, short(), glob.ValidateName)},
		{name: "service", doc: "The API Management service's name, likewise.", value: text(func(s *entry) *string { return &s.Service }, short(), glob.ValidateName)},
		{name: "path", doc: "The file that declares the API: a pattern as in a `.gitignore` file.", value: text(func(s *entry) *string { return &s.Path }, &schema{Pattern: `^\s*[^!\s]`, MaxLength: maxText}, isPathPattern)},
		{name: "reason", required: true, doc: "Why the API may go unprotected. Reports show it.", value: text(func(s *entry) *string { return &s.Reason }, short(), nil)},
		{name: "expires", doc: "The last day on which the entry holds, such as `2027-01-31`.", value: text(func(s *entry) *string { return &s.Expires }, &schema{Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, Format: "date"}, isDate)},
	}
}

// suppressions is the list of suppressions; those of two files are joined.
func suppressions() value[Repository] {
	keys := suppressionSettings()
	item := objectSchema(keys, nil)
	for _, name := range []string{"api", "service", "path"} {
		item.AnyOf = append(item.AnyOf, &schema{Required: []string{name}})
	}
	return typed[Repository, []check.Suppression]{
		field: func(r *Repository) *[]check.Suppression { return &r.Suppress },
		decode: func(d *decoder, n *node) ([]check.Suppression, bool) {
			return list(d, n, func(n *node) (check.Suppression, bool) { return d.suppression(n, keys) })
		},
		join: func(base, near []check.Suppression) []check.Suppression {
			return append(slices.Clip(base), near...)
		},
		plain: func([]check.Suppression) any { return []string{} },
		shape: &schema{Type: "array", Items: item, MaxItems: maxList},
	}
}

func (d *decoder) suppression(n *node, keys []setting[check.Suppression]) (check.Suppression, bool) {
	s := check.Suppression{File: d.file.Path, At: d.firstLine(n)}
	reasoned := n.kind != mapNode || !unreasoned(n)
	if !reasoned {
		d.found = append(d.found, diag.Diagnostic{
			Code: check.CodeSuppression, Severity: diag.Warning, Path: s.File, Span: s.At,
			Summary: "Suppression without a reason", Detail: `It has no effect. Say why the API may go unprotected, as "reason".`,
		})
		isReason := func(f field) bool { return f.key == "reason" }
		n = &node{kind: n.kind, at: n.at, fields: slices.DeleteFunc(slices.Clone(n.fields), isReason)}
		keys = slices.DeleteFunc(slices.Clone(keys), func(k setting[check.Suppression]) bool { return k.name == "reason" })
	}
	before := len(d.found)
	readFields(d, n, keys, "-", &s)
	if len(d.found) == before && s.API == "" && s.Service == "" && s.Path == "" {
		d.report(n.at, "Suppression of everything", `Say what it covers: at least one of "api", "service" and "path".`)
	}
	s.Reason = strings.Join(strings.Fields(s.Reason), " ")
	return s, reasoned && len(d.found) == before
}

// unreasoned reports whether a suppression has no reason, or an empty one. The
// rule warns of that: the rest of the settings holds all the same.
func unreasoned(n *node) bool {
	i := slices.IndexFunc(n.fields, func(f field) bool { return f.key == "reason" })
	return i < 0 || n.fields[i].value.kind == textNode && strings.TrimSpace(n.fields[i].value.text) == ""
}

// firstLine is a mapping's first line, from its first key on.
func (d *decoder) firstLine(n *node) source.Span {
	line := d.file.Line(d.file.Position(n.at.Start).Line)
	text := strings.TrimRight(d.file.Text(source.Span{Start: n.at.Start, End: line.End}), " \t")
	return source.Span{Start: n.at.Start, End: n.at.Start + len(text)}
}

// leaves are the settings that hold values, by dotted name.
func leaves[R any](settings []setting[R], prefix string) iter.Seq2[string, setting[R]] {
	return func(yield func(string, setting[R]) bool) {
		for _, s := range settings {
			if s.value != nil {
				if !yield(prefix+s.name, s) {
					return
				}
				continue
			}
			for name, w := range leaves(s.within, prefix+s.name+".") {
				if !yield(name, w) {
					return
				}
			}
		}
	}
}

// lockable are the dotted names of sections and values that can be locked.
func lockable(settings []setting[Repository]) []string {
	var out []string
	for _, s := range settings {
		if s.name == "version" {
			continue
		}
		out = append(out, s.name)
		for _, w := range s.within {
			out = append(out, s.name+"."+w.name)
		}
	}
	return out
}
