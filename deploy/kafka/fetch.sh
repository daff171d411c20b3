#!/usr/bin/env bash
# Fetches Apache Kafka with Maven into .cache/kafka (or the folder given) once; prints the folder. Needs mvn and a JDK 17.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${1:-$here/../../.cache/kafka}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
exec 9>"$cache/.lock"
if command -v flock >/dev/null; then flock 9; fi
if ! cmp -s "$here/pom.xml" "$cache/pom.xml"; then
  for tool in mvn java; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed: install a Java 17 (or later) and Maven" >&2; exit 1; }
  done
  rm -rf "$cache/libs"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/libs" >&2
  cp "$here/pom.xml" "$cache/pom.xml"
fi
echo "$cache"
