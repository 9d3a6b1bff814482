package deployment

import (
	"cmp"
	"encoding/base64"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// loadTable are the functions that read files where Bicep is compiled, by
// lower-case name.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-files
func loadTable() map[string]func(*instance, []expr.Value) expr.Value {
	return map[string]func(*instance, []expr.Value) expr.Value{
		"loadtextcontent":       (*instance).loadText,
		"loadjsoncontent":       (*instance).loadJSON,
		"loadyamlcontent":       (*instance).loadYAML,
		"loadfileasbase64":      (*instance).loadBase64,
		"loaddirectoryfileinfo": (*instance).loadDirectory,
	}
}

func (in *instance) loadText(args []expr.Value) expr.Value {
	f, term := in.load("text", args)
	if f == nil {
		return term
	}
	if text, ok := decode(f.Content, args, 1); ok {
		return expr.String(text)
	}
	return term
}

func (in *instance) loadJSON(args []expr.Value) expr.Value {
	return in.loadObject("json", args, in.d.eval.LoadJSON)
}

func (in *instance) loadYAML(args []expr.Value) expr.Value {
	return in.loadObject("yaml", args, func(text string) expr.Value { return readYAML(in.d.eval, text) })
}

// loadObject reads a file and, of that, the part that a JSONPath expression
// names.
func (in *instance) loadObject(kind string, args []expr.Value, read func(text string) expr.Value) expr.Value {
	f, term := in.load(kind, args)
	if f == nil {
		return term
	}
	encoding, _ := argText(args, 2)
	v, ok := in.d.loadOnce(loaded{kind, f.Path, encoding}, func() (expr.Value, bool) {
		text, ok := decode(f.Content, args, 2)
		if !ok {
			return expr.Value{}, false
		}
		return read(text), true
	})
	if !ok {
		return term
	}
	if len(args) > 1 && !args[1].IsNull() {
		steps, isText := argText(args, 1)
		if v, ok = follow(v, steps); !isText || !ok {
			return term
		}
	}
	if v.IsUnknown() {
		return term
	}
	return v
}

// loaded is what is asked for in load functions, which often stand in loops: the
// kind of content, a file or folder, and the encoding or pattern.
type loaded struct{ kind, path, how string }

// loadOnce reads something of which the deployment has not asked before. What a limit
// cut off is not kept.
func (d *expander) loadOnce(key loaded, read func() (expr.Value, bool)) (expr.Value, bool) {
	if v, ok := d.loaded[key]; ok {
		return v, true
	}
	v, ok := read()
	if ok && d.eval.Err() == nil {
		put(&d.loaded, key, v)
	}
	return v, ok
}

// maxBinary is how many bytes Bicep loads as base64.
const maxBinary = 131072 / 4 * 3

func (in *instance) loadBase64(args []expr.Value) expr.Value {
	f, term := in.load("base64", args)
	switch {
	case f == nil:
		return term
	case len(f.Content) > maxBinary:
		return expr.Unknown()
	}
	return expr.String(base64.StdEncoding.EncodeToString(f.Content))
}

// load finds the file that a load function names, or the term that stands for
// what it would have given.
func (in *instance) load(kind string, args []expr.Value) (*source.File, expr.Value) {
	name, _ := argText(args, 0)
	p := source.Resolve(in.template.File.Path, name)
	if p == "" { // no constant, or outside of the repository
		return nil, expr.Apply("load", expr.KindUnknown, append([]expr.Value{expr.String(kind), expr.String(in.template.File.Path)}, args...)...)
	}
	term := expr.Apply("load", expr.KindUnknown, append([]expr.Value{expr.String(kind), expr.String(p)}, args[1:]...)...)
	put(&in.d.out.reached, p, true)
	f := in.d.graph.snapshot.File(p)
	if f == nil {
		if e, listed := in.d.graph.snapshot.Lookup(p); listed && e.Mode <= source.Executable {
			in.d.want(p)
		}
		return nil, term
	}
	if len(f.Content) > expr.MaxText || !in.d.eval.Spend(len(f.Content)/64) {
		return nil, term
	}
	return f, term
}

// decode is a text in the encoding that the i-th argument names, UTF-8 by
// default. A byte order mark says better what it is.
func decode(content []byte, args []expr.Value, i int) (string, bool) {
	encoding := "utf-8"
	if i < len(args) && !args[i].IsNull() {
		encoding, _ = argText(args, i)
	}
	text := string(content)
	for _, mark := range []struct{ bytes, encoding string }{{source.BOM, "utf-8"}, {"\xff\xfe", "utf-16"}, {"\xfe\xff", "utf-16BE"}} {
		if rest, ok := strings.CutPrefix(text, mark.bytes); ok {
			text, encoding = rest, mark.encoding
			break
		}
	}
	switch encoding {
	case "utf-8":
		return text, utf8.ValidString(text)
	case "us-ascii":
		return text, strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
	case "iso-8859-1":
		runes := make([]rune, len(text))
		for i := range len(text) {
			runes[i] = rune(text[i])
		}
		return string(runes), true
	case "utf-16", "utf-16BE":
		return decodeUTF16(text, encoding == "utf-16BE")
	}
	return "", false
}

func decodeUTF16(text string, bigEndian bool) (string, bool) {
	if len(text)%2 != 0 {
		return "", false
	}
	units := make([]uint16, len(text)/2)
	for i := range units {
		low, high := text[2*i], text[2*i+1]
		if bigEndian {
			low, high = high, low
		}
		units[i] = uint16(low) | uint16(high)<<8
	}
	decoded := string(utf16.Decode(units))
	return decoded, !strings.ContainsRune(decoded, utf8.RuneError)
}

// follow goes down a JSONPath of names and positions, which is what is used of
// it; false for anything else, and where nothing is there.
// https://www.newtonsoft.com/json/help/html/SelectToken.htm
func follow(v expr.Value, steps string) (expr.Value, bool) {
	steps = strings.TrimPrefix(steps, "$")
	for steps != "" {
		name, rest, isName := step(steps)
		if steps = rest; isName {
			i := slices.IndexFunc(v.Fields(), func(f expr.Field) bool { return f.Key == name })
			if i < 0 {
				return expr.Value{}, false
			}
			v = v.Fields()[i].Value
			continue
		}
		n, err := strconv.ParseUint(name, 10, 31)
		if items := v.Items(); err != nil || int(n) >= len(items) {
			return expr.Value{}, false
		}
		v = v.Items()[n]
	}
	return v, true
}

// step takes .name, name, ['name'] or [0] off a path; what is neither of them is
// a position that is no number.
func step(steps string) (text, rest string, isName bool) {
	if inner, ok := strings.CutPrefix(steps, "["); ok {
		inner, rest, ok = strings.Cut(inner, "]")
		if !ok {
			return "", "", false
		}
		for _, quote := range []string{"'", `"`} {
			if name, ok := strings.CutPrefix(inner, quote); ok {
				name, ok = strings.CutSuffix(name, quote)
				return name, rest, ok && !strings.ContainsAny(name, `\`+quote)
			}
		}
		return inner, rest, false
	}
	steps = strings.TrimPrefix(steps, ".")
	end := strings.IndexAny(steps, ".[")
	if end < 0 {
		end = len(steps)
	}
	name := steps[:end]
	return name, steps[end:], name != "" && !strings.ContainsAny(name, "*?@()$ ")
}

// loadDirectory lists the files in a folder, not those in folders within it.
func (in *instance) loadDirectory(args []expr.Value) expr.Value {
	name, ok := argText(args, 0)
	pattern, _ := argText(args, 1)
	here := path.Dir(in.template.File.Path)
	dir := path.Join(here, strings.ReplaceAll(name, `\`, "/"))
	term := expr.Apply("load", expr.KindArray, append([]expr.Value{expr.String("directory"), expr.String(in.template.File.Path)}, args...)...)
	if !ok || strings.HasPrefix(name, "/") || dir == ".." || strings.HasPrefix(dir, "../") {
		return term
	}
	v, ok := in.d.loadOnce(loaded{"directory from " + here, dir, pattern}, func() (expr.Value, bool) {
		return in.d.directory(here, dir, pattern)
	})
	if !ok {
		return term
	}
	return v
}

// directory lists the files in a folder whose names match a pattern, with their
// paths from another folder.
func (d *expander) directory(here, dir, pattern string) (expr.Value, bool) {
	var paths []string
	within, exists := dir+"/", dir == "."
	for _, e := range d.graph.snapshot.Entries() {
		exists = exists || strings.HasPrefix(e.Path, within)
		if path.Dir(e.Path) != dir {
			continue
		}
		matches, known := matchFile(pattern, path.Base(e.Path))
		if !known {
			return expr.Value{}, false
		}
		if matches {
			paths = append(paths, e.Path)
		}
	}
	if !exists || !d.eval.Spend(len(d.graph.snapshot.Entries())+16*len(paths)) {
		return expr.Value{}, false
	}
	slices.SortStableFunc(paths, func(a, b string) int { return cmp.Compare(strings.ToUpper(a), strings.ToUpper(b)) })
	files := make([]expr.Value, len(paths))
	for i, p := range paths {
		put(&d.out.reached, p, true)
		files[i] = expr.ObjectOf(
			expr.Field{Key: "relativePath", Value: expr.String(relative(here, p))},
			expr.Field{Key: "baseName", Value: expr.String(path.Base(p))},
			expr.Field{Key: "extension", Value: expr.String(path.Ext(p))},
		)
	}
	return expr.ArrayOf(files...), true
}

// matchFile matches the name of a file with a pattern of one "*", and says
// whether it can: whether case counts hangs on the machine that compiles, and
// more of a pattern on rules of their own.
func matchFile(pattern, name string) (matches, known bool) {
	if pattern == "" || pattern == "*" || pattern == "*.*" {
		return true, true
	}
	before, after, wild := strings.Cut(pattern, "*")
	if strings.ContainsAny(pattern, "?<>\"") || strings.Contains(after, "*") || strings.HasSuffix(pattern, ".") || strings.Contains(strings.TrimPrefix(after, "."), ".") {
		return false, false
	}
	match := func(name, before, after string) bool {
		if !wild {
			return name == before
		}
		return len(name) >= len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
	}
	exact := match(name, before, after)
	return exact, exact == match(strings.ToUpper(name), strings.ToUpper(before), strings.ToUpper(after))
}

// relative is a path as seen from a folder.
func relative(from, p string) string {
	up := ""
	for from != "." && !strings.HasPrefix(p, from+"/") {
		from, up = path.Dir(from), up+"../"
	}
	if from == "." {
		return up + p
	}
	return up + strings.TrimPrefix(p, from+"/")
}
