package review

import (
	"strconv"
	"strings"
)

// Origin is what a check run is about, as its external ID tells: a pull request
// into a branch, a group of the merge queue on a base commit, or a branch by
// itself.
type Origin struct {
	// Number is the pull request's, 0 for the others.
	Number int
	// Base is the commit a merge group comes on top of, "" for the others.
	Base string
	// Branch is the base branch, or the branch itself.
	Branch string
}

// String is the external ID. On forks it is the only way back to the pull
// request.
func (o Origin) String() string {
	switch {
	case o.Number > 0:
		return ExternalID(o.Number, o.Branch)
	case o.Base != "":
		return "group/" + o.Base + "/" + o.Branch
	}
	return "branch/" + o.Branch
}

// ExternalID is what a check run of a pull request is found by.
func ExternalID(number int, base string) string {
	return "pull/" + strconv.Itoa(number) + "/" + base
}

// ParseExternalID reads an external ID; not ok if it is none of ours.
func ParseExternalID(id string) (Origin, bool) {
	// The delivery by which a run was asked for again. A branch may have the
	// sign in its name.
	if i := strings.LastIndexByte(id, againMark); i >= 0 && !strings.Contains(id[i:], "/") {
		id = id[:i]
	}
	kind, rest, ok := strings.Cut(id, "/")
	if !ok || rest == "" {
		return Origin{}, false
	}
	switch kind {
	case "branch":
		return Origin{Branch: rest}, true
	case "group":
		base, branch, _ := strings.Cut(rest, "/")
		return Origin{Base: base, Branch: branch}, base != ""
	case "pull":
		digits, branch, _ := strings.Cut(rest, "/")
		n, err := strconv.Atoi(digits)
		return Origin{Number: n, Branch: branch}, err == nil && n > 0
	}
	return Origin{}, false
}

// NumberOf reads the pull request's number from an external ID.
func NumberOf(externalID string) (int, bool) {
	o, ok := ParseExternalID(externalID)
	return o.Number, ok && o.Number > 0
}

// againMark separates what a run is about from the delivery by which it was
// asked for again.
const againMark = '#'

// SameOrigin reports whether a run's external ID is id, or id asked for again.
func SameOrigin(externalID, id string) bool {
	rest, ok := strings.CutPrefix(externalID, id)
	return ok && (rest == "" || rest[0] == againMark && !strings.ContainsAny(rest[1:], "#/"))
}
