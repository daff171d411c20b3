"""Links told in one line each, the topology they are read by, and who is together in the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from schemas.identifiers import Hasher, Identifier
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import IDENTITY_ASSIGNMENTS
from streams.testing import Topology

START = 1_767_600_000_000
MINUTE = 60_000
SETTINGS = Settings(secret="people", partitions=3)  # noqa: S106 - of made-up people
HASH = Hasher("people")
FIELDS = {"u": "userId", "a": "anonymousId"}
TYPES = {"u": "user_id", "a": "anonymous_id", "d": "device_id", "+": "phone"}


def identifier(value: str) -> Identifier:
    """`u1` is a user_id, `a1` an anonymous id, `d1` a device, `+49...` a phone; with an @ it is an e-mail."""
    return Identifier("email" if "@" in value else TYPES[value[0]], value)


def message(who: Sequence[str], previous: str | None = None, **more: Any) -> dict[str, Any]:
    """An event of these identifiers; with `previous` an alias call."""
    said: dict[str, Any] = {"type": "alias" if previous else "page", "name": "Home", "context": {"traits": {}}, **more}
    for value in who:
        type_ = identifier(value).type
        if value[0] in FIELDS and type_ != "email":
            said[FIELDS[value[0]]] = value
        elif type_ == "device_id":
            said["context"]["device"] = {"id": value}
        else:
            said["context"]["traits"][type_] = value
    return said | ({"previousId": previous} if previous else {})


def records(story: Iterable[str], *, without: str = "") -> list[Record]:
    """One event a minute, each the identifiers of a line; `u1 < u2` is an alias call.

    `without`: the same events, save that one that names this identifier does so alone, and so do those it was
    strongest among: nothing of them is linked with it.
    """
    found: list[Record] = []
    for minute, line in enumerate(story):
        own, _, previous = line.partition(" < ")
        who = own.split()
        if without and without in who:
            said = [[value] for value in who] if who[0] == without else [[without], [w for w in who if w != without]]
        else:
            said = [who]
        for part in said:
            time = START + minute * MINUTE
            alias = previous if previous and previous != without and part[0] == who[0] != without else None
            value = orjson.dumps({"timestamp": time, "messageId": f"m{len(found)}", **message(part, alias)})
            found.append(Record("channels.web", 0, len(found), time, None, value))
    return found


def event(offset: int, minute: int, *who: str) -> Record:
    """A record of its own: `who` at a minute, in time."""
    time = START + minute * MINUTE
    value = orjson.dumps({"timestamp": time, "messageId": f"m{offset}", **message(who)})
    return Record("channels.web", 0, offset, time, None, value)


def read(topology: Topology, of: Sequence[Record], minute: int) -> None:
    """Feed the records and let time come up to a minute."""
    topology.feed(of)
    topology.reach(START + minute * MINUTE)


def together(topology: Topology) -> set[frozenset[str]]:
    """The clusters of more than one, as hashes."""
    owners: dict[str, str | None] = {}
    for record in topology.topics[IDENTITY_ASSIGNMENTS]:
        owners[(record.key or b"").decode()] = orjson.loads(record.value or b"")["profile_id"]
    profiles: dict[str, set[str]] = {}
    for hashed, profile_id in owners.items():
        if profile_id is not None:
            profiles.setdefault(profile_id, set()).add(hashed)
    return {frozenset(members) for members in profiles.values() if len(members) > 1}
