package githubtest

import (
	"log/slog"
	"math"
	"net/http"
	"time"
)

// Options say what kind of GitHub a [Server] is. The zero value is github.com
// with every limit on and the machine's clock.
type Options struct {
	// Clock is the server's time; nil means time.Now. Tokens, rate limits,
	// dates and the delivery log follow it.
	Clock func() time.Time
	// Limits are what the server enforces.
	Limits Limits
	// Enterprise serves the API below /api/v3 and GraphQL at /api/graphql, as
	// GitHub Enterprise Server does. Rate limits are then off unless set, as
	// they are there.
	Enterprise bool
	// Seed decides tokens, identifiers and random faults; the same seed and
	// the same requests give the same world.
	Seed uint64
	// Latency is how long every API request takes.
	Latency time.Duration
	// FailureRate is the share of API requests, from 0 to 1, answered with 500
	// or 502 without anything being done.
	FailureRate float64
	// LimitedStatus is the status of a rate-limited answer, 403 or 429; 0
	// means 403. GitHub's documentation allows both.
	LimitedStatus int
	// OmitRetryAfter leaves retry-after out of answers to secondary limits.
	OmitRetryAfter bool
	// FreshTokenDelay is how long a new installation token is not yet known
	// everywhere and answered with 401.
	FreshTokenDelay time.Duration
	// Synchronous delivers webhooks as soon as they come up, before the call
	// or the API answer that caused them returns, instead of waiting for
	// [Server.Deliver].
	Synchronous bool
	// WebhookClient posts the webhooks; nil means a client with GitHub's
	// timeout of 10 seconds.
	WebhookClient *http.Client
	// BeforeRequest, when set, is called for every API request while it is in
	// flight and before it has any effect. It may block.
	BeforeRequest func(*http.Request)
	// Logger hears about failed deliveries; nil means nobody does.
	Logger *slog.Logger
}

// Limit is one enforced limit. The zero value is GitHub's own number, a
// positive one replaces it, [Off] stops enforcing it.
type Limit int

// Off turns a [Limit] off.
const Off Limit = -1

func (l Limit) on() bool { return l >= 0 }

// of is the number to enforce where GitHub's own is known.
func (l Limit) of(github int) int {
	switch {
	case l < 0:
		return math.MaxInt
	case l == 0:
		return github
	default:
		return int(l)
	}
}

// Limits has a field for each thing that GitHub refuses. A field that says
// "rule" has no number: it is on unless [Off].
type Limits struct {
	// JWT is the rule that an App's token is signed with RS256, issued in the
	// past and expires within ten minutes.
	JWT Limit
	// TokenExpiry is the life of an installation token, in seconds: 3,600.
	TokenExpiry Limit
	// TokenRepositories is the rule that a token reaches its repositories only.
	TokenRepositories Limit
	// TokenPermissions is the rule that a token does what it was granted only.
	TokenPermissions Limit
	// RunOwner is the rule that only the App that made a check run updates it.
	RunOwner Limit
	// Archived is the rule that an archived repository is read-only.
	Archived Limit
	// WorkflowFiles is the rule that files below .github/workflows are written
	// with the permission "workflows" only.
	WorkflowFiles Limit
	// BranchProtection is the rule that protected branches refuse writes.
	BranchProtection Limit
	// FastForward is the rule that a reference moves forward unless forced.
	FastForward Limit
	// StaleData is the rule that createCommitOnBranch finds the expected head.
	StaleData Limit
	// ForkPullRequests is the rule that check events name no pull requests
	// from forks.
	ForkPullRequests Limit

	// RequestAnnotations is the number of annotations in one request: 50.
	RequestAnnotations Limit
	// AnnotationPlaces is the rule that an annotation has a path, lines from 1
	// and columns only within one line.
	AnnotationPlaces Limit
	// AnnotationBytes is the size of an annotation's message and of its raw
	// details, in bytes: 65,536.
	AnnotationBytes Limit
	// OutputTitle is the length of a title, in characters: 255.
	OutputTitle Limit
	// OutputText is the length of a summary and of a text, in characters: 65,535.
	OutputText Limit
	// Actions is the number of buttons of a check run: 3.
	Actions Limit
	// ActionLabel is the length of a button's label, in characters: 20.
	ActionLabel Limit
	// ActionDescription is the length of its description: 40.
	ActionDescription Limit
	// ActionIdentifier is the length of its identifier: 20.
	ActionIdentifier Limit
	// RunsPerName is how many runs of one name a suite keeps: 1,000. The
	// oldest go first.
	RunsPerName Limit

	// PageSize is the number of items on a page: 100. More asked for gives
	// this many.
	PageSize Limit
	// PullFiles is the number of files listed of a pull request: 3,000.
	PullFiles Limit
	// PullCommits is the number of commits listed of a pull request: 250.
	PullCommits Limit
	// CompareFiles is the number of files of a comparison: 300.
	CompareFiles Limit
	// TreeEntries is the number of entries of a recursive tree: 100,000.
	TreeEntries Limit
	// TreeBytes is the size of a recursive tree's answer, in bytes: 7 MB.
	TreeBytes Limit
	// BlobBytes is the size of a blob read or written over REST: 100 MB.
	BlobBytes Limit
	// GraphQLTextBytes is where GraphQL cuts a blob's text, in bytes: 512,000.
	GraphQLTextBytes Limit
	// GraphQLObjects is how many objects one query may read. GitHub publishes
	// no number; 250 here, above batches of a hundred.
	GraphQLObjects Limit
	// ReviewLines is the rule that a review comment is on a line of the diff.
	ReviewLines Limit
	// WebhookBytes is the size of a payload beyond which it is not delivered: 25 MB.
	WebhookBytes Limit

	// PrimaryRate is the number of requests an hour of an installation: 5,000.
	PrimaryRate Limit
	// Concurrency is the number of requests in flight: 100.
	Concurrency Limit
	// Points is what REST requests may cost a minute (1 to read, 5 to write): 900.
	Points Limit
	// GraphQLPoints is the same for GraphQL: 2,000.
	GraphQLPoints Limit
	// ContentMinute is how much content may be created a minute: 80.
	ContentMinute Limit
	// ContentHour is how much content may be created an hour: 500.
	ContentHour Limit
}

// GitHub's own numbers, from
// https://docs.github.com/en/rest/checks/runs,
// https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files,
// https://docs.github.com/en/rest/git/trees#get-a-tree,
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
// and https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap.
const (
	tokenLife          = 3600
	jwtLife            = 10 * time.Minute
	requestAnnotations = 50
	annotationBytes    = 64 << 10
	outputTitle        = 255
	outputText         = 65535
	maxActions         = 3
	actionLabel        = 20
	actionDescription  = 40
	actionIdentifier   = 20
	runsPerName        = 1000
	pageSize           = 100
	defaultPageSize    = 30
	pullFiles          = 3000
	pullCommits        = 250
	compareFiles       = 300
	treeEntries        = 100_000
	treeBytes          = 7 << 20
	blobBytes          = 100 << 20
	graphqlTextBytes   = 512_000
	graphqlObjects     = 250
	webhookBytes       = 25 << 20
	primaryRate        = 5000
	concurrency        = 100
	pointsMinute       = 900
	graphqlPoints      = 2000
	contentMinute      = 80
	contentHour        = 500
)
