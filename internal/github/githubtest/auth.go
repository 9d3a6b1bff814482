package githubtest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Permissions are what an App may do, by resource: "read", "write" or "admin".
type Permissions map[string]string

// rank orders levels; what is not a level is not granted.
func rank(level string) int {
	return max(0, slices.Index([]string{"", "read", "write", "admin"}, level))
}

// allows reports whether a need such as "checks:write" is granted.
func (p Permissions) allows(need string) bool {
	name, level, _ := strings.Cut(need, ":")
	if name == "metadata" && level == "read" {
		return true // every App has it
	}
	return rank(p[name]) >= rank(level)
}

// token is an installation token that was handed out.
type token struct {
	installation *installation
	permissions  Permissions
	repositories map[int64]bool // nil means all of the installation's
	issued       time.Time
	expires      time.Time
}

// principal is who a request comes from: an App by its key, or one of its
// installations by a token.
type principal struct {
	app          *app
	installation *installation
	token        *token
}

func (s *Server) authenticate(r *http.Request) (*principal, error) {
	scheme, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case credential == "":
		return nil, nil //nolint:nilnil // nobody in particular: some routes need no one
	case !strings.EqualFold(scheme, "bearer") && !strings.EqualFold(scheme, "token"):
		return nil, refuse(http.StatusUnauthorized, "Bad credentials")
	case strings.HasPrefix(credential, "ghs_"):
		return s.authenticateToken(credential)
	default:
		return s.authenticateJWT(credential)
	}
}

func (s *Server) authenticateToken(credential string) (*principal, error) {
	t, ok := s.tokens[credential]
	if !ok {
		return nil, refuse(http.StatusUnauthorized, "Bad credentials")
	}
	now := s.now()
	if s.options.Limits.TokenExpiry.on() && !now.Before(t.expires) {
		return nil, refuse(http.StatusUnauthorized, "Bad credentials")
	}
	if now.Before(t.issued.Add(s.options.FreshTokenDelay)) {
		return nil, refuse(http.StatusUnauthorized, "Bad credentials")
	}
	switch {
	case t.installation.deleted:
		return nil, refuse(http.StatusUnauthorized, "Bad credentials")
	case t.installation.suspended:
		return nil, refuse(http.StatusForbidden, "This installation has been suspended")
	}
	return &principal{app: t.installation.app, installation: t.installation, token: t}, nil
}

type claims struct {
	Issued  *float64        `json:"iat"`
	Expires *float64        `json:"exp"`
	Issuer  json.RawMessage `json:"iss"`
}

