"""`publish` against a real broker: whatever ends it early is one line that counts what was acknowledged."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess

import pytest

from deploy.errors import UnavailableError
from deploy.stack.lines import of_objects
from deploy.stack.publishing import Done, Publisher
from schemas.settings import Settings
from tests.integration.runtime.conftest import Embedded
from tests.support.stack import ROOT, WINBACK, environment, wait_for, winback

LINE = '{"topic":"channels.web","key":"k","timestamp":1700000000000,"value":%s}\n'


@pytest.fixture
def kafka(tmp_path):
    """A broker with the topics."""
    server = Embedded(tmp_path / "broker")
    server.start()
    made = winback("topics", "--wait", "20", WINBACK_KAFKA=server.address)
    assert made.returncode == 0, made.stderr
    yield server
    server.stop()


def publish(kafka, file):
    """The command over a file, and the one line that it says."""
    ran = winback("publish", str(file), WINBACK_KAFKA=kafka.address)
    [line] = ran.stderr.splitlines()
    assert "Traceback" not in line
    return ran.returncode, line


def test_lines_before_a_bad_one_are_published_and_counted(kafka, tmp_path):
    """A bad line ends it with its place and with what was acknowledged: all before it."""
    file = tmp_path / "in.jsonl"
    file.write_text(LINE % "1" * 5 + "{nonsense\n" + LINE % "2")
    code, line = publish(kafka, file)
    assert (code, line.startswith(f"winback: {file}:6: bad JSON")) == (2, True)
    assert line.endswith("Kafka has acknowledged 5 of the 5 records sent")
    file.write_text(LINE % ('"' + "x" * 9_000_000 + '"'))
    code, line = publish(kafka, file)
    assert (code, line.startswith(f"winback: {file}:1: the record has 9,000,00")) == (2, True)
    assert line.endswith("nothing was published")


def test_what_only_the_standard_library_can_write_is_published(kafka, tmp_path):
    """NaN, lone surrogates and nesting that orjson reads and does not write are records like others."""
    file = tmp_path / "in.jsonl"
    deep = "[" * 400 + "]" * 400
    file.write_text("".join(LINE % value for value in ("NaN", '"\\ud800"', deep)))
    assert publish(kafka, file) == (0, f"published 3 records (0.0 MB) to {kafka.address}")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_is_one_line(kafka, tmp_path, sign):
    """Ctrl-C and SIGTERM, with a full pipe before it: nothing but the line, with the count; exit 128 and the signal."""
    said = tmp_path / "said"
    program = [*WINBACK, "publish", "-", "--rate", "500"]
    env = environment(WINBACK_KAFKA=kafka.address)
    source, sink = os.pipe()
    with said.open("wb") as err, subprocess.Popen(program, cwd=ROOT, env=env, stdin=source, stderr=err) as running:
        os.close(source)
        os.set_blocking(sink, False)
        line = (LINE % "1").encode()

        def fed():
            """Whether a good deal of records has gone through: the pipe is kept full meanwhile."""
            try:
                os.write(sink, line * 100)
            except BlockingIOError:
                return offsets(kafka) > 200
            return False

        wait_for(fed, "some records to arrive", alive=running)
        running.send_signal(sign)
        code = running.wait(30)
    os.close(sink)
    assert code == 128 + sign
    [told] = said.read_text().splitlines()
    counts = re.fullmatch(rf"winback: stopped by {sign.name}; Kafka has acknowledged (\S+) of the (\S+) .*", told)
    assert counts, told
    assert counts[1] == counts[2]
    assert offsets(kafka) == int(counts[1].replace(",", ""))


def offsets(kafka):
    """How many records of channels.web the broker has."""
    from aiokafka import AIOKafkaConsumer, TopicPartition  # noqa: PLC0415

    async def ask():
        async with AIOKafkaConsumer(bootstrap_servers=kafka.address) as consumer:
            return sum((await consumer.end_offsets([TopicPartition("channels.web", n) for n in range(4)])).values())

    return asyncio.run(ask())


async def test_a_broker_that_dies_is_noticed(kafka):
    """It is not waited for for ever: after some silence there is an error, and the counts are those of before."""
    done = Done()
    lines = next(of_objects(({"topic": "channels.web", "key": "k", "value": n} for n in range(100)), 4))
    with pytest.raises(UnavailableError, match=f"{kafka.address} has acknowledged nothing for 1 s"):  # noqa: PT012
        async with Publisher(Settings(kafka=kafka.address), done, silence=1.0) as publisher:
            await publisher.send(lines)
            await publisher.flush()
            kafka.stop()
            await publisher.send(lines)
            await publisher.flush()
    assert (done.records, done.acknowledged) == (200, 100)
