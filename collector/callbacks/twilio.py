"""Twilio: status callbacks of SMS and WhatsApp (forms), answers of customers (STOP), clicks and event streams (JSON).

Signed by HMAC-SHA1 over the address and the sorted parameters, of JSON over the address with the body's hash in it;
verified by Twilio's own library. A secret is the account's auth token.
https://www.twilio.com/docs/usage/webhooks/webhooks-security

No callback carries anything of the sender's but the address that it goes to: `StatusCallback` with `?message_id=...`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

from collector.callbacks.body import loads, objects, part, text
from collector.callbacks.events import (
    IGNORED,
    MESSENGER,
    SMS,
    Person,
    Reading,
    clipped,
    feedback,
    id_of,
    moment,
    one,
    together,
    track,
    unmapped,
)
from collector.callbacks.request import Request, UnreadableError, UnsignedError, digest
from schemas import names
from schemas.aliases.messages import NUMBER_IS_DEAD

NAME: Final = "twilio"
CHANNEL: Final = SMS
EXTRA: Final = "twilio"
"""The package that verifies, of the extra `callbacks`."""
_SIGNATURE: Final = "x-twilio-signature"
_SETTINGS: Final = "x-twilio-webhooks-signature-settings"
_HASHED: Final = "bodySHA256"
_STATUSES: Final = {
    "delivered": names.SMS_DELIVERED, "read": names.SMS_DELIVERED,
    "undelivered": names.SMS_FAILED, "failed": names.SMS_FAILED,
}  # fmt: skip
_BEFORE: Final = frozenset({
    "queued", "accepted", "scheduled", "sending", "sent", "receiving", "received", "canceled", "partially_delivered",
})  # fmt: skip
_STOP: Final = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"})
"""The words after which Twilio sends nothing more to a number."""
_WHATSAPP: Final = "whatsapp:"
_EVENTS: Final = "com.twilio.messaging.message."
_MOST_FIELDS: Final = 200


def verify(request: Request, secret: str) -> None:
    """Raise UnsignedError unless the address and the parameters are signed with `secret`."""
    signature = request.header(_SIGNATURE)
    if not signature:
        raise UnsignedError("no signature")
    if _is_json(request):
        # Without the body's hash in the address nothing that is signed says what the body was.
        if not request.queried(_HASHED):
            raise UnsignedError("no hash of the body")
        try:
            params: Any = request.body.decode()
        except UnicodeDecodeError:
            raise UnsignedError("wrong signature") from None
    else:
        try:
            params = _Form(_fields(request))
        except UnreadableError:
            raise UnsignedError("wrong signature") from None
    algorithm = _algorithm(request.header(_SETTINGS))
    try:
        good = _validator(secret).validate(request.url, params, signature, algorithm)
    except ValueError:
        good = False
    if not good:
        raise UnsignedError("wrong signature")


def known_by(request: Request) -> str:
    """What the same request has again: its address and its body."""
    return digest(request.url, request.body)


def read(request: Request) -> Reading:
    """The events of a request. Raises UnreadableError."""
    if not _is_json(request):
        return _form(dict(_fields(request)), request)
    found = loads(request.body)
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list) or len(objects(found)) != len(found):
        raise UnreadableError("no events")
    return together(_clicked(item, request) if "event_type" in item else _streamed(item, request) for item in found)


def _form(form: dict[str, str], request: Request) -> Reading:
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    status = (form.get("MessageStatus") or form.get("SmsStatus") or "").lower()
    if "Body" in form or "OptOutType" in form:
        return _answered(form, sid, request)
    # Twilio says neither when it happened nor when it was told.
    return _status(sid, status, form.get("To", ""), form.get("ErrorCode", ""), request.now, request, form)


def _status(sid: str, status: str, to: str, error: str, at: int, request: Request, item: Any) -> Reading:
    if status in _BEFORE and sid:
        return IGNORED
    name = _STATUSES.get(status)
    if name is None or not sid:
        return unmapped(CHANNEL, NAME, "no status of a message", item)
    channel, phone = _where(to)
    said: dict[str, Any] = {"campaign_id": clipped(request.queried("campaign_id")), "provider": NAME}
    if name == names.SMS_FAILED:
        said["bounce_type"] = "hard" if error in NUMBER_IS_DEAD else "soft"
        said["error_code"] = error
    event = feedback(
        channel, name, id_of(NAME, sid, status), at, sent=(request.queried("message_id"), request.queried("wb_mid")),
        address=phone, **said,
    )  # fmt: skip
    return one(event, CHANNEL, NAME, item)


def _answered(form: dict[str, str], sid: str, request: Request) -> Reading:
    """What a customer has written: only a word that ends or begins messages means something."""
    channel, phone = _where(form.get("From", ""))
    word = "".join(form.get("Body", "").split()).strip(".!").lower()
    kind = form.get("OptOutType", "").upper()
    said: dict[str, Any] = {"channel": channel, "provider": NAME}
    if not phone or not sid:
        return unmapped(CHANNEL, NAME, "no sender", form)
    if kind == "STOP" or (not kind and word in _STOP):
        name = names.UNSUBSCRIBED
    elif kind == "START":
        name, said = names.SUBSCRIPTION_CHANGED, {**said, "subscribed": True}
    else:
        return IGNORED
    return Reading((track(channel, name, id_of(NAME, sid, name), request.now, Person(phone=phone), said),))


def _clicked(item: dict[str, Any], request: Request) -> Reading:
    """A short link of a message was followed."""
    if item["event_type"] != "click":
        return IGNORED
    channel, phone = _where(text(item.get("to")))
    sid, at = text(item.get("sms_sid")) or text(item.get("message_sid")), item.get("click_time")
    event = feedback(
        channel, names.SMS_LINK_CLICKED, id_of(NAME, sid, "click", digest(text(at), text(item.get("link")))),
        moment(at, request.now), sent=(request.queried("message_id"),), address=phone,
        link=clipped(item.get("link")), user_agent=clipped(item.get("user_agent")), provider=NAME,
    )  # fmt: skip
    return one(event if sid else None, CHANNEL, NAME, item)


def _streamed(item: dict[str, Any], request: Request) -> Reading:
    """An event of Twilio's event streams: a CloudEvent."""
    kind = text(item.get("type"))
    if kind and not kind.startswith(_EVENTS):
        return IGNORED
    data = item.get("data")
    sid, to = text(part(data, "messageSid")), text(part(data, "to"))
    at = moment(item.get("time"), moment(part(data, "timestamp"), request.now))
    return _status(sid, kind.removeprefix(_EVENTS), to, text(part(data, "errorCode")), at, request, item)


def _where(to: str) -> tuple[str, str]:
    """The channel of an address of Twilio's, and the phone number in it."""
    whatsapp = to.lower().startswith(_WHATSAPP)
    return (MESSENGER if whatsapp else SMS), (to[len(_WHATSAPP) :] if whatsapp else to).strip()


def _is_json(request: Request) -> bool:
    return request.body.lstrip()[:1] in (b"{", b"[")


def _fields(request: Request) -> list[tuple[str, str]]:
    try:
        return parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise UnreadableError("no form") from None


class _Form(dict[str, str]):
    """Parameters as the validator asks for them: each with all of its values."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        super().__init__(fields)
        self._all = fields

    def getall(self, name: str) -> list[str]:
        """All values of a parameter's `name`."""
        return [value for known, value in self._all if known == name]


@lru_cache(maxsize=64)
def _validator(secret: str) -> Any:
    from twilio.request_validator import RequestValidator  # noqa: PLC0415 - of an extra

    return RequestValidator(secret)


def _algorithm(header: str) -> str:
    from twilio.request_validator import get_signature_algorithm  # noqa: PLC0415 - of an extra

    return str(get_signature_algorithm(header))
