package githubtest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Review is a review of a pull request.
type Review struct {
	// ID is its number, NodeID its name in GraphQL.
	ID     int64
	NodeID string
	// Author, State ("COMMENTED", "APPROVED", "CHANGES_REQUESTED", "PENDING"),
	// Body and CommitID say what it is.
	Author, State, Body, CommitID string
	// Minimized is why the review is hidden, empty if it is not.
	Minimized string
	// Comments are those on lines.
	Comments []ReviewComment
}

// ReviewComment is a comment on lines of a pull request's diff.
type ReviewComment struct {
	// ID is its number, NodeID its name in GraphQL.
	ID     int64
	NodeID string
	// Path and Line say where; StartLine is 0 for one line. Side is "RIGHT"
	// or "LEFT".
	Path, Side      string
	Line, StartLine int
	// Body is the text.
	Body string
	// Minimized is why the comment is hidden, empty if it is not; Resolved
	// says whether its thread is done with.
	Minimized string
	Resolved  bool
}

type review struct {
	Review
	pull     *pull
	author   *account
	at       time.Time
	comments []*reviewComment
}

type reviewComment struct {
	ReviewComment
	place

	review *review
}

func (p *pull) comments() []*reviewComment {
	var all []*reviewComment
	for _, r := range p.reviews {
		all = append(all, r.comments...)
	}
	return all
}

// Reviews are the reviews of a pull request, in order.
func (s *Server) Reviews(fullName string, number int) []Review {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.mustRepository(fullName).pull(int64(number))
	if p == nil {
		panic(fmt.Sprintf("githubtest: no pull request %s#%d", fullName, number))
	}
	var all []Review
	for _, r := range p.reviews {
		out := r.Review
		out.Minimized = s.minimized[r.NodeID]
		for _, c := range r.comments {
			comment := c.ReviewComment
			comment.Minimized = s.minimized[c.NodeID]
			out.Comments = append(out.Comments, comment)
		}
		all = append(all, out)
	}
	return all
}

type reviewAsk struct {
	CommitID string             `json:"commit_id"`
	Body     string             `json:"body"`
	Event    string             `json:"event"`
	Comments []reviewCommentAsk `json:"comments"`
}

type reviewCommentAsk struct {
	Path      string `json:"path"`
	Body      string `json:"body"`
	Line      int    `json:"line"`
	Side      string `json:"side"`
	StartLine *int   `json:"start_line"`
	StartSide string `json:"start_side"`
	Position  *int   `json:"position"`
}

func (c *call) createReview() (answer, error) {
	p, err := c.pullOf()
	if err != nil {
		return answer{}, err
	}
	ask := reviewAsk{CommitID: p.headSHA.String()}
	if err := c.decode(&ask); err != nil {
		return answer{}, err
	}
	state, known := map[string]string{
		"": "PENDING", "COMMENT": "COMMENTED", "APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED",
	}[ask.Event]
	if !known {
		return answer{}, invalid("%s is not a member of [\"APPROVE\", \"REQUEST_CHANGES\", \"COMMENT\"].", ask.Event)
	}
	if ask.Event == "COMMENT" && ask.Body == "" && len(ask.Comments) == 0 {
		return answer{}, refuse(http.StatusUnprocessableEntity, "Unprocessable Entity")
	}
	if _, err := c.commitAt(ask.CommitID); err != nil {
		return answer{}, err
	}
	lines, err := c.diffLines(p)
	if err != nil {
		return answer{}, err
	}
	for _, comment := range ask.Comments {
		if err := comment.check(lines, c.server.options.Limits); err != nil {
			return answer{}, err // a review is all or nothing
		}
	}
	r := c.server.addReview(p, ask, state, lines, c.who.app.bot)
	return ok(c.server.reviewDoc(r)), nil
}

