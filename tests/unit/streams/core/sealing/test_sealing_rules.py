"""When events take effect, and what happens to those that come late, twice or in masses."""

from __future__ import annotations

import orjson
import pytest

from schemas.topics import CART_TRANSITIONS, DEAD_LETTERS, RETARGETING_DECISIONS, STITCHED_EVENTS
from streams.core.sealing.profile_logic import ProfileLogic
from tests.support.journeys import START, Table, track


def reasons(table: Table) -> list[str]:
    """The reasons of the cart's transitions."""
    return [row["reason"] for row in table.rows(CART_TRANSITIONS)]


def at(minute: int) -> int:
    """Epoch milliseconds of a minute of the table."""
    return START + minute * 60_000


def test_nothing_takes_effect_before_the_watermark_has_passed_it():
    """An event waits for its round; the round's acknowledgement goes behind everything."""
    table = Table()
    table.feed(1, track("Product Added", sku="s"))
    assert table.rows(STITCHED_EVENTS) == []
    table.round(1)
    assert table.rows(STITCHED_EVENTS) == []
    table.round(2)
    assert len(table.rows(STITCHED_EVENTS)) == 1
    assert [orjson.loads(out.value)["round"] for out in table.afters] == [1, 2]


def test_order_of_arrival_does_not_matter():
    """A purchase that comes before the cart it follows still follows it."""
    table = Table()
    table.feed(10, track("Order Completed", order_id="o"))
    table.feed(1, track("Product Added", sku="s"))
    table.round()
    assert reasons(table) == ["opened", "order"]


def test_a_late_order_still_converts_an_abandoned_cart_and_is_flagged():
    """The watermark had passed it, and it counts all the same."""
    table = Table()
    table.feed(1, track("Product Added", sku="s"))
    table.round(60)
    table.feed(20, track("Order Completed", order_id="o"), channel="store")
    assert reasons(table) == ["opened", "inactivity", "order"]
    assert [row["late"] for row in table.rows(STITCHED_EVENTS)] == [False, True]
    assert table.journey.counts["winback_late_events_total", "store"] == 1


def test_an_order_from_before_the_cart_does_not_convert_it():
    """Yesterday's purchase says nothing about today's cart."""
    table = Table()
    table.feed(10, track("Product Added", sku="s"))
    table.feed(4, track("Order Completed", order_id="o"))
    table.round(30)
    assert reasons(table) == ["opened"]


def test_a_repeat_is_dropped_whether_it_waits_or_has_taken_effect():
    """One messageId, one effect within a day."""
    table = Table()
    added = {**track("Product Added", sku="s"), "messageId": "m"}
    table.feed(1, added)
    table.feed(1, added)
    table.round(5)
    table.feed(1, added)
    assert len(table.rows(STITCHED_EVENTS)) == 1
    assert table.journey.counts["winback_duplicates_total",] == 2
    assert table.rows(CART_TRANSITIONS)[0]["lines"][0]["quantity"] == 1


def test_a_history_read_in_twice_counts_once_however_long_it_is():
    """What came late is remembered for a day from then on, though its own day is long past."""
    table = Table()
    table.round(1_000_000)
    for _ in range(2):
        for day in range(200):
            message = {**track("Order Refunded", order_id=f"o{day}", total=5), "messageId": f"m{day}"}
            table.feed(day * 1440, message, channel="store")
    assert len(table.rows(STITCHED_EVENTS)) == 200
    assert table.journey.counts["winback_duplicates_total",] == 200


