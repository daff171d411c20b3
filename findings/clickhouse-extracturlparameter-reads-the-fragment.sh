#!/usr/bin/env bash
# ClickHouse's extractURLParameter finds the campaign of an inner address, or of the fragment.
#
# Expected: it returns the value of a parameter of the address's own query, decoded, as URL parsers do.
# Happens:  it takes the first `?name=`, `&name=` anywhere behind the first `?`: inside an unescaped address in another parameter (a redirect
#   target or referrer), and behind `#`; and it returns the value undecoded (`a%20b`), which decodeURLComponent turns right only for %20, not
#   for `+`. Python's parser is run beside it.
# Matters:  visits are credited to the campaign named in a redirect target, not to the one that brought the customer, and one campaign
#   appears under several spellings.
# Seen with chdb 4.4.0 (ClickHouse 26.9) on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-deps chdb==4.4.0 chdb-core==26.9.0

cat >parameter.py <<'PY'
from urllib.parse import parse_qs, urlsplit

import chdb

ADDRESSES = (
    "https://shop.example/?next=/sale?utm_source=inner&utm_source=outer",
    "https://shop.example/?page=1#top&utm_source=fragment",
    "https://shop.example/?utm_source=summer%20sale+2026",
)
for address in ADDRESSES:
    column = f"extractURLParameter('{address}', 'utm_source')"
    raw, decoded = str(chdb.query(f"SELECT {column}, decodeURLComponent({column})", "TSV")).rstrip("\n").split("\t")
    python = parse_qs(urlsplit(address).query).get("utm_source", [""])[0]
    print(f"{address}: {raw!r}, decoded {decoded!r}, Python {python!r}")
PY
seen=$(venv/bin/python parameter.py)
printf '%s\n' "$seen"
expected="https://shop.example/?next=/sale?utm_source=inner&utm_source=outer: 'inner', decoded 'inner', Python 'outer'
https://shop.example/?page=1#top&utm_source=fragment: 'fragment', decoded 'fragment', Python ''
https://shop.example/?utm_source=summer%20sale+2026: 'summer%20sale+2026', decoded 'summer sale+2026', Python 'summer sale 2026'"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
