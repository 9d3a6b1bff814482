package arm

import (
	"bytes"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/source"
	"github.com/onboard-defender/onboard-defender/internal/template"
)

// Kind is what a JSON file is.
type Kind uint8

// The kinds of files. The zero Kind is a file that nothing here reads.
const (
	KindOther      Kind = iota
	KindTemplate        // a deployment template
	KindParameters      // a deployment parameter file
)

const scopeResourceGroup = "resourceGroup"

// Classify tells what a file is by its $schema or, lacking one, by having
// resources and contentVersion. It reads no further than it must and accepts
// any bytes; of a file with a syntax error it says what it most likely is.
func Classify(content []byte) Kind {
	content = content[:min(len(content), template.MaxSize)]
	s := skimmer{src: bytes.TrimPrefix(content, []byte(source.BOM))}
	s.space()
	if !s.take('{') {
		return KindOther
	}
	var resources, version bool
	for {
		key, ok := s.key()
		if !ok {
			break
		}
		switch {
		case equalFold(key, "$schema"):
			schema, ok := s.str()
			if kind, _ := schemaKind(string(schema)); kind != KindOther || len(schema) > 0 {
				return kind
			} else if ok {
				continue
			}
		case equalFold(key, "resources"):
			resources = true
		case equalFold(key, "contentversion"):
			version = true
		}
		s.skip()
	}
	switch {
	case resources && version:
		return KindTemplate
	case !s.closed && indexFold(content, "deploymenttemplate.json") >= 0:
		return KindTemplate
	case !s.closed && indexFold(content, "deploymentparameters.json") >= 0:
		return KindParameters
	}
	return KindOther
}

// schemaKind is the kind of file with a $schema, and the target scope of a
// template. Version, host and protocol of the address make no difference.
func schemaKind(schema string) (Kind, string) {
	name := strings.TrimRight(strings.ToLower(schema), "#")
	name = name[strings.LastIndexByte(name, '/')+1:]
	switch name {
	case "deploymenttemplate.json":
		return KindTemplate, scopeResourceGroup
	case "subscriptiondeploymenttemplate.json":
		return KindTemplate, "subscription"
	case "managementgroupdeploymenttemplate.json":
		return KindTemplate, "managementGroup"
	case "tenantdeploymenttemplate.json":
		return KindTemplate, "tenant"
	case "deploymentparameters.json", "subscriptiondeploymentparameters.json",
		"managementgroupdeploymentparameters.json", "tenantdeploymentparameters.json":
		return KindParameters, ""
	}
	return KindOther, ""
}

// skimmer passes over the top level of an object without validating it.
type skimmer struct {
	src []byte
	pos int
	// closed says that the closing bracket was found where it should be.
	closed bool
}

func (s *skimmer) space() {
	for s.pos < len(s.src) {
		switch b := s.src[s.pos]; b {
		case ' ', '\n', '\r', '\t':
			s.pos++
		case '/':
			end, _ := commentEnd(s.src, s.pos)
			if end == s.pos {
				return
			}
			s.pos = end
		default:
			n := exoticSpace(s.src[s.pos:])
			if n == 0 {
				return
			}
			s.pos += n
		}
	}
}

func (s *skimmer) take(b byte) bool {
	if s.pos < len(s.src) && s.src[s.pos] == b {
		s.pos++
		return true
	}
	return false
}

// key reads the next property's name and its colon.
func (s *skimmer) key() ([]byte, bool) {
	s.space()
	for s.take(',') {
		s.space()
	}
	if s.take('}') {
		s.closed = true
		return nil, false
	}
	key, ok := s.str()
	if !ok {
		return nil, false
	}
	s.space()
	ok = s.take(':')
	s.space()
	return key, ok
}

// str reads a string, if there is one, and returns it with its escapes.
func (s *skimmer) str() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	start := s.pos
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case '\\':
			s.pos += 2
		case '"':
			s.pos++
			return s.src[start : s.pos-1], true
		default:
			s.pos++
		}
	}
	s.pos = len(s.src)
	return nil, false
}

// skip passes over a value.
func (s *skimmer) skip() {
	depth := 0
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case '"':
			s.str()
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
			s.pos++
		case ',':
			if depth == 0 {
				return
			}
			s.pos++
		case '/':
			end, _ := commentEnd(s.src, s.pos)
			s.pos = max(end, s.pos+1)
		default:
			s.pos++
		}
	}
}
