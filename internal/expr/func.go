package expr

import (
	"errors"
	"fmt"
	"strings"
)

// Func is a function of the template language that gives the same answer for
// the same arguments. Arity and arguments that are not known are handled in
// one place, [Evaluator.Apply].
type Func struct {
	// Name as documented; calls are matched without case.
	Name string
	// MinArgs and MaxArgs bound the number of arguments; MaxArgs < 0 is "any".
	MinArgs, MaxArgs int
	// Shallow says that Eval works on arrays and objects whose elements may be
	// terms; otherwise it is called only when everything inside is known.
	Shallow bool
	// Eval computes the answer. It returns an error where Azure would refuse
	// the arguments; the answer is then unknown.
	Eval func(e *Evaluator, args []Value) (Value, error)
	// Partial, if set, simplifies a call whose arguments are not all known; it
	// returns false to leave it as a term.
	Partial func(e *Evaluator, args []Value) (Value, bool)
	// Result is the kind of the answer, KindUnknown when it varies.
	Result Kind
}

// errArgument says that a function was called with something it does not take.
var errArgument = errors.New("argument not accepted")

// argument is an error for the i-th argument, counted from 0.
func argument(i int, want string) error {
	return fmt.Errorf("%w: argument %d is not %s", errArgument, i+1, want)
}

// Function finds a function by name, ignoring case.
func Function(name string) (*Func, bool) {
	f, ok := functions()[strings.ToLower(name)]
	return f, ok
}
