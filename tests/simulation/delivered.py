"""A history written out by hand, delivered in every way: the schedule of each seed is another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.record import Record
from tests.oracle.outcome import Outcome
from tests.oracle.run import run
from tests.simulation.check import campaigns_of, judge
from tests.simulation.plan import Plan
from tests.simulation.world import World


def delivered(
    records: Sequence[Record],
    campaigns: str = "campaigns: []\n",
    *,
    partitions: int = 4,
    seeds: Iterable[int] = range(4),
) -> Outcome:
    """What the oracle says of the history. Fails if a run comes to something else.

    Two to four workers read the sources and run the partitions; every other seed ends three lives somewhere.
    """
    for seed in seeds:
        plan = Plan(
            seed=seed,
            mode="event",
            partitions=partitions,
            workers=2 + seed % 3,
            lateness=None,
            campaigns=campaigns,
            records=tuple(records),
            strikes=3 * (seed % 2),
            zombies=0.0,
            moves=seed % 3,
            early_end=bool(seed % 4),
            a_call=(1, 2, 2_000)[seed % 3],
            unit=(1, 20, 20_000)[seed % 3],
        )
        world = World(plan, campaigns_of(campaigns))
        try:
            world.run()
            found = list(judge(plan, world))
        finally:
            world.close()
        assert not found, f"seed {seed}\n" + "\n".join(found)
    return run(records, campaigns=campaigns, partitions=partitions)
