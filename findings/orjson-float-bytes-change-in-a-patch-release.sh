#!/usr/bin/env bash
# orjson writes large floats in another form from one patch release on.
#
# Expected: the bytes of a serializer stay the same within 3.11, or such a change comes with a major version.
# Happens:  3.11.6 writes 1e16 as `1e16`, 3.11.7 as `1e+16`. Small floats (1e-7) keep their form. msgspec 0.23.0 writes `1e16`.
# Matters:  replays that are compared byte by byte, deduplication by a hash of the body, and compacted state compared with what is stored
#   all see a change where the value is the same, after a routine upgrade or where two workers have different versions.
# Seen with orjson 3.11.6, 3.11.7, 3.13.0 and msgspec 0.23.0 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
pip() { venv/bin/pip install --quiet --disable-pip-version-check "$@"; }
pip msgspec==0.23.0
for version in 3.11.6 3.11.7 3.13.0; do
  pip --target "orjson-$version" "orjson==$version"
done

cat >written.py <<'PY'
import orjson

print(orjson.dumps([1e15, 1e16, 2.5e20, 1e-7]).decode())
PY
seen=
for version in 3.11.6 3.11.7 3.13.0; do
  line="orjson $version: $(PYTHONPATH="orjson-$version" venv/bin/python written.py)"
  printf '%s\n' "$line"
  seen+="$line"$'\n'
done
line="msgspec 0.23.0: $(venv/bin/python -c 'import msgspec; print(msgspec.json.encode([1e15, 1e16, 2.5e20, 1e-7]).decode())')"
printf '%s\n' "$line"
seen+="$line"$'\n'

expected='orjson 3.11.6: [1000000000000000.0,1e16,2.5e20,1e-7]
orjson 3.11.7: [1000000000000000.0,1e+16,2.5e+20,1e-7]
orjson 3.13.0: [1000000000000000.0,1e+16,2.5e+20,1e-7]
msgspec 0.23.0: [1000000000000000.0,1e16,2.5e20,1e-7]
'
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
