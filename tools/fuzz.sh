#!/bin/sh
# Runs every fuzz target of the repository for FUZZTIME, one after another.
# Making an interesting input smaller is bounded, or it takes all the time of targets with large seeds.
set -eu
: "${GO:=go}" "${FUZZTIME:=30s}"
grep -rlE '^func Fuzz[A-Z0-9_]' --include='*_test.go' . | sed 's,/[^/]*$,,' | sort -u | while read -r dir; do
	for target in $("$GO" test -list '^Fuzz' "$dir" | grep '^Fuzz'); do
		echo "$dir $target"
		"$GO" test -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 100x "$dir" </dev/null
	done
done
