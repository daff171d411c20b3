"""When a name means what a row of the table says: the source, the channel or a property of the event tells.

Conditions: blank (always); `email`, `sms`, `push` (that channel, or a source of the row's vocabulary); `integration`
(such a source alone); `order` (the event names an order); `products` (it lists products); `KEY:VALUE` (a property,
compared without case; `>1` is any number above).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas.aliases.table import Alias, of_kind, squash
from schemas.caches import Memo
from schemas.values import text_of

_CHANNELS: Final = frozenset({"email", "sms", "push"})
_ORDER: Final = ("orderid", "transactionid", "ordernumber", "order.id", "checkout.order.id")
_WORDS: Final = tuple((squash(row.alias), row.vocabulary) for row in of_kind("source"))


def vocabularies(text: str) -> frozenset[str]:
    """The vocabularies that the name of an integration or library (`text`) speaks of."""
    name = squash(text)
    return frozenset(vocabulary for word, vocabulary in _WORDS if word in name)


_known: Final[Memo[str, frozenset[str]]] = Memo(vocabularies, limit=1_000)
_DATA_LAYER: Final = frozenset({"ga4", "ua"})
_NONE: Final[frozenset[str]] = frozenset()


def sources(context: Mapping[str, Any], flat: Mapping[str, Any]) -> frozenset[str]:
    """The vocabularies that an event is said to speak.

    `context.integration` and `context.library` name them; `ecommerce` among the properties (`flat`) is a data layer's.
    """
    found = _NONE
    for field in ("integration", "library", "source"):
        given = context.get(field)
        name = given.get("name") if type(given) is dict else given
        if type(name) is str and (named := _known[name]):
            found |= named
    if any(key.startswith("ecommerce.") for key in flat):
        found |= _DATA_LAYER
    return found


def holds(alias: Alias, flat: Mapping[str, Any], channel: str, said: frozenset[str]) -> bool:
    """Whether an event means what `alias` says.

    `flat` are its properties by squashed path, `channel` is the topic's, `said` what `sources` makes of it.
    """
    when = alias.when
    if not when:
        return True
    if when in _CHANNELS:
        return channel == when or alias.vocabulary in said
    if when == "integration":
        return alias.vocabulary in said
    if when == "order":
        return any(text_of(flat.get(key)) for key in _ORDER)
    if when == "products":
        return any(type(flat.get(key)) is list for key in ("products", "items"))
    key, _, wanted = when.partition(":")
    given = text_of(flat.get(squash(key)))
    if given is None:
        return False
    if wanted.startswith(">"):
        return given.isdecimal() and int(given[:9]) > int(wanted[1:])
    return squash(given) == squash(wanted)
