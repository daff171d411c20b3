"""A track call in another vocabulary, read into the canonical form: the reader's one way into the table of aliases.

A name is looked up once and remembered. What follows from it is `Rule`, or nothing for names that mean nothing here
and for ours that have no properties to read.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

from schemas.aliases.conditions import holds, sources
from schemas.aliases.flat import flat_event
from schemas.aliases.messages import Messages, provider_of
from schemas.aliases.resembling import Resembling
from schemas.aliases.shopping import SHOPPING, Shopping
from schemas.aliases.table import NO_NAMES, PAGE, SCREEN, Alias, Names, Table, shipped_table, squash
from schemas.calls import NO_NAME
from schemas.decoding import Refused
from schemas.names import FEEDBACK_EVENTS
from schemas.reasons import DeadLetterReason

MOST_ORIGINAL: Final = 256
"""Characters of a producer's name that are kept as `original_name`."""


class Rule(NamedTuple):
    """What is to be done with events of one name.

    `meanings` in the order in which they are asked; `ours` is set for our own names, in whatever spelling; `nearest`
    is the canonical name that it resembles when no meaning holds. `shops`: it is ours, of an event about products or
    an order, and says all if the properties are plain.
    """

    meanings: tuple[Alias, ...]
    ours: str | None
    nearest: str | None
    given: str
    shops: bool = False


Named = tuple[str, Rule | None, str | None]
"""The name of an event as far as it alone tells; what else there is to read; the producer's name if it is another."""


class Translator:
    """Reads names and properties; keep one a process, for what it remembers.

    `resembling` counts events whose name resembles one that acts and is not known, by the canonical name it resembles.
    """

    def __init__(self, own: Names = NO_NAMES) -> None:
        """`own`: the names of the shop."""
        self.table = shipped_table() if own == NO_NAMES else Table(own)
        self._resembling = Resembling(self.table)
        self._shopping = Shopping(own)
        self.plain = self._shopping.plain
        """Names of properties that are in our own form; with no others, and no `products`, there is nothing to read."""
        self._messages = Messages()
        self.resembling: Counter[str] = Counter()

    def name(self, given: str) -> Named:
        """What a producer's name of an event (`given`) stands for. Raises Refused (missing_event_name)."""
        collapsed = " ".join(given.split())
        if not collapsed:
            raise Refused(DeadLetterReason.MISSING_EVENT_NAME, NO_NAME)
        key = squash(given)
        meanings = self.table.meanings.get(key, ())
        ours = self.table.canonical.get(key)
        if ours is not None and not any(alias.name != ours and not alias.when for alias in meanings):
            original = given[:MOST_ORIGINAL] if given != ours else None
            shops = ours in SHOPPING
            acts = shops or ours in FEEDBACK_EVENTS
            return ours, Rule(meanings, ours, None, given, shops) if acts else None, original
        if meanings:
            return collapsed, Rule(meanings, None, self._resembling.nearest(collapsed), given), _other(given, collapsed)
        nearest = self._resembling.nearest(collapsed)
        rule = None if nearest is None else Rule((), None, nearest, given)
        return collapsed, rule, _other(given, collapsed)

    def presumed(self, given: str) -> str:
        """What an event that its producer calls `given` is at most: the first meaning of its name, or the name."""
        meanings = self.table.meanings.get(squash(given))
        return meanings[0].name if meanings else given

    def read(
        self, named: Named, properties: dict[str, Any], context: dict[str, Any], channel: str, message: dict[str, Any]
    ) -> tuple[str, str, dict[str, Any], str | None]:
        """A track call whose name has a rule: (type, name, properties, original name or None).

        `properties` and `context` are the call's, `message` is the rest of it, `channel` is the topic's.
        """
        name, rule, original = named
        if rule is None:
            return "track", name, properties, original
        ours = rule.ours
        if ours is not None and (self._shopping.is_plain(properties) if rule.shops else not _from_elsewhere(context)):
            return "track", ours, properties, original
        paths = flat_event(properties)
        alias = rule.meanings[0] if rule.meanings else None
        if alias is not None and alias.when:
            said = sources(context, paths)
            alias = next((alias for alias in rule.meanings if holds(alias, paths, channel, said)), None)
        if alias is None:
            if rule.nearest is not None:
                self.resembling[rule.nearest] += 1
            return "track", name, properties, original
        kind, name = "track", alias.name
        if name in FEEDBACK_EVENTS:
            if alias.vocabulary == "winback" and (theirs := provider_of(sources(context, paths))):
                alias = alias._replace(vocabulary=theirs)
            properties = self._messages.read(alias, properties, message, context.get("traits"))
        elif name in SHOPPING or name in (PAGE, SCREEN):
            name, properties = self._shopping.read(alias, properties, paths)
        if name in (PAGE, SCREEN):
            titled = properties.get("name") or properties.get("title")
            kind, name = name, titled if type(titled) is str else ""
        return kind, name, properties, None if rule.given == name else rule.given[:MOST_ORIGINAL]


def _from_elsewhere(context: dict[str, Any]) -> bool:
    return "integration" in context or "library" in context or "source" in context


def _other(given: str, name: str) -> str | None:
    return given[:MOST_ORIGINAL] if given != name else None
