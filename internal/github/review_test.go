package github

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
)

func TestSuggestionBlock(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                    "```suggestion\n\n```\n",
		"a":                   "```suggestion\na\n```\n",
		"a\r\n":               "```suggestion\na\n```\n",
		"a\n\n":               "```suggestion\na\n\n```\n",
		"`` x":                "```suggestion\n`` x\n```\n",
		"```\n@all":           "````suggestion\n```\n@all\n````\n",
		"x ````` y\n``````\n": "```````suggestion\nx ````` y\n``````\n```````\n",
	} {
		if got := Suggestion(in); got != want {
			t.Errorf("%q: got %q", in, got)
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{})
	number := s.change(2)
	ctx := t.Context()
	suggest := func(head string, lines Lines) error {
		return s.app.Suggest(ctx, s.repo, number, Review{
			HeadSHA: head, Body: "Two APIs.",
			Comments: []ReviewComment{
				{"infra/added.bicep", Lines{1, 1}, Suggestion("param added string\nresource x")},
				{"infra/api0.bicep", lines, Suggestion("param a")},
			},
		})
	}
	first := s.Head(acme, "feature/x")
	for range 2 { // the second time it is there
		if err := suggest(first, Lines{1, 2}); err != nil {
			t.Fatal(err)
		}
	}
	reviews := s.Reviews(acme, number)
	if len(reviews) != 1 || len(reviews[0].Comments) != 2 || reviews[0].Minimized != "" || reviews[0].State != "COMMENTED" {
		t.Fatalf("reviews %+v", reviews)
	}
	if c := reviews[0].Comments; c[0].StartLine != 0 || c[0].Line != 1 || c[1].StartLine != 1 || c[1].Line != 2 {
		t.Errorf("comments %+v", c)
	}

	second := s.Commit(acme, "feature/x", githubtest.Files{"infra/api0.bicep": githubtest.Text("param z string\n")}, "Push")
	if err := suggest(second, Lines{1, 1}); err != nil {
		t.Fatal(err)
	}
	reviews = s.Reviews(acme, number)
	if len(reviews) != 2 || reviews[0].Minimized != "OUTDATED" || reviews[1].Minimized != "" {
		t.Errorf("reviews %+v", reviews)
	}
	for i, r := range reviews {
		for _, c := range r.Comments {
			if (c.Minimized != "") != (i == 0) {
				t.Errorf("comment of review %d is minimized: %q", i, c.Minimized)
			}
		}
	}
	writes := s.Requests().Writes()
	if err := suggest(second, Lines{1, 1}); err != nil {
		t.Fatal(err)
	}
	if n := s.Requests().Writes() - writes; n != 1 { // the query, which is a POST
		t.Errorf("%d requests that could write", n)
	}
	third := s.Commit(acme, "feature/x", githubtest.Files{"infra/api0.bicep": githubtest.Text("param y string\n")}, "Push")
	if err := s.app.Suggest(ctx, s.repo, number, Review{HeadSHA: third, Body: "None."}); err != nil {
		t.Fatal(err)
	}
	if reviews = s.Reviews(acme, number); len(reviews) != 2 || reviews[1].Minimized != "OUTDATED" {
		t.Errorf("without comments: %+v", reviews)
	}
	if err := suggest(headSHA, Lines{500, 500}); err == nil {
		t.Error("a line that the diff does not show")
	}
}

