package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand(env environment) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit and Go version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := buildVersion()
			_, err := fmt.Fprintf(env.stdout, "onboard-defender %s\ncommit %s\n%s\n", v.version, v.commit, v.goVersion)
			return err
		},
	}
}

type buildInfo struct{ version, commit, goVersion string }

// buildVersion is what the Go toolchain recorded in the binary.
func buildVersion() buildInfo {
	v := buildInfo{version: "(devel)", commit: "unknown", goVersion: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.goVersion = info.GoVersion
	if info.Main.Version != "" {
		v.version = info.Main.Version
	}
	dirty := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.commit = s.Value
		case "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	if dirty {
		v.commit += " (modified)"
	}
	return v
}
