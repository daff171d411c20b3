#!/usr/bin/env bash
# Fetches the clients with their ordinary package clients into .cache/clients (or the folder given), once for each
# version of the files beside it; prints the folder. Needs mvn, a JDK 17, go and npm.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${1:-$here/../../.cache/clients}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
for tool in mvn java go npm python3; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed: install a Java 17 (or later), Maven, Go, Node.js and Python" >&2; exit 1; }
done
exec 9>"$cache/.lock"
if command -v flock >/dev/null; then flock 9; fi

# Whether a folder is as those files say; notes it for the next time when what follows has succeeded.
stale() { ! cat "${@:2}" | cmp -s - "$cache/$1/.made-of"; }
made() { cat "${@:2}" >"$cache/$1/.made-of"; }

if stale jdbc "$here/jdbc/pom.xml"; then
  rm -rf "$cache/jdbc"
  mvn -q -B -f "$here/jdbc/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/jdbc" >&2
  made jdbc "$here/jdbc/pom.xml"
fi
go=("$here/go/go.mod" "$here/go/go.sum" "$here/go/main.go")
if stale go "${go[@]}"; then
  rm -rf "$cache/go" && mkdir "$cache/go"
  (cd "$here/go" && go build -mod=readonly -o "$cache/go/reads" .) >&2
  made go "${go[@]}"
fi
js=("$here/js/package.json" "$here/js/package-lock.json" "$here/js/reads.mjs")
if stale js "${js[@]}"; then
  rm -rf "$cache/js" && mkdir "$cache/js"
  cp "${js[@]}" "$cache/js"
  (cd "$cache/js" && npm ci --silent --no-audit --no-fund) >&2
  made js "${js[@]}"
fi
if stale python "$here/python/requirements.txt"; then
  rm -rf "$cache/python"
  python3 -m venv "$cache/python"
  "$cache/python/bin/pip" install --quiet --disable-pip-version-check --prefer-binary -r "$here/python/requirements.txt" >&2
  made python "$here/python/requirements.txt"
fi
echo "$cache"
