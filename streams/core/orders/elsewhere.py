"""An order_id is the shop's: of the profiles that report an order, it counts in one (contract 8.40).

Which one that is identify says (streams/core/identity/sales.py). What the others report is remembered and told all
the same (`counts: false`), because one of them may become the one that has it. Refunds stay counted where they were
told: they are of the order, whoever placed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.identifiers import ORDER_ID, Hasher
from streams.core.contact.points import SaleMoved
from streams.core.orders.conversions import (
    CANCELLED,
    ELSEWHERE,
    MOST_ORDERS,
    REASSIGNED,
    UNKNOWN,
    Conversion,
    changed,
    paid_back,
)
from streams.core.profile.state import Order, Profile

UNSOLD: Final[frozenset[str]] = frozenset({ELSEWHERE, UNKNOWN})
"""With one of these flags an order has not been sold here."""
NOT_HERE: Final = UNSOLD | {CANCELLED}
"""With one of these there is no sale to take back, or to get back."""


def without(conversion: Conversion) -> Conversion:
    """The same of an order that counts elsewhere."""
    return conversion._replace(counts=False, row={**conversion.row, "counts": False})


def move(profile: Profile, moved: SaleMoved, hasher: Hasher) -> list[Conversion]:
    """An order counts here from now on, or does not: its sale is taken back, or comes back."""
    if (moved.order not in profile.elsewhere) == moved.theirs:
        return []
    if moved.theirs:
        profile.elsewhere.remove(moved.order)
    else:
        profile.elsewhere = [*profile.elsewhere[1 - MOST_ORDERS :], moved.order]
    for order_id, order in profile.orders.items():
        if hasher(ORDER_ID, order_id) == moved.order:
            return [] if set(order.flags) & NOT_HERE else [_moved(profile, moved, order_id, order)]
    return []


def _moved(profile: Profile, moved: SaleMoved, order_id: str, order: Order) -> Conversion:
    moved = moved._replace(nth=order.moves)
    order.moves += 1
    sign = 1 if moved.theirs else -1
    before = -paid_back(order) if moved.theirs else order.value - paid_back(order)
    return changed(
        profile, moved, order_id, order, REASSIGNED, at=order.at, orders=sign, revenue=sign * order.value, before=before
    )


def absorb(winner: Profile, orders: Mapping[str, Order], loser: Profile, hasher: Hasher) -> None:
    """An order counts in both together if it does in one of them; `orders` are the winner's of before."""
    if not winner.elsewhere and not loser.elsewhere:
        return
    counted = set()
    for side, known in ((winner, orders), (loser, loser.orders)):
        for order_id, order in known.items():
            hashed = hasher(ORDER_ID, order_id)
            if hashed not in side.elsewhere and not UNSOLD & set(order.flags):
                counted.add(hashed)
    both = dict.fromkeys((*winner.elsewhere, *loser.elsewhere))
    winner.elsewhere = [hashed for hashed in both if hashed not in counted][-MOST_ORDERS:]
