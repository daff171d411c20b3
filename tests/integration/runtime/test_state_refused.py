"""A worker on a real broker over state of another secret, and over state that is damaged."""

from __future__ import annotations

import asyncio
import signal
import stat
from urllib.request import urlopen

import pytest

from tests.integration.runtime.conftest import INPUT, counts_of, eventually, many
from tests.integration.runtime.test_worker import all_committed


async def ran(broker, worker, records, **settings):
    """A worker that has taken these records in, and was stopped."""
    await broker.produce(INPUT, records)
    one = worker(**settings)
    await all_committed(broker)
    one.signal(signal.SIGTERM)
    assert await one.ended() == 0, one.said
    return one


def told(worker):
    """What it said to whoever started it."""
    return [line for line in worker.said.splitlines() if line.startswith("winback: ")]


@pytest.mark.parametrize("where", ["folder", "changelog", "memory"])
async def test_another_secret_is_refused_with_exit_2(broker, worker, where):
    """By the copy in its folder, by the changelog from another folder, and without any: exit 2, nothing written."""
    backend = {"WINBACK_STATE": "memory"} if where == "memory" else {}
    ours, theirs = {**backend, "WINBACK_SECRET": "of ours"}, {**backend, "WINBACK_SECRET": "of theirs"}
    await ran(broker, worker, many(400), name="a", **ours)
    before = await broker.ends("journey.changelog")
    two = worker(name="a" if where == "folder" else "b", **theirs)
    assert await two.ended() == 2, two.said
    [line] = told(two)
    assert "made with another WINBACK_SECRET" in line
    assert ("a-state" if where == "folder" else "journey.changelog partition") in line
    assert await broker.ends("journey.changelog") == before
    again = await ran(broker, worker, many(40), name="a", **ours)
    assert told(again) == told(two) if where == "folder" else not told(again)


def damage_opening(folder):
    """A MANIFEST that ends in the middle, and a CURRENT that is gone."""
    manifest = next((folder / "0").glob("MANIFEST-*"))
    manifest.write_bytes(manifest.read_bytes()[:40])
    (folder / "1" / "CURRENT").unlink()


def damage_reading(folder):
    """Blocks in the files of state overwritten; what opens them cannot know."""
    for path in (path for n in "01" for path in (folder / n).glob("*.sst")):
        content = bytearray(path.read_bytes())
        content[10:60] = bytes(50)
        path.write_bytes(content)


@pytest.mark.parametrize("damage", [damage_opening, damage_reading])
async def test_damaged_state_is_moved_aside_and_comes_out_the_same(broker, worker, damage):
    """A worker over damaged files says so loudly, counts it, and goes on with exactly the state of the changelog."""
    first, second = many(4_000), many(2_000)
    one = await ran(broker, worker, first)
    damage(one.state_dir / "journey")
    await broker.produce(INPUT, second)
    two = worker()
    await all_committed(broker)

    def shown():
        with urlopen(f"http://{two.metrics}/metrics") as answer:
            return b"winback_state_corrupt_total 2.0" in answer.read()

    async def counted():
        return await asyncio.to_thread(shown)

    await eventually(counted, "two folders to be counted")
    two.signal(signal.SIGTERM)
    assert await two.ended() == 0, two.said
    assert two.said.count("moved aside and rebuilt from the changelog") == 2
    assert len(list((two.state_dir / "journey").glob("*.corrupt-*"))) == 2
    assert await broker.state() == counts_of(first + second)


async def test_state_folders_are_private(broker, worker):
    """The state folder and all folders in it are 0700."""
    one = await ran(broker, worker, many(40))
    folders = [one.state_dir, *(path for path in one.state_dir.rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    assert len(folders) > 4


async def test_a_file_as_the_state_folder_is_one_line_and_exit_2(worker, server, tmp_path):
    """A WINBACK_STATE_DIR that cannot be one is the settings' fault."""
    server.start()
    (tmp_path / "file").touch()
    one = worker(WINBACK_STATE_DIR=str(tmp_path / "file"))
    assert await one.ended() == 2
    [line] = told(one)
    assert "WINBACK_STATE_DIR" in line
