"""The truth's own carts, act by act: docs/contract.md section 3 in small."""

from __future__ import annotations

from typing import Any

from deploy.shop.truth_carts import (
    ABANDON_AFTER,
    EXPIRE_AFTER,
    HOUR,
    MINUTE,
    Added,
    Basket,
    Cancelled,
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


def test_a_repeat_of_an_order_is_no_purchase() -> None:
    """A second system tells of the same order: the cart put together since stays; another order takes it."""
    basket = Basket()
    told(basket, 0, Ordered("o1"), active=False)
    told(basket, 5, lamp())
    assert told(basket, 6, Ordered("o1"), active=False) == []
    assert told(basket, 7, Ordered("o2"), active=False) == [("open", "converted", 7)]


def test_a_failed_payment_gives_the_cart_back() -> None:
    """Within an hour of the order its cart is open again and its clock runs anew; later it stays bought."""
    basket = Basket()
    told(basket, 0, Snapshot((Line("s:lamp", 2, 1000),), checkout=True))
    told(basket, 10, Ordered("o1", frozenset({"s:lamp"})), active=False)
    assert told(basket, 10 + HOUR, Cancelled("o1"), active=False) == [("converted", "open", 10 + HOUR)]
    row = next(fire(basket, None))
    assert (row["at"], row["stage"], row["value"]) == (10 + HOUR + ABANDON_AFTER, "checkout", 20.0)
    told(basket, 2 * HOUR, Ordered("o1"), active=False)
    assert told(basket, 3 * HOUR + 1, Cancelled("o1"), active=False) == []


def test_a_cart_given_back_joins_the_one_there_is() -> None:
    """No transition: the lines of both, the larger quantity of each, and a checkout if one of them was."""
    basket = Basket()
    told(basket, 0, Snapshot((Line("s:lamp", 2, 1000),), checkout=True))
    told(basket, 10, Ordered("o1"), active=False)
    told(basket, 20, Added(Line("s:pot", 1, 250)))
    assert told(basket, 30, Cancelled("o1"), active=False) == []
    assert (basket.lines, basket.checkout) == ({"s:pot": (1, 250), "s:lamp": (2, 1000)}, True)


def test_what_was_bought_opens_no_cart_too_soon() -> None:
    """A snapshot within 30 minutes, an addition within 5, holds nothing of the order; anything else and later does."""
    for at, effect, opens in (
        (30 * MINUTE, Snapshot((Line("s:lamp", 1, 1000),), checkout=False), False),
        (30 * MINUTE + 1, Snapshot((Line("s:lamp", 1, 1000),), checkout=False), True),
        (5 * MINUTE, lamp(), False),
        (5 * MINUTE + 1, lamp(), True),
        (1, Added(Line("s:pot", 1, 250)), True),
    ):
        basket = Basket()
        told(basket, 0, Ordered("o1", frozenset({"s:lamp"})), active=False)
        assert bool(told(basket, at, effect)) == opens
        told(basket, at + 1, Cancelled("o1"), active=False)
        assert bool(told(basket, at + 2, lamp())) != opens, "an order taken back keeps nothing out"


def test_a_merge_takes_out_what_the_other_side_has_just_bought() -> None:
    """A cart with nothing else in it is converted at the merge; other lines stay."""
    for also, wanted in (((), [("open", "converted", 99)]), ((Line("s:pot", 1, 250),), [])):
        winner, loser = Basket(), Basket()
        told(winner, 0, Ordered("o1", frozenset({"s:lamp"})), active=False)
        told(loser, 5, Snapshot((Line("s:lamp", 1, 1000), *also), checkout=False))
        assert [(row["from"], row["to"], row["at"]) for row in absorb(winner, loser, 99)] == wanted
        assert list(winner.lines) == [line.key for line in also]
