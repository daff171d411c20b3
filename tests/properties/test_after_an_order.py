"""What is told of a thing after it was bought: held back for a while, and in no message for thirty days."""

from __future__ import annotations

import pytest

from tests.oracle.core import agreed
from tests.oracle.story import in_short, told

S1, S2 = {"sku": "s1", "price": 30}, {"sku": "s2", "price": 9}
ADDED, VIEWED, CHECKOUT, ORDER = "Product Added", "Cart Viewed", "Checkout Started", "Order Completed"
OF_S1, OF_NOBODY_KNOWS = {"products": [S1]}, {"revenue": 30}
GONE: list[str] = []
OPENED = {
    "a clock is fast: added two seconds after the order": ([(0.03, ADDED, S1)], OF_S1, GONE),
    "added five minutes after the order": ([(5, ADDED, S1)], OF_S1, GONE),
    "added once more later than that": ([(5.001, ADDED, S1)], OF_S1, ["none>open 5.001 30"]),
    "added in the moment of the order": ([(0, ADDED, S1)], OF_S1, GONE),
    "another thing, five seconds after the order": ([(0.1, ADDED, S2)], OF_S1, ["none>open 0.1 9"]),
    "another variant of what was bought": (
        [(1, ADDED, {"sku": "s1", "variant": "blue", "price": 30})],
        {"products": [{**S1, "variant": "red"}]}, ["none>open 1 30"],
    ),
    "named in another way than in the order": (
        [(1, VIEWED, {"products": [{"product_id": 7, "price": 30}]})],
        {"products": [{"sku": "S1", "product_id": "7"}]}, GONE,
    ),
    "a snapshot after the order": ([(0.03, VIEWED, OF_S1)], OF_S1, GONE),
    "a checkout half an hour after the order": ([(30, CHECKOUT, OF_S1)], OF_S1, GONE),
    "a snapshot later than that": ([(30.5, VIEWED, OF_S1)], OF_S1, ["none>open 30.5 30"]),
    "a snapshot with another thing in it": ([(1, VIEWED, {"products": [S1, S2]})], OF_S1, ["none>open 1 9"]),
    "put in once more, then a snapshot": (
        [(6, ADDED, S1), (7, VIEWED, OF_S1), (8, "Product Removed", S1)], OF_S1,
        ["none>open 6 30", "open>emptied 8 0"],
    ),
    "nobody told what the order had: anything within five minutes": (
        [(0.3, ADDED, S1), (4, VIEWED, {"products": [S2]})], OF_NOBODY_KNOWS, GONE
    ),
    "nobody told what the order had: later than that": (
        [(6, VIEWED, {"products": [S2]})], OF_NOBODY_KNOWS, ["none>open 6 9"]
    ),
    "products without a name tell nothing": ([(4, ADDED, S1)], {"products": [{"name": "?"}, "junk"]}, GONE),
}  # fmt: skip


def short(rows: list[dict]) -> list[str]:
    """Transitions less those by time alone."""
    return in_short(row for row in rows if row["reason"] not in {"inactivity", "expired"})


@pytest.mark.parametrize("story", OPENED)
def test_after_an_order_without_a_cart(story: str) -> None:
    """The order comes first, at minute 0; the transitions that the events after it come to."""
    events, order, wanted = OPENED[story]
    history = told((0, "app", "u1", ORDER, order), *((at, "web", "u1", name, said) for at, name, said in events))
    assert short(agreed(history).transitions) == wanted


@pytest.mark.parametrize("snapshot", [VIEWED, CHECKOUT])
@pytest.mark.parametrize("order", [OF_S1, OF_NOBODY_KNOWS])
def test_the_cart_that_was_bought_does_not_come_back(snapshot: str, order: dict) -> None:
    """Its lines are what an order contained that tells nothing; what the customer left out comes back."""
    rows = agreed(
        told(
            (0, "web", "a1", ADDED, S1),
            (5, "web", "u1 a1", ORDER, order),
            (20, "web", "u1 a1", snapshot, {"products": [S1, {**S2, "sku": "s3"}]}),
        )
    ).transitions
    assert short(rows) == ["none>open 0 30", "open>converted 5 30", "none>open 20 9"]


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ((6, VIEWED, OF_S1), ["none>open 6 30", "open>converted 7 30"]),
        ((6, VIEWED, {"products": [S1, S2]}), ["none>open 6 39"]),
        ((6.5, ADDED, S1), ["none>open 6.5 30", "open>converted 7 30"]),
        ((4, ADDED, S1), ["none>open 4 30", "open>converted 7 30"]),
    ],
)
def test_a_second_device_that_joins_later(event: tuple, wanted: list[str]) -> None:
    """What it reports around the order is what the order contained; the rest of its cart stays."""
    at, name, said = event
    out = agreed(
        told(
            (5, "web", "u1 a1", ORDER, OF_S1), (at, "app", "a2", name, said), (7, "app", "u1 a2", "identify"),
            (8, "app", "a2", "page"),
        )
    )  # fmt: skip
    assert short(out.transitions) == wanted
    left = [line["sku"] for row in out.transitions if row["to"] == "abandoned" for line in row["lines"]]
    assert left == (["s2"] if len(wanted) == 1 else [])


