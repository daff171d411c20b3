#!/usr/bin/env bash
# The Python library of Standard Webhooks answers broken signatures and bodies with errors other than its own.
#
# Expected: verify() raises WebhookVerificationError where the headers or the signature are not valid, as its docstring says.
# Happens:  a webhook-signature without a comma is a ValueError (unpacking), one that is no base64 a binascii.Error, a body that is no UTF-8 a
#   UnicodeDecodeError, a signed body that is no JSON a JSONDecodeError. A wrong signature and a stale time are its own error.
# Matters:  `except WebhookVerificationError: return 401` answers 500 to whoever posts a malformed header; senders come again for days, and
#   monitors ring. Compare with sign(), or catch ValueError too (all four are one). It also reads the machine's clock: no time can be given.
# Seen with standardwebhooks 1.1.0 on Python 3.11, 2026-12-01.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check standardwebhooks==1.1.0

cat >verify.py <<'PY'
import time
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

hook, now = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), int(time.time())
headers = {"webhook-id": "m", "webhook-timestamp": str(now), "webhook-signature": "v1,AAAA"}
signed = {**headers, "webhook-signature": hook.sign("m", datetime.fromtimestamp(now, tz=UTC), "no json")}
for name, body, given in (
    ("another signature", "{}", headers),
    ("stale", "{}", {**headers, "webhook-timestamp": "1"}),
    ("no comma", "{}", {**headers, "webhook-signature": "v1"}),
    ("no base64", "{}", {**headers, "webhook-signature": "v1,A"}),
    ("no utf-8", b"\xff", headers),
    ("signed, no json", "no json", signed),
):
    try:
        hook.verify(body, given)
    except Exception as error:
        print(f"{name}: {type(error).__name__}{' (ValueError)' if isinstance(error, ValueError) else ''}")
PY
seen=$(venv/bin/python verify.py)
expected='another signature: WebhookVerificationError
stale: WebhookVerificationError
no comma: ValueError (ValueError)
no base64: Error (ValueError)
no utf-8: UnicodeDecodeError (ValueError)
signed, no json: JSONDecodeError (ValueError)'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
