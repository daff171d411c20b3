"""Filters on texts, each as in Ruby Liquid 5.

Each takes the value and its arguments as they come; `text` and `integer` of values.py read them. In an HTML template
(`environment.html`) texts may hold marks for the author's markup (markup.py).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

from liquid.filter import with_environment

from streams.core.messaging.templating import markup
from streams.core.messaging.templating.values import LONGEST, SPACES, fault, integer, limited, text

_NEWLINE: Final = re.compile(r"\r?\n")
_BLOCKS: Final = re.compile(r"<script.*?</script>|<!--.*?-->|<style.*?</style>", re.DOTALL)
_TAGS: Final = re.compile(r"<.*?>", re.DOTALL)
_ONCE: Final = re.compile(r"[\"><']|&(?!([a-zA-Z]+|(#\d+));)")
_WORDS: Final = re.compile(f"[{re.escape(SPACES)}]+")
_BACKSLASH: Final = re.compile(r"\\(.)", re.DOTALL)


def _append(value: Any, more: Any) -> str:
    """The text with another one behind it."""
    return limited(text(value) + text(more))


def _prepend(value: Any, more: Any) -> str:
    """The text with another one before it."""
    return limited(text(more) + text(value))


def _upcase(value: Any) -> str:
    """In capital letters."""
    return limited(text(value).upper())


def _downcase(value: Any) -> str:
    """In small letters."""
    return limited(text(value).lower())


def _capitalize(value: Any) -> str:
    """The first letter a capital, all others small."""
    return text(value).capitalize()


def _strip(value: Any) -> str:
    """Without blanks at either end."""
    return text(value).strip(SPACES)


def _lstrip(value: Any) -> str:
    """Without blanks at the beginning."""
    return text(value).lstrip(SPACES)


def _rstrip(value: Any) -> str:
    """Without blanks at the end."""
    return text(value).rstrip(SPACES)


def _squish(value: Any) -> str:
    """Without blanks at either end, and with single ones in between."""
    return _WORDS.sub(" ", text(value).strip(SPACES))


def _strip_newlines(value: Any) -> str:
    """In one line."""
    return _NEWLINE.sub("", text(value))


@with_environment
def _newline_to_br(value: Any, *, environment: Any) -> str:
    """With `<br />` before each end of a line."""
    tag = "<br />\n"
    return limited(_NEWLINE.sub(markup.trusted(tag) if environment.html else tag, text(value)))


def _strip_html(value: Any) -> str:
    """Without tags, comments, scripts and styles."""
    return _TAGS.sub("", _BLOCKS.sub("", markup.plain(text(value))))


@with_environment
def _escape(value: Any, *, environment: Any) -> str | None:
    """Nothing in it is markup. Where all values are escaped at output, that is all there is to do."""
    if value is None:
        return None
    said = text(value)
    return markup.plain(said) if environment.html else limited(markup.escaped_text(said))


@with_environment
def _escape_once(value: Any, *, environment: Any) -> str:
    """The same, but what is escaped already stays so."""
    said = _ONCE.sub(lambda found: markup.escaped_text(found[0]), markup.plain(text(value)))
    return markup.trusted(limited(said)) if environment.html else limited(said)


@with_environment
def _safe(value: Any, *, environment: Any) -> str:
    """The value is markup that the shop vouches for: it is not escaped."""
    return markup.trusted(text(value)) if environment.html else text(value)


def _url_encode(value: Any) -> str | None:
    """For a query string: `a b` is `a+b`."""
    return None if value is None else limited(quote_plus(text(value)))


def _url_decode(value: Any) -> str | None:
    """The inverse of `url_encode`."""
    if value is None:
        return None
    try:
        return unquote_plus(text(value), errors="strict")
    except UnicodeDecodeError:
        raise fault("url_decode expects UTF-8") from None


def _base64_encode(value: Any) -> str:
    """In base 64."""
    return limited(base64.b64encode(text(value).encode()).decode())


def _base64_decode(value: Any) -> str:
    """The text of its form in base 64."""
    return _decoded(value, lambda said: base64.b64decode(said, validate=True))


def _base64_url_safe_encode(value: Any) -> str:
    """In base 64 with the alphabet for URLs."""
    return limited(base64.urlsafe_b64encode(text(value).encode()).decode())


def _base64_url_safe_decode(value: Any) -> str:
    """The text of its form in base 64 with the alphabet for URLs."""
    return _decoded(value, lambda said: base64.b64decode(said, altchars=b"-_", validate=True))


def _replace(value: Any, pattern: Any, by: Any = "") -> str:
    """Each occurrence of a text replaced."""
    return _replaced(text(value), text(pattern), by, -1)


def _replace_first(value: Any, pattern: Any, by: Any = "") -> str:
    """The first occurrence replaced."""
    return _replaced(text(value), text(pattern), by, 1)


def _replace_last(value: Any, pattern: Any, by: Any) -> str:
    """The last occurrence replaced."""
    said = text(value)
    found = markup.within(text(pattern), said)
    at = said.rfind(found)
    return said if at < 0 else limited(said[:at] + text(by) + said[at + len(found) :])


def _remove(value: Any, pattern: Any) -> str:
    """Each occurrence taken out."""
    return _replace(value, pattern, "")


def _remove_first(value: Any, pattern: Any) -> str:
    """The first occurrence taken out."""
    return _replace_first(value, pattern, "")


def _remove_last(value: Any, pattern: Any) -> str:
    """The last occurrence taken out."""
    return _replace_last(value, pattern, "")


def _split(value: Any, pattern: Any) -> list[str]:
    """The parts between the occurrences of a text, less empty ones at the end; a blank stands for any blanks."""
    said, by = text(value), text(pattern)
    if not said:
        return []
    if by == " ":
        parts = _WORDS.split(said.lstrip(SPACES))
    elif by:
        parts = said.split(markup.within(by, said))
    else:
        return list(said)
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _truncate(value: Any, length: Any = 50, end: Any = "...") -> str | None:
    """At most so many characters, with `end` among them where something was cut off."""
    if value is None:
        return None
    said, most, tail = text(value), integer(length), text(end)
    return said[: max(most - len(tail), 0)] + tail if len(said) > most else said


def _truncatewords(value: Any, count: Any = 15, end: Any = "...") -> str | None:
    """At most so many words, with `end` behind them where something was cut off."""
    if value is None:
        return None
    said, most = text(value), max(integer(count), 1)
    words = _WORDS.split(said.lstrip(SPACES), maxsplit=min(most, LONGEST))
    return said if len([word for word in words if word]) <= most else " ".join(words[:most]) + text(end)


def _decoded(value: Any, decode: Callable[[str], bytes]) -> str:
    try:
        return decode(text(value)).decode()
    except (binascii.Error, ValueError):
        raise fault("no text in base 64") from None


def _replaced(said: str, pattern: str, by: Any, most: int) -> str:
    r"""As `gsub` and `sub` of Ruby do it, where `\0` in the replacement is what was found."""
    found = markup.within(pattern, said)
    new = text(by)
    if "\\" in new:
        new = _BACKSLASH.sub(lambda at: found if at[1] in "0&" else "\\" if at[1] == "\\" else at[0], new)
    count = said.count(found) if most < 0 else min(said.count(found), most)
    if len(said) + count * (len(new) - len(found)) > LONGEST:
        raise fault(f"a text of more than {LONGEST:,} characters")
    return said.replace(found, new, most)


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "append": _append,
    "prepend": _prepend,
    "upcase": _upcase,
    "downcase": _downcase,
    "capitalize": _capitalize,
    "strip": _strip,
    "lstrip": _lstrip,
    "rstrip": _rstrip,
    "squish": _squish,
    "strip_newlines": _strip_newlines,
    "newline_to_br": _newline_to_br,
    "strip_html": _strip_html,
    "escape": _escape,
    "escape_once": _escape_once,
    "safe": _safe,
    "url_encode": _url_encode,
    "url_decode": _url_decode,
    "base64_encode": _base64_encode,
    "base64_decode": _base64_decode,
    "base64_url_safe_encode": _base64_url_safe_encode,
    "base64_url_safe_decode": _base64_url_safe_decode,
    "replace": _replace,
    "replace_first": _replace_first,
    "replace_last": _replace_last,
    "remove": _remove,
    "remove_first": _remove_first,
    "remove_last": _remove_last,
    "split": _split,
    "truncate": _truncate,
    "truncatewords": _truncatewords,
}
"""By their names in a template."""
