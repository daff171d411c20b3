"""One order id under several customers, told as stories: one sale, of who is known best, whatever comes first."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from schemas.identifiers import Hasher, Identifier
from schemas.topics import CONVERSIONS
from streams.core.campaigns import Campaigns
from tests.oracle.cells import written
from tests.oracle.compare import rows_of
from tests.oracle.core import agreed
from tests.oracle.outcome import Outcome
from tests.oracle.run import SECRET
from tests.oracle.stepping import Steps
from tests.oracle.story import in_short, rules, told
from tests.simulation.check import campaigns_of

HASH = Hasher(SECRET)
U1, U2, B, C = (HASH("user_id", "u1"), HASH("user_id", "u2"), *(HASH("email", f"{x}@shop.example") for x in "bc"))
LAMP = {"sku": "lamp", "price": 50}
NOBODY = """
campaigns:
  - id: none
    trigger: {on: cart_abandoned}
    steps: [{id: one, after: 0m, channel: email, template: cart_reminder}]
"""


def bought(minute: float, who: str, order_id: Any = "1001", revenue: float = 50, **more: Any) -> tuple[Any, ...]:
    """Somebody reports the order."""
    return (minute, "web", who, "Order Completed", {"order_id": order_id, "revenue": revenue, **more})


def said(minute: float, who: str, what: str, order_id: Any = "1001", **more: Any) -> tuple[Any, ...]:
    """Somebody says something else of the order: it was refunded, updated or cancelled."""
    return (minute, "callcenter", who, f"Order {what}", {"order_id": order_id, **more})


def comes_to(rows: list[dict[str, Any]]) -> dict[str, tuple[int, float]]:
    """What the rows that count come to, by profile: (orders, value)."""
    found: dict[str, tuple[int, float]] = {}
    for row in rows:
        if row["counts"]:
            orders, value = found.get(row["profile_id"], (0, 0))
            found[row["profile_id"]] = orders + row["orders"], round(value + row["value"], 6)
    return {profile_id: sums for profile_id, sums in found.items() if sums != (0, 0)}


def sale(outcome: Outcome) -> dict[str, tuple[int, float]]:
    """The same of a story on which oracle and core agree."""
    return comes_to(outcome.conversions)


@pytest.mark.parametrize("who", list(permutations(("u1", "b@shop.example", "c@shop.example"))))
def test_the_customer_known_best_has_the_sale(who: tuple[str, ...]) -> None:
    """Three customers report one order in any order of time: it counts once, for who has logged in."""
    outcome = agreed(told(*(bought(n * 9, one) for n, one in enumerate(who))))
    assert sale(outcome) == {U1: (1, 50)}
    assert rules(outcome).count("merged link") == 1  # the order, and no customer with another


@pytest.mark.parametrize(("first", "second", "has"), [("u1", "u2", U1), ("u2", "u1", U2)])
def test_of_equals_the_first_in_time_has_the_sale(first: str, second: str, has: str) -> None:
    """Though the other report is read before it."""
    records = told(bought(0, first), bought(5, second, partition=1))
    for arrival in (records, records[::-1]):
        assert sale(agreed(arrival)) == {has: (1, 50)}


@pytest.mark.parametrize("number", ["#1001", 1001, 1001.0, " 1001 ", "# 1001"])
def test_an_order_id_is_one_however_it_is_written(number: Any) -> None:
    """Its number with a number sign, as a number, with blanks."""
    assert sale(agreed(told(bought(0, "u1"), bought(5, "b@shop.example", number)))) == {U1: (1, 50)}


@pytest.mark.parametrize("who", ["u1", "b@shop.example", "c@shop.example", "", "a9"])
def test_a_refund_counts_whoever_tells_of_it(who: str) -> None:
    """The customer that has the sale, one who has reported it in vain, one who has not, nobody: 20 of 50 are gone."""
    story = (bought(0, "u1"), bought(5, "b@shop.example"), said(60, who, "Refunded", "#1001", total=20))
    assert sale(agreed(told(*story))) == {U1: (1, 30)}


def test_a_refund_that_two_tell_counts_once() -> None:
    """By its refund_id, and without one by what it pays back."""
    for named in ({"refund_id": "r1"}, {}):
        refunds = (
            said(60 + n, who, "Refunded", total=20, **named) for n, who in enumerate(("b@shop.example", "u1", ""))
        )
        assert sale(agreed(told(bought(0, "u1"), *refunds))) == {U1: (1, 30)}


def test_more_than_was_paid_is_never_paid_back() -> None:
    """Refunds of several customers add up to the order's value at most."""
    refunds = (
        said(60 + n, who, "Refunded", total=30 + n) for n, who in enumerate(("b@shop.example", "c@shop.example"))
    )
    assert sale(agreed(told(bought(0, "u1"), bought(5, "b@shop.example"), *refunds))) == {U1: (1, 0)}


