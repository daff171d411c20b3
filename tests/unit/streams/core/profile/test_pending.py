"""Events that wait: by profile, in order, whether their keys are in memory or in the store alone."""

from __future__ import annotations

import random

import pytest

from streams.core.profile.pending import Pending
from streams.runtime.state.store import MemoryBase, PartitionStore

A, B = b"a" * 16, b"b" * 16


def key(n: int) -> bytes:
    """The nth order key."""
    return n.to_bytes(19, "big")


@pytest.mark.parametrize("most_known", [0, 3, 1_000])
def test_what_is_kept_in_memory_makes_no_difference(most_known):
    """Random puts, drops and takes, also across a restart, answer as a plain dict does."""
    rng = random.Random(most_known)
    store = PartitionStore(MemoryBase())
    pending, model = Pending(store, most_known), {A: {}, B: {}}
    for n in range(2_000):
        profile_id, at = rng.choice((A, B)), key(rng.randrange(20))
        expected = model[profile_id]
        match rng.randrange(5):
            case 0 | 1:
                pending.put(profile_id, at, b"%d" % n)
                expected[at] = b"%d" % n
            case 2 if at in expected:
                pending.drop(profile_id, at)
                del expected[at]
            case 3:
                before = sorted((k, v) for k, v in expected.items() if k < at)
                assert pending.take_before(profile_id, at) == before
                model[profile_id] = {k: v for k, v in expected.items() if k >= at}
            case 4 if rng.random() < 0.05:
                pending = Pending(store, most_known)
                assert sorted(pending.load()) == sorted((p, k) for p, keys in model.items() for k in keys)
        for place, events in model.items():
            assert pending.all(place) == sorted(events.items())
            assert list(pending.keys(place)) == sorted(events)
            assert pending.first(place) == min(events, default=None)
            assert pending.has(place, at) == (at in events)
            assert pending.count(place) >= len(events)


def test_a_key_that_is_not_there_cannot_be_taken():
    """`take` of the store is a fault when nothing is there, in this unit or before."""
    store = PartitionStore(MemoryBase())
    store.put(b"k", b"v")
    assert store.take(b"k") == b"v"
    with pytest.raises(KeyError):
        store.take(b"k")
