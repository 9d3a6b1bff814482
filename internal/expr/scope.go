package expr

// Scope answers what an expression cannot know by itself. A scope belongs to
// one evaluation and need not be safe for concurrent use.
type Scope interface {
	// Name is the value of an identifier, and whether there is such a one.
	Name(name string) (Value, bool)
	// Call is the value of a function that depends on where it is called:
	// parameters('x'), resourceGroup(), reference(…), a user-defined function,
	// loadTextContent(…). base is the value before the dot, or the zero Value.
	// It returns false for a name that is not one of these. args are evaluated.
	Call(base Value, name string, args []Value) (Value, bool)
}

type localScope struct {
	Scope
	locals map[string]Value
}

// WithLocals is the scope with values for some names, which hide the outer
// ones. Names are compared with case, as identifiers are in Bicep.
func WithLocals(s Scope, locals map[string]Value) Scope { return localScope{s, locals} }

// Name is the local of that name, else what the outer scope has.
func (s localScope) Name(name string) (Value, bool) {
	if v, ok := s.locals[name]; ok {
		return v, true
	}
	return s.Scope.Name(name)
}

type elementScope struct {
	Scope
	name  string
	value Value
}

// WithElement is the inside of a loop: the scope with values for the names that
// the loop gives to the element and, unless index is "", to its position. What
// a loop brings is kept with its scope, so this one is small.
func WithElement(s Scope, item, index string, element, position Value) Scope {
	s = elementScope{s, item, element}
	if index != "" {
		s = elementScope{s, index, position}
	}
	return s
}

// Name is the element or its position, else what the outer scope has.
func (s elementScope) Name(name string) (Value, bool) {
	if name == s.name {
		return s.value, true
	}
	return s.Scope.Name(name)
}
