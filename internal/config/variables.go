package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// Names of the variables.
const (
	variableAppID      = "GITHUB_APP_ID"
	variablePrivateKey = "GITHUB_PRIVATE_KEY"
	variableWebhook    = "GITHUB_WEBHOOK_SECRET"
	variableAPIURL     = "GITHUB_API_URL"
	variableListen     = "LISTEN_ADDR"
	variableAdmin      = "ADMIN_ADDR"
	variableDatabase   = "DATABASE_URL"
	variableStateDir   = "STATE_DIR"
	variableWorkers    = "WORKERS"
	variableLogLevel   = "LOG_LEVEL"
	variableLogFormat  = "LOG_FORMAT"
)

const (
	defaultAPIURL  = "https://api.github.com"
	stateName      = "onboard-defender"
	databaseName   = "onboard-defender.db"
	maxWorkers     = 256
	defaultWorkers = 16 // at most: a job mostly waits for GitHub, which allows 100 requests at once
)

var (
	errAfterQuote   = errors.New("something follows the closing quote")
	errOpenQuote    = errors.New("a quote is not closed")
	errFileTooLarge = errors.New("it is too large")
	errNotPEM       = errors.New("is not a private key in PEM form; use the .pem file that GitHub gave you, or its content in base64")
	errPublicKey    = errors.New("is not a private key but a public one; use the .pem file that GitHub gave you")
	errEncryptedKey = errors.New("is protected by a passphrase; take the passphrase off")
	errTwoKeys      = errors.New("has something after the key; keep the key alone")
	errNotRSA       = errors.New("is not an RSA key, which is what GitHub uses; use the .pem file that GitHub gave you")
)

// variable documents one.
type variable struct {
	name, fallback, doc string
	secret              bool
}

// variables are all that a process reads, in the order in which people read
// about them.
func variables() []variable {
	return []variable{
		{name: variableAppID, doc: "The GitHub App's number, \"App ID\" on its settings page."},
		{name: variablePrivateKey, secret: true, doc: "The App's private key: the content of the `.pem` file, with line breaks as they are or as `\\n`, or all of it in base64."},
		{name: variableWebhook, secret: true, doc: "The secret that GitHub signs deliveries with. Several with commas between, while one takes the place of another."},
		{name: variableAPIURL, fallback: defaultAPIURL, doc: "GitHub's REST API: `https://HOST/api/v3` for GitHub Enterprise Server, `https://api.TENANT.ghe.com` for GHE.com. Plain `http` is for this machine only."},
		{name: variableListen, fallback: "127.0.0.1:8080", doc: "Where webhooks arrive. In the container image the default is `:8080`."},
		{name: variableAdmin, fallback: "127.0.0.1:8081", doc: "Where health is. Not for the internet."},
		{name: variableDatabase, fallback: "sqlite:STATE_DIR/" + databaseName, secret: true, doc: "`sqlite:PATH` for one machine, `postgres://…` for many."},
		{name: variableStateDir, fallback: "$XDG_STATE_HOME/" + stateName + " or ~/.local/state/" + stateName, doc: "The directory for the database, and for a file `github-app.env` that has the first three variables where they are not set elsewhere. On Windows `%LOCALAPPDATA%\\" + stateName + "`."},
		{name: variableWorkers, fallback: fmt.Sprintf("twice the processors, at most %d", defaultWorkers), doc: fmt.Sprintf("How many jobs run at once, from 1 to %d.", maxWorkers)},
		{name: variableLogLevel, fallback: "info", doc: "`debug`, `info`, `warn` or `error`."},
		{name: variableLogFormat, fallback: string(LogJSON), doc: "`json` or `text`."},
	}
}

// app reads the App's credentials, which are all there or all missing.
func (r *processReader) app(stateDir string) App {
	if !r.mentionsApp() && stateDir != "" {
		// The file's are taken whole or not at all: half of one App and half of
		// another would be refused by GitHub in ways hard to read.
		r.addFile(CredentialsFile(stateDir))
	}
	if !r.mentionsApp() {
		return App{}
	}
	key, keySet := r.secret(variablePrivateKey)
	secrets, secretsSet := r.secret(variableWebhook)
	if !secretsSet {
		r.problem(variableWebhook, "is not set; give it the webhook secret from the GitHub App's settings page")
	}
	return App{
		ID:             r.appID(r.value(variableAppID)),
		PrivateKey:     r.privateKey(key, keySet),
		WebhookSecrets: r.webhookSecrets(secrets),
	}
}

// mentionsApp reports whether any of the App's credentials is set.
func (r *processReader) mentionsApp() bool {
	for _, name := range []string{variableAppID, variablePrivateKey, variableWebhook} {
		if r.value(name) != "" || name != variableAppID && r.value(name+"_FILE") != "" {
			return true
		}
	}
	return false
}

