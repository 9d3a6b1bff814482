package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/diag"
)

// GitHub writes the findings as workflow commands, which GitHub Actions turns
// into annotations, and the title of the report for the log. The error is the
// writer's.
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
func GitHub(w io.Writer, r *check.Report) error {
	out := bufio.NewWriterSize(w, 1<<16)
	for _, a := range Annotations(r) {
		line := fmt.Sprintf("::%s file=%s,line=%d,endLine=%d", command(a.Level), escapeProperty(a.Path), a.StartLine, a.EndLine)
		if a.StartColumn > 0 {
			// GitHub's end column is inclusive.
			line += fmt.Sprintf(",col=%d,endColumn=%d", a.StartColumn, max(a.StartColumn, a.EndColumn-1))
		}
		line += fmt.Sprintf(",title=%s::%s\n", escapeProperty(a.Title), escapeData(a.Message))
		if _, err := out.WriteString(line); err != nil {
			return err
		}
	}
	if _, err := out.WriteString(Title(r) + "\n"); err != nil {
		return err
	}
	return out.Flush()
}

// command is the workflow command of an annotation's level.
func command(level string) string {
	if level == diag.Failure.String() {
		return "error"
	}
	return level
}

// escapeData is for the part after the second "::", where only a line break
// ends something.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// escapeProperty is for the values before it.
func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
