#!/usr/bin/env bash
# dkimpy signs List-Unsubscribe and leaves List-Unsubscribe-Post unsigned.
#
# Expected: dkim.sign without a list of headers signs all headers that a bulk mail has, as a signer that knows List-Unsubscribe would.
# Happens:  its list is that of RFC 4871: List-Unsubscribe is signed, List-Unsubscribe-Post (RFC 8058) and Feedback-ID are not. dkim.verify
#   is content. nodemailer signs List-Unsubscribe-Post by default.
# Matters:  RFC 8058 asks for both headers under one valid signature: without it a mailbox provider shows no one-click unsubscribe, and
#   people press "spam" instead. Name the headers (include_headers), List-Unsubscribe-Post among them.
# Seen with dkimpy 1.1.8 on Python 3.11, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dkimpy==1.1.8 cryptography==46.0.3

cat >sign.py <<'PY'
import re

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
pem = key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
mail = "\r\n".join((
    "From: Shop <news@shop.example>",
    "To: someone@customer.example",
    "Subject: Your cart",
    "Date: Mon, 30 Nov 2026 09:00:00 +0000",
    "Message-ID: <1@shop.example>",
    "List-Unsubscribe: <https://shop.example/unsubscribe/1>",
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    "Feedback-ID: cart:1:shop",
    "",
    "Hello\r\n",
)).encode()
for how in ({}, {"include_headers": [b"from", b"subject", b"list-unsubscribe", b"list-unsubscribe-post"]}):
    signature = dkim.sign(mail, b"s1", b"shop.example", pem, **how)
    names = re.search(rb"h=([^;]*)", re.sub(rb"\s", b"", signature))[1].decode().split(":")
    print("named" if how else "default", *(f"{n}={n in names}" for n in ("list-unsubscribe", "list-unsubscribe-post", "feedback-id")))
PY
seen=$(venv/bin/python sign.py)
expected='default list-unsubscribe=True list-unsubscribe-post=False feedback-id=False
named list-unsubscribe=True list-unsubscribe-post=True feedback-id=False'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
