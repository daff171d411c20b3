"""The collector beside a bare aiohttp handler that reads and parses the same bodies and answers 200, in one run.

    python -m tests.bench.bench_collector [--seconds 6] [--rounds 3] [--connections 32]

Bodies are those of real SDKs (tests/data): single events as browsers send them, and batches of 20, plain and gzip. The
collector writes to disk and to an embedded broker. Each kind is sent to both in turns; printed are requests a second
by the clock and by the server's own processor time, their ratios, p99, and the collector's memory from round to round.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import orjson
from aiohttp import web

from schemas.decoding import decode

KEY = "bench-key-1"
TICKS = os.sysconf("SC_CLK_TCK")
WANTED = {"single": 0.5}
"""Least ratio by kind of body, by processor time."""
WANTED_OF_A_BATCH = 0.25
"""Its twenty events are each framed, written, packed and handed to Kafka, which the bare handler has no part of."""
DATA = Path(__file__).resolve().parents[1] / "data"


class Round(NamedTuple):
    """Requests, seconds by the clock and of the server's processor, and the 99th percentile in seconds."""

    requests: int
    clock: float
    processor: float
    p99: float


def bodies() -> dict[str, list[bytes]]:
    """Whole requests by kind."""
    lines = [*(DATA / "sdk-events.jsonl").open("rb"), *(DATA / "sdk-events-2.jsonl").open("rb")]
    events = [decode(line)["value"] for line in lines]  # the bare handler takes no lone surrogates
    for number, event in enumerate(events):
        event["messageId"] = f"bench-{number}"
    batches = [
        orjson.dumps({"batch": events[at : at + 20], "sentAt": "2026-12-01T00:00:00Z"}) for at in range(0, 120, 20)
    ]
    return {
        "single": [request("/v1/t", orjson.dumps(event)) for event in events],
        "batch of 20": [request("/v1/batch", body) for body in batches],
        "batch of 20, gzip": [
            request("/v1/batch", gzip.compress(body), "Content-Encoding: gzip\r\n") for body in batches
        ],
    }


def request(path: str, body: bytes, more: str = "") -> bytes:
    """A request as it is on the wire."""
    key = b64encode(f"{KEY}:".encode()).decode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {key}\r\nContent-Type: application/json\r\n"
    return f"{head}{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def load(port: int, requests: list[bytes], connections: int, seconds: float) -> tuple[int, list[float]]:
    """Send requests on so many connections, one after another on each. Returns how many, and their seconds."""
    taken: list[float] = []
    until = time.perf_counter() + seconds

    async def one(at: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (began := time.perf_counter()) < until:
            writer.write(requests[at % len(requests)])
            at += 1
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"answered {head[:80]!r}")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            taken.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(one(at * 7) for at in range(connections)))
    return len(taken), taken


async def measured(
    process: subprocess.Popen[bytes], port: int, requests: list[bytes], arguments: argparse.Namespace
) -> Round:
    """One round against a server."""
    before, began = processor(process.pid), time.perf_counter()
    count, taken = await load(port, requests, arguments.connections, arguments.seconds)
    clock, used = time.perf_counter() - began, processor(process.pid) - before
    return Round(count, clock, used, sorted(taken)[int(len(taken) * 0.99)])


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid: int) -> float:
    """Its memory, in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def bare(port: int) -> None:
    """The handler to be compared with."""

    async def take(request: web.Request) -> web.Response:
        orjson.loads(await request.read())
        return web.Response(body=b'{"success":true}', content_type="application/json")

    app = web.Application(client_max_size=2**30)
    app.add_routes([web.post("/v1/t", take), web.post("/v1/batch", take)])
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def until_open(port: int) -> None:
    """Returns when somebody listens there."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nobody listens on {port}")


def main() -> None:
    """Run, print, and exit with 1 when a ratio is below what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    arguments = parser.parse_args()
    kafka, plain, collect = free_ports(3)
    winback = str(Path(sys.executable).with_name("winback"))
    running: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(prefix="winback-bench-") as place:
        keys = Path(place) / "keys.yaml"
        keys.write_text(f"keys: [{{key: {KEY}, source: bench, channel: web}}]\n")
        env = os.environ | {
            "WINBACK_KAFKA": f"127.0.0.1:{kafka}", "WINBACK_COLLECT": f"127.0.0.1:{collect}", "WINBACK_METRICS": "",
            "WINBACK_COLLECT_KEYS": str(keys), "WINBACK_COLLECT_DIR": f"{place}/spool",
        }  # fmt: skip
        noida = str(files("noida_db").joinpath("noida-db"))
        try:
            running.append(subprocess.Popen(
                [noida, "start", "--only", "kafka", "--kafka-port", str(kafka), "--data-dir", f"{place}/kafka"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ))  # fmt: skip
            until_open(kafka)
            subprocess.run([winback, "topics", "--wait", "30"], env=env, check=True, stdout=subprocess.DEVNULL)
            running.append(
                subprocess.Popen([sys.executable, "-m", "tests.bench.bench_collector", "--bare", str(plain)])
            )
            running.append(subprocess.Popen([winback, "collect"], env=env))
            until_open(plain)
            until_open(collect)
            short = compare(running[1:], (plain, collect), arguments)
        finally:
            for process in reversed(running):
                process.send_signal(signal.SIGTERM)
                process.wait()
    sys.exit("; ".join(short) or 0)


def compare(
    processes: list[subprocess.Popen[bytes]], ports: tuple[int, int], arguments: argparse.Namespace
) -> list[str]:
    """Print the ratio of each kind of body; returns a line for each that is below what is wanted."""
    short = []
    for kind, requests in bodies().items():
        rounds: list[list[Round]] = [[], []]
        memory = []
        for _ in range(arguments.rounds):
            for at, process in enumerate(processes):
                rounds[at].append(asyncio.run(measured(process, ports[at], requests, arguments)))
            memory.append(f"{resident(processes[1].pid):.0f}")
        bare_, ours = (Round(*(sum(column) for column in zip(*side, strict=True))) for side in rounds)
        by_clock = ours.requests / ours.clock / (bare_.requests / bare_.clock)
        by_processor = ours.requests / ours.processor / (bare_.requests / bare_.processor)
        wanted = WANTED.get(kind, WANTED_OF_A_BATCH)
        if by_processor < wanted:
            short.append(f"{kind}: {by_processor:.2f}, wanted {wanted}")
        print(
            f"{kind}: {ours.requests / ours.clock:,.0f} requests a second, bare {bare_.requests / bare_.clock:,.0f}; "
            f"ratio {by_clock:.2f} by the clock, {by_processor:.2f} by processor time; p99 "
            f"{max(one.p99 for one in rounds[1]) * 1000:.1f} ms, bare "
            f"{max(one.p99 for one in rounds[0]) * 1000:.1f} ms; "
            f"memory {', '.join(memory)} MB"
        )
    return short


if __name__ == "__main__":
    if sys.argv[1:2] == ["--bare"]:
        bare(int(sys.argv[2]))
    else:
        main()
