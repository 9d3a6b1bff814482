// Package github is the only door to GitHub: it verifies and reads webhooks,
// and fetches commits, reports check runs and writes commits through the API,
// as a GitHub App. It carries bytes and identifiers and knows nothing of what
// is in the files.
//
// Events are hints, fetches are truth: what an [Event] says is only where to
// look. Errors say by behaviour what to do about them: RetryAfter tells how
// long to wait, Permanent whether waiting is in vain. See [StatusError],
// [RateLimitError] and [GraphQLError].
package github

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
	gh "github.com/google/go-github/v60/github"
)

// requestTimeout bounds a request with everything it takes: its turn, its
// repetitions, its answer.
const requestTimeout = 3 * time.Minute

// Options are what an [App] is made of. AppID and PrivateKey are required.
type Options struct {
	// APIURL is [DefaultAPIURL] when empty, https://HOST/api/v3 for GitHub
	// Enterprise Server, https://api.TENANT.ghe.com for GHE.com. Plain http is
	// for loopback addresses only.
	APIURL string
	// AppID is the GitHub App's number.
	AppID int64
	// PrivateKey is the App's RSA key in PEM form.
	PrivateKey []byte
	// Transport carries the requests, with its proxy and certificate
	// settings. Nil is a copy of the standard one.
	Transport http.RoundTripper
	// UserAgent names the program to GitHub.
	UserAgent string
	// Clock is the machine's when nil.
	Clock Clock
	// Cache keeps blobs between requests; nil keeps none.
	Cache BlobCache
	// Logger hears what is left out or repaired; nil hears nothing.
	Logger *slog.Logger
	// Observe is told of each request when it is over, for metrics and
	// traces. The request has no credentials in it. The response is nil where
	// GitHub's answer was an error; its body is not to be read.
	Observe func(req *http.Request, resp *http.Response, err error, took time.Duration)
}

// App is a GitHub App with credentials. It is safe for concurrent use.
type App struct {
	options Options
	api     *url.URL
	clock   Clock
	log     *slog.Logger
	signer  *signer
	wire    http.RoundTripper
	client  *gh.Client // as the App itself
	trees   *treeCache
	count   atomic.Int64

	mu            sync.Mutex
	installations map[int64]*installation
	slug          string // of the App, empty while nobody has asked
}

// installation is one account's side of the App. Limits are per installation,
// so each has its own gate, and its own client because go-github keeps state
// in it.
type installation struct {
	gate   *gate
	client *gh.Client
}

// Repo is a repository as one installation reaches it. All fields are needed.
type Repo struct {
	// Installation and ID are GitHub's numbers.
	Installation, ID int64
	Owner, Name      string
}

// String is the repository's full name.
func (r Repo) String() string { return r.Owner + "/" + r.Name }

// New makes an App. It asks GitHub nothing; the errors are about the options.
func New(o Options) (*App, error) {
	api, err := parseAPIURL(o.APIURL)
	if err != nil {
		return nil, err
	}
	if o.AppID <= 0 {
		return nil, errors.New("GitHub App id must be a positive number")
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(o.PrivateKey)
	if err != nil {
		// The parser's words are dropped: they could quote the key.
		return nil, errors.New("GitHub App private key is not an RSA private key in PEM form")
	}
	a := &App{options: o, api: api, clock: o.Clock, log: o.Logger, trees: newTreeCache(), installations: make(map[int64]*installation)}
	if a.clock == nil {
		a.clock = systemClock{}
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.signer = &signer{Signer: ghinstallation.NewRSASigner(jwt.SigningMethodRS256, key), clock: a.clock, app: o.AppID}
	a.wire = &wire{next: transport(o.Transport), api: api}
	apps, err := a.appsTransport(a.signed())
	if err != nil {
		return nil, err
	}
	a.client = a.newClient(&appAuth{apps}, newGate(a.clock))
	return a, nil
}

func transport(given http.RoundTripper) http.RoundTripper {
	if given != nil {
		return given
	}
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t := standard.Clone()
	t.ResponseHeaderTimeout = time.Minute
	t.MaxIdleConnsPerHost = maxConcurrent
	return t
}

// signed is the way out for requests that carry the App's JWT.
func (a *App) signed() http.RoundTripper { return &signed{next: a.wire, signer: a.signer} }

// appsTransport signs with the App's key and sends through next.
func (a *App) appsTransport(next http.RoundTripper) (*ghinstallation.AppsTransport, error) {
	return ghinstallation.NewAppsTransportWithOptions(next, a.options.AppID, ghinstallation.WithSigner(a.signer))
}

func (a *App) newClient(auth http.RoundTripper, g *gate) *gh.Client {
	var rt http.RoundTripper = &limiter{next: &repeater{next: auth, clock: a.clock}, gate: g}
	if a.options.Observe != nil {
		rt = &observer{next: rt, clock: a.clock, tell: a.options.Observe}
	}
	client := gh.NewClient(&http.Client{Transport: rt, CheckRedirect: redirects(a.api), Timeout: requestTimeout})
	client.BaseURL = a.api
	if a.options.UserAgent != "" {
		client.UserAgent = a.options.UserAgent
	}
	return client
}

// installation is made once for each id and kept.
func (a *App) installation(id int64) (*installation, error) {
	if id <= 0 {
		return nil, permanent("installation id %d is not positive", id)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if inst, ok := a.installations[id]; ok {
		return inst, nil
	}
	t := &tokens{clock: a.clock, installation: id, kept: make(map[tokenKey]*token)}
	t.newTransport = func(o *gh.InstallationTokenOptions) (*ghinstallation.Transport, error) {
		// Transports that share an AppsTransport write each other's fields when
		// they refresh: each has one of its own.
		apps, err := a.appsTransport(&exchange{next: a.signed(), clock: a.clock})
		if err != nil {
			return nil, err
		}
		t := ghinstallation.NewFromAppsTransport(apps, id)
		t.BaseURL, t.InstallationTokenOptions = strings.TrimSuffix(a.api.String(), "/"), o
		return t, nil
	}
	inst := &installation{gate: newGate(a.clock)}
	inst.client = a.newClient(&installationAuth{next: a.wire, tokens: t, clock: a.clock, count: &a.count}, inst.gate)
	a.installations[id] = inst
	return inst, nil
}

// WebURL is the website that belongs to the API, without a trailing slash:
// https://github.com for github.com.
func (a *App) WebURL() string { return webURL(a.api) }

// Requests is how many requests were sent with an installation's token since
// the App was made, repetitions included and requests for tokens not.
func (a *App) Requests() int64 { return a.count.Load() }

// Rates are the last known budgets of an installation, in no order; none
// before its first answer.
func (a *App) Rates(installation int64) []Rate {
	a.mu.Lock()
	inst := a.installations[installation]
	a.mu.Unlock()
	if inst == nil {
		return nil
	}
	return inst.gate.state()
}

func (g *gate) state() []Rate {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]Rate, 0, len(g.budgets))
	for _, b := range g.budgets {
		list = append(list, b.Rate)
	}
	return list
}
