"""The truth about carts: what docs/contract.md section 3 says of one profile's acts, told again from the shop's side.

Times are epoch milliseconds, money is in hundredths, lines are keyed as the pipeline keys them (`s:` + sku, else `p:` +
product id / variant).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

MINUTE: Final = 60_000
ABANDON_AFTER: Final = 30 * MINUTE
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
    """Order Completed."""

    order_id: str


Effect = Added | Removed | Snapshot | Ordered


@dataclass(slots=True)
class Basket:
    """The open cart of one profile, and what decides about the next. No lines: no cart."""

    lines: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    opened_at: int = 0
    abandoned: bool = False
    checkout: bool = False
    times: int = 0
    """How often this cart has been abandoned."""
    last_activity: int = -1
    last_order: int = -1

    def due(self) -> int | None:
        """When time alone changes it next: abandoned, or expired."""
        if not self.lines:
            return None
        return max(self.last_activity, self.opened_at) + (EXPIRE_AFTER if self.abandoned else ABANDON_AFTER)

    def clear(self) -> None:
        """The cart is gone."""
        self.lines, self.abandoned, self.checkout, self.times = {}, False, False, 0


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
        if basket.lines and basket.opened_at <= at:
            yield _row(basket, "converted", at, "order")
            basket.clear()
        basket.last_order = max(basket.last_order, at)
        return
    newer = active and at > basket.last_activity
    if active:
        basket.last_activity = max(basket.last_activity, at)
    had = bool(basket.lines)
    lines = _changed(basket.lines, effect)
    if had and not lines:
        yield _row(basket, "emptied", at, "emptied", lines=lines)
        basket.clear()
        return
    basket.lines = lines
    if lines and isinstance(effect, Snapshot) and effect.checkout:
        basket.checkout = True
    if lines and not had:
        basket.opened_at = at
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
    winner.last_activity = max(winner.last_activity, loser.last_activity)
    winner.last_order = max(winner.last_order, loser.last_order)
    if not loser.lines:
        return
    if not winner.lines:
        winner.lines, winner.opened_at = loser.lines, loser.opened_at
        winner.abandoned, winner.checkout, winner.times = loser.abandoned, loser.checkout, loser.times
        return
    for key, (quantity, cents) in loser.lines.items():
        if key not in winner.lines or quantity > winner.lines[key][0]:
            winner.lines[key] = (quantity, cents)
    was = winner.abandoned
    winner.opened_at = min(winner.opened_at, loser.opened_at)
    winner.checkout |= loser.checkout
    winner.times = max(winner.times, loser.times)
    if was and not loser.abandoned:
        yield _row(winner, "open", at, "reopened")
    winner.abandoned = was and loser.abandoned


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
