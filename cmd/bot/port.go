package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/review"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// port plugs the door to GitHub into the conductor: it translates types and
// does nothing else.
type port struct{ app *github.App }

func repo(r review.Repo) github.Repo {
	return github.Repo{Installation: r.Installation, ID: r.ID, Owner: r.Owner, Name: r.Name}
}

// Pull reads a pull request.
func (p port) Pull(ctx context.Context, r review.Repo, number int) (review.Pull, error) {
	pull, err := p.app.Pull(ctx, repo(r), number)
	if err != nil {
		return review.Pull{}, err
	}
	return review.Pull{
		Number: pull.Number, Open: pull.State == "open", Head: pull.HeadSHA, HeadBranch: pull.HeadRef, BaseBranch: pull.BaseRef, Fork: pull.Fork,
	}, nil
}

// Changes compares a branch with a commit.
func (p port) Changes(ctx context.Context, r review.Repo, base, head string) (review.Changes, error) {
	c, err := p.app.Compare(ctx, repo(r), base, head)
	if err != nil {
		return review.Changes{}, err
	}
	out := review.Changes{Base: c.BaseSHA, MergeBase: c.MergeBase, Truncated: c.Truncated, Files: make([]review.Change, len(c.Files))}
	for i, f := range c.Files {
		out.Files[i] = review.Change{Path: f.Path, Removed: f.Status == "removed"}
		if f.Status == "renamed" {
			out.Files[i].Previous = f.PreviousPath
		}
		for _, h := range f.Hunks {
			out.Files[i].Hunks = append(out.Files[i].Hunks, review.Lines{Start: h.Start, End: h.End})
		}
	}
	return out, nil
}

// fileURL is the address of a line of a file.
func (p port) fileURL(r review.Repo, commit, path string, line int) string {
	escaped := (&url.URL{Path: path}).EscapedPath()
	return fmt.Sprintf("%s/%s/%s/blob/%s/%s#L%d", p.app.WebURL(), r.Owner, r.Name, commit, escaped, line)
}

// Default is the default branch.
func (p port) Default(ctx context.Context, r review.Repo) (review.Branch, error) {
	info, err := p.app.Repository(ctx, r.Installation, r.Owner, r.Name)
	if err != nil {
		return review.Branch{}, err
	}
	branch := review.Branch{Name: info.DefaultBranch, ReadOnly: info.Archived || info.Disabled}
	if branch.ReadOnly {
		return branch, nil
	}
	branch.Head, err = p.app.Head(ctx, repo(r), branch.Name)
	if status, ok := errors.AsType[*github.StatusError](err); ok && (status.Status == http.StatusConflict || status.Status == http.StatusNotFound) {
		return branch, nil // it has no commit yet
	}
	return branch, err
}

// Organisation is the settings file of an account. Without the repository that
// it lies in, or the App on it, there are none.
func (p port) Organisation(ctx context.Context, installation int64, owner string) ([]byte, error) {
	content, err := p.app.File(ctx, installation, owner, config.OrganisationRepository, config.OrganisationPath)
	if errors.Is(err, github.ErrNotFound) || errors.Is(err, github.ErrForbidden) {
		return nil, nil
	}
	return content, err
}

// Permission is what a user may do in the repository.
func (p port) Permission(ctx context.Context, r review.Repo, login string) (string, error) {
	return p.app.Permission(ctx, repo(r), login)
}

// Snapshots reads commits.
func (p port) Snapshots(ctx context.Context, r review.Repo, want func(source.Entry) bool, commits ...string) ([]*source.Snapshot, error) {
	return p.app.Snapshots(ctx, repo(r), want, commits...)
}

// Load adds contents to a snapshot.
func (p port) Load(ctx context.Context, r review.Repo, s *source.Snapshot, paths []string) (*source.Snapshot, error) {
	return p.app.Load(ctx, repo(r), s, paths)
}

// Find is the App's newest run of a head and external ID.
func (p port) Find(ctx context.Context, r review.Repo, head, externalID string) (review.Run, bool, error) {
	runs, err := p.app.CheckRuns(ctx, repo(r), review.CheckName, head)
	if errors.Is(err, github.ErrNotFound) {
		return review.Run{}, false, nil
	}
	if err != nil {
		return review.Run{}, false, err
	}
	for _, run := range runs {
		if review.SameOrigin(run.ExternalID, externalID) {
			return found(run), true, nil
		}
	}
	return review.Run{}, false, nil
}

func found(run github.CheckRun) review.Run {
	return review.Run{
		ID: run.ID, Head: run.HeadSHA, ExternalID: run.ExternalID, Completed: run.Status == "completed", Posted: run.Posted,
		Conclusion: run.Conclusion, Title: run.Title, Summary: run.Summary, Text: run.Text,
	}
}

