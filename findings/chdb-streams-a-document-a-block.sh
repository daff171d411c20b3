#!/usr/bin/env bash
# chDB's streaming query gives a document of its own for each block, and none for an empty table with a head.
#
# Expected: the parts that `send_query(sql, format)` yields are the answer in pieces: put together, they are what
#   `query(sql, format)` gives, as with ClickHouse's HTTP interface.
# Happens:  each part begins and ends anew: of 200,000 rows in JSON come four whole JSON documents one behind another
#   (which no JSON parser takes), in CSVWithNames the names four times, in Parquet four files. A table without rows
#   yields nothing at all, though `query` gives its names: `fetch` takes a part without rows for the end.
# Matters:  whoever streams to a file or a client writes broken JSON and Parquet, and a line of names in the midst of
#   the data, without an error; only formats without a frame (CSV, TSV, JSONEachRow, Native) come out right.
#   `SELECT … INTO OUTFILE '…' APPEND` streams the answer as one document.
# Seen with chdb 4.4.0 (chdb-core 26.9.0) on Python 3.11, Linux x86-64, 2026-12-01.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check chdb==4.4.0 chdb-core==26.9.0

cat >parts.py <<'PY'
import json
import sys

import chdb

MANY = "SELECT number, toString(number) AS text FROM numbers(200000)"
NONE = "SELECT number FROM numbers(0)"
connection = chdb.connect(":memory:")


def streamed(sql: str, name: str) -> bytes:
    return b"".join(part.bytes() for part in connection.send_query(sql, name))


parsed = True
try:
    json.loads(streamed(MANY, "JSON"))
except ValueError as error:
    parsed = False
    print(f"JSON: {error}")
heads = streamed(MANY, "CSVWithNames").count(b'"number","text"')
files = streamed(MANY, "Parquet").count(b"PAR1") // 2
print(f"CSVWithNames: the names stand there {heads} times; Parquet: {files} files")
print(f"no rows: {connection.query(NONE, 'CSVWithNames').bytes()!r} as a whole, {streamed(NONE, 'CSVWithNames')!r} in parts")
whole = connection.query(MANY, "CSV").bytes() == streamed(MANY, "CSV")
print(f"CSV: the parts are the whole: {whole}")
sys.exit(0 if not parsed and heads > 1 and files > 1 and whole else 1)
PY
if venv/bin/python parts.py; then
  echo "FOUND: the parts of a streamed answer are documents of their own"
else
  echo "not found: the parts are the answer in pieces"
  exit 1
fi
