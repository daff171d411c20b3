"""State whose values wait in a file is the state it would be in memory."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.state.spilling import SpillingBase
from streams.runtime.state.store import MemoryBase, Position

KEYS = st.sampled_from(
    [kind + bytes([n]) * 16 + rest for kind in (b"e", b"s") for n in range(3) for rest in (b"", b"x")]
)
CHANGES = st.dictionaries(KEYS, st.none() | st.binary(max_size=40), max_size=6)


@given(st.lists(CHANGES, max_size=8))
def test_it_holds_what_memory_holds(units) -> None:
    """Whatever is put, replaced and deleted: the same values, scans and sizes."""
    memory, spilling = MemoryBase(), SpillingBase(b"e")
    for number, changes in enumerate(units):
        for base in (memory, spilling):
            base.write(changes, Position(0, number, number, 0))
        assert list(spilling.scan(b"")) == list(memory.scan(b""))
        for prefix in (b"e", b"s", b"e" + bytes([1]) * 16):
            assert list(spilling.scan(prefix)) == list(memory.scan(prefix))
        assert all(spilling.get(key) == memory.get(key) for key in changes)
        assert len(spilling) == len(memory)
        assert spilling.position() == memory.position()
    spilling.clear()
    assert not list(spilling.scan(b""))
    assert spilling.position() is None
    spilling.close()


def test_values_of_the_kinds_are_not_in_memory() -> None:
    """What is spilled is in the file alone."""
    base = SpillingBase(b"e")
    base.write({b"e" + b"1" * 16: b"waits" * 100, b"s" + b"1" * 16: b"stays"}, None)
    assert list(base._values.values()) == [b"stays"]
    assert base.get(b"e" + b"1" * 16) == b"waits" * 100
    base.close()


def test_both_processes_of_a_fork_go_on_by_themselves() -> None:
    """All values of before are in both; what either writes then is its own."""
    base, big = SpillingBase(b"e"), b"x" * 3_000_000
    base.write({b"e1": b"one", b"e2": big, b"k": b"kept"}, None)
    base.part()
    reading, writing = os.pipe()
    if not (pid := os.fork()):
        base.own()
        base.write({b"e3": b"theirs", b"e4": b"4"}, None)
        os.write(writing, b"".join(base.get(key) or b"" for key in (b"e1", b"e3", b"e4", b"k")))
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    base.write({b"e3": b"ours", b"e1": None}, None)
    assert [base.get(key) for key in (b"e1", b"e2", b"e3", b"e4", b"k")] == [None, big, b"ours", None, b"kept"]
    assert os.read(reading, 100) == b"onetheirs4kept"
    base.clear()
    base.write({b"e1": b"new"}, None)
    assert base.get(b"e1") == b"new"
    for end in (reading, writing):
        os.close(end)
    base.close()
