"""The cart machine (docs/contract.md section 3): all that opens, abandons, reopens or ends a cart is in this file.

`TRANSITIONS` is the whole machine as data; docs/cart.md is drawn from it. `CartMachine` never reads a clock:
`on_event` is given the event, `on_time` the time that has come, and `due_at` says when to ask again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, ClassVar, Final, NamedTuple

from msgspec.structs import replace

from schemas.money import to_number
from schemas.names import CART_EVENTS, CHECKOUT_STARTED, ORDER_COMPLETED, PRODUCT_ADDED, PRODUCT_REMOVED
from schemas.products import items_of, product_key
from schemas.times import iso
from schemas.topics import DAY_MS, HOUR_MS
from streams.core.campaigns.rates import Rates
from streams.core.cart import lines as cart_lines
from streams.core.cart import purchases
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine, Moment
from streams.core.profile.state import Cart, Line, Profile, Purchase, SoldCart

ABANDON_AFTER_MS: Final = 30 * 60_000
EXPIRE_AFTER_MS: Final = 30 * DAY_MS
KEEP_SOLD_MS: Final = HOUR_MS

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
    (CONVERTED, "order_cancelled"): OPEN,
}
"""(state, reason) -> state. Converted, emptied and expired carts are gone; the next line opens another.

