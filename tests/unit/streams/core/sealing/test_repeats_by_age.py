"""What a repeat is told by, and that whether it counts does not depend on how many other events there were."""

from __future__ import annotations

import pytest

from tests.oracle.core import agreed
from tests.oracle.story import told
from tests.support.journeys import Table, track

ORDER, ADDED, LAMP = "Order Completed", "Product Added", {"sku": "s", "price": 1}
SAME = {"messageId": "same"}


@pytest.mark.parametrize(
    ("first", "second", "orders"),
    [
        ((ORDER, {"order_id": "a"}), (ORDER, {"order_id": "b"}), 2),
        ((ORDER, {"order_id": "a"}), (ORDER, {"order_id": "a"}), 1),
        ((ORDER, {}), (ORDER, {}), 1),
        ((ADDED, LAMP), (ORDER, {"order_id": "a"}), 1),
        ((ORDER, {"order_id": "a"}), (ADDED, LAMP), 1),
        (("Unsubscribed", {}), (ORDER, {"order_id": "a"}), 1),
    ],
)
def test_a_message_id_is_that_of_an_order_only_with_its_name_and_order_id(
    first: tuple, second: tuple, orders: int
) -> None:
    """One id for several calls of a server: each purchase counts."""
    out = agreed(told(*((n, "web", "u1", name, {**said, **SAME}) for n, (name, said) in enumerate((first, second)))))
    assert len(out.conversions) == orders
    assert out.duplicates == (first == second)


def test_a_no_is_no_repeat_of_another_event() -> None:
    """A click and the unsubscription that it leads to carry one id."""
    text = "campaigns:\n  - {id: c, trigger: {on: cart_abandoned}, steps: [{id: s, channel: email, template: all}]}\n"
    events = [
        (0, "web", "u1 x@shop.example", ADDED, LAMP),
        (1, "web", "u1", "Product Viewed", {"sku": "x", **SAME}),
        (2, "email", "u1", "Unsubscribed", SAME),
    ]
    assert agreed(told(*events), text).messages == []


@pytest.mark.parametrize("others", [1, 62, 63, 64, 200])
@pytest.mark.parametrize(("hours", "wanted"), [(23, 1), (25, 1), (30, 1)])
def test_a_retry_changes_no_quantity_however_many_events_came_between(others: int, hours: int, wanted: int) -> None:
    """Within a day it is known as a repeat; after that nobody can tell, so it changes nothing either."""
    table = Table()
    added = {**track(ADDED, sku="s"), "messageId": "m"}
    table.feed(0, added)
    for n in range(others):
        table.feed(1 + n * (hours * 60 - 70) / others, track("Product Viewed", sku="x"))
    table.round(hours * 60)
    table.feed(0, added)
    table.round(hours * 60 + 1)
    table.feed(hours * 60 + 2, {"type": "page", "userId": "u1"})
    table.round(hours * 60 + 50)
    last = table.rows("cart.transitions")[-1]
    assert [line["quantity"] for line in last["lines"]] == [wanted]


@pytest.mark.parametrize("name", [ADDED, "Product Removed", "Cart Viewed"])
def test_what_comes_a_day_late_changes_no_cart(name: str) -> None:
    """It is written down as late, and the cart is as it was."""
    table = Table()
    table.feed(0, track(ADDED, sku="s", quantity=3))
    table.round(60 * 24)
    table.feed(0, {**track(name, sku="s", products=[{"sku": "other"}]), "messageId": "late"})
    table.feed(60 * 24 + 1, {"type": "page", "userId": "u1"})
    table.round(60 * 25)
    assert [row["message_id"] for row in table.rows("stitched.events") if row["late"]] == ["late"]
    assert [line["quantity"] for line in table.rows("cart.transitions")[-1]["lines"]] == [3]
