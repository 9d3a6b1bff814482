package main

// operations are those that the stand-in serves, by GitHub's own paths. A test
// of the stand-in fails when one is missing here.
const operations = `
GET /app
GET /app/installations
GET /app/installations/{installation_id}
POST /app/installations/{installation_id}/access_tokens
GET /app/hook/deliveries
GET /app/hook/deliveries/{delivery_id}
POST /app/hook/deliveries/{delivery_id}/attempts
POST /app-manifests/{code}/conversions
GET /repos/{owner}/{repo}/installation
GET /orgs/{org}/installation
GET /users/{username}/installation
GET /installation/repositories
GET /rate_limit
GET /meta
GET /repos/{owner}/{repo}
GET /repos/{owner}/{repo}/branches/{branch}
GET /repos/{owner}/{repo}/collaborators/{username}/permission
GET /repos/{owner}/{repo}/contents/{path}
GET /repos/{owner}/{repo}/commits/{ref}
GET /repos/{owner}/{repo}/compare/{basehead}
POST /repos/{owner}/{repo}/code-scanning/sarifs
GET /repos/{owner}/{repo}/git/trees/{tree_sha}
GET /repos/{owner}/{repo}/git/blobs/{file_sha}
GET /repos/{owner}/{repo}/git/commits/{commit_sha}
GET /repos/{owner}/{repo}/git/ref/{ref}
GET /repos/{owner}/{repo}/git/matching-refs/{ref}
POST /repos/{owner}/{repo}/git/trees
POST /repos/{owner}/{repo}/git/blobs
POST /repos/{owner}/{repo}/git/commits
POST /repos/{owner}/{repo}/git/refs
PATCH /repos/{owner}/{repo}/git/refs/{ref}
DELETE /repos/{owner}/{repo}/git/refs/{ref}
GET /repos/{owner}/{repo}/pulls
POST /repos/{owner}/{repo}/pulls
GET /repos/{owner}/{repo}/pulls/{pull_number}
PATCH /repos/{owner}/{repo}/pulls/{pull_number}
GET /repos/{owner}/{repo}/pulls/{pull_number}/files
GET /repos/{owner}/{repo}/pulls/{pull_number}/commits
GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews
POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews
GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/comments
GET /repos/{owner}/{repo}/pulls/{pull_number}/comments
POST /repos/{owner}/{repo}/check-runs
GET /repos/{owner}/{repo}/check-runs/{check_run_id}
PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}
GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations
GET /repos/{owner}/{repo}/commits/{ref}/check-runs
GET /repos/{owner}/{repo}/commits/{ref}/check-suites
GET /repos/{owner}/{repo}/check-suites/{check_suite_id}
GET /repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs
POST /repos/{owner}/{repo}/check-suites/{check_suite_id}/rerequest
`

// webhooks are the events that the stand-in sends.
const webhooks = `
check_run.completed check_run.created check_run.requested_action check_run.rerequested
check_suite.completed check_suite.requested check_suite.rerequested
installation.created installation.deleted installation.new_permissions_accepted installation.suspend installation.unsuspend
installation_repositories.added installation_repositories.removed
merge_group.checks_requested merge_group.destroyed
ping
pull_request.closed pull_request.converted_to_draft pull_request.dequeued pull_request.edited pull_request.enqueued
pull_request.opened pull_request.ready_for_review pull_request.reopened pull_request.synchronize
push
`

// graphqlRoots are the queries and mutations that the stand-in knows.
const graphqlRoots = `repository rateLimit createCommitOnBranch minimizeComment resolveReviewThread`

// graphqlTypes are the types of GraphQL that the stand-in knows, and those that
// they take.
const graphqlTypes = `
Actor Blob Commit CreateCommitOnBranchPayload GitObject GitSignature Minimizable MinimizeCommentPayload Mutation PageInfo
PullRequest PullRequestReview PullRequestReviewComment PullRequestReviewCommentConnection PullRequestReviewConnection
PullRequestReviewThread PullRequestReviewThreadConnection Query RateLimit Ref Repository ResolveReviewThreadPayload Tree TreeEntry
CommitMessage CommittableBranch CreateCommitOnBranchInput FileAddition FileChanges FileDeletion MinimizeCommentInput
ReportedContentClassifiers ResolveReviewThreadInput
`
