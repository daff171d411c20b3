"""The store of a partition: memory and RocksDB behave alike, units are atomic."""

from __future__ import annotations

import random

import pytest

from streams.runtime.state.rocks import RocksBase
from streams.runtime.state.spilling import SpillingBase
from streams.runtime.state.store import Buckets, MemoryBase, PartitionStore, Position


@pytest.fixture(params=["memory", "rocksdb"])
def base(request, tmp_path):
    """A base of each kind."""
    made = MemoryBase() if request.param == "memory" else RocksBase(tmp_path / "db")
    yield made
    made.close()


def position(n: int) -> Position:
    """Some position."""
    return Position(1, n, n * 10, n * 100)


def test_reads_see_the_unit_being_made(base):
    """Get and scan show puts and deletes before they are committed."""
    store = PartitionStore(base)
    store.put(b"a1", b"x")
    store.settle(position(1))
    store.put(b"a2", b"y")
    store.put(b"a1", b"z")
    assert store.get(b"a1") == b"z"
    assert list(store.scan(b"a")) == [(b"a1", b"z"), (b"a2", b"y")]
    store.delete(b"a1")
    assert store.get(b"a1") is None
    assert list(store.scan(b"a")) == [(b"a2", b"y")]
    assert base.get(b"a1") == b"x"


def test_put_and_delete_of_a_new_key_leave_no_trace(base):
    """A key that was never committed and is deleted again is not in the unit at all."""
    store = PartitionStore(base)
    store.put(b"new", b"1")
    store.delete(b"new")
    store.delete(b"never")
    assert store.unit() == {}
    store.put(b"old", b"1")
    store.settle(position(1))
    store.put(b"old", b"2")
    store.delete(b"old")
    assert store.unit() == {b"old": None}


def test_settle_takes_the_unit_and_its_position_in_one_write(base):
    """After settle the base holds the values, the deletions and the position, and the next unit is empty."""
    store = PartitionStore(base)
    store.put(b"k", b"1")
    store.put(b"l", b"1")
    store.settle(position(1))
    store.delete(b"l")
    store.settle(position(2))
    assert (base.get(b"k"), base.get(b"l"), base.position()) == (b"1", None, position(2))
    assert len(store) == 0


def test_a_scan_may_be_consumed_while_the_store_changes(base):
    """What a scan yields is fixed at the call."""
    store = PartitionStore(base)
    for n in range(5):
        store.put(b"k%d" % n, b"v")
    store.settle(position(1))
    seen = []
    for key, _ in store.scan(b"k"):
        seen.append(key)
        store.delete(key)
        store.put(b"k9" + key, b"w")
    assert seen == [b"k%d" % n for n in range(5)]


@pytest.mark.parametrize("key", [b"", b"\xff\xffx"])
def test_keys_of_the_runtime_are_refused(base, key):
    """A task cannot write where the runtime keeps its own records."""
    with pytest.raises(ValueError, match="state keys"):
        PartitionStore(base).put(key, b"v")


def test_it_behaves_like_a_dictionary(base):
    """Random puts, deletes, units and scans of every prefix length agree with a plain dictionary."""
    rng = random.Random(7)
    store, model = PartitionStore(base), {}
    pids = [rng.randbytes(16) for _ in range(6)]
    prefixes = [b"p", b"q", b"p" + pids[0], b"q" + pids[1] + b"\x01", b"p" + pids[2][:3], b"\xff"]
    for step in range(3_000):
        key = rng.choice([b"p", b"q", b"\xff"]) + rng.choice(pids) + rng.choice([b"", b"\x00", b"\x01", b"\x01\xff"])
        if rng.random() < 0.6:
            model[key] = b"%d" % step
            store.put(key, model[key])
        else:
            model.pop(key, None)
            store.delete(key)
        if rng.random() < 0.05:
            store.settle(position(step))
        if rng.random() < 0.1:
            prefix = rng.choice(prefixes)
            assert list(store.scan(prefix)) == sorted((k, v) for k, v in model.items() if k.startswith(prefix))
        assert store.get(key) == model.get(key)


def test_rocksdb_keeps_what_was_settled(tmp_path):
    """What was settled is there after reopening, what was not is not, and clear forgets it all."""
    base = RocksBase(tmp_path / "db")
    store = PartitionStore(base)
    store.put(b"k", b"1")
    store.settle(position(3))
    store.put(b"lost", b"1")
    base.close()
    again = RocksBase(tmp_path / "db")
    assert (again.get(b"k"), again.get(b"lost"), again.position()) == (b"1", None, position(3))
    again.clear()
    assert (again.get(b"k"), again.position()) == (None, None)
    again.close()


def test_a_directory_held_by_another_process_is_left_alone(tmp_path):
    """A second base of the same directory takes the next one beside it instead of failing."""
    first = RocksBase(tmp_path / "db")
    second = RocksBase(tmp_path / "db")
    assert first.directory != second.directory
    second.close()
    first.close()


def test_buckets_find_what_is_under_any_prefix():
    """Prefixes shorter and longer than a bucket's find the same keys a search of all of them finds."""
    rng = random.Random(3)
    keys = {rng.randbytes(rng.choice([1, 5, 16, 17, 18, 30])) for _ in range(500)} | {b"a" * 17, b"a" * 17 + b"b"}
    buckets = Buckets()
    for key in keys:
        buckets.add(key)
    for prefix in [b"", b"a", b"a" * 16, b"a" * 17, b"a" * 18, *(k[:2] for k in list(keys)[:50])]:
        assert buckets.under(prefix, keys) == sorted(k for k in keys if k.startswith(prefix))


@pytest.mark.parametrize("base", [MemoryBase, lambda: SpillingBase(b"a")], ids=["memory", "spilling"])
def test_what_was_deleted_is_not_kept_for_scans(base):
    """A base that forgets far more keys than it holds scans right, before and after it lets its groups go."""
    held, profile = base(), b"a" * 17
    for step in range(3):
        keys = [profile + step.to_bytes(2, "big") + n.to_bytes(4, "big") for n in range(11_000)]
        held.write(dict.fromkeys(keys, b"v"), None)
        held.write(dict.fromkeys(keys[1:]), None)
        kept = [profile + s.to_bytes(2, "big") + bytes(4) for s in range(step + 1)]
        assert [key for key, _ in held.scan(profile)] == kept
        assert [key for key, _ in held.scan(b"a")] == kept
    assert len(held._keys._buckets[profile]) < 11_000