func TestSuggestRefuses(t *testing.T) {
	t.Parallel()
	good := ReviewComment{"a", Lines{1, 1}, "x"}
	for name, r := range map[string]Review{
		"no commit": {Comments: []ReviewComment{good}},
		"too many":  {HeadSHA: headSHA, Comments: make([]ReviewComment, MaxReviewComments+1)},
		"no path":   {HeadSHA: headSHA, Comments: []ReviewComment{{"", Lines{1, 1}, "x"}}},
		"no line":   {HeadSHA: headSHA, Comments: []ReviewComment{{"a", Lines{0, 1}, "x"}}},
		"backwards": {HeadSHA: headSHA, Comments: []ReviewComment{{"a", Lines{2, 1}, "x"}}},
		"empty":     {HeadSHA: headSHA, Comments: []ReviewComment{{"a", Lines{1, 1}, ""}}},
		"too long":  {HeadSHA: headSHA, Comments: []ReviewComment{{"a", Lines{1, 1}, strings.Repeat("x", MaxCommentText+1)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(newFakeClock())
			if err := newTestApp(t, s).Suggest(t.Context(), testRepo, 3, r); err == nil || len(s.requests()) != 0 {
				t.Errorf("error %v, requests %v", err, s.requests())
			}
		})
	}
}

func TestPropose(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{})
	ctx := t.Context()
	const branch = OwnBranchPrefix + "backlog"
	proposal := Proposal{Branch: branch, Base: "main", Title: "Onboard 2 APIs", Body: "b"}
	var numbers []int
	for i := range 3 {
		base := s.Commit(acme, "main", githubtest.Files{"n.md": githubtest.Text(strconv.Itoa(i))}, "Move on")
		sha, err := s.app.Replace(ctx, s.repo, CommitRequest{
			Branch: branch, ExpectedHead: base, Headline: "Onboard", Files: map[string][]byte{"a.bicep": []byte("x")},
		})
		if err != nil {
			t.Fatal(err)
		}
		if log := s.Log(acme, branch); log[0].SHA != sha || log[1].SHA != base || !log[0].Signed {
			t.Errorf("branch is %+v", log[:2])
		}
		number, err := s.app.Propose(ctx, s.repo, proposal)
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, number)
		proposal.Title = fmt.Sprint("Onboard ", i)
	}
	if numbers[0] == 0 || numbers[1] != numbers[0] || numbers[2] != numbers[0] {
		t.Errorf("pull requests %v", numbers)
	}
	var pull struct {
		Title string `json:"title"`
	}
	if err := s.app.get(ctx, s.repo, nil, &pull, "pulls", strconv.Itoa(numbers[0])); err != nil || pull.Title != "Onboard 1" {
		t.Errorf("pull request %+v, %v", pull, err)
	}
	if p, err := s.app.Proposed(ctx, s.repo, branch); err != nil || p.Number != numbers[0] || p.State != "open" || p.Merged || p.Body != "b" || p.HeadSHA != s.Head(acme, branch) {
		t.Errorf("proposed %+v, %v", p, err)
	}
	for range 2 { // the second time neither is there
		if err := s.app.Withdraw(ctx, s.repo, branch, "Done."); err != nil {
			t.Fatal(err)
		}
	}
	if pull, err := s.app.Pull(ctx, s.repo, numbers[0]); err != nil || pull.State != "closed" {
		t.Errorf("pull request %+v, %v", pull, err)
	}
	if _, err := s.app.Head(ctx, s.repo, branch); !errors.Is(err, ErrNotFound) {
		t.Errorf("branch: %v", err)
	}
	if p, err := s.app.Proposed(ctx, s.repo, branch); err != nil || p.State != "closed" || p.Merged || p.Body != "Done." {
		t.Errorf("withdrawn %+v, %v", p, err)
	}
	if _, err := s.app.Proposed(ctx, s.repo, OwnBranchPrefix+"other"); !errors.Is(err, ErrNotFound) {
		t.Errorf("of another branch: %v", err)
	}
}

// TestOwnCommit: the App's commits are told from those of people, however they
// were made.
func TestOwnCommit(t *testing.T) {
	t.Parallel()
	s := newSite(t, githubtest.Options{})
	ctx := t.Context()
	person := s.Commit(acme, "main", githubtest.Files{"n.md": githubtest.Text("n")}, "Onboard 1 API to Microsoft Defender for APIs")
	request := CommitRequest{Branch: "main", ExpectedHead: person, Headline: "Onboard", Files: map[string][]byte{"a.bicep": []byte("x")}}
	signed, err := s.app.Commit(ctx, s.repo, request)
	if err != nil {
		t.Fatal(err)
	}
	request.Branch = OwnBranchPrefix + "backlog"
	replaced, err := s.app.Replace(ctx, s.repo, request)
	if err != nil {
		t.Fatal(err)
	}
	for sha, want := range map[string]bool{person: false, signed: true, replaced: true} {
		if own, err := s.app.OwnCommit(ctx, s.repo, sha); err != nil || own != want {
			t.Errorf("own commit %v, want %v (%v)", own, want, err)
		}
	}
	if _, err := s.app.OwnCommit(ctx, s.repo, "main"); err == nil {
		t.Error("a branch for a commit")
	}
}

// TestOthersBranches: whatever is asked, no branch of somebody else is moved.
func TestOthersBranches(t *testing.T) {
	t.Parallel()
	s := newStub(newFakeClock())
	app := newTestApp(t, s)
	replace := func(branch string) error {
		_, err := app.Replace(t.Context(), testRepo, CommitRequest{
			Branch: branch, ExpectedHead: headSHA, Headline: "x", Files: map[string][]byte{"a": nil},
		})
		return err
	}
	for _, branch := range []string{"", "main", "feature/x", OwnBranchPrefix, OwnBranchPrefix + "../main", "x/" + OwnBranchPrefix + "y"} {
		for what, err := range map[string]error{
			"replace":  replace(branch),
			"delete":   app.DeleteBranch(t.Context(), testRepo, branch),
			"withdraw": app.Withdraw(t.Context(), testRepo, branch, ""),
		} {
			if err == nil {
				t.Errorf("%s %q", what, branch)
			}
		}
	}
	for _, r := range s.requests() {
		if !strings.HasPrefix(r, "GET ") {
			t.Errorf("request %s", r)
		}
	}
}
