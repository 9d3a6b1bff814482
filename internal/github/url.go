package github

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// DefaultAPIURL is the API of github.com.
const DefaultAPIURL = "https://api.github.com"

// enterprisePath is where GitHub Enterprise Server has its REST API; its
// GraphQL API is beside it at /api/graphql. See
// https://docs.github.com/enterprise-server/rest/quickstart
const enterprisePath = "/api/v3"

// parseAPIURL makes the base URL that requests are resolved against, with the
// trailing slash that resolution needs. go-github's WithEnterpriseURLs is not
// used because it guesses from the host's name and mangles some.
func parseAPIURL(raw string) (*url.URL, error) {
	if raw == "" {
		raw = DefaultAPIURL
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" {
		return nil, fmt.Errorf("GitHub API URL is not an absolute URL such as %s", DefaultAPIURL)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return nil, fmt.Errorf("GitHub API URL for %s must not carry a user, a query or a fragment", u.Host)
	}
	host, local := strings.ToLower(u.Hostname()), isLoopback(u.Hostname())
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && local:
	default:
		return nil, fmt.Errorf("GitHub API URL for %s must use https; plain http is only for the machine itself", u.Host)
	}
	path, err := apiPath(host, strings.TrimRight(u.Path, "/"), local)
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		port = ""
	}
	return &url.URL{Scheme: u.Scheme, Host: joinHostPort(host, port), Path: path + "/"}, nil
}

func apiPath(host, path string, local bool) (string, error) {
	switch {
	case host == "github.com" || host == "www.github.com":
		return "", fmt.Errorf("GitHub API URL names the website; the API of github.com is %s", DefaultAPIURL)
	case strings.HasSuffix(host, ".ghe.com") && !strings.HasPrefix(host, "api."):
		return "", fmt.Errorf("GitHub API URL names the website; the API of %s is https://api.%s", host, host)
	case host == "api.github.com" || strings.HasSuffix(host, ".ghe.com"):
		if path != "" {
			return "", fmt.Errorf("GitHub API URL for %s must not have a path", host)
		}
	case local && path == "":
	case path != enterprisePath:
		return "", fmt.Errorf("GitHub API URL for %s must end in %s, as in https://%s%s", host, enterprisePath, host, enterprisePath)
	}
	return path, nil
}

// webURL is the website that belongs to an API, without a trailing slash.
func webURL(api *url.URL) string {
	host := api.Host
	if api.Path == "/" {
		host = strings.TrimPrefix(host, "api.")
	}
	return api.Scheme + "://" + host
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func joinHostPort(host, port string) string {
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
