"""Which names a template may ask for: those that stand anywhere in its text.

What no template names need not be worked out for it, and need not be made safe to be shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

Names = frozenset[str] | None
"""Names that may be asked for; None: any."""

_BY_FILTERS: Final = ("now", "cart", "trigger")
"""What filters look up by themselves: the time of the message (dates.py), and its currency (money.py)."""
_NAME: Final = re.compile(r"[^\W\d][\w-]*")
_TAG: Final = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)
_COMPUTED: Final = re.compile(r"""(?:^|[^\w\]"'?-])\s*\[""")
"""A bracket that follows no name: what is asked for is worked out while the template is rendered."""


def names_of(texts: Iterable[str]) -> Names:
    """The names that templates of these `texts`, with all that they render, may ask for at their root."""
    found = set(_BY_FILTERS)
    for text in texts:
        if any(_COMPUTED.search(tag) for tag in _TAG.findall(text)):
            return None
        # With what is no code, and what is no root: more than is asked for harms nobody.
        for name in _NAME.findall(text):
            found |= {name, name.rstrip("-")}  # `{{ name-}}` ends with the tag's hyphen, not with a name's
    return frozenset(found)
