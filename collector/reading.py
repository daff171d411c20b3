"""One request, from its bytes to raw events: pure, so that every SDK's capture is a test."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, NamedTuple
from zlib import crc32

from orjson import JSONEncodeError, dumps

from collector.bodies import BodyError, parse, unpack
from collector.intake import RawEvent
from collector.keys import Keys, Source
from collector.rights import Rights
from collector.routes import POSTHOG, SEGMENT, Route
from collector.sdks import posthog, segment, snowplow, untouched
from collector.sdks.messages import MAX_MESSAGE_ID, Message, Messages, has_id

# A NamedTuple's own constructor is a Python function; this is what it calls.
_raw_event: Any = tuple.__new__

_BATCHES: Final = Route(SEGMENT, segment.BATCH)

ACCEPTED: Final = "accepted"
IGNORED: Final = "ignored"
INVALID: Final = "invalid"
FORBIDDEN: Final = "forbidden"


class Request(NamedTuple):
    """A request as it came: its route, headers (by lower-case name), query, body, and when (epoch milliseconds)."""

    route: Route
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received: int


@dataclass(slots=True)
class Read:
    """What a request comes to: events to be kept, and its messages by what became of them.

    `status` is what to answer once the events are kept; with another than 200 there are none, and `reason` says why.
    """

    status: int = 200
    reason: str = ""
    source: Source | None = None
    events: list[RawEvent] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class Reader:
    """Reads requests by the keys of a file, with bodies of at most `limit` bytes. Keep one a process."""

    def __init__(self, keys: Keys, rights: Rights, limit: int) -> None:
        self._keys, self._rights, self._limit = keys, rights, limit

    def read(self, request: Request) -> Read:
        """The events of a request. Never raises, whatever is in it."""
        try:
            raw = unpack(request.body, self._limit) if request.body else _of_query(request)
            if request.route.dialect == POSTHOG:
                raw = posthog.body_of(raw)
            elif request.route == _BATCHES and (read := self._untouched(request, raw)) is not None:
                return read
            if not raw:
                raise BodyError(400, "there is no body")  # noqa: TRY301 - as a body that cannot be read
            found = _messages(request, parse(raw))
        except BodyError as wrong:
            return Read(wrong.status, wrong.reason)
        headers, query = request.headers, request.query
        given = (basic_key(headers), headers.get("x-write-key", ""), found.key, query.get("writeKey", ""))
        source = self._keys.of(given)
        if source is None:
            return Read(401, "the write key is unknown" if any(given) else "there is no write key")
        if source.origins and (origin := headers.get("origin")) and origin.lower() not in source.origins:
            return Read(403, "this key may not be used on pages of this origin", source)
        return self._events(source, found, raw)

    def _untouched(self, request: Request, raw: bytes) -> Read | None:
        """A batch whose messages need nothing, of a key that may send all; None for any other request."""
        found = untouched.read(raw)
        if found is None:
            return None
        headers = request.headers
        given = (basic_key(headers), headers.get("x-write-key", ""), found.key, request.query.get("writeKey", ""))
        source = self._keys.of(given)
        if source is None or not source.may_all or source.origins:
            return None
        slot, channel = _slot_of(found.who), source.channel
        events = [_raw_event(RawEvent, (channel, value, slot)) for value in found.values]
        return Read(source=source, events=events, outcomes={ACCEPTED: len(events)})

    def _events(self, source: Source, found: Messages, raw: bytes) -> Read:
        read = Read(source=source)
        outcomes, digest, slot, channel = read.outcomes, "", -1, source.channel
        keep, may, free = read.events.append, self._rights.may, source.may_all
        for index, message in zip(found.indexes, found.messages, strict=True):
            if not free and not may(source, message):
                outcomes[FORBIDDEN] += 1
                continue
            given = message.get("messageId")
            if not (type(given) is str and 0 < len(given) <= MAX_MESSAGE_ID and not given.isspace()) and not has_id(
                message
            ):
                digest = digest or blake2b(raw, digest_size=16).hexdigest()
                message["messageId"] = f"b-{digest}-{index}"
            if slot < 0:
                slot = _slot(message)
            try:
                keep(_raw_event(RawEvent, (channel, dumps(message), slot)))
            except JSONEncodeError:  # deeper than it writes
                outcomes[INVALID] += 1
        taken = len(read.events)
        outcomes[ACCEPTED] = taken
        if found.invalid:
            outcomes[INVALID] += found.invalid
        if found.ignored:
            outcomes[IGNORED] = found.ignored
        if not taken and FORBIDDEN in outcomes:
            read.status, read.reason = 403, "this key may not send such events"
        elif not taken and INVALID in outcomes:
            read.status, read.reason = 400, "no message that is an object and can be written"
        return read


def _messages(request: Request, body: Any) -> Messages:
    dialect, kind = request.route
    if dialect == SEGMENT:
        return segment.read(body, kind)
    if dialect == POSTHOG:
        return posthog.read(body, request.received)
    return snowplow.read(body)


def _of_query(request: Request) -> bytes:
    """The body that a request without one has in its query: Snowplow's fields, or PostHog's `data`."""
    if request.route.dialect == POSTHOG:
        return b"data=" + request.query["data"].encode("ascii", "replace") if "data" in request.query else b""
    if request.route.dialect == SEGMENT or not request.query:
        return b""
    try:
        return dumps(dict(request.query))
    except JSONEncodeError:
        raise BodyError(400, "the query is not UTF-8") from None


def basic_key(headers: Mapping[str, str]) -> str:
    """The user name of Basic authentication in `headers`, which SDKs send the key as; empty without one."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(given.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, ValueError):
        return ""


def _slot(message: Message) -> int:
    """The slot of a request: the device, or the customer, of its first message."""
    return _slot_of(message.get("anonymousId") or message.get("userId"))


def _slot_of(who: Any) -> int:
    return crc32(str(who).encode("utf-8", "replace")) if who else 0
