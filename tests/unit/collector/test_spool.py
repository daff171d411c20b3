"""The queue on disk: what was answered for is there after a crash, in its order, and it is bounded."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from collector.intake import IntakeFullError, RawEvent
from collector.spool.frames import HEAD, TornError, frame, length, pack, read
from collector.spool.segments import NOTE, Position, Segments
from collector.spool.spool import Spool

FAR = Position(1 << 40, 0)
EVENTS = [RawEvent("web", b"one", 7), RawEvent("app", b"", 0), RawEvent("web", b"two" * 1000, 7)]


def values(segments: Segments, position: Position | None = None) -> list[bytes]:
    """All values from a position on, whatever lies between them."""
    found, at = [], segments.needed if position is None else position
    while at < FAR:
        frames, after, _ = segments.frames(at, FAR, 1 << 20)
        found += [value for one in frames for block in one.blocks for value in block.values]
        if after == at:
            break
        at = after
    return found


@asynccontextmanager
async def running(folder: Path, bound: int = 1 << 24):
    """A spool that writes."""
    spool = Spool(folder, bound)
    task = asyncio.create_task(spool.run())
    try:
        yield spool
    finally:
        task.cancel()
        spool.close()


def test_a_frame_is_read_as_it_was_written():
    """Channels, slots and values; those of one channel and slot in their order."""
    data = frame([pack(EVENTS), pack(EVENTS[:1])], 1_790_000_000_000)
    found = read(data)
    assert (found.received, found.size, length(data)) == (1_790_000_000_000, len(data), len(data))
    assert [(b.channel, b.slot, b.values) for b in found.blocks] == [
        ("web", 7, [b"one", b"two" * 1000]), ("app", 0, [b""]), ("web", 7, [b"one"]),
    ]  # fmt: skip


def test_a_frame_that_is_not_whole_is_never_read():
    """Cut anywhere, or with any bit turned, it is torn."""
    data = frame([pack(EVENTS)], 1)
    chance = random.Random(7)
    for at in [0, 3, HEAD - 1, HEAD, len(data) - 1, *chance.sample(range(len(data)), 50)]:
        with pytest.raises(TornError):
            read(data[:at])
    for at in [0, 5, 9, HEAD, len(data) - 1, *chance.sample(range(HEAD, len(data)), 50)]:
        turned = bytearray(data)
        turned[at] ^= 1 << chance.randrange(8)
        with pytest.raises(TornError):
            read(bytes(turned))


def test_what_is_behind_a_torn_end_is_read(tmp_path):
    """A process that ends in the middle of a write costs nothing but that write; the next begins a file of its own."""
    first = Segments(tmp_path, 1 << 20)
    first.append(frame([pack(EVENTS[:1])], 1))
    first.append(frame([pack(EVENTS[2:])], 1))
    first.close()
    [file] = tmp_path.glob("*.spool")
    with file.open("r+b") as torn:
        torn.truncate(file.stat().st_size - 5)
    second = Segments(tmp_path, 1 << 20)
    second.append(frame([pack([RawEvent("web", b"after")])], 1))
    assert values(second) == [b"one", b"after"]


@pytest.mark.parametrize("note", [b"", b"short", bytes(20), b"\xff" * 20])
def test_a_damaged_note_means_from_the_beginning(tmp_path, note):
    """Then all is sent again, and nothing is left out."""
    first = Segments(tmp_path, 1 << 20)
    end = first.append(frame([pack(EVENTS[:1])], 1))
    first.forget(end)
    first.close()
    whole = Segments(tmp_path, 1 << 20)
    assert (whole.needed, values(whole)) == (end, [])
    whole.close()
    (tmp_path / NOTE).write_bytes(note)
    assert values(Segments(tmp_path, 1 << 20)) == [b"one"]


def test_files_that_are_not_needed_are_deleted(tmp_path):
    """Their bytes are free again; what is behind them stays."""
    segments = Segments(tmp_path, 100)
    ends = [segments.append(frame([pack([RawEvent("web", b"%03d" % at * 20)])], 1)) for at in range(10)]
    before = segments.bytes
    segments.forget(ends[6])
    assert segments.bytes < before
    assert segments.bytes == sum(path.stat().st_size for path in tmp_path.glob("*.spool"))
    assert values(segments) == [b"%03d" % at * 20 for at in range(7, 10)]


def test_one_process_a_folder(tmp_path):
    """A second collector there is refused, by a line that says what to do."""
    held = Segments(tmp_path, 100)
    with pytest.raises(OSError, match="WINBACK_COLLECT_DIR"):
        Segments(tmp_path, 100)
    held.close()
    Segments(tmp_path, 100).close()


async def test_past_its_bound_nothing_is_kept(tmp_path):
    """The rest is refused, with when to try again; what was taken before stays within the bound."""
    async with running(tmp_path, 1 << 16) as spool:
        taken = 0
        while spool.bytes + 1100 < 1 << 16:
            await spool.take([RawEvent("web", bytes(1000))])
            taken += 1
        with pytest.raises(IntakeFullError) as full:
            await spool.take([RawEvent("web", bytes(1000))])
        assert full.value.retry_after > 0
        assert 50 < taken < 66
        assert sum(path.stat().st_size for path in tmp_path.glob("*.spool")) <= 1 << 16


async def test_many_requests_are_one_write(tmp_path, monkeypatch):
    """A hundred that wait together cost a few fsyncs, and each is answered."""
    writes = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda file: (writes.append(file), real(file)))
    async with running(tmp_path) as spool:
        await asyncio.gather(*(spool.take([RawEvent("web", b"%d" % at)]) for at in range(100)))
    assert len(writes) < 5
    assert sorted(values(Segments(tmp_path, 1 << 20), Position(0, 0))) == sorted(b"%d" % at for at in range(100))


async def test_a_disk_that_fails_refuses_and_recovers(tmp_path, monkeypatch):
    """Nobody is told that an event is kept when it is not; the next one is, behind whatever half of it was written."""
    async with running(tmp_path) as spool:
        await spool.take([RawEvent("web", b"before")])
        with monkeypatch.context() as broken:
            real = os.write

            def half(file: int, data: bytes) -> int:
                if len(data) > 40:
                    real(file, data[:40])
                raise OSError(28, "No space left on device")

            broken.setattr(os, "write", half)
            with pytest.raises(IntakeFullError):
                await spool.take([RawEvent("web", b"lost" * 20)])
        await spool.take([RawEvent("web", b"after")])
    assert values(Segments(tmp_path, 1 << 20)) == [b"before", b"after"]


CHILD = """
import asyncio, sys
from pathlib import Path
from collector.intake import RawEvent
from collector.spool.spool import Spool

