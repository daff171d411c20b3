#!/usr/bin/env bash
# Segment's and RudderStack's Python SDKs read a time without a zone as local or as UTC, by how old it is.
#
# Expected: a naive datetime is taken in one way: as local time, or as UTC.
# Happens:  when it lies less than 5 seconds back, or ahead, it gets the machine's zone; when it is older, it is said to be UTC. In New York
#   two events 10 seconds apart leave the SDK about 5 hours apart, and in the wrong order.
# Matters:  the same code is right for live events and hours off for the ones that waited in a queue or were imported. Event-time logic
#   (abandonment delays, quiet hours, late orders) then fires hours off; nothing on the wire tells which were guessed.
# Seen with segment-analytics-python 2.4.0 and rudder-sdk-python 2.1.9 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check segment-analytics-python==2.4.0 rudder-sdk-python==2.1.9

cat >guess.py <<'PY'
import datetime as dt

from rudderstack.analytics.client import Client as Rudder
from segment.analytics.client import Client as Segment

now = dt.datetime.now()
for client in (Segment("key", send=False), Rudder("key", send=False)):
    for what, seconds in (("now", 0), ("in an hour", 3600), ("10 s ago", -10), ("a day ago", -86400)):
        moment = now + dt.timedelta(seconds=seconds)
        _, message = client.track("customer-1", "Order Completed", timestamp=moment)
        offset = dt.datetime.fromisoformat(message["timestamp"]).utcoffset()
        print(type(client).__module__.split(".")[0], what, "is sent with offset", offset / dt.timedelta(hours=1))
PY
seen=$(TZ=Etc/GMT+5 venv/bin/python guess.py) # five hours behind UTC all year
printf '%s\n' "$seen"
expected=$(for sdk in segment rudderstack; do
  echo "$sdk now is sent with offset -5.0"
  echo "$sdk in an hour is sent with offset -5.0"
  echo "$sdk 10 s ago is sent with offset 0.0"
  echo "$sdk a day ago is sent with offset 0.0"
done)
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
