package bicep

import (
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// Node is a part of the syntax tree. Its span begins with its first token and
// ends with its last; comments around it are outside.
type Node interface {
	Span() source.Span
}

// node is the place of a node; it is embedded in all of them.
type node struct {
	start, end int32
}

// Span is the place of the node.
func (n node) Span() source.Span { return source.Span{Start: int(n.start), End: int(n.end)} }

// Ident is a name: as an expression it refers to a symbol.
type Ident struct {
	node
	Name string
}

// Decorator is one @call before a declaration, a property of an object type or
// an item of a tuple type.
type Decorator struct {
	node
	// Call is a [*CallExpr], possibly of a member (sys.secure()); anything
	// else is a mistake that the syntax allows. It is a [*BadExpr] where the
	// decorator could not be read.
	Call Expr
}

// Declaration is a statement of a file: one of the types whose names end in
// Decl. A [*ResourceDecl] is also an [Element] of another's body.
type Declaration interface {
	Node
	// Head is what all declarations have in common; never nil.
	Head() *Header
	declaration()
}

// Header is what all declarations have in common. Its span is that of the
// whole declaration, from its first decorator to its last token.
type Header struct {
	node
	Decorators []*Decorator
	// Keyword is the token that says what is declared; its kind is EndOfFile
	// when there is none, in a [*BadDecl].
	Keyword Token
	// Name is the symbolic name; nil for declarations that have none and where
	// it is missing.
	Name *Ident
}

// Head is the receiver.
func (h *Header) Head() *Header { return h }

func (*Header) declaration() {}

// The declarations. An expression or type in them is nil only where the
// language lets it be left out; it is a [*BadExpr] or [*BadType], perhaps
// empty, where it could not be read. A path, object or name is nil then.
type (
	// TargetScopeDecl is targetScope = Value.
	TargetScopeDecl struct {
		Header
		Value Expr
	}

	// MetadataDecl is metadata Name = Value.
	MetadataDecl struct {
		Header
		Value Expr
	}

	// ParamDecl is param Name Type = Default in a template.
	ParamDecl struct {
		Header
		Type TypeExpr
		// Default is nil for a parameter that must be given, or that is nullable.
		Default Expr
	}

	// ParamAssignment is param Name = Value in a parameters file.
	ParamAssignment struct {
		Header
		Value Expr
	}

	// VarDecl is var Name Type = Value; the type is mostly absent.
	VarDecl struct {
		Header
		Type  TypeExpr
		Value Expr
	}

	// TypeDecl is type Name = Type.
	TypeDecl struct {
		Header
		Type TypeExpr
	}

	// FuncDecl is func Name(Params) Result => Body.
	FuncDecl struct {
		Header
		Params []*FuncParam
		Result TypeExpr
		Body   Expr
	}

	// ResourceDecl is resource Name 'Type' = Body, at top level or in the body
	// of another resource.
	ResourceDecl struct {
		Header
		// Type is the resource type, mostly with @ and an API version.
		Type *StringExpr
		// Existing says that the resource is referred to, not deployed.
		Existing bool
		// Body is an [*ObjectExpr], an [*IfExpr] of one, or a [*ForExpr] of
		// either; a [*BadExpr] where it could not be read.
		Body Expr
	}

	// ModuleDecl is module Name 'Path' = Body.
	ModuleDecl struct {
		Header
		// Path is a relative path, or br:… or ts:….
		Path *StringExpr
		// Body is as in a [*ResourceDecl].
		Body Expr
	}

	// TestDecl is test Name 'Path' = Body.
	TestDecl struct {
		Header
		Path *StringExpr
		Body Expr
	}

	// OutputDecl is output Name Type = Value.
	OutputDecl struct {
		Header
		Type  TypeExpr
		Value Expr
	}

	// AssertDecl is assert Name = Value.
	AssertDecl struct {
		Header
		Value Expr
	}

	// ImportDecl is import {Items} from 'Path' or import * as Alias from 'Path'.
	ImportDecl struct {
		Header
		Items []*ImportItem
		// Alias is the name of the namespace that * stands for; nil with items.
		Alias *Ident
		Path  *StringExpr
	}

	// ExtensionDecl is extension Spec with {…} as Alias, also in the old
	// spelling import 'Spec' ….
	ExtensionDecl struct {
		Header
		// Spec is an [*Ident] or a [*StringExpr].
		Spec  Expr
		With  *ObjectExpr
		Alias *Ident
	}

	// UsingDecl is using 'Path' with {…} or using none in a parameters file.
	UsingDecl struct {
		Header
		// Path is nil for using none.
		Path *StringExpr
		None bool
		With *ObjectExpr
	}

	// ExtendsDecl is extends 'Path' in a parameters file.
	ExtendsDecl struct {
		Header
		Path *StringExpr
	}

	// ExtensionConfigDecl is extensionConfig Name with {…} in a parameters file.
	ExtensionConfigDecl struct {
		Header
		With *ObjectExpr
	}

	// BadDecl is text that is no declaration: one or more whole lines, or
	// decorators with nothing to decorate.
	BadDecl struct {
		Header
	}
)

// FuncParam is a parameter of a [*FuncDecl].
type FuncParam struct {
	node
	Name *Ident // nil when missing
	Type TypeExpr
}

// ImportItem is one name, or 'name', of an [*ImportDecl] with its alias.
type ImportItem struct {
	node
	// Name is an [*Ident] or a [*StringExpr].
	Name Expr
	// Alias is nil where the name stays.
	Alias *Ident
}

// File is what [Parse] makes of a source file. It is immutable.
type File struct {
	Source *source.File
	// Params says that this is a parameters file.
	Params bool
	// Tokens is every token in order, the last one being the end of the file.
	// Between them lie blanks and Trivia, and nothing else.
	Tokens []Token
	// Trivia is every comment and pragma in order.
	Trivia []Trivia
	// Declarations is every statement in order.
	Declarations []Declaration
	// Diagnostics says what could not be read, in the order of the text, of
	// severity failure and code [template.CodeUnreadable]; at most 100.
	Diagnostics []diag.Diagnostic
}
