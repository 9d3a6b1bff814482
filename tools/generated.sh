#!/bin/sh
# Writes the generated files, or checks that they are what would be written:
# generated.sh write | check
set -eu
: "${GO:=go}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status=0

# one FILE COMMAND...: FILE is what COMMAND prints.
one() {
	file=$1
	shift
	"$@" >"$tmp/new"
	case $mode in
	write) cp "$tmp/new" "$file" ;;
	check) diff -u "$file" "$tmp/new" || { echo "$file is out of date: run make generate" >&2; status=1; } ;;
	esac
}

# tidy FOLDER: go.mod and go.sum say what the code imports.
tidy() {
	case $mode in
	write) (cd "$1" && "$GO" mod tidy) ;;
	check) (cd "$1" && "$GO" mod tidy -diff) || { echo "$1/go.mod or $1/go.sum is out of date: run make generate" >&2; status=1; } ;;
	esac
}

mode=${1:-}
case $mode in write | check) ;; *)
	echo "usage: generated.sh write | check" >&2
	exit 2
	;;
esac
one docs/onboard-defender.schema.json "$GO" run ./cmd/bot config schema
tidy .
exit $status
