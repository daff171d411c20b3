"""The truth's own carts, act by act: docs/contract.md section 3 in small."""

from __future__ import annotations

from typing import Any

from deploy.shop.truth_carts import (
    ABANDON_AFTER,
    EXPIRE_AFTER,
    Added,
    Basket,
    Effect,
    Line,
    Ordered,
    Removed,
    Snapshot,
    absorb,
    act,
    fire,
)


def told(basket: Basket, t: int, effect: Effect | None = None, *, active: bool = True) -> list[tuple[str, str, int]]:
    """Timers due by `t`, then one act; the transitions of both."""
    rows = [*fire(basket, t), *act(basket, t, effect, active=active)]
    return [(row["from"], row["to"], row["at"]) for row in rows]


def lamp(quantity: int = 1, cents: int | None = 1000) -> Added:
    """A lamp into the cart."""
    return Added(Line("s:lamp", quantity, cents))


def last(rows: Any) -> dict[str, Any]:
    """The last of some rows."""
    return list(rows)[-1]


def test_abandoned_at_the_minute_and_reopened() -> None:
    """30 minutes after the last activity to the millisecond; the next activity opens it again, and it counts up."""
    basket = Basket()
    assert told(basket, 0, lamp()) == [("none", "open", 0)]
    assert told(basket, 1000) == []
    assert list(fire(basket, 1000 + ABANDON_AFTER - 1)) == []
    assert told(basket, 1000 + ABANDON_AFTER) == [
        ("open", "abandoned", 1000 + ABANDON_AFTER),
        ("abandoned", "open", 1000 + ABANDON_AFTER),
    ]
    again = last(fire(basket, None))
    assert (again["to"], again["at"]) == ("expired", 1000 + ABANDON_AFTER + EXPIRE_AFTER)
    assert again["abandonment_no"] == 2


def test_an_order_converts_and_a_later_cart_is_new() -> None:
    """Also an abandoned cart; a new one starts to count at none."""
    basket = Basket()
    told(basket, 0, lamp())
    assert told(basket, ABANDON_AFTER + 5, Ordered("o1"), active=False)[-1][:2] == ("abandoned", "converted")
    told(basket, ABANDON_AFTER + 9, lamp())
    assert (basket.times, basket.opened_at) == (0, ABANDON_AFTER + 9)


def test_lines_and_value() -> None:
    """Quantities add and subtract, snapshots replace, a price left out keeps the old one, no line left empties."""
    basket = Basket()
    told(basket, 0, lamp(2))
    told(basket, 1, lamp(1, None))
    assert basket.lines == {"s:lamp": (3, 1000)}
    told(basket, 2, Removed("s:lamp", 1))
    assert basket.lines == {"s:lamp": (2, 1000)}
    told(basket, 3, Snapshot((Line("s:pot", 1, 250), Line("s:lamp", 1, 900)), checkout=True))
    row = last(fire(basket, 3 + ABANDON_AFTER))
    assert (row["value"], row["stage"]) == (11.5, "checkout")
    told(basket, 4 + ABANDON_AFTER, Removed("s:pot", None))
    assert told(basket, 5 + ABANDON_AFTER, Removed("s:lamp", 5)) == [("open", "emptied", 5 + ABANDON_AFTER)]


def test_a_merge_unions_two_carts() -> None:
    """The larger quantity wins, the earlier opening and the later activity stay, and one open side makes it open."""
    winner, loser = Basket(), Basket()
    told(winner, 0, lamp(1))
    told(loser, 10, lamp(3, 900))
    list(fire(winner, ABANDON_AFTER))
    rows = [(row["from"], row["to"]) for row in absorb(winner, loser, ABANDON_AFTER + 5)]
    assert rows == [("abandoned", "open")]
    assert winner.lines == {"s:lamp": (3, 900)}
    assert (winner.opened_at, winner.last_activity, winner.times) == (0, 10, 1)


def test_a_merge_converts_what_the_other_side_bought() -> None:
    """A cart whose counterpart ordered after it opened is converted at the merge."""
    winner, loser = Basket(), Basket()
    told(loser, 5, lamp())
    told(winner, 10, Ordered("o1"), active=False)
    (row,) = absorb(winner, loser, 20)
    assert (row["to"], row["at"]) == ("converted", 20)
    assert not winner.lines
