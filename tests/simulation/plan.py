"""What a seed stands for: the history, how it arrives, who there is, and what goes wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import orjson

from schemas.events import DeadLetter
from schemas.identifiers import PROFILE_LIMIT, Identifier
from schemas.record import Record
from tests.oracle.campaign_histories import campaigns, random_campaigns
from tests.oracle.forms import with_forms
from tests.oracle.histories import HOUR, MINUTE, START, History, random_history
from tests.oracle.reading import reader
from tests.oracle.segment_histories import with_segments
from tests.simulation.crowds import EMAILS, PHONES, crowd
from tests.simulation.speech import spoken

MODES: Final = ("event", "event crashes", "wall", "wall crashes", "late", "late crashes")
"""By the remainder of the seed. `late`: events come later than the lateness allows, so only invariants hold."""
ASKING_MODES: Final = ("wall", "wall crashes", "late", "late crashes", "wall crashes", "event crashes")
"""By the remainder of the seed, for runs with requests: under the event clock nothing has happened before the end."""
AGELESS: Final = "max_trigger_age: 9999d\n"
"""A clock that jumps over a month between two events must not make a trigger stale."""
LONGEST: Final = 22
"""Events of a history of campaigns, responses to its messages aside."""
LATENESS: Final = (0, 1_000, 30_000, 20 * MINUTE, 2 * HOUR)


@dataclass(frozen=True)
class Request:
    """A `split` or an `erase` that somebody asks for when this many raw records have come in.

    `now`: what their clock shows in ms, None for the run's own.
    """

    kind: str
    identifier: Identifier
    after: int
    now: int | None = None


@dataclass(frozen=True)
class Plan:
    """One run, all but the scheduler's choices. `lateness` in ms, None under the event clock.

    `switches`: other campaigns are applied when this many raw records have come in, (how many, the file's text).
    `imported`: a list of addresses that say no, taken in before all else, (channel, address, since in ms).
    """

    seed: int
    mode: str
    partitions: int
    workers: int
    lateness: int | None
    campaigns: str
    records: tuple[Record, ...]
    strikes: int
    zombies: float
    moves: int
    early_end: bool
    a_call: int
    unit: int
    requests: tuple[Request, ...] = ()
    campaigning: bool = False
    switches: tuple[tuple[int, str], ...] = ()
    profile_limit: int = PROFILE_LIMIT
    imported: tuple[tuple[str, str, int], ...] = ()

    @property
    def spoken(self) -> tuple[Record, ...]:
        """The records as their producers write them: some speak other vocabularies, and mean `records`."""
        return tuple(spoken(self.records, self.seed))

    @property
    def slow_input(self) -> bool:
        """A request, or campaigns that are applied, are to find something done."""
        return bool(self.requests or self.switches)

    @property
    def exact(self) -> bool:
        """Whether the outcome must equal the oracle's."""
        return not self.mode.startswith("late")


def draw(seed: int, mode: str | None = None, *, campaigning: bool = False) -> Plan:
    """The plan of a seed. `campaigning`: the history is one of campaigns, and has seeds of its own."""
    rng = random.Random(f"campaigning {seed}" if campaigning else f"plan {seed}")
    mode = mode or MODES[seed % len(MODES)]
    if campaigning:
        history = random_campaigns(seed, longest=LONGEST)
    else:
        history = crowd(rng) if rng.random() < 0.6 else random_history(seed)
        history = with_forms(history, seed, EMAILS, PHONES)
    partitions = rng.choice((1, 2, 3, 3, 4))
    crashes, wall = "crashes" in mode, not mode.startswith("event")
    lateness = rng.choice(LATENESS) if wall else None
    records = history.records(partitions)
    if mode.startswith("wall"):
        records = punctual(hurried(history, lateness or 0).records(partitions), lateness or 0)
    age = AGELESS if wall else ""
    return Plan(
        seed=seed,
        mode=mode,
        partitions=partitions,
        workers=rng.choice((1, 2, 3, 4)),
        lateness=lateness,
        campaigns=history.campaigns + age,
        records=tuple(records),
        campaigning=campaigning,
        switches=tuple(switches(seed, len(records), age)) if campaigning else (),
        imported=tuple(imported(seed, records)) if campaigning else (),
        strikes=rng.choice((1, 3, 10)) if crashes else 0,
        zombies=rng.choice((0.0, 0.0, 0.5)) if crashes else 0.0,
        moves=rng.choice((0, 1, 4)),
        early_end=rng.random() < 0.5,
        a_call=rng.choice((1, 2, 5, 2_000)),
        unit=rng.choice((1, 20, 20_000, 20_000)),
        profile_limit=rng.choice((PROFILE_LIMIT, PROFILE_LIMIT, 4)),
    )


def switches(seed: int, records: int, age: str) -> Iterator[tuple[int, str]]:
    """In every third seed other campaigns of the same names are applied once or twice, somewhere in between."""
    rng = random.Random(f"switches {seed}")
    for after in sorted(rng.randint(0, records) for _ in range(rng.choice((0, 0, 0, 0, 1, 2)))):
        yield after, with_segments(campaigns(rng.choice), f"{seed} {after}") + age


def imported(seed: int, records: list[Record]) -> Iterator[tuple[str, str, int]]:
    """In every fourth seed a list of addresses, each of which has said no before the first event or at one of them."""
    rng = random.Random(f"imported {seed}")
    times = [orjson.loads(record.value or b"{}").get("timestamp") for record in records]
    moments = [START - HOUR, *(time for time in times if isinstance(time, int))]
    for _ in range(rng.choice((0, 0, 0, 2))):
        n, since = rng.randrange(3), rng.choice(moments) + rng.choice((-1, 0, 1))
        yield *rng.choice((("email", f"p{n}@shop.example"), ("sms", f"+4930123450{n}"), ("push", f"token{n}"))), since


def asked(plan: Plan, kinds: tuple[str, ...] = ("split", "split", "erase")) -> Plan:
    """The same run, in which somebody asks for a few splits and erasures, mostly of those who are named often."""
    rng = random.Random(f"requests {plan.seed}")
    times = [START]
    people = [Identifier("email", "stranger@shop.example")]
    for record in plan.records:
        event = reader().read(record)
        if not isinstance(event, DeadLetter):
            people += event.identifiers
            people += event.previous
            times.append(event.time)
    afters = sorted(rng.randint(0, len(plan.records)) for _ in range(rng.choice((1, 2, 3, 5))))
    return replace(
        plan,
        # What a limit had refused may hold after a split (contract 8.9).
        profile_limit=PROFILE_LIMIT,
        requests=tuple(
            Request(rng.choice(kinds), rng.choice(people), after, rng.choice(times) if plan.lateness is None else None)
            for after in afters
        ),
    )


def hurried(history: History, lateness: int) -> History:
    """The same events, none of which arrives later than the lateness allows."""
    return replace(history, steps=[replace(step, delay=min(step.delay, lateness)) for step in history.steps])


def punctual(records: list[Record], lateness: int) -> list[Record]:
    """Without the repeats that came too late, which the producers of this history did not make."""
    offsets: dict[tuple[str, int], int] = {}
    kept = []
    for record in records:
        if record.timestamp - orjson.loads(record.value or b"")["timestamp"] <= lateness:
            place = record.topic, record.partition
            offset = offsets[place] = offsets.get(place, -1) + 1
            kept.append(record._replace(offset=offset))
    return kept
