// Package registry is the only door to OCI registries: it fetches the compiled
// templates of Bicep modules. A pull request names the registry and the module,
// so that both are taken for hostile: what is read is bounded, nothing but
// https is spoken, and a server asks only the registries that it was told. It
// knows nothing about templates.
package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"
)

// What a Bicep module is in a registry.
// https://github.com/Azure/bicep/blob/main/src/Bicep.Core/Registry/Oci/BicepMediaTypes.cs
const (
	artifactType = "application/vnd.ms.bicep.module.artifact"
	layerType    = "application/vnd.ms.bicep.module.layer.v1+json"
)

// Limits of fetching.
const (
	// MaxBytes is the largest template that is fetched, the most that Azure
	// takes.
	MaxBytes = 4 << 20
	// MaxModules is how many modules are fetched at once; the rest is left.
	MaxModules = 64

	atOnce        = 4
	connectWithin = 2 * time.Second
	answerWithin  = 5 * time.Second
	fetchWithin   = 30 * time.Second // all modules of one call
)

// Cache keeps templates by a key that names their content. It is used
// concurrently, and may forget.
type Cache interface {
	// Blob finds the content of a key; it is not ok when it is not there. The
	// caller does not change the content.
	Blob(ctx context.Context, key string) (content []byte, ok bool, err error)
	// PutBlobs keeps contents by key, or not.
	PutBlobs(ctx context.Context, blobs map[string][]byte) error
}

// Options are what a client needs.
type Options struct {
	// Hosts are the registries that may be asked: without credentials, and at
	// public addresses only. Without any, every registry is asked, with the
	// credentials that the user's Docker configuration has for it; that is for
	// a user's own machine.
	Hosts []string
	// Cache keeps templates; nil keeps none.
	Cache Cache
	// UserAgent introduces the program to registries.
	UserAgent string
}

// Client fetches modules. It is safe for concurrent use.
type Client struct {
	options   Options
	transport http.RoundTripper
}

// New makes a client; it connects to nothing.
func New(o Options) *Client {
	return &Client{options: o, transport: newGuard(len(o.Hosts) > 0)}
}

// Module is a template that was fetched, or the reason why it was not.
type Module struct {
	// Content is nil when it could not be had.
	Content []byte
	// Problem completes "it was not read because …", for the author.
	Problem string
}

// Modules fetches modules by their full references, "registry/repository:tag"
// or "registry/repository@digest". There is an answer for each. A registry that
// cannot be reached is given up after the first attempt.
func (c *Client) Modules(ctx context.Context, references []string) map[string]Module {
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	out := make(map[string]Module, len(references))
	f, err := c.newFetch()
	if err != nil {
		for _, r := range references {
			out[r] = Module{Problem: "registries cannot be asked here"}
		}
		return out
	}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, r := range references {
		group.Go(func() error {
			m := Module{Problem: fmt.Sprintf("only %d registry modules are fetched at once", MaxModules)}
			if i < MaxModules {
				m = f.module(ctx, r)
			}
			mu.Lock()
			defer mu.Unlock()
			out[r] = m
			return nil
		})
	}
	_ = group.Wait() //nolint:errcheck // none of them fails
	return out
}

// fetch is the work of one call.
type fetch struct {
	client *Client
	puller *remote.Puller

	mu   sync.Mutex
	down map[string]bool // registries that could not be reached
}

func (c *Client) newFetch() (*fetch, error) {
	keychain := authn.Keychain(authn.DefaultKeychain)
	if len(c.options.Hosts) > 0 {
		keychain = authn.NewMultiKeychain()
	}
	puller, err := remote.NewPuller(
		remote.WithTransport(c.transport), remote.WithAuthFromKeychain(keychain), remote.WithUserAgent(c.options.UserAgent),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
	)
	return &fetch{client: c, puller: puller, down: map[string]bool{}}, err
}

