"""Whether a bounce is for good: an enhanced status code (RFC 3463) decides before words. Contract 8.57."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_CODE: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_CODED: Final = (
    "status", "enhanced_status_code", "enhancedStatusCode", "status_code", "statusCode", "enhanced_code", "smtp_status",
    "dsn", "bounce_code", "bounceCode",
    "code", "error_code", "errorCode", "smtp_code", "diagnostic", "diagnostic_code", "diagnosticCode", "reason",
    "response", "smtp_response", "description", "details", "message", "error",
)  # fmt: skip
_REPLY: Final = re.compile(r"(?:smtp;\s*)?4\d\d(?:[\s-]|$)")
"""A reply of SMTP that asks to come again (RFC 5321): it counts where there is no enhanced code."""
_KINDS: Final = (
    "severity", "bounce_type", "bounceType", "type", "kind", "bounce_kind", "bounce_class", "bounceClass",
    "classification", "bounce_classification", "category", "bounce_category", "failure_type", "failureType",
    "error_type", "errorType", "sub_type", "subType", "bounce_sub_type", "bounceSubType", "bounce_subtype", "status",
    "event", "reason", "error",
)  # fmt: skip
_FLAGS: Final = (
    ("permanent", True), ("is_permanent", True), ("hard", True), ("is_hard", True), ("hard_bounce", True),
    ("temporary", False), ("is_temporary", False), ("transient", False), ("soft", False), ("soft_bounce", False),
)  # fmt: skip
_HARD: Final = re.compile(r"hard|permanent")
_SOFT: Final = re.compile(
    r"(?<!micro)soft|transient|temporar|defer|(?<!un)block(?!list)|throttl|greylist|graylist|mailbox.{0,4}full|over.?quota|"
    r"quota.?exceed|rate.?limit|time.?out|timed.?out|unavailable|unreachable|non.?permanent|not.?permanent|delayed|"
    r"try.?again|retry|intermittent"
)
_LONGEST: Final = 1_000


def is_hard(properties: Mapping[str, Any]) -> bool:
    """Whether nothing will ever be delivered to the address: so unless an event says that it may be.

    `properties` are those of Email Bounced, SMS Failed or Push Notification Bounced; an object `bounce` in them, as
    Amazon SES sends it, is read as well.
    """
    within = properties.get("bounce")
    if type(within) is dict:
        recipients = within.get("bouncedRecipients")
        first = recipients[0] if type(recipients) is list and recipients else None
        properties = {**(first if type(first) is dict else {}), **within, **properties}
    for name in _CODED:
        for code in _codes(properties.get(name)):
            if code[0] == "4":
                return False
            if code[:2] == ("5", "1") or code == ("5", "4", "4"):
                return True
    for name, hard in _FLAGS:
        value = properties.get(name)
        if type(value) is bool:
            return hard is value
    for name in _KINDS:
        if (said := _said(properties.get(name))) is not None:
            return said
    return not any(
        _REPLY.match(text) is not None for name in _CODED if (text := _text(properties.get(name))) is not None
    )


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
