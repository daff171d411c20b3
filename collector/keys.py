"""Write keys: which source a request is of, what it may send, and from which sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from schemas.calls import TYPES
from schemas.topics import CHANNELS
from schemas.yaml_keys import NoYamlError, UniqueKeys, content

KINDS: Final = ("feedback", "orders", "consent")
"""What a key may be refused to send, by kind of event: see rights.py."""
_FIELDS: Final = ("key", "source", "channel", "types", "refuse", "origins", "keyless")
SHORTEST: Final = 8
"""Characters of a key: a shorter one is guessed."""


@dataclass(frozen=True, slots=True)
class Source:
    """Whose events a key sends.

    `types` are the calls that it may send, `refuse` the kinds of events (KINDS) that it may not; `origins` the sites
    whose pages may use it, all when empty.
    """

    name: str
    channel: str
    types: frozenset[str] = frozenset(TYPES)
    refuse: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    @property
    def may_all(self) -> bool:
        """Whether it may send whatever there is."""
        return not self.refuse and len(self.types) == len(TYPES)


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys of a file. `keyless` is the source of requests that name no key, None if there is none."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    keyless: Source | None = None

    def of(self, given: Sequence[str]) -> Source | None:
        """The source of the first of the keys that a request has `given` (empty: not given), None if unknown."""
        key = next((one for one in given if one), "")
        return self.sources.get(key) if key else self.keyless

    def origin_allowed(self, origin: str) -> bool:
        """Whether a page of this `origin` may use any key: what is asked before a request, which then names its key."""
        found = [*self.sources.values(), *([self.keyless] if self.keyless else [])]
        return any(not source.origins or origin in source.origins for source in found)


class _Loader(UniqueKeys, yaml.SafeLoader):
    """No key comes twice."""


def load(path: Path) -> Keys:
    """The keys in a YAML file. Raises ValueError: one line with the file and what is wrong, never with a key."""
    try:
        raw = content(path, _Loader)
    except NoYamlError as wrong:
        # What YAML says of a place may quote it, and there are keys in this file.
        raise ValueError(f"{path}{f':{wrong.line}' if wrong.line else ''}: is no YAML") from None
    listed = raw.get("keys") if isinstance(raw, dict) else None
    if not isinstance(listed, list) or not listed or len(raw) != 1:
        raise ValueError(f"{path}: a keys file is a mapping with one key, keys, a list of at least one entry")
    sources: dict[str, Source] = {}
    keyless: Source | None = None
    for number, entry in enumerate(listed, 1):
        where = f"{path}: entry {number}"
        if not isinstance(entry, dict) or (unknown := [name for name in entry if name not in _FIELDS]):
            what = f"{unknown[0]} is unknown" if isinstance(entry, dict) else "is no mapping"
            raise ValueError(f"{where}: {what}; an entry has {', '.join(_FIELDS)}")
        key, source = entry.get("key"), _source(where, entry)
        if not isinstance(key, str) or len(key) < SHORTEST or not key.isprintable():
            raise ValueError(f"{where}: key is a text of at least {SHORTEST} characters")
        if key in sources:
            raise ValueError(f"{where}: its key is there twice")
        sources[key] = source
        if entry.get("keyless") is True:
            if keyless is not None:
                raise ValueError(f"{where}: keyless is there twice; one source takes requests without a key")
            keyless = source
    return Keys(sources, keyless)


def masked(key: str) -> str:
    """A key as it may be shown: its first characters."""
    return f"{key[:4]}***" if len(key) >= SHORTEST else "***"


def _source(where: str, entry: dict[str, Any]) -> Source:
    name, channel = entry.get("source"), entry.get("channel")
    if not isinstance(name, str) or not name.strip() or len(name) > 100:
        raise ValueError(f"{where}: source is a name, such as web-shop")
    if channel not in CHANNELS:
        raise ValueError(f"{where}: channel is one of {', '.join(CHANNELS)}")
    if entry.get("keyless") not in (None, True, False):
        raise ValueError(f"{where}: keyless is true or false")
    types = _choice(where, entry, "types", TYPES) or frozenset(TYPES)
    origins = entry.get("origins") or []
    if not isinstance(origins, list) or not all(isinstance(one, str) and "://" in one for one in origins):
        raise ValueError(f"{where}: origins is a list such as [https://shop.example]")
    refuse = _choice(where, entry, "refuse", KINDS)
    return Source(name, str(channel), types, refuse, frozenset(one.rstrip("/").lower() for one in origins))


def _choice(where: str, entry: dict[str, Any], name: str, known: Sequence[str]) -> frozenset[str]:
    given = entry.get(name) or []
    if not isinstance(given, list) or not all(one in known for one in given):
        raise ValueError(f"{where}: {name} is a list of {', '.join(known)}")
    return frozenset(given)
