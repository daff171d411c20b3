"""PostHog's capture API: events with a `distinct_id`, read into calls of the contract."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from typing import Any, Final
from urllib.parse import parse_qs

from collector.bodies import BodyError
from collector.sdks.messages import Message, Messages, object_of, text, without_nothing
from schemas.times import iso, parse

PATHS: Final = ("/batch", "/capture", "/e", "/i/v0/e", "/track")
"""With a slash behind them or without."""
_FORM: Final = re.compile(rb"data=")
# What PostHog's browser SDK says of itself and of the mouse.
_IGNORED: Final = frozenset({
    "$autocapture", "$copy_autocapture", "$dead_click", "$exception", "$feature_enrollment_update",
    "$feature_flag_called", "$heatmap", "$opt_in", "$pageleave", "$rageclick", "$snapshot", "$web_vitals",
    "$$client_ingestion_warning", "$$heatmap",
})  # fmt: skip
_ALIAS_NAMES_NEW: Final = "posthog-python"
"""The SDK whose alias call has the earlier id as distinct_id and the new one as alias; in others it is the reverse."""


def body_of(raw: bytes) -> bytes:
    """The JSON of a `raw` body that is a form with the field `data`, plain or base64; any other body as it is.

    Raises BodyError (400).
    """
    if not _FORM.match(raw):
        return raw
    try:
        data = parse_qs(raw.decode("ascii"), max_num_fields=16)["data"][0].encode()
        return data if data[:1] in b"{[" else b64decode(data.replace(b" ", b"+"), validate=True)
    except (KeyError, ValueError, Error):
        raise BodyError(400, "the field data is neither JSON nor base64") from None


def read(body: Any, received: int) -> Messages:
    """The messages of a decoded `body` that arrived at `received` (epoch milliseconds).

    Raises BodyError (400) for what is no event, list of events or batch.
    """
    found, sent = Messages(), None
    items: Any
    if type(body) is list:
        items = body
    elif type(body) is dict:
        found.key = text(body.get("api_key")) or text(body.get("token"))
        sent = body.get("sent_at")
        items = body.get("batch")
        if items is None and "event" in body:
            items = [body]
        if type(items) is not list:
            raise BodyError(400, "batch is not a list of events")
    else:
        raise BodyError(400, "the body is no object and no list")
    for index, event in enumerate(items):
        if type(event) is not dict:
            found.invalid += 1
            continue
        properties = object_of(event.get("properties"))
        if not found.key:
            found.key = text(event.get("api_key")) or text(event.get("token")) or text(properties.get("token"))
        if text(event.get("event")) in _IGNORED:
            found.ignored += 1
            continue
        found.add(_message(event, properties, sent, received), index)
    return found


def _message(event: Message, properties: Message, sent: Any, received: int) -> Message:
    name = event.get("event")
    identity = _identity(event, properties)
    message: Message = {
        "messageId": event.get("uuid") or event.get("message_id") or properties.get("$insert_id"),
        "timestamp": _time(event, sent, received),
        "sentAt": sent if sent is not None else event.get("sent_at"),
        "context": _context(properties),
        **identity,
    }
    own = {key: value for key, value in properties.items() if key[:1] != "$" and key != "token"}
    traits = {**object_of(_either(event, properties, "$set_once")), **object_of(_either(event, properties, "$set"))}
    if name in ("$identify", "$set"):
        message |= {"type": "identify", "traits": traits}
        if name == "$identify":
            message["anonymousId"] = properties.get("$anon_distinct_id") or message.get("anonymousId")
    elif name == "$create_alias":
        message |= {"type": "alias", **_alias(event, properties)}
    elif name == "$groupidentify":
        message |= {
            "type": "group", "groupId": properties.get("$group_key"), "traits": object_of(properties.get("$group_set")),
        }  # fmt: skip
    else:
        if traits:
            message["context"]["traits"] = traits
        if name in ("$pageview", "$screen"):
            title = properties.get("$screen_name") if name == "$screen" else properties.get("title")
            address = {"url": properties.get("$current_url"), "title": properties.get("title")}
            kind = "screen" if name == "$screen" else "page"
            message |= {"type": kind, "name": title, "properties": without_nothing({**address, **own})}
        else:
            message |= {"type": "track", "event": name, "properties": own}
    return without_nothing(message)


def _identity(event: Message, properties: Message) -> Message:
    """The customer's own id, or the device's: a distinct_id is either."""
    given = event.get("distinct_id")
    given = properties.get("distinct_id") if given is None else given
    device = properties.get("$device_id")
    anonymous = (
        (device is not None and device == given)
        or properties.get("$is_identified") is False
        or properties.get("$user_state") == "anonymous"
        or properties.get("$process_person_profile") is False
    )
    return {"anonymousId": given} if anonymous else {"userId": given, "anonymousId": device}


def _alias(event: Message, properties: Message) -> Message:
    """The two ids of an alias: which of them is the earlier one depends on the SDK."""
    one = properties.get("distinct_id", event.get("distinct_id"))
    other = properties.get("alias")
    if properties.get("$lib") == _ALIAS_NAMES_NEW:
        one, other = other, one
    return {"userId": one, "previousId": other}


def _context(properties: Message) -> Message:
    page = without_nothing({
        "url": properties.get("$current_url"), "path": properties.get("$pathname"),
        "referrer": properties.get("$referrer"), "title": properties.get("title"),
    })  # fmt: skip
    library = without_nothing({"name": properties.get("$lib"), "version": properties.get("$lib_version")})
    return without_nothing({
        "library": library, "page": page, "ip": properties.get("$ip"),
        "userAgent": properties.get("$raw_user_agent") or properties.get("$useragent"),
        "timezone": properties.get("$timezone"),
        "locale": properties.get("$locale") or properties.get("$browser_language"),
    })  # fmt: skip


def _time(event: Message, sent: Any, received: int) -> Any:
    """When it happened: its `timestamp`, else so many milliseconds (`offset`) before it was sent."""
    given, offset = event.get("timestamp"), event.get("offset")
    if given is not None or type(offset) is not int:
        return given
    base = parse(sent)
    time = (received if base is None else base) - offset
    try:
        return iso(time)
    except OverflowError:
        return None


def _either(event: Message, properties: Message, name: str) -> Any:
    given = event.get(name)
    return properties.get(name) if given is None else given
