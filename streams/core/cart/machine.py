"""The cart machine (docs/contract.md section 3): all that opens, abandons, reopens or ends a cart is in this file.

`TRANSITIONS` is the whole machine as data; docs/cart.md is drawn from it. `CartMachine` never reads a clock:
`on_event` is given the event, `on_time` the time that has come, and `due_at` says when to ask again.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, ClassVar, Final, NamedTuple

from msgspec.structs import replace

from schemas.money import to_number
from schemas.names import CART_EVENTS, CHECKOUT_STARTED, ORDER_COMPLETED, PRODUCT_ADDED, PRODUCT_REMOVED
from schemas.times import iso
from schemas.topics import DAY_MS
from streams.core.cart import lines as cart_lines
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine, Moment
from streams.core.profile.state import Cart, Profile

ABANDON_AFTER_MS: Final = 30 * 60_000
EXPIRE_AFTER_MS: Final = 30 * DAY_MS

NONE, OPEN, ABANDONED, CONVERTED, EMPTIED, EXPIRED = "none", "open", "abandoned", "converted", "emptied", "expired"

TRANSITIONS: Final = {
    (NONE, "opened"): OPEN,
    (OPEN, "inactivity"): ABANDONED,
    (ABANDONED, "reopened"): OPEN,
    (OPEN, "order"): CONVERTED,
    (ABANDONED, "order"): CONVERTED,
    (OPEN, "emptied"): EMPTIED,
    (ABANDONED, "emptied"): EMPTIED,
    (ABANDONED, "expired"): EXPIRED,
}
"""(state, reason) -> state. Converted, emptied and expired carts are gone; the next line opens another."""


class Transition(NamedTuple):
    """One change of a cart's state. `at` in epoch milliseconds, `value` in micros; `cart` as it was at that moment."""

    cart_id: str
    source: str
    target: str
    at: int
    reason: str
    lines: list[dict[str, Any]]
    value: int
    currency: str | None
    stage: str
    abandonment_no: int
    opened_at: int

    def row(self, profile_id: str) -> dict[str, Any]:
        """The record on `cart.transitions` for a cart of the profile `profile_id` (hex)."""
        return {
            "profile_id": profile_id,
            "cart_id": self.cart_id,
            "from": self.source,
            "to": self.target,
            "at": iso(self.at),
            "reason": self.reason,
            "lines": self.lines,
            "value": to_number(self.value),
            "currency": self.currency,
            "stage": self.stage,
            "abandonment_no": self.abandonment_no,
        }


class CartMachine(Machine[None, Transition]):
    """The cart, and the activity and the orders that its timers count from."""

    fields: ClassVar = frozenset({"cart", "last_activity", "last_order"})

    def due_at(self, profile: Profile, /) -> int | None:
        """The epoch milliseconds of the cart's next timer: abandonment of an open cart, expiry of an abandoned one."""
        cart = profile.cart
        if cart is None:
            return None
        return profile.clock + (EXPIRE_AFTER_MS if cart.abandoned else ABANDON_AFTER_MS)

    def on_time(self, profile: Profile, due: int, _moment: Moment, /) -> Sequence[Transition]:
        """The timer of `due_at` has come, at `due` (epoch milliseconds)."""
        cart = profile.cart
        if cart is None:
            return []
        if cart.abandoned:
            return [_end(profile, cart, "expired", due)]
        cart.abandonment_no += 1
        return [_move(cart, "inactivity", due)]

    def on_event(self, profile: Profile, event: Sealed, _told: None, /) -> Sequence[Transition]:
        """What an event of the profile does to its cart; also moves `last_activity` and `last_order`."""
        if event.name == ORDER_COMPLETED:
            profile.last_order = max(profile.last_order, event.time)
            cart = profile.cart
            if cart is None or cart.opened_at > event.time:
                return []
            return [_end(profile, cart, "order", event.time)]
        came_back = event.is_activity and event.time > profile.last_activity
        if came_back:
            profile.last_activity = event.time
        if event.name in CART_EVENTS:
            return _change_lines(profile, event, came_back=came_back)
        if came_back and profile.cart is not None and profile.cart.abandoned:
            return [_move(profile.cart, "reopened", event.time)]
        return []

    def absorb(self, winner: Profile, loser: Profile, at: int, /) -> Sequence[Transition]:
        """A merge at `at` (epoch milliseconds): an order of either side converts the other's cart; the rest is united.

        The order ends a cart that was opened no later than it.
        """
        transitions = []
        for side, other in ((winner, loser), (loser, winner)):
            if side.cart is not None and other.last_order >= side.cart.opened_at:
                transitions.append(_end(side, side.cart, "order", at))
        winner.last_activity = max(winner.last_activity, loser.last_activity)
        winner.last_order = max(winner.last_order, loser.last_order)
        mine, theirs = winner.cart, loser.cart
        if mine is None or theirs is None:
            winner.cart = mine or theirs
            return transitions
        later = theirs if theirs.touched_at > mine.touched_at else mine
        mine.currency = later.currency or mine.currency or theirs.currency
        mine.lines = cart_lines.union(mine.lines, theirs.lines)
        mine.opened_at = min(mine.opened_at, theirs.opened_at)
        mine.counts_from = max(mine.counts_from, theirs.counts_from)
        mine.touched_at = later.touched_at
        mine.abandonment_no = max(mine.abandonment_no, theirs.abandonment_no)
        mine.checkout = mine.checkout or theirs.checkout
        if mine.abandoned and not theirs.abandoned:
            transitions.append(_move(mine, "reopened", at))
        return transitions

    def divide(self, profile: Profile, share: Profile, leaving: Leaving, /) -> Sequence[Transition]:
        """Lines that the leaving identifiers have brought go to the share; activity and last order are on both sides.

        The share's cart is as old as the one that it comes from, and its clock has gone as far; no lines, no cart.
        """
        share.last_activity, share.last_order = profile.last_activity, profile.last_order
        cart = profile.cart
        gone = {} if cart is None else {key: line for key, line in cart.lines.items() if line.by in leaving.by}
        if cart is None or not gone:
            return []
        seed = f"{share.id}|{cart.opened_at}|{cart.id}"
        share.cart = replace(cart, id=blake2b(seed.encode(), digest_size=16).hexdigest(), lines=gone)
        cart.lines = {key: line for key, line in cart.lines.items() if key not in gone}
        return [] if cart.lines else [_end(profile, cart, "emptied", leaving.at)]

    def arrived(self, profile: Profile) -> Sequence[Transition]:
        """A cart that comes from a split was opened and abandoned when that happened to the one it comes from."""
        cart = profile.cart
        if cart is None:
            return []
        opened = _transition(cart, NONE, OPEN, cart.opened_at, "opened")
        if not cart.abandoned:
            return [opened]
        return [opened, _transition(cart, OPEN, ABANDONED, profile.clock + ABANDON_AFTER_MS, "inactivity")]


