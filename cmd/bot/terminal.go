package main

import (
	"os"

	"golang.org/x/term"
)

// defaultWidth is how wide text is where there is no terminal to ask.
const defaultWidth = 100

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// terminalWidth is how many columns standard output has.
func terminalWidth() int {
	if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && w > 20 {
		return w
	}
	return defaultWidth
}
