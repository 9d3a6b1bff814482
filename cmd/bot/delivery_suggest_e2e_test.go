package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/review"
)

// accept applies one suggestion of a review, as its button does.
func (s *deliverySite) accept(c githubtest.ReviewComment) {
	s.t.Helper()
	before, rest, _ := strings.Cut(c.Body, "suggestion\n")
	fence := before[strings.LastIndex(before, "\n")+1:]
	text, _, ok := strings.Cut(rest, "\n"+fence+"\n")
	if !ok || len(fence) < 3 {
		s.t.Fatalf("no suggestion in %q", c.Body)
	}
	content, _ := s.File(infra, deliveryBranch, c.Path)
	lines := strings.SplitAfter(content, "\n")
	first := c.Line
	if c.StartLine != 0 {
		first = c.StartLine
	}
	content = strings.Join(lines[:first-1], "") + text + "\n" + strings.Join(lines[c.Line:], "")
	s.Commit(infra, deliveryBranch, githubtest.Files{c.Path: githubtest.Text(content)}, "Apply suggestion")
}

func (s *deliverySite) visible() (reviews, comments int) {
	for _, r := range s.Reviews(infra, s.number) {
		if r.Minimized == "" {
			reviews++
		}
		for _, c := range r.Comments {
			if c.Minimized == "" {
				comments++
			}
		}
	}
	return reviews, comments
}

func TestDeliveryBySuggestions(t *testing.T) {
	t.Parallel()
	old := deliveryAPIs("legacy") + strings.Repeat("\n// history", 20) + "\n"
	s := newDelivery(t, deliveryStart{
		settings: "fix:\n  mode: suggest\n",
		base:     map[string]string{"main.bicep": old},
		head: map[string]string{
			"main.bicep": old + strings.TrimPrefix(deliveryAPIs("orders"), deliveryAPIs()),
			"new.bicep":  deliveryAPIs("billing", "stock"),
		},
	})
	run := s.reviewed()
	if len(run.Actions) != 0 || run.Conclusion != "failure" {
		t.Errorf("run %+v", run)
	}
	text := s.patched(run.Output.Text, infra)
	if !strings.Contains(text, deliveryCollection("legacy")) || strings.Contains(text, "ordersDefender") {
		t.Errorf("the patch has not what lies outside of the lines shown, and nothing else:\n%s", text)
	}
	reviews := s.Reviews(infra, s.number)
	if len(reviews) != 1 || len(reviews[0].Comments) != 3 || reviews[0].CommitID != s.head() {
		t.Fatalf("reviews %+v", reviews)
	}
	for range 2 { // asked for again, and delivered again: one review for each head
		if err := s.review(func(r *review.Request) { r.Again, r.Delivery = true, "again" }); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Reviews(infra, s.number); len(got) != 1 {
		t.Errorf("%d reviews of one head", len(got))
	}
	// Each applies alone, and there is one fewer afterwards.
	for left := 3; left > 0; left-- {
		all := s.Reviews(infra, s.number)
		s.accept(all[len(all)-1].Comments[0])
		run = s.reviewed()
		wantReviews := 1
		if left == 1 {
			wantReviews = 0
		}
		if reviews, comments := s.visible(); reviews != wantReviews || comments != left-1 {
			t.Errorf("%d reviews and %d comments to be seen, want %d", reviews, comments, left-1)
		}
	}
	if n := len(run.Output.Annotations); n != 1 || !strings.Contains(run.Output.Text, "+resource legacyDefender") {
		t.Errorf("run %+v", run)
	}
}

// One review has fifty comments; the patch has the rest.
func TestDeliveryOfManySuggestions(t *testing.T) {
	t.Parallel()
	s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: suggest\n", head: map[string]string{"main.bicep": deliveryAPIs(apis(60)...)}})
	run := s.reviewed()
	reviews := s.Reviews(infra, s.number)
	if len(reviews) != 1 || len(reviews[0].Comments) != 50 || !strings.HasPrefix(run.Output.Text, "50 suggestions stand on the lines") {
		t.Fatalf("%d reviews, text %.200s", len(reviews), run.Output.Text)
	}
	if n := strings.Count(s.patched(run.Output.Text, infra), "Defender 'Microsoft.Security/apiCollections"); n != 10 {
		t.Errorf("the patch has %d collections", n)
	}
}

// GitHub refuses the review for a reason of its own: the patch has everything.
func TestDeliverySuggestionsRefused(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"refused": http.StatusUnprocessableEntity, "forbidden": http.StatusForbidden} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: suggest\n", head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
			s.FailNext("POST /repos/acme/infra/pulls/1/reviews", 1, githubtest.Response{Status: status, Body: `{"message":"no"}`})
			run := s.reviewed()
			if text := s.patched(run.Output.Text, infra); !strings.Contains(text, deliveryCollection("orders")) || run.Conclusion != "failure" {
				t.Errorf("run %+v", run)
			}
		})
	}
}

