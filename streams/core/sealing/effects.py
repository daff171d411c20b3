"""What follows from what happened to a profile."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from streams.core.aggregates.cells import Cells
from streams.core.aggregates.population import NoStats, StatsDelta
from streams.core.contact.telling import Told
from streams.core.protocol.ports import Addresses, GlobalStats, NothingSaid


@dataclass(slots=True)
class Effects:
    """What follows from an event or timer: rows by topic, in order; totals; counters; what everybody learns of it.

    A row is (topic, key, row): the key is the profile id, or begins with it; a row of None takes back what it names.
    `known` is what was known of everybody before.
    """

    cells: Cells
    rows: list[tuple[str, str, dict[str, Any] | None]] = field(default_factory=list)
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    observed: list[tuple[tuple[str, ...], float]] = field(default_factory=list)
    known: GlobalStats = field(default_factory=NoStats)
    learned: StatsDelta = field(default_factory=StatsDelta)
    addresses: Addresses = field(default_factory=NothingSaid)
    told: list[Told] = field(default_factory=list)
    """What a profile has to tell all partitions of its addresses."""
