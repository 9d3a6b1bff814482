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
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
)

// The repository of the demo, and what its pull request changes.
//
//go:embed demo
var demoFiles embed.FS

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