A converted cart comes back only when its order is cancelled within the hour."""


class Transition(NamedTuple):
    """One change of a cart's state, with the cart as it was at that moment.

    `at` in epoch milliseconds, `value` in micros, None if its lines are in several currencies.
    """

    cart_id: str
    source: str
    target: str
    at: int
    reason: str
    lines: list[dict[str, Any]]
    value: int | None
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
            "value": None if self.value is None else to_number(self.value),
            "currency": self.currency,
            "stage": self.stage,
            "abandonment_no": self.abandonment_no,
        }


class CartMachine(Machine[None, Transition]):
    """The cart, the activity and the orders that its timers count from, and what has been bought.

    `order_grace` is for how long (milliseconds) after an order what it contained is held back. `rates` convert what is
    in other currencies than the cart.
    """

    fields: ClassVar = frozenset({"cart", "sold", "last_activity", "last_order", "purchases"})

    def __init__(self, order_grace: int, rates: Rates | None = None) -> None:
        self._grace = order_grace
        self._rates = rates

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
            return [self._end(profile, cart, "expired", due)]
        cart.abandonment_no += 1
        return [self._move(cart, "inactivity", due)]

    def on_event(self, profile: Profile, event: Sealed, _told: None, /) -> Sequence[Transition]:
        """What an event of the profile does to its cart; also moves `last_activity` and `last_order`."""
        if event.name == ORDER_COMPLETED:
            return self._bought(profile, event)
        came_back = event.is_activity and event.time > profile.last_activity
        if came_back:
            profile.last_activity = event.time
        if event.name in CART_EVENTS and not event.is_past_repeats:
            return self._change_lines(profile, event, came_back=came_back)
        if came_back and profile.cart is not None and profile.cart.abandoned:
            return [self._move(profile.cart, "reopened", event.time)]
        return []

    def absorb(self, winner: Profile, loser: Profile, at: int, /) -> Sequence[Transition]:
        """A merge at `at` (epoch milliseconds): an order of either side converts the other's cart; the rest is united.

        The order ends a cart that was opened no later than it.
        """
        transitions = []
        for side, other in ((winner, loser), (loser, winner)):
            if side.cart is not None and other.last_order >= side.cart.opened_at:
                purchases.converted_by(other, side.cart)
                transitions.append(self._end(side, side.cart, "order", at))
        purchases.absorb(winner, loser)
        for side in (winner, loser):
            transitions += self._hold_back(side, winner.purchases.values(), at)
        winner.sold = {**loser.sold, **winner.sold}
        winner.last_activity = max(winner.last_activity, loser.last_activity)
        winner.last_order = max(winner.last_order, loser.last_order)
        mine, theirs = winner.cart, loser.cart
        if mine is None or theirs is None:
            winner.cart = mine or theirs
            return transitions
        _unite(mine, theirs)
        if mine.abandoned and not theirs.abandoned:
            transitions.append(self._move(mine, "reopened", at))
        return transitions

    def divide(self, profile: Profile, share: Profile, leaving: Leaving, /) -> Sequence[Transition]:
        """Lines that the leaving identifiers have brought go to the share; activity and last order are on both sides.

        The share's cart is as old as the one that it comes from, and its clock has gone as far; no lines, no cart.
        """
        share.last_activity, share.last_order = profile.last_activity, profile.last_order
        share.purchases = profile.purchases
        _divide_sold(profile, share, leaving)
        cart = profile.cart
        gone = {} if cart is None else {key: line for key, line in cart.lines.items() if line.by in leaving.by}
        if cart is None or not gone:
            return []
        share.cart = replace(cart, id=_of_share(share, cart), lines=gone)
        cart.lines = {key: line for key, line in cart.lines.items() if key not in gone}
        return [] if cart.lines else [self._end(profile, cart, "emptied", leaving.at)]

    def sell(self, profile: Profile, cart: Cart, order_id: str, at: int) -> None:
        """The order `order_id` at `at` (epoch milliseconds) has converted the cart; kept while its payment may fail."""
        profile.sold = {known: kept for known, kept in profile.sold.items() if at - kept.at <= KEEP_SOLD_MS}
        profile.sold[order_id] = SoldCart(at, cart)

    def told_again(self, profile: Profile, event: Sealed) -> Sequence[Transition]:
        """Another call of an order that counts already: what it lists is no cart either."""
        purchase = purchases.told_again(profile, event)
        return self._hold_back(profile, (purchase,), event.time) if purchase is not None else []

    def unbuy(self, profile: Profile, order_id: str) -> None:
        """The order `order_id` is cancelled: what it contained has not been bought."""
        profile.purchases.pop(order_id, None)

    def take_back(self, profile: Profile, order_id: str, at: int, last_order: int) -> Sequence[Transition]:
        """The order `order_id` is cancelled at `at` within its hour: the cart that it converted is open again.

        Where another order has come since that cart was opened, that one has converted it. `last_order`: when the
        customer bought last, without the cancelled order. All times are epoch milliseconds.
        """
        profile.last_order = last_order
        kept = profile.sold.pop(order_id, None)
        if kept is None:
            return []
        if last_order >= kept.cart.opened_at:
            _hand_over(profile, kept.cart)
            return []
        if profile.cart is not None:
            # There is one cart: what is in it since is united with what was not paid for.
            profile.cart.lines = cart_lines.union(profile.cart.lines, kept.cart.lines)
            profile.cart.checkout = profile.cart.checkout or kept.cart.checkout
            return []
        cart = profile.cart = kept.cart
        cart.abandoned, cart.counts_from = False, max(cart.counts_from, at)
        return [self._transition(cart, CONVERTED, TRANSITIONS[CONVERTED, "order_cancelled"], at, "order_cancelled")]

    def arrived(self, profile: Profile) -> Sequence[Transition]:
        """A cart that comes from a split was opened and abandoned when that happened to the one it comes from."""
        cart = profile.cart
        if cart is None:
            return []
        opened = self._transition(cart, NONE, OPEN, cart.opened_at, "opened")
        if not cart.abandoned:
            return [opened]
        return [opened, self._transition(cart, OPEN, ABANDONED, profile.clock + ABANDON_AFTER_MS, "inactivity")]

    def _bought(self, profile: Profile, event: Sealed) -> list[Transition]:
        """An order converts the cart, whatever is in it.

        Of a cart opened after an order that comes late, what the order contained goes where it was named too soon after
        it.
        """
        profile.last_order = max(profile.last_order, event.time)
        cart = profile.cart
        converted = cart if cart is not None and cart.opened_at <= event.time else None
        purchase = purchases.on_order(profile, event, converted)
        if converted is not None:
            return [self._end(profile, converted, "order", event.time)]
        return self._hold_back(profile, (purchase,), event.time)

    def _hold_back(self, profile: Profile, bought: Iterable[Purchase], at: int) -> list[Transition]:
        """Lines that prove to be what an order contained are gone; a cart of nothing else is converted."""
        cart = profile.cart
        if cart is None:
            return []
        left = {
            key: line for key, line in cart.lines.items()
            if not any(purchases.holds_back(purchase, key, line, self._grace) for purchase in bought)
        }  # fmt: skip
        if not cart_lines.holds_products(left):
            return [self._end(profile, cart, "order", max(at, cart.opened_at))]
        cart.lines = left
        return []

    def _change_lines(self, profile: Profile, event: Sealed, *, came_back: bool) -> list[Transition]:
        """A cart event: the lines first, then what that means for the state."""
        cart, properties = profile.cart, event.properties
        currency = cart_lines.currency_of(properties)
        lines = cart.lines if cart is not None else {}
        if event.name == PRODUCT_ADDED:
            added = cart_lines.LineItems(lines)
            for item in items_of(properties, currency):
                if not self._just_bought(profile, item, event.time):
                    added.add(item, event.time)
        elif event.name == PRODUCT_REMOVED:
            removed = cart_lines.LineItems(lines)
            for item in items_of(properties):
                removed.remove(item)
        elif isinstance(products := properties.get("products"), list):
            lines = cart_lines.snapshot(products, currency, event.time)
            cart_lines.keep(lines, cart.lines if cart is not None else {})
            lines = self._not_bought(profile, lines, event.time)
        for line in lines.values():
            if not line.by:
                line.by = event.by
        if lines and not cart_lines.holds_products(lines):
            lines = {}
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
            return [self._end(profile, cart, "emptied", event.time)]
        cart.checkout = cart.checkout or event.name == CHECKOUT_STARTED
        if reason == "opened":
            transitions = [self._transition(cart, NONE, OPEN, event.time, reason)]
            if event.time < profile.last_order:
                # It came late: the order that followed it is known already.
                transitions.append(self._end(profile, cart, "order", profile.last_order))
            return transitions
        return [self._move(cart, reason, event.time)] if reason else []

    def _just_bought(self, profile: Profile, item: Mapping[str, Any], at: int) -> bool:
        """Whether an `item` of a Product Added at `at` is what an order contained a moment before."""
        if not profile.purchases or (key := product_key(item)) is None:
            return False
        return not self._not_bought(profile, {key: Line(at=at, added=at)}, at)

    def _not_bought(self, profile: Profile, lines: cart_lines.Lines, at: int) -> cart_lines.Lines:
        """Of the lines that an event at `at` names, those that are not what an order contained.

        An order after the event, which came late then, has converted the cart that it was about; if there is another
        cart by now, it gets nothing of the order either.
        """
        bought = [
            purchase for purchase in profile.purchases.values()
            if purchase.at <= at or (profile.cart is not None and profile.cart.opened_at > purchase.at)
        ]  # fmt: skip
        if not bought:
            return lines
        return {
            key: line for key, line in lines.items()
            if not any(purchases.holds_back(purchase, key, line, self._grace) for purchase in bought)
        }  # fmt: skip

    def _move(self, cart: Cart, reason: str, at: int) -> Transition:
        source = ABANDONED if cart.abandoned else OPEN
        target = TRANSITIONS[source, reason]
        cart.abandoned = target == ABANDONED
        return self._transition(cart, source, target, at, reason)

    def _end(self, profile: Profile, cart: Cart, reason: str, at: int) -> Transition:
        source = ABANDONED if cart.abandoned else OPEN
        profile.cart = None
        return self._transition(cart, source, TRANSITIONS[source, reason], at, reason)

    def _transition(self, cart: Cart, source: str, target: str, at: int, reason: str) -> Transition:
        value, currency = cart_lines.worth(cart, self._rates, at)
        return Transition(
            cart.id, source, target, at, reason, cart_lines.shown(cart.lines), value, currency,
            "checkout" if cart.checkout else "cart", cart.abandonment_no, cart.opened_at,
        )  # fmt: skip


def _unite(mine: Cart, theirs: Cart) -> None:
    """Two carts of a customer are one, which is `mine` from now on; whether it is abandoned stays to be said."""
    later = theirs if theirs.touched_at > mine.touched_at else mine
    mine.currency = later.currency or mine.currency or theirs.currency
    mine.lines = cart_lines.union(mine.lines, theirs.lines)
    mine.opened_at = min(mine.opened_at, theirs.opened_at)
    mine.counts_from = max(mine.counts_from, theirs.counts_from)
    mine.touched_at = later.touched_at
    mine.abandonment_no = max(mine.abandonment_no, theirs.abandonment_no)
    mine.checkout = mine.checkout or theirs.checkout


def _hand_over(profile: Profile, cart: Cart) -> None:
    """The last order since the cart was opened has converted it; it comes back if that one's payment fails as well."""
    later = [(bought.at, order_id) for order_id, bought in profile.purchases.items() if bought.at >= cart.opened_at]
    if not later:
        return
    at, order_id = max(later)
    if (own := profile.sold.get(order_id)) is not None:
        _unite(cart, own.cart)
    profile.sold[order_id] = SoldCart(at, cart)
    purchases.converted_by(profile, cart)


def _divide_sold(profile: Profile, share: Profile, leaving: Leaving) -> None:
    """What an order has converted goes where its lines go: a failed payment gives each side its own."""
    for order_id, (at, cart) in ((known, (kept.at, kept.cart)) for known, kept in list(profile.sold.items())):
        gone = {key: line for key, line in cart.lines.items() if line.by in leaving.by}
        left = {key: line for key, line in cart.lines.items() if key not in gone}
        if gone:
            share.sold[order_id] = SoldCart(at, replace(cart, id=_of_share(share, cart), lines=gone))
        if left:
            profile.sold[order_id] = SoldCart(at, replace(cart, lines=left))
        else:
            del profile.sold[order_id]


def _of_share(share: Profile, cart: Cart) -> str:
    """The id of the part of a cart that goes with a split."""
    return blake2b(f"{share.id}|{cart.opened_at}|{cart.id}".encode(), digest_size=16).hexdigest()


def _opened(profile_id: str, event: Sealed) -> Cart:
    seed = f"{profile_id}|{event.time}|{event.message_id}"
    return Cart(blake2b(seed.encode(), digest_size=16).hexdigest(), event.time, event.time, event.time)
