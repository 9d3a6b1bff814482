package expr

import "fmt"

// Limits of one evaluation. The first two are the deployment engine's own:
// https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices
const (
	// MaxLoop is how often a loop may run.
	MaxLoop = 800
	// MaxExpression is the length of a template expression in characters.
	MaxExpression = 24576
	// MaxText is the length of a string that is still computed, in bytes.
	MaxText = 131072 * 8
	// MaxDepth is how deep evaluation may nest, references included.
	MaxDepth = 400
	// MaxSteps is how much work one evaluator does. It bounds the memory, too: what
	// comes out of a step takes up to fifty bytes.
	MaxSteps = 2_000_000
)

// LimitError says that evaluation stopped at a bound.
type LimitError struct {
	// What was exceeded, as a noun phrase with the limit: "800 loop iterations".
	What string
}

// Error is "limit exceeded: …".
func (e *LimitError) Error() string { return "limit exceeded: " + e.What }

// maxElements bounds an array that a function makes.
const maxElements = 100_000

func textLimit() *LimitError {
	return &LimitError{What: fmt.Sprintf("%d characters in one string", MaxText)}
}

func elementLimit() *LimitError {
	return &LimitError{What: fmt.Sprintf("%d elements in one array", maxElements)}
}

// callCost is how much more than a step it is to call a lambda or to go once
// through a loop, and fieldCost to put a property into an object. A step is
// meant to take less than 50 ns, so that the work of one deployment ends within
// 0.2 seconds.
const (
	callCost  = 8
	fieldCost = 16
)

// Err is the limit that was exceeded, nil when none was.
func (e *Evaluator) Err() *LimitError { return e.err }

// Reset forgets an exceeded limit so that the next expression gets its own
// answer; the work done so far still counts.
func (e *Evaluator) Reset() {
	if e.steps <= MaxSteps {
		e.err = nil
	}
}

// Exceed records that a limit was exceeded, and is unknown.
func (e *Evaluator) Exceed(what string) Value {
	if e.err == nil {
		e.err = &LimitError{What: what}
	}
	return Unknown()
}

// Spend counts n units of work; it is false when the evaluation has done too
// much.
func (e *Evaluator) Spend(n int) bool {
	if e.steps = min(e.steps+n, MaxSteps+1); e.steps > MaxSteps {
		e.Exceed(fmt.Sprintf("%d steps of work in one deployment", MaxSteps))
		return false
	}
	return true
}

// Steps is the work done so far.
func (e *Evaluator) Steps() int { return e.steps }

// Enter counts a level of nesting; it is false when there are too many. Every
// Enter that answered true needs a Leave.
func (e *Evaluator) Enter() bool {
	if e.depth >= MaxDepth {
		e.Exceed(fmt.Sprintf("%d levels of nesting", MaxDepth))
		return false
	}
	e.depth++
	return true
}

// Leave takes back one Enter.
func (e *Evaluator) Leave() { e.depth-- }

// stopped reports whether a limit was exceeded, so that going on is in vain.
func (e *Evaluator) stopped() bool { return e.err != nil }
