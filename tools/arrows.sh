#!/bin/sh
# Shows that the arrows between the rooms hold: in a copy of the repository it
# adds a package for each import that must not be, and expects depguard to refuse
# each of them, and nothing else.
set -eu
: "${GO:=go}"
internal=github.com/onboard-defender/onboard-defender/internal
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for f; do [ -e "$f" ] && printf "%s\0" "$f"; done' sh |
	tar -cf - --null -T - | tar -xf - -C "$copy"
cd "$copy"
depguard() { "$GO" tool -modfile=tools/go.mod golangci-lint run --enable-only depguard --output.text.print-issued-lines=false ./...; }

depguard >clean.txt 2>&1 || { cat clean.txt; echo 'arrows: the repository itself has imports that are refused' >&2; exit 1; }

# The folder that must not import, and the import.
cat >arrows.txt <<END
internal/check net/http
internal/check os
internal/expr math/rand
internal/fix log/slog
internal/diag $internal/expr
internal/expr $internal/template
internal/template $internal/glob
internal/template/arm $internal/template/bicep
internal/template/bicep $internal/template/arm
internal/deployment $internal/glob
internal/yamlguard $internal/source
internal/check $internal/template/bicep
internal/check $internal/fix
internal/fix $internal/github
internal/config $internal/fix
internal/review net/http
internal/review $internal/github
internal/review $internal/queue
internal/review $internal/template/arm
internal/github $internal/check
internal/github $internal/queue
internal/queue $internal/github
internal/registry $internal/deployment
internal/review $internal/registry
internal/deployment github.com/google/go-containerregistry/pkg/name
internal/server $internal/deployment
internal/server database/sql
internal/server os/exec
internal/review github.com/google/go-github/v60/github
cmd/bot github.com/riverqueue/river
cmd/bot modernc.org/sqlite
internal/review $internal/github/githubtest
internal/server $internal/github/openapitest
internal/source testing
END
n=0
while read -r dir import; do
	n=$((n + 1))
	# A package of its own, which the room's rule covers: in the room's, some would be import cycles.
	mkdir "$dir/arrow$n"
	printf 'package arrow%s\n\nimport _ "%s"\n' "$n" "$import" >"$dir/arrow$n/arrow.go"
done <arrows.txt
depguard >refused.txt 2>&1 || true

status=0
i=0
while read -r dir import; do
	i=$((i + 1))
	if why=$(grep -F "/arrow$i/arrow.go:" refused.txt); then
		printf 'refused  %s -> %s: %s\n' "$dir" "$import" "$(printf '%s\n' "$why" | head -n 1 | sed 's/.*list //; s/ (depguard)$//')"
	else
		printf 'ALLOWED  %s -> %s\n' "$dir" "$import"
		status=1
	fi
done <arrows.txt
[ $status = 0 ] || { cat refused.txt; echo 'arrows: an import that must not be was allowed' >&2; exit 1; }
echo "$n imports against the arrows were refused"
