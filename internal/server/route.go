package server

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/queue"
	"github.com/onboard-defender/onboard-defender/internal/review"
)

// Kinds of work that a delivery asks for. The last three lead to others: what
// they mean is known only when GitHub is asked.
const (
	KindReview = "review" // check a pull request
	KindFix    = "fix"    // commit the fix of a pull request
	KindGroup  = "group"  // check a group of the merge queue
	KindBranch = "branch" // check the default branch

	KindSuite   = "suite"   // check everything again that a commit has runs of
	KindPush    = "push"    // check the default branch if a push can matter to it
	KindInstall = "install" // check the default branches of an installation
)

// Priorities in the queue: somebody waits for a click, nobody for a baseline.
const (
	priorityClick    = 1
	priorityBaseline = 4
)

// maxAdded is how many repositories of one event get work of their own. More
// of them come when everything is chosen, and are listed by the API then.
const maxAdded = 100

// Payload is what a job carries besides the identifiers of its delivery. What
// it says of a pull request is as the event had it.
type Payload struct {
	Head       string `json:"head,omitempty"`
	HeadBranch string `json:"head_branch,omitempty"`
	Fork       bool   `json:"fork,omitempty"`
	// Base is a branch, of pushes the one that they go to. BaseSHA is a
	// commit, of merge groups and pushes.
	Base    string `json:"base,omitempty"`
	BaseSHA string `json:"base_sha,omitempty"`
	// Fresh says that the head is new with this event.
	Fresh bool `json:"fresh,omitempty"`
	// Again asks for a new check run.
	Again bool `json:"again,omitempty"`
	// ExternalID and Sender are of the check run that somebody clicked in.
	ExternalID string `json:"external_id,omitempty"`
	Sender     string `json:"sender,omitempty"`
	// Pulls are the pull requests that a check suite's event names.
	Pulls []int `json:"pulls,omitempty"`
}

// Work is a piece of work about a repository.
type Work struct {
	Kind     string
	Number   int // of the pull request, 0 for other work
	Payload  Payload
	Priority int // in the queue; 0 for the usual one
}

// key is what work is coalesced by: of several deliveries only the newest is
// worked on. A push has a key of its own, because what an older one changed is
// not in a newer one.
func (w Work) key(guid string, installation, repository int64) string {
	repo := strconv.FormatInt(repository, 10)
	switch w.Kind {
	case KindReview:
		return "review/" + repo + "/" + strconv.Itoa(w.Number)
	case KindGroup, KindSuite, KindPush:
		return w.Kind + "/" + repo + "/" + w.Payload.Head
	case KindBranch:
		return "branch/" + repo
	case KindInstall:
		return "install/" + strconv.FormatInt(installation, 10)
	}
	return w.Kind + "/" + guid
}

// Ask makes the delivery of a piece of work that another delivery, cause, leads
// to. In cause the identifiers are those of the repository the work is about.
// suffix tells it from others of the same cause; "" for the cause itself.
func Ask(cause queue.Delivery, suffix string, w Work) queue.Delivery {
	payload, err := json.Marshal(w.Payload)
	if err != nil { // a struct of strings, numbers and booleans always encodes
		payload = nil
	}
	d := cause
	if suffix != "" {
		d.GUID += ":" + suffix
	}
	d.Kind, d.Number, d.Payload, d.Priority = w.Kind, w.Number, payload, w.Priority
	d.Key, d.Demand = w.key(d.GUID, d.Installation, d.Repository), w.Payload.Again
	return d
}

// AskBranch asks for the check of a repository's default branch.
func AskBranch(cause queue.Delivery, repository int64, owner, name string) queue.Delivery {
	cause.Repository, cause.Owner, cause.Name = repository, owner, name
	return Ask(cause, strconv.FormatInt(repository, 10), Work{Kind: KindBranch, Priority: priorityBaseline})
}

// AskAgain asks for a new check run in place of one with that external ID on
// a commit; not ok if the ID is none of ours.
func AskAgain(cause queue.Delivery, suffix, head, externalID string) (queue.Delivery, bool) {
	origin, ok := review.ParseExternalID(externalID)
	if !ok {
		return queue.Delivery{}, false
	}
	w := Work{Kind: KindReview, Number: origin.Number, Payload: Payload{Head: head, Base: origin.Branch, Again: true}}
	switch {
	case origin.Base != "":
		w.Kind, w.Payload.BaseSHA = KindGroup, origin.Base
	case origin.Number == 0:
		w.Kind, w.Priority = KindBranch, priorityBaseline
	}
	return Ask(cause, suffix, w), true
}

// AskPullAgain asks for a new check run of a pull request.
func AskPullAgain(cause queue.Delivery, suffix, head string, number int) queue.Delivery {
	return Ask(cause, suffix, Work{Kind: KindReview, Number: number, Payload: Payload{Head: head, Again: true}})
}

