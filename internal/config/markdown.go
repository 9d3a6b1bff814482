package config

import (
	"encoding/json"
	"fmt"
	"strings"
)

// settingsMarkdown is the documentation of all settings, with a final line
// break. It is made from the definitions that they are read by.
func settingsMarkdown() []byte {
	var b strings.Builder
	b.WriteString(`<!-- Generated from internal/config; "go test ./internal/config -update" writes it. -->

# Settings

## Of a repository

Settings of a repository are in ` + "`" + RepositoryPath + "`" + ` (or ` + "`.yaml`" + `) and are read from the base
branch: a pull request that changes them is checked with those it would replace, and its new ones are validated.
Everything has a default, so no file is needed. Unknown keys are errors.

` + "```yaml" + `
# yaml-language-server: $schema=` + SchemaURL + `
version: 1
gate: new
paths:
  exclude: [samples/]
fix:
  mode: suggest
suppress:
  - api: 'demo-*'
    service: apim-sandbox
    reason: demonstrations hold no data
    expires: 2027-01-31
` + "```" + `

`)
	defaults := Defaults()
	table(&b, repositorySettings(), &defaults)
	b.WriteString("\nEach entry of `suppress` has at least one of `api`, `service` and `path`:\n\n")
	table(&b, suppressionSettings(), nil)
	b.WriteString(`
The [JSON Schema](onboard-defender.schema.json) says the same to editors. ` + "`bot config validate`" + ` checks a file.

## Of an organisation

Defaults for all repositories of an organisation, or of a user, are in ` + "`" + OrganisationPath + "`" + ` of its ` + "`" + OrganisationRepository + "`" + `
repository, on the default branch, with the same keys. The App has to be installed on that repository too; where it is
not, and where there is none, there are no such defaults.

` + "```yaml" + `
version: 1
gate: all
undetermined: fail
locked: [enabled, gate]
` + "```" + `

A repository's value replaces the organisation's; parameters are joined by name, suppressions and regions added. What the
organisation lists in ` + "`locked`" + ` repositories cannot set: a value there has no effect, and a notice says so. Only keys of
settings can be locked, not what templates and PSRule configurations say.

A change holds for what is reviewed afterwards: at once in the process that hears of the push, at the latest after ten
minutes in others. A mistake in the file fails no pull request of other repositories: the usual defaults hold in its
place, and the summaries of check runs that had something to check show it. In its own repository the file is validated
as settings are.

The App applies these defaults. ` + "`bot check` and `bot fix`" + ` on the command line know the repository only.

## Of PSRule

Of a PSRule configuration (` + "`ps-rule.yaml`" + `) these are honoured:

- ` + "`rule.exclude`" + `, where it names ` + "`Azure.APIM.DefenderCloud` or `AZR-000387`" + `: all APIs are suppressed;
- ` + "`suppression`" + `, where it names the rule: the services or APIs named there are suppressed;
- ` + "`input.pathIgnore`" + `: APIs declared in files that match are not looked at.

## Of a process

Settings of a process are environment variables. A file ` + "`.env`" + ` in the working directory is read too; the environment
goes before it. Where it says *secret*, a variable with ` + "`_FILE`" + ` after its name can name a file with the value
instead. An empty variable counts as not set. The first three come together; without them
` + "`" + `bot serve` + "`" + ` says how to register an App, and does not start.

| variable | default | |
|---|---|---|
`)
	for _, v := range variables() {
		fallback := ""
		if v.fallback != "" {
			fallback = "`" + v.fallback + "`"
		}
		if strings.Contains(v.fallback, " ") {
			fallback = v.fallback
		}
		doc := v.doc
		if v.secret {
			doc += " *Secret.*"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.name, fallback, cell(doc))
	}
	return []byte(b.String())
}

// table documents settings, those of sections by dotted name.
func table[R any](b *strings.Builder, settings []setting[R], defaults *R) {
	b.WriteString("| key | value | default | |\n|---|---|---|---|\n")
	for name, s := range leaves(settings, "") {
		fallback := ""
		switch {
		case s.required:
			fallback = "required"
		case defaults != nil:
			if text, err := json.Marshal(s.value.fallback(defaults)); err == nil {
				fallback = "`" + strings.Trim(string(text), `"`) + "`"
			}
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", name, s.value.schema().words(), fallback, cell(s.doc))
	}
}

// words describe a value to people.
func (s *schema) words() string {
	switch {
	case s.Const != nil:
		return fmt.Sprintf("`%v`", s.Const)
	case s.Enum != nil:
		return "`" + strings.Join(s.Enum, "`, `") + "`"
	case s.Format == "date":
		return "date"
	case s.Type == "boolean":
		return "`true`, `false`"
	case s.Type == "array" && s.Items.Type == "object":
		return "list of entries"
	case s.Type == "array":
		return "list"
	case s.Type == "object":
		return "mapping"
	}
	return "text"
}

// cell keeps a text within its cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
