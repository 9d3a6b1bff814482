package bicep

import "github.com/onboard-defender/onboard-defender/internal/source"

// Kind is what a token is. Only true, false and null are reserved words; every
// other keyword of the language is an [Identifier] that is a keyword by place.
type Kind uint8

// The kinds of tokens. The zero Kind is the end of the file.
const (
	EndOfFile    Kind = iota
	NewLine           // a run of line breaks without anything in between
	Identifier        // foo
	Integer           // 42
	True              // true
	False             // false
	Null              // null
	String            // 'foo', '''foo''', $'''foo'''
	StringLeft        // 'foo${
	StringMiddle      // }foo${
	StringRight       // }foo'
	LeftBrace         // {
	RightBrace        // }
	LeftParen         // (
	RightParen        // )
	LeftSquare        // [
	RightSquare       // ]
	At                // @
	Comma             // ,
	Dot               // .
	Ellipsis          // ...
	Question          // ?
	Coalesce          // ??
	Colon             // :
	DoubleColon       // ::
	Semicolon         // ;
	Assign            // =
	Plus              // +
	Minus             // -
	Star              // *
	Slash             // /
	Percent           // %
	Hat               // ^
	Not               // !
	Less              // <
	LessEqual         // <=
	Greater           // >
	GreaterEqual      // >=
	Equal             // ==
	NotEqual          // !=
	EqualFold         // =~
	NotEqualFold      // !~
	And               // &&
	Or                // ||
	Pipe              // |
	Arrow             // =>
	Unknown           // anything that is no token of the language
	kinds             // how many there are
)

// spelling is the text of the kinds that have only one.
var spelling = [kinds]string{
	True: "true", False: "false", Null: "null",
	LeftBrace: "{", RightBrace: "}", LeftParen: "(", RightParen: ")", LeftSquare: "[", RightSquare: "]",
	At: "@", Comma: ",", Dot: ".", Ellipsis: "...", Question: "?", Coalesce: "??", Colon: ":", DoubleColon: "::",
	Semicolon: ";", Assign: "=", Plus: "+", Minus: "-", Star: "*", Slash: "/", Percent: "%", Hat: "^", Not: "!",
	Less: "<", LessEqual: "<=", Greater: ">", GreaterEqual: ">=", Equal: "==", NotEqual: "!=",
	EqualFold: "=~", NotEqualFold: "!~", And: "&&", Or: "||", Pipe: "|", Arrow: "=>",
}

// String is the text of the kinds that have only one, else a word for the kind.
func (k Kind) String() string {
	switch k {
	case EndOfFile:
		return "end of file"
	case NewLine:
		return "line break"
	case Identifier:
		return "identifier"
	case Integer:
		return "integer"
	case String, StringLeft, StringMiddle, StringRight:
		return "string"
	case Unknown:
		return "unknown"
	default:
		if k < kinds {
			return spelling[k]
		}
		return "invalid"
	}
}

// A kindSet is a set of kinds.
type kindSet uint64

func (s kindSet) has(k Kind) bool { return s>>k&1 != 0 }

// Token is one token of a file. What lies between the end of one token and the
// start of the next is trivia: blanks, and the comments and pragmas that
// [File.Trivia] lists.
type Token struct {
	start, end int32 // files are bounded well below 2 GiB
	// Kind is what the token is.
	Kind  Kind
	flags tokenFlags
}

type tokenFlags uint8

const (
	escaped   tokenFlags = 1 << iota // a string piece with a backslash in it
	multiline                        // a piece of a '''…''' string
	broken                           // a diagnostic speaks about the token already
)

// Span is the token's place, without the trivia around it.
func (t Token) Span() source.Span { return source.Span{Start: int(t.start), End: int(t.end)} }

// TriviaKind is what a piece of trivia is.
type TriviaKind uint8

// The kinds of trivia; blanks are not listed.
const (
	LineComment   TriviaKind = iota + 1 // // …
	BlockComment                        // /* … */
	Pragma                              // #disable-next-line …, #disable-diagnostics …, #restore-diagnostics …
	ByteOrderMark                       // at the start of the file only
	ConflictMark                        // the line of <<<<<<<, |||||||, ======= or >>>>>>>
)

// Trivia is a piece of text that carries no syntax.
type Trivia struct {
	start, end int32
	// Kind is what the piece is.
	Kind TriviaKind
}

// Span is the place of the piece, without the line break that ends it.
func (t Trivia) Span() source.Span { return source.Span{Start: int(t.start), End: int(t.end)} }
