"""The oracle itself: a history in, what it comes to out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.events import DeadLetter
from schemas.identifiers import PROFILE_LIMIT, Hasher, Identifier
from schemas.record import Record
from schemas.times import MAX_TIME
from tests.oracle.campaigns import DAY, Campaigns
from tests.oracle.claims import Claims, Theirs
from tests.oracle.identity import Change, Graph, Key
from tests.oracle.message_names import Names
from tests.oracle.outcome import Outcome, iso
from tests.oracle.profile import Profile
from tests.oracle.reach import TELLS, is_machine
from tests.oracle.reading import Fact, fact_of, reader
from tests.oracle.sales import Sales
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
    losers: dict[str, None] = {}
    by_hash = {hasher(*one): one for fact in facts for one in (*fact.identifiers, *fact.previous)}
    for channel, address, since in imported:
        walk.addresses.listed(channel, address, since)

    def profile(profile_id: str) -> Profile:
        return profiles.setdefault(profile_id, Profile(profile_id))

    sales = Sales(graph, out, profile)
    walk.counts = sales.counts

    day, reached = 0, -1
    # Behind the end of time there is nothing that others could decide.
    waiting = sorted((switch for switch in switches if switch[0] < MAX_TIME), key=lambda switch: switch[0])

    def switch_before(time: float) -> None:
        nonlocal reached
        while waiting and waiting[0][0] <= time:
            at, text = waiting.pop(0)
            # Of two at one moment the first decides nothing.
            if at > reached:
                run_days(walk, profiles, at)
            reached = at
            walk.switch(Campaigns(text, secret, stores, templates, rates), profiles.values(), at)

    claims = Claims(graph)

    def pass_time(time: int) -> None:
        nonlocal day
        switch_before(time)
        if time // DAY > day:
            # What everybody did until midnight is known from now on, so all that was to happen by then must have.
            day = time // DAY
            run_days(walk, profiles, day * DAY)

    def learn(news: Iterable[Change | Theirs], time: int) -> None:
        """What is new of who is who takes effect."""
        refused, lost = [], []
        for one in news:
            if isinstance(one, Theirs):
                if one.yes:
                    profile(graph.profile_of(one.visitor)).reach.away.discard(one.address)
                else:
                    refused.append((one.visitor, one.address))
                continue
            row = {
                "merged_profile_id": one.loser,
                "into_profile_id": one.winner,
                "reason": one.reason,
                "merged_at": iso(time),
            }
            if one.refused:
                row["refused"] = one.refused
                if one.moved is not None:
                    for each in (one.loser, one.winner):
                        walk.run_timers(profile(each), time)
                    walk.lose(profile(one.loser), one.moved, time)
                    lost.append(one.loser)
                elif one.pair is not None:
                    refused.append(one.pair)
            else:
                # Of whom nothing has been heard yet, nothing is merged.
                merges = one.loser in profiles
                if merges:
                    look(time)
                    walk.merge(profile(one.winner), profiles.pop(one.loser), time)
                sales.merged(one.loser, one.winner)
                if merges:
                    walk.merged_segments(profile(one.winner), time)
                part_of[one.loser] = one.winner
                profile(one.winner).reach.away -= graph.members[one.winner]
            out.merges.append(row)
        for head, other in refused:
            # Another pair of the same link may have joined them after all.
            if graph.profile_of(head) != graph.profile_of(other):
                forgo(head, other, time)
                lost.append(graph.profile_of(head))
        losers.update(dict.fromkeys(lost))

    def look(time: int) -> None:
        """Who has lost an address is looked at: once for all that is lost at one moment, and before a merge."""
        for each in losers:
            walk.assess(profile(each), time, "event")
        losers.clear()

    def forgo(head: Identifier, other: Identifier, time: int) -> None:
        """An address is not, or no more, that of the customer who named it."""
        whose = profile(graph.profile_of(head))
        walk.run_timers(whose, time)
        whose.reach.away.add(other)
        walk.lose(whose, other, time)

    def settle_claims(upto: Key) -> None:
        while (claim := claims.next()) is not None and claim.due < upto:
            time = int(claim.due[0])
            sales.tell(walk, claim.due)
            pass_time(time)
            learn(claims.fall_due(claim), time)
            following = claims.next()
            if following is None or following.due >= upto or int(following.due[0]) != time:
                look(time)

    for fact in sorted(facts, key=lambda f: f.key):
        settle_claims(fact.key)
        sales.tell(walk, fact.key)
        pass_time(fact.time)
        sent = sent_to(fact, names)
        confirms = fact.confirms
        if sent and fact.name in {"Email Link Clicked", "SMS Link Clicked"} and not is_machine(fact):
            confirms = sent[0]
        if fact.identifiers:
            news = claims.event(
                fact.key, fact.identifiers, fact.weak, fact.previous, confirms, sells=fact.sells, corrects=fact.corrects
            )
            learn(news, fact.time)
            look(fact.time)
            owner = graph.profile_of(fact.identifiers[0])
        else:
            owner = hasher("broadcast", fact.message_id)
        if sent:
            owner, old = sent
            if old and owner in by_hash:
                owner = graph.profile_of(by_hash[owner])
            while owner in part_of:
                owner = part_of[owner]
        walk.addresses.named_by(fact)
        waiting_for = {claim.address for claim in claims.open if graph.profile_of(claim.visitor) == owner}
        theirs = waiting_for - profile(owner).reach.away
        strangers = {one for one in fact.identifiers if graph.profile_of(one) != owner and one not in theirs}
        sales.hear(walk, profile(owner), fact)
        walk.apply(profile(owner), fact, strangers)
        sales.note(profile(owner), fact)
        walk.change(list(profiles.values()), fact)
    settle_claims((FOR_EVER,))
    sales.tell(walk, (FOR_EVER,))
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
