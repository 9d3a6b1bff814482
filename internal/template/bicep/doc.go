// Package bicep reads Bicep: templates (.bicep) and parameters files
// (.bicepparam). [Parse] makes a lossless array of tokens and a syntax tree
// with exact places of any bytes whatever; what it cannot read becomes a
// diagnostic and a hole in the tree, and everything around it is kept.
//
// The package is for whoever lowers templates into the language-neutral model
// and for whoever edits them. It knows the syntax only: it resolves no names,
// checks no types and evaluates nothing, and it is more lenient than the
// compiler where leniency cannot change what is meant.
//
// The language is described in https://github.com/Azure/bicep/blob/main/docs/grammar.md.
package bicep
