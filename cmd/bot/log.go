package main

import (
	"io"
	"log/slog"

	"github.com/onboard-defender/onboard-defender/internal/config"
)

// newLogger writes to w as the settings say: JSON for machines, text for people.
func newLogger(w io.Writer, process config.Process) *slog.Logger {
	o := &slog.HandlerOptions{Level: process.LogLevel}
	if process.LogFormat == config.LogText {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}
