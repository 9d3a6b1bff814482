package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/github"
	"github.com/onboard-defender/onboard-defender/internal/queue"
)

const (
	// doctorTimeout bounds all that the doctor asks of GitHub and the database.
	doctorTimeout = time.Minute
	// skewTolerated is less than the minute that a JWT is dated back by.
	skewTolerated = 30 * time.Second
)

func doctorCommand(env environment) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check the settings of the GitHub App, what GitHub says to them, and the database",
		Long: "doctor reads the settings that serve reads and tries them: each line is \"ok\", or says what to do. It makes the\n" +
			"database's tables if they are not there, as serve does, and changes nothing else.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), doctorTimeout)
			defer cancel()
			d := &doctor{out: env.stdout, lookup: env.lookup}
			d.examine(ctx)
			if d.err != nil {
				return d.err
			}
			if d.problems > 0 {
				return statusError(exitError)
			}
			return nil
		},
	}
}

// doctor writes one line for each thing that it looks at.
type doctor struct {
	out      io.Writer
	lookup   func(string) (string, bool)
	problems int
	err      error // of writing
}

func (d *doctor) line(verdict, about, text string) {
	if _, err := fmt.Fprintf(d.out, "%-4s %-13s %s\n", verdict, about, text); err != nil {
		d.err = err
	}
}

func (d *doctor) ok(about, format string, args ...any) {
	d.line("ok", about, fmt.Sprintf(format, args...))
}

func (d *doctor) fix(about, format string, args ...any) {
	d.problems++
	d.line("fix", about, fmt.Sprintf(format, args...))
}

func (d *doctor) examine(ctx context.Context) {
	process, err := config.FromEnvironment(config.Environment{Lookup: d.lookup, ReadFile: os.ReadFile, Cores: runtime.GOMAXPROCS(0)})
	if err != nil {
		for problem := range strings.Lines(err.Error()) {
			d.fix("settings", "%s", strings.TrimSpace(problem))
		}
		return
	}
	d.ok("settings", "they can be read")
	d.gitHub(ctx, process)
	d.database(ctx, process)
}

// gitHub tries the credentials, and with them the way to GitHub.
func (d *doctor) gitHub(ctx context.Context, process config.Process) {
	d.authorities()
	if !process.Configured() {
		d.fix("credentials", "no GitHub App is configured; bot serve says how to register one")
		return
	}
	app, err := github.New(github.Options{
		APIURL: process.APIURL, AppID: process.App.ID, PrivateKey: []byte(process.App.PrivateKey.Reveal()),
		UserAgent: "onboard-defender/" + buildVersion().version,
	})
	if err != nil {
		d.fix("URL", "%v; see GITHUB_API_URL", err)
		return
	}
	d.ok("URL", "%s, and the website %s", process.APIURL, app.WebURL())
	d.proxy(process.APIURL)
	info, err := app.Info(ctx)
	if err != nil {
		d.unreachable(err, process)
		return
	}
	d.ok("credentials", "they are those of the App %q, number %d", info.Name, info.ID)
	d.clock(info.Skew)
	d.granted(info, app.WebURL())
	d.installations(ctx, app, info)
}

// authorities looks at the certificates that are trusted besides the system's.
// Go passes over a file that cannot be read in silence.
func (d *doctor) authorities() {
	file, _ := d.lookup("SSL_CERT_FILE")
	if file == "" {
		d.ok("certificates", "those of the system; SSL_CERT_FILE is not set")
		return
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		d.fix("certificates", "SSL_CERT_FILE is not read on this system; add the authority to the system's own")
		return
	}
	content, err := os.ReadFile(file)
	if err != nil {
		d.fix("certificates", "SSL_CERT_FILE: %v", err)
		return
	}
	n := 0
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if _, err := x509.ParseCertificate(block.Bytes); block.Type == "CERTIFICATE" && err == nil {
			n++
		}
	}
	if n == 0 {
		d.fix("certificates", "SSL_CERT_FILE: %s has no certificate in PEM form", file)
		return
	}
	d.ok("certificates", "%s of %s besides the system's", plural(n, "certificate"), file)
}

// proxy says which proxy requests go through. It reads the environment of the
// process, as the requests do.
func (d *doctor) proxy(apiURL string) {
	request, err := http.NewRequest(http.MethodGet, apiURL, http.NoBody) //nolint:noctx // is not sent
	if err != nil {
		d.fix("proxy", "%v", err)
		return
	}
	proxy, err := http.ProxyFromEnvironment(request)
	switch {
	case err != nil:
		d.fix("proxy", "HTTPS_PROXY is not a URL such as http://HOST:PORT")
	case proxy == nil:
		d.ok("proxy", "none for %s", request.URL.Host)
	default:
		d.ok("proxy", "%s", proxy.Redacted())
	}
}

// database opens it as serve does.
func (d *doctor) database(ctx context.Context, process config.Process) {
	if err := os.MkdirAll(process.StateDir, 0o700); err != nil {
		d.fix("database", "STATE_DIR cannot be made: %v", err)
		return
	}
	store, err := queue.Open(ctx, queue.Options{URL: process.DatabaseURL.Reveal()})
	if errors.Is(err, queue.ErrInUse) {
		d.ok("database", "a running process has it open")
		return
	}
	if err == nil {
		err = errors.Join(store.Ready(ctx), store.Close()) //nolint:contextcheck // closing is not cut short
	}
	if err != nil {
		d.fix("database", "DATABASE_URL cannot be used: %v", err)
		return
	}
	kind, _, _ := strings.Cut(process.DatabaseURL.Reveal(), ":")
	d.ok("database", "%s can be used", kind)
}
