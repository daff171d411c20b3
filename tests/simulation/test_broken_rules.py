"""The simulation notices: with one rule of the protocol broken, some seed fails."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import pytest

from streams.core import apply, seal
from streams.core.marks import Marks
from streams.core.repeats import Heard
from streams.core.rounds import Rounds
from tests.simulation.check import failures

Break = Callable[[], AbstractContextManager[Any]]
MOST = 120


def changes_settle_at_once() -> AbstractContextManager[Any]:
    """A change of identity does not hold the watermark."""
    return patch.object(Rounds, "change", lambda _self, _key, _version: None)


def rounds_do_not_wait() -> AbstractContextManager[Any]:
    """The next round does not wait for acknowledgements of the last."""
    real = Rounds.next

    def next_(self: Rounds) -> Any:
        self._acknowledged = set(range(self._partitions))
        return real(self)

    return patch.object(Rounds, "next", next_)


def what_moves_holds_nothing() -> AbstractContextManager[Any]:
    """The watermark may pass what one partition has sent on to another."""
    real = Rounds.acknowledge
    return patch.object(
        Rounds, "acknowledge", lambda self, partition, number, _low: real(self, partition, number, None)
    )


def repeats_between_partitions_count() -> AbstractContextManager[Any]:
    """What a task sends again after a restart is taken for new."""
    return patch.object(Heard, "is_repeat", lambda _self, _record: False)


def repeats_of_producers_count() -> AbstractContextManager[Any]:
    """An event of the same message id takes effect again."""
    return patch.object(apply, "_is_repeat", lambda _profile, _event: False)


def moved_devices_are_not_forwarded() -> AbstractContextManager[Any]:
    """A device's events stay with the profile that it has left."""
    return patch.object(Marks, "moved", lambda _self, *_: None)


def merges_have_no_time() -> AbstractContextManager[Any]:
    """Events from before a merge are taken for the survivor's."""
    real = Marks.retired

    def retired(self: Marks, profile_id: bytes) -> tuple[bytes, bytes] | None:
        mark = real(self, profile_id)
        return None if mark is None else (mark[0], bytes(len(mark[1])))

    return patch.object(Marks, "retired", retired)


def events_come_before_merges() -> AbstractContextManager[Any]:
    """At one instant, the event takes effect before the merge that it caused."""
    return patch.object(seal, "_MERGE", seal._EVENT + 1)


def consent_is_not_merged() -> AbstractContextManager[Any]:
    """A merge keeps the survivor's consent, not the strictest."""
    return patch.object(apply.consent, "absorb", lambda _winner, _loser: None)


QUICK = (
    changes_settle_at_once, rounds_do_not_wait, repeats_of_producers_count, moved_devices_are_not_forwarded,
    merges_have_no_time, events_come_before_merges, consent_is_not_merged,
)  # fmt: skip
RARE = (what_moves_holds_nothing, repeats_between_partitions_count)


@pytest.mark.parametrize(
    "broken", [*QUICK, *(pytest.param(rule, marks=pytest.mark.slow) for rule in RARE)], ids=lambda rule: rule.__name__
)
def test_a_broken_rule_is_noticed(broken: Break) -> None:
    """One of the first seeds fails, as it does not with the rule as it is."""
    with broken():
        assert any(failures(seed) for seed in range(MOST))
