"""Tables that events fill for views: what they hold equals what the events themselves say, whatever came."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from schemas import topics
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from sinks.clickhouse.erasing import erase
from sinks.clickhouse.load import load
from tests.support import sink_rows as make

HASHER = Hasher(Settings().secret.get_secret_value())
Rows = Callable[[str], list[tuple[Any, ...]]]
MINUTE, DAY = 60_000, 86_400_000
NAMES = (
    ("web", "Product Viewed"), ("web", "Product Added"), ("app", "Checkout Started"), ("email", "Email Opened"),
    ("store", "Order Completed"), ("social", "Post Viewed"), ("ads", "Ad Clicked"),
    ("ads", "Ad Spend Recorded"),
)  # fmt: skip
ACTIVITY = "person, quarter, toString(channel), toString(device), did"
FILLED = ("activity", "landings", "feedback", "coupons", "spend")


def seen(profile: str, at: int, dice: random.Random) -> Record:
    """Some event of a profile: of somebody known or not, with a source or without."""
    channel, name = dice.choice(NAMES)
    kind = dice.choice(("anonymous_id", "email", "user_id"))
    context: dict[str, Any] = {}
    if dice.random() < 0.4:
        context = {"campaign": {"source": dice.choice(("news", "google", "direct")), "medium": "cpc"}}
    if dice.random() < 0.3:
        context["page"] = {"url": "https://shop.example/p", "referrer": "https://blog.example/x"}
    identifiers = [] if dice.random() < 0.1 else [{"type": kind, "value": f"{profile}-{dice.randrange(2)}"}]
    properties: dict[str, Any] = {"coupon": "ten", "cost": 3} if dice.random() < 0.5 else {}
    if dice.random() < 0.5:
        properties["message_id"] = make.hexed(f"message {dice.randrange(3)}")
    value = make.event_value(profile, name, at, channel, None, identifiers, properties)
    return make.record(topics.STITCHED_EVENTS, {**value, "context": context})


def history(seed: int) -> list[list[Record]]:
    """Batches of events with merges, splits and erasures between them; some batches come twice."""
    dice = random.Random(seed)
    people = [make.hexed(f"person {number}") for number in range(8)]
    batches: list[list[Record]] = []
    for version in range(1, 13):
        at = make.NOON + version * DAY // 2
        batch = [seen(dice.choice(people), at + dice.randrange(600) * MINUTE, dice) for _ in range(12)]
        one, other = dice.sample(people, 2)
        what = dice.random()
        if what < 0.5:
            batch.append(make.merge(one, other, at, version))
        elif what < 0.75:
            batch.append(make.split(one, make.hexed(f"part {version}"), [HASHER("email", f"{one}-0")], at, version))
        else:
            batch.append(make.record(topics.STITCHED_EVENTS, None, one))
        batches += [batch] * dice.choice((1, 1, 2))
    return batches


def kept(rows: Rows, table: str, columns: str) -> list[tuple[Any, ...]]:
    """The rows of a table, each once, in order."""
    return sorted(rows(f"SELECT DISTINCT {columns} FROM {table}"))  # noqa: S608 - names of this file


def computed(client: Any, table: str) -> tuple[str, set[tuple[Any, ...]]]:
    """The columns that a table is filled with, and its rows as its materialized view makes them of all events."""
    made = "SELECT as_select FROM system.tables WHERE database = currentDatabase() AND name = {name:String}"
    found = client.query(client.query(made, parameters={"name": f"{table}_of_events"}).result_rows[0][0])
    return ", ".join(found.column_names), {tuple(row) for row in found.result_rows}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_what_is_kept_is_what_the_events_say(client: Any, rows: Rows, seed: int) -> None:
    """Each table equals its computation from the events left after any history, and current_activity current_events."""
    for batch in history(seed):
        load(client, batch)
    for table in FILLED:
        columns, expected = computed(client, table)
        assert len(expected) > 3, table
        assert set(rows(f"SELECT {columns} FROM {table}")) == expected, table  # noqa: S608
    of_events = "current_person, toStartOfFifteenMinutes(event_time), toString(channel), toString(device), did"
    assert kept(rows, "current_activity", ACTIVITY) == kept(rows, "current_events WHERE head_type != ''", of_events)
    # As the events of each count, and the sums of each: whose those of a split are is told by `went`.
    named = "toString(channel), toString(name), toString(device), did"
    counts = f"SELECT {named}, count(), sum(cost) FROM current_events GROUP BY ALL ORDER BY ALL"  # noqa: S608
    quick = f"SELECT {named}, sum(times), sum(cost * times) FROM counted_events GROUP BY ALL ORDER BY ALL"  # noqa: S608
    assert rows(quick) == rows(counts)
    merged = "SELECT sipHash64(profile_id) AS merged, sipHash64(current_id) AS into FROM linked_profiles"
    whose = "multiIf(went != 0, went, into != 0, into, person)"
    joined = f"counted_events LEFT ANY JOIN ({merged}) AS later ON merged = person"
    quick = f"SELECT {whose} AS w, sum(times) FROM {joined} GROUP BY w ORDER BY w"  # noqa: S608
    assert rows(quick) == rows("SELECT current_person AS w, count() FROM current_events GROUP BY w ORDER BY w")


def test_events_under_two_profiles_count_once(client: Any, rows: Rows) -> None:
    """What came in again after its profile had been merged is one event, after a split as well."""
    one, other, part = make.hexed("one"), make.hexed("other"), make.hexed("part")
    phone = [{"type": "phone", "value": "+4915112345678"}]
    both = [make.event(who, "Product Viewed", message_id="m1", identifiers=phone) for who in (one, other)]
    alone = make.event(one, "Product Viewed", make.NOON + MINUTE, message_id="m2")
    load(client, [*both, alone])
    counted = "SELECT toInt64(count()), (SELECT sum(times) FROM counted_events) FROM current_events"
    assert rows(counted) == [(3, 3)]
    load(client, [make.merge(one, other, make.NOON + DAY, 2)])
    assert rows(counted) == [(2, 2)]
    assert rows("SELECT events FROM v_event_names(from = '1970-01-01', to = '2149-06-06')") == [(2,)]
    load(client, [make.split(other, part, [HASHER("phone", "+4915112345678")], make.NOON + 2 * DAY, 3)])
    assert rows(counted) == [(2, 2)]
    assert rows("SELECT sum(times), countIf(went != 0) > 0 FROM counted_events") == [(2, True)]


def test_a_crash_in_the_middle_of_an_erasure_loses_nothing(client: Any, rows: Rows) -> None:
    """What others did under an erased id is told again where the first try deleted it and came no further."""
    profile, tablet = make.hexed("P"), [{"type": "anonymous_id", "value": "tablet"}]
    load(client, [
        make.event(profile, "Product Viewed", channel="web"),
        make.event(profile, "Product Viewed", channel="app", identifiers=tablet),
        make.split(profile, make.hexed("Q"), [HASHER("anonymous_id", "tablet")], make.NOON + DAY),
    ])  # fmt: skip
    for _ in range(2):
        erase(client, "events", {profile: 0})
        assert rows("SELECT DISTINCT channel FROM activity") == [("app",)]
        client.command("ALTER TABLE activity DELETE WHERE true SETTINGS mutations_sync = 1")