func (r *processReader) appID(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case text == "":
		r.problem(variableAppID, "is not set; give it the number named App ID on the GitHub App's settings page")
	case strings.HasPrefix(text, "Iv"):
		r.problem(variableAppID, "is the client ID; use the number named App ID on the GitHub App's settings page")
	case err != nil || n <= 0:
		r.problem(variableAppID, "is not a positive number; use the one named App ID on the GitHub App's settings page")
	}
	return n
}

func formatID(id int64) string { return strconv.FormatInt(id, 10) }

func (r *processReader) privateKey(text string, set bool) Secret {
	if !set {
		r.problem(variablePrivateKey, "is not set; give it the App's private key, or "+variablePrivateKey+"_FILE the path of the .pem file")
	}
	if text == "" {
		return Secret{}
	}
	key, err := privateKey(text)
	if err != nil {
		r.problem(variablePrivateKey, err.Error())
	}
	return NewSecret(key)
}

func (r *processReader) webhookSecrets(text string) []Secret {
	if text == "" {
		return nil
	}
	var out []Secret
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			// An empty secret is one that everybody knows.
			r.problem(variableWebhook, "has an empty part; remove the comma that is too many")
			return nil
		}
		out = append(out, NewSecret(part))
	}
	return out
}

func (r *processReader) apiURL() string {
	text := r.value(variableAPIURL)
	if text == "" {
		return defaultAPIURL
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		r.problem(variableAPIURL, "is not a URL such as "+defaultAPIURL)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		r.problem(variableAPIURL, "must not carry a user, a query or a fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		r.problem(variableAPIURL, "must begin with https://; plain http is for this machine only")
	case strings.EqualFold(u.Hostname(), "github.com") || strings.EqualFold(u.Hostname(), "www.github.com"):
		r.problem(variableAPIURL, "is the website; remove it, or use "+defaultAPIURL)
	}
	return strings.TrimRight(text, "/")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func (r *processReader) address(name, fallback string) string {
	text := r.value(name)
	if text == "" {
		return fallback
	}
	_, port, err := net.SplitHostPort(text)
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
		r.problem(name, "is not HOST:PORT; write it as 127.0.0.1:8080, or :8080 for all addresses")
	}
	return text
}

func (r *processReader) stateDir() string {
	if dir := r.value(variableStateDir); dir != "" {
		return dir
	}
	if dir := r.value("XDG_STATE_HOME"); filepath.IsAbs(dir) { // others are to be ignored, says its specification
		return filepath.Join(dir, stateName)
	}
	if dir := r.value("LOCALAPPDATA"); dir != "" && r.value("HOME") == "" {
		return filepath.Join(dir, stateName)
	}
	if dir := r.value("HOME"); dir != "" {
		return filepath.Join(dir, ".local", "state", stateName)
	}
	r.problem(variableStateDir, "is not set and there is no home directory; give it a directory to keep the database in")
	return ""
}

func (r *processReader) databaseURL(stateDir string) Secret {
	text, set := r.secret(variableDatabase)
	if !set {
		return NewSecret("sqlite:" + filepath.Join(stateDir, databaseName))
	}
	scheme, rest, _ := strings.Cut(text, ":")
	switch scheme {
	case "sqlite":
		if rest == "" {
			r.problem(variableDatabase, "has no path; write it as sqlite:PATH")
		}
	case "postgres", "postgresql":
		if u, err := url.Parse(text); err != nil || u.Host == "" && u.Query().Get("host") == "" {
			r.problem(variableDatabase, "is not a URL such as postgres://USER:PASSWORD@HOST/DATABASE") // without its text: it can hold a password
		}
	default:
		if text != "" {
			r.problem(variableDatabase, "must begin with sqlite: or postgres://")
		}
	}
	return NewSecret(text)
}

func (r *processReader) workers() int {
	text := r.value(variableWorkers)
	if text == "" {
		return min(max(2*r.env.Cores, 2), defaultWorkers)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxWorkers {
		r.problem(variableWorkers, fmt.Sprintf("is not a number from 1 to %d", maxWorkers))
	}
	return n
}

func (r *processReader) logLevel() slog.Level {
	switch strings.ToLower(r.value(variableLogLevel)) {
	case "", "info":
		return slog.LevelInfo
	case "debug":
		return slog.LevelDebug
	case "warn", "warning":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	r.problem(variableLogLevel, "is not one of debug, info, warn and error")
	return slog.LevelInfo
}

func (r *processReader) logFormat() LogFormat {
	switch f := LogFormat(strings.ToLower(r.value(variableLogFormat))); f {
	case "":
		return LogJSON
	case LogText, LogJSON:
		return f
	}
	r.problem(variableLogFormat, "is not one of text and json")
	return LogJSON
}
