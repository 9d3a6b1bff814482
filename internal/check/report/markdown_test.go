package report

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// many is a report with n APIs of each status and n notes of each kind.
func many(t *testing.T, n int) *check.Report {
	t.Helper()
	b := newBuilder(t, nil)
	b.Outcome = check.Fail
	for i := range n {
		path := fmt.Sprintf("infra/%04d.bicep", i)
		for _, s := range []check.Status{check.Onboarded, check.Excluded, check.Suppressed, check.Undetermined, check.Unprotected} {
			b.api(check.API{Name: "api|" + strconv.Itoa(i), Service: "apim", Path: path, Status: s, At: source.Span{Start: int(s)}, Reason: strings.Repeat("why ", i%50)})
			if s >= check.Undetermined {
				b.finding(check.Finding{Diagnostic: diag.Diagnostic{Code: check.CodeNotOnboarded, Severity: diag.Failure, Summary: "API"}, Fixable: true})
			}
		}
		for _, severity := range []diag.Severity{diag.Failure, diag.Warning} {
			b.Findings = append(b.Findings, check.Finding{Diagnostic: diag.Diagnostic{
				Code: check.CodeUnreadable, Severity: severity, Path: path, Summary: "Template", Detail: strings.Repeat("detail ", i%70),
			}})
		}
	}
	return b.Report
}

var leftOut = regexp.MustCompile(`(?m)^… and (\d+) more (.+?)s?( \((.*)\))? for which there is no room here\. .bot check. lists them all\.$`)

// TestMarkdownLimit holds the summary to its limit, to whole rows, and to an
// honest account of what is missing.
func TestMarkdownLimit(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 3, 20, 400} {
		for _, limit := range []int{1, MinMarkdown, MinMarkdown + 777, 10_000, 0, 1 << 20} {
			t.Run(fmt.Sprint(n, "/", limit), func(t *testing.T) {
				t.Parallel()
				var out bytes.Buffer
				if err := Markdown(&out, many(t, n), MarkdownOptions{Limit: limit}); err != nil {
					t.Fatal(err)
				}
				effective := limit
				if limit == 0 {
					effective = MaxMarkdown
				}
				if most := max(effective, MinMarkdown); out.Len() > most {
					t.Fatalf("%d bytes, the limit is %d", out.Len(), most)
				}
				want := map[string]int{"problem": n, "API": 4 * n, "note": n, "onboarded API": n}
				for noun, got := range listed(t, out.String()) {
					if got != want[noun] {
						t.Errorf("%s: %d shown or counted as missing, want %d", noun, got, want[noun])
					}
				}
				if n > 0 && !strings.Contains(out.String(), "two steps") {
					t.Error("the reminder is missing")
				}
			})
		}
	}
}

// listed counts rows shown and rows said to be missing, by kind.
func listed(t *testing.T, text string) map[string]int {
	t.Helper()
	got := map[string]int{}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "**Could not"):
			section = "problem"
		case strings.HasPrefix(line, "| API | Service | Where | Status"):
			section = "API"
		case strings.HasPrefix(line, "**Notes"):
			section = "note"
		case strings.HasPrefix(line, "<details"):
			section = "onboarded API"
		case strings.HasPrefix(line, "| <code>api"):
			got[section]++
			if want := map[string]int{"API": 6, "onboarded API": 5}[section]; strings.Count(line, "|") != want || !strings.HasSuffix(line, " |") {
				t.Errorf("not a whole row: %q", line)
			}
		case strings.HasPrefix(line, "- `infra"):
			got[section]++
		case strings.HasPrefix(line, "…"):
			m := leftOut.FindStringSubmatch(line)
			if m == nil || m[2] != section {
				t.Fatalf("after the list of %ss: %q", section, line)
			}
			n, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			got[section] += n
			if m[4] != "" && sum(t, m[4]) != n {
				t.Errorf("%q does not add up", line)
			}
		}
	}
	return got
}

