#!/usr/bin/env bash
# noida-db saves on SIGTERM, and loses confirmed records on SIGHUP.
#
# Expected: a broker that saves when it is stopped in order does so for each ordinary ending: SIGTERM, Ctrl-C, a terminal that closes.
# Happens:  SIGTERM and SIGINT end it with status 0 and every record is there after a restart. SIGHUP ends it at once, and records that it had
#   confirmed with acks=all are gone: in a short run the topic itself no longer exists.
# Matters:  a pipeline tried out from an SSH session loses its last orders when the session drops, though the producer was told they were
#   safe. Start it with nohup or under a service manager.
# Seen with noida-db 0.2.3 and aiokafka 0.14.0 on Python 3.11, Linux x86-64, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check noida-db==0.2.3 aiokafka==0.14.0

cat >measure.py <<'PY'
import asyncio
import pathlib
import signal
import socket
import subprocess
import sys
import time

import noida_db
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a timeout stops the broker too
BINARY = pathlib.Path(noida_db.__file__).with_name("noida-db")
RECORDS = 200
PARTITION = TopicPartition("orders", 0)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(data: str, port: int) -> subprocess.Popen:
    args = [BINARY, "start", "--only", "kafka", "--kafka-port", str(port), "--data-dir", data]
    broker = subprocess.Popen(
        args,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return broker
        except OSError:
            if time.monotonic() > deadline or broker.poll() is not None:
                broker.kill()
                raise
            time.sleep(0.05)


async def produce(port: int) -> int:
    producer = AIOKafkaProducer(bootstrap_servers=f"127.0.0.1:{port}", acks="all")
    await producer.start()
    try:
        sent = [await producer.send("orders", b"order", partition=0) for _ in range(RECORDS)]
        return len(await asyncio.gather(*sent))
    finally:
        await producer.stop()


async def kept(port: int) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=f"127.0.0.1:{port}")
    await consumer.start()
    try:
        if "orders" not in await consumer.topics():
            return 0
        return (await consumer.end_offsets([PARTITION]))[PARTITION]
    finally:
        await consumer.stop()


def after(end: signal.Signals) -> int:
    port = free_port()
    broker = start(end.name, port)
    try:
        confirmed = asyncio.run(produce(port))
        broker.send_signal(end)
        status = broker.wait(20)
        broker = start(end.name, port)
        left = asyncio.run(kept(port))
    finally:
        broker.terminate()
        broker.wait(20)
    print(f"{end.name}: {confirmed} confirmed, exit status {status}, {left} after the restart")
    return left


saved = after(signal.SIGTERM), after(signal.SIGINT)
lost = after(signal.SIGHUP)
if saved != (RECORDS, RECORDS) or lost == RECORDS:
    raise SystemExit("differs: all three endings are now alike, or a saved record is missing")
PY
timeout 70 venv/bin/python measure.py
