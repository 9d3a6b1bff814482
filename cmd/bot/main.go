// Command bot is onboard-defender: a GitHub App that says on pull requests
// which API Management APIs would be published without Microsoft Defender for
// APIs, and the same check and fix for a folder.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/onboard-defender/onboard-defender/internal/config"
)

// Exit statuses; scripts rely on them.
const (
	exitOK    = 0
	exitFail  = 1 // APIs are unprotected, or failing findings are left
	exitError = 2 // bad usage, bad configuration, or something could not be evaluated
)

// statusError ends the program with a status and says nothing.
type statusError int

// Error names the status; it is not shown.
func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], environment{
		stdout: os.Stdout, stderr: os.Stderr, lookup: config.System().Lookup, now: time.Now,
		terminal: isTerminal(os.Stdout), errTerminal: isTerminal(os.Stderr),
	})
	stop()
	os.Exit(status)
}

// environment is what the commands use of the world.
type environment struct {
	stdout, stderr        io.Writer
	lookup                func(string) (string, bool)
	now                   func() time.Time
	terminal, errTerminal bool // stdout and stderr are terminals
}

// colour reports whether output to the terminal may be coloured.
// https://no-color.org
func (e environment) colour() bool {
	off, _ := e.lookup("NO_COLOR")
	term, _ := e.lookup("TERM")
	return e.terminal && off == "" && term != "dumb"
}

// rootCommand is the program's command with all that are below it.
func rootCommand(env environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "bot",
		Short: "Microsoft Defender for APIs, before the merge",
		Long: "bot finds the Azure API Management APIs that ARM and Bicep templates would publish without\n" +
			"Microsoft Defender for APIs, and writes the Microsoft.Security/apiCollections resource they lack.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		checkCommand(env), fixCommand(env), demoCommand(env), serveCommand(env), doctorCommand(env), configCommand(env), versionCommand(env),
	)
	return root
}

// run is the program: it returns the exit status.
func run(ctx context.Context, args []string, env environment) int {
	root := rootCommand(env)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var status statusError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, context.Canceled):
		_, _ = fmt.Fprintln(env.stderr, "bot: interrupted") //nolint:errcheck // nobody is left to tell
		return exitError
	}
	_, _ = fmt.Fprintln(env.stderr, "bot: "+err.Error()) //nolint:errcheck // nobody is left to tell
	return exitError
}
