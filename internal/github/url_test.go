package github

import (
	"strings"
	"testing"
)

func TestParseAPIURL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want, web string }{
		{"", "https://api.github.com/", "https://github.com"},
		{"https://api.github.com", "https://api.github.com/", "https://github.com"},
		{"https://API.GitHub.com:443/", "https://api.github.com/", "https://github.com"},
		{"https://ghes.example.com/api/v3", "https://ghes.example.com/api/v3/", "https://ghes.example.com"},
		{"https://ghes.example.com/api/v3/", "https://ghes.example.com/api/v3/", "https://ghes.example.com"},
		{"https://ghes.example.com:8443/api/v3", "https://ghes.example.com:8443/api/v3/", "https://ghes.example.com:8443"},
		{"https://api.example.com/api/v3", "https://api.example.com/api/v3/", "https://api.example.com"},
		{"https://api.octo.ghe.com", "https://api.octo.ghe.com/", "https://octo.ghe.com"},
		{"http://127.0.0.1:4000", "http://127.0.0.1:4000/", "http://127.0.0.1:4000"},
		{"http://localhost:4000/api/v3", "http://localhost:4000/api/v3/", "http://localhost:4000"},
		{"http://[::1]:4000", "http://[::1]:4000/", "http://[::1]:4000"},
		{"http://[::1]", "http://[::1]/", "http://[::1]"},
	} {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := parseAPIURL(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if web := webURL(got); web != tt.web {
				t.Errorf("website %s, want %s", web, tt.web)
			}
		})
	}
}

func TestParseAPIURLRefuses(t *testing.T) {
	t.Parallel()
	for in, says := range map[string]string{
		"api.github.com":                     "absolute",
		"https://":                           "absolute",
		"https://:443/api/v3":                "absolute",
		"mailto:a@b":                         "absolute",
		"%zz":                                "absolute",
		"ftp://api.github.com":               "https",
		"http://api.github.com":              "https",
		"http://10.0.0.1/api/v3":             "https",
		"http://localhost.example.com":       "https",
		"https://github.com":                 "website",
		"https://octo.ghe.com":               "https://api.octo.ghe.com",
		"https://api.github.com/api/v3":      "path",
		"https://ghes.example.com":           "/api/v3",
		"https://ghes.example.com/api/v4":    "/api/v3",
		"https://u:p@ghes.example.com":       "user",
		"https://api.github.com?x=1":         "query",
		"https://api.github.com/#x":          "fragment",
		"https://api.github.com.example.com": "/api/v3",
	} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			got, err := parseAPIURL(in)
			if err == nil {
				t.Fatalf("accepted as %s", got)
			}
			if !strings.Contains(err.Error(), says) {
				t.Errorf("error %q does not say %q", err, says)
			}
			if strings.Contains(err.Error(), "u:p") {
				t.Errorf("error %q has the credentials in it", err)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"no app":     {PrivateKey: testPEM()},
		"no key":     {AppID: 1},
		"not a key":  {AppID: 1, PrivateKey: []byte("s3cret")},
		"broken key": {AppID: 1, PrivateKey: testPEM()[:200]},
		"bad url":    {AppID: 1, PrivateKey: testPEM(), APIURL: "http://example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(o)
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("not one clean sentence: %q", err)
			}
		})
	}
}
