"""Snowplow's tracker protocol (tp2): flat maps of text, read into calls of the contract.

Fields are those of the protocol's documentation: `e` kind of event, `uid` the customer, `duid` the device, `eid` the
event's id, `dtm` and `stm` when it was made and sent, `ue_px` and `cx` JSON in base64, `ue_pr` and `co` plain.
"""

from __future__ import annotations

from typing import Any, Final

from collector.bodies import BodyError
from collector.sdks import snowplow_ecommerce as ecommerce
from collector.sdks.messages import Message, Messages, object_of, text, without_nothing
from collector.sdks.snowplow_schemas import Entity, entities, self_described

PATH: Final = "/com.snowplowanalytics.snowplow/tp2"
PIXEL: Final = "/i"
Fields = dict[str, Any]
_SESSION: Final = "client_session"
_MOBILE: Final = ("mob", "app")
"""Platforms (`p`) whose page views are screens."""


def read(body: Any) -> Messages:
    """The messages of a decoded `body`: a payload_data of fields, or the fields of one event.

    Raises BodyError (400) for what is neither.
    """
    if type(body) is not dict:
        raise BodyError(400, "the body is no object")
    items = body.get("data", [body])
    if type(items) is not list:
        raise BodyError(400, "data is not a list of events")
    found = Messages()
    lines = _lines(items)
    for index, fields in enumerate(items):
        if type(fields) is not dict:
            found.invalid += 1
            continue
        if not found.key:
            found.key = text(fields.get("aid"))
        message = _message(fields, lines)
        if message is None:
            found.ignored += 1
        else:
            found.add(message, index)
    return found


def _lines(items: list[Any]) -> dict[str, list[Message]]:
    """The lines of each order of the old e-commerce events, which come as events of their own beside it."""
    lines: dict[str, list[Message]] = {}
    for fields in items:
        if type(fields) is dict and fields.get("e") == "ti":
            line = {
                "sku": fields.get("ti_sk"), "name": fields.get("ti_nm"), "category": fields.get("ti_ca"),
                "price": fields.get("ti_pr"), "quantity": fields.get("ti_qu"),
            }  # fmt: skip
            lines.setdefault(text(fields.get("ti_id")), []).append(without_nothing(line))
    return lines


def _message(fields: Fields, lines: dict[str, list[Message]]) -> Message | None:
    """The call that an event is; None for what says nothing (pings, and lines that their order has)."""
    around = entities(fields)
    kind, call = fields.get("e"), Message()
    if kind == "pv":
        page = "screen" if fields.get("p") in _MOBILE else "page"
        call = {"type": page, "name": fields.get("page"), "properties": _page(fields)}
    elif kind == "ue":
        schema, data = self_described(fields)
        call = _described(schema, data, around)
    elif kind == "se":
        call = {"type": "track", "event": fields.get("se_ac"), "properties": without_nothing({
            "category": fields.get("se_ca"), "label": fields.get("se_la"), "property": fields.get("se_pr"),
            "value": fields.get("se_va"),
        })}  # fmt: skip
    elif kind == "tr":
        call = {"type": "track", "event": "Order Completed", "properties": without_nothing({
            "order_id": fields.get("tr_id"), "total": fields.get("tr_tt"), "tax": fields.get("tr_tx"),
            "shipping": fields.get("tr_sh"), "currency": fields.get("tr_cu"), "affiliation": fields.get("tr_af"),
            "products": lines.get(text(fields.get("tr_id"))),
        })}  # fmt: skip
    else:
        return None
    user = ecommerce.user(around)
    given = fields.get("uid")
    message = {
        "messageId": fields.get("eid"), "timestamp": fields.get("ttm") or fields.get("dtm"),
        "sentAt": fields.get("stm"),
        "userId": user.get("id") if given is None else given,
        "anonymousId": fields.get("duid") or _session(around) or fields.get("nuid") or fields.get("tnuid"),
        "context": _context(fields, user), **call,
    }  # fmt: skip
    return without_nothing(message)


def _described(schema: str, data: Message, around: list[Entity]) -> Message:
    """The call of a self-describing event of this schema (its name alone) and data."""
    if schema == ecommerce.ACTION:
        return ecommerce.action(data, around)
    if schema in ecommerce.OLD:
        return ecommerce.old(schema, data)
    if schema == "screen_view":
        return {"type": "screen", "name": data.get("name"), "properties": data}
    return {"type": "track", "event": schema, "properties": data}


def _page(fields: Fields) -> Message:
    return without_nothing({"url": fields.get("url"), "title": fields.get("page"), "referrer": fields.get("refr")})


def _context(fields: Fields, user: Message) -> Message:
    return without_nothing({
        "page": _page(fields), "userAgent": fields.get("ua"), "timezone": fields.get("tz"),
        "locale": fields.get("lang"), "ip": fields.get("ip"), "library": without_nothing({"name": fields.get("tv")}),
        "traits": without_nothing({"email": user.get("email")}),
    })  # fmt: skip


def _session(around: list[Entity]) -> Any:
    """The device of an app, which its session entity names."""
    return next((object_of(data).get("userId") for name, data in around if name == _SESSION), None)
