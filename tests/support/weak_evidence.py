"""Links with weak evidence in them: addresses only typed, purchases only named, orders."""

from __future__ import annotations

import random

from schemas.identifiers import Identifier

NUMBERS = tuple(
    Identifier(type_, f"{type_}{n}") for type_, count in (("order_id", 3), ("checkout_id", 2), ("cart_id", 2))
    for n in range(count)
)  # fmt: skip


def loosely(rng: random.Random, identifiers: tuple[Identifier, ...], emails: int) -> tuple[tuple[Identifier, ...], int]:
    """The identifiers of one event as the reader orders them, some of them weak now, and how many at the end are.

    E-mails are `email0` and so on, of which there are `emails`.
    """
    if rng.random() < 0.5:
        return identifiers, 0
    if rng.random() < 0.15:
        # A nameless order.
        named = tuple(i for i in NUMBERS if rng.random() < 0.3) or NUMBERS[:1]
        return named, len(named) - 1
    typed = [Identifier("email", f"email{rng.randrange(emails)}")] if rng.random() < 0.5 else []
    strong = [i for i in identifiers if i not in typed] or typed
    weak = [i for i in typed if i not in strong]
    numbers = [i for i in NUMBERS if rng.random() < 0.15]
    sold = numbers[:1] if numbers and numbers[0].type == "order_id" and rng.random() < 0.5 else []
    weak += [i for i in numbers if i not in sold]
    return (*strong, *sold, *weak), len(weak)
