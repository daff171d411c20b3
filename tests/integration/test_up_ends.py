"""However `winback up` ends: what was acknowledged before is there again, or people are told that it is not."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import signal
import subprocess
import termios
import time
from contextlib import suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy import ports
from deploy.stack import brokers
from tests.integration.test_up import Up, _free
from tests.support.stack import ROOT, WINBACK, environment, wait_for, winback, write

N = 500
FIRST = int(time.time() * 1000) - 600_000
"""When the first event happened, in epoch milliseconds. Events have times of their own, whenever they are published."""


def events(first, count):
    """Lines: so many events of so many customers, every tenth of whom buys, one after another from now on."""
    for n in range(first, first + count):
        buys = n % 10 == 0
        order = {"order_id": f"o{n}", "total": 10, "currency": "EUR", "products": [{"product_id": "p", "price": 10}]}
        yield {
            "topic": "channels.web",
            "key": f"u{n}",
            "value": {
                "type": "track",
                "timestamp": FIRST + 100 * n,
                "event": "Order Completed" if buys else "Product Viewed",
                "messageId": f"m{n}",
                "userId": f"u{n}",
                "anonymousId": f"a{n}",
                "properties": order if buys else {"product_id": "p", "price": 10},
            },
        }


@pytest.fixture
def stack(tmp_path, request):
    """`stack(*options)` starts a `winback up`; what runs at the end is killed, and its children go."""
    if request.config.getoption("--broker") == "kafka":
        pytest.skip("`up` brings its own broker")
    started = []

    def start(*options, **more):
        started.append(Up(tmp_path / "stack", *options, WINBACK_LATENESS="0", **more))
        return started[-1]

    yield start
    for one in started:
        pids = [pid for pid in one.children() if Path(f"/proc/{pid}").exists()]
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()
        wait_for(lambda pids=pids: not any(Path(f"/proc/{pid}").exists() for pid in pids), "the children to be gone")


def publish(up, place, first=0, count=N):
    """Publish events; all of them are acknowledged."""
    ran = winback("publish", write(place / f"{first}-{count}.jsonl", events(first, count)), **up.settings)
    assert ran.returncode == 0, ran.stderr


def raw(up):
    """Records of the events' topic that the broker has."""

    async def ask():
        async with AIOKafkaConsumer(bootstrap_servers=f"127.0.0.1:{up.kafka}") as consumer:
            return sum((await consumer.end_offsets([TopicPartition("channels.web", p) for p in range(4)])).values())

    return asyncio.run(ask())


def gone(up, pids):
    """Wait until these processes and the guardian of the stack are gone, and its ports and its folder are free."""
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "the children to be gone")
    wait_for(lambda: all(_free(port) for port in (up.kafka, up.http)), "the ports to be free")


def _whole(path):
    """The content of a JSON file once it is written to its end."""
    content = path.read_bytes()
    with suppress(ValueError):
        json.loads(content)
        return content
    return None


