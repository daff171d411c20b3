"""Products under several names, told as stories: what becomes one line, and what stays two."""

from __future__ import annotations

import pytest

from tests.oracle.core import agreed
from tests.oracle.story import in_short, told

BOTH = {"product_id": 314, "sku": "GT-1", "variant": "red", "price": 20}
ADDED, REMOVED, VIEWED = "Product Added", "Product Removed", "Cart Viewed"
EMPTIED = ["none>open 0 20", "open>emptied 1 0"]
STORIES = {
    "added with all names, removed by the id": ((ADDED, BOTH), (REMOVED, {"product_id": "314", "variant": "RED"}), []),
    "added with all names, removed by the sku in another case": ((ADDED, BOTH), (REMOVED, {"sku": " gt-1"}), []),
    "added by the id with a variant, removed without": (
        (ADDED, {"product_id": "314", "variant": "red", "price": 20}), (REMOVED, {"product_id": 314.0}), []
    ),
    "added by the id, removed with all names": ((ADDED, {"product_id": 314, "price": 20}), (REMOVED, BOTH), []),
    "two variants of one sku, one removed": (
        (ADDED, {"sku": "TEE", "variant": "red", "price": 20}), (ADDED, {"sku": "tee", "variant": "blue", "price": 9}),
        (REMOVED, {"sku": "TEE", "variant": "Red"}), ["tee 1"],
    ),
    "another sku of the same id is another line": (
        (ADDED, BOTH), (ADDED, {"product_id": 314, "sku": "GT-2", "price": 20}), ["GT-1 1", "GT-2 1"]
    ),
    "a snapshot names a product twice, by its id and by its sku": (
        (VIEWED, {"products": [{"sku": "a", "price": 1}, {"product_id": 7}, {"sku": "A", "product_id": "7"}]}),
        ["A 3"],
    ),
    "a removal that fits two variants takes both": (
        (ADDED, {"sku": "TEE", "variant": "red", "price": 20}), (ADDED, {"sku": "TEE", "variant": "blue"}),
        (REMOVED, {"sku": "TEE"}), [],
    ),
    "a removal of two pieces takes them from one line after the other": (
        (ADDED, {"sku": "TEE", "variant": "red"}), (ADDED, {"sku": "TEE", "variant": "blue", "quantity": 2}),
        (REMOVED, {"sku": "TEE", "quantity": 2}), ["TEE 1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_one_cart(story: str) -> None:
    """Events of one customer, a minute apart: the lines with which the cart is abandoned, or that it is emptied."""
    *events, lines = STORIES[story]
    rows = agreed(told(*((n, "web", "a1", name, said) for n, (name, said) in enumerate(events)))).transitions
    last = next((row for row in rows if row["to"] in {"abandoned", "emptied"}), None)
    assert last is not None
    assert [f"{line['sku']} {line['quantity']}" for line in last["lines"]] == lines


@pytest.mark.parametrize(
    ("other", "value"),
    [({"product_id": "314", "price": 20}, 20), ({"sku": "gt-1", "price": 20}, 20), ({**BOTH, "sku": "GT-9"}, 40)],
)
def test_a_merge_doubles_nothing(other: dict, value: int) -> None:
    """Two devices name one product differently; a contradiction keeps two lines."""
    rows = agreed(
        told((0, "web", "u1", ADDED, BOTH), (1, "app", "a2", ADDED, other), (2, "app", "u1 a2", "identify"))
    ).transitions
    assert in_short(row for row in rows if row["to"] == "abandoned") == [f"open>abandoned 31 {value}"]


STOCK = """
campaigns:
  - id: stock
    trigger: {on: back_in_stock}
    steps: [{id: s, channel: email, template: all}]
"""


@pytest.mark.parametrize(
    ("bought", "restocked", "messages"),
    [
        ({"sku": "S1"}, {"product_id": "P1"}, 0),
        ({"sku": "s9"}, {"product_id": "P1"}, 1),
        ({"sku": "s9"}, {"sku": "s1"}, 1),
        ({"sku": "s9"}, {"product_id": "p1", "sku": "S2"}, 0),
    ],
)
def test_interests_orders_and_changes_know_a_product_by_all_its_names(
    bought: dict, restocked: dict, messages: int
) -> None:
    """Seen with both names; the order and the news name one of them."""
    out = agreed(
        told(
            (0, "web", "u1 x@shop.example", "Product Viewed", {"product_id": "P1", "sku": "S1"}),
            (5, "web", "u1", "Order Completed", {"products": [bought]}),
            (1500, "broadcast", "", "Product Restocked", restocked),
        ),
        STOCK,
    )
    assert len(out.messages) == messages


def test_a_snapshot_takes_no_name_away():
    """It names the lamp by its id alone; whoever then removes it by its sku finds it."""
    put_in = (0, "web", "u1", "Product Added", {"product_id": "p", "sku": "s", "price": 3})
    shown = (1, "web", "u1", "Cart Viewed", {"products": [{"product_id": "P", "price": 3}]})
    taken = (2, "web", "u1", "Product Removed", {"sku": "S"})
    assert in_short(agreed(told(put_in, shown, taken)).transitions)[-1] == "open>emptied 2 0"


def test_lines_of_a_snapshot_that_were_one_before_are_one():
    """The id of a product on one line, its sku on the other: two pieces of it."""
    put_in = (0, "web", "u1", "Product Added", {"product_id": "p", "sku": "s", "price": 3})
    shown = (1, "web", "u1", "Cart Viewed", {"products": [{"product_id": "p", "price": 3}, {"sku": "s", "price": 3}]})
    taken = (2, "web", "u1", "Product Removed", {"product_id": "p", "sku": "s", "quantity": 1})
    assert in_short(agreed(told(put_in, shown, taken)).transitions)[1] == "open>abandoned 32 3"


def test_an_item_that_may_be_two_lines_has_its_own_names():
    """Two sizes were in the cart; which of them the id of the snapshot means, nobody can tell."""
    sizes = [(n, "web", "u1", "Product Added", {"product_id": "p", "sku": f"s{n}", "price": 3}) for n in (0, 1)]
    shown = (2, "web", "u1", "Cart Viewed", {"products": [{"product_id": "p", "price": 3}]})
    taken = (3, "web", "u1", "Product Removed", {"sku": "s0"})
    assert in_short(agreed(told(*sizes, shown, taken)).transitions)[1] == "open>abandoned 33 3"
