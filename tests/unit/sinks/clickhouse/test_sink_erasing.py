"""Erasure: a tombstone deletes its profile's rows before it, everywhere, as often as it comes, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import clickhouse_connect
import pytest

from schemas import topics
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from sinks.clickhouse.admin import administrator
from sinks.clickhouse.batches import Batches
from sinks.clickhouse.client import target
from sinks.clickhouse.embedded import serve
from sinks.clickhouse.errors import SchemaError
from sinks.clickhouse.insert import Inserter
from sinks.clickhouse.load import load
from tests.support import sink_rows as make

Rows = Callable[[str], list[tuple[Any, ...]]]
HASHER = Hasher(Settings().secret.get_secret_value())
P, Q, L, X = (make.hexed(name) for name in "PQLX")
TABLET, PHONE = HASHER("anonymous_id", "tablet"), HASHER("anonymous_id", "phone")
NOON, HOUR = make.NOON, make.HOUR
TABLES = (
    "events", "profiles", "touches", "spend", "feedback", "cart_transitions", "messages", "decisions", "conversions",
    "segment_members",
)  # fmt: skip
ONLY_X = {table: {X} for table in TABLES}
TOMBSTONED = (
    topics.STITCHED_EVENTS, topics.CART_TRANSITIONS, topics.RETARGETING_MESSAGES, topics.RETARGETING_DECISIONS,
    topics.CONVERSIONS, topics.SEGMENTS_MEMBERSHIP,
)  # fmt: skip


def life(profile: str) -> list[Record]:
    """Something of a profile in every table that is filled by profile."""
    address = [{"type": "email", "value": f"{profile}@example.com"}]
    return [
        make.touching(profile, NOON, "email"),
        make.event(profile, "Ad Spend Recorded", NOON + 1, identifiers=address, cost=5, currency="EUR"),
        make.record(
            topics.STITCHED_EVENTS,
            make.event_value(
                profile, "Email Opened", NOON + 2, "email", None, address, {"message_id": f"message {profile}"}
            ),
        ),
        make.transition(profile, f"cart {profile}", "none>open", NOON),
        make.message(profile, f"message {profile}"),
        make.decision(profile, f"decision {profile}", "sent")._replace(key=profile.encode()),
        make.conversion(profile, f"order {profile}", 5),
        make.membership(profile, "regulars", "entered"),
    ]


def tombstones(profile: str) -> list[Record]:
    """What an erasure leaves in each topic that is keyed by profile."""
    return [make.record(topic, None, profile) for topic in TOMBSTONED]


def held(rows: Rows) -> dict[str, set[str]]:
    """The profiles each table has rows of."""
    return {table: {row[0] for row in rows(f"SELECT DISTINCT profile_id FROM {table}")} for table in TABLES}  # noqa: S608


def test_a_tombstone_deletes_its_profile_and_no_other(client: Any, rows: Rows) -> None:
    """Whether its rows are in already or still buffered; a second one finds nothing, and totals in cells stay."""
    cell = make.cell("channel_hour", {"channel": "web"}, {"events": 2})
    load(client, [*life(P), *life(X), cell])
    for _ in range(2):
        load(client, tombstones(P))
        assert held(rows) == ONLY_X
    load(client, [*life(L), *tombstones(L), *tombstones(P)])
    assert held(rows) == ONLY_X
    assert rows("SELECT count() FROM cells") == [(1,)]


def test_what_comes_after_a_tombstone_stays(client: Any, rows: Rows) -> None:
    """The same identifier is a new customer from then on, also when all of it is one batch, and it is read twice."""
    before, after = make.event(P, "Product Viewed", NOON), make.event(P, "Cart Viewed", NOON + HOUR, channel="app")
    stone = make.record(topics.STITCHED_EVENTS, None, P)
    before, after = before._replace(key=P.encode()), after._replace(key=P.encode())
    for _ in range(2):
        load(client, [before, make.event(X, "X"), stone, make.event(X, "X"), after])
        assert rows("SELECT profile_id, name FROM events FINAL ORDER BY name") == [(P, "Cart Viewed"), (X, "X")]
        found = rows("SELECT profile_id, channels, last_seen = first_seen FROM profiles FINAL ORDER BY channels")
        assert found == [(P, ["app"], 1), (X, ["web"], 1)]


def test_tombstones_of_many_are_one_deletion_a_table() -> None:
    """Rows of others in between do not cut a batch; a row of an erased profile does."""
    batches = Batches()
    records = [make.event(who, "X")._replace(key=who.encode()) for who in (P, Q, L, X)]
    stones = [make.record(topics.STITCHED_EVENTS, None, who) for who in (P, Q)]
    feed = [records[0], stones[0], records[2], stones[1], records[3], records[0]]
    batches.add(topics.STITCHED_EVENTS, 1, enumerate(feed), 0.0)
    assert batches.rows == 4
    first, second = batches.take()
    assert (len(first), set(first.erased), len(second), second.erased) == (3, {P, Q}, 1, {})
    assert [first.origin(at).offset for at in range(3)] + [second.origin(0).offset] == [0, 2, 4, 5]
    batches.add(topics.STITCHED_EVENTS, 1, [(9, stones[0])], 5.0)
    assert batches.due(6.0)


def test_an_erased_identifier_keeps_only_that_row(client: Any, rows: Rows) -> None:
    """Its older versions go; a later one, of the new customer, stays; others are not touched."""
    load(client, [
        make.assignment("h1", "email", P, 1), make.assignment("h1", "email", Q, 2),
        make.assignment("h2", "phone", P, 3), make.assignment("h1", "email", None, 4, erased_at=NOON),
        make.assignment("h1", "email", X, 9),
    ])  # fmt: skip
    assert rows("SELECT identifier, profile_id, version FROM identifiers FINAL ORDER BY identifier, version") == [
        ("h1", "", 4), ("h1", X, 9), ("h2", P, 3),
    ]  # fmt: skip


def test_merges_of_an_erased_profile_go(client: Any, rows: Rows) -> None:
    """Into it and out of it, refused ones too; rows about splits say whose others' events are, and stay."""
    load(client, [
        make.merge(L, P, version=1), make.merge(X, P, version=2, refused="user_limit"), make.merge(X, Q, version=3),
        make.split(P, Q, [TABLET], version=4), make.erasure(P, version=8), make.erasure(L, version=9),
        make.merge(P, X, version=12),
    ])  # fmt: skip
    found = rows("SELECT merged_profile_id, into_profile_id, reason FROM profile_merges FINAL ORDER BY version")
    assert found == [(X, Q, "link"), (P, Q, "split"), (P, "", "erased"), (L, "", "erased"), (P, X, "link")]


