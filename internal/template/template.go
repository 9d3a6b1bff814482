// Package template is the model that both languages are read into: what a
// template declares, with the place of everything. The readers in arm and
// bicep produce it, deployment expands it, and nobody above needs to know in
// which language a file was written. It evaluates nothing.
package template

import (
	"bytes"
	"strings"

	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Codes of the diagnostics that reading a template yields.
const (
	// CodeUnreadable is a place that is not valid ARM JSON or Bicep.
	CodeUnreadable diag.Code = "template-unreadable"
)

// MaxSize is the largest file that is read, in bytes. It is the deployment
// engine's own limit for a template.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices
const MaxSize = 4 << 20

// Language is what a file is written in.
type Language uint8

// The languages. The zero Language is invalid.
const (
	ARM Language = iota + 1
	Bicep
)

// Template is one template file, or one that is written inside another as a
// nested deployment. It is immutable once read and may be shared.
type Template struct {
	File     *source.File
	Language Language
	// TargetScope is "resourceGroup", "subscription", "managementGroup" or
	// "tenant", from targetScope or $schema.
	TargetScope string
	// Generator is metadata._generator.name, "bicep" for compiled JSON.
	Generator  string
	Parameters []*Parameter
	Variables  []*Variable
	Functions  []*Function
	Imports    []*Import
	// Nullables are the names of the declared types that include null.
	Nullables []string
	// Resources are the ones at top level, existing ones included, apart from
	// Others.
	Resources []*Resource
	// Others are the ones at top level whose bodies hold nothing that the rule
	// reads; nil when there are none.
	Others *Others
	// Modules are Bicep modules and ARM nested and linked deployments.
	Modules []*Module
	Outputs []*Output
	// Suppressions are the inline ones, in order.
	Suppressions []Suppression
	// Diagnostics say what could not be read, in order; the rest is there.
	Diagnostics []diag.Diagnostic
}

// Parameter is a declared parameter.
type Parameter struct {
	Name string
	At   source.Span // the name
	// Type is the declared type in lower case ("string", "array", "object",
	// "int", "bool", …) or "" where it is another kind of type.
	Type     string
	Nullable bool
	// Imported is the name of a type that the file does not declare, possibly
	// behind that of a namespace ("types.name"); "" for any other.
	Imported string
	// Default is nil for a required parameter.
	Default expr.Expr
}

// Variable is a declared variable.
type Variable struct {
	Name  string
	At    source.Span
	Value expr.Expr
}

// Function is a user-defined function. In ARM its Name carries the namespace:
// "contoso.uniqueName".
type Function struct {
	Name   string
	At     source.Span
	Params []string
	Body   expr.Expr
}

// Import brings declarations of another Bicep file into this one.
type Import struct {
	// Path is the file as written.
	Path string
	At   source.Span // of the path
	// Namespace is the name after "* as", "" when single names are imported.
	Namespace string
	// Names maps the name used here to the name declared there.
	Names map[string]string
}

// Loop repeats a resource or a module.
type Loop struct {
	At source.Span
	// Name is an ARM copy's name, "" in Bicep.
	Name string
	// Item and Index are the names that Bicep gives to the element and its
	// position; Index may be "".
	Item, Index string
	// In is what Bicep loops over, nil in ARM.
	In expr.Expr
	// Count is how often ARM repeats, nil in Bicep.
	Count expr.Expr
}

// Resource is one resource declaration.
type Resource struct {
	// Symbol is Bicep's symbolic name or the key in languageVersion 2.0, else "".
	Symbol string
	// Type is as written, without version: a full type, or for nested
	// resources possibly only the last segment.
	Type string
	// APIVersion is "" where a nested Bicep resource inherits its parent's.
	APIVersion string
	// Name is the name as written: all segments, or the last one for a nested
	// resource and one with a Parent. Nil when there is none.
	Name     expr.Expr
	Existing bool
	// Condition is nil for a resource that is always deployed.
	Condition expr.Expr
	// Loop is nil for a resource that is deployed once.
	Loop *Loop
	// Parent is Bicep's parent property, nil when there is none.
	Parent expr.Expr
	// Scope is the scope property, nil when there is none: a symbol or a
	// scope function in Bicep, a resource ID in ARM.
	Scope expr.Expr
	// Body is the object with the properties as written, in ARM without those that
	// are large and have a field here. It is nil for types that nothing here reads,
	// see [Relevant].
	Body *expr.Object
	// DependsOn are the entries of dependsOn.
	DependsOn []expr.Expr
	// Children are the resources nested in this one, in order.
	Children []*Resource
	// Container is the resource this one is nested in, nil at top level.
	Container *Resource

	// Decl is the whole declaration: in Bicep from the first decorator to the
	// end of the body, in ARM the object.
	Decl source.Span
	// Anchor is where findings about the resource point: Bicep's symbolic
	// name on the line of the resource keyword, in ARM the value of name.
	Anchor source.Span
}

// Module is a part of the deployment that is a template of its own.
type Module struct {
	// Symbol is Bicep's symbolic name, "" in ARM unless languageVersion 2.0.
	Symbol string
	// Name is the deployment's name, nil when there is none.
	Name expr.Expr
	// Path is the reference as written: a relative path, "br:…", "br/alias:…",
	// "ts:…"; "" for a nested template and for a link that is computed.
	Path string
	// PathAt is where the reference stands.
	PathAt source.Span
	// Inline is a template written in place, nil otherwise.
	Inline *Template
	// OuterScope says that the expressions of Inline are evaluated with the
	// parameters and variables of the template around it, ARM's default.
	OuterScope bool
	Condition  expr.Expr
	Loop       *Loop
	// Parameters is the object of the values handed over, nil for none. A value
	// that is not in the template (a Key Vault reference) is an Invalid node.
	Parameters *expr.Object
	// Scope is Bicep's scope property, nil when there is none.
	Scope expr.Expr
	// ResourceGroup and Subscription are those of an ARM deployment, nil when
	// they are the parent's.
	ResourceGroup, Subscription expr.Expr
	DependsOn                   []expr.Expr

	Decl   source.Span
	Anchor source.Span
}

// Output is a declared output.
type Output struct {
	Name  string
	At    source.Span
	Value expr.Expr // nil when there is none
	// Condition is nil for an output that is always there.
	Condition expr.Expr
}

// Suppression is an inline request not to report a declaration.
type Suppression struct {
	// At is the comment, or the value of the property that carries it.
	At source.Span
	// Declaration is the offset of the declaration it belongs to: the Start of a
	// [Resource.Decl] or [Module.Decl]. It is -1 when it stands at no declaration.
	Declaration int
	// Text is what follows "onboard-defender: ignore", trimmed: the reason and
	// possibly "until 2027-01-31".
	Text string
}

// SuppressionMarker begins an inline suppression, compared without case.
const SuppressionMarker = "onboard-defender: ignore"

// ParameterFile is a .bicepparam file or a JSON parameter file.
type ParameterFile struct {
	File     *source.File
	Language Language
	// Using is the template of a .bicepparam file as written; "" for "none"
	// and for JSON.
	Using   string
	UsingAt source.Span
	// UsingNone says that the file belongs to no template.
	UsingNone bool
	// Extends is the parameter file it builds on, as written, or "".
	Extends   string
	ExtendsAt source.Span
	// Template is metadata.template of a JSON file, or "".
	Template    string
	TemplateAt  source.Span
	Assignments []Assignment
	Variables   []*Variable
	Functions   []*Function
	Imports     []*Import
	Diagnostics []diag.Diagnostic
}

// Assignment gives a parameter its value.
type Assignment struct {
	Name string
	At   source.Span
	// Value is an Invalid node where the file names a secret instead.
	Value expr.Expr
}

// Types of the resources that the rule reads.
const (
	TypeService       = "Microsoft.ApiManagement/service"
	TypeAPI           = "Microsoft.ApiManagement/service/apis"
	TypeGatewayAPI    = "Microsoft.ApiManagement/service/gateways/apis"
	TypeCollection    = "Microsoft.Security/apiCollections"
	TypeLegacy        = "Microsoft.ApiManagement/service/providers/apiCollections"
	TypePricing       = "Microsoft.Security/pricings"
	TypeDeployment    = "Microsoft.Resources/deployments"
	TypeResourceGroup = "Microsoft.Resources/resourceGroups"
)

// Relevant reports whether the rule reads resources of that full type.
func Relevant(fullType string) bool {
	for _, t := range [...]string{TypeService, TypeAPI, TypeGatewayAPI, TypeCollection, TypeLegacy, TypePricing} {
		if strings.EqualFold(fullType, t) {
			return true
		}
	}
	return false
}

// Mentions reports whether a text that could not be read might have to do with
// API Management.
func Mentions(content []byte) bool {
	if text, ok := FromUTF16(content); ok {
		content = text
	}
	const want = "microsoft.apimanagement"
	for i := 0; i+len(want) <= len(content); i++ {
		if content[i]|0x20 == 'm' && strings.EqualFold(string(content[i:i+len(want)]), want) {
			return true
		}
	}
	return false
}

// FromUTF16 is the ASCII part of a text whose byte order mark says that it is
// UTF-16; false for any other text. It is enough to recognise what a file is.
func FromUTF16(content []byte) ([]byte, bool) {
	if !bytes.HasPrefix(content, []byte("\xff\xfe")) && !bytes.HasPrefix(content, []byte("\xfe\xff")) {
		return nil, false
	}
	return bytes.ReplaceAll(content[2:], []byte{0}, nil), true
}

// Property is the value of a resource's property as written, by its path
// through literal objects, or nil. Names compare without case.
func (r *Resource) Property(path ...string) expr.Expr {
	if r.Body == nil {
		return nil
	}
	var x expr.Expr = r.Body
	for _, name := range path {
		o, ok := x.(*expr.Object)
		if !ok {
			return nil
		}
		if x = Field(o, name); x == nil {
			return nil
		}
	}
	return x
}

// Field is the value of an object literal's property, ignoring case, or nil.
func Field(o *expr.Object, name string) expr.Expr {
	for _, p := range o.Properties {
		if p.Key == nil {
			continue
		}
		if key, ok := expr.LiteralString(p.Key); ok && strings.EqualFold(key, name) {
			return p.Value
		}
	}
	return nil
}
