"""What a customer has shown interest in: products, topics, places; and what an event says of each.

All of it is kept whatever the campaigns ask for, because campaigns change while it goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas.money import micros, quantity
from schemas.names import ORDER_COMPLETED, PRODUCT_ADDED, PRODUCT_ADDED_TO_WISHLIST, PRODUCT_VIEWED
from schemas.topics import DAY_MS
from streams.core.lines import MOST_PIECES, line_of, shown_line, text_of
from streams.core.profile import Profile
from streams.core.sealed import Sealed

KINDS: Final = {PRODUCT_VIEWED: "v", PRODUCT_ADDED: "c", PRODUCT_ADDED_TO_WISHLIST: "w"}
"""The letter that stands for an event in what is remembered of a product."""
KEEP_MS: Final = 30 * DAY_MS
MOST_INTERESTS: Final = 50
MOST_PRODUCTS: Final = 50
"""More products of an order are not kept."""


def product_key(item: Mapping[str, Any]) -> str | None:
    """`product_id`, else `sku`: what a product is known by outside a cart; None when the item names neither."""
    return text_of(item.get("product_id")) or text_of(item.get("sku"))


def product(item: Mapping[str, Any]) -> dict[str, Any]:
    """What an item says of a product, as a line of a cart is shown; a quantity that makes no sense is one."""
    pieces = quantity(item.get("quantity"))
    return shown_line(line_of(item, min(pieces, MOST_PIECES) if pieces is not None and pieces > 0 else 1))


def products(properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects in `products`, at most 50 of them, as they came."""
    given = properties.get("products")
    return [item for item in given if isinstance(item, dict)][:MOST_PRODUCTS] if isinstance(given, list) else []


def on_event(profile: Profile, event: Sealed) -> None:
    """A product viewed, added or wished is of interest; one that was bought is not any more."""
    letter = KINDS.get(event.name)
    if letter is not None:
        _remember(profile, event, letter)
    elif event.name == ORDER_COMPLETED and profile.interests:
        for item in products(event.properties):
            known = profile.interests.get(product_key(item) or "")
            if known is not None and known[0] <= event.time:
                del profile.interests[product_key(item) or ""]


def absorb(winner: Profile, loser: Profile) -> None:
    """The interests of both; of one product the newer, of equals the winner's."""
    for key, theirs in loser.interests.items():
        mine = winner.interests.get(key)
        if mine is None or theirs[0] > mine[0]:
            winner.interests[key] = theirs
    _limit(winner, 0)


def _remember(profile: Profile, event: Sealed, letter: str) -> None:
    """Newer details replace older ones; what an event does not say is as it was."""
    key = product_key(event.properties)
    if key is None:
        return
    shown, time = product(event.properties), event.time
    price = micros(shown["price"])
    known = profile.interests.get(key)
    if known is None:
        profile.interests[key] = [time, letter, price, shown]
        _limit(profile, time)
        return
    if letter not in known[1]:
        known[1] = "".join(sorted(known[1] + letter))
    if time >= known[0]:
        known[0], known[2] = time, known[2] if price is None else price
        known[3] = overlaid(known[3], shown)
    else:
        known[2] = price if known[2] is None else known[2]
        known[3] = overlaid(shown, known[3])


def overlaid(older: Mapping[str, Any], newer: Mapping[str, Any]) -> dict[str, Any]:
    """A product with the newer details wherever there are any."""
    return {name: older.get(name) if value is None else value for name, value in newer.items()}


def _limit(profile: Profile, now: int) -> None:
    """The oldest go when there are too many, and what nobody asks for any more."""
    interests = profile.interests
    if len(interests) > MOST_INTERESTS:
        for gone in [key for key, known in interests.items() if known[0] <= now - KEEP_MS]:
            del interests[gone]
    while len(interests) > MOST_INTERESTS:
        del interests[min(interests, key=lambda key: (interests[key][0], key))]
