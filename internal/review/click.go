package review

import (
	"context"
	"fmt"
	"sort"
	"strings"

	udiff "github.com/aymanbagabas/go-udiff"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/fix"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// fixOf analyzes the head again and keeps of the fix what may be committed.
func (r *Reviewer) fixOf(ctx context.Context, click Click, pull Pull) (*fix.Result, *Analysis, error) {
	changes, err := r.Pulls.Changes(ctx, click.Repo, pull.BaseBranch, pull.Head)
	if err != nil {
		return nil, nil, err
	}
	snaps, err := r.Snapshots.Snapshots(ctx, click.Repo, Wanted, pull.Head, changes.MergeBase)
	if err != nil {
		return nil, nil, err
	}
	settings, psRule, _ := config.Load(snaps[1])
	plan := r.plan(settings, psRule)
	plan.Fix = true
	a, err := Analyze(ctx, snaps[0], func(ctx context.Context, s *source.Snapshot, paths []string) (*source.Snapshot, error) {
		return r.Snapshots.Load(ctx, click.Repo, s, paths)
	}, plan)
	if err != nil {
		return nil, nil, err
	}
	r.unproven(ctx, a)
	for path := range a.Fix.Files {
		// The commit writes mode 100644; anything else would be changed by it.
		if e, ok := a.Snapshot.Lookup(path); !ok || e.Mode != source.Regular {
			delete(a.Fix.Files, path)
		}
	}
	return a.Fix, a, nil
}

// commitOf words the commit of a fix.
func commitOf(pull Pull, result *fix.Result, a *Analysis) Commit {
	var lines []string
	for _, f := range a.Report.Findings {
		if _, written := result.Files[f.Path]; written && f.Fixable {
			lines = append(lines, fmt.Sprintf("- %s (service %s) in %s", oneLine(f.API), oneLine(f.Service), f.Path))
		}
	}
	sort.Strings(lines)
	return Commit{
		Branch: pull.HeadBranch, ExpectedHead: pull.Head,
		Headline: "Onboard " + counted(len(lines), "API") + " to Microsoft Defender for APIs",
		Body:     strings.Join(lines, "\n"),
		Files:    result.Files,
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// handOver completes the check run once more with the patch that could not be
// committed.
func (r *Reviewer) handOver(ctx context.Context, repo Repo, pull Pull, result *fix.Result, a *Analysis) error {
	run, found, err := r.Checks.Find(ctx, repo, pull.Head, ExternalID(pull.Number, pull.BaseBranch))
	if err != nil || !found {
		return err
	}
	run.Text = "The branch does not take the App's commit. Apply this patch to it with `git apply`.\n\n" + patchText(result, a.Graph)
	run.Conclusion = "failure"
	return r.Checks.Complete(ctx, repo, run)
}

// maxPatch keeps the text of a run below GitHub's 65,535 characters.
const maxPatch = 60000

// patchText is the fix as a patch in a code fence that nothing in it can end.
func patchText(result *fix.Result, g *deployment.Graph) string {
	patch := Patch(result, g, nil)
	if len(patch) > maxPatch {
		return fmt.Sprintf("The patch has %d characters, more than fit here; `bot fix` writes it on a checkout of the branch.", len(patch))
	}
	fence := "```"
	for strings.Contains(patch, fence) {
		fence += "`"
	}
	return fence + "diff\n" + patch + fence + "\n"
}

// Patch is the fix as a unified diff that git apply takes. name gives the path
// to write for a file; nil keeps it.
func Patch(result *fix.Result, g *deployment.Graph, name func(path string) string) string {
	paths := make([]string, 0, len(result.Files))
	for p := range result.Files {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	var b strings.Builder
	for _, p := range paths {
		src := g.Source(p)
		if src == nil {
			continue
		}
		shown := p
		if name != nil {
			shown = name(p)
		}
		b.WriteString(insertions("a/"+shown, "b/"+shown, src, result))
	}
	return b.String()
}

// insertions is the diff of one file, with the edits where they were made: a
// diff computed from the two texts would put some of them a line too early.
func insertions(from, to string, src *source.File, result *fix.Result) string {
	var edits []udiff.Edit
	for _, e := range result.Edits {
		if e.Path == src.Path {
			edits = append(edits, udiff.Edit{Start: e.Span.Start, End: e.Span.End, New: e.NewText})
		}
	}
	diff, err := udiff.ToUnified(from, to, string(src.Content), edits, udiff.DefaultContextLines)
	if err != nil {
		return udiff.Unified(from, to, string(src.Content), string(result.Files[src.Path]))
	}
	return diff
}
