#!/usr/bin/env bash
# Segment's and RudderStack's Python SDKs send an event without the fields they cannot encode, and report success.
#
# Expected: an order id of type uuid.UUID is sent as text (as a datetime or a Decimal is turned into JSON), or track() raises.
# Happens:  the field is left out, one line goes to the log, and track() returns True. In a list, one such item takes the whole list along;
#   in a list of dicts only the field goes, so products arrive as empty objects.
# Matters:  Order Completed arrives without its order_id, so orders are neither deduplicated nor matched with refunds, and `products`
#   may be empty, while every event is counted as delivered.
# Seen with segment-analytics-python 2.4.0 and rudder-sdk-python 2.1.9 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check segment-analytics-python==2.4.0 rudder-sdk-python==2.1.9

cat >fields.py <<'PY'
import uuid
from decimal import Decimal

from rudderstack.analytics.client import Client as Rudder
from segment.analytics.client import Client as Segment

ID = uuid.UUID(int=1)
CASES = (
    {"order_id": ID, "total": Decimal("19.99")},
    {"skus": ["S-1", ID]},
    {"products": [{"sku": ID}]},
)
for client in (Segment("key", send=False), Rudder("key", send=False)):
    for properties in CASES:
        accepted, message = client.track("customer-1", "Order Completed", properties=properties)
        print(type(client).__module__.split(".")[0], list(properties), accepted, message["properties"])
PY
seen=$(venv/bin/python fields.py 2>log)
printf '%s\n' "$seen"
echo "in the log:"
cat log
expected=$(for sdk in segment rudderstack; do
  echo "$sdk ['order_id', 'total'] True {'total': 19.99}"
  echo "$sdk ['skus'] True {}"
  echo "$sdk ['products'] True {'products': [{}]}"
done)
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
