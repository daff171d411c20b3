"""The system's own core, run without a broker, beside the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.record import Record
from schemas.settings import Settings
from streams.testing import replay
from tests.oracle.cells import TOLD, told, totals, written
from tests.oracle.compare import differences
from tests.oracle.outcome import Outcome
from tests.oracle.run import SECRET, run
from tests.oracle.shop import campaigns_file


def both(
    records: Sequence[Record], campaigns: str = "campaigns: []\n", *, partitions: int = 2, **options: Any
) -> tuple[Outcome, list[str]]:
    """The oracle's outcome, and how the core's differs. `options` are settings: profile_limit, device_policy."""
    want = run(records, campaigns=campaigns, partitions=partitions, **options)
    file = campaigns_file(campaigns)
    topics = replay(records, Settings(secret=SECRET, clock="event", campaigns=file, partitions=partitions, **options))
    wanted = {**totals(want), **told(want)}
    got = {**written(topics), **written(topics, {"campaign_day": TOLD})}
    cells = sorted(cell for cell in {*wanted, *got} if wanted.get(cell) != got.get(cell))
    return want, [
        *differences(want, topics, secret=SECRET),
        *(f"cell {cell}: wanted {wanted.get(cell)}, got {got.get(cell)}" for cell in cells),
    ]


def agreed(records: Sequence[Record], campaigns: str = "campaigns: []\n", **options: Any) -> Outcome:
    """What oracle and core agree a history comes to. Fails if they do not."""
    want, found = both(records, campaigns, **options)
    assert not found, "\n".join(found)
    return want
