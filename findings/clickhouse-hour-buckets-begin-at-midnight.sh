#!/usr/bin/env bash
# ClickHouse: buckets of 48 hours are one day long, and those of 7 hours end in one of 3.
#
# Expected: toStartOfInterval(t, INTERVAL 48 HOUR) makes the buckets that INTERVAL 2 DAY or INTERVAL 2880 MINUTE makes, all of one length.
# Happens:  intervals in hours begin anew at each midnight. So 36 or 48 hours give a bucket a day, and 7 hours give buckets of 7, 7, 7 and 3
#   hours. The same span said in minutes or days is counted through.
# Matters:  a table of orders "by 48 hours", the span of an attribution window, shows days: half of what each row claims, and no error.
# Seen with chdb 4.4.0 (ClickHouse 26.9) on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-deps chdb==4.4.0 chdb-core==26.9.0

cat >buckets.py <<'PY'
import chdb

# Ten days' hours by the bucket they fall into; buckets that the range cuts at its ends are left out.
QUERY = """
    SELECT arraySort(groupUniqArray(hours)) FROM (
        SELECT toStartOfInterval(toDateTime('2026-01-01 00:00:00', 'UTC') + number * 3600, INTERVAL {interval}) AS bucket,
               count() AS hours, min(number) AS first, max(number) AS last
        FROM numbers(10 * 24) GROUP BY bucket
    ) WHERE first > 0 AND last < 10 * 24 - 1"""
for interval in ("48 HOUR", "2 DAY", "2880 MINUTE", "7 HOUR", "420 MINUTE"):
    lengths = str(chdb.query(QUERY.format(interval=interval), "TSV")).strip()
    print(f"INTERVAL {interval}: buckets of {lengths} hours")
PY
seen=$(venv/bin/python buckets.py)
printf '%s\n' "$seen"
expected='INTERVAL 48 HOUR: buckets of [24] hours
INTERVAL 2 DAY: buckets of [48] hours
INTERVAL 2880 MINUTE: buckets of [48] hours
INTERVAL 7 HOUR: buckets of [3,7] hours
INTERVAL 420 MINUTE: buckets of [7] hours'
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
