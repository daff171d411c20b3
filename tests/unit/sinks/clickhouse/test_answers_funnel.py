"""The funnel and the effect of spots: each number beside one that plain Python makes, and known answers."""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest

from schemas import topics
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from sinks.clickhouse.export import over
from sinks.clickhouse.load import load
from sinks.clickhouse.migrate import SQL
from tests.answers import broadcast
from tests.answers.funnel import Moments, funnel, longest, strict
from tests.answers.people import Topics
from tests.support import sink_rows as make
from tests.support.shop_topics import shop_topics
from tests.support.view_rows import rows_of, same

HASHER = Hasher(Settings().secret.get_secret_value())
A, B, C, D = (make.hexed(name) for name in "ABCD")
NOON, MINUTE, HOUR, DAY = make.NOON, make.MINUTE, make.HOUR, make.DAY
EVER = ("1970-01-01", "2149-06-06")
VIEWED, ADDED, STARTED = "Product Viewed", "Product Added", "Checkout Started"


def topics_of(records: list[Record]) -> Topics:
    """The values of records by topic."""
    found: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        found.setdefault(record.topic, []).append(orjson.loads(record.value or b""))
    return found


def agree(client: Any, told: Topics, first: str, last: str) -> None:
    """Assert that both views say what the topics say, the funnel over these days."""
    days = date.fromisoformat(first), date.fromisoformat(last)
    same(client, over("v_funnel", first, last), funnel(told, *days), ["step"])
    same(client, "v_broadcast_lift", broadcast.lift(told), ["aired_at", "spot_id", "region"])


def test_the_simulated_shop(shop: Any) -> None:
    """Every number over the shop's three days, the funnel of its second day as well."""
    agree(shop, shop_topics(), *EVER)
    agree(shop, shop_topics(), "2026-01-06", "2026-01-06")


def levels(client: Any, moments: list[tuple[int, int]], steps: str) -> tuple[int, int]:
    """What the two windowFunnel calls of v_funnel say of (milliseconds, step) with other conditions in them."""
    text = SQL.joinpath("views/v_funnel.sql").read_text(encoding="utf-8")
    heads = re.findall(r"windowFunnel\([^)]*\)", text.split("CREATE")[1])
    assert len(heads) == 2
    rows = ", ".join(f"({at}, {step})" for at, step in moments)
    calls = ", ".join(f"{head}(toUInt64(at), {steps})" for head in heads)
    sql = f"SELECT {calls} FROM values('at UInt64, what UInt8', {rows})"  # noqa: S608 - numbers
    return tuple(client.query(sql).result_rows[0])


@pytest.mark.parametrize(
    ("events", "default", "in_order"),
    [("ABC", 3, 3), ("ADBC", 3, 1), ("AABBCC", 3, 3), ("AABBDCC", 3, 2), ("BBCCAA", 1, 1)],
)
def test_known_answers(client: Any, events: str, default: int, in_order: int) -> None:
    """Published answers of windowFunnel over A, B, C, by the calls of the view and by the plain Python beside it."""
    moments = [(at, "DABC".index(letter)) for at, letter in enumerate(events)]
    assert levels(client, moments, "what = 1, what = 2, what = 3") == (default, in_order)
    times = [(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=at), step) for at, step in moments]
    assert (longest(times, steps=3), strict(times, steps=3)) == (default, in_order)


def test_ties_and_repeats(client: Any) -> None:
    """Random histories with steps at one instant, repeats and waits around the window: the engine's, twice over."""
    draw = random.Random(7)
    day = 86_400_000
    for _ in range(40):
        drawn = [(draw.choice([0, 1, day, 7 * day, 7 * day + 1, 9 * day]), draw.randint(1, 5)) for _ in range(9)]
        began = datetime(2026, 1, 1, tzinfo=UTC)
        times: Moments = [
            (began + timedelta(milliseconds=at), one)
            for at, step in drawn
            for one in ({step, 1} if step < 5 else {step})
        ]
        steps = "what < 5, what = 2, what = 3, what = 4, what = 5"
        assert levels(client, drawn, steps) == (longest(times), strict(times)), drawn


def did(profile: str, *names: str, at: int = NOON, step: int = MINUTE) -> list[Record]:
    """Events of these names, one after the other."""
    return [make.event(profile, name, at + number * step) for number, name in enumerate(names)]


def bought(profile: str, number: str, at: int, **more: Any) -> Record:
    """An order."""
    more = {"orders": 1, "kind": "order", "counts": True, **more}
    return make.conversion(profile, number, 10 * more["orders"], at=at, **more)


