"""What a customer has bought in the last 30 days, and what that means for whatever names it again.

A shop goes on to report a cart for a while after it was bought: the page of thanks sends a snapshot, a second device
has not heard of the order, one clock is slow. So what an order contained is held back for a while after it, wherever it
comes up; and no message names it for 30 days. Contract 3, "After an order". Times are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from schemas.money import micros
from schemas.orders import order_id_of
from schemas.products import ProductIndex, find, product_key
from schemas.topics import DAY_MS
from streams.core.cart.lines import of_products
from streams.core.profile.event import Sealed
from streams.core.profile.state import Cart, Line, Profile, Purchase

REMEMBERED_MS: Final = 30 * DAY_MS
ADDED_MS: Final = 5 * 60_000
"""Something put into the cart later than this after an order that contained it is wanted again."""
MOST_PRODUCTS: Final = 500
"""Products remembered, of all orders together; the oldest orders go first, but never the last one."""


def on_order(profile: Profile, event: Sealed, converted: Cart | None) -> Purchase:
    """Remember what an order contained, under all names known: its products, else the lines of the `converted` cart."""
    lines = of_products(converted.lines) if converted is not None else {}
    contents = _listed(profile, event, lines) or dict.fromkeys(lines)
    purchase = Purchase(event.time, list(contents)[:MOST_PRODUCTS])
    profile.purchases[known_by(event)] = purchase
    _forget(profile, event.clock)
    return purchase


def told_again(profile: Profile, event: Sealed) -> Purchase | None:
    """The order of which another call lists products, with these as well; None if that says nothing new of it."""
    purchase = profile.purchases.get(known_by(event))
    if purchase is None:
        return None
    fresh = [key for key in _listed(profile, event, {}) if key not in purchase.products]
    if not fresh:
        return None
    purchase.products = [*purchase.products, *fresh][:MOST_PRODUCTS]
    _forget(profile, event.clock)
    return purchase


def known_by(event: Sealed) -> str:
    """What the order of an Order Completed is known by: its order_id in one spelling, else the event's own id."""
    return order_id_of(event.properties) or event.message_id


def absorb(winner: Profile, loser: Profile) -> None:
    """What either side has bought; of an order that both know all contents."""
    for order_id, theirs in loser.purchases.items():
        mine = winner.purchases.get(order_id)
        if mine is not None:
            theirs = Purchase(max(mine.at, theirs.at), list(dict.fromkeys((*mine.products, *theirs.products))))  # noqa: PLW2901
        winner.purchases[order_id] = theirs
    _forget(winner, 0)


def converted_by(profile: Profile, cart: Cart) -> None:
    """Orders of `profile` have converted a cart of somebody who proves to be the same customer.

    Those whose contents nobody told contained what was in it.
    """
    for purchase in profile.purchases.values():
        if not purchase.products and purchase.at >= cart.opened_at:
            purchase.products = list(of_products(cart.lines))[:MOST_PRODUCTS]


def holds_back(purchase: Purchase, key: str, line: Line, grace: int) -> bool:
    """Whether the line of a product key is what the order had, reported once more.

    It is, if it was last named no later than `grace` after the order, and has not been put into the cart later than
    `ADDED_MS` after it. Of an order whose contents nobody told, that goes for anything named in `ADDED_MS`.
    """
    added = min(ADDED_MS, grace)
    if not purchase.products:
        return line.at <= purchase.at + added
    if line.at > purchase.at + (added if line.added == line.at else grace) or line.added > purchase.at + added:
        return False
    return contains(purchase, key)


def contains(purchase: Purchase, key: str) -> bool:
    """Whether the order contained the product of this product key, as far as its contents are known."""
    return key in purchase.products or bool(find(purchase.products, key))


def looked_at(profile: Profile, key: str, at: int, grace: int) -> bool:
    """Whether a look at a product at `at`, or another sign of interest, is of a thing just bought; `key`: product key.

    `grace` (milliseconds): for how long it is just bought.
    """
    for purchase in profile.purchases.values():
        if not purchase.products:
            if purchase.at <= at <= purchase.at + min(ADDED_MS, grace):
                return True
        elif at <= purchase.at + grace and contains(purchase, key):
            return True
    return False


def bought(profile: Profile, key: str, at: int) -> bool:
    """Whether the product of a product key has been bought in the 30 days before `at`, or since."""
    return any(purchase.at > at - REMEMBERED_MS and contains(purchase, key) for purchase in profile.purchases.values())


def names_bought(profile: Profile, at: int) -> Iterator[str]:
    """The product keys of what has been bought in the 30 days before `at`, or since."""
    for purchase in profile.purchases.values():
        if purchase.at > at - REMEMBERED_MS:
            yield from purchase.products


def _listed(profile: Profile, event: Sealed, lines: Mapping[str, Line]) -> dict[str, None]:
    """The product keys of what an event of an order lists, with those by which `lines` and looks of old know it."""
    items = event.properties.get("products")
    keys = [_key(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    told = [key for key in keys if key is not None][:MOST_PRODUCTS]
    if not told:
        return {}
    index = ProductIndex(dict.fromkeys((*lines, *profile.interests, *profile.browsed)))
    return dict.fromkeys((*told, *(other for key in told for other in index.find(key))))


def _key(item: Mapping[str, Any]) -> str | None:
    """The product key of an item of an order; None for discounts, too."""
    return None if (micros(item.get("price")) or 0) < 0 else product_key(item)


def _forget(profile: Profile, now: int) -> None:
    """What is older than 30 days goes, then whole orders, the oldest first, until few enough products are left."""
    known: Mapping[str, Any] = profile.purchases
    left = sorted(
        ((p.at, order_id, len(p.products) or 1) for order_id, p in known.items() if p.at > now - REMEMBERED_MS),
        reverse=True,
    )
    kept, count = set[str](), 0
    for _, order_id, products in left:
        count += products
        if kept and count > MOST_PRODUCTS:
            break
        kept.add(order_id)
    if len(kept) < len(known):
        profile.purchases = {order_id: purchase for order_id, purchase in known.items() if order_id in kept}
