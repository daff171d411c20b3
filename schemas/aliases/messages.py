"""What became of a message, in a provider's words: its properties in ours, beside the provider's own."""

from __future__ import annotations

import re
from hashlib import md5
from typing import Any, Final

import orjson

from schemas.aliases.flat import flat
from schemas.aliases.index import NO_GROUPS, Index
from schemas.aliases.table import Alias
from schemas.message_ids import named
from schemas.names import SMS_EVENTS
from schemas.values import text_of

_MD5: Final = re.compile(r"[0-9a-f]{32}")
_SMS: Final = frozenset({"sms"})
_CARRIERS: Final = frozenset({
    "tag", "tags", "customid", "payload", "metadata", "uservariables", "customargs", "uniqueargs", "xmailincustom",
})  # fmt: skip
"""What providers call the place of a sender's own words, where these are a text or a list."""
_MOST_TAGS: Final = 100
_THEIRS: Final = frozenset({"iterable", "customerio", "braze", "klaviyo", "onesignal", "mailjet"})
"""Vocabularies whose `message_id` and `campaign_id` are the provider's own."""
NUMBER_IS_DEAD: Final = frozenset({
    "21211", "21214", "21217", "21401", "21407", "21421", "21610", "21614", "30005", "30006", "60205",
})  # fmt: skip
"""Error codes of Twilio that are about the number itself: unknown, a landline, no number, one that has said STOP."""


def provider_of(said: frozenset[str]) -> str:
    """The vocabulary among `said` whose ids are its own, blank without one."""
    return min(said & _THEIRS, default="")


class Messages:
    """Reads the properties of feedback."""

    def __init__(self) -> None:
        self._index = Index("feedback")

    def read(self, alias: Alias, properties: dict[str, Any], message: dict[str, Any], traits: Any) -> dict[str, Any]:
        """The properties of an event whose name means `alias`.

        `message` is the rest of the call and `traits` those of its context: a `userId` that is the MD5 of the address
        (RudderStack's sources make one) is taken out of the message, since it is nobody's id.
        """
        paths = flat(properties)
        said: dict[str, Any] = {}
        chosen = self._index.best(paths, _SMS if alias.name in SMS_EVENTS else NO_GROUPS)
        for field in ("bounce_type", "email", "phone"):
            if field in chosen and properties.get(field) is None:
                value = paths[chosen[field]]
                if field == "bounce_type":
                    value = "hard" if value is True else "soft" if value is False else value
                if type(value) is str and (field != "email" or "@" in value):
                    said[field] = value
        if "email" not in said and properties.get("email") is None and (address := _recipient(paths)) is not None:
            said["email"] = address
        for word in alias.also:
            field, equals, value = word.partition("=")
            if equals and (field == "channel" or properties.get(field) is None):
                said[field] = value
        if "group" in alias.also and (group := text_of(paths.get("asmgroupid"))):
            said["topic"] = f"group {group}"
        if "error_code" in alias.also and "bounce_type" not in properties:
            said["bounce_type"] = "hard" if text_of(paths.get("errorcode")) in NUMBER_IS_DEAD else "soft"
        result = {**properties, **said}
        _ids(alias, properties, paths, result)
        _unhash(message, traits, result.get("email"))
        return result


def _recipient(paths: dict[str, Any]) -> str | None:
    """The address that Amazon SES lists: of the one that bounced or complained, else of whom the mail was for."""
    for path in ("bounce.bouncedrecipients", "complaint.complainedrecipients", "mail.destination"):
        listed = paths.get(path)
        first = listed[0] if type(listed) is list and len(listed) == 1 else None
        address = first.get("emailAddress") if type(first) is dict else first
        if type(address) is str and "@" in address:
            return address
    return None


def _ids(alias: Alias, properties: dict[str, Any], paths: dict[str, Any], result: dict[str, Any]) -> None:
    """Winback's ids where its sender put them; a provider's under the same names get names of their own."""
    for key, value in paths.items():
        one = value[0] if type(value) is list and value else value
        if key.endswith(".messageid") and (ours := named(one)) is not None:
            result["message_id"] = ours
            campaign = paths.get(key.removesuffix("messageid") + "campaignid")
            if type(campaign) is str:
                result["campaign_id"] = campaign
            return
        if key.rpartition(".")[2] in _CARRIERS and (ours := _carried(value)) is not None:
            result["message_id"] = ours
            return
    if named(properties.get("message_id")) is not None:
        return
    for field in ("message_id", "campaign_id") if alias.vocabulary in _THEIRS else ("message_id",):
        if field in properties:
            result[f"provider_{field}"] = result.pop(field)


def _carried(value: Any) -> str | None:
    """Our id in what a sender has attached: itself, JSON text of an object, a list of tags or of names and values."""
    if type(value) is str:
        if value.lstrip()[:1] not in ("{", "["):
            return named(value)
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    if type(value) is dict:
        value = [value.get("message_id"), value.get("value")]
    elif type(value) is not list:
        return None
    each = (one.get("value", one.get("message_id")) if type(one) is dict else one for one in value[:_MOST_TAGS])
    return next((ours for one in each if (ours := named(one)) is not None), None)


def _unhash(message: dict[str, Any], traits: Any, address: Any) -> None:
    user = message.get("userId")
    if type(user) is not str or not _MD5.fullmatch(user):
        return
    known = traits.get("email") if type(traits) is dict else None
    for email in (known, address):
        if type(email) is str and user in {
            md5(form.encode(), usedforsecurity=False).hexdigest() for form in (email, email.strip().lower())
        }:
            message["userId"] = None