func (s *Server) addReview(p *pull, ask reviewAsk, state string, lines map[diffLine]place, author *account) *review {
	id := s.nextID()
	r := &review{pull: p, author: author, at: s.now(), Review: Review{
		ID: id, NodeID: nodeID("PRR", id), Author: author.login, State: state, Body: ask.Body, CommitID: ask.CommitID,
	}}
	for _, comment := range ask.Comments {
		id := s.nextID()
		side, start := comment.Side, 0
		if side == "" {
			side = "RIGHT"
		}
		set(&start, comment.StartLine)
		at := lines[diffLine{comment.Path, side, comment.Line}]
		r.comments = append(r.comments, &reviewComment{review: r, place: at, ReviewComment: ReviewComment{
			ID: id, NodeID: nodeID("PRRC", id), Path: comment.Path, Side: side, Line: comment.Line, StartLine: start, Body: comment.Body,
		}})
	}
	p.reviews = append(p.reviews, r)
	return r
}

func nodeID(kind string, id int64) string { return kind + "_" + strconv.FormatInt(id, 10) }

func (c *call) listReviews() (answer, error) {
	p, err := c.pullOf()
	if err != nil {
		return answer{}, err
	}
	var docs []doc
	for _, r := range p.reviews {
		docs = append(docs, c.server.reviewDoc(r))
	}
	return list(c, docs)
}

func (c *call) reviewComments() (answer, error) {
	p, err := c.pullOf()
	if err != nil {
		return answer{}, err
	}
	for _, r := range p.reviews {
		if r.ID == c.pathInt("review") {
			return list(c, c.server.commentDocs(r.comments))
		}
	}
	return answer{}, notFound()
}

func (c *call) pullComments() (answer, error) {
	p, err := c.pullOf()
	if err != nil {
		return answer{}, err
	}
	return list(c, c.server.commentDocs(p.comments()))
}

func (s *Server) reviewDoc(r *review) doc {
	page := fmt.Sprintf("%s/%s/pull/%d#pullrequestreview-%d", s.url, r.pull.repo.fullName(), r.pull.number, r.ID)
	pull := s.apiURL(fmt.Sprintf("/repos/%s/pulls/%d", r.pull.repo.fullName(), r.pull.number))
	return doc{
		"id": r.ID, "node_id": r.NodeID, "user": s.accountDoc(r.author), "body": r.Body, "state": r.State, "commit_id": r.CommitID,
		"submitted_at": stamp(r.at), "author_association": "NONE", "html_url": page, "pull_request_url": pull,
		"_links": doc{"html": doc{"href": page}, "pull_request": doc{"href": pull}},
	}
}

func (s *Server) commentDocs(comments []*reviewComment) []doc {
	docs := []doc{}
	for _, c := range comments {
		start := any(nil)
		if c.StartLine > 0 {
			start = c.StartLine
		}
		repo, number := c.review.pull.repo.fullName(), c.review.pull.number
		self, pull := s.apiURL(fmt.Sprintf("/repos/%s/pulls/comments/%d", repo, c.ID)), s.apiURL(fmt.Sprintf("/repos/%s/pulls/%d", repo, number))
		page := fmt.Sprintf("%s/%s/pull/%d#discussion_r%d", s.url, repo, number, c.ID)
		docs = append(docs, doc{
			"id": c.ID, "node_id": c.NodeID, "pull_request_review_id": c.review.ID, "path": c.Path, "side": c.Side, "line": c.Line,
			"start_line": start, "body": c.Body, "user": s.accountDoc(c.review.author), "commit_id": c.review.CommitID,
			"created_at": stamp(c.review.at), "updated_at": stamp(c.review.at), "author_association": "NONE",
			"original_commit_id": c.review.CommitID, "diff_hunk": c.hunk, "position": c.position, "original_position": c.position,
			"url": self, "html_url": page, "pull_request_url": pull,
			"_links": doc{"self": doc{"href": self}, "html": doc{"href": page}, "pull_request": doc{"href": pull}},
		})
	}
	return docs
}