def seen(profile: str, browser: str) -> Record:
    """An event of a browser under a profile."""
    who = [{"type": "anonymous_id", "value": browser}]
    return make.event(profile, "Product Viewed", message_id=f"{profile} {browser}", identifiers=who)


SPLIT = [
    make.merge(L, P, NOON, 2), make.split(P, Q, [TABLET], NOON + HOUR, 5),
    make.split(L, Q, [], NOON + HOUR, 6, history=True),
]  # fmt: skip


@pytest.mark.parametrize("erased", [[P], [Q, L]])
@pytest.mark.parametrize("identity_first", [False, True])
def test_an_erasure_after_a_split_takes_one_side(
    client: Any, rows: Rows, erased: list[str], identity_first: bool
) -> None:
    """Old events of a cut identifier go with the person it belongs to now, wherever they were written."""
    load(client, [seen(profile, browser) for profile in (P, L) for browser in ("tablet", "phone")])
    load(client, [seen(Q, "tablet"), *SPLIT])
    gone = [make.erasure(one, NOON + 2 * HOUR, 10 + at) for at, one in enumerate(erased)]
    stones = [stone for one in erased for stone in tombstones(one)]
    load(client, gone if identity_first else stones)
    load(client, stones if identity_first else gone)
    left = {"tablet": {P, L, Q}} if erased == [P] else {"phone": {P, L}}
    assert {(row[0], row[1]) for row in rows("SELECT identifiers[1].2, profile_id FROM events")} == {
        (browser, profile) for browser, profiles in left.items() for profile in profiles
    }
    assert {row[0] for row in rows("SELECT profile_id FROM profiles")} == set(*left.values())


def test_a_deletion_that_was_cut_off_is_done_again(client: Any, rows: Rows) -> None:
    """ClickHouse goes away between the statements of an erasure: it is begun anew until it is through."""
    load(client, [*life(P), *life(X)])
    batches = Batches()
    batches.add(topics.STITCHED_EVENTS, 0, [(0, make.record(topics.STITCHED_EVENTS, None, P))], 0.0)
    calls = iter([None, OSError("away"), None, None, OSError("away")])

    class Flaky:
        """The client, but away at some commands."""

        query = client.query

        def command(self, *args: Any, **options: Any) -> Any:
            error = next(calls, None)
            if error is not None:
                raise error
            return client.command(*args, **options)

    [batch] = batches.take()
    Inserter(Flaky(), first_pause=0.0).insert(batch)  # type: ignore[arg-type]
    assert held(rows)["events"] == held(rows)["profiles"] == {X}


def test_a_table_that_cannot_be_deleted_from_stops_the_sink(client: Any) -> None:
    """Nothing is committed over an erasure that did not happen."""
    batches = Batches()
    batches.add(topics.CONVERSIONS, 0, [(0, make.record(topics.CONVERSIONS, None, P))], 0.0)
    [batch] = batches.take()
    client.command("RENAME TABLE conversions TO away")
    try:
        with pytest.raises(SchemaError, match="conversions"):
            Inserter(client).insert(batch)
    finally:
        client.command("RENAME TABLE away TO conversions")


async def test_erasure_over_http(client: Any, embedded: Settings, rows: Rows) -> None:
    """The same statements through a server's client, with a split beside them: the same rows go."""
    load(client, [*life(P), *life(X), seen(P, "tablet"), seen(P, "phone"), *SPLIT])

    def work(address: tuple[str, int]) -> None:
        own = administrator(target(embedded).path)
        login = {"username": own.user, "password": own.password}
        with clickhouse_connect.get_client(host=address[0], port=address[1], **login) as remote:
            load(remote, [*tombstones(P), make.erasure(P, version=9), make.assignment("h", "email", None, 9)])

    async with serve(embedded) as address:
        await asyncio.to_thread(work, address)
    assert rows("SELECT DISTINCT identifiers[1].2, profile_id FROM events ORDER BY 2") == sorted(
        [("tablet", P), (f"{X}@example.com", X)], key=lambda row: row[1]
    )
    assert held(rows) | {"events": {X}, "profiles": {X}} == ONLY_X
