"""One seed: its run, and everything that is wrong with it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import orjson

from schemas.record import Record
from schemas.topics import IDENTITY_ASSIGNMENTS, IDENTITY_LINKS, PROFILE_EVENTS
from streams.campaigns import load
from streams.core.campaigns import Campaigns
from tests.oracle.cells import TOLD, told, totals, written
from tests.oracle.compare import differences, milliseconds
from tests.oracle.run import SECRET, run
from tests.oracle.shop import campaigns_file
from tests.simulation.invariants import (
    Topics,
    cells_add_up,
    each_once,
    members_take_turns,
    no_errors,
    no_message_after_an_order,
    repeats_only,
    unique,
)
from tests.simulation.kept_promises import kept_promises
from tests.simulation.links_made import links_made
from tests.simulation.plan import ASKING_MODES, Plan, asked, draw
from tests.simulation.requested import requested
from tests.simulation.typed import typed_addresses
from tests.simulation.world import World


@lru_cache(maxsize=64)
def campaigns_of(text: str) -> Campaigns:
    """The campaigns of a file of this text, the made-up stores and templates beside it."""
    return load(campaigns_file(text))


def failures(
    seed: int,
    mode: str | None = None,
    trace: Callable[[str], None] | None = None,
    *,
    asking: bool = False,
    campaigning: bool = False,
) -> list[str]:
    """What is wrong with the run of a seed: nothing, or how to see it again and one line for each thing.

    `asking`: somebody asks for splits and erasures in the middle of it. `campaigning`: many campaigns, few customers.
    """
    if asking:
        mode = mode or ASKING_MODES[seed % len(ASKING_MODES)]
    plan = draw(seed, mode, campaigning=campaigning)
    if asking:
        plan = asked(plan)
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
    again = f"python -m tests.simulation.run --seed {seed}" + (f" --mode '{mode}'" if mode else "")
    again += " --asking" * asking + " --campaigning" * campaigning + " --trace"
    return [f"seed {seed} ({plan.mode}, {world.steps} steps) failed; see it again: {again}", *found[:20]]


def judge(plan: Plan, world: World) -> Iterator[str]:
    """Everything that is wrong with the outcome of a run."""
    drained, whole = world.topics(), world.topics(whole=True)
    yield from unique(whole)
    yield from links_made(whole)
    yield from no_errors(whole)
    yield from members_take_turns(whole)
    switched = switches(plan, world)
    files, since = [plan.campaigns, *(text for _, text in switched)], [at for at, _ in switched]
    if plan.requests:
        yield from no_message_after_an_order(world.network.emitted)
        yield from cells_add_up(whole)
        logs = (world.network.logs[PROFILE_EVENTS, p] for p in range(plan.partitions))
        topics = {**whole, PROFILE_EVENTS: [record for log in logs for record in log]}
        yield from kept_promises(files, topics, exact=plan.exact, since=since, asking=True)
        yield from requested(plan, world.network.logs[IDENTITY_LINKS, 0], whole, world.state())
        return
    yield from repeats_only(drained, whole)
    yield from each_once(plan.records, drained)
    yield from no_message_after_an_order(world.network.emitted)
    yield from kept_promises(files, drained, exact=plan.exact, since=since)
    if plan.exact:
        yield from typed_addresses(plan.records, drained)
        yield from as_the_oracle(plan, drained, switched)
    else:
        yield from cells_add_up(drained)


def youngest(assignments: list[Record]) -> list[Record]:
    """In the order of their versions: what a zombie wrote, or is written again, may stand behind what is younger."""
    return sorted(assignments, key=lambda record: orjson.loads(record.value or b"")["version"])


def switches(plan: Plan, world: World) -> list[tuple[int, str]]:
    """From when on, in ms, which other campaigns held, as the receipts say."""
    log = (orjson.loads(record.value or b"") for record in world.network.logs[IDENTITY_LINKS, 0])
    receipts = {row["request"]: row["at"] for row in log if row["k"] == "receipt" and "at" in row}
    texts = {f"switch {nth}": text for nth, (_, text) in enumerate(plan.switches, 1)}
    return [(milliseconds(receipts[request]), text) for request, text in texts.items()]


def as_the_oracle(plan: Plan, topics: Topics, switched: Sequence[tuple[int, str]] = ()) -> Iterator[str]:
    """How the outcome differs from the oracle's, in which other campaigns hold from the same points on."""
    want = run(
        plan.records, campaigns=plan.campaigns, switches=switched, partitions=plan.partitions,
        imported=plan.imported, profile_limit=plan.profile_limit,
    )  # fmt: skip
    if plan.strikes:
        topics = {**topics, IDENTITY_ASSIGNMENTS: youngest(topics[IDENTITY_ASSIGNMENTS])}
    yield from differences(want, topics, secret=SECRET)
    wanted = {**totals(want), **told(want)}
    got = {**written(topics), **written(topics, {"campaign_day": TOLD})}
    for cell in {*wanted, *got}:
        if wanted.get(cell) != got.get(cell):
            yield f"cell {cell}: wanted {wanted.get(cell)}, got {got.get(cell)}"
