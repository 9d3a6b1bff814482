package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/review"
)

const (
	demoRepository = "contoso/api-platform"
	demoBranch     = "publish-billing"
	demoAuthor     = "mona"
	demoPatience   = 30 * time.Second
	demoPoll       = 20 * time.Millisecond
)

func demoCommand(env environment) *cobra.Command {
	var keep, verbose bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole loop offline: webhook, check run, fix commit, green check",
		Long: "demo runs the App against a stand-in for GitHub on this machine: a signed webhook goes in, an annotated check\n" +
			"run comes out, a click on its button makes a commit, and the check of that commit is green. It uses no network.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			log := slog.New(slog.DiscardHandler)
			if verbose {
				log = slog.New(slog.NewTextHandler(env.stderr, nil))
			}
			return runDemo(c.Context(), env, log, keep)
		},
	}
	c.Flags().BoolVar(&keep, "keep", false, "leave the server up afterwards, with a page to look at")
	c.Flags().BoolVar(&verbose, "verbose", false, "show the App's log on standard error")
	return c
}

// demo is a running App with the world it lives in.
type demo struct {
	world  *githubtest.Server
	app    int64
	out    io.Writer
	colour bool
	stop   func() error
}

func runDemo(ctx context.Context, env environment, log *slog.Logger, keep bool) (err error) {
	d, err := startDemo(ctx, env, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()

	d.say("onboard-defender, one pull request from the webhook to the green check")
	number, err := d.openPull() //nolint:contextcheck // making the history asks nobody
	if err != nil {
		return err
	}
	d.step("1. A pull request")
	d.say("   %s#%d %q by %s", demoRepository, number, "Publish the billing and partner APIs", demoAuthor)
	for _, path := range d.changed() {
		d.say("     %s", path)
	}
	if err := d.deliver(ctx); err != nil {
		return err
	}
	first, err := d.completed(ctx, d.world.Head(demoRepository, demoBranch))
	if err != nil {
		return err
	}
	d.step("3. The check run")
	d.show(first)
	after, err := d.click(ctx, first)
	if err != nil {
		return err
	}
	second, err := d.completed(ctx, after)
	if err != nil {
		return err
	}
	d.step("5. The check run of that commit")
	d.show(second)
	if first.Conclusion != "failure" || second.Conclusion != "success" {
		return fmt.Errorf("demo: the checks ended in %s and %s, not in failure and success", first.Conclusion, second.Conclusion)
	}
	d.say("\nThe same check on a folder: bot check PATH. The same fix: bot fix PATH.")
	if keep {
		return d.keep(ctx, number)
	}
	return nil
}

// changed lists the files of the pull request.
func (d *demo) changed() []string {
	return d.between("main", demoBranch)
}

// between lists the files that differ between two revisions.
func (d *demo) between(from, to string) []string {
	var out []string
	for path := range d.world.Paths(demoRepository, to) {
		before, _ := d.world.File(demoRepository, from, path)
		after, _ := d.world.File(demoRepository, to, path)
		if before != after {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// deliver sends the webhook and shows it.
func (d *demo) deliver(ctx context.Context) error {
	d.world.Deliver(ctx)
	all := d.world.Deliveries()
	if len(all) == 0 {
		return errors.New("demo: no webhook was sent")
	}
	last := all[len(all)-1]
	d.step("2. GitHub sends a signed webhook")
	d.say("   POST /webhook  %s.%s, %d bytes, X-Hub-Signature-256  ->  %d", last.Event, last.Action, len(last.Body), last.StatusCode)
	if last.StatusCode != http.StatusAccepted {
		return fmt.Errorf("demo: the webhook was answered with %d", last.StatusCode)
	}
	return nil
}

// click presses the button of a check run and waits for the commit that it
// makes.
func (d *demo) click(ctx context.Context, run githubtest.CheckRun) (string, error) {
	if len(run.Actions) == 0 {
		return "", errors.New("demo: the check run offers no fix")
	}
	before := d.world.Head(demoRepository, demoBranch)
	d.step("4. A click on [%s]", run.Actions[0].Label)
	d.world.ClickAction(run.ID, run.Actions[0].Identifier, demoAuthor) //nolint:contextcheck // the request is Deliver's
	d.world.Deliver(ctx)
	after, err := d.moved(ctx, before)
	if err != nil {
		return "", err
	}
	d.showCommit(before, after)
	d.world.Deliver(ctx)
	return after, nil
}

// completed waits for the check run of a commit.
func (d *demo) completed(ctx context.Context, sha string) (githubtest.CheckRun, error) {
	var run githubtest.CheckRun
	err := wait(ctx, "the check run", func() bool {
		for _, r := range d.world.CheckRuns(demoRepository, sha) {
			if r.Name == review.CheckName && r.Status == "completed" {
				run = r
				return true
			}
		}
		return false
	})
	return run, err
}

// moved waits for a new commit on the branch.
func (d *demo) moved(ctx context.Context, from string) (string, error) {
	err := wait(ctx, "the fix commit", func() bool { return d.world.Head(demoRepository, demoBranch) != from })
	return d.world.Head(demoRepository, demoBranch), err
}

func wait(ctx context.Context, what string, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	tick := time.NewTicker(demoPoll)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("demo: waited for %s in vain: %w", what, ctx.Err())
		}
	}
	return nil
}

// keep leaves everything up until the user has seen enough.
func (d *demo) keep(ctx context.Context, number int) error {
	d.say("\nLook at it: %s\nPress Ctrl-C to end.", d.world.ChecksURL(demoRepository, number))
	tick := time.NewTicker(demoPoll * 10)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			d.world.Deliver(ctx) // buttons on the page cause webhooks, too
		}
	}
}
