package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/check"
	"github.com/onboard-defender/onboard-defender/internal/review"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// changedSince is the part of a report that the changes since a revision have
// to do with, its findings marked as new or existing. Like a pull request, it
// compares with the commit where the two parted.
func (s *selection) changedSince(ctx context.Context, f folder, a *review.Analysis, plan review.Plan) (*check.Report, error) {
	rev := s.since
	commit, err := f.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && len(exit.Stderr) == 0 {
		return nil, fmt.Errorf("--changed-since %s: no such revision in %s", rev, f.root)
	}
	if err != nil {
		return nil, fmt.Errorf("--changed-since %s: %w", rev, err)
	}
	base := strings.TrimSpace(string(commit))
	if parted, err := f.git(ctx, "merge-base", base, "HEAD"); err == nil {
		base = strings.TrimSpace(string(parted))
	}
	changed, moved, err := f.changes(ctx, base)
	if err != nil {
		return nil, err
	}
	before, err := f.commit(ctx, base)
	if err != nil {
		return nil, err
	}
	// What was elsewhere before counts, too; what was given holds then as now.
	plan.Fix, plan.Selected = false, nil
	if before, err = s.addParameters(f, before, &plan); err != nil {
		return nil, err
	}
	old, err := review.Analyze(ctx, before, f.loadCommit, plan)
	if err != nil {
		return nil, err
	}
	a.Report.Compare(old.Report, moved)
	return a.Report.Affected(func(path string) bool { return changed[path] }), nil
}

// git runs a git command in the repository.
func (f folder) git(ctx context.Context, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, "git", args...) //nolint:gosec // what comes from the user stands behind --end-of-options
	c.Dir = f.root
	out, err := c.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && len(exit.Stderr) > 0 {
			return nil, fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(string(exit.Stderr)))
		}
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return out, nil
}

// changes lists the files that differ from a commit, and for renamed ones
// where they were.
func (f folder) changes(ctx context.Context, base string) (changed map[string]bool, moved map[string]string, err error) {
	changed, moved = map[string]bool{}, map[string]string{}
	out, err := f.git(ctx, "diff", "--name-status", "-z", "-M", base)
	if err != nil {
		return nil, nil, err
	}
	fields := strings.Split(string(out), "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		changed[fields[i+1]] = true
		if (fields[i][0] == 'R' || fields[i][0] == 'C') && i+2 < len(fields) {
			changed[fields[i+2]] = true
			moved[fields[i+2]] = fields[i+1]
			i++
		}
	}
	out, err = f.git(ctx, "ls-files", "--others", "--exclude-standard", "-z")
	if err != nil {
		return nil, nil, err
	}
	for p := range strings.SplitSeq(string(out), "\x00") {
		if p != "" {
			changed[p] = true
		}
	}
	return changed, moved, nil
}

// commit is the snapshot of a commit, with what may be a template loaded.
func (f folder) commit(ctx context.Context, commit string) (*source.Snapshot, error) {
	out, err := f.git(ctx, "ls-tree", "-r", "-z", "-l", "--full-tree", commit)
	if err != nil {
		return nil, err
	}
	var entries []source.Entry
	var wanted []string
	for line := range strings.SplitSeq(string(out), "\x00") {
		meta, path, ok := strings.Cut(line, "\t")
		fields := strings.Fields(meta)
		if !ok || len(fields) != 4 {
			continue
		}
		e := source.Entry{Path: path, ID: fields[2], Size: -1, Mode: modeOf(fields[0])}
		if n, err := strconv.ParseInt(fields[3], 10, 64); err == nil {
			e.Size = n
		}
		entries = append(entries, e)
		if e.Mode <= source.Executable && e.Size <= template.MaxSize && review.Wanted(e) {
			wanted = append(wanted, path)
		}
	}
	return f.loadCommit(ctx, source.NewSnapshot(entries), wanted)
}

func modeOf(git string) source.Mode {
	switch git {
	case "100755":
		return source.Executable
	case "120000":
		return source.Symlink
	case "160000":
		return source.Submodule
	}
	return source.Regular
}

// loadCommit adds contents to the snapshot of a commit.
func (f folder) loadCommit(ctx context.Context, s *source.Snapshot, paths []string) (*source.Snapshot, error) {
	var ids bytes.Buffer
	var entries []source.Entry
	for _, p := range paths {
		if e, ok := s.Lookup(p); ok && e.ID != "" && e.Mode <= source.Executable {
			entries = append(entries, e)
			ids.WriteString(e.ID + "\n")
		}
	}
	c := exec.CommandContext(ctx, "git", "cat-file", "--batch")
	c.Dir, c.Stdin = f.root, &ids
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("git cat-file: %w", err)
	}
	files := make([]*source.File, 0, len(entries))
	for _, e := range entries {
		header, rest, ok := bytes.Cut(out, []byte("\n"))
		fields := strings.Fields(string(header))
		if !ok || len(fields) != 3 {
			return nil, fmt.Errorf("git cat-file: no content for %s", e.Path)
		}
		n, err := strconv.Atoi(fields[2])
		if err != nil || n+1 > len(rest) {
			return nil, fmt.Errorf("git cat-file: content of %s is cut", e.Path)
		}
		files = append(files, source.NewFile(e.Path, bytes.Clone(rest[:n])))
		out = rest[n+1:]
	}
	return s.With(files...), nil
}
