package githubtest

import "strconv"

// minimizable is a comment that was hidden.
type minimizable struct{ reason string }

func cursor(n int) string { return strconv.Itoa(n) }

// slice takes the page of a list that "first" and "after" ask for.
func slice[T any](x *execution, items []T, args map[string]any) (any, error) {
	most := x.call.server.options.Limits.PageSize.of(pageSize)
	first := number(args["first"], 0)
	if first < 1 || first > most {
		return nil, failure("EXCESSIVE_PAGINATION", "Requesting %d records on the connection exceeds the `first` limit of %d records.", first, most)
	}
	from, err := strconv.Atoi(text(args["after"]))
	if err != nil || from < 0 {
		from = 0
	}
	from = min(from, len(items))
	c := connection{total: len(items), from: from, to: min(from+first, len(items))}
	for _, item := range items[c.from:c.to] {
		c.nodes = append(c.nodes, item)
	}
	if c.nodes == nil {
		c.nodes = []any{}
	}
	return c, nil
}

func connectionType(of string) typeDef {
	return typeDef{
		"nodes":      link(of, func(c connection) any { return c.nodes }),
		"totalCount": scalar(func(c connection) any { return c.total }),
		"pageInfo":   link("PageInfo", func(c connection) any { return c }),
	}
}

func pullType() typeDef {
	return typeDef{
		"id":         scalar(func(p *pull) any { return nodeID("PR", p.id) }),
		"number":     scalar(func(p *pull) any { return p.number }),
		"headRefOid": scalar(func(p *pull) any { return p.headSHA.String() }),
		"baseRefOid": scalar(func(p *pull) any { return p.baseSHA.String() }),
		"isDraft":    scalar(func(p *pull) any { return p.draft }),
		"reviews": field("PullRequestReviewConnection", "first after", func(x *execution, p *pull, args map[string]any) (any, error) {
			return slice(x, p.reviews, args)
		}),
		"reviewThreads": field("PullRequestReviewThreadConnection", "first after", func(x *execution, p *pull, args map[string]any) (any, error) {
			return slice(x, p.comments(), args)
		}),
	}
}

func reviewType() typeDef {
	return typeDef{
		"id":         scalar(func(r *review) any { return r.NodeID }),
		"databaseId": scalar(func(r *review) any { return r.ID }),
		"body":       scalar(func(r *review) any { return r.Body }),
		"state":      scalar(func(r *review) any { return r.State }),
		"author":     link("Actor", func(r *review) any { return r.author }),
		"isMinimized": field("", "", func(x *execution, r *review, _ map[string]any) (any, error) {
			return x.call.server.minimized[r.NodeID] != "", nil
		}),
		"comments": field("PullRequestReviewCommentConnection", "first after", func(x *execution, r *review, args map[string]any) (any, error) {
			return slice(x, r.comments, args)
		}),
	}
}

// A thread here is one comment: nobody replies.
func threadType() typeDef {
	return typeDef{
		"id":         scalar(func(c *reviewComment) any { return nodeID("PRRT", c.ID) }),
		"isResolved": scalar(func(c *reviewComment) any { return c.Resolved }),
		"isOutdated": scalar(func(c *reviewComment) any { return c.review.CommitID != c.review.pull.headSHA.String() }),
		"path":       scalar(func(c *reviewComment) any { return c.Path }),
		"line":       scalar(func(c *reviewComment) any { return c.Line }),
		"comments": field("PullRequestReviewCommentConnection", "first after", func(x *execution, c *reviewComment, args map[string]any) (any, error) {
			return slice(x, []*reviewComment{c}, args)
		}),
	}
}

func commentType() typeDef {
	return typeDef{
		"id":         scalar(func(c *reviewComment) any { return c.NodeID }),
		"databaseId": scalar(func(c *reviewComment) any { return c.ID }),
		"body":       scalar(func(c *reviewComment) any { return c.Body }),
		"path":       scalar(func(c *reviewComment) any { return c.Path }),
		"line":       scalar(func(c *reviewComment) any { return c.Line }),
		"outdated":   scalar(func(c *reviewComment) any { return c.review.CommitID != c.review.pull.headSHA.String() }),
		"author":     link("Actor", func(c *reviewComment) any { return c.review.author }),
		"isMinimized": field("", "", func(x *execution, c *reviewComment, _ map[string]any) (any, error) {
			return x.call.server.minimized[c.NodeID] != "", nil
		}),
	}
}

// reviewOf finds the review or comment with a name.
func (x *execution) reviewOf(node string) (*review, *reviewComment) {
	for _, r := range x.call.server.repositories {
		for _, p := range r.pulls {
			for _, rv := range p.reviews {
				if rv.NodeID == node {
					return rv, nil
				}
				for _, c := range rv.comments {
					if c.NodeID == node || nodeID("PRRT", c.ID) == node {
						return rv, c
					}
				}
			}
		}
	}
	return nil, nil
}

func minimizeComment(x *execution, _ any, args map[string]any) (any, error) {
	var in struct {
		Subject    string `json:"subjectId"`
		Classifier string `json:"classifier"`
	}
	if err := decodeInput(args["input"], &in); err != nil {
		return nil, err
	}
	r, _ := x.reviewOf(in.Subject)
	if err := x.mayTouch(r, in.Subject); err != nil {
		return nil, err
	}
	x.call.server.minimized[in.Subject] = in.Classifier
	return minimizable{in.Classifier}, nil
}

func resolveThread(x *execution, _ any, args map[string]any) (any, error) {
	var in struct {
		Thread string `json:"threadId"`
	}
	if err := decodeInput(args["input"], &in); err != nil {
		return nil, err
	}
	r, c := x.reviewOf(in.Thread)
	if c == nil {
		r = nil
	}
	if err := x.mayTouch(r, in.Thread); err != nil {
		return nil, err
	}
	c.Resolved = true
	return c, nil
}

func (x *execution) mayTouch(r *review, node string) error {
	if r == nil {
		return failure("NOT_FOUND", "Could not resolve to a node with the global id of '%s'", node)
	}
	if x.call.reach(r.pull.repo, "pull_requests:write") != nil {
		return forbiddenField()
	}
	return nil
}
