#!/usr/bin/env bash
# aiosmtplib has not said EHLO when connect() returns, so it knows of no extension, whatever the server offers.
#
# Expected: after `await client.connect()` the client has greeted the server, and supports_extension("smtputf8") is True for a server that
#   offers SMTPUTF8, as a session of SMTP begins with EHLO.
# Happens:  without TLS and without a login connect() only reads the banner; supports_extension says False until ehlo() or the first MAIL.
# Matters:  whoever asks for SMTPUTF8 (or SIZE, or PIPELINING) before the first mail of a connection refuses addresses that the server would
#   take, on new connections and not on those that are used again.
# Seen with aiosmtplib 5.1.3 and aiosmtpd 1.4.6 on Python 3.11, Linux x86-64, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiosmtplib==5.1.3 aiosmtpd==1.4.6

cat >ask.py <<'PY'
import asyncio
import socket

from aiosmtpd.controller import Controller
from aiosmtplib import SMTP


class Taker:
    """Takes everything."""


def free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


async def main(port: int) -> None:
    client = SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False)
    await client.connect()
    before = client.supports_extension("smtputf8")
    await client.ehlo()
    after = client.supports_extension("smtputf8")
    await client.quit()
    print(f"after connect: {before}, after ehlo: {after}")
    assert (before, after) == (False, True), "aiosmtplib has changed"


server = Controller(Taker(), hostname="127.0.0.1", port=free(), enable_SMTPUTF8=True)
server.start()
try:
    asyncio.run(main(server.port))
finally:
    server.stop()
PY
venv/bin/python ask.py
