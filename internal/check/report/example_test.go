package report_test

import (
	"fmt"
	"os"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/check/report"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

func ExampleEscape() {
	fmt.Println(report.Escape("owned by @acme/platform, see #12 | <b>"))
	// Output: owned by &#64;&#8203;acme/platform, see &#35;&#8203;12 &#124; &lt;b&gt;
}

func ExampleCode() {
	fmt.Println(report.Code("'${apim}/orders'"))
	fmt.Println(report.Code("a|b"))
	// Output:
	// `'${apim}/orders'`
	// <code>a&#124;b</code>
}

func ExampleText() {
	content := []byte("resource orders 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n")
	r := &check.Report{
		Outcome: check.Fail,
		Findings: []check.Finding{{
			Diagnostic: diag.Diagnostic{
				Code: check.CodeNotOnboarded, Severity: diag.Failure, Path: "api.bicep", Span: source.Span{Start: 9, End: 15},
				Summary: "API not onboarded to Defender for APIs",
			},
			Fixable: true,
		}},
		Sources: map[string]*source.File{"api.bicep": source.NewFile("api.bicep", content)},
	}
	if err := report.Text(os.Stdout, r, report.TextOptions{}); err != nil {
		panic(err)
	}
	// Output:
	// api.bicep:1:10: failure: API not onboarded to Defender for APIs [api-not-onboarded]
	//   |
	// 1 | resource orders 'Microsoft.ApiManagement/service/apis@2022-08-01' = {
	//   |          ^^^^^^
	//   fix: bot fix api.bicep
	//
	// No API Management APIs in 0 files (1 failure)
}

func ExampleTitle() {
	fmt.Println(report.Title(&check.Report{Summary: check.Summary{APIs: 6, Onboarded: 3, Unprotected: 2, Excluded: 1}}))
	// Output: 2 of 5 APIs not onboarded
}
