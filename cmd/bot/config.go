package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/onboard-defender/onboard-defender/internal/config"
	"github.com/onboard-defender/onboard-defender/internal/diag"
	"github.com/onboard-defender/onboard-defender/internal/source"
)

func configCommand(env environment) *cobra.Command {
	c := &cobra.Command{
		Use:                   "config",
		Short:                 "Check repository settings, or print their schema",
		Args:                  cobra.NoArgs, // without RunE it would not be looked at
		RunE:                  func(c *cobra.Command, _ []string) error { return c.Help() },
		DisableFlagsInUseLine: true,
	}
	c.AddCommand(
		&cobra.Command{
			Use:   "validate [FILE]",
			Short: "Check a settings file (default .github/onboard-defender.yml)",
			Args:  cobra.MaximumNArgs(1),
			RunE:  func(_ *cobra.Command, args []string) error { return validateConfig(env, args) },
		},
		&cobra.Command{
			Use:   "schema",
			Short: "Print the JSON Schema of the settings",
			Args:  cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				_, err := env.stdout.Write(config.Schema())
				return err
			},
		},
	)
	return c
}

func validateConfig(env environment, args []string) error {
	name := filepath.Join(".github", "onboard-defender.yml")
	if len(args) == 1 {
		name = args[0]
	}
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s does not exist", name)
	}
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	f := source.NewFile(filepath.ToSlash(name), content)
	_, problems := config.Parse(f)
	for i, p := range problems {
		if i > 0 {
			if _, err := fmt.Fprintln(env.stdout); err != nil {
				return err
			}
		}
		text := diag.Render(p, func(string) *source.File { return f }, diag.RenderOptions{Colour: env.colour(), Width: terminalWidth()})
		if _, err := fmt.Fprint(env.stdout, text); err != nil {
			return err
		}
	}
	if len(failures(problems)) > 0 {
		return statusError(exitError)
	}
	_, err = fmt.Fprintf(env.stdout, "%s is valid\n", name)
	return err
}
