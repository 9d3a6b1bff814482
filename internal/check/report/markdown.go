package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

const (
	// MaxMarkdown is GitHub's limit for the summary of a check run, in
	// characters. https://docs.github.com/rest/checks/runs
	MaxMarkdown = 65_535
	// MinMarkdown is the least limit that headline, reminder and the notices
	// about what was left out are sure to fit in.
	MinMarkdown = 4096

	maxName   = 120 // of names and paths, in characters
	maxReason = 400 // of other text
)

// MarkdownOptions say where the Markdown goes. The zero MarkdownOptions are a
// file of any kind.
type MarkdownOptions struct {
	// Limit is the most bytes to write; 0 is MaxMarkdown, and less than
	// MinMarkdown is taken as that. GitHub counts characters, of which there
	// are never more than bytes.
	Limit int
	// LinkFile is the address of a line of a file; nil, or "" for no link.
	// Addresses that are not http or https are not used.
	LinkFile func(path string, line int) string
	// Untitled leaves the title out, where it stands above already.
	Untitled bool
	// Compared says that the report was compared with an earlier state, so
	// that each finding is new or existing.
	Compared bool
}

// Markdown writes the summary of a check run: the APIs that are not onboarded
// first, the reason for each, what else is to be said, and how onboarding
// works. Lists that do not fit end after a whole row, with a count of the
// others. The error is the writer's.
func Markdown(w io.Writer, r *check.Report, o MarkdownOptions) error {
	m := &markdown{options: o, report: r}
	if o.Limit == 0 {
		m.options.Limit = MaxMarkdown
	}
	m.left = max(m.options.Limit, MinMarkdown)
	m.index()
	_, err := io.WriteString(w, m.write())
	return err
}

// markdown is a summary in the making.
type markdown struct {
	options  MarkdownOptions
	report   *check.Report
	findings []finding
	byAPI    map[apiKey]*check.Finding
	left     int // bytes that may still be written
	out      strings.Builder
}

// apiKey connects an API with its finding: both have the anchor.
type apiKey struct {
	path          string
	at            source.Span
	name, service string
}

func (m *markdown) index() {
	m.findings = findings(m.report)
	m.byAPI = map[apiKey]*check.Finding{}
	for _, f := range m.findings {
		if isStatus(f.Finding) {
			m.byAPI[apiKey{f.Path, f.Span, f.API, f.Service}] = f.Finding
		}
	}
}

// isStatus reports whether the finding only says what the API's status says.
func isStatus(f *check.Finding) bool {
	return f.Code == check.CodeNotOnboarded || f.Code == check.CodeUndetermined
}

// list is a part of the summary that can be cut after each row.
type list struct {
	head, tail string
	rows       []string
	noun       string
	labels     []string // of the rows: what to count the left out ones by
}

func (m *markdown) write() string {
	head := m.introduction()
	if !m.options.Untitled {
		head = "### " + Title(m.report) + "\n\n" + head
	}
	tail := m.reminder()
	rows, labels, onboarded := m.tables()
	const table = "| API | Service | Where | Status | Why |\n| --- | --- | --- | --- | --- |\n"
	lists := []list{
		{head: "**Could not be evaluated**\n\n", rows: m.notes(true), noun: "problem"},
		{head: table, rows: rows, noun: "API", labels: labels},
		{head: "**Notes**\n\n", rows: m.notes(false), noun: "note"},
		{
			head: "<details><summary>" + count(len(onboarded), "onboarded API") + "</summary>\n\n" +
				"| API | Service | Where | Why |\n| --- | --- | --- | --- |\n",
			rows: onboarded, noun: "onboarded API", tail: "\n</details>\n",
		},
	}
	m.left -= len(head) + len(tail)
	for _, l := range lists {
		m.left -= l.reserve()
	}
	m.out.WriteString(head)
	for i, l := range lists {
		m.left += l.reserve()
		most := m.left
		if i == 0 { // the table is what people come for
			most /= 3
		}
		m.list(l, most)
	}
	m.out.WriteString(tail)
	return m.out.String()
}

// introduction says what of it is new.
func (m *markdown) introduction() string {
	if !m.options.Compared {
		return ""
	}
	added, failing := 0, 0
	for _, f := range m.findings {
		if f.Severity != diag.Failure {
			continue
		}
		failing++
		if f.New {
			added++
		}
	}
	switch {
	case failing == 0:
		return ""
	case added == 0:
		return "No failure is new in this change.\n\n"
	case added == 1:
		return "1 of " + count(failing, "failure") + " is new in this change.\n\n"
	}
	return fmt.Sprintf("%d of %s are new in this change.\n\n", added, count(failing, "failure"))
}

// reserve is room for the list's frame and its notice in the worst case.
func (l list) reserve() int {
	if len(l.rows) == 0 {
		return 0
	}
	return len(l.head) + len(l.tail) + len(l.notice(0)) + len("\n")
}

// list writes what fits into so many bytes.
func (m *markdown) list(l list, most int) {
	if len(l.rows) == 0 {
		return
	}
	size, n := l.reserve(), 0
	for n < len(l.rows) && size+len(l.rows[n]) <= most {
		size += len(l.rows[n])
		n++
	}
	begin := m.out.Len()
	m.out.WriteString(l.head)
	for _, row := range l.rows[:n] {
		m.out.WriteString(row)
	}
	m.out.WriteString(l.tail)
	if n < len(l.rows) {
		m.out.WriteString(l.notice(n))
	}
	m.out.WriteByte('\n')
	m.left -= m.out.Len() - begin
}

