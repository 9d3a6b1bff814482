#!/bin/sh
# Writes the generated files, or checks that they are what would be written:
# generated.sh write | check
set -eu
: "${GO:=go}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

stale() {
	cat "$tmp/out"
	echo 'out of date: run make generate' >&2
	exit 1
}

case ${1:-} in
write)
	"$GO" test ./internal/config -run '^TestGenerated$' -update >/dev/null
	"$GO" mod tidy
	;;
check)
	"$GO" test ./internal/config -run '^TestGenerated$' >"$tmp/out" 2>&1 || stale
	if ! "$GO" mod tidy -diff >"$tmp/out" 2>"$tmp/err"; then
		[ ! -s "$tmp/out" ] || stale
		# Tidying looks at more modules than a build needs, and they may be out of reach.
		echo "go.mod not checked: $(tail -n 1 "$tmp/err")" >&2
	fi
	;;
*)
	echo 'usage: generated.sh write | check' >&2
	exit 2
	;;
esac