async def main():
    spool = Spool(Path(sys.argv[1]), 1 << 26)
    asyncio.get_running_loop().create_task(spool.run())
    async def client(nth):
        at = 0
        while True:
            value = b"%d-%d" % (nth, at)
            await spool.take([RawEvent("web", value + bytes(5000), nth)])
            sys.stdout.buffer.write(value + b"\\n")
            sys.stdout.buffer.flush()
            at += 1
    await asyncio.gather(*(client(nth) for nth in range(20)))

asyncio.run(main())
"""


def test_what_was_answered_for_outlives_a_kill(tmp_path):
    """A process killed while twenty clients write has on disk all that it has told them, each client's in its order."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, tmp_path], stdout=subprocess.PIPE)
    told = [child.stdout.readline() for _ in range(500)]
    child.send_signal(signal.SIGKILL)
    told += child.stdout.read().splitlines(keepends=True)
    child.wait()
    told = [line.strip() for line in told if line.endswith(b"\n")]
    kept = [value.rstrip(b"\0") for value in values(Segments(tmp_path, 1 << 20))]
    assert len(told) >= 500
    assert set(told) <= set(kept)
    for nth in range(20):
        own = [int(value.partition(b"-")[2]) for value in kept if value.startswith(b"%d-" % nth)]
        assert own == list(range(len(own)))
