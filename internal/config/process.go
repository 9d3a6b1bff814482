package config

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Environment is where process settings come from.
type Environment struct {
	// Lookup finds a variable, as os.LookupEnv does.
	Lookup func(name string) (string, bool)
	// ReadFile reads a file, as os.ReadFile does. It is asked for .env in the
	// working directory, for the files that variables name, and for the
	// credentials in the state directory.
	ReadFile func(path string) ([]byte, error)
	// Cores is the number of processors, at least 1.
	Cores int
}

// System is the environment of this process.
func System() Environment {
	return Environment{Lookup: os.LookupEnv, ReadFile: os.ReadFile, Cores: runtime.GOMAXPROCS(0)}
}

// LogFormat is how log lines are written.
type LogFormat string

// The log formats.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Role is which half of the App a process is. Halves apart share a PostgreSQL
// database.
type Role string

// The roles. [RoleAll] is the same as the zero Role.
const (
	RoleAll    Role = "all"
	RoleWeb    Role = "web"    // takes deliveries in
	RoleWorker Role = "worker" // works on them
)

// App is the GitHub App's credentials. The zero App is none.
type App struct {
	ID int64
	// PrivateKey is an RSA key in PEM form.
	PrivateKey Secret
	// WebhookSecrets are the secrets that a delivery may be signed with: one,
	// or more while one takes the place of another. None is empty.
	WebhookSecrets []Secret
}

// Process is the settings of a process. It can be printed and logged: its
// secrets stay unseen.
type Process struct {
	App App
	// APIURL is GitHub's REST API, without a trailing slash.
	APIURL string
	// ListenAddr is where webhooks arrive, AdminAddr where health is: HOST:PORT,
	// of which HOST may be empty.
	ListenAddr, AdminAddr string
	// DatabaseURL is sqlite:PATH or postgres://…; it can hold a password.
	DatabaseURL Secret
	// Role is which half of the App the process is. It is said on the command
	// line, not in the environment; the zero Role is both halves.
	Role Role
	// StateDir is the directory for what the process keeps. It need not exist.
	StateDir string
	// Workers is how many jobs run at once.
	Workers   int
	LogLevel  slog.Level
	LogFormat LogFormat
}

// Configured reports whether there is a GitHub App to be. Without one there is
// nothing to serve.
func (p Process) Configured() bool { return p.App.ID != 0 }

// CredentialsFile is the file in a state directory that [FromEnvironment]
// takes the App's credentials from when the environment has none of them. Its
// content is that of [App.File]; only its owner should be able to read it.
func CredentialsFile(stateDir string) string { return filepath.Join(stateDir, "github-app.env") }

// File is the content of a [CredentialsFile]. It holds the secrets.
func (a App) File() []byte {
	secrets := make([]string, len(a.WebhookSecrets))
	for i, s := range a.WebhookSecrets {
		secrets[i] = s.Reveal()
	}
	return formatEnv(map[string]string{
		variableAppID:      formatID(a.ID),
		variablePrivateKey: a.PrivateKey.Reveal(),
		variableWebhook:    strings.Join(secrets, ","),
	})
}

// FromEnvironment reads the settings of a process. A variable that is empty
// counts as not set. What is not in the environment is looked for in the file
// .env, and the App's credentials, when neither has any of them, in the state
// directory's [CredentialsFile]. The error names each variable that is wrong
// and says what to do, one to a line, sorted; it holds no secret. An App of
// which something is missing is such an error, an App of which nothing is set
// is not; see [Process.Configured].
func FromEnvironment(e Environment) (Process, error) {
	r := &processReader{env: e, layers: []func(string) (string, bool){e.Lookup}}
	r.addFile(".env")
	p := Process{
		APIURL:     r.apiURL(),
		ListenAddr: r.address(variableListen, "127.0.0.1:8080"),
		AdminAddr:  r.address(variableAdmin, "127.0.0.1:8081"),
		StateDir:   r.stateDir(),
		Workers:    r.workers(),
		LogLevel:   r.logLevel(),
		LogFormat:  r.logFormat(),
	}
	if p.ListenAddr != "" && p.ListenAddr == p.AdminAddr && !strings.HasSuffix(p.ListenAddr, ":0") {
		r.problem(variableAdmin, "is the same address as "+variableListen+"; give it another port")
	}
	p.DatabaseURL = r.databaseURL(p.StateDir)
	p.App = r.app(p.StateDir)
	if len(r.problems) > 0 {
		slices.Sort(r.problems)
		return Process{}, variableErrors(slices.Compact(r.problems))
	}
	return p, nil
}

// variableErrors are what is wrong with the environment, sorted.
type variableErrors []string

func (e variableErrors) Error() string { return strings.Join(e, "\n") }

// processReader reads variables and collects what is wrong with them.
type processReader struct {
	env      Environment
	layers   []func(name string) (string, bool) // where variables are set; the first wins
	problems []string
}

func (r *processReader) problem(name, text string) {
	r.problems = append(r.problems, name+" "+text)
}

// addFile adds a file of variables, if there is one.
func (r *processReader) addFile(path string) {
	content, err := r.readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		r.problem(path, "cannot be read: "+err.Error())
		return
	}
	values, err := parseEnv(string(content))
	if err != nil {
		r.problem(path, "is not a file of variables: "+err.Error())
		return
	}
	r.layers = append(r.layers, func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	})
}

func (r *processReader) readFile(path string) ([]byte, error) {
	content, err := r.env.ReadFile(path)
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return nil, path.Err // the caller names the file
	}
	if err == nil && len(content) > maxEnvFile {
		return nil, errFileTooLarge
	}
	return content, err
}

// value is a variable that is no secret; "" where it is not set.
func (r *processReader) value(name string) string {
	for _, lookup := range r.layers {
		if v := trimmed(lookup, name); v != "" {
			return v
		}
	}
	return ""
}

// secret is a variable, or the content of the file that NAME_FILE names,
// without the space around it. set is true where either is there, even if it
// cannot be read.
func (r *processReader) secret(name string) (text string, set bool) {
	for _, lookup := range r.layers {
		direct, file := trimmed(lookup, name), trimmed(lookup, name+"_FILE")
		switch {
		case direct == "" && file == "":
			continue
		case direct != "" && file != "":
			r.problem(name, "and "+name+"_FILE are both set; keep one of them")
			return "", true
		case direct != "":
			return direct, true
		}
		content, err := r.readFile(file)
		if err != nil {
			r.problem(name+"_FILE", "names a file that cannot be read: "+err.Error())
			return "", true
		}
		text = strings.TrimSpace(string(content))
		if text == "" {
			r.problem(name+"_FILE", "names a file that is empty; put the secret into it")
		}
		return text, true
	}
	return "", false
}

func trimmed(lookup func(string) (string, bool), name string) string {
	if v, ok := lookup(name); ok {
		return strings.TrimSpace(v)
	}
	return ""
}
