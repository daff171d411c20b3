"""Whether a bounce is for good: an enhanced status code (RFC 3463) decides before words. Contract 8.57."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

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
_HARD: Final = re.compile(r"hard|permanent")
_SOFT: Final = re.compile(
    r"(?<!micro)soft|transient|temporar|defer|(?<!un)block(?!list)|throttl|greylist|graylist|mailbox.{0,4}full|over.?quota|"
    r"quota.?exceed|rate.?limit|time.?out|timed.?out|unavailable|unreachable|non.?permanent|not.?permanent|delayed|"
    r"try.?again|retry|intermittent|rate.?exceeded|too.?many|^internal$|server.?error|busy|congest|overload|"
    r"queue.?(?:overflow|full)|connection.{0,9}(?:refused|reset|lost|failed|error)|could.?not.?connect|dns.?error|"
    r"undetermined|auto.?respon|out.?of.?(?:the.?)?office|absent.?subscriber|switched.?off|"
    r"(?:message|validity).?expired|^expired$"
)
_LONGEST: Final = 1_000


def is_hard(properties: Mapping[str, Any]) -> bool:
    """Whether nothing will ever be delivered to the address: so unless an event says that it may be.

    `properties` are those of Email Bounced, SMS Failed or Push Notification Bounced; an object `bounce` in them, as
    Amazon SES sends it, is read as well.
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
    for name, hard in _FLAGS:
        told = answer(said.get(name))
        if told is not None:
            return hard is told
    for name in _KINDS:
        if (kind := _said(said.get(name))) is not None:
            return kind
    return not any(_REPLY.match(text) is not None for name in _CODED if (text := _text(said.get(name))) is not None)


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
