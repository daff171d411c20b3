"""Bytes to JSON, strictly where that works and leniently where real producers are not strict."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

import orjson

from schemas.reasons import DeadLetterReason

MAX_DEPTH: Final = 64
"""Objects and arrays within each other, the message itself included."""

# Strings, the last one maybe unfinished, and brackets: each character is looked at once, whatever the text.
_TOKENS: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
# Written by their numbers: the compiled build takes no text that holds them.
_SURROGATES: Final = re.compile(f"[{chr(0xD800)}-{chr(0xDFFF)}]")
# Far from the interpreter's recursion limit, whatever stack the caller stands on: a deeper text is not parsed at all.
_PARSED_DEPTH: Final = 500

_WHOLE_FROM: Final = 2**53
"""A float of this size has no fraction, and is not the only one of the numbers that are read as it."""
_MAY_BE_LARGE: Final = re.compile(rb"[0-9]{16}|[0-9][eE]")


class Refused(Exception):  # noqa: N818 - the fate of a record, not a fault
    """A record that cannot be taken: the reason, and a detail that never holds a value of the record."""

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class InexactError(Exception):
    """A number that has lost digits when it was read, where each of them counts: `exact` reads the value again."""


def decode(value: bytes) -> Any:
    """The JSON in a record's value. Raises Refused (invalid_json, invalid_utf8, invalid_value).

    NaN, infinities and numbers too large for a float become null, lone surrogates U+FFFD; of a repeated key the last
    value holds. Large whole numbers are the text of their digits. What is returned survives orjson.dumps.
    """
    try:
        result = orjson.loads(value)
    except orjson.JSONDecodeError:
        return lenient(value)
    if _MAY_BE_LARGE.search(value):
        return lenient(value)
    if may_be_deep(value):
        check_depth(result)
    return result


def may_be_deep(value: bytes) -> bool:
    """Whether a value opens enough objects and arrays to be nested too deeply: a cheap test before `check_depth`."""
    # bytes.count looks at each byte by itself; bytes.replace leaps from hit to hit.
    return 2 * len(value) - len(value.replace(b"{", b"")) - len(value.replace(b"[", b"")) > MAX_DEPTH


def check_depth(result: Any) -> None:
    """Raises Refused (invalid_value) when objects and arrays in a decoded `result` are nested deeper than MAX_DEPTH."""
    level = [result] if isinstance(result, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return
    raise Refused(DeadLetterReason.INVALID_VALUE, f"nested deeper than {MAX_DEPTH} levels")


def exact(value: bytes) -> bytes:
    """The JSON `value` with its large whole numbers as the text of their digits (contract 8.3), to be read again.

    Large is what a float cannot hold: an integer of more than 64 bits, a whole number of 2**53 or more with an exponent
    or a fraction. Raises Refused, as `decode`.
    """
    return orjson.dumps(lenient(value))


def lenient(value: bytes) -> Any:
    """`decode` of a `value` that orjson refuses, or reads inexactly (contract 8.3).

    Raises Refused (invalid_json, invalid_utf8, invalid_value).
    """
    try:
        text = value.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(DeadLetterReason.INVALID_UTF8, f"not UTF-8 at byte {error.start}") from None
    if may_be_deep(value) and _is_deeper(text, _PARSED_DEPTH):
        raise Refused(DeadLetterReason.INVALID_JSON, f"nested deeper than {_PARSED_DEPTH} levels, so not parsed")
    try:
        result = json.loads(text, parse_constant=_null, parse_int=_int, parse_float=_float)
    except json.JSONDecodeError as error:
        raise Refused(DeadLetterReason.INVALID_JSON, f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        raise Refused(DeadLetterReason.INVALID_JSON, "nested too deeply to be parsed") from None
    if may_be_deep(value):
        check_depth(result)
    # Written out and read again, so that what is returned is what orjson makes of it.
    return orjson.loads(_SURROGATES.sub("\ufffd", json.dumps(result, ensure_ascii=False, allow_nan=False)))


def _is_deeper(text: str, limit: int) -> bool:
    depth = 0
    for match in _TOKENS.finditer(text):
        first = text[match.start()]
        if first in "[{":
            depth += 1
            if depth > limit:
                return True
        elif first != '"':
            depth -= 1
    return False


def _null(_: str) -> None:
    return None


def _float(text: str) -> float | str | None:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        return None
    return format(Decimal(text), "f").partition(".")[0] if abs(number) >= _WHOLE_FROM else number


def _int(text: str) -> int | str:
    # Python reads no more than 4,300 digits, orjson writes no more than 64 bits.
    return number if len(text) <= 20 and -(2**63) <= (number := int(text)) < 2**64 else text