@pytest.mark.parametrize("who", ["b@shop.example", "c@shop.example", "u2", ""])
def test_a_cancellation_takes_the_one_sale_back(who: str) -> None:
    """Within the hour the cart is open again, whoever tells that the payment failed."""
    story = (
        (0, "web", "u1", "Product Added", LAMP),
        bought(5, "u1"),
        bought(6, "b@shop.example"),
        said(20, who, "Cancelled"),
    )
    outcome = agreed(told(*story))
    assert sale(outcome) == {}
    assert in_short(outcome.transitions)[1:3] == ["open>converted 5 50", "converted>open 20 50"]


def test_the_payment_after_one_that_failed_may_be_told_by_another() -> None:
    """The sale is there again, where it was."""
    story = (bought(0, "u1"), said(20, "b@shop.example", "Cancelled"), bought(30, "b@shop.example", revenue=45))
    assert sale(agreed(told(*story))) == {U1: (1, 45)}


def test_a_new_value_is_set_by_whoever_tells_it() -> None:
    """Order Updated under another customer."""
    story = (bought(0, "b@shop.example"), said(20, "u1", "Updated", revenue=70))
    assert sale(agreed(told(*story))) == {B: (1, 70)}


def test_a_sale_of_which_more_was_said_stays_where_it_is() -> None:
    """Somebody better known reports it after a refund: the order still comes to what was paid, less that."""
    story = (bought(0, "b@shop.example"), said(20, "b@shop.example", "Refunded", total=20), bought(30, "u1"))
    assert sale(agreed(told(*story))) == {B: (1, 30)}


def test_naming_an_order_takes_no_sale() -> None:
    """A customer who has logged in goes through a checkout of this number; another one has bought."""
    checkout = (0, "web", "u1", "Checkout Started", {"order_id": "1001", "products": [LAMP]})
    for minute in (-5, 5):
        assert sale(agreed(told(checkout, bought(minute + 10, "b@shop.example")))) == {B: (1, 50)}


def test_a_nameless_order_that_was_named_is_the_namers() -> None:
    """The server's order is the logged-in customer's; an e-mail tool that reports it, too, has not sold it."""
    checkout = (0, "web", "u1", "Checkout Started", {"order_id": "1001", "products": [LAMP]})
    story = (checkout, bought(5, ""), bought(9, "b@shop.example"))
    assert sale(agreed(told(*story))) == {U1: (1, 50)}


@pytest.mark.parametrize("who", [("b@shop.example", "u1"), ("u1", "b@shop.example")])
def test_reports_and_a_merge_at_one_instant_are_one_sale(who: tuple[str, str]) -> None:
    """Who reports in vain, and is the one that has it right behind that."""
    story = (
        bought(0, who[0]), bought(5, who[1]), (5, "web", "u1 b@shop.example", "identify"),
        said(60, "b@shop.example", "Refunded", total=20),
    )  # fmt: skip
    found = sale(agreed(told(*story)))
    assert [sum(sums) for sums in zip(*found.values(), strict=True)] == [1, 30]