// route decides what an event asks for; nothing for events that are not for us.
func (s *Server) route(guid string, e github.Event) []queue.Delivery {
	cause := queue.Delivery{
		GUID: guid, Event: e.Name, Action: e.Action, Installation: e.Installation, Repository: e.Repository.ID,
		Owner: e.Repository.Owner, Name: e.Repository.Name,
	}
	switch {
	case e.Installation == 0:
		return nil
	case e.Name == "installation":
		return installation(cause, e)
	case e.Name == "installation_repositories":
		return added(cause, e)
	case e.Repository.ID == 0 || e.Repository.Owner == "" || e.Repository.Name == "":
		return nil
	}
	switch e.Name {
	case "pull_request":
		return pullRequest(cause, e)
	case "merge_group":
		return mergeGroup(cause, e)
	case "push":
		return push(cause, e)
	case "check_run", "check_suite":
		if e.AppID != s.options.AppID {
			return nil
		}
		return again(cause, e)
	}
	return nil
}

func pullRequest(cause queue.Delivery, e github.Event) []queue.Delivery {
	p := Payload{Head: e.HeadSHA, HeadBranch: e.HeadRef, Fork: !e.OwnHead, Base: e.BaseRef}
	switch e.Action {
	case "opened", "synchronize":
		p.Fresh = true
	case "reopened", "ready_for_review":
	case "edited":
		if !e.BaseChanged {
			return nil
		}
	default:
		return nil
	}
	if e.Number <= 0 {
		return nil
	}
	return []queue.Delivery{Ask(cause, "", Work{Kind: KindReview, Number: e.Number, Payload: p})}
}

func mergeGroup(cause queue.Delivery, e github.Event) []queue.Delivery {
	if e.Action != "checks_requested" || e.HeadSHA == "" || e.BaseSHA == "" {
		return nil
	}
	return []queue.Delivery{Ask(cause, "", Work{Kind: KindGroup, Payload: Payload{Head: e.HeadSHA, Base: e.BaseRef, BaseSHA: e.BaseSHA}})}
}

// push is for the default branch only: others are checked by their pull
// requests. Which files it changes is not read from the event, whose lists of
// them end early.
func push(cause queue.Delivery, e github.Event) []queue.Delivery {
	if e.Deleted || e.HeadSHA == "" || e.HeadRef == "" || e.HeadRef != e.Repository.DefaultBranch {
		return nil
	}
	return []queue.Delivery{Ask(cause, "", Work{
		Kind: KindPush, Priority: priorityBaseline, Payload: Payload{Head: e.HeadSHA, Base: e.HeadRef, BaseSHA: e.BaseSHA},
	})}
}

// again is about check runs that people ask for once more, or click on. What
// our own runs cause otherwise (created, completed, requested) asks for nothing.
func again(cause queue.Delivery, e github.Event) []queue.Delivery {
	switch {
	case e.Name == "check_suite" && e.Action == "rerequested" && e.HeadSHA != "":
		return []queue.Delivery{Ask(cause, "", Work{Kind: KindSuite, Payload: Payload{Head: e.HeadSHA, Pulls: e.Pulls}})}
	case e.Name != "check_run":
		return nil
	case e.Action == "rerequested":
		if d, ok := AskAgain(cause, "", e.HeadSHA, e.ExternalID); ok {
			return []queue.Delivery{d}
		}
	case e.Action == "requested_action" && e.RequestedAction == review.ActionOnboard:
		if number, ok := review.NumberOf(e.ExternalID); ok {
			return []queue.Delivery{Ask(cause, "", Work{
				Kind: KindFix, Number: number, Priority: priorityClick, Payload: Payload{Head: e.HeadSHA, ExternalID: e.ExternalID, Sender: e.Sender.Login},
			})}
		}
	}
	return nil
}

// installation begins the baseline of an account. One that is deleted or
// suspended asks for nothing more; work that still waits is refused by GitHub.
func installation(cause queue.Delivery, e github.Event) []queue.Delivery {
	if !slices.Contains([]string{"created", "new_permissions_accepted", "unsuspend"}, e.Action) {
		return nil
	}
	return []queue.Delivery{Ask(cause, "", Work{Kind: KindInstall, Priority: priorityBaseline})}
}

func added(cause queue.Delivery, e github.Event) []queue.Delivery {
	switch {
	case e.Action != "added" || len(e.Added) == 0:
		return nil
	case len(e.Added) > maxAdded:
		return []queue.Delivery{Ask(cause, "", Work{Kind: KindInstall, Priority: priorityBaseline})}
	}
	out := make([]queue.Delivery, len(e.Added))
	for i, r := range e.Added {
		out[i] = AskBranch(cause, r.ID, r.Owner, r.Name)
	}
	return out
}

// name is for the log: what a delivery is about.
func name(d queue.Delivery) string {
	if d.Repository == 0 {
		return fmt.Sprintf("installation %d", d.Installation)
	}
	return d.Owner + "/" + d.Name
}