// GitHub does not take the review now: the verdict does not wait for it, and the
// next attempt writes it, unless it was taken after all.
func TestDeliverySuggestionsAfterTrouble(t *testing.T) {
	t.Parallel()
	for name, taken := range map[string]bool{"nothing done": false, "answer lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: suggest\n", head: map[string]string{"main.bicep": deliveryAPIs("orders")}})
			var once atomic.Bool
			s.mu.Lock()
			s.intercept = func(_ http.ResponseWriter, r *http.Request, _ string) bool {
				if !strings.HasSuffix(r.URL.Path, "/reviews") || !once.CompareAndSwap(false, true) {
					return false
				}
				if taken {
					s.ServeHTTP(httptest.NewRecorder(), r)
				}
				panic(http.ErrAbortHandler)
			}
			s.mu.Unlock()
			if err := s.review(); err == nil {
				t.Fatal("no error, so that nobody would try again")
			}
			run := s.run()
			if text := s.patched(run.Output.Text, infra); run.Status != "completed" || run.Conclusion != "failure" || !strings.Contains(text, deliveryCollection("orders")) {
				t.Errorf("first attempt %+v", run)
			}
			for range 2 {
				run = s.reviewed()
			}
			if run.Output.Text != "1 suggestion stands on the lines of this pull request." || run.Conclusion != "failure" || len(run.Output.Annotations) != 1 {
				t.Errorf("second attempt %+v", run)
			}
			if len(s.CheckRuns(infra, s.head())) != 1 || len(s.Reviews(infra, s.number)) != 1 {
				t.Errorf("%d runs, %d reviews", len(s.CheckRuns(infra, s.head())), len(s.Reviews(infra, s.number)))
			}
		})
	}
}

// GitHub may write other line breaks where it applies a suggestion, so a file
// with Windows line breaks gets a patch, and keeps its own.
func TestDeliveryWindowsLineBreaks(t *testing.T) {
	t.Parallel()
	windows := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	s := newDelivery(t, deliveryStart{
		settings: "fix:\n  mode: suggest\n",
		head:     map[string]string{"main.bicep": windows(deliveryAPIs("orders")), "other.bicep": deliveryAPIs("billing")},
	})
	run := s.reviewed()
	if got, want := s.patched(run.Output.Text, infra), windows(deliveryAPIs("orders")+"\n"+deliveryCollection("orders")); got != want {
		t.Errorf("patched %q, want %q", got, want)
	}
	if !strings.Contains(run.Output.Text, "Windows line breaks get no suggestions") {
		t.Errorf("the author is not told why there is no suggestion: %s", run.Output.Text)
	}
	reviews := s.Reviews(infra, s.number)
	if len(reviews) != 1 || len(reviews[0].Comments) != 1 || reviews[0].Comments[0].Path != "other.bicep" {
		t.Errorf("reviews %+v", reviews)
	}
}

// What a template says is shown wherever the fix goes, and acts nowhere.
func TestDeliveryOfHostileText(t *testing.T) {
	t.Parallel()
	name := "@octocat closes #1 GH-2 www.evil.test [skip ci] <img src=x> [a](javascript:y) \\n\\nCo-authored-by: Mallory <m@evil.test>\\u{202e}x `y`"
	text := strings.Replace(deliveryAPIs("orders"), "name: 'orders'", "name: '"+name+"'", 1)
	acts := []string{"@octocat", "@evil", "#1", "GH-2", "[skip", "\nCo-authored-by", "\u202e"}
	markup := slices.Concat(acts, []string{"<img", "](javascript"}) // which the message of a commit has none of
	harmless := func(what, got string, bad []string) {
		t.Helper()
		if !strings.Contains(got, "octocat") {
			t.Errorf("%s does not name the API: %q", what, got)
		}
		for _, b := range bad {
			if strings.Contains(got, b) {
				t.Errorf("%q gets through in the %s: %q", b, what, got)
			}
		}
	}
	for _, mode := range []string{"suggest", "commit"} {
		s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: " + mode + "\n", head: map[string]string{"main.bicep": text}})
		first := s.head()
		if err := s.review(); err != nil {
			t.Fatal(err)
		}
		run := s.runOf(first)
		harmless("summary", run.Output.Summary, markup)
		if a := run.Output.Annotations[0]; strings.Contains(a.Message+a.RawDetails, "\nCo-authored-by") || strings.Contains(a.Message+a.RawDetails, "\u202e") {
			t.Errorf("annotation %+v", a)
		}
		for _, r := range s.Reviews(infra, s.number) {
			message, _, _ := strings.Cut(r.Comments[0].Body, "\n")
			harmless("comment", message, markup)
		}
		for _, message := range s.commits() {
			harmless("commit", message, acts)
		}
		if len(s.Reviews(infra, s.number))+len(s.commits()) != 1 {
			t.Errorf("mode %s delivers nothing", mode)
		}
	}
	s := newDelivery(t, deliveryStart{settings: onboarding, base: map[string]string{"main.bicep": text}})
	if err := s.backlog(); err != nil {
		t.Fatal(err)
	}
	p, _, err := s.reviewer.Proposals.Proposed(t.Context(), s.repo)
	if err != nil {
		t.Fatal(err)
	}
	harmless("pull request", p.Body, markup)
	harmless("commit of the pull request", s.Log(infra, backlogBranch)[0].Message, acts)
}

// What the lines have in backticks cannot end the block of a suggestion.
func TestDeliverySuggestionFences(t *testing.T) {
	t.Parallel()
	text := strings.TrimSuffix(deliveryAPIs("orders"), "}\n") + "} // ```` @all\n"
	s := newDelivery(t, deliveryStart{settings: "fix:\n  mode: suggest\n", head: map[string]string{"main.bicep": text}})
	s.reviewed()
	body := s.Reviews(infra, s.number)[0].Comments[0].Body
	if !strings.Contains(body, "\n`````suggestion\n} // ```` @all\n") {
		t.Errorf("comment %q", body)
	}
	s.accept(s.Reviews(infra, s.number)[0].Comments[0])
	if run := s.reviewed(); run.Conclusion != "success" {
		t.Errorf("run %+v", run)
	}
}
