package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"embed"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	udiff "github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
	"github.com/onboard-defender/onboard-defender/internal/review"
)

// The repository of the demo, and what its pull request changes.
//
//go:embed demo
var demoFiles embed.FS

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
	if len(first.Actions) == 0 {
		return errors.New("demo: the check run offers no fix")
	}
	before := d.world.Head(demoRepository, demoBranch)
	d.step("4. A click on [%s]", first.Actions[0].Label)
	d.world.ClickAction(first.ID, first.Actions[0].Identifier, demoAuthor) //nolint:contextcheck // the request is Deliver's
	d.world.Deliver(ctx)
	after, err := d.moved(ctx, before)
	if err != nil {
		return err
	}
	d.showCommit(before, after)
	d.world.Deliver(ctx)
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

// startDemo starts the stand-in and the App, which knows no difference.
func startDemo(ctx context.Context, env environment, log *slog.Logger) (*demo, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	world := githubtest.NewServer(githubtest.Options{Logger: log})
	if err := world.Start(ctx, ""); err != nil {
		return nil, err
	}
	secret := rand.Text()
	app := world.AddApp(githubtest.App{
		Slug: "onboard-defender", PublicKey: &key.PublicKey, WebhookSecret: secret,
		Permissions: githubtest.Permissions{"checks": "write", "contents": "write", "pull_requests": "write", "metadata": "read"},
		Events:      []string{"pull_request", "check_run", "check_suite", "push"},
	})
	dir, err := os.MkdirTemp("", "onboard-defender-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	process, err := config.FromEnvironment(config.Environment{Cores: 2, ReadFile: noFile, Lookup: lookupIn(map[string]string{
		"GITHUB_APP_ID": strconv.FormatInt(app, 10), "GITHUB_PRIVATE_KEY": string(private), "GITHUB_WEBHOOK_SECRET": secret,
		"GITHUB_API_URL": world.APIURL(), "STATE_DIR": dir, "LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0",
	})})
	if err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(ctx)
	listening := make(chan addresses, 1)
	ended := make(chan error, 1)
	go func() { ended <- serve(running, process, log, func(a addresses) { listening <- a }) }()
	d := &demo{world: world, app: app, out: env.stdout, colour: env.colour()}
	d.stop = func() error {
		cancel()
		err := <-ended
		return errors.Join(err, world.Close(context.WithoutCancel(ctx)), os.RemoveAll(dir))
	}
	select {
	case a := <-listening:
		world.SetWebhook(app, "http://"+a.public.String()+"/webhook", secret)
		return d, nil
	case err := <-ended:
		ended <- nil
		return nil, errors.Join(err, d.stop())
	}
}

func lookupIn(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	}
}

// noFile keeps the demo apart from the .env file of the working directory.
func noFile(path string) ([]byte, error) {
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

// openPull makes the repository and its pull request.
func (d *demo) openPull() (int, error) {
	base, err := demoTree("demo/base")
	if err != nil {
		return 0, err
	}
	head, err := demoTree("demo/head")
	if err != nil {
		return 0, err
	}
	d.world.CreateRepository(demoRepository, githubtest.RepositoryOptions{Private: true})
	d.world.Commit(demoRepository, "main", base, "Start the API platform")
	d.world.SetPermission(demoRepository, demoAuthor, "write")
	d.world.Install(d.app, "contoso")
	d.world.Branch(demoRepository, demoBranch, "main")
	d.world.Commit(demoRepository, demoBranch, head, "Publish the billing and partner APIs", demoAuthor)
	d.world.DiscardPending() // only the pull request is of interest
	return d.world.OpenPull(githubtest.PullOptions{
		Repository: demoRepository, Head: demoBranch, Author: demoAuthor, Title: "Publish the billing and partner APIs",
	}), nil
}

func demoTree(root string) (githubtest.Files, error) {
	files := githubtest.Files{}
	err := fs.WalkDir(demoFiles, root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := demoFiles.ReadFile(path)
		files[strings.TrimPrefix(path, root+"/")] = githubtest.Bytes(content)
		return err
	})
	return files, err
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

// inserted is the diff of a file to which one block was added. Of the places
// where the block could be said to begin, the first whole line that differs
// reads best.
func inserted(path, from, to string) string {
	start := 0
	for start < len(from) && start < len(to) && from[start] == to[start] {
		start++
	}
	start = strings.LastIndex(from[:start], "\n") + 1
	end := len(to) - (len(from) - start)
	if end < start || to[end:] != from[start:] {
		return udiff.Unified("a/"+path, "b/"+path, from, to)
	}
	diff, err := udiff.ToUnified("a/"+path, "b/"+path, from, []udiff.Edit{{Start: start, End: start, New: to[start:end]}}, udiff.DefaultContextLines)
	if err != nil {
		return udiff.Unified("a/"+path, "b/"+path, from, to)
	}
	return diff
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

// showCommit shows a commit and what it inserts.
func (d *demo) showCommit(before, after string) {
	c := d.world.Log(demoRepository, after)[0]
	signed := ""
	if c.Signed {
		signed = ", signed by GitHub"
	}
	d.say("   commit %.7s by %s%s", c.SHA, c.AuthorName, signed)
	for line := range strings.SplitSeq(strings.TrimSpace(c.Message), "\n") {
		d.say("%s", strings.TrimRight("     "+line, " "))
	}
	for _, path := range d.between(before, after) {
		from, _ := d.world.File(demoRepository, before, path)
		to, _ := d.world.File(demoRepository, after, path)
		d.say("")
		for line := range strings.SplitSeq(strings.TrimSuffix(inserted(path, from, to), "\n"), "\n") {
			style := ""
			switch {
			case strings.HasPrefix(line, "+"):
				style = green
			case strings.HasPrefix(line, "-"):
				style = red
			case strings.HasPrefix(line, "@@"):
				style = cyan
			}
			d.say("   %s", d.paint(style, line))
		}
	}
}