// authenticateJWT follows
// https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app.
func (s *Server) authenticateJWT(credential string) (*principal, error) {
	undecodable := refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	parts := strings.Split(credential, ".")
	if len(parts) != 3 {
		return nil, undecodable
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	var said claims
	if decodePart(parts[0], &header) != nil || decodePart(parts[1], &said) != nil || header.Algorithm != "RS256" {
		return nil, undecodable
	}
	a := s.appByIssuer(said.Issuer)
	if a == nil {
		return nil, refuse(http.StatusNotFound, "Integration not found")
	}
	if !s.options.Limits.JWT.on() {
		return &principal{app: a}, nil
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, undecodable
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if a.PublicKey == nil || rsa.VerifyPKCS1v15(a.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return nil, undecodable
	}
	if err := s.checkClaims(said); err != nil {
		return nil, err
	}
	return &principal{app: a}, nil
}

func (s *Server) checkClaims(said claims) error {
	now := float64(s.now().Unix())
	switch {
	case said.Issued == nil || *said.Issued > now:
		return refuse(http.StatusUnauthorized, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	case said.Expires == nil || *said.Expires <= now:
		return refuse(http.StatusUnauthorized, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	case *said.Expires > now+jwtLife.Seconds():
		return refuse(http.StatusUnauthorized, "'Expiration time' claim ('exp') is too far in the future")
	}
	return nil
}

func decodePart(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// appByIssuer finds an App by its number, as a JSON number or string, or by
// its client identifier.
func (s *Server) appByIssuer(issuer json.RawMessage) *app {
	text := strings.Trim(string(issuer), `"`)
	for _, a := range s.apps {
		if text != "" && (text == strconv.FormatInt(a.ID, 10) || text == a.ClientID) {
			return a
		}
	}
	return nil
}

type tokenRequest struct {
	Repositories  []string    `json:"repositories"`
	RepositoryIDs []int64     `json:"repository_ids"`
	Permissions   Permissions `json:"permissions"`
}

func (c *call) createToken() (answer, error) {
	in, err := c.ownInstallation()
	if err != nil {
		return answer{}, err
	}
	var ask tokenRequest
	if err := c.decode(&ask); err != nil {
		return answer{}, err
	}
	t := &token{installation: in, permissions: maps.Clone(in.permissions), issued: c.server.now()}
	if err := narrow(t, ask, c.server); err != nil {
		return answer{}, err
	}
	t.expires = t.issued.Add(time.Duration(min(c.server.options.Limits.TokenExpiry.of(tokenLife), 1<<30)) * time.Second)
	secret := c.server.newToken(in)
	c.server.tokens[secret] = t
	body := doc{
		"token": secret, "expires_at": stamp(t.expires), "permissions": t.permissions,
		"repository_selection": in.selection(),
	}
	if t.repositories != nil {
		body["repository_selection"] = "selected"
		body["repositories"] = c.server.repositoryDocs(func(r *repository) bool { return t.repositories[r.id] })
	}
	return created(body), nil
}

func narrow(t *token, ask tokenRequest, s *Server) error {
	in := t.installation
	if ask.Permissions != nil {
		for name, level := range ask.Permissions {
			if rank(level) == 0 || !in.permissions.allows(name+":"+level) {
				return refuse(http.StatusUnprocessableEntity, "The permissions requested are not granted to this installation.")
			}
		}
		t.permissions = maps.Clone(ask.Permissions)
	}
	if ask.Repositories == nil && ask.RepositoryIDs == nil {
		return nil
	}
	t.repositories = map[int64]bool{}
	for _, r := range s.repositories {
		if in.covers(r) && (slices.Contains(ask.RepositoryIDs, r.id) || slices.Contains(ask.Repositories, r.name)) {
			t.repositories[r.id] = true
		}
	}
	if len(t.repositories) < len(ask.RepositoryIDs)+len(ask.Repositories) {
		return refuse(http.StatusUnprocessableEntity, "There is at least one repository that does not exist or is not accessible to the parent installation.")
	}
	return nil
}

// newToken makes a token of the form ghs_<app>_<something>, whose length
// varies as GitHub's does.
func (s *Server) newToken(in *installation) string {
	n := s.nextID()
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%d/%d", s.options.Seed, in.id, n))
	text := strings.Repeat(base64.RawURLEncoding.EncodeToString(sum[:]), 3)
	return fmt.Sprintf("ghs_%d_%s", in.app.ID, text[:40+int(sum[0])%80])
}

// reach says whether a request may see a repository, and with what rights.
// Like GitHub it hides private repositories that the token does not cover and
// shows public ones to everybody.
func (c *call) reach(r *repository, need string) error {
	limits := c.server.options.Limits
	t := c.who.token
	covered := t.installation.covers(r) && (t.repositories == nil || t.repositories[r.id])
	if !covered && limits.TokenRepositories.on() {
		switch {
		case r.private:
			return notFound()
		case strings.HasSuffix(need, ":write"):
			return forbidden()
		}
		return nil
	}
	if limits.TokenPermissions.on() && !t.permissions.allows(need) {
		return forbidden()
	}
	if r.archived && strings.HasSuffix(need, ":write") && limits.Archived.on() {
		return refuse(http.StatusForbidden, "Repository was archived so is read-only.")
	}
	return nil
}