// Runs are the App's runs of a commit.
func (p port) Runs(ctx context.Context, r review.Repo, commit string) ([]review.Run, error) {
	runs, err := p.app.CheckRuns(ctx, repo(r), review.CheckName, commit)
	out := make([]review.Run, len(runs))
	for i, run := range runs {
		out[i] = found(run)
	}
	return out, err
}

// Own reports whether a commit is the App's.
func (p port) Own(ctx context.Context, r review.Repo, commit string) (bool, error) {
	return p.app.OwnCommit(ctx, repo(r), commit)
}

// Start creates a run in progress.
func (p port) Start(ctx context.Context, r review.Repo, run review.Run) (review.Run, error) {
	started, err := p.app.StartCheckRun(ctx, repo(r), github.CheckRun{Name: review.CheckName, HeadSHA: run.Head, ExternalID: run.ExternalID})
	if err != nil {
		return review.Run{}, err
	}
	run.ID = started.ID
	return run, nil
}

// Complete completes a run.
func (p port) Complete(ctx context.Context, r review.Repo, run review.Run) error {
	out := github.CheckRun{
		ID: run.ID, Name: review.CheckName, HeadSHA: run.Head, ExternalID: run.ExternalID, Conclusion: run.Conclusion,
		Title: run.Title, Summary: run.Summary, Text: run.Text, Posted: run.Posted,
	}
	for _, a := range run.Annotations {
		out.Annotations = append(out.Annotations, github.Annotation{
			Path: a.Path, StartLine: a.Line, EndLine: a.Line, StartColumn: a.StartColumn, EndColumn: a.EndColumn,
			Level: a.Level, Title: a.Title, Message: a.Message, RawDetails: a.More,
		})
	}
	if run.OfferFix {
		out.Actions = []github.Action{{
			Label: "Onboard APIs", Description: "Commit the missing apiCollections", Identifier: review.ActionOnboard,
		}}
	}
	return p.app.CompleteCheckRun(ctx, repo(r), out)
}

// Commit writes files to a branch.
func (p port) Commit(ctx context.Context, r review.Repo, c review.Commit) (string, error) {
	return p.app.Commit(ctx, repo(r), github.CommitRequest{
		Branch: c.Branch, ExpectedHead: c.ExpectedHead, Headline: c.Headline, Body: c.Body, Files: c.Files,
	})
}

// Moved reports whether a commit was refused because the branch has moved.
func (port) Moved(err error) bool { return errors.Is(err, github.ErrHeadMoved) }

// NotWritable reports whether the branch does not take the App's commits.
func (port) NotWritable(err error) bool { return errors.Is(err, github.ErrNotWritable) }

// Suggest writes suggestions as one review.
func (p port) Suggest(ctx context.Context, r review.Repo, number int, head, body string, list []review.Suggestion) error {
	out := github.Review{HeadSHA: head, Body: body}
	for _, s := range list {
		out.Comments = append(out.Comments, github.ReviewComment{
			Path: s.Path, Lines: github.Lines{Start: s.Lines.Start, End: s.Lines.End},
			Body: s.Message + "\n\n" + github.Suggestion(s.Text),
		})
	}
	return p.app.Suggest(ctx, repo(r), number, out)
}

// backlogBranch is the branch of the App's own pull request.
const backlogBranch = github.OwnBranchPrefix + "backlog"

// Proposed is the newest pull request of the App's own.
func (p port) Proposed(ctx context.Context, r review.Repo) (review.Proposal, bool, error) {
	was, err := p.app.Proposed(ctx, repo(r), backlogBranch)
	if errors.Is(err, github.ErrNotFound) {
		return review.Proposal{}, false, nil
	}
	return review.Proposal{Body: was.Body, Head: was.HeadSHA, Open: was.State == "open", Merged: was.Merged}, err == nil, err
}

// Propose opens the App's own pull request or brings it up to date.
func (p port) Propose(ctx context.Context, r review.Repo, proposal review.Proposal, c review.Commit) error {
	if _, err := p.app.Replace(ctx, repo(r), github.CommitRequest{
		Branch: backlogBranch, ExpectedHead: c.ExpectedHead, Headline: c.Headline, Body: c.Body, Files: c.Files,
	}); err != nil {
		return err
	}
	_, err := p.app.Propose(ctx, repo(r), github.Proposal{
		Branch: backlogBranch, Base: proposal.Base, Title: proposal.Title, Body: proposal.Body,
	})
	return err
}

// Withdraw closes the App's own pull request.
func (p port) Withdraw(ctx context.Context, r review.Repo, body string) error {
	return p.app.Withdraw(ctx, repo(r), backlogBranch, body)
}
