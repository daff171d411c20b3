"""What waiting messages of price and stock say, kept true while they wait (contract 8.48)."""

from __future__ import annotations

from typing import Final

from schemas.money import micros, to_number
from schemas.products import names, product_key, same
from streams.core.campaigns import Campaign
from streams.core.cart.lines import currency_of
from streams.core.products.changes import KINDS, SHOWN, ProductChange
from streams.core.products.interests import seen, whole
from streams.core.profile.state import Enrollment, Profile
from streams.core.triggers.price_dropped import is_drop

PRICE_DROPPED: Final = "price_dropped"
BROWSE_ABANDONED: Final = "browse_abandoned"
_CHANGES: Final = frozenset(KINDS.values())


def on_product(profile: Profile, change: ProductChange) -> None:
    """A change of a product: what waits to show it shows what holds from now on.

    A price in another currency than the one told of is of another shop, and changes nothing.
    """
    for enrollment in profile.enrollments:
        if enrollment.trigger in SHOWN and not _in_another(enrollment, change):
            _renew(enrollment, change)


def _renew(enrollment: Enrollment, change: ProductChange) -> None:
    wanted = names(change.key)
    for nth, product in enumerate(enrollment.products):
        key = product_key(product)
        if key is None or not same(names(key), wanted):
            continue
        price, said = seen(change.properties)
        pieces = said.get("quantity", 1) if enrollment.trigger in _CHANGES else product["quantity"]
        shown = whole({**product, **said, "quantity": pieces})
        enrollment.products = [*enrollment.products[:nth], shown, *enrollment.products[nth + 1 :]]
        if price is not None and enrollment.trigger != BROWSE_ABANDONED:
            enrollment.about = {**enrollment.about, "price": to_number(price)}


def is_stale(enrollment: Enrollment, campaign: Campaign) -> bool:
    """Whether the price that an enrollment is to tell of has not dropped any more, by what `campaign` asks for."""
    if enrollment.trigger != PRICE_DROPPED:
        return False
    price, old = micros(enrollment.about.get("price")), micros(enrollment.about.get("old_price"))
    return price is not None and old is not None and not is_drop(price, old, campaign)


def _in_another(enrollment: Enrollment, change: ProductChange) -> bool:
    told, now = enrollment.about.get("currency"), currency_of(change.properties)
    return told is not None and now is not None and told != now
