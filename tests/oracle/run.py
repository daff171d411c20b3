"""The oracle itself: a history in, what it comes to out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.events import DeadLetter
from schemas.identifiers import PROFILE_LIMIT, Hasher, Identifier
from schemas.record import Record
from tests.oracle.campaigns import DAY, Campaigns
from tests.oracle.identity import Graph
from tests.oracle.message_names import Names
from tests.oracle.outcome import Outcome, iso
from tests.oracle.profile import Profile
from tests.oracle.reach import TELLS
from tests.oracle.reading import Fact, fact_of, reader
from tests.oracle.shop import RATES, STORES, TEMPLATES
from tests.oracle.walk import FOR_EVER, Walk

SECRET = "proof"  # noqa: S105 - of made-up histories


def run(
    records: Iterable[Record],
    *,
    secret: str = SECRET,
    partitions: int = 4,
    campaigns: str = "",
    switches: Iterable[tuple[int, str]] = (),
    imported: Iterable[tuple[str, str, int]] = (),
    stores: Iterable[Mapping[str, Any]] = STORES,
    rates: Mapping[str, Any] = RATES,
    templates: Mapping[str, str] = TEMPLATES,
    phone_region: str = "US",
    device_policy: str = "latest",
    profile_limit: int = PROFILE_LIMIT,
) -> Outcome:
    """Everything that `records` come to, time having run out at the end. `campaigns` is the text of a campaigns file.

    `switches`: (time in ms, text) of others that hold from then on. `imported`: (channel, address, since in ms) of a
    list of addresses that say no, known from the beginning. `stores`, `rates` and `templates` are what lies
    beside them. `partitions` changes nothing: that is one of the things to prove.
    """
    hasher = Hasher(secret)
    out = Outcome()
    facts: list[Fact] = []
    read, names = reader(phone_region).read, Names(secret)
    for record in records:
        event = read(record)
        if isinstance(event, DeadLetter):
            out.dead[event.record.topic, event.record.partition, event.record.offset] = event.reason.value
            continue
        fact = fact_of(event)
        if fact.identifiers or fact.channel == "broadcast" or sent_to(fact, names):
            facts.append(fact)
        else:
            out.dead[fact.source] = "no_identifier"

    graph = Graph(hasher, profile_limit=profile_limit, device_policy=device_policy)
    walk = Walk(Campaigns(campaigns, secret, stores, templates, rates), out)
    profiles: dict[str, Profile] = {}
    part_of: dict[str, str] = {}
    by_hash = {hasher(*one): one for fact in facts for one in (*fact.identifiers, *fact.previous)}
    for channel, address, since in imported:
        walk.addresses.listed(channel, address, since)

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
            walk.switch(Campaigns(text, secret, stores, templates, rates), profiles.values(), at)

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
                    # Of whom nothing has been heard yet, nothing is merged.
                    if change.loser in profiles:
                        walk.merge(profile(change.winner), profiles.pop(change.loser), fact.time)
                    part_of[change.loser] = change.winner
                out.merges.append(row)
            owner = graph.profile_of(fact.identifiers[0])
        else:
            owner = hasher("broadcast", fact.message_id)
        if sent := sent_to(fact, names):
            owner, old = sent
            if old and owner in by_hash:
                owner = graph.profile_of(by_hash[owner])
            while owner in part_of:
                owner = part_of[owner]
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


def sent_to(fact: Fact, names: Names) -> tuple[str, bool] | None:
    """Whose message an event is feedback of, and whether that message is an old one; None if it is none of ours."""
    whose = names.whose(fact.properties.get("message_id")) if fact.type == "track" and fact.name in TELLS else None
    return whose and (whose[0], fact.time // DAY - whose[1] > 21)


def run_days(walk: Walk, profiles: Mapping[str, Profile], upto: float) -> None:
    """All timers up to a time, one midnight (UTC) after another."""
    while (due := min(map(walk.due, profiles.values()), default=FOR_EVER)) <= upto and due != FOR_EVER:
        midnight = -(-int(due) // DAY) * DAY
        for p in profiles.values():
            walk.run_timers(p, min(midnight, upto))
