package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/deployment"
	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/queue"
	"github.com/onboard-defender/onboard-defender/internal/registry"
	"github.com/onboard-defender/onboard-defender/internal/review"
	"github.com/onboard-defender/onboard-defender/internal/server"
)

// grace is how long requests and jobs that are under way may go on after the
// program was asked to stop.
const grace = 20 * time.Second

// parsedFiles is how many parsed templates are kept between reviews.
const parsedFiles = 4096

func serveCommand(env environment) *cobra.Command {
	var role string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the GitHub App",
		Long: "serve receives the App's webhooks, reviews pull requests and answers health checks. It is configured by\n" +
			"environment variables, see docs/operations.md. With PostgreSQL the halves of it can be processes of their own:\n" +
			"--role web takes webhooks in, --role worker reviews.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !slices.Contains([]config.Role{config.RoleAll, config.RoleWeb, config.RoleWorker}, config.Role(role)) {
				return fmt.Errorf("unknown role %q; it is one of all, web, worker", role)
			}
			process, err := config.FromEnvironment(config.Environment{Lookup: env.lookup, ReadFile: os.ReadFile, Cores: runtime.GOMAXPROCS(0)})
			if err != nil {
				return err
			}
			if !process.Configured() {
				return errors.New(notConfigured)
			}
			process.Role = config.Role(role)
			return serve(c.Context(), process, newLogger(env.stderr, process), nil)
		},
	}
	c.Flags().StringVar(&role, "role", string(config.RoleAll), "`ROLE` of this process: all, web or worker")
	return c
}

// notConfigured says how to register the App.
const notConfigured = `no GitHub App is configured.

Register one (GitHub: Settings, Developer settings, GitHub Apps, New GitHub App) with
  webhook URL          https://YOUR-HOST/webhook, content type application/json, and a secret
  permissions          Checks: write, Contents: write, Pull requests: write, Merge queues: read, Metadata: read
  events               Check run, Check suite, Merge group, Pull request, Push
or from deploy/app-manifest.json, install it on your organisation, and set
  GITHUB_APP_ID            the App's number
  GITHUB_PRIVATE_KEY_FILE  the file of a private key that you generate on its page
  GITHUB_WEBHOOK_SECRET    the webhook's secret
in the environment or in a .env file, then start serve again`

// addresses are where a running program listens; tests and the demo wait for
// them. A worker has no public one.
type addresses struct{ public, admin net.Addr }

func (a addresses) shownPublic() string {
	if a.public == nil {
		return "none"
	}
	return a.public.String()
}

// serve runs receiver and worker until ctx is done. listening, if not nil, is
// told of the addresses once requests are answered.
func serve(ctx context.Context, process config.Process, log *slog.Logger, listening func(addresses)) error {
	return serveWith(ctx, process, log, listening, nil)
}

// serveWith is serve with options that adjust, if not nil, has changed.
func serveWith(ctx context.Context, process config.Process, log *slog.Logger, listening func(addresses), adjust func(*queue.Options, *github.Options)) error {
	store, work, err := openStore(ctx, process, log, adjust)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck,contextcheck // what matters was reported by Stop; Close has a bound of its own
	srv, err := server.New(server.Options{
		Secrets: reveal(process.App.WebhookSecrets), AppID: process.App.ID, Intake: store, Ready: store.Ready, Logger: log,
	})
	if err != nil {
		return err
	}
	admin, err := net.Listen("tcp", process.AdminAddr) //nolint:noctx // it does not block
	if err != nil {
		return fmt.Errorf("ADMIN_ADDR %s cannot be used: %w", process.AdminAddr, err)
	}
	defer admin.Close() //nolint:errcheck // closed before, unless nothing was served
	at := addresses{admin: admin.Addr()}
	var public net.Listener
	if process.Role != config.RoleWorker {
		public, err = net.Listen("tcp", process.ListenAddr) //nolint:noctx // it does not block
		if err != nil {
			return fmt.Errorf("LISTEN_ADDR %s cannot be used: %w", process.ListenAddr, err)
		}
		defer public.Close() //nolint:errcheck // as above
		at.public = public.Addr()
	}
	if err := store.Start(ctx); err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	log.InfoContext(ctx, "listening", slog.String("public", at.shownPublic()), slog.String("admin", at.admin.String()))
	if listening != nil {
		listening(at)
	}
	group, groupCtx := errgroup.WithContext(ctx)
	if public != nil {
		group.Go(func() error { return server.Serve(groupCtx, public, srv.Public(), grace, log) })
	}
	group.Go(func() error { return server.Serve(groupCtx, admin, srv.Admin(), grace, log) })
	if process.Role != config.RoleWeb {
		group.Go(func() error { return work.recovery.run(groupCtx) })
	}
	err = group.Wait()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace+5*time.Second)
	defer cancel()
	log.InfoContext(stop, "stopping")
	return errors.Join(err, store.Stop(stop))
}

func reveal(secrets []config.Secret) [][]byte {
	out := make([][]byte, len(secrets))
	for i, s := range secrets {
		out[i] = []byte(s.Reveal())
	}
	return out
}

