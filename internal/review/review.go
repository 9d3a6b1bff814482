// Package review is the conductor: it takes one pull request from its event to
// its completed check run. It fetches through the small interfaces it declares
// here, decides nothing about templates itself, and knows neither GitHub's API
// nor the database; the program plugs those in. A newcomer reads this package
// first: Review in pull.go is the whole way of a pull request.
package review

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// CheckName is the name of the check run, which branch protection refers to.
const CheckName = "Defender for APIs"

// ActionOnboard is the identifier of the button that commits the fix.
const ActionOnboard = "onboard"

// Repo is a repository as one installation of the App sees it.
type Repo struct {
	Installation, ID int64
	Owner, Name      string
}

// Request asks for a check run.
type Request struct {
	Repo Repo
	// Number is the pull request's.
	Number int
	// Hint is the pull request as the event described it.
	Hint Pull
	// Fresh says that the head is certainly new and Hint the newest there is:
	// no check run of it can exist yet.
	Fresh bool
	// Again asks for a new check run although the head has one.
	Again bool
	// Delivery names the event, for the identity of a run that is asked for
	// again.
	Delivery string
	// Last says that there will be no further attempt: a review that cannot be
	// done completes its check run with that.
	Last bool
	// Exhausted says that all attempts died with their process: nothing is to be
	// tried any more, only the check run to be completed.
	Exhausted bool
}

// Click is a click on the button of a check run.
type Click struct {
	Repo   Repo
	Number int
	// Head is the commit of the check run, and ExternalID what the run is found
	// by; "" for the first one of that head.
	Head       string
	ExternalID string
	// Sender is the login of who clicked.
	Sender string
	Last   bool
}

// Pull is a pull request as it is now.
type Pull struct {
	Number     int
	Open       bool
	Head       string // commit
	HeadBranch string
	BaseBranch string
	// Fork says that the head lies in another repository.
	Fork bool

	base string // commit to compare with, where it is not BaseBranch's
}

// Branch is a repository's default branch as it is now.
type Branch struct {
	Name string
	// Head is its commit, "" while there is none.
	Head string
	// ReadOnly says that the repository is archived or disabled, and takes no
	// check run.
	ReadOnly bool
}

// Lines is a range of lines, both ends included, counted from 1.
type Lines struct{ Start, End int }

// Change is a file that a pull request changes. Previous is where a renamed one
// was; a copy is a new file.
type Change struct {
	Path, Previous string
	Removed        bool
	// Hunks are the lines of the new file that the diff shows; empty when that
	// is not known.
	Hunks []Lines
}

// Changes are what a head has over its base.
type Changes struct {
	// Base is the base's commit, and MergeBase the one where the two parted.
	Base, MergeBase string
	Files           []Change
	// Truncated says that there may be more files.
	Truncated bool
}

// show reports whether the diff shows lines of the new file, in one hunk.
func (c Changes) show(path string, first, last int) bool {
	return slices.ContainsFunc(c.Files, func(f Change) bool {
		return f.Path == path && slices.ContainsFunc(f.Hunks, func(h Lines) bool { return h.Start <= first && last <= h.End })
	})
}

// Annotation is a remark on a line.
type Annotation struct {
	Path                 string
	Line                 int
	StartColumn          int // 0 for none
	EndColumn            int // exclusive
	Level                string
	Title, Message, More string
}

// Run is a check run.
type Run struct {
	ID         int64
	Head       string
	ExternalID string
	Completed  bool
	// Posted counts the annotations that are there already.
	Posted               int
	Conclusion           string
	Title, Summary, Text string
	Annotations          []Annotation
	OfferFix             bool
}

// Commit is a commit to make on a branch.
type Commit struct {
	Branch, ExpectedHead string
	Headline, Body       string
	Files                map[string][]byte
}

// Suggestion offers text in place of lines of a file. Message is Markdown.
type Suggestion struct {
	Path          string
	Lines         Lines
	Message, Text string
}

// Proposal is the pull request that the App itself keeps to the default branch.
type Proposal struct {
	// Base is the branch it goes to.
	Base        string
	Title, Body string
	// Head is the commit it proposes; Open and Merged say how it stands.
	Head         string
	Open, Merged bool
}

