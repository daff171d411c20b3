#!/usr/bin/env bash
# The CloudEvents SDK's binary mode for Kafka does not carry what its structured mode carries.
#
# Expected: one event comes back the same from either mode, and no data is a null value, which a compacted topic needs as a tombstone.
# Happens:  in binary mode (headers `ce_...`) a boolean extension is written as `True`, not `true` as the specification's text form says, and
#   comes back as the text 'True'; an integer comes back as text; a JSON string is written without its quotes though the content type says
#   application/json; and an event without data has an empty value, not null.
# Matters:  a consumer that tests `consent == true` or reads the body with a JSON parser works with one producer's mode and fails with the
#   other's, and customers who were to be erased from a compacted topic stay in it.
# Seen with cloudevents 2.2.0 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cloudevents==2.2.0

cat >modes.py <<'PY'
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

FORMAT = JSONFormat()
BASE = {"type": "shop.consent", "source": "shop", "id": "1", "datacontenttype": "application/json"}

event = CloudEvent(attributes={**BASE, "consent": True, "attempt": 3}, data="S-1")
for mode in ("binary", "structured"):
    message = getattr(kafka, f"to_{mode}")(event, FORMAT)
    back = getattr(kafka, f"from_{mode}")(message, FORMAT)
    print(mode, "comes back:", repr(back.get_extension("consent")), repr(back.get_extension("attempt")))
message = kafka.to_binary(event, FORMAT)
print("binary headers:", message.headers["ce_consent"], message.headers["content-type"], "value:", message.value)
print("binary value without data:", kafka.to_binary(CloudEvent(attributes=BASE, data=None), FORMAT).value)
PY
seen=$(venv/bin/python modes.py)
printf '%s\n' "$seen"
expected="binary comes back: 'True' '3'
structured comes back: True 3
binary headers: b'True' b'application/json' value: b'S-1'
binary value without data: b''"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
