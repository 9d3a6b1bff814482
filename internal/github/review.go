package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Bounds of a review that this program writes. GitHub takes comments up to the
// size of a check run's text, and publishes no number for them.
const (
	MaxReviewComments = 50
	MaxCommentText    = MaxCheckText

	maxReviewPages   = 10
	minimizedAtOnce  = 50
	reviewMarkerText = "<!-- onboard-defender head "
)

// Review is a review to write: remarks on lines of a pull request, with
// suggestions that its author can apply one by one.
type Review struct {
	// HeadSHA is the commit the lines are of.
	HeadSHA string
	// Body is Markdown.
	Body string
	// Comments are on lines; each has to be within one hunk of the diff, see
	// [FileChange], since GitHub refuses all for one that is not.
	Comments []ReviewComment
}

// ReviewComment is a comment on lines of the new file.
type ReviewComment struct {
	Path  string
	Lines Lines
	// Body is Markdown; [Suggestion] makes the part that can be applied.
	Body string
}

// Suggestion is the block of a comment that offers text in place of the
// comment's lines. The text is what it is: its backticks cannot end the block.
func Suggestion(text string) string {
	longest, run := 2, 0
	for i := range len(text) {
		if text[i] == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	return fence + "suggestion\n" + text + "\n" + fence + "\n"
}

type reviewCommentJSON struct {
	Path      string `json:"path"`
	Body      string `json:"body"`
	Side      string `json:"side"`
	Line      int    `json:"line"`
	StartSide string `json:"start_side,omitempty"`
	StartLine int    `json:"start_line,omitempty"`
}

// Suggest writes a review once for each head, and hides the App's reviews of
// earlier heads as outdated. A second call for the same head, and one without
// comments, writes nothing and only hides.
func (a *App) Suggest(ctx context.Context, repo Repo, number int, review Review) error {
	if err := review.validate(); err != nil {
		return permanent("review %s#%d: %w", repo, number, err)
	}
	own, err := a.ownReviews(ctx, repo, number)
	if err != nil {
		return fmt.Errorf("review %s#%d: %w", repo, number, err)
	}
	marker := reviewMarkerText + review.HeadSHA + " -->"
	var outdated []string
	written := false
	for _, r := range own {
		if strings.Contains(r.Body, marker) {
			written = true
			continue
		}
		outdated = append(outdated, r.visible()...)
	}
	if !written && len(review.Comments) > 0 {
		if err := a.createReview(ctx, repo, number, review, marker); err != nil {
			return fmt.Errorf("review %s#%d: %w", repo, number, err)
		}
	}
	if err := a.minimize(ctx, repo, outdated); err != nil {
		return fmt.Errorf("hide reviews of %s#%d: %w", repo, number, err)
	}
	return nil
}

func (r Review) validate() error {
	if !validSHA(r.HeadSHA) {
		return fmt.Errorf("%q is not a commit", r.HeadSHA)
	}
	if len(r.Comments) > MaxReviewComments {
		return fmt.Errorf("%d comments: %w", len(r.Comments), ErrTooLarge)
	}
	for _, c := range r.Comments {
		if c.Path == "" || c.Lines.Start < 1 || c.Lines.End < c.Lines.Start {
			return fmt.Errorf("no comment can be on lines %d to %d of %q", c.Lines.Start, c.Lines.End, c.Path)
		}
		// Cutting a suggestion would make it suggest something else.
		if c.Body == "" || len(c.Body) > MaxCommentText {
			return fmt.Errorf("comment of %d bytes on %q", len(c.Body), c.Path)
		}
	}
	return nil
}

func (a *App) createReview(ctx context.Context, repo Repo, number int, review Review, marker string) error {
	comments := make([]reviewCommentJSON, 0, len(review.Comments))
	for _, c := range review.Comments {
		j := reviewCommentJSON{Path: c.Path, Body: clean(c.Body), Side: "RIGHT", Line: c.Lines.End}
		if c.Lines.Start < c.Lines.End { // equal ones are refused
			j.StartLine, j.StartSide = c.Lines.Start, "RIGHT"
		}
		comments = append(comments, j)
	}
	body := map[string]any{
		"commit_id": review.HeadSHA, "event": "COMMENT", "comments": comments,
		"body": fit(review.Body, MaxCommentText-len(marker)-2) + "\n\n" + marker,
	}
	c := call{method: http.MethodPost, parts: []string{"pulls", strconv.Itoa(number), "reviews"}, body: body, permissions: toSuggest}
	return a.do(ctx, repo, c, nil)
}

// nodeJSON is something that can be hidden.
type nodeJSON struct {
	ID          string `json:"id"`
	IsMinimized bool   `json:"isMinimized"`
}

type reviewJSON struct {
	nodeJSON
	Body   string `json:"body"`
	Author *struct {
		Login string `json:"login"`
	} `json:"author"`
	Comments struct {
		Nodes []nodeJSON `json:"nodes"`
	} `json:"comments"`
}

// visible are the ids of what is not hidden yet.
func (r reviewJSON) visible() []string {
	var ids []string
	for _, n := range append([]nodeJSON{r.nodeJSON}, r.Comments.Nodes...) {
		if !n.IsMinimized && n.ID != "" {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

const reviewsQuery = `query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviews(first: 50, after: $after) {
        nodes { id isMinimized body author { login } comments(first: 50) { nodes { id isMinimized } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
`

// ownReviews lists the App's reviews that carry its marker.
func (a *App) ownReviews(ctx context.Context, repo Repo, number int) ([]reviewJSON, error) {
	slug, err := a.ownSlug(ctx)
	if err != nil {
		return nil, err
	}
	variables := map[string]any{"owner": repo.Owner, "name": repo.Name, "number": number, "after": nil}
	var own []reviewJSON
	for range maxReviewPages {
		var answer struct {
			Repository struct {
				Pull struct {
					Reviews struct {
						Nodes []reviewJSON `json:"nodes"`
						Page  struct {
							Next bool   `json:"hasNextPage"`
							End  string `json:"endCursor"`
						} `json:"pageInfo"`
					} `json:"reviews"`
				} `json:"pullRequest"`
			} `json:"repository"`
		}
		found, err := a.graphQL(ctx, repo, toSuggest, reviewsQuery, variables, &answer)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return nil, &found[0]
		}
		reviews := answer.Repository.Pull.Reviews
		for _, r := range reviews.Nodes {
			// GraphQL names a bot without the "[bot]" that REST gives it.
			if r.Author != nil && strings.TrimSuffix(r.Author.Login, "[bot]") == slug && strings.Contains(r.Body, reviewMarkerText) {
				own = append(own, r)
			}
		}
		if !reviews.Page.Next {
			break
		}
		variables["after"] = reviews.Page.End
	}
	return own, nil
}

// ownSlug is the App's name in addresses, asked for once.
func (a *App) ownSlug(ctx context.Context) (string, error) {
	a.mu.Lock()
	slug := a.slug
	a.mu.Unlock()
	if slug != "" {
		return slug, nil
	}
	info, err := a.Info(ctx)
	if err != nil {
		return "", err
	}
	if info.Slug == "" {
		return "", errors.New("app has no slug")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.slug = info.Slug
	return a.slug, nil
}

// minimize hides reviews and comments as outdated, many in one request.
func (a *App) minimize(ctx context.Context, repo Repo, ids []string) error {
	for len(ids) > 0 {
		part := ids[:min(len(ids), minimizedAtOnce)]
		ids = ids[len(part):]
		var head, body strings.Builder
		variables := make(map[string]any, len(part))
		for i, id := range part {
			if i > 0 {
				head.WriteString(", ")
			}
			fmt.Fprintf(&head, "$s%d: ID!", i)
			fmt.Fprintf(&body, "  m%d: minimizeComment(input: {subjectId: $s%d, classifier: OUTDATED}) { minimizedComment { isMinimized } }\n", i, i)
			variables["s"+strconv.Itoa(i)] = id
		}
		found, err := a.graphQL(ctx, repo, toSuggest, "mutation("+head.String()+") {\n"+body.String()+"}\n", variables, &struct{}{})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return &found[0]
		}
	}
	return nil
}
