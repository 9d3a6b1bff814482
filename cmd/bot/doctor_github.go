package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/github"
)

// unreachable says why GitHub did not answer the App.
func (d *doctor) unreachable(err error, process config.Process) {
	status, _ := errors.AsType[*github.StatusError](err)
	operation, _ := errors.AsType[*net.OpError](err)
	_, name := errors.AsType[*net.DNSError](err)
	switch {
	case status != nil && status.Status == http.StatusUnauthorized:
		d.fix("credentials", "GitHub does not accept the key for App %d: generate a key on the App's page and set GITHUB_PRIVATE_KEY_FILE to its file (%v)",
			process.App.ID, err)
	case status != nil && status.Status == http.StatusNotFound:
		d.fix("credentials", "GitHub knows no App %d: see GITHUB_APP_ID, and whether GITHUB_API_URL is where the App is registered (%v)", process.App.ID, err)
	case isCertificate(err):
		d.fix("certificates", "GitHub's certificate is not trusted: set SSL_CERT_FILE to a file with the authority's certificate in PEM form (%v)", plain(err))
	case operation != nil && operation.Op == "proxyconnect":
		d.fix("proxy", "it cannot be reached: see HTTPS_PROXY (%v)", plain(err))
	case name:
		d.fix("URL", "the name is not known: see GITHUB_API_URL, and HTTPS_PROXY if only a proxy reaches it (%v)", plain(err))
	case operation != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, http.ErrSchemeMismatch):
		d.fix("URL", "GitHub cannot be reached: see GITHUB_API_URL, the network, and HTTPS_PROXY (%v)", plain(err))
	default:
		d.fix("credentials", "GitHub gave no answer that helps: try again (%v)", plain(err))
	}
}

func isCertificate(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	return verification || record
}

// plain takes the words of http.Client off an error.
func plain(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

func (d *doctor) clock(skew time.Duration) {
	if skew.Abs() > skewTolerated {
		direction := "behind"
		if skew < 0 {
			direction = "ahead of"
		}
		d.fix("clock", "this machine's is %s %s GitHub's: let it keep time by NTP", skew.Abs(), direction)
		return
	}
	d.ok("clock", "within %s of GitHub's", skewTolerated)
}

// needed are the permissions and events of deploy/app-manifest.json.
func needed() (permissions map[string]string, events []string) {
	return map[string]string{
		"metadata": "read", "contents": "write", "pull_requests": "write", "checks": "write", "merge_queues": "read",
	}, []string{"pull_request", "check_run", "check_suite", "merge_group", "push"}
}

// granted compares what the App asks for with what it needs.
func (d *doctor) granted(info github.Info, web string) {
	permissions, events := needed()
	page := web + "/apps/" + info.Slug
	if missing := lacking(permissions, info.Permissions); missing != nil {
		d.fix("permissions", "set %s on the App's settings page, Permissions & events (%s)", strings.Join(missing, ", "), page)
	} else if more := lacking(info.Permissions, permissions); more != nil {
		d.ok("permissions", "all that are needed; these are not: %s", strings.Join(more, ", "))
	} else {
		d.ok("permissions", "those that are needed")
	}
	var missing []string
	for _, event := range events {
		if !slices.Contains(info.Events, event) {
			missing = append(missing, event)
		}
	}
	if missing != nil {
		d.fix("events", "subscribe to %s on the App's settings page, Permissions & events (%s)", strings.Join(missing, ", "), page)
		return
	}
	d.ok("events", "those that are needed")
}

// lacking are the permissions, such as "checks: write", that are wanted and
// not had, sorted.
func lacking(wanted, had map[string]string) []string {
	rank := func(level string) int { return slices.Index([]string{"", "read", "write", "admin"}, level) }
	var missing []string
	for name, level := range wanted {
		if rank(had[name]) < rank(level) && name != "metadata" { // which every App has
			missing = append(missing, name+": "+level)
		}
	}
	slices.Sort(missing)
	return missing
}

func (d *doctor) installations(ctx context.Context, app *github.App, info github.Info) {
	list, err := app.Installations(ctx)
	if err != nil {
		d.fix("installations", "they cannot be listed: %v", plain(err))
		return
	}
	if len(list) == 0 {
		d.fix("installations", "nobody has the App: install it at %s/apps/%s/installations/new", app.WebURL(), info.Slug)
		return
	}
	permissions, _ := needed()
	working := 0
	for _, i := range list {
		missing := lacking(permissions, i.Permissions)
		switch {
		case i.Suspended:
			d.fix("installations", "%s has suspended the App: an owner resumes it in the account's settings, GitHub Apps", i.Account)
		case missing != nil:
			d.fix("installations", "%s has not accepted %s: an owner does in the account's settings, GitHub Apps", i.Account, strings.Join(missing, ", "))
		default:
			working++
		}
	}
	if working > 0 {
		d.ok("installations", "%s with all permissions", plural(working, "account"))
	}
}