// Pulls reads pull requests.
type Pulls interface {
	Pull(ctx context.Context, repo Repo, number int) (Pull, error)
	// Changes compares a base, which is a branch or a commit, with a head.
	Changes(ctx context.Context, repo Repo, base, head string) (Changes, error)
	// Permission is "admin", "write", "read" or "none".
	Permission(ctx context.Context, repo Repo, login string) (string, error)
}

// Branches reads branches.
type Branches interface {
	Default(ctx context.Context, repo Repo) (Branch, error)
}

// Snapshots reads commits.
type Snapshots interface {
	Snapshots(ctx context.Context, repo Repo, want func(source.Entry) bool, commits ...string) ([]*source.Snapshot, error)
	Load(ctx context.Context, repo Repo, s *source.Snapshot, paths []string) (*source.Snapshot, error)
}

// Checks writes check runs.
type Checks interface {
	// Find is the App's newest run of that head and external ID, or of that and
	// a delivery by which it was asked for again.
	Find(ctx context.Context, repo Repo, head, externalID string) (run Run, found bool, err error)
	// Start creates the run in progress.
	Start(ctx context.Context, repo Repo, run Run) (Run, error)
	// Complete completes a run, and creates it if it has no ID.
	Complete(ctx context.Context, repo Repo, run Run) error
}

// Commits writes commits. A branch that has moved gives an error for which
// Moved reports true, one that may not be written NotWritable.
type Commits interface {
	Commit(ctx context.Context, repo Repo, c Commit) (sha string, err error)
	Moved(err error) bool
	NotWritable(err error) bool
}

// History tells what the App did before.
type History interface {
	// Own reports whether a commit was made by the App.
	Own(ctx context.Context, repo Repo, commit string) (bool, error)
	// Runs are the App's check runs of a commit, in any order.
	Runs(ctx context.Context, repo Repo, commit string) ([]Run, error)
}

// Suggestions writes reviews.
type Suggestions interface {
	// Suggest writes the suggestions as one review, once for each head, and
	// hides those of earlier heads. Without suggestions it only hides.
	Suggest(ctx context.Context, repo Repo, number int, head, body string, list []Suggestion) error
}

// Proposals keeps a pull request of the App's own, from a branch of its own.
type Proposals interface {
	// Proposed is the newest one there ever was.
	Proposed(ctx context.Context, repo Repo) (p Proposal, found bool, err error)
	// Propose puts the branch at a new commit and opens the pull request, or
	// brings the open one up to date. The commit names no branch.
	Propose(ctx context.Context, repo Repo, p Proposal, c Commit) error
	// Withdraw closes it, with a last text, and removes the branch; it is no
	// error if there is neither.
	Withdraw(ctx context.Context, repo Repo, body string) error
}

// Reviewer reviews pull requests. The interfaces, Now and Logger are required.
// It is safe for concurrent use.
type Reviewer struct {
	Pulls       Pulls
	Branches    Branches
	Snapshots   Snapshots
	Checks      Checks
	Commits     Commits
	History     History
	Suggestions Suggestions
	Proposals   Proposals
	// Now is the clock that suppressions expire by.
	Now    func() time.Time
	Logger *slog.Logger
	// Defaults are the settings of organisations; nil for none.
	Defaults *Defaults
	// Modules is the door to registries; nil for none.
	Modules Modules
	// Cache keeps parsed files between reviews; nil for none.
	Cache *deployment.Cache
	// Superseded reports whether a context ended because a newer event made its
	// work pointless; nil for never.
	Superseded func(ctx context.Context) bool
	// Explain says in a sentence or two, for people, what an error means and who
	// can do what about it; "" where nothing is known. Nil explains nothing.
	Explain func(error) string
	// FileURL is the address of a line of a file; nil for no links.
	FileURL func(repo Repo, commit, path string, line int) string
	// Conclusions keeps what to conclude where nothing applies; nil for none.
	Conclusions *Conclusions
	// Reads keeps which files templates read; nil for none.
	Reads *Reads
	// OnBug is told of fixes that did not stand their proof; nil for nobody.
	OnBug func(error)
}
