package arm

import (
	"slices"

	"github.com/onboard-defender/onboard-defender/internal/expr"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

// arena makes the nodes that a template has thousands of, many at a time: one
// by one, making them takes as long as everything else together.
type arena struct {
	literals []expr.Literal
	calls    []expr.Call
	// args and properties are stacks of what is being collected.
	args       []expr.Expr
	properties []expr.Property
}

// arenaChunk is how many nodes are made at a time at most; the first few are made
// fewer at a time, because most parameter files have no more.
const arenaChunk = 64

// grown is an empty chunk twice as large as the last one.
func grown[T any](last []T) []T { return make([]T, 0, min(max(4, 2*cap(last)), arenaChunk)) }

func (a *arena) literal(at source.Span, v expr.Value) *expr.Literal {
	if len(a.literals) == cap(a.literals) {
		a.literals = grown(a.literals)
	}
	a.literals = append(a.literals, expr.Literal{Node: expr.Node{At: at}, Value: v})
	return &a.literals[len(a.literals)-1]
}

func (a *arena) str(at source.Span, s string) *expr.Literal { return a.literal(at, expr.String(s)) }

func (a *arena) call(at expr.Node, name string, args []expr.Expr) *expr.Call {
	if len(a.calls) == cap(a.calls) {
		a.calls = grown(a.calls)
	}
	a.calls = append(a.calls, expr.Call{Node: at, Name: name, Args: args})
	return &a.calls[len(a.calls)-1]
}

// popArgs takes the arguments from the stack that lie above a height.
func (a *arena) popArgs(height int) []expr.Expr {
	args := slices.Clone(a.args[height:])
	a.args = a.args[:height]
	return args
}

// popProperties takes the properties from the stack that lie above a height,
// the last one of each name.
func (a *arena) popProperties(height int) []expr.Property {
	ps := slices.Clone(lastOfProperties(a.properties[height:]))
	a.properties = a.properties[:height]
	return ps
}
