"""Values as Ruby Liquid 5 reads and writes them: as text, as a number, as a whole number, as a list.

Source: `standardfilters.rb`, `utils.rb` and `variable.rb` of the gem (https://github.com/Shopify/liquid, 5.4.0).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from liquid.exceptions import FilterArgumentError
from liquid.undefined import Undefined

MOST_ITEMS: Final = 10_000
"""Longer lists and ranges are not worked on."""
LONGEST: Final = 200_000
"""A filter never makes a longer text."""
MOST_DIGITS: Final = 300
"""A whole number with more digits is none."""
SPACES: Final = " \t\n\v\f\r\0"
"""What Ruby strips: ASCII, so that a no-break space stays."""
EXACT: Final = Context(prec=60, rounding=ROUND_HALF_UP)
"""Decimal arithmetic of amounts; half is rounded away from zero."""

_DECIMAL: Final = re.compile(r"-?[0-9]+\.[0-9]+")
_WHOLE: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+(?:_[0-9]+)*)")
_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]+(?:_[0-9]+)*\s*", re.ASCII)
_ESCAPES: Final = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def fault(what: str) -> FilterArgumentError:
    """The error that says `what` is wrong with a value; the template's engine adds the place."""
    return FilterArgumentError(what, token=None)


def known(value: Any) -> Any:
    """The `value` itself, None for a name that is missing. Raises UndefinedError where names have to be there."""
    if isinstance(value, Undefined):
        value.poke()
        return None
    return value


def shown(value: Any) -> str:
    """What `{{ value }}` prints: nothing for nil, the items of a list one after the other."""
    if type(value) is str:
        return value
    if isinstance(value, list | tuple):
        return "".join(map(shown, value))
    return text(value)


def text(value: Any) -> str:
    """A `value` as a filter reads it as text (Ruby's `to_s`): "" for nil, `2.0` for a float, `["a"]` for a list."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _digits(value)
    if isinstance(value, Decimal | float):
        return _float(float(value))
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    return inspected(value) if isinstance(value, list | tuple | Mapping) else str(value)


def inspected(value: Any) -> str:
    """A `value` inside of a list or mapping that is shown as text (Ruby's `inspect`)."""
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPES)}"'
    if value is None:
        return "nil"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(inspected, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{inspected(key)}=>{inspected(item)}" for key, item in value.items()) + "}"
    return text(value)


def number(value: Any) -> int | Decimal:
    """A `value` as arithmetic reads it: text as far as it begins with a whole number, 0 for what is none."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise fault(f"{value} is no number")
        return Decimal(repr(value))
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        if _DECIMAL.fullmatch(value.strip(SPACES)) and len(value) <= MOST_DIGITS:
            return Decimal(value.strip(SPACES))
        found = _WHOLE.match(value)
        return _int(found[1]) if found else 0
    return 0


def plain_number(value: int | Decimal) -> int | float:
    """The `value` of arithmetic as a template sees it. Raises FilterArgumentError for what is beyond all numbers."""
    if isinstance(value, int):
        if value.bit_length() > MOST_DIGITS * 4:
            raise fault(f"a number of more than {MOST_DIGITS} digits")
        return value
    made = float(value)
    if not math.isfinite(made):
        raise fault("a number that is not finite")
    return made


def integer(value: Any) -> int:
    """A `value` that counts something. Raises FilterArgumentError for anything but a whole number or its text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    said = text(value)
    if not _INTEGER.fullmatch(said):
        raise fault(f"expected a whole number, found {said[:40]!r}")
    return _int(said.strip())


def items(value: Any) -> list[Any]:
    """A `value` as a list: lists made flat, a mapping as its only item, nothing for nil."""
    if isinstance(value, list | tuple):
        flat: list[Any] = []
        _flatten(value, flat)
        return flat
    if value is None:
        return []
    if isinstance(value, range):
        _few(len(value))
        return list(value)
    return [value]


def same(left: Any, right: Any) -> bool:
    """Whether `left` and `right` are equal as Ruby has it: true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def limited(made: str) -> str:
    """A text that a filter made. Raises FilterArgumentError if it is longer than any message."""
    if len(made) > LONGEST:
        raise fault(f"a text of more than {LONGEST:,} characters")
    return made


def _flatten(values: Any, into: list[Any]) -> None:
    for value in values:
        if isinstance(value, list | tuple):
            _flatten(value, into)
        else:
            into.append(value)
        _few(len(into))


def _few(count: int) -> None:
    if count > MOST_ITEMS:
        raise fault(f"a list of more than {MOST_ITEMS:,} items")


def _int(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise fault(f"a number of more than {MOST_DIGITS} digits")
    return int(digits)


def _digits(value: int) -> str:
    if value.bit_length() > MOST_DIGITS * 4:
        raise fault(f"a number of more than {MOST_DIGITS} digits")
    return str(value)


def _float(value: float) -> str:
    """As Ruby writes it: `1.0e+20` where Python has `1e+20`."""
    written = repr(value)
    mantissa, e, exponent = written.partition("e")
    if not e:
        return written
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}"
