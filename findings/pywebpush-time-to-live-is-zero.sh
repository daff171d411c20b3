#!/usr/bin/env bash
# pywebpush sends web pushes that live for 0 seconds; web-push of Node sends them for four weeks.
#
# Expected: a push sent without a time to live waits at the push service until the browser is online, as with the library for Node.
# Happens:  webpush() writes "TTL: 0": the push service delivers at once or drops the message, and answers 201 either way (RFC 8030, 5.2).
# Matters:  a reminder reaches nobody whose phone is off at that moment, and counts as accepted. Give ttl=, as long as the message holds.
# Seen with pywebpush 2.5.0 on Python 3.11 and web-push 3.6.7 on Node, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pywebpush==2.5.0
npm install --silent --no-fund --no-audit web-push@3.6.7 >npm.log

cat >send.py <<'PY'
import base64
import os

import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pywebpush import webpush


def text(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def answer(self, method, url, **how):
    print("pywebpush", how["headers"]["ttl"])
    response = requests.Response()
    response.status_code = 201
    return response


requests.Session.request = answer
browser, shop = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
public = browser.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
webpush(
    {"endpoint": "https://push.example/1", "keys": {"p256dh": text(public), "auth": text(os.urandom(16))}},
    data="Your cart waits",
    vapid_private_key=text(shop.private_numbers().private_value.to_bytes(32, "big")),
    vapid_claims={"sub": "mailto:it@shop.example"},
)
PY
cat >send.js <<'JS'
const push = require('web-push')
const crypto = require('crypto')
const browser = crypto.createECDH('prime256v1')
browser.generateKeys()
const shop = push.generateVAPIDKeys()
const keys = { p256dh: browser.getPublicKey('base64url'), auth: crypto.randomBytes(16).toString('base64url') }
const vapidDetails = { subject: 'mailto:it@shop.example', publicKey: shop.publicKey, privateKey: shop.privateKey }
const made = push.generateRequestDetails({ endpoint: 'https://push.example/1', keys }, 'Your cart waits', { vapidDetails })
console.log('web-push', made.headers.TTL)
JS
seen=$(venv/bin/python send.py; node send.js)
expected='pywebpush 0
web-push 2419200'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
