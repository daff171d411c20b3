"""What an event of a name does, for people who ask."""

from __future__ import annotations

from typing import Any, Final

from schemas import names
from schemas.aliases.resembling import Resembling
from schemas.aliases.table import NO_NAMES, PAGE, SCREEN, Names, Table, squash

NOTHING: Final = "nothing"
_EFFECTS: Final = (
    ("order", names.ORDER_EVENTS),
    ("cart", names.CART_EVENTS),
    ("consent", names.CONSENT_EVENTS),
    ("message", names.FEEDBACK_EVENTS),
    ("product", names.CATALOG_EVENTS),
    ("activity", names.ACTIVITY_EVENTS | {PAGE, SCREEN}),
    ("counted", names.EVENTS),
)
"""The first that has the name says it."""


def effect_of(name: str) -> str:
    """What events of a canonical `name` (or `page`, `screen`) do: a word of `_EFFECTS`, or `nothing`."""
    return next((effect for effect, known in _EFFECTS if name in known), NOTHING)


class Effects:
    """Tells of names that came in what they do, and of those that do nothing which known name is nearest."""

    def __init__(self, own: Names = NO_NAMES) -> None:
        """`own`: the names of the shop."""
        self._table = Table(own)
        self._resembling = Resembling(self._table)

    def told(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row of `v_event_names` with `does` and `nearest`, null without one."""
        does = effect_of(row["name"])
        nearest = self._resembling.nearest(row["name"]) if does == NOTHING else None
        return {**row, "does": does, "nearest": nearest, "needs_source": self.needs_source(row["name"])}

    def needs_source(self, name: str) -> bool:
        """Whether a `name` that does nothing would act with a source, a channel or a property that says whose it is."""
        return squash(name) in self._table.meanings and effect_of(name) == NOTHING
