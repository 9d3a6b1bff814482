package githubtest

import (
	"crypto/rsa"
	"fmt"
	"maps"
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
			"hook": doc{
				"type": "App", "id": a.ID, "name": "web", "app_id": a.ID, "active": true, "events": eventsDoc(a.Events),
				"config":     doc{"content_type": "json", "insecure_ssl": "0", "url": a.WebhookURL},
				"created_at": stamp(a.created), "updated_at": stamp(a.created),
			},
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
		body["requester"], body["installation"], body["sender"] = nil, s.installationDoc(in), s.accountDoc(in.account)
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
