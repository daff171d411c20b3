"""Products that a customer has shown interest in, and what an event says of a product.

They are kept whatever the campaigns ask for, because campaigns change while it goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas.money import micros, quantity, to_number
from schemas.names import PRODUCT_ADDED, PRODUCT_ADDED_TO_WISHLIST, PRODUCT_VIEWED
from schemas.products import TEXTS, find, known_as, texts_of
from streams.core.campaigns.trigger import INTEREST_MS
from streams.core.cart import purchases
from streams.core.cart.lines import MOST_PIECES
from streams.core.profile.event import Sealed
from streams.core.profile.state import Interest, Profile

KINDS: Final = {PRODUCT_VIEWED: "v", PRODUCT_ADDED: "c", PRODUCT_ADDED_TO_WISHLIST: "w"}
"""The letter that stands for an event in what is remembered of a product."""
MOST_INTERESTS: Final = 50
MOST_PRODUCTS: Final = 50
"""More products of an order are not kept."""


def product(item: Mapping[str, Any]) -> dict[str, Any]:
    """What an item says of a product, as a line of a cart is shown; a quantity that makes no sense is one."""
    return whole(seen(item)[1])


def seen(item: Mapping[str, Any]) -> tuple[int | None, dict[str, Any]]:
    """The price of an item in micros, and what the item says of the product: names as in a line, nothing absent."""
    get = item.get
    said: dict[str, Any] = {
        name: text for name, text in zip(TEXTS, texts_of(item), strict=True) if text is not None
    }  # fmt: skip
    if (given := get("quantity")) is not None and (pieces := quantity(given)) is not None and pieces > 0:
        said["quantity"] = min(pieces, MOST_PIECES)
    price = micros(get("price"))
    if price is None or price < 0:
        return None, said
    said["price"] = to_number(price)
    return price, said


def whole(said: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a product (`said`, of `seen`) as a line of a cart is shown: null for the unknown, one piece.

    Its variant, if it is known, is told as well.
    """
    get = said.get
    variant = {"variant": said["variant"]} if "variant" in said else {}
    return {
        "product_id": get("product_id"),
        "sku": get("sku"),
        "name": get("name"),
        "price": get("price"),
        "quantity": get("quantity", 1),
        "url": get("url"),
        "image_url": get("image_url"),
        **variant,
    }


def products(properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects in `products` of an event's properties, at most 50 of them, as they came; discounts are left out."""
    given = properties.get("products")
    items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    return [item for item in items if (micros(item.get("price")) or 0) >= 0][:MOST_PRODUCTS]


def of_product(profile: Profile, key: str) -> Interest | None:
    """The interest in the product of this product key; of several (variants) the newest."""
    interests = profile.interests
    if (known := interests.get(key)) is not None:
        return known
    newest = max(find(interests, key), key=lambda one: (interests[one].at, one), default=None)
    return None if newest is None else interests[newest]


def on_product_event(profile: Profile, event: Sealed, key: str, price: int | None, said: dict[str, Any]) -> None:
    """A product viewed, added or wished is of interest: the event is one of `KINDS`.

    `key` is its product key; `price`, in micros, and `said` are what `seen` makes of the event. Newer details replace
    older ones; what an event does not say is as it was.
    """
    letter, time, interests = KINDS[event.name], event.time, profile.interests
    place = known_as(interests, key, _at, _joined) if interests else None
    if place is None:
        interests[key] = Interest(time, letter, price, said)
        if len(interests) > MOST_INTERESTS:
            _limit(profile, time)
        return
    known = interests[place]
    if letter not in known.kinds:
        known.kinds = "".join(sorted(known.kinds + letter))
    if time >= known.at:
        known.at = time
        if price is not None:
            known.price = price
        known.product = {**known.product, **said}
    else:
        if known.price is None:
            known.price = price
        known.product = {**said, **known.product}


def forget_bought(profile: Profile, grace: int) -> None:
    """What was bought is of no interest, unless it was looked at later than `grace` (milliseconds) after the order."""
    interests = profile.interests
    if interests and profile.purchases:
        for key in [k for k, known in interests.items() if purchases.looked_at(profile, k, known.at, grace)]:
            del interests[key]


def absorb(winner: Profile, loser: Profile, grace: int) -> None:
    """The interests of both, less what either has bought (`forget_bought`); of one product the newer.

    Of equals the winner's. Called after the purchases are one; `grace` is that of the campaigns file, milliseconds.
    """
    for key, theirs in sorted(loser.interests.items(), key=lambda item: (item[1].at, item[0])):
        place = known_as(winner.interests, key, _at, _newer)
        if place is None:
            winner.interests[key] = theirs
        else:
            winner.interests[place] = _newer(winner.interests[place], theirs)
    forget_bought(winner, grace)
    _limit(winner, 0)


def _at(known: Interest) -> int:
    return known.at


def _newer(mine: Interest, theirs: Interest) -> Interest:
    return theirs if theirs.at > mine.at else mine


def _joined(mine: Interest, theirs: Interest) -> Interest:
    """Two interests that prove to be in one product."""
    older, newer = (mine, theirs) if theirs.at > mine.at else (theirs, mine)
    price = older.price if newer.price is None else newer.price
    kinds = "".join(sorted({*older.kinds, *newer.kinds}))
    return Interest(newer.at, kinds, price, {**older.product, **newer.product})


def _limit(profile: Profile, now: int) -> None:
    """The oldest go when there are too many, and what nobody asks for any more."""
    interests = profile.interests
    if len(interests) > MOST_INTERESTS:
        for gone in [key for key, known in interests.items() if known.at <= now - INTEREST_MS]:
            del interests[gone]
    while len(interests) > MOST_INTERESTS:
        del interests[min(interests, key=lambda key: (interests[key].at, key))]
