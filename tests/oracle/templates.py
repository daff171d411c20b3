"""What a template sees, and what comes out of it. Liquid itself is python-liquid's, here as there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from liquid import Environment, StrictUndefined
from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate

GSM_TWICE = set("^{}\\[~]|€")
"""Characters that take two places in an SMS (GSM 03.38, extension table)."""


@cache
def environment(*, strict: bool, html: bool) -> Environment:
    """Liquid under the rules of a channel."""
    return Environment(undefined=StrictUndefined, autoescape=html) if strict else Environment()


@lru_cache(maxsize=256)
def template(text: str, *, strict: bool, html: bool) -> BoundTemplate:
    """A template, parsed. Raises LiquidError for what is no Liquid."""
    return environment(strict=strict, html=html).from_string(text)


def holds(condition: str, scope: Mapping[str, Any]) -> bool:
    """Whether the expression of an `if` is true; what is missing is false."""
    try:
        text = f"{{% if {condition} %}}yes{{% endif %}}"
        return template(text, strict=False, html=False).render(**scope) == "yes"
    except LiquidError:
        return False


def find(templates: Mapping[str, str], name: str, channel: str, languages: tuple[str, ...]) -> str | None:
    """The text of a template: in the customer's language, in the file's, in none."""
    for folder in (*(f"{language}/" for language in languages), ""):
        for path in (f"{folder}{name}.{channel}.liquid", f"{folder}{name}.liquid"):
            if path in templates:
                return templates[path]
    return None


def rendered(text: str, channel: str, scope: Mapping[str, Any], segments: int) -> tuple[str, str] | None:
    """(subject, body) of a message; None where the template asks for something that is not there."""
    first, _, rest = text.partition("\n")
    subject = first.partition(":")[2].strip() if first.lower().startswith("subject:") else ""
    try:
        body = template(rest if subject else text, strict=True, html=channel == "email").render(**scope).strip()
        subject = template(subject, strict=True, html=False).render(**scope)
    except LiquidError:
        return None
    if channel == "sms":
        body = " ".join(body.split())
        if parts(body) > segments:
            return None
    return " ".join(subject.split()), body


def parts(body: str) -> int:
    """How many SMS a text takes; the tests' templates keep to ASCII without the backtick, which GSM 03.38 lacks."""
    length = sum(2 if letter in GSM_TWICE else 1 for letter in body)
    return 1 if length <= 160 else -(-length // 153)


def tagged(url: str, message_id: str) -> str:
    """A link that tells which message it was in."""
    page, sign, fragment = url.partition("#")
    return f"{page}{'&' if '?' in page else '?'}wb_mid={message_id}{sign}{fragment}"
