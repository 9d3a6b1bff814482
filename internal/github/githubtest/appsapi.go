package githubtest

import (
	"fmt"
	"net/http"
	"strings"
)

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

func (c *call) app() (answer, error) {
	installed := 0
	for _, in := range c.server.installed {
		if in.app == c.who.app && !in.deleted {
			installed++
		}
	}
	d := c.server.appDoc(c.who.app)
	d["installations_count"] = installed
	return ok(d), nil
}

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

func (s *Server) appDoc(a *app) doc {
	return doc{
		"id": a.ID, "node_id": fmt.Sprintf("A_%d", a.ID), "slug": a.Slug, "name": a.Name, "client_id": a.ClientID,
		"owner": s.accountDoc(s.account(a.Owner, "Organization")), "description": "", "external_url": s.url + "/apps/" + a.Slug,
		"html_url": s.url + "/apps/" + a.Slug, "permissions": permissionsDoc(a.Permissions), "events": eventsDoc(a.Events),
		"created_at": stamp(a.created), "updated_at": stamp(a.created),
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
