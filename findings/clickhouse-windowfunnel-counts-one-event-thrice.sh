#!/usr/bin/env bash
# ClickHouse's windowFunnel lets one event be several steps, and ignores the order within a second.
#
# Expected: a funnel of three steps is complete after three events in that order; `viewed, viewed again, bought` needs two views.
# Happens:  1. one event completes every consecutive step whose condition it meets: a single view counts as 3 of `view, view, view`;
#   2. events of the same second complete the funnel in whatever order they came, even backwards, and DateTime64 with its milliseconds
#   is refused as the time. Mode 'strict_increase' demands later times for each step, and then loses quick customers instead.
# Matters:  "viewed the product twice" is met by everybody who viewed it once, and a page that sends its events in bursts shows funnels
#   that never happened. Give it toUInt64(toUnixTimestamp64Milli(t)) with a window in milliseconds, and conditions
#   that exclude each other.
# Seen with chdb 4.4.0 (ClickHouse 26.9) on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-deps chdb==4.4.0 chdb-core==26.9.0

cat >funnel.py <<'PY'
import chdb


def level(steps: str, events: list[str], mode: str = "", time: str = "DateTime") -> str:
    rows = ", ".join(f"('{moment}', '{name}')" for moment, name in (e.split("=") for e in events))
    query = (
        f"SELECT windowFunnel(3600{mode})(t, {', '.join(f'e = {s!r}' for s in steps.split())}) "
        f"FROM values('t {time}, e String', {rows})"
    )
    try:
        return str(chdb.query(query, "TSV")).strip()
    except RuntimeError as error:
        return "refused" if "Illegal type DateTime64" in str(error) else f"other error: {error}"


second = "2026-01-05 12:00:00"
backwards = [f"{second}=order", f"{second}=cart", f"{second}=view"]
print("one view, steps view view view:", level("view view view", [f"{second}=view"]))
print("order, cart, view in one second, steps view cart order:", level("view cart order", backwards))
print("the same, strict_increase:", level("view cart order", backwards, ", 'strict_increase'"))
print("with DateTime64(3):", level("view cart order", backwards, time="DateTime64(3)"))
PY
seen=$(venv/bin/python funnel.py)
printf '%s\n' "$seen"
expected='one view, steps view view view: 3
order, cart, view in one second, steps view cart order: 3
the same, strict_increase: 1
with DateTime64(3): refused'
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