@pytest.mark.parametrize("round_trip", [False, True])
def test_a_history_that_time_had_not_passed_counts_once_when_it_is_read_in_again(round_trip):
    """What the watermark hurried over is remembered for a day from then on, also by a worker that starts again."""
    table = Table()
    for again in range(2):
        for day in range(200):
            message = {**track("Product Viewed", sku=f"s{day}"), "messageId": f"m{day}"}
            table.feed(day * 1440, message)
        for minute in (0, 1440, 50 * 1440, 1_000_000 + again):
            table.round(minute, now=at(1_000_000 + again))
        if round_trip and not again:
            table.restart()
    assert [row["late"] for row in table.rows(STITCHED_EVENTS)] == [False] * 200
    assert table.journey.counts["winback_duplicates_total",] == 200
    table.round(1_000_000 + 1441, now=at(1_000_000 + 1441))
    table.feed(0, {**track("Product Viewed", sku="s0"), "messageId": "m0"})
    assert len(table.rows(STITCHED_EVENTS)) == 201


def test_an_hour_behind_is_remembered_from_the_clock_and_less_from_the_event():
    """A worker that was away for long remembers what it catches up with; one that runs keeps nothing besides."""
    for behind, known in ((59, False), (60, True)):
        table = Table()
        table.feed(0, {**track("Product Viewed", sku="s"), "messageId": "m"})
        table.round(1, now=at(behind))
        table.round(1440 + behind - 1, now=at(1440 + behind - 1))
        table.feed(0, {**track("Product Viewed", sku="s"), "messageId": "m"})
        assert len(table.rows(STITCHED_EVENTS)) == 2 - known


def test_two_events_of_one_id_are_two_in_a_backlog_too():
    """Producers give one id to several things that happen more than a day apart: a backlog keeps them apart."""
    table = Table()
    for day in (0, 2, 4):
        table.feed(day * 1440, {**track("Product Viewed", sku="s"), "messageId": "m"})
    table.round(1_000_000, now=at(1_000_000))
    assert len(table.rows(STITCHED_EVENTS)) == 3


def test_a_backfill_mails_nobody():
    """With a wall clock far behind the trigger's time the decision is suppressed as stale."""
    table = Table()
    table.feed(0, {"type": "identify", "userId": "u1", "traits": {"email": "a@b.example"}})
    table.feed(1, track("Product Added", sku="s", price=50))
    table.round(120, now=START + 7 * 24 * 3_600_000)
    assert [row["reason"] for row in table.rows(RETARGETING_DECISIONS)] == ["stale"]


def test_a_customer_with_too_much_waiting_is_sealed_early_and_counted():
    """The earlier half takes effect at once; nothing is lost, and nothing comes twice."""
    table = Table(most_pending=10)
    for minute in range(25):
        table.feed(minute, track("Product Viewed", sku="s"))
    early = table.journey.counts["winback_sealed_early_total",]
    assert early == len(table.rows(STITCHED_EVENTS)) > 0
    table.round()
    assert len(table.rows(STITCHED_EVENTS)) == 25


def test_an_event_the_core_cannot_take_is_kept_as_a_dead_letter(monkeypatch):
    """A fault of ours stops neither the stream nor the next event of the same customer."""
    take = ProfileLogic.on_event

    def fail(self, profile, event, effects):
        if event.name == "Product Viewed":
            raise ZeroDivisionError
        return take(self, profile, event, effects)

    monkeypatch.setattr(ProfileLogic, "on_event", fail)
    table = Table()
    table.feed(1, track("Product Viewed", sku="s"))
    table.feed(2, track("Product Added", sku="s"))
    table.round(3)
    (letter,) = [out for out in table.outs if out.topic == DEAD_LETTERS]
    assert dict(letter.headers)["reason"] == b"internal_error"
    assert b"Product Viewed" in letter.value
    assert reasons(table) == ["opened"]


@pytest.mark.parametrize("budget", [1, 3])
def test_a_long_round_takes_several_calls_and_ends_the_same(budget):
    """Sealing a little at a time changes nothing but how long one call takes."""
    table, whole = Table(events_a_call=budget), Table()
    for t in (table, whole):
        for n in range(10):
            t.feed(n, track("Product Added", user=f"u{n % 4}", sku="s"))
    table.round()
    whole.round()
    assert sorted(out.value for out in table.outs if out.topic == CART_TRANSITIONS) == sorted(
        out.value for out in whole.outs if out.topic == CART_TRANSITIONS
    )
