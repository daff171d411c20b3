"""Segments told as stories: who is in which when, as oracle and core agree."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.oracle.core import agreed
from tests.oracle.story import minute_of, told

HOUR, DAY = 60, 24 * 60
WHO = "u1 a@b.example"
ORDER = {"order_id": "o1", "revenue": 120, "currency": "EUR", "products": [{"sku": "L-1", "category": "Lamps"}]}


def file(*rules: str, more: str = "") -> str:
    """A campaigns file with the segments s0, s1, ... of these rules."""
    lines = [f"  - {{id: s{nth}, rule: {rule}}}" for nth, rule in enumerate(rules)]
    return "\n".join(["segments:", *lines, more or "campaigns: []"]) + "\n"


def changes(rule: str, *events: tuple[Any, ...], more: str = "") -> list[str]:
    """What becomes of the only segment: `+minute reason` for who enters, `-minute reason` for who leaves."""
    rows = agreed(told(*events), file(rule, more=more)).memberships
    return [f"{'+' if r['change'] == 'entered' else '-'}{minute_of(r['at']):g} {r['reason']}" for r in rows]


BOUGHT = (0, "web", WHO, "Order Completed", ORDER)
AGAIN = (3 * DAY, "store", WHO, "Order Completed", {**ORDER, "order_id": "o2", "revenue": "50,00"})
REFUND = (DAY, "web", WHO, "Order Refunded", {"order_id": "o1", "revenue": 100, "currency": "EUR"})
CANCELLED = (DAY, "web", WHO, "Order Cancelled", {"order_id": "o1"})
SEEN = (0, "web", WHO, "page")
LATER = (40 * DAY, "web", WHO, "page")
VIEW = {"product_id": "p1", "sku": "L-1", "category": "Lamps"}


@pytest.mark.parametrize(("rule", "events", "wanted"), [
    # Orders: so many in the last days; a cancelled one does not count, nor does the repeat of one.
    ("{orders: {within: 2d}}", [BOUGHT, LATER], ["+0 event", f"-{2 * DAY} time"]),
    ("{orders: {within: 5d, at_least: 2}}", [BOUGHT, AGAIN, LATER], [f"+{3 * DAY} event", f"-{5 * DAY} time"]),
    ("{orders: {at_least: 2}}", [BOUGHT, (9, *BOUGHT[1:]), LATER], []),
    ("{orders: {}}", [BOUGHT, CANCELLED, LATER], ["+0 event", f"-{DAY} event"]),
    ("{orders: {at_most: 0}}", [SEEN, (5, *BOUGHT[1:])], ["+0 event", "-5 event"]),
    # Revenue: net of refunds, of one currency, of orders placed in the window.
    ("{revenue: {currency: eur, at_least: 120}}", [BOUGHT, REFUND, LATER], ["+0 event", f"-{DAY} event"]),
    ("{revenue: {currency: EUR, at_least: 70}}", [BOUGHT, REFUND, AGAIN], ["+0 event", f"-{DAY} event",
                                                                          f"+{3 * DAY} event"]),
    ("{revenue: {currency: USD, at_least: 1}}", [BOUGHT, LATER], []),
    ("{revenue: {currency: EUR, at_most: 119.999999, within: 1d}}", [BOUGHT, LATER], [f"+{DAY} time"]),
    # Ages: what has never been is neither old nor young. The end of a window does not belong to it.
    ("{last_order: {older_than: 3d}}", [SEEN, BOUGHT, LATER], [f"+{3 * DAY} time"]),
    ("{last_order: {younger_than: 3d}}", [SEEN, LATER], []),
    ("{all: [{last_order: {older_than: 1d, younger_than: 3d}}]}", [BOUGHT, LATER],
     [f"+{DAY} time", f"-{3 * DAY} time"]),
    ("{last_activity: {older_than: 30d}}", [SEEN, LATER, (80 * DAY, *SEEN[1:])],
     [f"+{30 * DAY} time", f"-{40 * DAY} event", f"+{70 * DAY} time", f"-{80 * DAY} event", f"+{110 * DAY} time"]),
    ("{first_seen: {younger_than: 7d}}", [SEEN, LATER], ["+0 event", f"-{7 * DAY} time"]),
    # Channels, carts, products, categories.
    ("{seen_on: {channel: store, within: 1d}}", [BOUGHT, AGAIN], [f"+{3 * DAY} event", f"-{4 * DAY} time"]),
    ("{carts_abandoned: {within: 1d}}", [(0, "web", WHO, "Product Added", VIEW)], ["+30 time", f"-{DAY + 30} time"]),
    ("{viewed: {category: ' LAMPS', at_least: 2, within: 1h}}",
     [(0, "web", WHO, "Product Viewed", VIEW), (50, "app", WHO, "Product List Viewed", {"category": "lamps"}),
      (55, "web", WHO, "Product Viewed", {**VIEW, "machine": True})], ["+50 event", "-60 time"]),
    ("{viewed: {product: l-1}}",
     [(0, "web", WHO, "Product List Viewed", VIEW), (9, "web", WHO, "Product Viewed", VIEW)], ["+9 event"]),
    ("{bought: {category: lamps}}", [BOUGHT, CANCELLED], ["+0 event", f"-{DAY} event"]),
    ("{bought: {product: L-1, at_least: 2}}", [BOUGHT, AGAIN], [f"+{3 * DAY} event"]),
    # What is known of the customer.
    ("{known: true}", [(0, "web", "a1", "page"), (5, "web", "u1", "page"), (9, "web", "u1 a1", "identify")],
     ["+5 event"]),
    ("{known: false}", [(0, "web", "a1", "page"), (9, "web", "a1 a@b.example", "identify")], ["+0 event", "-9 merge"]),
    ("{contact: email}", [(0, "web", "u1", "page"), (7, "web", WHO, "identify")], ["+7 event"]),
    ("{contact: ads}", [(7, "web", WHO, "identify")], ["+7 event"]),
    ("{consent: {channel: email}}", [SEEN, (4, "email", WHO, "Unsubscribed", {})], ["+0 event", "-4 event"]),
    ("{consent: {channel: email, topic: ' News'}}",
     [SEEN, (4, "web", WHO, "Unsubscribed", {"topic": "news"})], ["+0 event", "-4 event"]),
    ("{language: [de]}", [SEEN, (4, "web", "u1", "page", {"context": {"locale": "de-AT"}})], ["+4 event"]),
    ("{language: [en]}", [SEEN], ["+0 event"]),
    ("{zone: [Europe/Berlin]}", [SEEN, (4, "web", "u1", "page", {"context": {"timezone": "europe/berlin"}})],
     ["+4 event"]),
    # How conditions are put together.
    ("{not: {orders: {within: 1d}}}", [SEEN, (9, *BOUGHT[1:]), LATER], ["+0 event", "-9 event", f"+{DAY + 9} time"]),
    ("{any: [{orders: {within: 1d}}, {seen_on: {channel: web, within: 2d}}]}", [BOUGHT],
     ["+0 event", f"-{2 * DAY} time"]),
    ("{all: [{orders: {within: 1d}}, {seen_on: {channel: web, within: 2d}}]}", [BOUGHT], ["+0 event", f"-{DAY} time"]),
])  # fmt: skip
def test_a_rule_holds_when_it_should(rule: str, events: list[tuple[Any, ...]], wanted: list[str]) -> None:
    """A customer enters and leaves at the minute, and for the reason, that the rule says; oracle and core agree."""
    assert changes(rule, *events) == wanted


@pytest.mark.parametrize(("rule", "traits", "wanted"), [
    ("{name: plan, is: true}", [{"plan": "true"}, {"plan": 1}, {"plan": True}], 2),
    ("{name: plan, is: 1}", [{"plan": True}, {"plan": "1"}, {"plan": 1.0}], 2),
    ("{name: plan, is: pro}", [{"plan": "Pro"}, {"plan": "pro"}], 1),
    ("{name: plan, in: [a, 2]}", [{"plan": "2"}, {"plan": 2}], 1),
    ("{name: plan, exists: false}", [{"other": 1}], 0),
    ("{name: age, at_least: 18, at_most: 30}", [{"age": "20"}, {"age": 31}, {"age": True}, {"age": 30}], 3),
])  # fmt: skip
def test_traits_are_compared_with_their_types(rule: str, traits: list[dict[str, Any]], wanted: int) -> None:
    """A customer whose trait takes these values, a minute apart, enters with the one of the very type and value."""
    records = told(*((minute, "web", "u1", "identify") for minute, _ in enumerate(traits)))
    changed = [
        record._replace(value=record.value.replace(b'"type":', b'"traits":' + orjson.dumps(given) + b',"type":'))
        for record, given in zip(records, traits, strict=True)
    ]
    rows = agreed(changed, file(f"{{trait: {rule}}}")).memberships
    assert [minute_of(row["at"]) for row in rows] == [wanted]


def test_two_customers_who_become_one_are_one_member() -> None:
    """Both are in; the one that is no more leaves, the other stays. Orders of both count together from then on."""
    events = [
        (0, "web", "a1", "Order Completed", {**ORDER, "order_id": "x"}), (1, "web", "u1", "Order Completed", ORDER),
        (5, "web", "u1 a1", "identify"),
    ]  # fmt: skip
    assert changes("{orders: {}}", *events) == ["+0 event", "+1 event", "-5 merge"]
    assert changes("{orders: {at_least: 2}}", *events) == ["+5 merge"]
    assert changes("{orders: {at_most: 1, at_least: 1}}", *events) == ["+0 event", "+1 event", "-5 merge", "-5 merge"]


def at_once(minute: int, rules: tuple[str, ...], *events: tuple[Any, ...]) -> list[str]:
    """What becomes of the segments s0, s1, ... of these rules in a minute."""
    rows = agreed(told(*events), file(*rules)).memberships
    return [
        f"{'+' if row['change'] == 'entered' else '-'}{row['segment']} {row['reason']}"
        for row in rows if minute - 1 < minute_of(row["at"]) <= minute
    ]  # fmt: skip


MAIL, PUSH = ("{contact: email}", "{not: {contact: email}}"), ("{contact: push}", "{not: {contact: push}}")
MISTYPED = (10, "web", "a1", "Checkout Started", {"email": "y@b.example"})
PHONE = {"context": {"device": {"id": "d1", "token": "tok", "type": "ios"}}}
NUMBER = "+49301234500"


@pytest.mark.parametrize(("minute", "rules", "events", "wanted"), [
    # The event that corrects an address shows who the visitor is as well: that one loses the other address.
    (20, MAIL, [(0, "web", "u9 x@b.example", "identify"), MISTYPED,
                (20, "web", "a1", "Order Completed", {**ORDER, "email": "x@b.example"})], ["-s0 merge"]),
    (20, MAIL, [(0, "web", "a1", "page"), (5, "store", "x@b.example", "identify"), MISTYPED,
                (20, "web", "a1", "Order Completed", {**ORDER, "email": "x@b.example"})], ["-s0 merge"]),
    # A device moves, then one customer is another, and the other way about, all in one instant.
    (20, (*PUSH, "{seen_on: {channel: store}}"),
     [(0, "store", "a1", "identify"), (1, "app", "u1", "page", PHONE), (20, "app", "u2", "identify", PHONE),
      (20, "web", "u1 a1", "identify")],
     ["-s0 event", "+s1 event", "+s0 event", "-s1 merge", "-s2 merge", "+s2 merge"]),
    (20, (*PUSH, "{seen_on: {channel: store}}"),
     [(0, "store", "a1", "identify"), (1, "app", "u1", "page", PHONE), (20, "app", "u1 a1", "identify"),
      (20, "web", "u2", "identify", PHONE)],
     ["-s1 merge", "-s2 merge", "+s2 merge", "-s0 event", "+s1 event", "+s0 event"]),
    # Of two addresses typed at once the e-mail turns out to be another's, then the phone to be the customer's.
    (40, (*MAIL, "{seen_on: {channel: callcenter}}"),
     [(0, "callcenter", "a7", "identify", {"context": {"traits": {"phone": NUMBER}}}), (9, "web", "u1", "page"),
      (10, "web", "u1", "Checkout Started", {"email": "x@b.example", "phone": NUMBER}),
      (20, "web", "u2 x@b.example", "identify")],
     ["-s0 event", "+s1 event", "-s1 merge", "-s2 merge", "+s2 merge"]),
    # Two addresses are corrected by one event.
    (20, (*MAIL, "{contact: sms}"),
     [(10, "web", "a1", "Checkout Started", {"email": "y@b.example", "phone": "+49301234599"}),
      (20, "web", "a1", "Checkout Started", {"email": "x@b.example", "phone": NUMBER})],
     ["-s0 event", "-s2 event", "+s1 event", "-s1 event", "+s0 event", "+s2 event"]),
])  # fmt: skip
def test_addresses_are_lost_behind_the_merges_of_the_event(
    minute: int, rules: tuple[str, ...], events: list[tuple[Any, ...]], wanted: list[str]
) -> None:
    """What an event takes away it takes from who the customer is by then; what was said before, from who they were."""
    assert at_once(minute, rules, *events) == wanted


def test_a_spot_is_no_customer() -> None:
    """What is aired belongs to nobody, so nobody enters, whatever the rule says."""
    assert changes("{orders: {at_most: 0}}", (0, "broadcast", "", "Spot Aired", {"campaign_id": "c"})) == []


def test_campaigns_ask_for_segments_and_wait_for_them() -> None:
    """Who enters a segment is written to, save who is in another; who has left by the time of a step is not."""
    more = """campaigns:
  - id: hello
    trigger: {on: segment_entered, segment: s0}
    audience: {not_in: [s1]}
    steps: [{id: a, channel: email, template: all}, {id: b, after: 3d, channel: email, template: all}]
  - id: in
    trigger: {on: event, name: Post Liked}
    audience: {in: [s1, s0]}
    steps: [{id: a, channel: email, template: all}]
"""
    rules = "{orders: {within: 2d}}", "{orders: {at_least: 2, within: 4d}}"
    liked = [(minute, "web", WHO, "Post Liked") for minute in (1, 6 * DAY)]
    both = agreed(told(BOUGHT, *liked, AGAIN), file(*rules, more=more)).decisions
    found = [f"{d['campaign_id']} {d['step']} {minute_of(d['decided_at']):g} {d['reason'] or 'sent'}" for d in both]
    assert found == [
        "hello a 0 sent", "in a 1 sent", f"hello b {3 * DAY} sent", f"hello a {3 * DAY} exited",
        f"hello b {6 * DAY} sent", f"in a {6 * DAY} exited",
    ]  # fmt: skip
