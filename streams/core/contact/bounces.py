"""Whether a bounce is for good: an enhanced status code (RFC 3463) decides before words. Contract 8.61."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from schemas.aliases.messages import NUMBER_IS_DEAD
from schemas.aliases.table import squash
from schemas.consent_words import answer

_CODE: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_CODED: Final = (
    "status", "enhancedstatuscode", "statuscode", "enhancedcode", "smtpstatus", "dsn", "bouncecode", "code",
    "errorcode", "smtpcode", "diagnostic", "diagnosticcode", "reason", "response", "smtpresponse", "description",
    "details", "message", "error",
)  # fmt: skip
"""Names of properties that may hold a code, squashed as all names here: without case, blanks, _ and -."""
_REPLY: Final = re.compile(r"(?:smtp;\s*)?4\d\d(?:[\s-]|$)")
"""A reply of SMTP that asks to come again (RFC 5321): it counts where there is no enhanced code."""
_KINDS: Final = (
    "severity", "bouncetype", "type", "kind", "bouncekind", "bounceclass", "classification", "bounceclassification",
    "category", "bouncecategory", "failuretype", "errortype", "subtype", "bouncesubtype", "status", "event", "reason",
    "error", "recipientstate",
)  # fmt: skip
_FLAGS: Final = (
    ("permanent", True), ("ispermanent", True), ("hard", True), ("ishard", True), ("hardbounce", True),
    ("temporary", False), ("istemporary", False), ("transient", False), ("soft", False), ("softbounce", False),
)  # fmt: skip
_TWILIO: Final = re.compile(r"(?:21|30|60|63)\d{3}")
_SERVERS: Final = re.compile(r"429|5\d\d")
"""Replies of HTTP by a service of pushes that has not looked at the token: too many at once, or a fault of its own."""
_GONE: Final = frozenset({"400", "404", "410"})
_HARD: Final = re.compile(r"hard|permanent")
_SOFT: Final = re.compile(
    r"(?<!micro)soft|transient|temporar|defer|(?<!un)block(?!list)|throttl|greylist|graylist|mailbox.{0,4}full|over.?quota|"
    r"quota.?exceed|rate.?limit|time.?out|timed.?out|unavailable|unreachable|non.?permanent|not.?permanent|delayed|"
    r"try.?again|retry|intermittent|rate.?exceed|too.?many|too.?(?:large|big)|^internal$|server.?error|busy|congest|"
    r"overload|provider.?token|auth.?error|queue.?(?:overflow|full)|connection.{0,9}(?:refused|reset|lost|failed|error)|"
    r"could.?not.?connect|dns.?error|undetermined|auto.?respon|out.?of.?(?:the.?)?office|absent|switched.?off|"
    r"powered.?off|coverage|filtered|spam.?filter|carrier.?violation|(?:message|validity).?expired|^expired$|validity"
)
_LONGEST: Final = 1_000


def is_hard(properties: Mapping[str, Any], channel: str = "email") -> bool:
    """Whether nothing will ever be delivered to the address: so unless an event says that it may be.

    `properties` are those of Email Bounced, SMS Failed or Push Notification Bounced (`channel`: email, sms, push); an
    object `bounce` in them, as Amazon SES sends it, is read as well.
    """
    said = _squashed(properties)
    within = said.get("bounce")
    if type(within) is dict:
        inner = _squashed(within)
        recipients = inner.get("bouncedrecipients")
        first = recipients[0] if type(recipients) is list and recipients else None
        said = {**(_squashed(first) if type(first) is dict else {}), **inner, **said}
    for name in _CODED:
        for code in _codes(said.get(name)):
            if code[0] == "4":
                return False
            if code[:2] == ("5", "1") or code == ("5", "4", "4"):
                return True
    replies = [text for name in _CODED if (text := _text(said.get(name))) is not None]
    if channel == "sms" and (told := next(filter(_TWILIO.fullmatch, replies), None)) is not None:
        return told in NUMBER_IS_DEAD
    for name, hard in _FLAGS:
        flag = answer(said.get(name))
        if flag is not None:
            return hard is flag
    for name in _KINDS:
        if (kind := _said(said.get(name))) is not None:
            return kind
    if channel == "push":
        replies = [text for text in replies if text not in _GONE]
        if any(map(_SERVERS.fullmatch, replies)):
            return False
    return not any(map(_REPLY.match, replies))


def _squashed(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an object by squashed name; of two that are the same then, the first that says something."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if value is not None and value != "":
            found.setdefault(squash(name), value)
    return found


def _codes(value: Any) -> Iterator[tuple[str, str, str]]:
    if type(value) is str and "." in value:
        for found in _CODE.finditer(value[:_LONGEST]):
            yield found[1], found[2], found[3]


def _said(value: Any) -> bool | None:
    if type(value) is not str or not value or len(value) > _LONGEST:
        return None
    text = value.lower()
    if _SOFT.search(text) is not None:
        return False
    return True if _HARD.search(text) is not None else None


def _text(value: Any) -> str | None:
    if type(value) is str:
        return value.strip().lower()
    return str(value) if type(value) is int else None