def test_an_order_that_joins_who_has_it_and_who_had_it_counts() -> None:
    """The user id is the address that the order was updated under before: one customer from this order on."""
    story = (said(0, "b@shop.example", "Updated", revenue=50), bought(5, "u1", partition=1))
    login = (5, "web", "u1 b@shop.example", "Order Completed", {"order_id": "1001", "revenue": 50, "messageId": "x"})
    assert sum(orders for orders, _ in sale(agreed(told(*story, login))).values()) == 1
    story = told(said(0, "b@shop.example", "Updated", revenue=50), bought(5, "b@shop.example"))
    story[1] = story[1]._replace(value=(story[1].value or b"").replace(b'"type"', b'"userId":"B@Shop.example","type"'))
    assert [sums[0] for sums in sale(agreed(story)).values()] == [1]


def test_what_two_have_heard_of_an_unknown_order_is_kept_where_it_was_heard_first() -> None:
    """Neither has heard that it is complete, a third has it: in a merge the survivor's channel stays."""
    story = (
        (0, "store", "u1", "Order Updated", {"order_id": "1001", "revenue": 20}),
        said(1, "b@shop.example", "Refunded", total=20), bought(2, "u2"), (5, "web", "u1 b@shop.example", "identify"),
        said(60, "u1", "Refunded", total=5),
    )  # fmt: skip
    rows = [row for row in agreed(told(*story)).conversions if row["profile_id"] == U1]
    assert [(row["kind"], row["channel"], row["counts"]) for row in rows] == [("refund", "store", False)]


@pytest.mark.parametrize("joined", ["before", "between", "after"])
def test_two_customers_who_become_one_have_one_sale(joined: str) -> None:
    """They merge before, between or after their reports, and are paid back once."""
    minute = {"before": -1, "between": 7, "after": 30}[joined]
    story = (
        bought(0, "b@shop.example"), bought(10, "u1"), (minute, "web", "u1 b@shop.example", "identify"),
        said(60, "b@shop.example", "Refunded", total=20, refund_id="r"),
        said(61, "u1", "Refunded", total=20, refund_id="r"),
    )  # fmt: skip
    found = sale(agreed(told(*sorted(story))))
    assert [sum(sums) for sums in zip(*found.values(), strict=True)] == [1, 30]


def test_the_cart_of_each_who_ordered_is_converted() -> None:
    """Nobody is reminded of what was ordered under another name; the sale is one all the same."""
    story = (
        (0, "web", "u1", "Product Added", LAMP), (1, "web", "b@shop.example", "Product Added", LAMP), bought(5, "u1"),
        bought(6, "b@shop.example"),
    )  # fmt: skip
    outcome = agreed(told(*story), NOBODY)
    assert [row["reason"] for row in outcome.transitions].count("order") == 2
    assert (sale(outcome), outcome.messages) == ({U1: (1, 50)}, [])


class Asked:
    """Events up to minute 20, then a request, then those of after it, and the end. Sources are as far as `upto`."""

    def __init__(
        self, kind: str, who: Identifier, before: list[tuple[Any, ...]], after: list[tuple[Any, ...]], upto: float = 20
    ) -> None:
        campaigns: Campaigns = campaigns_of(NOBODY)
        steps = Steps(campaigns)
        records = told(*before, *after)
        steps.take(records[: len(before)])
        steps.upto(upto)
        self.receipts = steps.ask(kind, who, 20)
        steps.take(records[len(before) :])
        self.topics = steps.end()
        self.cells = {
            what: sum(n for (name, _, _, of), n in written(self.topics).items() if (name, of) == ("channel_hour", what))
            for what in ("orders", "revenue", "refunds")
        }

    @property
    def left(self) -> dict[str, tuple[int, float]]:
        """What the rows of those come to who have not been erased."""
        gone = {r.key.decode() for r in self.topics[CONVERSIONS] if r.value is None and r.key is not None}
        return comes_to([row for row in rows_of(self.topics, CONVERSIONS) if row["profile_id"] not in gone])


