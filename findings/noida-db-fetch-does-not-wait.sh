#!/usr/bin/env bash
# noida-db answers a fetch at once, whatever wait it was asked for.
#
# Expected: Kafka's long poll. A consumer that asks for `max_wait_ms=1000` on an empty partition gets its empty answer after a second,
#   so about 3 fetches go out in 3 seconds.
# Happens:  the embedded broker answers in well under a millisecond; the client asks again at once, thousands of times a second.
# Matters:  an idle pipeline on the embedded broker burns processor time in broker and workers, and no consumer setting for waiting
#   (fetch_max_wait_ms, fetch_min_bytes) calms it; measurements of idle load there say nothing about Apache Kafka.
# Seen with noida-db 0.2.3 and aiokafka 0.14.0 on Python 3.11, Linux x86-64, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
broker=
cleanup() {
  if [ -n "$broker" ]; then kill "$broker" 2>/dev/null || true; wait "$broker" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check noida-db==0.2.3 aiokafka==0.14.0

binary=$(venv/bin/python -c 'import noida_db, pathlib; print(pathlib.Path(noida_db.__file__).with_name("noida-db"))')
port=$(venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$binary" start --only kafka --kafka-port "$port" --data-dir "$work/data" >broker.log 2>&1 &
broker=$!

cat >measure.py <<'PY'
import asyncio
import socket
import sys
import time

from aiokafka import AIOKafkaConsumer

PORT = int(sys.argv[1])
SECONDS = 3


async def main() -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", PORT), 1).close()
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
    consumer = AIOKafkaConsumer(
        "orders",
        bootstrap_servers=f"127.0.0.1:{PORT}",
        fetch_max_wait_ms=1000,
        fetch_min_bytes=1,
    )
    await consumer.start()
    fetches = 0
    send = consumer._client.send

    async def counted(node_id, request, **options):
        nonlocal fetches
        answer = await send(node_id, request, **options)
        fetches += type(request).__name__.startswith("FetchRequest")
        return answer

    consumer._client.send = counted
    try:
        await asyncio.wait_for(consumer.getone(), SECONDS)
        raise SystemExit("differs: the empty topic held a record")
    except asyncio.TimeoutError:
        pass
    finally:
        await consumer.stop()
    print(f"fetches answered in {SECONDS} s with fetch_max_wait_ms=1000 on an empty topic: {fetches}")
    if fetches < 30:
        raise SystemExit("differs: the broker now waits")


asyncio.run(main())
PY
timeout 60 venv/bin/python measure.py "$port"