// notice says what was left out after n rows.
func (l list) notice(n int) string {
	var by []string
	for start := n; start < len(l.labels); {
		end := start
		for end < len(l.labels) && l.labels[end] == l.labels[start] {
			end++
		}
		by = append(by, fmt.Sprintf("%d %s", end-start, l.labels[start]))
		start = end
	}
	detail := ""
	if len(by) > 0 {
		detail = " (" + strings.Join(by, ", ") + ")"
	}
	return fmt.Sprintf("\n… and %s%s for which there is no room here. `bot check` lists them all.\n", count(len(l.rows)-n, "more "+l.noun), detail)
}

// tables are the rows of the APIs that are not onboarded, the worst first,
// with their statuses, and of those that are.
func (m *markdown) tables() (rows, labels, onboarded []string) {
	sorted := apis(m.report)
	slices.SortStableFunc(sorted, func(a, b api) int { return rank(a.Status) - rank(b.Status) })
	for _, a := range sorted {
		name, service := Name(a.Name), Name(a.Service)
		where := m.where(a.Path, a.start.Line)
		if a.Status == check.Onboarded {
			onboarded = append(onboarded, fmt.Sprintf("| %s | %s | %s | %s |\n", name, service, where, Escape(cutRunes(a.Reason, maxReason))))
			continue
		}
		f := m.byAPI[apiKey{a.Path, a.At, a.Name, a.Service}]
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s | %s |\n", name, service, where, m.status(a.Status, f), why(a.API, f)))
		labels = append(labels, a.Status.String())
	}
	return rows, labels, onboarded
}

// rank orders statuses by how much they matter to the reader.
func rank(s check.Status) int {
	return slices.Index([]check.Status{check.Unprotected, check.Undetermined, check.Suppressed, check.Excluded, check.Onboarded}, s)
}

func (m *markdown) status(s check.Status, f *check.Finding) string {
	text := s.String()
	if s == check.Unprotected {
		text = "**" + text + "**"
	}
	if f == nil || !m.options.Compared {
		return text
	}
	if f.New {
		return text + ", new"
	}
	return text + ", existing"
}

// why is the reason of an API's status, and whether there is a fix.
func why(a *check.API, f *check.Finding) string {
	reason := a.Reason
	if reason == "" && a.Status == check.Unprotected {
		reason = "there is no collection for it"
	}
	text := Escape(cutRunes(reason, maxReason))
	switch {
	case f == nil:
	case f.Fixable:
		text += "; can be fixed automatically"
	case f.FixReason != "":
		text += "; no automatic fix: " + Escape(cutRunes(f.FixReason, maxReason))
	}
	return strings.TrimPrefix(text, "; ")
}

// where is a place, linked if there is an address for it.
func (m *markdown) where(path string, line int) string {
	text := Code(fmt.Sprintf("%s:%d", cutRunes(path, maxName), line))
	if m.options.LinkFile == nil {
		return text
	}
	if address := linkTarget(m.options.LinkFile(path, line)); address != "" {
		return "[" + text + "](<" + address + ">)"
	}
	return text
}

// linkTarget is an address that nothing of can end the link around it, "" if
// it is none to follow.
func linkTarget(address string) string {
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") || len(address) > 2048 {
		return ""
	}
	var b strings.Builder
	for i := range len(address) {
		switch c := address[i]; {
		case c == '&':
			b.WriteString("&amp;")
		case isAlnum(c), strings.IndexByte("-._~:/?#@!+,;=%", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// notes are the findings that the table does not show: those that kept the
// rule from being evaluated, or the others.
func (m *markdown) notes(broken bool) []string {
	var rows []string
	for _, f := range m.findings {
		if isStatus(f.Finding) || isBroken(f.Finding) != broken {
			continue
		}
		text := fmt.Sprintf("- %s %s", m.where(f.Path, f.start.Line), Escape(cutRunes(f.Summary, maxReason)))
		if f.Detail != "" {
			text += ": " + Escape(cutRunes(f.Detail, maxReason))
		}
		if !broken {
			text += " (" + f.Severity.String() + ")"
		}
		if m.options.Compared && f.New {
			text += " (new)"
		}
		rows = append(rows, text+"\n")
	}
	return rows
}

// reminder is what an author has to know before a collection deploys, though
// all APIs may have one: nothing in a template says that the plan is on.
func (m *markdown) reminder() string {
	rule := fmt.Sprintf("[%s](%s) (%s)", check.RuleName, check.RuleURL, check.RuleRef)
	if s := m.report.Summary; s.APIs == s.Excluded {
		return "Rule: " + rule + "\n"
	}
	return "Onboarding takes two steps:\n\n" +
		"1. The Defender for APIs plan is on at the **subscription**: `Microsoft.Security/pricings` named `Api`, tier `Standard`. " +
		"Collections do not deploy without it. [How to turn it on](" + PlanURL + "), [what it covers](" + RequirementsURL + ").\n" +
		"2. **Each API** has a `Microsoft.Security/apiCollections` resource of its name, scoped to its API Management service.\n\n" +
		"Rule: " + rule + "\n"
}
