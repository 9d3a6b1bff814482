package githubtest

import (
	"crypto/rsa"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// App is a GitHub App as it is registered.
type App struct {
	// ID is given by the server when it is 0.
	ID int64
	// ClientID is given by the server when it is empty.
	ClientID string
	// Slug is the name in addresses; the App acts as "slug[bot]".
	Slug string
	// Name is for people; the slug when empty.
	Name string
	// Owner is the account that registered the App.
	Owner string
	// PublicKey verifies what the App signs.
	PublicKey *rsa.PublicKey
	// WebhookURL is where events go; with none they are not delivered.
	WebhookURL string
	// WebhookSecret signs them; with none they are not signed.
	WebhookSecret string
	// Permissions are what the App asks of those who install it.
	Permissions Permissions
	// Events are those it subscribes to. "installation" and
	// "installation_repositories" come by themselves.
	Events []string
}

type app struct {
	App
	created time.Time
	bot     *account
}

// account is a person, an organisation or a bot.
type account struct {
	id    int64
	login string
	kind  string // User, Organization or Bot
}

type installation struct {
	id          int64
	app         *app
	account     *account
	permissions Permissions
	selected    map[int64]bool // nil means every repository of the account
	suspended   bool
	deleted     bool
	created     time.Time
}

func (in *installation) covers(r *repository) bool {
	return !in.deleted && strings.EqualFold(r.owner.login, in.account.login) && (in.selected == nil || in.selected[r.id])
}

func (in *installation) selection() string {
	if in.selected == nil {
		return "all"
	}
	return "selected"
}

// account finds an account by its login and makes it if need be.
func (s *Server) account(login, kind string) *account {
	if login == "" {
		login = "ghost"
	}
	key := strings.ToLower(login)
	a := s.accounts[key]
	if a == nil {
		a = &account{id: s.nextID(), login: login, kind: kind}
		s.accounts[key] = a
	}
	return a
}

func (s *Server) user(login string) *account { return s.account(login, "User") }

// AddApp registers an App and gives back its number.
func (s *Server) AddApp(a App) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addApp(a).ID
}

func (s *Server) addApp(a App) *app {
	if a.ID == 0 {
		a.ID = s.nextID()
	}
	if a.ClientID == "" {
		a.ClientID = fmt.Sprintf("Iv23li%014d", a.ID)
	}
	if a.Name == "" {
		a.Name = a.Slug
	}
	if a.Owner == "" {
		a.Owner = "octo-org"
	}
	a.Permissions, a.Events = maps.Clone(a.Permissions), slices.Clone(a.Events)
	added := &app{App: a, created: s.now(), bot: s.account(a.Slug+"[bot]", "Bot")}
	s.apps = append(s.apps, added)
	return added
}

// SetWebhook changes where an App's events go and how they are signed.
func (s *Server) SetWebhook(appID int64, url, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.mustApp(appID)
	a.WebhookURL, a.WebhookSecret = url, secret
}

// Ping sends an App the event that GitHub sends when a webhook is set up.
func (s *Server) Ping(appID int64) {
	s.change(func() {
		a := s.mustApp(appID)
		s.enqueue(a, nil, event{name: "ping", body: doc{
			"zen": "Keep it logically awesome.", "hook_id": a.ID,
			"hook": doc{"type": "App", "id": a.ID, "app_id": a.ID, "active": true, "events": a.Events},
		}})
	})
}

// Install installs an App on an account, on the repositories named
// ("owner/name") or on all, with the permissions it asks for now, and gives
// back the installation's number.
func (s *Server) Install(appID int64, owner string, repositories ...string) int64 {
	var id int64
	s.change(func() {
		a := s.mustApp(appID)
		in := &installation{
			id: s.nextID(), app: a, account: s.account(owner, "Organization"),
			permissions: maps.Clone(a.Permissions), created: s.now(),
		}
		if len(repositories) > 0 {
			in.selected = map[int64]bool{}
		}
		for _, name := range repositories {
			in.selected[s.mustRepository(name).id] = true
		}
		s.installed = append(s.installed, in)
		id = in.id
		s.installationEvent(in, "created", in.account)
	})
	return id
}

// AcceptPermissions gives an installation the permissions that its App asks
// for now, as an owner does after the App asked for more.
func (s *Server) AcceptPermissions(installationID int64) {
	s.change(func() {
		in := s.mustInstallation(installationID)
		in.permissions = maps.Clone(in.app.Permissions)
		s.installationEvent(in, "new_permissions_accepted", in.account)
	})
}

// RequestPermissions changes what an App asks for. Installations keep what
// they granted until [Server.AcceptPermissions].
func (s *Server) RequestPermissions(appID int64, permissions Permissions) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustApp(appID).Permissions = maps.Clone(permissions)
}

// Suspend stops an installation, or lets it go on.
func (s *Server) Suspend(installationID int64, suspended bool) {
	s.change(func() {
		in := s.mustInstallation(installationID)
		in.suspended = suspended
		action := "unsuspend"
		if suspended {
			action = "suspend"
		}
		s.installationEvent(in, action, in.account)
	})
}

// Uninstall ends an installation for good.
func (s *Server) Uninstall(installationID int64) {
	s.change(func() {
		in := s.mustInstallation(installationID)
		s.installationEvent(in, "deleted", in.account)
		in.deleted = true
	})
}

