// Package checktest reads the small repositories that the rule and the fix are
// tested with, and writes what came of them as text. It is for tests.
//
// A case is a txtar archive: a comment, the files of a repository, and what is
// expected of them in the sections "report" and "fixed". Three more sections
// are not files: "settings" has a setting on each line (see [Case]), "bytes"
// says how a file differs from its text. A file "br:reference" is a module in a
// registry; one that is empty could not be fetched.
package checktest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Today is the date of all cases, as 2006-01-02.
const Today = "2026-11-24"

// Case is a repository with the settings it is checked with.
//
// Settings are written as "undetermined fail", "selfHostedGateway warn",
// "region mars", "location westeurope", "default name value", "parameters
// template file", "explicit path", "select prefix", "skip prefix", "exclude
// reason", "details" and "suppress api=… service=… path=… expires=… reason=…",
// the reason last.
type Case struct {
	Snapshot *source.Snapshot
	Options  deployment.Options
	Settings check.Settings
	Selected func(path string) bool
	// Details says that the report has the findings' full texts.
	Details bool
	// Report and Fixed are what is expected.
	Report, Fixed string

	given string // the archive up to what is expected
}

// Archives are the cases in a folder by name, which is the file's without
// ".txtar". It is an error when there are none.
func Archives(folder fs.FS) (map[string][]byte, error) {
	paths, err := fs.Glob(folder, "*.txtar")
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	if len(paths) == 0 {
		return nil, errors.New("no cases")
	}
	out := make(map[string][]byte, len(paths))
	for _, p := range paths {
		archive, err := fs.ReadFile(folder, p)
		if err != nil {
			return nil, fmt.Errorf("read case: %w", err)
		}
		out[strings.TrimSuffix(p, ".txtar")] = archive
	}
	return out, nil
}

var marker = regexp.MustCompile(`(?m)^-- (.+) --\n`)

// Parse reads a case.
func Parse(archive []byte) (*Case, error) {
	c := &Case{Settings: check.Settings{Today: Today}}
	text := string(archive)
	at := marker.FindAllStringSubmatchIndex(text, -1)
	files := map[string][]byte{}
	var names []string
	var configuration, form string
	c.given = text
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		name, body := text[m[2]:m[3]], text[m[1]:end]
		switch name {
		case "report":
			c.Report, c.given = body, c.given[:min(len(c.given), m[0])]
		case "fixed":
			c.Fixed, c.given = body, c.given[:min(len(c.given), m[0])]
		case "settings":
			configuration = body
		case "bytes":
			form = body
		default:
			if ref, ok := strings.CutPrefix(name, "br:"); ok {
				c.module(ref, body)
				continue
			}
			names = append(names, name)
			files[name] = []byte(body)
		}
	}
	if err := c.configure(configuration); err != nil {
		return nil, err
	}
	modes, err := reshape(files, form)
	if err != nil {
		return nil, err
	}
	entries := make([]source.Entry, len(names))
	for i, name := range names {
		entries[i] = source.Entry{Path: name, Mode: modes[name], Size: int64(len(files[name])), File: source.NewFile(name, files[name])}
	}
	c.Snapshot = source.NewSnapshot(entries)
	return c, nil
}

// Text is the archive with a report and with fixed files.
func (c *Case) Text(report, fixed string) []byte {
	text := c.given + "-- report --\n" + report
	if fixed != "" {
		text += "-- fixed --\n" + fixed
	}
	return []byte(text)
}

func (c *Case) module(reference, body string) {
	if c.Options.Modules == nil {
		c.Options.Modules = map[string]deployment.Module{}
	}
	m := deployment.Module{Content: []byte(body)}
	if body == "" {
		m = deployment.Module{Problem: "the registry cannot be reached"}
	}
	c.Options.Modules[reference] = m
}

func (c *Case) configure(text string) error {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, rest, _ := strings.Cut(value, " ")
		switch key {
		case "":
		case "undetermined":
			c.Settings.UndeterminedFails = value == "fail"
		case "selfHostedGateway":
			c.Settings.SelfHostedGateway = check.GatewayMode(value)
		case "region":
			c.Settings.Regions = append(c.Settings.Regions, value)
		case "location":
			c.Options.Location = value
		case "default":
			if c.Options.ParameterDefaults == nil {
				c.Options.ParameterDefaults = map[string]expr.Value{}
			}
			c.Options.ParameterDefaults[strings.ToLower(name)] = expr.String(rest)
		case "parameters":
			if c.Options.Parameters == nil {
				c.Options.Parameters = map[string][]string{}
			}
			c.Options.Parameters[name] = append(c.Options.Parameters[name], rest)
		case "explicit":
			if c.Options.Explicit == nil {
				c.Options.Explicit = map[string]bool{}
			}
			c.Options.Explicit[value] = true
		case "select":
			c.Selected = func(path string) bool { return strings.HasPrefix(path, value) }
		case "skip":
			c.Settings.Skip = func(path string) bool { return strings.HasPrefix(path, value) }
		case "exclude":
			c.Settings.RuleExcluded = value
		case "details":
			c.Details = true
		case "suppress":
			c.Settings.Suppress = append(c.Settings.Suppress, suppression(value))
		default:
			return fmt.Errorf("unknown setting %q", key)
		}
	}
	return nil
}

// suppression reads "api=… service=… path=… expires=… reason=…".
func suppression(text string) check.Suppression {
	s := check.Suppression{File: ".github/onboard-defender.yml"}
	fields, reason, _ := strings.Cut(text, "reason=")
	s.Reason = reason
	for f := range strings.FieldsSeq(fields) {
		key, value, _ := strings.Cut(f, "=")
		switch key {
		case "api":
			s.API = value
		case "service":
			s.Service = value
		case "path":
			s.Path = value
		case "expires":
			s.Expires = value
		}
	}
	return s
}

// reshape changes the bytes of files: "path bom crlf cr no-final-newline
// latin1 symlink", and "path repeat 3 text" which appends a text so often.
func reshape(files map[string][]byte, form string) (map[string]source.Mode, error) {
	modes := map[string]source.Mode{}
	for line := range strings.Lines(form) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		name := words[0]
		content := files[name]
		for i, w := range words[1:] {
			switch w {
			case "bom":
				content = append([]byte(source.BOM), content...)
			case "crlf":
				content = bytes.ReplaceAll(content, []byte("\n"), []byte("\r\n"))
			case "cr":
				content = bytes.ReplaceAll(content, []byte("\n"), []byte("\r"))
			case "no-final-newline":
				content = bytes.TrimRight(content, "\r\n")
			case "latin1":
				content = bytes.ReplaceAll(content, []byte("é"), []byte("\xe9"))
			case "symlink":
				modes[name] = source.Symlink
			case "repeat":
				n, err := strconv.Atoi(words[i+2])
				if err != nil {
					return nil, fmt.Errorf("repeat: %w", err)
				}
				content = append(content, bytes.Repeat([]byte(strings.Join(words[i+3:], " ")), n)...)
			}
		}
		files[name] = content
	}
	return modes, nil
}
