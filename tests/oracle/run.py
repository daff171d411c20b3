"""The oracle itself: a history in, what it comes to out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.events import DeadLetter, Reader
from schemas.identifiers import PROFILE_LIMIT, Hasher, Identifier
from schemas.record import Record
from tests.oracle.campaigns import DAY, Campaigns
from tests.oracle.identity import Graph
from tests.oracle.outcome import Outcome, iso
from tests.oracle.profile import Profile
from tests.oracle.reading import Fact, fact_of
from tests.oracle.shop import STORES, TEMPLATES
from tests.oracle.walk import FOR_EVER, Walk

SECRET = "proof"  # noqa: S105 - of made-up histories


def run(
    records: Iterable[Record],
    *,
    secret: str = SECRET,
    partitions: int = 4,
    campaigns: str = "",
    switches: Iterable[tuple[int, str]] = (),
    stores: Iterable[Mapping[str, Any]] = STORES,
    templates: Mapping[str, str] = TEMPLATES,
    phone_region: str = "US",
    device_policy: str = "latest",
    profile_limit: int = PROFILE_LIMIT,
) -> Outcome:
    """Everything that `records` come to, time having run out at the end. `campaigns` is the text of a campaigns file.

    `switches`: (time in ms, text) of others that hold from then on. `stores` and `templates` are what lies beside
    them. `partitions` changes nothing: that is one of the things to prove.
    """
    hasher = Hasher(secret)
    out = Outcome()
    facts: list[Fact] = []
    reader = Reader(phone_region)
    for record in records:
        event = reader.read(record)
        if isinstance(event, DeadLetter):
            out.dead[event.record.topic, event.record.partition, event.record.offset] = event.reason.value
        else:
            facts.append(fact_of(event))

    graph = Graph(hasher, profile_limit=profile_limit, device_policy=device_policy)
    walk = Walk(Campaigns(campaigns, secret, stores, templates), out)
    profiles: dict[str, Profile] = {}

    def profile(profile_id: str) -> Profile:
        return profiles.setdefault(profile_id, Profile(profile_id))

    day, reached, waiting = 0, -1, sorted(switches, key=lambda switch: switch[0])

    def switch_before(time: float) -> None:
        nonlocal reached
        while waiting and waiting[0][0] <= time:
            at, text = waiting.pop(0)
            # Of two at one moment the first decides nothing.
            if at > reached:
                run_days(walk, profiles, at)
            reached = at
            walk.switch(Campaigns(text, secret, stores, templates), profiles.values())

    for fact in sorted(facts, key=lambda f: f.key):
        switch_before(fact.time)
        if fact.time // DAY > day:
            # What everybody did until midnight is known from now on, so all that was to happen by then must have.
            day = fact.time // DAY
            run_days(walk, profiles, day * DAY)
        if fact.identifiers:
            for change in graph.link(fact.identifiers, fact.previous, fact.key, weak=fact.weak):
                row = {
                    "merged_profile_id": change.loser,
                    "into_profile_id": change.winner,
                    "reason": change.reason,
                    "merged_at": iso(fact.time),
                }
                if change.refused:
                    row["refused"] = change.refused
                    if change.moved is not None:
                        for one in (change.loser, change.winner):
                            walk.run_timers(profile(one), fact.time)
                        walk.lose(profile(change.loser), change.moved, fact.time)
                else:
                    walk.merge(profile(change.winner), profile(change.loser), fact.time)
                    del profiles[change.loser]
                out.merges.append(row)
            owner = graph.profile_of(fact.identifiers[0])
        else:
            owner = hasher("broadcast", fact.message_id)
        walk.addresses.named_by(fact)
        strangers = {one for one in fact.identifiers if graph.profile_of(one) != owner}
        walk.apply(profile(owner), fact, strangers)
        walk.change(list(profiles.values()), fact)
    switch_before(FOR_EVER)
    run_days(walk, profiles, FOR_EVER)
    seen: set[Identifier] = {i for f in facts for i in (*f.identifiers, *f.previous)}
    for identifier in seen:
        out.clusters.setdefault(graph.profile_of(identifier), set()).add(identifier)
    return out


def run_days(walk: Walk, profiles: Mapping[str, Profile], upto: float) -> None:
    """All timers up to a time, one midnight (UTC) after another."""
    while (due := min(map(walk.due, profiles.values()), default=FOR_EVER)) <= upto and due != FOR_EVER:
        midnight = -(-int(due) // DAY) * DAY
        for p in profiles.values():
            walk.run_timers(p, min(midnight, upto))