@pytest.mark.parametrize("who", ["c@shop.example", "b@shop.example", "u2", ""])
def test_the_order_of_somebody_erased_is_counted_once(who: str) -> None:
    """Whoever reports it again, also who is better known or nobody: cells have it already, and hold no person."""
    asked = Asked(
        "erase", Identifier("user_id", "u1"), [bought(0, "u1"), bought(5, "b@shop.example")], [bought(30, who)]
    )
    assert asked.cells == {"orders": 1, "revenue": 50, "refunds": 0}
    rows = rows_of(asked.topics, CONVERSIONS)
    assert [row["counts"] for row in rows if row["profile_id"] == B] == [False]


def test_the_sale_outlives_who_reported_it_in_vain() -> None:
    """Erased is the other one: the sale and its refunds are as they were."""
    refund = said(40, "u1", "Refunded", total=20)
    asked = Asked(
        "erase", Identifier(*("email", "b@shop.example")), [bought(0, "u1"), bought(5, "b@shop.example")], [refund]
    )
    assert asked.left == {U1: (1, 30)}
    assert asked.cells == {"orders": 1, "revenue": 50, "refunds": 20}


@pytest.mark.parametrize("tells", ["a1", "u1"])
def test_a_split_leaves_the_sale_with_the_order_id(tells: str) -> None:
    """The browser that ordered is cut off, or the user: one sale, and a refund of either side counts once."""
    before = [bought(0, "u1 a1"), bought(3, "a1")]
    asked = Asked(
        "split", Identifier("anonymous_id", "a1"), before, [said(40, tells, "Refunded", total=20), bought(50, "a1")]
    )
    assert asked.receipts[0]["found"]
    assert asked.cells == {"orders": 1, "revenue": 50, "refunds": 20}


def test_a_split_gives_the_sale_to_who_has_the_order_id_then() -> None:
    """Who was known best is cut off from the order: it is of the other who has reported it."""
    before = [bought(0, "b@shop.example"), bought(3, "u1 a1")]
    asked = Asked("split", Identifier("order_id", "1001"), before, [said(40, "b@shop.example", "Refunded", total=20)])
    assert asked.cells["orders"] == 1
    assert asked.cells["revenue"] == 50


@pytest.mark.parametrize("who", ["u2", "c@shop.example"])
def test_what_counts_without_a_link_stays_where_it_is(who: str) -> None:
    """It was complete before its order_id was cut off, told of after that: it is of who names it, whoever else buys."""
    asked = Asked(
        "split", Identifier("order_id", "1001"), [(2, "web", "u1", "page")],
        [bought(15, ""), said(30, "b@shop.example", "Updated", total=45), bought(40, who)], upto=10,
    )  # fmt: skip
    assert asked.cells == {"orders": 1, "revenue": 45, "refunds": 0}
    assert not [row for row in rows_of(asked.topics, CONVERSIONS) if row["kind"] == "reassigned"]


def test_what_counts_without_a_link_goes_with_its_order_id() -> None:
    """Cut off a second time, after its customer has named it again: it is of who names it then."""
    steps = Steps(campaigns_of(NOBODY))
    records = told(
        bought(15, "u1"), said(30, "u1", "Updated", total=45), said(50, "b@shop.example", "Refunded", total=20)
    )
    steps.ask("split", Identifier("order_id", "1001"), 20)
    steps.take(records[:2])
    steps.upto(40)
    steps.ask("split", Identifier("order_id", "1001"), 40)
    steps.take(records[2:])
    rows = rows_of(steps.end(), CONVERSIONS)
    assert comes_to(rows) == {U1: (1, 45), B: (0, -20)}