// sum adds the numbers of "2 unprotected, 3 excluded".
func sum(t *testing.T, text string) int {
	t.Helper()
	total := 0
	for part := range strings.SplitSeq(text, ", ") {
		number, _, _ := strings.Cut(part, " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		total += n
	}
	return total
}

// TestMarkdownWorstFirst lets nothing less important push out what matters.
func TestMarkdownWorstFirst(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Markdown(&out, many(t, 400), MarkdownOptions{Limit: 30_000}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "**unprotected**") {
		t.Error("no unprotected API is shown")
	}
	for _, s := range []string{"| undetermined |", "| excluded |"} {
		if strings.Contains(out.String(), s) {
			t.Errorf("%q is shown though unprotected APIs are not", s)
		}
	}
	if !strings.Contains(out.String(), "400 undetermined, 400 suppressed, 400 excluded)") {
		t.Error("what is left out is not counted by status")
	}
}

func TestMarkdownCompared(t *testing.T) {
	t.Parallel()
	for want, added := range map[string][]bool{
		"":                                       nil,
		"No failure is new in this change.":      {false, false},
		"1 of 2 failures is new in this change.": {true, false},
		"2 of 2 failures are new in this change.": {true, true},
	} {
		r := &check.Report{}
		for _, n := range added {
			r.Findings = append(r.Findings, check.Finding{Diagnostic: diag.Diagnostic{Severity: diag.Failure, Code: check.CodeUnreadable}, New: n})
		}
		r.Findings = append(r.Findings, check.Finding{Diagnostic: diag.Diagnostic{Severity: diag.Warning, Code: check.CodePlan}, New: true})
		for _, compared := range []bool{true, false} {
			var out bytes.Buffer
			if err := Markdown(&out, r, MarkdownOptions{Compared: compared}); err != nil {
				t.Fatal(err)
			}
			says := want != "" && strings.Contains(out.String(), "\n"+want+"\n")
			if says != (compared && want != "") {
				t.Errorf("compared %v, %v: %s", compared, added, out.String())
			}
			if strings.Contains(out.String(), "(new)") != compared {
				t.Errorf("compared %v: %s", compared, out.String())
			}
		}
	}
}

func TestLinkTarget(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                       "",
		"javascript:alert(1)":                    "",
		"//example.com":                          "",
		"https://a/b#L1":                         "https://a/b#L1",
		"http://localhost:1/a%20":                "http://localhost:1/a%20",
		"https://a/b c>)|\n`":                    "https://a/b%20c%3E%29%7C%0A%60",
		"https://a/?b&copy=1":                    "https://a/?b&amp;copy=1",
		"https://a/é\\":                          "https://a/%C3%A9%5C",
		"https://a/" + strings.Repeat("x", 2048): "",
	} {
		if got := linkTarget(in); got != want {
			t.Errorf("linkTarget(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestUntitled(t *testing.T) {
	t.Parallel()
	r := many(t, 3)
	var titled, untitled bytes.Buffer
	if err := errors.Join(Markdown(&titled, r, MarkdownOptions{}), Markdown(&untitled, r, MarkdownOptions{Untitled: true})); err != nil {
		t.Fatal(err)
	}
	if want := "### " + Title(r) + "\n\n" + untitled.String(); titled.String() != want {
		t.Errorf("%s\nwant\n%s", titled.String(), want)
	}
}

func TestLongTextIsCut(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, nil)
	long := strings.Repeat("注", 30_000)
	b.api(check.API{Name: long, Service: long, Path: long, Status: check.Unprotected, Reason: long})
	b.finding(check.Finding{Diagnostic: diag.Diagnostic{Code: check.CodeNotOnboarded, Severity: diag.Failure, Summary: long, Detail: long}, FixReason: long})
	var out bytes.Buffer
	if err := Markdown(&out, b.Report, MarkdownOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "注"); n < maxName || n > 3*maxName+2*maxReason {
		t.Errorf("%d characters of it are there", n)
	}
	if n := strings.Count(out.String(), "注…"); n != 5 {
		t.Errorf("%d cuts are marked", n)
	}
}