def test_a_history_that_can_be_counted_by_hand(client: Any) -> None:
    """Windows, orders on other channels, cancellations, renewals, merges, machines, a split."""
    page = make.event_value(D, "Home", NOON)
    bot = {**page, "type": "page", "message_id": "bot", "context": {"userAgent": "Mozilla/5.0"}}
    history = [
        # A: all of it, with B's first half, who is the same customer since; the order at a till.
        *did(A, ADDED, STARTED, at=NOON + HOUR), *did(B, VIEWED), make.merge(B, A),
        bought(A, "o1", NOON + DAY, channel="store"),
        # C: the order came a week and an hour after the product was viewed; another one was cancelled.
        *did(C, VIEWED, ADDED, STARTED), bought(C, "o2", NOON + 7 * DAY + HOUR), bought(C, "o3", NOON + DAY),
        bought(C, "o3", NOON + DAY, kind="cancellation", orders=-1, changed_at="2026-12-01T00:00:00.000Z"),
        # D: a checkout before a cart, and a renewal; a machine that looks around under another name.
        *did(D, VIEWED, STARTED, ADDED, STARTED), bought(D, "o4", NOON + DAY, kind="renewal"),
        make.record(topics.STITCHED_EVENTS, {**bot, "profile_id": make.hexed("bot")}),
    ]  # fmt: skip
    load(client, history)
    agree(client, topics_of(history), *EVER)
    rows = rows_of(client, over("v_funnel", *EVER))
    assert [(row["customers"], row["customers_in_strict_order"]) for row in rows] == [
        (3, 3),
        (3, 3),
        (3, 2),
        (3, 2),
        (1, 1),
    ]
    assert [row["share_of_previous"] for row in rows] == [None, 1, 1, 1, 1 / 3]
    # What B did is cut off, and is another customer's: nobody gets through.
    load(client, [make.split(A, make.hexed("new"), [HASHER("user_id", B)], at=NOON + 2 * DAY, version=9)])
    assert [row["customers"] for row in rows_of(client, over("v_funnel", *EVER))] == [4, 3, 2, 2, 0]


def test_nothing_to_tell(client: Any) -> None:
    """An empty database gives no rows and no error."""
    assert rows_of(client, over("v_funnel", *EVER)) == rows_of(client, "v_broadcast_lift") == []


def seen(minutes: float, region: str, number: int, **more: Any) -> Record:
    """Something done in a region, so many minutes after noon."""
    value = make.event_value(A, VIEWED, NOON + int(minutes * MINUTE), message_id=f"{region}{minutes}{number}")
    return make.record(topics.STITCHED_EVENTS, {**value, "context": {"location": {"country": region}}, **more})


def spot(minutes: float, **properties: Any) -> Record:
    """A spot."""
    at = NOON + int(minutes * MINUTE)
    return make.event(make.hexed(at), "Spot Aired", at, channel="broadcast", identifiers=[], **properties)


def test_half_hours_around_a_spot(client: Any) -> None:
    """Half an hour before belongs to it, half an hour after does not; regions in any case; a repeat counts once."""
    history = [
        spot(0, region="DE", campaign_id="tv", medium="tv"), spot(90), spot(600, region="Atlantis"),
        *[seen(minutes, "de", 0) for minutes in (-30, -0.001, 0, 29.999, 30, -31)],
        *[seen(5, "DE", number) for number in range(4)], *[seen(-5, "fr", number) for number in range(3)],
        *[seen(5, "FR", number) for number in range(3)], seen(100, "fr", 0), seen(599, "fr", 0),
        seen(3, "", 1, context={"locale": "de_Latn-DE"}), seen(3, "", 2, context={"locale": "de"}),
        make.event(A, "Email Opened", NOON, channel="email"),
    ]  # fmt: skip
    load(client, [*history, history[3]])
    agree(client, topics_of(history), *EVER)
    rows = {row["region"]: row for row in rows_of(client, "v_broadcast_lift WHERE region != ''")}
    de, nowhere = rows["de"], rows["atlantis"]
    assert (de["before"], de["after"], de["elsewhere_before"], de["elsewhere_after"]) == (2, 7, 3, 3)
    assert (de["campaign_id"], de["medium"], de["ratio"], de["ratio_to_elsewhere"]) == ("tv", "tv", 3.5, 3.5)
    # 7 of 9: Wilson's interval of a share is 0.4526 to 0.9368 (known answer), as odds 0.8268 to 14.82.
    assert de["ratio_low"] == pytest.approx(0.82677, abs=1e-4)
    assert de["ratio_high"] == pytest.approx(14.8157, abs=1e-3)
    assert (nowhere["before"], nowhere["ratio"], nowhere["ratio_low"], nowhere["ratio_high"]) == (0, None, None, None)
    everywhere = rows_of(client, "v_broadcast_lift WHERE region = ''")
    assert [(row["before"], row["after"], row["elsewhere_before"]) for row in everywhere] == [(0, 1, 0)]


def test_the_interval_covers() -> None:
    """Of 2,000 spots without an effect, at counts of about 8 and 20, close to 95 % have a ratio interval around 1."""
    draw = random.Random(11)

    def poisson(mean: float) -> int:
        count, passed = 0, draw.expovariate(1)
        while passed < mean:
            count, passed = count + 1, passed + draw.expovariate(1)
        return count

    for mean in (8, 20):
        covered = 0
        for _ in range(2_000):
            low, high = broadcast.odds(poisson(mean), poisson(mean))
            covered += (low or 0) <= 1 and (high is None or high >= 1)
        assert 0.935 <= covered / 2_000 <= 0.97