def _change_lines(profile: Profile, event: Sealed, *, came_back: bool) -> list[Transition]:
    """A cart event: the lines first, then what that means for the state."""
    cart, properties = profile.cart, event.properties
    currency = cart_lines.currency_of(properties)
    lines = cart.lines if cart is not None else {}
    if event.name == PRODUCT_ADDED:
        cart_lines.LineItems(lines).add(properties)
    elif event.name == PRODUCT_REMOVED:
        cart_lines.LineItems(lines).remove(properties)
    elif isinstance(products := properties.get("products"), list):
        lines = cart_lines.snapshot(products, currency)
    _say_who(lines, cart, event.by)
    if cart is None:
        if not lines:
            return []
        cart = profile.cart = _opened(profile.id, event)
        reason = "opened"
    else:
        reason = "reopened" if came_back and cart.abandoned else ""
    cart.lines = lines
    cart.currency = currency or cart.currency
    cart.touched_at = max(cart.touched_at, event.time)
    if not lines:
        return [_end(profile, cart, "emptied", event.time)]
    cart.checkout = cart.checkout or event.name == CHECKOUT_STARTED
    if reason == "opened":
        transitions = [_transition(cart, NONE, OPEN, event.time, reason)]
        if event.time < profile.last_order:
            # It came late: the order that followed it is known already.
            transitions.append(_end(profile, cart, "order", profile.last_order))
        return transitions
    return [_move(cart, reason, event.time)] if reason else []


def _say_who(lines: cart_lines.Lines, cart: Cart | None, by: str) -> None:
    """New lines are of who brought them, `by`; lines of a snapshot that were there before of who did then."""
    before = None
    for key, line in lines.items():
        if line.by:
            continue
        if cart is not None:
            before = before or cart_lines.LineItems(cart.lines)
            found = before.find(key)
            line.by = before.lines[found[0]].by if found else ""
        line.by = line.by or by


def _opened(profile_id: str, event: Sealed) -> Cart:
    seed = f"{profile_id}|{event.time}|{event.message_id}"
    return Cart(blake2b(seed.encode(), digest_size=16).hexdigest(), event.time, event.time, event.time)


def _move(cart: Cart, reason: str, at: int) -> Transition:
    source = ABANDONED if cart.abandoned else OPEN
    target = TRANSITIONS[source, reason]
    cart.abandoned = target == ABANDONED
    return _transition(cart, source, target, at, reason)


def _end(profile: Profile, cart: Cart, reason: str, at: int) -> Transition:
    source = ABANDONED if cart.abandoned else OPEN
    profile.cart = None
    return _transition(cart, source, TRANSITIONS[source, reason], at, reason)


def _transition(cart: Cart, source: str, target: str, at: int, reason: str) -> Transition:
    return Transition(
        cart.id, source, target, at, reason, cart_lines.shown(cart.lines), cart_lines.value(cart), cart.currency,
        "checkout" if cart.checkout else "cart", cart.abandonment_no, cart.opened_at,
    )  # fmt: skip
