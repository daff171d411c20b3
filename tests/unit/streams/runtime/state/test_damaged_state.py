"""Damaged local state is noticed, moved aside and rebuilt from the changelog; nothing wrong is ever read from it."""

from __future__ import annotations

import shutil

import pytest

from streams.runtime.errors import CorruptStateError, WorkerError
from streams.runtime.state.changelog import ChangelogWriter
from streams.runtime.state.damage import of_machine
from streams.runtime.state.restore import restore
from streams.runtime.state.rocks import RocksBase
from tests.support.runtime_fakes import FakeProducer, state

KEYS = 3_000


@pytest.fixture
async def changelog():
    """A changelog whose state is KEYS keys of a hundred bytes."""
    producer = FakeProducer(batch_bytes=1 << 20)
    writer = ChangelogWriter(producer, "cl", 0, 1, 1)
    assert await writer.claim({}, 0, 0)
    for unit in range(3):
        await writer.write({b"c%05d" % n: b"%d" % n * 20 for n in range(unit, KEYS, 3)}, unit + 1)
    return producer.log("cl")


@pytest.fixture
async def folder(changelog, tmp_path):
    """The same state in a folder, all of it in files."""
    base = RocksBase(tmp_path / "journey" / "0")
    await restore(base, changelog)
    base._db.flush()
    base.close()
    return tmp_path / "journey" / "0"


def only(folder, pattern):
    """The largest file of a pattern."""
    return max(folder.glob(pattern), key=lambda path: path.stat().st_size)


def cut(path, to):
    """Leave the beginning of a file only."""
    path.write_bytes(path.read_bytes()[:to])


def overwrite(path, share, count):
    """Write zeros over some bytes of a file, beginning at a share of its size."""
    content = bytearray(path.read_bytes())
    at = int(len(content) * share)
    content[at : at + count] = bytes(len(content[at : at + count]))
    path.write_bytes(content)


def replaced(folder):
    """A file where the folder was."""
    shutil.rmtree(folder)
    folder.write_text("no folder")


def replaced_above(folder):
    """A file where the folder of the agent was."""
    shutil.rmtree(folder.parent)
    folder.parent.write_text("no folder")


OPENING = {
    "MANIFEST cut": lambda at: cut(only(at, "MANIFEST-*"), 50),
    "MANIFEST empty": lambda at: cut(only(at, "MANIFEST-*"), 0),
    "MANIFEST overwritten": lambda at: overwrite(only(at, "MANIFEST-*"), 0.3, 60),
    "MANIFEST gone": lambda at: only(at, "MANIFEST-*").unlink(),
    "CURRENT gone": lambda at: (at / "CURRENT").unlink(),
    "CURRENT empty": lambda at: cut(at / "CURRENT", 0),
    "CURRENT of another": lambda at: (at / "CURRENT").write_text("MANIFEST-999999\n"),
    "SST cut": lambda at: cut(only(at, "*.sst"), 1_000),
    "SST empty": lambda at: cut(only(at, "*.sst"), 0),
    "SST gone": lambda at: only(at, "*.sst").unlink(),
    "SST without its end": lambda at: overwrite(only(at, "*.sst"), 0.999, 5_000),
    "a file in its place": replaced,
}


@pytest.mark.parametrize("damage", OPENING.values(), ids=OPENING)
async def test_a_folder_that_cannot_be_opened_is_moved_aside_and_rebuilt(folder, changelog, damage, caplog):
    """Whatever file is damaged: the folder is kept beside, one line says so, and the state is that of the changelog."""
    sound = RocksBase(folder)
    want = state(sound.scan)
    sound.close()
    damage(folder)
    base = RocksBase(folder)
    found = await restore(base, changelog)
    assert not found.local
    assert len(want) == KEYS
    assert state(base.scan) == want
    assert base.directory == folder
    base.close()
    [aside] = folder.parent.glob("0.corrupt-*")
    assert aside.name[-1] == "Z"
    again = RocksBase(folder)
    assert (await restore(again, changelog)).local
    again.close()


def test_a_file_in_place_of_an_agents_folder_is_moved_aside(folder):
    """The agent's folder is made anew."""
    replaced_above(folder)
    RocksBase(folder).close()
    [aside] = folder.parent.parent.glob("journey.corrupt-*")
    assert aside.read_text() == "no folder"


@pytest.mark.parametrize("read", ["get", "scan", "compact"])
async def test_damage_met_while_reading_ends_the_worker_and_is_moved_aside_next(folder, changelog, read):
    """A block that cannot be read is an error, never an end of data, and the next opening starts from the changelog."""
    overwrite(only(folder, "*.sst"), 0.3, 2_000)
    base = RocksBase(folder)
    with pytest.raises(CorruptStateError, match=r"journey/0 is damaged.*rebuilds it from the changelog"):  # noqa: PT012
        if read == "get":
            for n in range(KEYS):
                base.get(b"c%05d" % n)
        elif read == "scan":
            list(base.scan(b"c"))
        else:
            base.compact([b"c"])
    base.close()
    again = RocksBase(folder)
    assert again.position() is None
    await restore(again, changelog)
    assert len(state(again.scan)) == KEYS
    again.close()
    assert len(list(folder.parent.glob("0.corrupt-*"))) == 1


async def test_only_the_last_damaged_folder_is_kept(folder):
    """Personal data does not pile up, and neither does a disk fill."""
    for _ in range(3):
        (folder / "CURRENT").write_text("x")
        RocksBase(folder).close()
    assert len(list(folder.parent.iterdir())) == 2


def test_what_the_machine_is_to_blame_for_moves_nothing(tmp_path, monkeypatch):
    """A full disk or a forbidden folder is told as such: the state may be sound."""
    RocksBase(tmp_path / "0").close()

    def full(*_):
        raise Exception("IO error: No space left on device: While appending to file")  # noqa: TRY002 - as rocksdict

    monkeypatch.setattr("streams.runtime.state.rocks.Rdict", full)
    with pytest.raises(WorkerError, match="No space left") as raised:
        RocksBase(tmp_path / "0")
    assert not isinstance(raised.value, CorruptStateError)
    assert [path.name for path in tmp_path.iterdir()] == ["0"]
    assert of_machine(OSError("Permission denied"))


def test_a_path_that_speaks_of_locks_is_not_taken_for_a_held_one(tmp_path):
    """A damaged folder under a name with `lock` in it is damaged, not in use."""
    place = tmp_path / "block" / "0"
    RocksBase(place).close()
    (place / "CURRENT").write_text("x")
    base = RocksBase(place)
    assert base.directory == place
    base.close()
    assert len(list(place.parent.glob("0.corrupt-*"))) == 1
