"""What a message of price or stock says that has waited: what holds when it goes out, or nothing."""

from __future__ import annotations

import pytest

from tests.oracle.core import agreed
from tests.oracle.story import told

WHO, CHANGED, RESTOCKED = "u1 x@shop.example", "Product Price Changed", "Product Restocked"
P1, SEEN = {"product_id": "P1"}, {"product_id": "P1", "price": 100}
DROPPED = {**P1, "price": 50, "old_price": 100}
FILE = """
quiet_hours: {from: "21:00", to: "09:00", policy: defer}
campaigns:
  - id: drop
    trigger: {on: price_dropped, min_drop: 10%}
    steps: [{id: s, channel: email, template: all}]
  - id: back
    trigger: {on: back_in_stock}
    steps: [{id: s, channel: email, template: all}]
"""
"""A story begins at 22:13:20, so that all of it is decided at 09:00."""
LATER = {
    "as it was": ([], ["sent"], 50),
    "restored": ([{**P1, "price": 100, "old_price": 50}], ["stale"], None),
    "restored, the product named in another case": ([{"product_id": "p1", "price": "100"}], ["stale"], None),
    "higher than ever": ([{**P1, "price": 120}], ["stale"], None),
    "lower still": ([{**P1, "price": 40, "old_price": 50}], ["sent"], 40),
    "between, and still a drop": ([{**P1, "price": 80, "old_price": 50}], ["sent"], 80),
    "between, and less than `min_drop`": ([{**P1, "price": 91}], ["stale"], None),
    "restored and dropped again": ([{**P1, "price": 100}, {**P1, "price": 45}], ["sent"], 45),
    "no price is told": ([{**P1, "old_price": 50}], ["sent"], 50),
    "the price of another product": ([{"product_id": "P2", "price": 100}], ["sent"], 50),
    "a price that nobody can read": ([{**P1, "price": "on request"}], ["sent"], 50),
}  # fmt: skip


def outcomes(rows: list[dict], campaign: str) -> list[str]:
    """What has become of a campaign's step in the end."""
    return [row["reason"] or row["outcome"] for row in rows if row["campaign_id"] == campaign][1:]


def said(message: dict) -> str:
    """The price that a message tells of."""
    return message["body"].partition(" product ")[2].partition(" ")[0].rpartition("/")[2]


@pytest.mark.parametrize("story", LATER)
def test_a_price_that_changes_again_while_its_message_waits(story: str) -> None:
    """The drop waits for the morning; by then the price is another one, and the message says that, or is not sent."""
    later, wanted, price = LATER[story]
    changes = [(60 + n, "broadcast", "a9", CHANGED, change) for n, change in enumerate([DROPPED, *later])]
    out = agreed(told((0, "web", WHO, "Product Viewed", SEEN), *changes), FILE)
    assert outcomes(out.decisions, "drop") == wanted
    assert [said(row) for row in out.messages] == ([] if price is None else [str(price)])


def test_a_price_in_another_currency_is_none_of_this_one() -> None:
    """A shop that tells of each of its price lists."""
    euros = [{**DROPPED, "currency": "EUR"}, {**P1, "price": 110, "currency": "USD"}]
    changes = [(60 + n, "broadcast", "a9", CHANGED, said) for n, said in enumerate(euros)]
    assert outcomes(agreed(told((0, "web", WHO, "Product Viewed", SEEN), *changes), FILE).decisions, "drop") == ["sent"]


def test_a_message_of_stock_goes_out_with_the_newest_price() -> None:
    """What is there again is there, whatever it costs by then; a price that rises is no drop."""
    history = told(
        (0, "web", WHO, "Product Viewed", SEEN), (60, "broadcast", "a9", RESTOCKED, {**P1, "price": 100}),
        (120, "broadcast", "a9", CHANGED, {**P1, "price": 130, "old_price": 100}),
    )  # fmt: skip
    out = agreed(history, FILE)
    assert outcomes(out.decisions, "back") == ["sent"]
    assert [said(row) for row in out.messages] == ["130"]
    assert outcomes(out.decisions, "drop") == []


def test_a_price_that_changes_after_a_merge() -> None:
    """The message waits with a visitor who becomes somebody; the price is restored behind that."""
    history = told(
        (0, "web", "a1 x@shop.example", "Product Viewed", SEEN), (60, "broadcast", "a9", CHANGED, DROPPED),
        (90, "web", "u1 a1", "identify"), (120, "broadcast", "a9", CHANGED, {**P1, "price": 100}),
    )  # fmt: skip
    assert outcomes(agreed(history, FILE).decisions, "drop") == ["stale"]


def test_a_step_that_waits_for_days_looks_at_the_price_then() -> None:
    """Not only quiet hours put a message off: a second step, two days later."""
    file = FILE.replace("template: all}]", "template: all}, {id: t, after: 48h, channel: email, template: all}]", 1)
    for price, wanted in ((100, "stale"), (60, "sent")):
        change = (24 * 60, "broadcast", "a9", CHANGED, {**P1, "price": price})
        history = told((0, "web", WHO, "Product Viewed", SEEN), (60, "broadcast", "a9", CHANGED, DROPPED), change)
        rows = [row for row in agreed(history, file).decisions if row["step"] == "t"]
        assert [row["reason"] or row["outcome"] for row in rows][-1] == wanted
