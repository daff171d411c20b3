"""What everybody does: responses by channel and by hour, what is bought together. Known from the day after.

A day is one of UTC. A decision at `at` knows the facts of all days d < (at - 1 ms) // DAY.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Known(Protocol):
    """What is known at a time `at` (epoch milliseconds)."""

    def rate(self, channel: str, at: int) -> tuple[int, int]:
        """(messages sent, responses to them) on a channel."""
        ...

    def hours(self, at: int) -> Sequence[int]:
        """Responses by local hour: 24 counts."""
        ...

    def bought_with(self, product_id: str, at: int) -> list[tuple[str, int]]:
        """(product id, orders) of what was bought together with a product: most first, of equals by id."""
        ...

    def product(self, product_id: str, at: int) -> dict[str, Any] | None:
        """The newest facts about a product that has been bought (name, url, image_url, price, currency)."""
        ...


class NobodyKnown:
    """A `Known` that knows nothing."""

    def rate(self, channel: str, at: int) -> tuple[int, int]:
        """Nothing sent."""
        del channel, at
        return 0, 0

    def hours(self, at: int) -> Sequence[int]:
        """No responses."""
        del at
        return (0,) * 24

    def bought_with(self, product_id: str, at: int) -> list[tuple[str, int]]:
        """Nothing bought."""
        del product_id, at
        return []

    def product(self, product_id: str, at: int) -> dict[str, Any] | None:
        """No product."""
        del product_id, at
        return None


class Learned:
    """Collects facts as they come to be; `at` is the time of the event or timer in epoch milliseconds."""

    def sent(self, channel: str, at: int) -> None:
        """A message was sent."""

    def engaged(self, channel: str, hour: int, at: int) -> None:
        """Somebody responded on a channel, in this local hour (0 to 23)."""

    def bought(self, products: list[dict[str, Any]], at: int) -> None:
        """The products of an order that counts: product_id or sku, name, url, image_url, price, currency of each."""
