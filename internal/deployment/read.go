package deployment

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
	"github.com/onboard-defender/onboard-defender/internal/template/arm"
	"github.com/onboard-defender/onboard-defender/internal/template/bicep"
)

// Cache keeps parsed files, so that the head and the base of a pull request,
// and one push after another, parse each content once. It is safe for
// concurrent use. A nil Cache keeps nothing.
type Cache struct {
	mu    sync.Mutex
	limit int
	files map[cacheKey]*File
	order []cacheKey // oldest first
}

type cacheKey struct{ path, id string }

// NewCache makes a cache for at most limit files.
func NewCache(limit int) *Cache {
	return &Cache{limit: limit, files: map[cacheKey]*File{}}
}

// read parses an entry, or takes it from the cache. It is nil for a file that
// is no template.
func (c *Cache) read(e source.Entry) *File {
	if c == nil || e.ID == "" {
		return read(e.File)
	}
	key := cacheKey{e.Path, e.ID}
	c.mu.Lock()
	f, ok := c.files[key]
	c.mu.Unlock()
	if ok {
		return f.copied()
	}
	f = read(e.File)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, twice := c.files[key]; !twice {
		c.files[key] = f
		c.order = append(c.order, key)
	}
	for len(c.order) > c.limit {
		delete(c.files, c.order[0])
		c.order = c.order[1:]
	}
	return f.copied()
}

// copied is the file with marks of its own: what is GeneratedFrom depends on
// the files around it.
func (f *File) copied() *File {
	if f == nil {
		return nil
	}
	n := *f
	return &n
}

// read parses a file by its name and content; nil for one that is no template
// and no parameter file.
func read(f *source.File) *File {
	if isPointer(f.Content) {
		return nil
	}
	out := &File{Source: f}
	if text, ok := template.FromUTF16(f.Content); ok {
		return out.refused(text, "File in UTF-16",
			"The file is in UTF-16, which is not read here, and in which git shows no differences. Save it as UTF-8.")
	}
	if len(f.Content) > template.MaxSize {
		return out.refused(f.Content, "File too large", fmt.Sprintf(
			"could not evaluate: the file has %d bytes, and Azure takes templates of at most %d. Split it into modules.",
			len(f.Content), template.MaxSize))
	}
	switch strings.ToLower(path.Ext(f.Path)) {
	case ".bicep":
		out.Template = bounded(bicep.Lower(bicep.Parse(f)))
		out.Diagnostics = out.Template.Diagnostics
	case ".bicepparam":
		out.Parameters = boundedParameters(bicep.LowerParameters(bicep.Parse(f)))
		out.Diagnostics = out.Parameters.Diagnostics
	default:
		if t, ok := arm.Parse(f); ok {
			t = bounded(t)
			out.Template, out.Diagnostics = t, t.Diagnostics
		} else if p, ok := arm.ParseParameters(f); ok {
			p = boundedParameters(p)
			out.Parameters, out.Diagnostics = p, p.Diagnostics
		} else {
			return nil
		}
	}
	return out
}

// maxDeclared is how many resources and modules one file may declare: for each
// that counts for [maxOwn] a collection. Azure takes 800.
const maxDeclared = 2 * maxOwn

// bounded is a template that was just read, without the declarations that there
// are too many of, and says so.
func bounded(t *template.Template) *template.Template {
	b := &bound{left: maxDeclared}
	b.template(t)
	if b.cut {
		t.Diagnostics = append(slices.Clone(t.Diagnostics), diag.Diagnostic{
			Code: template.CodeUnreadable, Severity: diag.Failure, Path: t.File.Path, Span: b.first, Summary: "Too many resources",
			Detail: fmt.Sprintf("The file declares more than %d resources and modules, of which Azure takes 800. The others are not checked; "+
				"split the file into modules.", maxDeclared),
		})
		diag.Sort(t.Diagnostics)
	}
	return t
}

// maxAssigned is how many parameters a file may give values to. Azure takes 256.
const maxAssigned = 1000

// boundedParameters is bounded for a parameter file.
func boundedParameters(f *template.ParameterFile) *template.ParameterFile {
	if len(f.Assignments) > maxAssigned {
		f.Diagnostics = append(slices.Clone(f.Diagnostics), diag.Diagnostic{
			Code: template.CodeUnreadable, Severity: diag.Failure, Path: f.File.Path, Span: f.Assignments[maxAssigned].At, Summary: "Too many parameters",
			Detail: fmt.Sprintf("The file gives values to more than %d parameters, of which Azure takes 256. The others are left out; put values into objects.", maxAssigned),
		})
		diag.Sort(f.Diagnostics)
		f.Assignments = slices.Clone(f.Assignments[:maxAssigned])
	}
	return f
}

// bound cuts lists of declarations off.
type bound struct {
	left  int // declarations that may still come
	cut   bool
	first source.Span // that was left out
}

func (b *bound) template(t *template.Template) {
	t.Resources = b.resources(t.Resources)
	for i, m := range t.Modules {
		if !b.another(m.Anchor) {
			t.Modules = slices.Concat(t.Modules[:i], apart(t.Modules[i:]))
			return
		}
		if m.Inline != nil {
			b.template(m.Inline)
		}
	}
}

// apart are calls of different files, one for each: a file that is called is not
// deployed by itself.
func apart(calls []*template.Module) []*template.Module {
	called := map[string]bool{"": true}
	var out []*template.Module
	for _, m := range calls {
		if !called[m.Path] {
			called[m.Path] = true
			out = append(out, m)
		}
	}
	return out
}

func (b *bound) resources(list []*template.Resource) []*template.Resource {
	for i, r := range list {
		if !b.another(r.Anchor) {
			return slices.Clone(list[:i])
		}
		r.Children = b.resources(r.Children)
	}
	return list
}

// another counts a declaration and reports whether it may stay.
func (b *bound) another(at source.Span) bool {
	if b.left--; b.left >= 0 {
		return true
	}
	if !b.cut {
		b.cut, b.first = true, at
	}
	return false
}

// refused is the file with the reason why it is not read; nil if its text, as
// far as it is known, is JSON that nobody would read.
func (f *File) refused(text []byte, summary, detail string) *File {
	switch strings.ToLower(path.Ext(f.Source.Path)) {
	case ".json", ".jsonc":
		if arm.Classify(text) == arm.KindOther {
			return nil
		}
	}
	f.Diagnostics = []diag.Diagnostic{{
		Code: template.CodeUnreadable, Severity: diag.Failure, Path: f.Source.Path, Summary: summary, Detail: detail,
	}}
	return f
}

// isPointer reports whether a file is only where Git LFS keeps another one. Its
// text is no template, and says nothing about one.
// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
func isPointer(content []byte) bool {
	const most = 1024 // a pointer is shorter
	return len(content) < most && bytes.HasPrefix(content, []byte("version https://git-lfs.github.com/spec/"))
}
