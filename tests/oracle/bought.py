"""What a customer has bought in the last 30 days, and what that keeps out of carts, interests and messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.oracle.cart import Cart, Line, products
from tests.oracle.names import Names

REMEMBERED = 30 * 24 * 3600 * 1000
MOMENT = 5 * 60 * 1000


@dataclass
class Purchase:
    """An order: when, and what it contained, which is nothing where nobody told."""

    at: int
    contents: set[Names]

    def had(self, names: Names) -> bool:
        """Whether it contained the product."""
        return any(one.same(names) for one in self.contents)


@dataclass
class Bought:
    """All orders, by what they are known by."""

    purchases: dict[str, Purchase] = field(default_factory=dict)

    def remember(self, order: str, at: int, told: Iterable[Names], cart: Iterable[Line], seen: Iterable[Names]) -> None:
        """An order, what it says that it contained, the lines of the cart it converted, and other names of products."""
        told, lines = set(told), {line.names for line in cart}
        other = {names for names in {*lines, *seen} if any(names.same(one) for one in told)}
        self.purchases[order] = Purchase(at, told | other if told else lines)

    def also(self, order: str, told: Iterable[Names], seen: Iterable[Names]) -> bool:
        """What another call of an order lists was in it as well; whether there was such an order and such a list."""
        told = set(told)
        if order not in self.purchases or not told:
            return False
        self.purchases[order].contents |= told | {names for names in seen if any(names.same(one) for one in told)}
        return True

    def absorb(self, other: Bought) -> None:
        """The orders of both."""
        for order, theirs in other.purchases.items():
            mine = self.purchases.get(order, theirs)
            self.purchases[order] = Purchase(max(mine.at, theirs.at), mine.contents | theirs.contents)

    def took(self, cart: Cart) -> None:
        """Orders since the cart was opened whose contents nobody told contained what was in it."""
        for order in self.purchases.values():
            if not order.contents and order.at >= cart.opened_at:
                order.contents = {line.names for line in products(cart.lines)}

    def left(self, lines: Iterable[Line], grace: int) -> list[Line]:
        """The lines that are not what an order contained, told once more."""
        moment = min(MOMENT, grace)

        def again(line: Line, order: Purchase) -> bool:
            if not order.contents:
                return line.at <= order.at + moment
            window = moment if line.added == line.at else grace
            return line.at <= order.at + window and line.added <= order.at + moment and order.had(line.names)

        return [line for line in lines if not any(again(line, order) for order in self.purchases.values())]

    def fresh(self, names: Names, at: int, grace: int) -> bool:
        """Whether a look at a product at this time is of what was just bought."""
        moment = min(MOMENT, grace)
        return any(
            at <= order.at + grace and order.had(names) if order.contents else order.at <= at <= order.at + moment
            for order in self.purchases.values()
        )

    def has(self, names: Names, at: int) -> bool:
        """Whether the product was bought in the 30 days before."""
        return any(order.at > at - REMEMBERED and order.had(names) for order in self.purchases.values())

    def names(self, at: int) -> set[str]:
        """Ids and skus of what was bought in the 30 days before."""
        orders = [order for order in self.purchases.values() if order.at > at - REMEMBERED]
        return {name for order in orders for names in order.contents for name in names[:2] if name}
