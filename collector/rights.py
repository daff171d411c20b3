"""What a key may send: types of calls, and kinds of events by the name that the pipeline will read."""

from __future__ import annotations

from typing import Any, Final

from collector.keys import Source
from schemas.aliases.table import NO_NAMES, Names, Table, shipped_table, squash
from schemas.calls import TYPES
from schemas.consent_words import may_say
from schemas.names import CONSENT_EVENTS, FEEDBACK_EVENTS, ORDER_EVENTS

_EVENTS: Final = {"feedback": FEEDBACK_EVENTS, "orders": ORDER_EVENTS, "consent": CONSENT_EVENTS}
_CALLS: Final = frozenset(TYPES)
MOST_REMEMBERED: Final = 4_096


class Rights:
    """Says of a message whether its source may send it. Keep one a process, for what it remembers."""

    def __init__(self, own: Names = NO_NAMES) -> None:
        """`own`: the shop's names of events."""
        self._table = shipped_table() if own == NO_NAMES else Table(own)
        self._kinds: dict[str, frozenset[str]] = {}

    def may(self, source: Source, message: dict[str, Any]) -> bool:
        """Whether the `source` may send this message. What has no type that is known is for the reader to judge."""
        kind = message.get("type")
        kind = kind.strip().lower() if type(kind) is str else ""
        if kind and kind not in source.types and kind in _CALLS:
            return False
        if not source.refuse:
            return True
        if kind == "track" or kind not in _CALLS:
            name = message.get("event")
            if type(name) is str and not source.refuse.isdisjoint(self._kinds_of(name)):
                return False
        return "consent" not in source.refuse or not _says_consent(message)

    def _kinds_of(self, name: str) -> frozenset[str]:
        """The kinds of what an event of this name may be: of every meaning, whatever its condition."""
        found = self._kinds.get(name)
        if found is None:
            meanings = {alias.name for alias in self._table.meanings.get(squash(name), ())}
            found = frozenset(kind for kind, names in _EVENTS.items() if not names.isdisjoint(meanings))
            if len(self._kinds) >= MOST_REMEMBERED:
                self._kinds.clear()
            self._kinds[name] = found
        return found


def _says_consent(message: dict[str, Any]) -> bool:
    context = message.get("context")
    inner = context.get("traits") if type(context) is dict else None
    return any(type(traits) is dict and may_say(traits) for traits in (message.get("traits"), inner))
