package github

import (
	"errors"
	"math"
	"strings"

	"github.com/tidwall/gjson"
)

// Bounds on what is read of a webhook. GitHub sends at most 25 MB and nests
// about ten levels deep; see https://docs.github.com/webhooks/webhook-events-and-payloads
const (
	// MaxEventBytes is the largest body GitHub sends.
	MaxEventBytes = 25 << 20

	maxEventDepth        = 100   // deeper is hostile, and the JSON reader recurses
	maxEventRepositories = 20000 // listed by an installation event
	maxEventPulls        = 100   // listed by a check event
	maxEventText         = 1024  // bytes of one identifier
)

// ErrMalformed says that a webhook's body is not a JSON object that GitHub
// could have sent.
var ErrMalformed = errors.New("webhook body is not a GitHub event")

// Event is what is read of a webhook: identifiers, never content. Everything
// in it is a hint about where to look. Fields that a body lacks, or has with
// a type or form that GitHub does not send, are zero.
type Event struct {
	// Name is the event's, from the X-GitHub-Event header; Action is the
	// body's, empty for events without.
	Name, Action string
	// Installation is the id of the App's installation.
	Installation int64
	// Account is the login of the installation's organisation or user; only
	// installation events carry it.
	Account string
	// Repository is where it happened.
	Repository Repository
	// Sender is who caused it.
	Sender Sender
	// Number is the pull request's; 0 for events about something else.
	Number int
	// Pulls are the pull requests a check event names. On forks it is empty:
	// there the number travels in ExternalID.
	Pulls []int
	// HeadSHA is the commit it is about: the pull request's head, the check
	// run's or suite's, the merge group's, or the commit after a push.
	HeadSHA string
	// HeadRef and BaseRef are branch names without refs/heads/. For a push
	// HeadRef is the branch and BaseSHA the commit before; a pushed tag has no
	// HeadRef.
	HeadRef, BaseRef string
	BaseSHA          string
	// OwnHead says that a pull request's head branch is in the repository
	// itself, not in a fork.
	OwnHead bool
	// BaseChanged says that a pull request was edited to merge elsewhere.
	BaseChanged bool
	// CheckRun is the id of the check run it is about, ExternalID what its
	// creator called it, and AppID the App that made the run or the suite.
	CheckRun   int64
	ExternalID string
	AppID      int64
	// RequestedAction is the identifier of the button that was clicked.
	RequestedAction string
	// Deleted says that a push removed its branch.
	Deleted bool
	// Added and Removed are the repositories an installation gained and lost.
	Added, Removed []Repository
}

// Repository names a repository in an event. Owner and Name are empty unless
// they have the form of GitHub's names.
type Repository struct {
	ID            int64
	Owner, Name   string
	DefaultBranch string
}

// Sender is the account that caused an event. Type is "User", "Bot" or
// "Organization".
type Sender struct {
	ID          int64
	Login, Type string
}

// ParseEvent reads the event called name, which the X-GitHub-Event header
// carries, from its body. The body is not trusted: it may be anything of any
// size. The error is [ErrMalformed].
func ParseEvent(name string, body []byte) (Event, error) {
	if len(body) > MaxEventBytes || tooDeep(body) || !gjson.ValidBytes(body) {
		return Event{}, ErrMalformed
	}
	root := gjson.ParseBytes(body)
	if !root.IsObject() {
		return Event{}, ErrMalformed
	}
	e := Event{
		Name:         name,
		Action:       text(root.Get("action")),
		Installation: id(root.Get("installation.id")),
		Account:      text(root.Get("installation.account.login")),
		Repository:   repository(root.Get("repository")),
		Sender: Sender{
			ID:    id(root.Get("sender.id")),
			Login: text(root.Get("sender.login")),
			Type:  text(root.Get("sender.type")),
		},
	}
	e.readSubject(root)
	return e, nil
}