def test_a_device_that_was_bought_from_before_it_joins() -> None:
    """A server's order tells nothing; the cart that it proves to have converted says what it contained."""
    rows = agreed(
        told(
            (0, "web", "a1", ADDED, S1), (5, "app", "u1", ORDER, OF_NOBODY_KNOWS), (6, "web", "u1 a1", "identify"),
            (15, "web", "a1", VIEWED, {"products": [S1, S2]}),
        )
    ).transitions  # fmt: skip
    assert short(rows) == ["none>open 0 30", "open>converted 6 30", "none>open 15 9"]


def test_order_grace_is_a_setting() -> None:
    """With two hours, a snapshot an hour after the order is of what was bought."""
    history = told((0, "app", "u1", ORDER, OF_S1), (60, "web", "u1", VIEWED, OF_S1))
    assert short(agreed(history, "order_grace: 2h\ncampaigns: []\n").transitions) == []
    assert short(agreed(history, "order_grace: 0m\ncampaigns: []\n").transitions) == ["none>open 60 30"]


WHO = "u1 x@shop.example"
DAYS = 24 * 60
SEEN = "Product Viewed"
NEWS = {
    "browse_abandoned": [(90, "web", "u1", SEEN, S1)],
    "price_dropped": [
        (90, "web", "u1", SEEN, S1),
        (DAYS, "broadcast", "", "Product Price Changed", {**S1, "price": 5, "old_price": 30}),
    ],
    "back_in_stock": [(90, "web", "u1", SEEN, S1), (DAYS, "broadcast", "", "Product Restocked", S1)],
    "product_added": [(90, "web", "u1", ADDED, S1)],
}  # fmt: skip


@pytest.mark.parametrize("trigger", NEWS)
@pytest.mark.parametrize(
    ("item", "messages"), [({"sku": "S1"}, 0), ({"sku": "s1", "product_id": "p"}, 0), ({"sku": "s2"}, 1)]
)
def test_what_was_bought_is_in_no_message(trigger: str, item: dict, messages: int) -> None:
    """Looked at or put in again within thirty days; with another thing bought, the message comes."""
    text = f"campaigns:\n  - {{id: c, trigger: {{on: {trigger}}}, steps: [{{id: s, channel: email, template: all}}]}}\n"
    out = agreed(told((0, "web", WHO, ORDER, {"products": [item]}), *NEWS[trigger]), text)
    assert len(out.messages) == messages


@pytest.mark.parametrize("trigger", NEWS)
def test_after_thirty_days_it_is_a_thing_like_any_other(trigger: str) -> None:
    """The same story a month later."""
    text = f"campaigns:\n  - {{id: c, trigger: {{on: {trigger}}}, steps: [{{id: s, channel: email, template: all}}]}}\n"
    later = [(minute + 30 * DAYS, *rest) for minute, *rest in NEWS[trigger]]
    assert len(agreed(told((0, "web", WHO, ORDER, OF_S1), *later), text).messages) == 1


def test_an_order_that_a_merge_brings_takes_its_things_out_of_what_waits() -> None:
    """A visit of two things waits for its step; one of them was bought under another identifier before the visit."""
    text = (
        "campaigns:\n  - {id: c, trigger: {on: browse_abandoned}, "
        "steps: [{id: s, after: 1h, channel: email, template: all}]}\n"
    )
    story = [(0, "app", WHO, ORDER, OF_S1), (60, "web", "a1", SEEN, S1), (61, "web", "a1", SEEN, S2)]
    (message,) = agreed(told(*story, (150, "web", "u1 a1", "identify")), text).messages
    assert "/s2/" in message["body"]
    assert "/s1/" not in message["body"]
    out = agreed(told(*story[:2], (150, "web", "u1 a1", "identify")), text)
    assert [(row["outcome"], row["reason"]) for row in out.decisions] == [("suppressed", "converted")]


@pytest.mark.parametrize(("had", "recommended"), [({"sku": "RUG"}, False), ({"sku": "other"}, True)])
def test_what_was_bought_is_not_recommended(had: dict, recommended: bool) -> None:
    """Others have bought the rug with the lamp; whoever has the rug already is not told."""
    text = "campaigns:\n  - {id: c, trigger: {on: cart_abandoned}, steps: [{id: s, channel: email, template: all}]}\n"
    lamp, rug = {"product_id": "lamp"}, {"product_id": "rug", "sku": "rug"}
    out = agreed(
        told(
            (0, "web", "u9", ORDER, {"products": [lamp, rug]}), (0, "web", WHO, ORDER, {"products": [had]}),
            (3 * DAYS, "web", "u1", ADDED, lamp),
        ),
        text,
    )  # fmt: skip
    (message,) = out.messages
    assert ("with rug/" in message["body"]) is recommended


def test_thanks_for_an_order_do_not_give_the_code_again_that_it_has_used() -> None:
    """Whoever was given a code is known to have used it as soon as the order has happened."""
    thanks = (
        "campaigns:\n  - {id: c, trigger: {on: order_completed}, offer: {prefix: C, discount: 5 EUR},\n"
        "     exit_on: [order_completed], steps: [{id: s, channel: email, template: all}]}\n"
    )
    first = (0, "web", "u1 a@b.example", "Order Completed", {"order_id": "o1"})
    (message,) = agreed(told(first), thanks).messages
    second = (60, "web", "u1", "Order Completed", {"order_id": "o2", "coupon": message["offer"]["code"].lower()})
    offers = [row["offer"] for row in agreed(told(first, second), thanks).messages]
    assert offers == [message["offer"], None]
