package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// MaxCompareFiles is how many files GitHub lists of a comparison, on its first
// page and no other.
// https://docs.github.com/rest/commits/commits#compare-two-commits
const MaxCompareFiles = 300

// FileChange is one file that differs between two commits.
type FileChange struct {
	Path string
	// PreviousPath is where a renamed or copied file was.
	PreviousPath string
	// Status is "added", "removed", "modified", "renamed", "copied",
	// "changed" or "unchanged".
	Status string
	// Hunks are the lines of the new file that the diff shows. There are none
	// without a patch, which GitHub leaves out for binary and large files.
	Hunks []Lines
}

// Lines is a range of lines of one file, counted from 1, both ends included.
type Lines struct{ Start, End int }

type fileJSON struct {
	Filename         string `json:"filename"`
	PreviousFilename string `json:"previous_filename"`
	Status           string `json:"status"`
	Patch            string `json:"patch"`
}

func changes(files []fileJSON) []FileChange {
	list := make([]FileChange, 0, len(files))
	for _, f := range files {
		list = append(list, FileChange{Path: f.Filename, PreviousPath: f.PreviousFilename, Status: f.Status, Hunks: hunks(f.Patch)})
	}
	return list
}

// Comparison is what a head has that its base does not, seen from where they
// parted.
type Comparison struct {
	// BaseSHA is the commit that base names.
	BaseSHA string
	// MergeBase is the commit where the two parted.
	MergeBase string
	Files     []FileChange
	// Truncated says that there may be more files than GitHub lists,
	// [MaxCompareFiles].
	Truncated bool
}

// Compare compares a base, which is a branch or a commit, with a head commit.
// One request tells the merge base and, for most pull requests, all files.
func (a *App) Compare(ctx context.Context, repo Repo, base, head string) (Comparison, error) {
	if base == "" || !validSHA(head) {
		return Comparison{}, permanent("compare %q with %q in %s: not a base and a commit", base, head, repo)
	}
	var answer struct {
		Base      commitJSON `json:"base_commit"`
		MergeBase commitJSON `json:"merge_base_commit"`
		Files     []fileJSON `json:"files"`
	}
	ask := func(page string) error {
		query := url.Values{"per_page": {"1"}, "page": {page}}
		return a.get(ctx, repo, query, &answer, "compare", base+"..."+head)
	}
	// Pages are of commits, which nobody needs; the files are all on the first.
	err := a.whenVisible(ctx, func() error { return ask("1") })
	unlisted := diffTakesTooLong(err)
	if unlisted {
		err = ask("2")
	}
	if err != nil {
		return Comparison{}, fmt.Errorf("compare %s with %s in %s: %w", base, head, repo, err)
	}
	if !validSHA(answer.MergeBase.SHA) || !validSHA(answer.Base.SHA) {
		return Comparison{}, fmt.Errorf("compare %s with %s in %s: no merge base", base, head, repo)
	}
	return Comparison{
		BaseSHA: answer.Base.SHA, MergeBase: answer.MergeBase.SHA,
		Files: changes(answer.Files), Truncated: unlisted || len(answer.Files) >= MaxCompareFiles,
	}, nil
}

// diffTakesTooLong reports whether GitHub gave up on the files of a comparison,
// such as in https://github.com/github-changelog-generator/github-changelog-generator/issues/920
func diffTakesTooLong(err error) bool {
	e, ok := errors.AsType[*StatusError](err)
	return ok && e.Status >= http.StatusInternalServerError && strings.Contains(e.Message, "this diff is")
}

type commitJSON struct {
	SHA string `json:"sha"`
}