def in_terminal(up, on_hangup):
    """Start it again, in a terminal, and wait until it runs: its process, and the terminal's other side.

    `on_hangup`: what it inherits for SIGHUP, which is that of whoever runs the tests otherwise.
    """
    ours, theirs = pty.openpty()

    def begin():
        signal.signal(signal.SIGHUP, on_hangup)
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    command = [*WINBACK, "up", "--dir", up.folder, "--kafka-port", up.kafka, "--http-port", up.http]
    command += ["--metrics-port", up.metrics]
    up.process = subprocess.Popen(
        [*map(str, command)], cwd=ROOT, env=environment(**up.more), stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, preexec_fn=begin,  # noqa: PLW1509
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while b"running; Ctrl-C" not in said:
        said += os.read(ours, 4096)
    return up.process, ours


def figures(up):
    """What the tables and views come to: rows, messages, orders, and the totals that count up."""
    found = {}
    for name, query in (
        ("rows", "SELECT count() AS n, uniqExact(message_id) AS ids FROM events FINAL"),
        ("orders", "SELECT count() AS n, sum(value) AS value FROM conversions FINAL"),
        ("cells", "SELECT name, sumMap(values) AS v FROM cells FINAL GROUP BY name ORDER BY name"),
        ("profiles", "SELECT uniqExact(profile_id) AS n FROM current_events"),
    ):
        ran = winback("query", query, "--json", **up.settings)
        assert ran.returncode == 0, ran.stderr
        found[name] = json.loads(ran.stdout)
    return found


def test_a_closed_terminal_loses_nothing(stack, tmp_path):
    """Everything acknowledged before the terminal is closed is there at the next start, and nothing is left running."""
    up = stack()
    up.stop()
    shell, ours = in_terminal(up, signal.SIG_DFL)
    pids = up.children()
    assert len(pids) == 4
    publish(up, tmp_path)
    os.close(ours)
    assert shell.wait(60) == 0
    gone(up, pids)
    assert not (up.folder / "kafka.unsaved").exists()
    up.start()
    up.has(N)


def test_started_with_nohup_it_outlives_its_terminal(stack, tmp_path):
    """With nobody left to tell, a killed worker still comes back; SIGTERM stops it as ever."""
    up = stack()
    up.stop()
    shell, ours = in_terminal(up, signal.SIG_IGN)
    os.close(ours)
    before = up.pid("streams-1")
    os.kill(before, signal.SIGKILL)
    publish(up, tmp_path)
    up.has(N)
    assert up.pid("streams-1") != before
    pids = up.children()
    shell.terminate()
    assert shell.wait(60) == 0
    gone(up, pids)
    assert not (up.folder / "kafka.unsaved").exists()


def test_a_killed_supervisor_loses_nothing(stack, tmp_path):
    """SIGKILL to `up` right after the last acknowledgement: its guardian stops the rest in order, the broker saves."""
    up = stack()
    publish(up, tmp_path)
    pids = up.children()
    up.process.kill()
    up.process.communicate()
    gone(up, pids)
    assert not (up.folder / "kafka.unsaved").exists()
    up.start()
    up.has(N)


def test_a_killed_broker_is_told_and_the_rest_begins_anew_with_it(stack, tmp_path):
    """Nobody who remembers what the embedded broker has lost goes on: all are new processes, each event counts once."""
    up = stack()
    publish(up, tmp_path, 0, 100)
    up.has(100)
    before = up.children()
    publish(up, tmp_path, 100, 100)
    os.kill(up.pid("kafka"), signal.SIGKILL)
    wait_for(lambda: brokers.LOST in up.process.stderr.readline(), "the loss to be told", alive=up.process)
    wait_for(lambda: len(up.children()) == 4, "all to be back", alive=up.process)
    assert not set(before) & set(up.children())
    publish(up, tmp_path, 0, 200)
    up.has(200)


@pytest.mark.slow
@pytest.mark.parametrize("told", [True, False])
def test_what_the_broker_lost_is_published_again_and_counted_once(stack, tmp_path, told):
    """A broker that is back at an earlier moment, under a state and tables that are ahead: every figure comes right.

    `told`: whether the stack knows that its broker was killed. If not, as with a copy put back by hand, the workers see
    by themselves that their state is of another log.
    """
    up = stack()
    publish(up, tmp_path, 0, 200)
    up.has(200)
    saved = up.folder / "kafka" / "kafka.json"
    settled = time.time() + 3.0
    wait_for(lambda: saved.stat().st_mtime > settled, "the broker to save what has been committed", alive=up.process)
    kept = wait_for(lambda: _whole(saved), "what it has saved", alive=up.process)
    publish(up, tmp_path, 200, 300)
    up.has(500)
    up.stop()

    saved.write_bytes(kept)
    if told:
        (up.folder / "kafka.unsaved").touch()
    up.start()
    assert (brokers.LOST in up.said) == told
    assert raw(up) == 200
    publish(up, tmp_path, 0, 500)
    publish(up, tmp_path, 500, 50)
    up.has(550)
    log = (up.folder / "logs" / "streams-1.log").read_text()
    assert ("it is rebuilt" in log) == (not told)
    publish(up, tmp_path, 0, 550)
    right = {
        "rows": [{"n": 550, "ids": 550}],
        "orders": [{"n": 55, "value": 550.0}],
        "cells": [
            {"name": "channel_hour", "v": {"events": 550.0, "orders": 55.0, "revenue": 550.0}},
            {"name": "duplicate_hour", "v": {"duplicates": 750.0}},
        ],
        "profiles": [{"n": 550}],
    }
    wait_for(lambda: figures(up) == right, f"{right}, not {figures(up)}", alive=up.process)


@pytest.mark.slow
@pytest.mark.kafka
def test_apache_kafka_keeps_what_it_acknowledged(stack, tmp_path):
    """`--kafka apache`: a broker killed right after it has acknowledged has everything, and so has the next start."""
    up = stack("--kafka", "apache")
    assert brokers.FORGETS not in up.said
    publish(up, tmp_path)
    os.kill(up.pid("kafka"), signal.SIGKILL)
    up.has(N)
    pids = up.children()
    up.stop()
    gone(up, pids)
    places = ("--kafka-port", up.kafka, "--http-port", up.http, "--metrics-port", up.metrics)
    refused = winback("up", "--dir", up.folder, *places, **up.more)
    assert refused.returncode == 1
    assert "start it with that, or choose another folder" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    up.start()
    up.has(N)
    assert raw(up) == N


def test_without_java_apache_kafka_is_refused_in_one_line(tmp_path):
    """What is missing and what to do, before anything is started."""
    free = ports.free(3)
    options = ("--kafka-port", free[0], "--http-port", free[1], "--metrics-port", free[2])
    ran = winback("up", "--kafka", "apache", "--dir", tmp_path / "stack", *options, PATH=str(tmp_path))
    assert ran.returncode == 1
    assert ran.stderr.strip() == (
        "winback: Apache Kafka needs Java 17 or later and there is no `java` on the PATH: install a JDK, and Maven"
    )


def test_what_is_no_broker_is_refused(tmp_path):
    """A word that is neither a kind of broker nor an address ends the command with what to write."""
    ran = winback("up", "--kafka", "apachi", "--dir", tmp_path / "stack")
    assert ran.returncode == 2
    assert ran.stderr == "winback: --kafka apachi: `apache`, or the host:port of a broker that runs\n"


@pytest.mark.slow
def test_stopped_while_it_boots_and_stopped_twice(stack, tmp_path):
    """SIGTERM before it runs, and a second Ctrl-C while it stops: no process is left, and nothing is lost."""
    up = stack()
    publish(up, tmp_path)
    pids = up.children()
    up.process.send_signal(signal.SIGINT)
    up.process.send_signal(signal.SIGTERM)
    up.process.communicate()
    gone(up, pids)
    assert not (up.folder / "kafka.unsaved").exists()

    (up.folder / "logs" / "kafka.pid").unlink()
    up.launch()
    wait_for((up.folder / "logs" / "kafka.pid").exists, "it to boot", alive=up.process)
    up.process.terminate()
    up.process.communicate()
    assert up.process.wait() == 0
    assert not list((up.folder / "logs").glob("*.pid"))
    assert not (up.folder / "kafka.unsaved").exists()
    up.start()
    up.has(N)