func (f *fetch) module(ctx context.Context, reference string) Module {
	host, _, _ := strings.Cut(reference, "/")
	ref, err := name.ParseReference(reference, name.StrictValidation)
	if err != nil || ref.Context().RegistryStr() != host {
		return Module{Problem: "its reference is none that a registry could have"}
	}
	if hosts := f.client.options.Hosts; len(hosts) > 0 && !slices.Contains(hosts, host) {
		return Module{Problem: fmt.Sprintf("it lies in %s, and only modules of %s are fetched here", host, strings.Join(hosts, ", "))}
	}
	f.mu.Lock()
	down := f.down[host]
	f.mu.Unlock()
	if down {
		return Module{Problem: notReached(host)}
	}
	content, err := f.template(ctx, ref)
	if err == nil {
		return Module{Content: content}
	}
	var answer *transport.Error
	var invalid invalidError
	var network unreachable
	switch {
	case errors.As(err, &invalid):
		return Module{Problem: invalid.Error()}
	case errors.As(err, &answer):
		return Module{Problem: refused(host, answer.StatusCode)}
	case errors.As(err, &network):
		f.mu.Lock()
		f.down[host] = true
		f.mu.Unlock()
		return Module{Problem: notReached(host)}
	}
	return Module{Problem: "the registry " + host + " gave an answer that cannot be read"}
}

func notReached(host string) string { return "the registry " + host + " cannot be reached" }

func refused(host string, status int) string {
	switch status {
	case http.StatusNotFound:
		return "the registry " + host + " does not have it"
	case http.StatusUnauthorized, http.StatusForbidden:
		return "the registry " + host + " does not let everybody read it; sign in to the registry"
	}
	return fmt.Sprintf("the registry %s answered with status %d", host, status)
}

// invalidError is something in a registry that is no module.
type invalidError string

// Error completes "it was not read because …".
func (e invalidError) Error() string { return string(e) }

const (
	errNoModule invalidError = "what the registry has under that name is no Bicep module"
	errTooLarge invalidError = "its template is larger than Azure takes"
)

// template fetches the compiled template of a module.
func (f *fetch) template(ctx context.Context, ref name.Reference) ([]byte, error) {
	d, err := f.puller.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	if !d.MediaType.IsImage() {
		return nil, errNoModule
	}
	manifest, err := v1.ParseManifest(strings.NewReader(string(d.Manifest)))
	if err != nil || manifest.ArtifactType != "" && !strings.EqualFold(manifest.ArtifactType, artifactType) {
		return nil, errNoModule
	}
	i := slices.IndexFunc(manifest.Layers, func(l v1.Descriptor) bool { return strings.EqualFold(string(l.MediaType), layerType) })
	switch {
	case i < 0:
		return nil, errNoModule
	case manifest.Layers[i].Size > MaxBytes:
		return nil, errTooLarge
	}
	return f.layer(ctx, ref.Context().Digest(manifest.Layers[i].Digest.String()))
}

// layer takes a layer from the cache, or from the registry. A cache that does
// not answer is as good as none.
func (f *fetch) layer(ctx context.Context, digest name.Digest) ([]byte, error) {
	key := "module/" + digest.DigestStr()
	cache := f.client.options.Cache
	if cache != nil {
		if content, ok, err := cache.Blob(ctx, key); err == nil && ok && matches(content, digest) {
			return content, nil
		}
	}
	l, err := f.puller.Layer(ctx, digest)
	if err != nil {
		return nil, err
	}
	body, err := l.Compressed()
	if err != nil {
		return nil, err
	}
	defer body.Close() //nolint:errcheck // it was read to its end, or is not wanted
	content, err := io.ReadAll(io.LimitReader(body, MaxBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > MaxBytes:
		return nil, errTooLarge
	case !matches(content, digest):
		return nil, errNoModule
	}
	if cache != nil {
		_ = cache.PutBlobs(ctx, map[string][]byte{key: content}) //nolint:errcheck // it will be fetched again
	}
	return content, nil
}

// matches reports whether a digest is that of content; what comes from a cache
// is believed no more than what comes from a registry.
func matches(content []byte, digest name.Digest) bool {
	h, _, err := v1.SHA256(strings.NewReader(string(content)))
	return err == nil && h.String() == digest.DigestStr()
}
