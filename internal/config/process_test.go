package config

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testKey is an RSA key, made once because that takes a while.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func testPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(testKey())}))
}

// environment is one with variables and files, and a home at /home/u.
func environment(variables, files map[string]string) Environment {
	return Environment{
		Lookup: func(name string) (string, bool) {
			if v, ok := variables[name]; ok {
				return v, true
			}
			return "/home/u", name == "HOME"
		},
		ReadFile: func(path string) ([]byte, error) {
			path = filepath.ToSlash(path)
			if text, ok := files[path]; ok && text != "unreadable" {
				return []byte(text), nil
			} else if ok {
				return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOENT}
		},
		Cores: 4,
	}
}

func TestFromEnvironmentDefaults(t *testing.T) {
	t.Parallel()
	p, err := FromEnvironment(environment(map[string]string{"GITHUB_APP_ID": " "}, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := Process{
		APIURL: "https://api.github.com", ListenAddr: "127.0.0.1:8080", AdminAddr: "127.0.0.1:8081",
		DatabaseURL: NewSecret("sqlite:" + filepath.FromSlash("/home/u/.local/state/onboard-defender/onboard-defender.db")),
		StateDir:    filepath.FromSlash("/home/u/.local/state/onboard-defender"), Workers: 8, LogFormat: LogJSON,
	}
	if diff := cmp.Diff(want, p); diff != "" || p.Configured() {
		t.Error(diff)
	}
}

func TestFromEnvironmentComplete(t *testing.T) {
	t.Parallel()
	p, err := FromEnvironment(environment(map[string]string{
		"GITHUB_APP_ID": "42", "GITHUB_PRIVATE_KEY": testPEM(), "GITHUB_WEBHOOK_SECRET": "new, old",
		"GITHUB_API_URL": "https://github.example.com/api/v3/", "LISTEN_ADDR": ":80", "ADMIN_ADDR": "[::1]:0",
		"DATABASE_URL": "postgres://bot:hunter2@db/onboard", "STATE_DIR": "/var/lib/bot", "WORKERS": "3", "LOG_LEVEL": "DEBUG", "LOG_FORMAT": "text",
	}, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := Process{
		App:    App{ID: 42, PrivateKey: NewSecret(testPEM()), WebhookSecrets: []Secret{NewSecret("new"), NewSecret("old")}},
		APIURL: "https://github.example.com/api/v3", ListenAddr: ":80", AdminAddr: "[::1]:0",
		DatabaseURL: NewSecret("postgres://bot:hunter2@db/onboard"), StateDir: "/var/lib/bot", Workers: 3, LogLevel: slog.LevelDebug, LogFormat: LogText,
	}
	if diff := cmp.Diff(want, p); diff != "" || !p.Configured() {
		t.Error(diff)
	}
}

func TestFromEnvironmentLayers(t *testing.T) {
	t.Parallel()
	key := testPEM()
	state := "/home/u/.local/state/onboard-defender/github-app.env"
	saved := string(App{ID: 7, PrivateKey: NewSecret(key), WebhookSecrets: []Secret{NewSecret(`s"'\ #`), NewSecret("t")}}.File())
	for _, tc := range []struct {
		name             string
		variables, files map[string]string
		id               int64
		secret           string
		level            slog.Level
	}{
		{"file in the state directory", nil, map[string]string{state: saved}, 7, `s"'\ #`, slog.LevelInfo},
		{".env", nil, map[string]string{".env": "export GITHUB_APP_ID=8\nGITHUB_WEBHOOK_SECRET='x' # note\nLOG_LEVEL=warn\nGITHUB_PRIVATE_KEY=\"" + key + "\"\n", state: saved}, 8, "x", slog.LevelWarn},
		{
			"environment before .env",
			map[string]string{"GITHUB_APP_ID": "9", "LOG_LEVEL": "error", "GITHUB_WEBHOOK_SECRET_FILE": "/run/w"},
			map[string]string{".env": "GITHUB_APP_ID=8\nGITHUB_WEBHOOK_SECRET=x\nLOG_LEVEL=warn\nGITHUB_PRIVATE_KEY_FILE=/run/key\n", "/run/w": "y\r\n", "/run/key": key},
			9, "y", slog.LevelError,
		},
		{"state directory of .env", nil, map[string]string{".env": "STATE_DIR=/s\n", "/s/github-app.env": saved}, 7, `s"'\ #`, slog.LevelInfo},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, err := FromEnvironment(environment(tc.variables, tc.files))
			if err != nil {
				t.Fatal(err)
			}
			if p.App.ID != tc.id || p.App.PrivateKey.Reveal() != key || p.App.WebhookSecrets[0].Reveal() != tc.secret || p.LogLevel != tc.level {
				t.Errorf("%+v, %q, %q", p, p.App.WebhookSecrets[0].Reveal(), p.App.PrivateKey.Reveal())
			}
		})
	}
}

func TestStateDir(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		variables map[string]string
		want      string
	}{
		{map[string]string{"STATE_DIR": "s", "XDG_STATE_HOME": "/x"}, "s"},
		{map[string]string{"XDG_STATE_HOME": "/x"}, "/x/onboard-defender"},
		{map[string]string{"XDG_STATE_HOME": "x"}, "/home/u/.local/state/onboard-defender"},
		{map[string]string{"HOME": "", "LOCALAPPDATA": "/l"}, "/l/onboard-defender"},
		{map[string]string{"LOCALAPPDATA": "/l"}, "/home/u/.local/state/onboard-defender"},
	} {
		p, err := FromEnvironment(environment(tc.variables, nil))
		if err != nil || filepath.ToSlash(p.StateDir) != tc.want {
			t.Errorf("%v: %q, %v; want %q", tc.variables, p.StateDir, err, tc.want)
		}
	}
}

func TestFromEnvironmentErrors(t *testing.T) {
	t.Parallel()
	app := func(over map[string]string) map[string]string {
		out := map[string]string{"GITHUB_APP_ID": "42", "GITHUB_PRIVATE_KEY": testPEM(), "GITHUB_WEBHOOK_SECRET": "hunter2"}
		maps.Copy(out, over)
		return out
	}
	one := func(name, value string) map[string]string { return map[string]string{name: value} }
	const notURL = "GITHUB_API_URL is not a URL such as https://api.github.com"
	const notAddress = "LISTEN_ADDR is not HOST:PORT; write it as 127.0.0.1:8080, or :8080 for all addresses"
	for _, tc := range []struct {
		name             string
		variables, files map[string]string
		want             string
	}{
		{
			"half an App", one("GITHUB_APP_ID", "42"), nil,
			"GITHUB_PRIVATE_KEY is not set; give it the App's private key, or GITHUB_PRIVATE_KEY_FILE the path of the .pem file\n" +
				"GITHUB_WEBHOOK_SECRET is not set; give it the webhook secret from the GitHub App's settings page",
		},
		{"no id", app(one("GITHUB_APP_ID", "")), nil, "GITHUB_APP_ID is not set; give it the number named App ID on the GitHub App's settings page"},
		{"client id", app(one("GITHUB_APP_ID", "Iv1.abc")), nil, "GITHUB_APP_ID is the client ID; use the number named App ID on the GitHub App's settings page"},
		{"odd id", app(one("GITHUB_APP_ID", "0")), nil, "GITHUB_APP_ID is not a positive number; use the one named App ID on the GitHub App's settings page"},
		{"no webhook secret", app(one("GITHUB_WEBHOOK_SECRET", " ")), nil, "GITHUB_WEBHOOK_SECRET is not set; give it the webhook secret from the GitHub App's settings page"},
		{"empty part", app(one("GITHUB_WEBHOOK_SECRET", "hunter2,")), nil, "GITHUB_WEBHOOK_SECRET has an empty part; remove the comma that is too many"},
		{"no key", app(one("GITHUB_PRIVATE_KEY", "hunter2")), nil, "GITHUB_PRIVATE_KEY is not a private key in PEM form; use the .pem file that GitHub gave you, or its content in base64"},
		{"key twice", app(one("GITHUB_PRIVATE_KEY_FILE", "/k")), nil, "GITHUB_PRIVATE_KEY and GITHUB_PRIVATE_KEY_FILE are both set; keep one of them"},
		{"no file", app(map[string]string{"GITHUB_PRIVATE_KEY": "", "GITHUB_PRIVATE_KEY_FILE": "/k"}), nil, "GITHUB_PRIVATE_KEY_FILE names a file that cannot be read: no such file or directory"},
		{"empty file", app(map[string]string{"GITHUB_WEBHOOK_SECRET": "", "GITHUB_WEBHOOK_SECRET_FILE": "/k"}), one("/k", "\n"), "GITHUB_WEBHOOK_SECRET_FILE names a file that is empty; put the secret into it"},
		{"large file", app(map[string]string{"GITHUB_WEBHOOK_SECRET": "", "GITHUB_WEBHOOK_SECRET_FILE": "/k"}), one("/k", strings.Repeat("x", maxEnvFile+1)), "GITHUB_WEBHOOK_SECRET_FILE names a file that cannot be read: it is too large"},
		{"no URL", one("GITHUB_API_URL", "github"), nil, notURL},
		{"no host", one("GITHUB_API_URL", "https:///api"), nil, notURL},
		{"bad URL", one("GITHUB_API_URL", "https://h\x00"), nil, notURL},
		{"user in URL", one("GITHUB_API_URL", "https://u:hunter2@h/api/v3"), nil, "GITHUB_API_URL must not carry a user, a query or a fragment"},
		{"http", one("GITHUB_API_URL", "http://github.example.com/api/v3"), nil, "GITHUB_API_URL must begin with https://; plain http is for this machine only"},
		{"other scheme", one("GITHUB_API_URL", "ftp://localhost"), nil, "GITHUB_API_URL must begin with https://; plain http is for this machine only"},
		{"website", one("GITHUB_API_URL", "https://GitHub.com"), nil, "GITHUB_API_URL is the website; remove it, or use https://api.github.com"},
		{"no port", one("LISTEN_ADDR", "127.0.0.1"), nil, notAddress},
		{"only a port", one("LISTEN_ADDR", "8080"), nil, notAddress},
		{"large port", one("LISTEN_ADDR", ":65536"), nil, notAddress},
		{"same address", map[string]string{"LISTEN_ADDR": ":1", "ADMIN_ADDR": ":1"}, nil, "ADMIN_ADDR is the same address as LISTEN_ADDR; give it another port"},
		{"database", one("DATABASE_URL", "mysql://u:hunter2@h"), nil, "DATABASE_URL must begin with sqlite: or postgres://"},
		{"no database path", one("DATABASE_URL", "sqlite:"), nil, "DATABASE_URL has no path; write it as sqlite:PATH"},
		{"no database host", one("DATABASE_URL", "postgres:hunter2"), nil, "DATABASE_URL is not a URL such as postgres://USER:PASSWORD@HOST/DATABASE"},
		{"bad database URL", one("DATABASE_URL", "postgres://u:hunter2 @h:x"), nil, "DATABASE_URL is not a URL such as postgres://USER:PASSWORD@HOST/DATABASE"},
		{"no home", one("HOME", ""), nil, "STATE_DIR is not set and there is no home directory; give it a directory to keep the database in"},
		{"workers", one("WORKERS", "0"), nil, "WORKERS is not a number from 1 to 256"},
		{"log", map[string]string{"LOG_LEVEL": "loud", "LOG_FORMAT": "xml"}, nil, "LOG_FORMAT is not one of text and json\nLOG_LEVEL is not one of debug, info, warn and error"},
		{".env", nil, one(".env", "A=1\n\nB\n"), ".env is not a file of variables: line 3 is not NAME=VALUE"},
		{"unreadable .env", nil, one(".env", "unreadable"), ".env cannot be read: permission denied"},
		{"half a file in the state directory", one("STATE_DIR", "/s"), one("/s/github-app.env", "GITHUB_APP_ID=1\nGITHUB_WEBHOOK_SECRET=x"), "GITHUB_PRIVATE_KEY is not set; give it the App's private key, or GITHUB_PRIVATE_KEY_FILE the path of the .pem file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, err := FromEnvironment(environment(tc.variables, tc.files))
			if err == nil {
				t.Fatalf("no error, but %+v", p)
			}
			if diff := cmp.Diff(tc.want, err.Error()); diff != "" || strings.Contains(err.Error(), "hunter2") {
				t.Error(diff)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, u := range []string{"http://localhost:1", "http://127.0.0.9/", "http://[::1]:80", "https://api.octo.ghe.com"} {
		p, err := FromEnvironment(environment(map[string]string{"GITHUB_API_URL": u, "LISTEN_ADDR": ":0", "ADMIN_ADDR": ":0"}, nil))
		if err != nil || p.APIURL != strings.TrimSuffix(u, "/") {
			t.Errorf("%s: %q, %v", u, p.APIURL, err)
		}
	}
	for cores, want := range map[int]int{0: 2, 1: 2, 4: 8, 64: 16} {
		e := environment(nil, nil)
		e.Cores = cores
		if p, err := FromEnvironment(e); err != nil || p.Workers != want {
			t.Errorf("%d cores: %d workers, %v", cores, p.Workers, err)
		}
	}
}

func TestPrivateKey(t *testing.T) {
	t.Parallel()
	key := testPEM()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(testKey())
	if err != nil {
		t.Fatal(err)
	}
	modern := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	coded := base64.StdEncoding.EncodeToString([]byte(key))
	for name, c := range map[string][2]string{
		"PEM":              {key, key},
		"space around":     {"\n " + key + "\n", key},
		"PKCS #8":          {modern, modern},
		"CRLF":             {strings.ReplaceAll(key, "\n", "\r\n"), key},
		`\n`:               {strings.ReplaceAll(key, "\n", `\n`), key},
		`\r\n`:             {strings.ReplaceAll(key, "\n", `\r\n`), key},
		"quotes":           {`"` + strings.ReplaceAll(key, "\n", `\n`) + `"`, key},
		"base64":           {coded, key},
		"base64 in lines":  {coded[:76] + "\n" + coded[76:] + "\n", key},
		"base64 for URLs":  {base64.RawURLEncoding.EncodeToString([]byte(key)), key},
		"base64 unpadded":  {strings.TrimRight(coded, "="), key},
		"base64 with CRLF": {base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(key, "\n", "\r\n"))), key},
	} {
		if got, err := privateKey(c[0]); err != nil || got != c[1] {
			t.Errorf("%s: %v", name, err)
		}
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curveKey, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, content []byte, headers map[string]string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content, Headers: headers}))
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":        {"", errNotPEM},
		"text":         {"hunter2", errNotPEM},
		"base64":       {base64.StdEncoding.EncodeToString([]byte("hunter2")), errNotPEM},
		"half":         {key[:200], errNotPEM},
		"garbage":      {block("RSA PRIVATE KEY", []byte("hunter2"), nil), errNotPEM},
		"public":       {block("PUBLIC KEY", x509.MarshalPKCS1PublicKey(&testKey().PublicKey), nil), errPublicKey},
		"certificate":  {block("CERTIFICATE", []byte("x"), nil), errPublicKey},
		"encrypted":    {block("ENCRYPTED PRIVATE KEY", []byte("x"), nil), errEncryptedKey},
		"passphrase":   {block("RSA PRIVATE KEY", []byte("x"), map[string]string{"DEK-Info": "AES"}), errEncryptedKey},
		"two keys":     {key + key, errTwoKeys},
		"other system": {block("PRIVATE KEY", curveKey, nil), errNotRSA},
	} {
		got, err := privateKey(c.text)
		if !errors.Is(err, c.want) || got != "" {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestParseEnv(t *testing.T) {
	t.Parallel()
	got, err := parseEnv("\ufeff# a comment\r\n\r\n  A=1\r\nexport B = two words # and a comment\nC='$A # \\n'\nD=\"x\\ny\\t\\\"\\\\\\$\\q\" # c\nE=\n" +
		"F=a#b\nG='over\nlines'\nH=\"\n\n\"\nA=2\nI=a=b\nJ=#c\nK=\"\"\n_l1=x")
	want := map[string]string{
		"A": "2", "B": "two words", "C": `$A # \n`, "D": "x\ny\t\"\\$\\q", "E": "", "F": "a#b", "G": "over\nlines", "H": "\n\n", "I": "a=b", "J": "", "K": "", "_l1": "x",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for text, want := range map[string]string{
		"A":                    "line 1 is not NAME=VALUE",
		"A=1\n# x\n1B=2":       "line 3 is not NAME=VALUE",
		"A='x\ny'\nB C=2":      "line 3 is not NAME=VALUE",
		"=x":                   "line 1 is not NAME=VALUE",
		"A=1\nB='x":            "line 2: a quote is not closed",
		"A=\"x\\\"":            "line 1: a quote is not closed",
		"A=1\nB='x' y\n":       "line 2: something follows the closing quote",
		"<html>\n<a href='x'>": "line 1 is not NAME=VALUE",
	} {
		if _, err := parseEnv(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzParseEnv(f *testing.F) {
	f.Add("A=1\nexport B='x\ny' # z\nC=\"\\n\"", "v\n\"\\\t")
	f.Fuzz(func(t *testing.T, text, value string) {
		values, err := parseEnv(text)
		if (values == nil) != (err != nil) {
			t.Error(values, err)
		}
		value = strings.ReplaceAll(value, "\r\n", "\n") // a file's own line breaks
		again, err := parseEnv(string(formatEnv(map[string]string{"A": value, "B": "x"})))
		if err != nil || again["A"] != value || again["B"] != "x" {
			t.Errorf("%q came back as %q, %v", value, again["A"], err)
		}
	})
}

func TestSecret(t *testing.T) {
	t.Parallel()
	type inner struct{ hidden, Seen Secret }
	s := NewSecret("hunter2")
	holder := inner{s, s}
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%10s", "%T"} {
		for _, v := range []any{s, &s, []Secret{s}, map[string]Secret{"a": s}, holder, &holder, Process{App: App{PrivateKey: s, WebhookSecrets: []Secret{s}}, DatabaseURL: s}} {
			fmt.Fprintf(&b, verb+"\n", v)
		}
	}
	if err := json.NewEncoder(&b).Encode([]any{s, holder, App{PrivateKey: s}}); err != nil {
		t.Fatal(err)
	}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&b, nil), slog.NewTextHandler(&b, nil)} {
		slog.New(h).LogAttrs(t.Context(), slog.LevelInfo, "m", slog.Any("s", s), slog.Any("h", holder), slog.Any("p", &Process{DatabaseURL: s}))
	}
	for _, leak := range []string{"hunter2", "68756e7465723", "68756E7465723", "104 117"} {
		if strings.Contains(b.String(), leak) {
			t.Errorf("%s is in %s", leak, b.String())
		}
	}
	if !strings.Contains(b.String(), redacted) {
		t.Error("nothing says that something was left out")
	}
	if got := fmt.Sprintf("%v|%s|%#v|%v", s, s, s, NewSecret("")); got != `[redacted]|[redacted]|config.Secret("[redacted]")|` {
		t.Error(got)
	}
	if s.Reveal() != "hunter2" || (Secret{}).Reveal() != "" {
		t.Error("the text is not kept")
	}
	if !s.Equal(NewSecret("hunter2")) || s.Equal(NewSecret("hunter3")) || s.Equal(Secret{}) || !NewSecret("").Equal(Secret{}) {
		t.Error("Equal")
	}
}

func TestSystem(t *testing.T) {
	t.Parallel()
	e := System()
	if _, ok := e.Lookup("A_VARIABLE_THAT_NOBODY_SETS"); ok || e.Cores < 1 {
		t.Errorf("%+v", e)
	}
	if _, err := e.ReadFile(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("read a file that is not there")
	}
}
