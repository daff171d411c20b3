#!/usr/bin/env bash
# Python's email package writes a List-Unsubscribe whose address is longer than a line as encoded words, which no mailbox decodes there.
#
# Expected: List-Unsubscribe holds a URL in angle brackets as it is (RFC 2369); a line may have 998 characters (RFC 5322), so it stands whole.
# Happens:  a URL over some 75 characters is no word that could be folded, so EmailMessage writes it as =?utf-8?q?=3Chttps=3A//...?= in several
#   pieces, pure ASCII though it is. A shorter one stands whole. The old policy (compat32) leaves both as they are.
# Matters:  an address with a signed token is always longer: mailboxes show no button to unsubscribe, and Gmail and Yahoo ask bulk senders for
#   one. Nothing fails; reading the message back with the same package decodes it, so a test that does so sees nothing.
#   A policy whose fold_binary() writes this header on one line helps.
# Seen with Python 3.11.2, 2026-12-01.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >write.py <<'PY'
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import SMTP, compat32

for length in (30, 64):
    url = f"<https://shop.example/v1/unsubscribe?u={'x' * length}>"
    made = EmailMessage(policy=SMTP)
    made["List-Unsubscribe"] = url
    old = Message(policy=compat32)
    old["List-Unsubscribe"] = url
    for name, message in (("SMTP", made), ("compat32", old)):
        raw = message.as_bytes().decode()
        print(length, name, "whole" if url in raw else "encoded" if "=?utf-8?q?" in raw else "changed")
    back = message_from_bytes(made.as_bytes(), policy=SMTP)["List-Unsubscribe"].strip()
    print(length, "read back", "whole" if url == back else "changed")
PY
seen=$(python3 write.py)
expected='30 SMTP whole
30 compat32 whole
30 read back whole
64 SMTP encoded
64 compat32 whole
64 read back whole'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
