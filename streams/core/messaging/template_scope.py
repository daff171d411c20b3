"""What a template sees of a customer and of what the message is about (contract 8.94).

Everything that leads anywhere carries the id of the message: every `url` has `wb_mid`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit, urlunsplit

from schemas.caches import Memo
from schemas.money import to_number
from schemas.times import iso
from schemas.unsubscribe_links import CHANNELS, UnsubscribeLinks
from streams.core.campaigns import Campaigns
from streams.core.campaigns.stores import Store
from streams.core.cart import lines as cart_lines
from streams.core.messaging.bought import names_of
from streams.core.messaging.offers import Carried
from streams.core.messaging.templating.names import Names
from streams.core.profile.state import Enrollment, Profile
from streams.core.protocol.ports import GlobalStats

RECOMMENDED: Final = 4
"""How many products are recommended at most."""


@dataclass(slots=True)
class About:
    """What one message is, as far as it has been decided."""

    message_id: str
    step: str
    variant: str | None
    channel: str | None
    offer: Carried | None
    at: int


def build(
    profile: Profile,
    enrollment: Enrollment,
    about: About,
    campaigns: Campaigns,
    known: GlobalStats,
    links: UnsubscribeLinks | None = None,
    wanted: Names = None,
) -> dict[str, Any]:
    """The names a template may use; without `links` there is no `unsubscribe_url`.

    What is dear is worked out only where it is `wanted`: recommendations, and the store nearby.
    """
    message_id, cart = about.message_id, profile.cart
    of_cart = enrollment.cart_id is not None
    if of_cart:
        products = cart_lines.shown(cart_lines.of_products(cart.lines)) if cart is not None else []
        worth, currency = (None, None) if cart is None else cart_lines.worth(cart, campaigns.rates, about.at)
    else:
        worth, currency = None, None
        products = [dict(product) for product in enrollment.products]
    for product in products:
        product["url"] = _tagged(product.get("url"), message_id)
    url = next((product["url"] for product in products if product["url"]), None)
    here = profile.location if url is None or wanted is None or "store" in wanted else None
    near = campaigns.stores.nearest(here.latitude, here.longitude) if here is not None else None
    store = None if near is None else _store(*near, message_id)
    recommended: list[dict[str, Any]] = []
    if wanted is None or "recommendations" in wanted:
        recommended = _recommendations(products, names_of(profile, about.at), about.at, message_id, known)
    unsubscribe = {}
    if links is not None and about.channel in CHANNELS:
        unsubscribe["unsubscribe_url"] = links.of(message_id, about.channel)
    return {
        "profile": known_of(profile, campaigns),
        "cart": None
        if cart is None or not of_cart
        else {
            "id": cart.id,
            "stage": "checkout" if cart.checkout else "cart",
            "value": None if worth is None else to_number(worth),
            "currency": currency,
        },
        "products": products,
        "url": url or (store["url"] if store is not None else None),
        "offer": None if about.offer is None else about.offer.shown(),
        "store": store,
        "recommendations": recommended,
        "trigger": {"type": enrollment.trigger, "at": iso(enrollment.at), **enrollment.about},
        "variant": about.variant,
        "message_id": message_id,
        **unsubscribe,
        "channel": about.channel,
        "campaign": enrollment.campaign,
        "step": about.step,
        # Liquid has names of its own for these, which read the clock.
        "now": iso(about.at),
        "today": iso(about.at)[:10],
    }


def known_of(profile: Profile, campaigns: Campaigns) -> dict[str, Any]:
    """What a template sees of a `profile`: its id, its traits by name, its language (else that of `campaigns`).

    `traits` holds the traits once more, for those who know them by that name.
    """
    traits = {name: trait.value for name, trait in profile.traits.items()}
    return {"id": profile.id, "traits": traits, **traits, "language": language(profile, campaigns)}


def language(profile: Profile, campaigns: Campaigns) -> str:
    """The customer's own language, else that of the file."""
    return str(profile.locale.value) if profile.locale is not None else campaigns.file.language


def with_message_id(url: str, message_id: str) -> str:
    """The link to `url` that tells which message it was in: `wb_mid`, with the `message_id`, is added to the query."""
    before, after = _ENDS[url]
    return before + (message_id if message_id.isascii() and message_id.isalnum() else quote_plus(message_id)) + after


def _ends(url: str) -> tuple[str, str]:
    """What stands before the id, and after it. Raises ValueError for what is no address."""
    parts = urlsplit(url)
    query = f"{parts.query}&wb_mid=" if parts.query else "wb_mid="
    return urlunsplit(parts._replace(query=query, fragment="")), f"#{parts.fragment}" if parts.fragment else ""


_ENDS: Final = Memo(_ends, limit=20_000)


def _tagged(url: Any, message_id: str) -> str | None:
    """With `wb_mid`; None for no address, and for what is none."""
    if not isinstance(url, str) or not url:
        return None
    try:
        return with_message_id(url, message_id)
    except ValueError:
        return None


def _store(store: Store, metres: float, message_id: str) -> dict[str, Any]:
    return {
        "id": store.id,
        "name": store.name,
        "address": store.address,
        "city": store.city,
        "url": _tagged(store.url, message_id),
        "distance_km": round(metres / 1000, 1),
    }


def _recommendations(
    products: list[dict[str, Any]], bought: frozenset[str], at: int, message_id: str, known: GlobalStats
) -> list[dict[str, Any]]:
    """What others bought with these products: most often first, of equals by id.

    The products themselves and those that are `bought` (names without case) are not in it. A product is asked for by
    its id and by its sku: others may have bought it under either.
    """
    own = dict.fromkeys(
        name for product in products for name in (product.get("product_id"), product.get("sku")) if name
    )
    named = {name.casefold() for name in own} | bought
    counts: Counter[str] = Counter()
    for name in own:
        for other, orders in known.bought_with(name, at):
            if other.casefold() not in named:
                counts[other] += orders
    found = []
    for product_id in sorted(counts, key=lambda other: (-counts[other], other))[:RECOMMENDED]:
        facts = known.product(product_id, at) or {}
        found.append(
            {
                "product_id": product_id,
                "name": facts.get("name"),
                "url": _tagged(facts.get("url"), message_id),
                "image_url": facts.get("image_url"),
                "price": facts.get("price"),
            }
        )
    return found
