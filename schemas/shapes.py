"""Properties of commerce events in the shape of contract 1, whatever a library makes of them.

`orderId`, a product's `id` and `sky` (as Segment's helpers for Go write) stand for `order_id`, `product_id` and `sku`;
`products` is a list; `currency` is a code of ISO 4217 or null, and that of the products where the event names none.
"""

from __future__ import annotations

from typing import Any, Final

from schemas.currencies import CODES, currency_code
from schemas.decoding import InexactError, Refused, decode
from schemas.names import (
    ACTIVITY_EVENTS,
    CATALOG_EVENTS,
    ORDER_EVENTS,
    PRODUCT_ADDED,
    PRODUCT_ADDED_TO_WISHLIST,
    PRODUCT_CLICKED,
    PRODUCT_REMOVED,
    PRODUCT_VIEWED,
)

SHAPED: Final = ACTIVITY_EVENTS | CATALOG_EVENTS | ORDER_EVENTS
"""Names of the events that `shaped` is for."""
_OF_ONE_PRODUCT: Final = CATALOG_EVENTS | {
    PRODUCT_ADDED, PRODUCT_ADDED_TO_WISHLIST, PRODUCT_CLICKED, PRODUCT_REMOVED, PRODUCT_VIEWED,
}  # fmt: skip
_NAMES: Final = ("product_id", "sku", "id", "sky")
_EXACT_BELOW: Final = 2**53


def shaped(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The `properties` of the event `name`, themselves where they have the contract's shape, else a copy.

    Raises InexactError where a number has lost digits.
    """
    found = properties
    if "orderId" in found and _is_absent(found.get("order_id")):
        found = {**found, "order_id": found["orderId"]}
    found = _item(found) if name in _OF_ONE_PRODUCT else _checked(found)
    products = found.get("products")
    if products is None:
        return found
    items = products if type(products) is list else _list(products)
    if items is None:
        return found
    read = [_item(item) if type(item) is dict else _object(item) for item in items]
    if read != items or items is not products:
        found = {**found, "products": read}
    if _is_absent(found.get("currency")):
        codes = {item.get("currency") for item in read if type(item) is dict} - {None}
        if len(codes) == 1:
            found = {**found, "currency": codes.pop()}
    return found


def _item(item: dict[str, Any]) -> dict[str, Any]:
    """A product under the contract's names."""
    item = _checked(item)
    if "id" in item and _is_absent(item.get("product_id")):
        item = {**item, "product_id": item["id"]}
    if "sky" in item and _is_absent(item.get("sku")):
        item = {**item, "sku": item["sky"]}
    return item


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """The same with a currency that is one. Raises InexactError."""
    for value in values.values():
        if type(value) is float and (value >= _EXACT_BELOW or value <= -_EXACT_BELOW):
            raise InexactError
    currency = values.get("currency")
    if currency is None or (type(currency) is str and currency in CODES):
        return values
    return {**values, "currency": currency_code(currency)}


def _list(products: Any) -> list[Any] | None:
    """The list that JSON text or an object with numbered keys is; a single product is a list of one."""
    if type(products) is str:
        products = _object(products)
    if type(products) is dict:
        if products and all(key.isdecimal() for key in products):
            return [products[key] for key in sorted(products, key=int)]
        return [products] if any(name in products for name in _NAMES) else None
    return products if type(products) is list else None


def _object(value: Any) -> Any:
    """What JSON text of an object or array stands for; anything else as it is."""
    if type(value) is not str or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        found = decode(value.encode("utf-8", "replace"))
    except Refused:
        return value
    return _item(found) if type(found) is dict and not found.keys() <= _DIGITS else found


_DIGITS: Final = frozenset(map(str, range(100)))


def _is_absent(value: Any) -> bool:
    return value is None or (type(value) is str and not value.strip())