func (e *Event) readSubject(root gjson.Result) {
	switch e.Name {
	case "pull_request":
		e.readPull(root)
	case "check_run":
		run := root.Get("check_run")
		e.CheckRun = id(run.Get("id"))
		e.ExternalID = text(run.Get("external_id"))
		e.RequestedAction = text(root.Get("requested_action.identifier"))
		e.readCheck(run)
		if e.HeadRef == "" {
			e.HeadRef = text(run.Get("check_suite.head_branch"))
		}
	case "check_suite":
		e.readCheck(root.Get("check_suite"))
	case "merge_group":
		group := root.Get("merge_group")
		e.HeadSHA, e.BaseSHA = sha(group.Get("head_sha")), sha(group.Get("base_sha"))
		e.HeadRef, e.BaseRef = branch(group.Get("head_ref")), branch(group.Get("base_ref"))
	case "push":
		e.HeadSHA, e.BaseSHA = sha(root.Get("after")), sha(root.Get("before"))
		e.HeadRef = branch(root.Get("ref"))
		e.Deleted = root.Get("deleted").Type == gjson.True
	case "installation":
		if e.Action == "deleted" {
			e.Removed = repositories(root.Get("repositories"))
		} else {
			e.Added = repositories(root.Get("repositories"))
		}
	case "installation_repositories":
		e.Added = repositories(root.Get("repositories_added"))
		e.Removed = repositories(root.Get("repositories_removed"))
	}
}

func (e *Event) readPull(root gjson.Result) {
	pull := root.Get("pull_request")
	e.Number = number(root.Get("number"))
	if e.Number == 0 {
		e.Number = number(pull.Get("number"))
	}
	e.HeadSHA, e.HeadRef = sha(pull.Get("head.sha")), text(pull.Get("head.ref"))
	e.BaseSHA, e.BaseRef = sha(pull.Get("base.sha")), text(pull.Get("base.ref"))
	e.OwnHead = e.Repository.ID != 0 && id(pull.Get("head.repo.id")) == e.Repository.ID
	e.BaseChanged = e.Action == "edited" && root.Get("changes.base").IsObject()
}

// readCheck reads what a check run and a check suite have in common.
func (e *Event) readCheck(check gjson.Result) {
	e.HeadSHA, e.HeadRef = sha(check.Get("head_sha")), text(check.Get("head_branch"))
	e.AppID = id(check.Get("app.id"))
	check.Get("pull_requests").ForEach(func(_, pull gjson.Result) bool {
		if n := number(pull.Get("number")); n > 0 {
			e.Pulls = append(e.Pulls, n)
		}
		return len(e.Pulls) < maxEventPulls
	})
}

func repository(r gjson.Result) Repository {
	repo := Repository{ID: id(r.Get("id")), DefaultBranch: text(r.Get("default_branch"))}
	// Installation events have no owner object, only the full name.
	owner, name, ok := strings.Cut(text(r.Get("full_name")), "/")
	if ok && validName(owner) && validName(name) {
		repo.Owner, repo.Name = owner, name
	}
	return repo
}

func repositories(list gjson.Result) []Repository {
	var repos []Repository
	if !list.IsArray() {
		return nil
	}
	list.ForEach(func(_, r gjson.Result) bool {
		if repo := repository(r); repo.ID != 0 && repo.Name != "" {
			repos = append(repos, repo)
		}
		return len(repos) < maxEventRepositories
	})
	return repos
}

func text(r gjson.Result) string {
	if r.Type != gjson.String || len(r.Str) > maxEventText {
		return ""
	}
	return strings.Clone(r.Str) // a part would keep all of the body
}

// id is a positive whole number. Beyond 2^53 a JSON number need not be exact.
func id(r gjson.Result) int64 {
	if r.Type != gjson.Number || r.Num < 1 || r.Num > 1<<53 || r.Num != math.Trunc(r.Num) {
		return 0
	}
	return r.Int()
}

func number(r gjson.Result) int {
	if n := id(r); n <= math.MaxInt32 {
		return int(n)
	}
	return 0
}

func sha(r gjson.Result) string {
	if s := text(r); validSHA(s) && strings.Trim(s, "0") != "" { // all zeros: no commit
		return s
	}
	return ""
}

func branch(r gjson.Result) string {
	name, ok := strings.CutPrefix(text(r), "refs/heads/")
	if !ok {
		return ""
	}
	return name
}

// tooDeep reports whether the text nests arrays and objects deeper than
// maxEventDepth. It is asked before anything that recurses reads the text,
// because a stack that overflows takes the process with it.
func tooDeep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxEventDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// validSHA reports whether s is a full object name of git, SHA-1 or SHA-256.
func validSHA(s string) bool {
	if len(s) != 40 && len(s) != 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// validName reports whether s can be the name of an account or a repository,
// and so a single segment of an API path.
func validName(s string) bool {
	if s == "" || s == "." || s == ".." || len(s) > 100 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}
