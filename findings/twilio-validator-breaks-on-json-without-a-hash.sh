#!/usr/bin/env bash
# Twilio's RequestValidator raises TypeError for a JSON body whose address has no bodySHA256, instead of saying that it is not valid.
#
# Expected: validate(url, body, signature) is False for a request that is not signed as it has to be, whatever it is.
# Happens:  a body given as text is taken for a mapping of parameters unless the query has bodySHA256: "string indices must be integers".
#   Without a signature header (None) it raises as well; with bodySHA256 and a wrong body it says False.
# Matters:  anybody can make an endpoint answer 500 by a POST of JSON; Twilio takes a 5xx for a reason to come again, and monitors for a fault.
#   Look for bodySHA256 before, and refuse JSON without it: nothing else that is signed says what the body was.
# Seen with twilio 9.13.0 on Python 3.11, 2026-12-01.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check twilio==9.13.0

cat >validate.py <<'PY'
from twilio.request_validator import RequestValidator

validator = RequestValidator("token")
url, body = "https://shop.example/callbacks/twilio", '{"a": 1}'
hashed = f"{url}?bodySHA256={validator.compute_hash(body)}"
for name, asked in (
    ("form, wrong signature", (url, {"a": "1"}, "wrong")),
    ("form, no signature", (url, {"a": "1"}, None)),
    ("json with a hash", (hashed, body, validator.compute_signature(hashed, {}))),
    ("json with the hash of another body", (hashed, body + " ", validator.compute_signature(hashed, {}))),
    ("json without a hash", (url, body, validator.compute_signature(url, {}))),
):
    try:
        print(f"{name}: {validator.validate(*asked)}")
    except Exception as error:
        print(f"{name}: {type(error).__name__}")
PY
seen=$(venv/bin/python validate.py)
expected='form, wrong signature: False
form, no signature: TypeError
json with a hash: True
json with the hash of another body: False
json without a hash: TypeError'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
