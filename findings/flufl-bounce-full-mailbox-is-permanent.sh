#!/usr/bin/env bash
# flufl.bounce (the bounce reader of Mailman) counts a full mailbox among the permanent failures.
#
# Expected: a delivery report with status 4.2.2 (mailbox full, persistent transient by RFC 3463) is a temporary failure.
# Happens:  the status is not looked at: "Action: failed" is permanent, "Action: delayed" is temporary. When a queue gives up after days, the
#   report says "failed" beside 4.2.2 or 4.4.7, and scan_message, which returns permanent failures alone, returns the address.
# Matters:  a list that removes what scan_message returns loses customers who were on holiday. Read the status of the report.
# Seen with flufl.bounce 6.0.0 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check flufl.bounce==6.0.0

cat >scan.py <<'PY'
from email import message_from_string

from flufl.bounce import all_failures

REPORT = """From: mailer-daemon@provider.example
To: bounces@shop.example
Subject: Delivery report
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: text/plain

Your message was not delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; provider.example

Final-Recipient: rfc822; someone@provider.example
Action: {action}
Status: {status}

--B--
"""
for action, status in (("delayed", "4.2.2"), ("failed", "4.2.2"), ("failed", "4.4.7"), ("failed", "5.1.1")):
    temporary, permanent = all_failures(message_from_string(REPORT.format(action=action, status=status)))
    print(action, status, "temporary" if temporary else "", "permanent" if permanent else "")
PY
seen=$(venv/bin/python scan.py | sed 's/  */ /g; s/ $//')
expected='delayed 4.2.2 temporary
failed 4.2.2 permanent
failed 4.4.7 permanent
failed 5.1.1 permanent'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
