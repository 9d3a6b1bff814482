package github

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Bounds of a commit that this program makes. GitHub takes more.
const (
	MaxCommitFiles = 1000
	MaxCommitBytes = 20 << 20
)

// CommitRequest is a commit to make.
type CommitRequest struct {
	// Branch is the branch's name, without refs/heads/.
	Branch string
	// ExpectedHead is the commit the branch must be at.
	ExpectedHead string
	// Headline is the message's first line, Body the rest; it may be empty.
	Headline, Body string
	// Files are whole contents by path. The paths must be regular files of
	// mode 100644 in the head, or new: GitHub writes that mode, so that a link
	// would become a file. The caller knows the tree and checks.
	Files map[string][]byte
}

// Commit writes files to a branch in one commit, which GitHub signs, and gives
// the commit's name. The errors to expect are [ErrHeadMoved] and
// [ErrNotWritable]; with either, nothing was written. It is not repeated when
// the answer is lost: the branch's head tells whether it was made.
//
// Where there is no GraphQL the commit is made through the Git Data API.
func (a *App) Commit(ctx context.Context, repo Repo, req CommitRequest) (string, error) {
	if err := req.validate(); err != nil {
		return "", permanent("commit to %s: %w", repo, err)
	}
	sha, err := a.commitGraphQL(ctx, repo, req)
	if errors.Is(err, errNoMutation) {
		sha, err = a.commitGitData(ctx, repo, req)
	}
	if err != nil {
		return "", fmt.Errorf("commit to %s of %s: %w", req.Branch, repo, err)
	}
	return sha, nil
}

// OwnCommit reports whether the App made a commit. It goes by the author's
// name, which whoever pushes can choose: good for restraint, not for trust.
func (a *App) OwnCommit(ctx context.Context, repo Repo, sha string) (bool, error) {
	if !validSHA(sha) {
		return false, permanent("read commit in %s: %q is not a commit", repo, sha)
	}
	slug, err := a.ownSlug(ctx)
	if err != nil {
		return false, fmt.Errorf("read commit %s of %s: %w", sha, repo, err)
	}
	var commit struct {
		Author struct {
			Name string `json:"name"`
		} `json:"author"`
	}
	if err := a.get(ctx, repo, nil, &commit, "git", "commits", sha); err != nil {
		return false, fmt.Errorf("read commit %s of %s: %w", sha, repo, err)
	}
	return commit.Author.Name == slug+"[bot]", nil
}

func (r CommitRequest) validate() error {
	switch {
	case r.Branch == "" || strings.HasPrefix(r.Branch, "refs/"):
		return fmt.Errorf("%q is not a branch's name", r.Branch)
	case !validSHA(r.ExpectedHead):
		return fmt.Errorf("%q is not a commit", r.ExpectedHead)
	case strings.TrimSpace(r.Headline) == "" || strings.ContainsAny(r.Headline, "\r\n"):
		return errors.New("the headline is not one line")
	case len(r.Files) == 0:
		return errors.New("no files")
	case len(r.Files) > MaxCommitFiles:
		return fmt.Errorf("%d files: %w", len(r.Files), ErrTooLarge)
	}
	size := 0
	for path, content := range r.Files {
		if !writable(path) {
			return fmt.Errorf("refused to write %q", path)
		}
		size += len(content)
	}
	if size > MaxCommitBytes {
		return fmt.Errorf("%d bytes: %w", size, ErrTooLarge)
	}
	return nil
}

// writable reports whether a path may be written: never what GitHub or git
// acts upon, in any spelling that some file system takes for the same.
func writable(path string) bool {
	if path == "" || source.Clean(path) != path || clean(path) != path {
		return false
	}
	for i, segment := range strings.Split(path, "/") {
		name := strings.TrimRight(strings.ToLower(segment), " .")
		if name == ".git" || name == "git~1" || i == 0 && name == ".github" {
			return false
		}
	}
	return true
}

// errNoMutation says that GraphQL, or the mutation in it, is not there.
var errNoMutation = errors.New("no createCommitOnBranch")

const commitMutation = `mutation($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) {
    commit { oid }
  }
}
`

// commitGraphQL uses
// https://docs.github.com/graphql/reference/mutations#createcommitonbranch
func (a *App) commitGraphQL(ctx context.Context, repo Repo, req CommitRequest) (string, error) {
	additions := make([]map[string]string, 0, len(req.Files))
	for _, path := range slices.Sorted(maps.Keys(req.Files)) {
		additions = append(additions, map[string]string{
			"path": path, "contents": base64.StdEncoding.EncodeToString(req.Files[path]),
		})
	}
	input := map[string]any{
		"branch":          map[string]string{"repositoryNameWithOwner": repo.String(), "branchName": req.Branch},
		"expectedHeadOid": req.ExpectedHead,
		"message":         map[string]string{"headline": clean(req.Headline), "body": clean(req.Body)},
		"fileChanges":     map[string]any{"additions": additions},
	}
	var answer struct {
		Create *struct {
			Commit struct {
				OID string `json:"oid"`
			} `json:"commit"`
		} `json:"createCommitOnBranch"`
	}
	found, err := a.graphQL(ctx, repo, toCommit, commitMutation, map[string]any{"input": input}, &answer)
	if noGraphQL(err) {
		return "", errNoMutation
	}
	if err != nil {
		return "", refusedWrite(err)
	}
	if len(found) > 0 {
		return "", refusedCommit(found[0])
	}
	if answer.Create == nil || !validSHA(answer.Create.Commit.OID) {
		return "", errors.New("answer has no commit")
	}
	return answer.Create.Commit.OID, nil
}

// refusedCommit makes the error of a mutation that was not carried out.
func refusedCommit(e GraphQLError) error {
	message := strings.ToLower(e.Message)
	switch {
	case e.Type == "STALE_DATA" || strings.Contains(message, "expected branch to point to"):
		return permanent("%w: %w", ErrHeadMoved, &e)
	case e.Type == "undefinedField" || e.Type == "undefinedType" || strings.Contains(message, "doesn't exist on type"):
		return errNoMutation
	case e.Permanent() || strings.HasSuffix(e.Type, "_VIOLATION") || strings.Contains(message, "protected branch") ||
		strings.Contains(message, "through a pull request") || strings.Contains(message, "rule violations") ||
		strings.Contains(message, "not accessible by integration"):
		return permanent("%w: %w", ErrNotWritable, &e)
	}
	return &e
}

// refusedWrite makes the error of a request that may not write. 422 to a
// request for a token is a permission that the installation has not accepted.
func refusedWrite(err error) error {
	e, ok := errors.AsType[*StatusError](err)
	if !ok {
		return err
	}
	switch e.Status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity:
		return permanent("%w: %w", ErrNotWritable, err)
	}
	return err
}
