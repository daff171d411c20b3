"""What is purged is gone from the files of RocksDB, also when the process ended before it came to that."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.runtime.state.rocks import RocksBase
from streams.runtime.state.store import MemoryBase, PartitionStore, Position

ADDRESS = b"ana.anders@shop.example"
PLACE = b"s" + bytes(16)


def on_disk(directory: Path) -> bool:
    """Whether the address can be found in any file."""
    return any(ADDRESS in file.read_bytes() for file in directory.rglob("*") if file.is_file())


@pytest.fixture
def written(tmp_path):
    """A base whose files hold the address, between others."""
    base = RocksBase(tmp_path / "db")
    others = {b"s" + n.to_bytes(16, "big"): b"of another %d" % n for n in range(1, 500)}
    base.write({PLACE: ADDRESS, **others}, Position(1, 1, 1, 1))
    base._db.flush()
    assert on_disk(tmp_path)
    yield base
    base.close()


def test_a_deleted_value_stays_until_it_is_purged(written, tmp_path):
    """RocksDB only marks what is deleted; after a purge the bytes are gone, and the others are not."""
    store = PartitionStore(written)
    store.delete(PLACE)
    store.settle(Position(1, 2, 2, 2))
    written._db.flush()
    assert on_disk(tmp_path), "the test would prove nothing"
    store.purge([PLACE])
    store.settle(Position(1, 3, 3, 3))
    assert not on_disk(tmp_path)
    assert store.get(b"s" + (1).to_bytes(16, "big")) == b"of another 1"


def test_a_purge_is_made_up_for(written, tmp_path):
    """A process that ended between the unit and the purge, or restored the unit, purges when it begins."""
    unit = PartitionStore(MemoryBase())
    unit.purge([PLACE])
    unit.purge([b"e" + PLACE[1:]])
    written.write({PLACE: None, **unit.unit()}, Position(1, 2, 2, 2))
    written._db.flush()
    assert on_disk(tmp_path)
    store = PartitionStore(written)
    assert not on_disk(tmp_path)
    store.settle(Position(1, 3, 3, 3))
    assert store.unit() == {}, "once is enough"
