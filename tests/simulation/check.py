"""What must hold when a run is over."""

from __future__ import annotations

import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import orjson

from schemas.record import Record
from schemas.topics import (
    AGGREGATES,
    CONVERSIONS,
    IDENTITY_ASSIGNMENTS,
    IDENTITY_MERGES,
    OUTPUT_TOPICS,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
    STITCHED_EVENTS,
)
from streams.campaigns import load
from streams.core.campaigns import Campaigns
from tests.oracle.cells import totals, written
from tests.oracle.compare import differences
from tests.oracle.run import SECRET, run
from tests.simulation.plan import Plan, draw
from tests.simulation.world import World

Topics = dict[str, list[Record]]


@lru_cache(maxsize=64)
def campaigns_of(text: str) -> Campaigns:
    """The campaigns of a file of this text."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        return load(Path(file.name))


def failures(seed: int, mode: str | None = None, trace: Callable[[str], None] | None = None) -> list[str]:
    """What is wrong with the run of a seed: nothing, or how to see it again and one line for each thing."""
    plan = draw(seed, mode)
    world = World(plan, campaigns_of(plan.campaigns), trace)
    try:
        world.run()
        found = list(judge(plan, world))
    except Exception:  # noqa: BLE001 - whatever it is, the seed has to be told
        found = [traceback.format_exc()]
    finally:
        world.close()
    if not found:
        return []
    again = f"python -m tests.simulation.run --seed {seed}" + (f" --mode '{mode}'" if mode else "") + " --trace"
    return [f"seed {seed} ({plan.mode}, {world.steps} steps) failed; see it again: {again}", *found[:20]]


def judge(plan: Plan, world: World) -> Iterator[str]:
    """Everything that is wrong with the outcome of a run."""
    drained, whole = world.topics(), world.topics(whole=True)
    yield from unique(whole)
    yield from repeats_only(drained, whole)
    if plan.exact:
        yield from as_the_oracle(plan, drained)


def as_the_oracle(plan: Plan, topics: Topics) -> Iterator[str]:
    """How the outcome differs from the oracle's."""
    want = run(plan.records, campaigns=plan.campaigns, partitions=plan.partitions)
    yield from differences(want, topics, secret=SECRET)
    wanted, got = totals(want), written(topics)
    for cell in {*wanted, *got}:
        if wanted.get(cell) != got.get(cell):
            yield f"cell {cell}: wanted {wanted.get(cell)}, got {got.get(cell)}"


def distinct(records: Iterable[Record]) -> list[tuple[bytes | None, bytes | None]]:
    """(key, value), repeats dropped, in the order in which they first came."""
    return list(dict.fromkeys((record.key, record.value) for record in records))


def unique(topics: Topics) -> Iterator[str]:
    """Rows whose id has come with two contents, and versions that do not count up."""
    for topic, *names in (
        (RETARGETING_DECISIONS, "decision_id"),
        (RETARGETING_MESSAGES, "message_id"),
        (CONVERSIONS, "profile_id", "order_id"),
        (STITCHED_EVENTS, "source"),
        (IDENTITY_MERGES, "version"),
        (IDENTITY_ASSIGNMENTS, "version"),
    ):
        rows = [orjson.loads(value or b"") for _, value in distinct(topics[topic])]
        ids = Counter(str([row[name] for name in names]) for row in rows)
        yield from (f"{topic}: {count} rows of {names} {one}" for one, count in ids.items() if count > 1)
    versions = [orjson.loads(value or b"")["version"] for _, value in distinct(topics[IDENTITY_ASSIGNMENTS])]
    if versions != sorted(versions):
        yield f"{IDENTITY_ASSIGNMENTS}: versions do not go up: {versions}"


def repeats_only(drained: Topics, whole: Topics) -> Iterator[str]:
    """What came after the system had said that it was done, and had not been there before."""
    for topic in OUTPUT_TOPICS:
        if topic != AGGREGATES:
            known = set(distinct(drained[topic]))
            yield from (f"{topic}: after the end {row}" for row in distinct(whole[topic]) if row not in known)
    before, after = written(drained), written(whole)
    yield from (f"cell {c}: {before.get(c)}, after the end {n}" for c, n in after.items() if before.get(c) != n)
