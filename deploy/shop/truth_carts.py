"""The truth about carts: what docs/contract.md section 3 says of one profile's acts, told again from the shop's side.

Times are epoch milliseconds, money is in hundredths, lines are keyed as the pipeline keys them (`s:` + sku, else `p:` +
product id / variant).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
ABANDON_AFTER: Final = 30 * MINUTE
ORDER_GRACE: Final = 30 * MINUTE
ADDED_AGAIN: Final = 5 * MINUTE
"""How long after an order a snapshot, and an addition, still hold what was bought."""
EXPIRE_AFTER: Final = 30 * 24 * 60 * MINUTE

ACTIVE_CHANNELS: Final = frozenset({"web", "app", "store", "marketplace", "messenger"})
ACTIVE_NAMES: Final = frozenset(
    {
        "Products Searched", "Product List Viewed", "Product List Filtered", "Product Viewed", "Product Clicked",
        "Product Added", "Product Removed", "Product Added to Wishlist", "Cart Viewed", "Checkout Started",
        "Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered", "Coupon Entered", "Coupon Applied",
        "Coupon Denied", "Coupon Removed",
    }
)  # fmt: skip


class Line(NamedTuple):
    """One line of a cart event: its key, how many, and the price said with it (None: none was said)."""

    key: str
    quantity: int
    cents: int | None


class Added(NamedTuple):
    """Product Added."""

    line: Line


class Removed(NamedTuple):
    """Product Removed; quantity None: the whole line."""

    key: str
    quantity: int | None


class Snapshot(NamedTuple):
    """Cart Viewed or Checkout Started with its products."""

    lines: tuple[Line, ...]
    checkout: bool


class Ordered(NamedTuple):
    """Order Completed: its number, and the keys of what it contains."""

    order_id: str
    keys: frozenset[str] = frozenset()


class Bought(NamedTuple):
    """An order that was placed: when, and what it contained."""

    at: int
    keys: frozenset[str]


class Cancelled(NamedTuple):
    """Order Cancelled."""

    order_id: str


Effect = Added | Removed | Snapshot | Ordered | Cancelled


@dataclass(slots=True)
class Basket:
    """The open cart of one profile, and what decides about the next. No lines: no cart."""

    lines: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    named: dict[str, tuple[int, int]] = field(default_factory=dict)
    """When each line was named last, and when Product Added put it in last."""
    opened_at: int = 0
    started: int = 0
    """What its clock runs from at the earliest: when its youngest part was opened, or came back by a failed payment."""
    abandoned: bool = False
    checkout: bool = False
    times: int = 0
    """How often this cart has been abandoned."""
    last_activity: int = -1
    orders: dict[str, int] = field(default_factory=dict)
    """When each order was placed."""
    bought: dict[str, Bought] = field(default_factory=dict)
    """What the orders contained, those left out that were taken back."""
    sold: dict[str, Basket] = field(default_factory=dict)
    """The carts that went with orders."""

    @property
    def last_order(self) -> int:
        """When the latest order was placed, -1 without one."""
        return max(self.orders.values(), default=-1)

    def due(self) -> int | None:
        """When time alone changes it next: abandoned, or expired."""
        if not self.lines:
            return None
        return max(self.last_activity, self.started) + (EXPIRE_AFTER if self.abandoned else ABANDON_AFTER)

    def clear(self) -> None:
        """The cart is gone."""
        self.lines, self.named, self.abandoned, self.checkout, self.times = {}, {}, False, False, 0

    def again(self, key: str, at: int, added: int) -> bool:
        """Whether the line `key` is but what an order contained, told once more.

        `at`, `added`: when it was named last, and put in last.
        """
        grace = ADDED_AGAIN if at == added else ORDER_GRACE
        return any(
            key in order.keys and at <= order.at + grace and added <= order.at + ADDED_AGAIN
            for order in self.bought.values()
        )


def fire(basket: Basket, until: int | None) -> Iterator[dict[str, Any]]:
    """What time brings up to and including `until` (None: for ever)."""
    while (due := basket.due()) is not None and (until is None or due <= until):
        if basket.abandoned:
            yield _row(basket, "expired", due, "expired")
            basket.clear()
        else:
            basket.times += 1
            yield _row(basket, "abandoned", due, "inactivity")
            basket.abandoned = True


def act(basket: Basket, at: int, effect: Effect | None, *, active: bool) -> Iterator[dict[str, Any]]:
    """One event at `at`; timers due by then have fired. `active`: it counts as activity."""
    if isinstance(effect, Ordered):
        if effect.order_id in basket.orders:
            return
        basket.orders[effect.order_id] = at
        basket.bought[effect.order_id] = Bought(at, effect.keys)
        if basket.lines and basket.opened_at <= at:
            yield _row(basket, "converted", at, "order")
            basket.sold[effect.order_id] = replace(basket)
            basket.clear()
        return
    if isinstance(effect, Cancelled):
        yield from _give_back(basket, at, effect.order_id)
        return
    newer = active and at > basket.last_activity
    if active:
        basket.last_activity = max(basket.last_activity, at)
    had = bool(basket.lines)
    effect = _new(basket, at, effect)
    lines = _changed(basket.lines, effect)
    if had and not lines:
        yield _row(basket, "emptied", at, "emptied", lines=lines)
        basket.clear()
        return
    basket.lines = lines
    _name(basket, at, effect)
    if lines and isinstance(effect, Snapshot) and effect.checkout:
        basket.checkout = True
    if lines and not had:
        basket.opened_at = basket.started = at
        yield _row(basket, "open", at, "opened", source="none")
    if had and basket.abandoned and newer:
        yield _row(basket, "open", at, "reopened")
        basket.abandoned = False


def absorb(winner: Basket, loser: Basket, at: int) -> Iterator[dict[str, Any]]:
    """Two profiles become one at `at`; the timers of both have fired."""
    for side, counterpart in ((loser, winner), (winner, loser)):
        if side.lines and counterpart.last_order >= side.opened_at:
            yield _row(side, "converted", at, "order")
            side.clear()
    winner.bought = loser.bought = {**loser.bought, **winner.bought}
    for side in (winner, loser):
        left = {key: line for key, line in side.lines.items() if not side.again(key, *side.named[key])}
        if side.lines and not left:
            yield _row(side, "converted", max(at, side.opened_at), "order")
            side.clear()
        side.lines = left
    winner.last_activity = max(winner.last_activity, loser.last_activity)
    winner.orders = {**loser.orders, **winner.orders}
    winner.sold = {**loser.sold, **winner.sold}
    if not loser.lines:
        return
    if not winner.lines:
        winner.lines, winner.named = loser.lines, loser.named
        winner.opened_at, winner.started = loser.opened_at, loser.started
        winner.abandoned, winner.checkout, winner.times = loser.abandoned, loser.checkout, loser.times
        return
    _unite(winner, loser)
    was = winner.abandoned
    winner.opened_at = min(winner.opened_at, loser.opened_at)
    winner.started = max(winner.started, loser.started)
    winner.checkout |= loser.checkout
    winner.times = max(winner.times, loser.times)
    if was and not loser.abandoned:
        yield _row(winner, "open", at, "reopened")
    winner.abandoned = was and loser.abandoned


def _give_back(basket: Basket, at: int, order_id: str) -> Iterator[dict[str, Any]]:
    """An order is cancelled: within an hour its payment has failed, and its cart is open again."""
    placed, sold = basket.orders.get(order_id), basket.sold.pop(order_id, None)
    basket.bought.pop(order_id, None)
    if placed is None or at - placed > HOUR:
        return
    del basket.orders[order_id]
    if sold is None:
        return
    if basket.lines:
        _unite(basket, sold)
        basket.checkout |= sold.checkout
        return
    basket.lines, basket.named = sold.lines, sold.named
    basket.opened_at, basket.started = sold.opened_at, max(sold.started, at)
    basket.checkout, basket.times = sold.checkout, sold.times
    yield _row(basket, "open", at, "order_cancelled", source="converted")


def _unite(winner: Basket, loser: Basket) -> None:
    """The lines of both in the first: of each product the larger quantity."""
    for key, (quantity, cents) in loser.lines.items():
        if key not in winner.lines or quantity > winner.lines[key][0]:
            winner.lines[key] = (quantity, cents)
        at, added = winner.named.get(key, (0, 0))
        theirs = loser.named[key]
        winner.named[key] = max(at, theirs[0]), max(added, theirs[1])


def _new(basket: Basket, at: int, effect: Effect | None) -> Effect | None:
    """An event less what an order has just taken."""
    if isinstance(effect, Snapshot):
        lines = (line for line in effect.lines if not basket.again(line.key, at, basket.named.get(line.key, (0, 0))[1]))
        return effect._replace(lines=tuple(lines))
    if isinstance(effect, Added) and basket.again(effect.line.key, at, at):
        return None
    return effect


def _name(basket: Basket, at: int, effect: Effect | None) -> None:
    """Note when the lines were named."""
    if isinstance(effect, Snapshot):
        basket.named = {key: (at, basket.named.get(key, (0, 0))[1]) for key in basket.lines}
    elif isinstance(effect, Added):
        basket.named = {**basket.named, effect.line.key: (at, at)}


def _changed(lines: dict[str, tuple[int, int | None]], effect: Effect | None) -> dict[str, tuple[int, int | None]]:
    """The lines after an event, as a new mapping when they differ."""
    if isinstance(effect, Snapshot):
        return {line.key: (line.quantity, line.cents) for line in effect.lines if line.quantity > 0}
    if isinstance(effect, Added):
        key, quantity, cents = effect.line
        before, price = lines.get(key, (0, None))
        return {**lines, key: (before + quantity, price if cents is None else cents)}
    if isinstance(effect, Removed) and effect.key in lines:
        before, price = lines[effect.key]
        left = 0 if effect.quantity is None else before - effect.quantity
        rest = {k: v for k, v in lines.items() if k != effect.key or left > 0}
        if left > 0:
            rest[effect.key] = (left, price)
        return rest
    return lines


def _row(
    basket: Basket,
    to: str,
    at: int,
    reason: str,
    *,
    lines: dict[str, tuple[int, int | None]] | None = None,
    source: str | None = None,
) -> dict[str, Any]:
    lines = basket.lines if lines is None else lines
    cents = sum(quantity * (price or 0) for quantity, price in lines.values())
    return {
        "from": source or ("abandoned" if basket.abandoned else "open"),
        "to": to,
        "at": at,
        "reason": reason,
        "stage": "checkout" if basket.checkout else "cart",
        "abandonment_no": basket.times,
        "value": cents / 100,
        "lines": [{"key": k, "quantity": q, "price": None if p is None else p / 100} for k, (q, p) in lines.items()],
    }
