"""Segment's HTTP API, as Segment's own SDKs, RudderStack's, Hightouch's, Jitsu's and Customer.io's speak it.

The messages are those of the contract already. What stands once on a batch is put on each of its messages.
"""

from __future__ import annotations

from typing import Any, Final

from collector.bodies import BodyError
from collector.sdks.messages import Message, Messages, text

BATCH: Final = ""
"""The kind of a path that names no type."""
METRICS: Final = "metrics"
"""The kind of a path to which SDKs send how they do themselves."""
_LETTERS: Final = {"t": "track", "i": "identify", "p": "page", "s": "screen", "a": "alias", "g": "group"}
_WORDS: Final = dict.fromkeys(("batch", "import", "b"), BATCH) | {"m": METRICS, "metrics": METRICS}
_TYPES: Final = {kind: kind for kind in _LETTERS.values()}
KINDS: Final = {**_LETTERS, **_TYPES, **_WORDS}
"""The last part of a path to the type of its messages, BATCH where each says its own, or METRICS."""
PREFIXES: Final = ("/v1/", "/api/s/", "/api/s/s2s/", "/beacon/v1/")
"""What stands before it: Segment, RudderStack, Hightouch and Customer.io; Jitsu, twice; RudderStack's beacon."""


def read(body: Any, kind: str) -> Messages:
    """The messages of a decoded `body` that came to a path of this `kind` (of KINDS).

    Raises BodyError (400) for what is no object, list or batch.
    """
    found = Messages()
    if kind == METRICS:
        found.ignored = 1
        found.key = text(body.get("writeKey")) if type(body) is dict else ""
        return found
    around: Message = {}
    if type(body) is dict:
        found.key = text(body.get("writeKey"))
        items = body.get("batch")
        if type(items) is list:
            around = body
        elif items is None and (kind or "type" in body):
            items = [body]
        else:
            raise BodyError(400, "batch is not a list of messages")
    elif type(body) is list:
        items = body
    else:
        raise BodyError(400, "the body is no object and no list")
    sent, context, integrations = around.get("sentAt"), around.get("context"), around.get("integrations")
    keep, place, key = found.messages.append, found.indexes.append, found.key
    for index, message in enumerate(items):
        if type(message) is not dict:
            found.invalid += 1
            continue
        if kind and not message.get("type"):
            message["type"] = kind
        # A key is nobody's business behind this point.
        if "writeKey" in message:
            key = key or text(message.pop("writeKey"))
            message.pop("writeKey", None)
        if sent is not None and message.get("sentAt") is None:
            message["sentAt"] = sent
        if context:
            message["context"] = _within(message.get("context"), context)
        if integrations and message.get("integrations") is None:
            message["integrations"] = integrations
        keep(message)
        place(index)
    found.key = key
    return found


def _within(own: Any, around: Any) -> Any:
    """The context of a message (`own`) with that of its batch (`around`) where it says nothing itself."""
    if own is None:
        return around
    if type(own) is dict and type(around) is dict:
        return {**around, **own}
    return own
