#!/usr/bin/env bash
# Amplitude's Python SDK sends an event without any of its properties when one of them is a Decimal, a date or a tuple.
#
# Expected: a property that cannot be sent is converted or left out, or an error names it.
# Happens:  one such value, also deep inside (a None in a list), and event_properties is not set at all: the event goes out bare, and nothing
#   is raised or logged, at level DEBUG neither. A plain None loses itself alone; NaN goes out as NaN, which is no JSON.
# Matters:  prices are Decimals and times are datetimes: Order Completed arrives with no products, value or order_id. Convert before.
# Seen with amplitude-analytics 1.3.0 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check amplitude-analytics==1.3.0

cat >events.py <<'PY'
import json
import logging
from datetime import UTC, date, datetime
from decimal import Decimal

from amplitude import BaseEvent

logging.basicConfig(level=logging.DEBUG, format="logged: %(message)s")
values = (
    19.99, None, float("nan"), [{"sku": "a"}], Decimal("19.99"), datetime(2026, 11, 30, tzinfo=UTC), date(2026, 11, 30), ("a", "b"), ["a", None],
)
for value in values:
    event = BaseEvent("Order Completed", user_id="1", event_properties={"order_id": "o-1", "value": value})
    print(type(value).__name__, json.dumps(event.get_event_body().get("event_properties", "nothing")))
PY
seen=$(venv/bin/python events.py 2>&1)
expected='float {"order_id": "o-1", "value": 19.99}
NoneType {"order_id": "o-1"}
float {"order_id": "o-1", "value": NaN}
list {"order_id": "o-1", "value": [{"sku": "a"}]}
Decimal "nothing"
datetime "nothing"
date "nothing"
tuple "nothing"
list "nothing"'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
