#!/usr/bin/env bash
# Mixpanel's Python library drops the zone of a time and keeps its digits.
#
# Expected: datetime(..., tzinfo=New York) in an event's properties is sent with its offset, or in UTC.
# Happens:  both a time in New York and one in UTC are sent as "2026-11-30T09:00:00": the zone is cut off and nothing is converted.
#   Fractions of a second are cut off as well.
# Matters:  what a shop has as an aware time (a delivery, an appointment, an offer's end) lies hours off in whatever reads the events later.
#   Send milliseconds since 1970, or a text of your own.
# Seen with mixpanel 5.4.1 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check mixpanel==5.4.1 tzdata==2025.2

cat >send.py <<'PY'
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import mixpanel


class Printing:
    def send(self, endpoint, message, *rest, **more):
        print(json.loads(message)["properties"]["ends_at"])


client = mixpanel.Mixpanel("token", consumer=Printing())
for zone in (UTC, ZoneInfo("America/New_York"), None):
    client.track("customer-1", "Offer Shown", {"ends_at": datetime(2026, 11, 30, 9, 0, 0, 500_000, tzinfo=zone)})
PY
seen=$(venv/bin/python send.py)
expected='2026-11-30T09:00:00
2026-11-30T09:00:00
2026-11-30T09:00:00'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
