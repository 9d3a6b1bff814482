package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const readmePath = "../../README.md"

// blocks are the code blocks of README that begin with a text.
func blocks(t *testing.T, prefix string) []string {
	t.Helper()
	content, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, part := range strings.Split(string(content), "\n```") {
		if _, body, ok := strings.Cut(part, "\n"); ok && i%2 == 1 && strings.HasPrefix(body, prefix) {
			out = append(out, body)
		}
	}
	return out
}

// The examples in README are what the commands print in the folder
// testdata/readme. -update rewrites them.
func TestReadmeExamples(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "readme"))); err != nil {
		t.Fatal(err)
	}
	examples := blocks(t, "$ bot ")
	if len(examples) < 2 {
		t.Fatalf("README has %d examples of commands", len(examples))
	}
	for _, example := range examples {
		line, want, _ := strings.Cut(example, "\n")
		c := exec.CommandContext(t.Context(), "bot", strings.Fields(line)[2:]...)
		c.Dir = dir
		got, err := c.CombinedOutput() // as on a terminal
		if err != nil && c.ProcessState == nil {
			t.Fatal(err)
		}
		got = bytes.TrimSuffix(got, []byte("\n"))
		if want == string(got) {
			continue
		}
		if !*update {
			t.Errorf("README differs from what %q prints (-README +output):\n%s", line, cmp.Diff(want, string(got)))
			continue
		}
		content, err := os.ReadFile(readmePath)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.Replace(content, []byte(example), []byte(line+"\n"+string(got)), 1)
		if err := os.WriteFile(readmePath, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// The two commands that README begins with: the first is run, the second is
// what runs this test.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	found := blocks(t, "go run ")
	if len(found) != 1 {
		t.Fatalf("README has %d blocks of commands", len(found))
	}
	var commands []string
	for line := range strings.Lines(found[0]) {
		command, _, _ := strings.Cut(line, "#")
		commands = append(commands, strings.TrimSpace(command))
	}
	if diff := cmp.Diff([]string{"go run ./cmd/bot demo", "go test ./..."}, commands); diff != "" {
		t.Fatal(diff)
	}
	if testing.Short() {
		t.Skip("building the program takes a while")
	}
	words := strings.Fields(commands[0])
	c := exec.CommandContext(t.Context(), words[0], words[1:]...)
	c.Dir = filepath.Dir(readmePath)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", commands[0], err, out)
	}
	if !bytes.Contains(out, []byte("success  Defender for APIs: All 3 APIs onboarded")) {
		t.Errorf("%s prints\n%s", commands[0], out)
	}
}

// Every command and flag that README speaks of exists, and every command is in
// README.
func TestReadmeNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	// What is not there yet is named under a heading of its own.
	text := regexp.MustCompile(`(?s)\n## What is not there yet.*?\n## `).ReplaceAllString(string(content), "\n## ")
	root := rootCommand(environment{lookup: func(string) (string, bool) { return "", false }})
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("(?:`|\\$ |/cmd/)bot(?:@main)?((?: [a-z]+)+)").FindAllStringSubmatch(text, -1) {
		c, rest, err := root.Find(strings.Fields(m[1]))
		if err != nil {
			t.Errorf("README names bot%s: %v", m[1], err)
			continue
		}
		if c == root || len(rest) > 0 && c.HasSubCommands() {
			t.Errorf("README names bot%s, which is no command", m[1])
		}
		named[c.Name()] = true
	}
	flags := map[string]bool{}
	for _, c := range root.Commands() {
		if !named[c.Name()] && c.Name() != "config" && c.Name() != "help" {
			t.Errorf("README does not name bot %s", c.Name())
		}
		c.InitDefaultHelpFlag()
		for _, word := range regexp.MustCompile(`--[a-z-]+`).FindAllString(c.Flags().FlagUsages(), -1) {
			flags[word] = true
		}
	}
	for _, m := range regexp.MustCompile(`(?m)[\x60 ](--[a-z-]+)`).FindAllStringSubmatch(text, -1) {
		if !flags[m[1]] {
			t.Errorf("README names %s, which is a flag of no command", m[1])
		}
	}
}
