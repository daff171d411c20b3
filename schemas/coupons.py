"""Codes of coupons on events: which ones an order used, and which ones the shop took or refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from schemas.names import COUPON_APPLIED, COUPON_DENIED, ORDER_COMPLETED

CODE_EVENTS: Final = frozenset({ORDER_COMPLETED, COUPON_APPLIED, COUPON_DENIED})
"""Events after which the codes that they name are not to be given to anybody again."""
_OF_ORDER: Final = ("coupon", "coupons")
_OF_COUPON: Final = ("coupon_id", "coupon_name", "coupon", "code", "coupons")
_OURS: Final = re.compile(r"[A-Z0-9_-]+-[0-9A-HJKMNP-TV-Z]{8}")
"""A code of an offer, in capitals (contract section 8, Offers)."""
_MOST: Final = 50


def may_name(body: bytes) -> bool:
    """Whether the bytes of an event (its `body`) may name a code at all: asked before they are read."""
    return b"coupon" in body or b'"code"' in body


def codes(name: str, properties: Mapping[str, Any]) -> list[str]:
    """The codes that look like an offer's on an event called `name`, in capitals, each once, 50 at most.

    `properties` are the event's. Of an order those of `coupon`, `coupons` and `products[].coupon`, of a coupon those of
    `coupon_id`, `coupon_name`, `coupon`, `coupons` and `code`; each a text, several of them in a list or divided by
    commas or blanks.
    """
    if name not in CODE_EVENTS:
        return []
    found: dict[str, None] = {}
    for said in _said(name, properties):
        for part in said.upper().replace(",", " ").replace(";", " ").split():
            if _OURS.fullmatch(part):
                found[part] = None
        if len(found) >= _MOST:
            break
    return list(found)[:_MOST]


def _said(name: str, properties: Mapping[str, Any]) -> Iterator[str]:
    for field in _OF_ORDER if name == ORDER_COMPLETED else _OF_COUPON:
        yield from _texts(properties.get(field))
    products = properties.get("products")
    for product in products if name == ORDER_COMPLETED and isinstance(products, list) else ():
        if isinstance(product, Mapping):
            yield from _texts(product.get("coupon"))


def _texts(value: Any) -> Iterator[str]:
    """A text, or those of a list, or of an object that has it under `code` or `coupon`."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value[:_MOST]:
            yield from () if isinstance(item, list) else _texts(item)
    elif isinstance(value, Mapping):
        yield from (text for text in (value.get("code"), value.get("coupon")) if isinstance(text, str))
