package report

import (
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
)

// kind describes a code to a code scanner.
type kind struct {
	code        diag.Code
	severity    diag.Severity
	score       string // security severity, 0.0 to 10.0; "" for none
	short, full string
	help        string
}

// kinds are all codes; the order is that of the rules in the log.
var kinds = []kind{
	{
		check.CodeNotOnboarded, diag.Failure, "9.1", "API not onboarded to Defender for APIs",
		"An API published in Azure API Management has no Microsoft.Security/apiCollections resource, so Microsoft Defender for APIs does not protect it.",
		"Add a collection with the API's name, scoped to its API Management service; `bot fix` writes it. The Defender for APIs plan must be on at the subscription.",
	},
	{
		check.CodeUndetermined, diag.Warning, "5.0", "API may not be onboarded to Defender for APIs",
		"Whether a collection protects the API depends on a value that is not known, or on a condition that does not follow from the API's own.",
		"Supply the values by a parameter file or in the settings, or write name and condition of both the same way.",
	},
	{
		check.CodeNotDependent, diag.Warning, "", "Collection does not depend on its API",
		"The collection may be deployed before its API, and the first deployment then fails.",
		"Make the collection depend on the API.",
	},
	{
		check.CodePlan, diag.Warning, "", "Defender for APIs plan is not on",
		"The template sets the plan for APIs to a tier with which collections do not deploy.",
		"Set the tier to Standard, with a subPlan from P1 to P5.",
	},
	{
		check.CodeUnreadable, diag.Failure, "", "Template cannot be read",
		"A template that mentions Microsoft.ApiManagement has a syntax error, so its APIs may have been missed.",
		"Correct the template at the place shown.",
	},
	{
		check.CodeNotEvaluated, diag.Failure, "", "Template cannot be evaluated",
		"A part of a deployment was given up at a limit or a cycle, so its APIs may have been missed.",
		"Make the deployment smaller, or break the cycle.",
	},
	{
		check.CodeModuleUnresolved, diag.Notice, "", "Module not at hand",
		"The template of a module is not in the repository, so what it deploys is not known.",
		"Nothing needs to be done if the module deploys no APIs.",
	},
	{
		check.CodeSuppression, diag.Warning, "", "Suppression without effect",
		"A suppression lacks a reason, has expired or matches nothing.",
		"Give it a reason and a date, or remove it.",
	},
	{
		check.CodeConfigInvalid, diag.Failure, "", "Settings not valid",
		"The settings of the repository cannot be read.",
		"Correct the settings at the place shown.",
	},
}

func (k kind) rule() sarifRule {
	out := sarifRule{
		ID: string(k.code), Name: pascal(string(k.code)),
		Short: sarifMessage{Text: k.short}, Full: sarifMessage{Text: k.full}, HelpURI: check.RuleURL,
		Configuration: sarifConfiguration{Level: sarifLevel(k.severity)},
		Properties:    sarifRuleProperties{Tags: []string{"azure", "api-management"}, Precision: "very-high"},
	}
	if k.help != "" {
		rule := "Rule: [" + check.RuleName + "](" + check.RuleURL + ") (" + check.RuleRef + "). [How to turn the plan on](" + PlanURL + ")."
		out.Help = &sarifHelp{Text: strings.ReplaceAll(k.help, "`", ""), Markdown: k.help + "\n\n" + rule}
	}
	if k.score != "" {
		out.Properties.Score = k.score
		out.Properties.Tags = append(out.Properties.Tags, "security")
	}
	return out
}

// pascal is a code as an identifier: ApiNotOnboarded.
func pascal(code string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(code, "-") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}