// SelectRepositories adds repositories to an installation on selected ones, or
// removes them.
func (s *Server) SelectRepositories(installationID int64, added bool, names ...string) {
	s.change(func() {
		in := s.mustInstallation(installationID)
		if in.selected == nil {
			panic(fmt.Sprintf("githubtest: installation %d is on all repositories", installationID))
		}
		var docs []doc
		for _, name := range names {
			r := s.mustRepository(name)
			in.selected[r.id] = added
			docs = append(docs, s.smallRepositoryDoc(r))
		}
		body, action := doc{"repository_selection": "selected", "repositories_added": []doc{}, "repositories_removed": []doc{}}, "removed"
		if added {
			action = "added"
		}
		body["repositories_"+action] = docs
		body["installation"], body["sender"] = s.installationDoc(in), s.accountDoc(in.account)
		s.enqueue(in.app, in, event{name: "installation_repositories", action: action, body: body})
	})
}

func (s *Server) mustApp(id int64) *app {
	for _, a := range s.apps {
		if a.ID == id {
			return a
		}
	}
	panic(fmt.Sprintf("githubtest: no App %d", id))
}

func (s *Server) mustInstallation(id int64) *installation {
	for _, in := range s.installed {
		if in.id == id && !in.deleted {
			return in
		}
	}
	panic(fmt.Sprintf("githubtest: no installation %d", id))
}

// ownInstallation is the installation a route names, if it is one of the
// App that asks.
func (c *call) ownInstallation() (*installation, error) {
	for _, in := range c.server.installed {
		if in.id != c.pathInt("id") || in.app != c.who.app || in.deleted {
			continue
		}
		if in.suspended && c.route.writes() {
			return nil, refuse(http.StatusForbidden, "This installation has been suspended")
		}
		return in, nil
	}
	return nil, notFound()
}

func (c *call) app() (answer, error) { return ok(c.server.appDoc(c.who.app)), nil }

func (c *call) meta() (answer, error) {
	body := doc{"verifiable_password_authentication": false}
	if c.server.options.Enterprise {
		body["installed_version"] = "3.17.0"
	}
	return ok(body), nil
}

func (c *call) installations() (answer, error) {
	found := []doc{}
	for _, in := range c.server.installed {
		if in.app == c.who.app && !in.deleted {
			found = append(found, c.server.installationDoc(in))
		}
	}
	items, header := paged(c, found)
	return answer{status: http.StatusOK, body: items, header: header}, nil
}

func (c *call) oneInstallation() (answer, error) {
	in, err := c.ownInstallation()
	if err != nil {
		return answer{}, err
	}
	return ok(c.server.installationDoc(in)), nil
}

func (c *call) repositoryInstallation() (answer, error) {
	r := c.server.repository(c.request.PathValue("owner") + "/" + c.request.PathValue("repo"))
	return c.findInstallation(func(in *installation) bool { return r != nil && in.covers(r) })
}

func (c *call) ownerInstallation() (answer, error) {
	return c.findInstallation(func(in *installation) bool {
		return strings.EqualFold(in.account.login, c.request.PathValue("owner"))
	})
}

func (c *call) findInstallation(match func(*installation) bool) (answer, error) {
	for _, in := range c.server.installed {
		if in.app == c.who.app && !in.deleted && match(in) {
			return ok(c.server.installationDoc(in)), nil
		}
	}
	return answer{}, notFound()
}

func (c *call) installationRepositories() (answer, error) {
	t := c.who.token
	found := c.server.repositoryDocs(func(r *repository) bool {
		return t.installation.covers(r) && (t.repositories == nil || t.repositories[r.id])
	})
	items, header := paged(c, found)
	body := doc{"total_count": len(found), "repository_selection": t.installation.selection(), "repositories": items}
	return answer{status: http.StatusOK, body: body, header: header}, nil
}

func (s *Server) accountDoc(a *account) doc {
	return doc{
		"login": a.login, "id": a.id, "node_id": fmt.Sprintf("U_%d", a.id), "type": a.kind, "site_admin": false,
		"url": s.apiURL("/users/" + a.login), "html_url": s.url + "/" + a.login,
	}
}

func (s *Server) appDoc(a *app) doc {
	installed := 0
	for _, in := range s.installed {
		if in.app == a && !in.deleted {
			installed++
		}
	}
	return doc{
		"id": a.ID, "node_id": fmt.Sprintf("A_%d", a.ID), "slug": a.Slug, "name": a.Name, "client_id": a.ClientID,
		"owner": s.accountDoc(s.account(a.Owner, "Organization")), "description": "", "external_url": s.url + "/apps/" + a.Slug,
		"html_url": s.url + "/apps/" + a.Slug, "permissions": permissionsDoc(a.Permissions), "events": eventsDoc(a.Events),
		"created_at": stamp(a.created), "updated_at": stamp(a.created), "installations_count": installed,
	}
}

func (s *Server) installationDoc(in *installation) doc {
	path := fmt.Sprintf("/app/installations/%d", in.id)
	d := doc{
		"id": in.id, "account": s.accountDoc(in.account), "repository_selection": in.selection(),
		"access_tokens_url": s.apiURL(path + "/access_tokens"), "repositories_url": s.apiURL("/installation/repositories"),
		"html_url": fmt.Sprintf("%s/settings/installations/%d", s.url, in.id), "app_id": in.app.ID, "app_slug": in.app.Slug,
		"client_id": in.app.ClientID, "target_id": in.account.id, "target_type": in.account.kind,
		"permissions": permissionsDoc(in.permissions), "events": eventsDoc(in.app.Events),
		"created_at": stamp(in.created), "updated_at": stamp(in.created), "single_file_name": nil, "suspended_at": nil, "suspended_by": nil,
	}
	if in.suspended {
		d["suspended_at"], d["suspended_by"] = stamp(in.created), s.accountDoc(in.account)
	}
	return d
}

func permissionsDoc(p Permissions) Permissions {
	if p == nil {
		return Permissions{}
	}
	return p
}

func eventsDoc(events []string) []string {
	if events == nil {
		return []string{}
	}
	return events
}