// openStore opens the queue with the reviewer as its worker. adjust, if not
// nil, may change the options of both before they are used.
func openStore(ctx context.Context, process config.Process, log *slog.Logger, adjust func(*queue.Options, *github.Options)) (*queue.Store, *worker, error) {
	if err := os.MkdirAll(process.StateDir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("STATE_DIR %s cannot be made: %w", process.StateDir, err)
	}
	work := &worker{log: log}
	keep := queue.Options{
		URL: process.DatabaseURL.Reveal(), Workers: process.Workers, Handler: work.handler(process.Role), Logger: log, Clock: time.Now,
		OnBug: func(err error) { log.ErrorContext(ctx, "bug", slog.Any("error", err)) },
	}
	door := github.Options{
		APIURL: process.APIURL, AppID: process.App.ID, PrivateKey: []byte(process.App.PrivateKey.Reveal()),
		UserAgent: userAgent(), Logger: log,
	}
	if adjust != nil {
		adjust(&keep, &door)
	}
	store, err := queue.Open(ctx, keep)
	if err != nil {
		return nil, nil, fmt.Errorf("DATABASE_URL cannot be used: %w", err)
	}
	door.Cache = store
	app, err := github.New(door)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close()) //nolint:contextcheck // Close has a bound of its own
	}
	p := port{app}
	work.app, work.enqueue = app, store.Enqueue
	work.checks = checks{p, store}
	work.recovery = &recovery{app: app, store: store, log: log, now: keep.Clock}
	work.reviewer = &review.Reviewer{
		Pulls: p, Branches: p, Snapshots: p, Checks: work.checks, Commits: p, History: p, Suggestions: p, Proposals: p,
		Modules: modules{registry.New(registry.Options{Hosts: []string{publicRegistry}, Cache: store, UserAgent: userAgent()})},
		Now:     time.Now, Logger: log, Cache: deployment.NewCache(parsedFiles), Defaults: &review.Defaults{Door: p},
		Superseded: func(ctx context.Context) bool { return errors.Is(context.Cause(ctx), queue.ErrSuperseded) },
		Explain:    explain, FileURL: p.fileURL, Conclusions: &review.Conclusions{}, Reads: &review.Reads{},
		OnBug: func(err error) { log.ErrorContext(ctx, "bug", slog.Any("error", err)) },
	}
	return store, work, nil
}

// worker does the jobs of the queue.
type worker struct {
	reviewer *review.Reviewer
	checks   checks
	recovery *recovery
	app      *github.App
	enqueue  func(context.Context, queue.Delivery) (duplicate bool, err error)
	log      *slog.Logger
	refused  sync.Map // installations and repositories of which it was said
}

// handler is what the queue calls for each job: nil where it only takes in.
func (w *worker) handler(role config.Role) queue.Handler {
	if role == config.RoleWeb {
		return nil
	}
	return w.handle
}

// handle does one job. Its context carries nothing; the identifiers go into
// every line of its log.
func (w *worker) handle(ctx context.Context, job queue.Job) error {
	d := job.Delivery
	var p server.Payload
	if err := json.Unmarshal(d.Payload, &p); err != nil {
		return permanent{fmt.Errorf("payload of job %d: %w", job.ID, err)}
	}
	log := w.log.With(
		slog.Int64("job", job.ID), slog.String("delivery", d.GUID), slog.String("repository", d.Owner+"/"+d.Name), slog.Int("pull_request", d.Number),
	)
	return w.refusal(ctx, log, d, w.do(ctx, log, job, p))
}

func (w *worker) do(ctx context.Context, log *slog.Logger, job queue.Job, p server.Payload) error {
	d := job.Delivery
	ctx = github.WithPriority(ctx, job.Priority)
	reviewer := *w.reviewer
	reviewer.Logger = log
	req := review.Request{
		Repo:   review.Repo{Installation: d.Installation, ID: d.Repository, Owner: d.Owner, Name: d.Name},
		Number: d.Number, Again: p.Again, Delivery: d.GUID, Exhausted: job.Exhausted,
		Last: job.Exhausted || job.Attempt >= job.MaxAttempts,
		Hint: review.Pull{Number: d.Number, Open: true, Head: p.Head, HeadBranch: p.HeadBranch, BaseBranch: p.Base, Fork: p.Fork},
	}
	if n := len(job.Demands); n > 0 { // what came after it may be an event like any other
		req.Again, req.Delivery = true, job.Demands[n-1]
	}
	// Of a later delivery the head may have been taken up before it came.
	req.Fresh = p.Fresh && job.First && job.Generation == 1 && p.Head != "" && p.Base != ""
	if review.HasDefaults(d.Name) && (d.Kind == server.KindPush || d.Kind == server.KindBranch) {
		reviewer.Defaults.Forget(d.Installation) // they may have changed, or be there only now
	}
	switch d.Kind {
	case server.KindReview:
		if err := reviewer.Review(ctx, req); err != nil {
			return err
		}
		return w.checks.finish(ctx, req.Repo, req.Number)
	case server.KindFix:
		return reviewer.Fix(ctx, review.Click{
			Repo: req.Repo, Number: d.Number, Head: p.Head, ExternalID: p.ExternalID, Sender: p.Sender, Last: req.Last,
		})
	case server.KindGroup:
		return reviewer.MergeGroup(ctx, req, p.BaseSHA)
	case server.KindBranch:
		return reviewer.DefaultBranch(ctx, req)
	case server.KindSuite, server.KindPush, server.KindInstall:
		if job.Exhausted {
			return nil // the job ends as a dead letter
		}
		return w.expand(ctx, &reviewer, d, p)
	case kindSweep:
		return w.recovery.handle(ctx, d)
	}
	return permanent{fmt.Errorf("job %d asks for unknown work %q", job.ID, d.Kind)}
}

// permanent marks an error that no further attempt mends.
type permanent struct{ error }

// Permanent is true.
func (permanent) Permanent() bool { return true }

// Unwrap is the error itself.
func (p permanent) Unwrap() error { return p.error }
