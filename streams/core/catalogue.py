"""What happens to a product: its price changes, it is there again. It concerns everybody who is interested in it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from schemas.names import PRODUCT_PRICE_CHANGED, PRODUCT_RESTOCKED

KINDS: Final = {PRODUCT_PRICE_CHANGED: "price_dropped", PRODUCT_RESTOCKED: "back_in_stock"}
"""The trigger that an event of the catalogue may be, by the event's name."""


class ProductChange(NamedTuple):
    """One event of the catalogue. `time` in epoch milliseconds, `kind` one of `KINDS`, `properties` as they came."""

    time: int
    kind: str
    product_id: str
    message_id: str
    properties: dict[str, Any]
