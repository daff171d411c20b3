"""Values that never identify anybody: what broken producers send in place of an identifier (contract, section 1)."""

from __future__ import annotations

import re
from typing import Final

BLOCKED: Final = frozenset({
    "", "null", "undefined", "none", "nil", "nan", "anonymous", "guest", "distinctid", "distinct_id", "id", "email",
    "not_authenticated", "true", "false", "unknown", "[object object]", "-1",
    "n/a", "na", "n.a.", "#n/a", "#ref!", "#value!", "#name?", "#null!", "not set", "notset", "not_set", "not-set",
    "string", "test", "user", "userid",
    "user_id", "default", "visitor", "no-user", "no_user", "no user", "nouser", "array", "object",
})  # fmt: skip
"""Shared by thousands, so they identify nobody; in lower case."""
MAX_LENGTH: Final = 1024
"""A longer value is not an identifier."""

# Quotes and parentheses in which such a value may be wrapped, and what closes them.
_WRAPS: Final = {
    '"': '"', "'": "'", "`": "`", "\u2018": "\u2019", "\u2019": "\u2019", "\u201c": "\u201d", "\u201d": "\u201d",
    "(": ")",
}  # fmt: skip
_NOTHING: Final = re.compile(r"[\W_0]*|[f:.-]+|x{3,}")
# Letters and digits with a digit other than 0 among them; marks stand between them.
_ORDINARY: Final = re.compile(r"(?![_-])[a-z0_-]*[1-9][a-z0-9_-]*")
_DEVICE_CONSTANTS: Final = frozenset({"020000000000", "9774d56d682e549c"})
"""What Android gives for every phone: a hidden MAC address, and the ANDROID_ID of a faulty release. 0 or 9 is first."""
_DEVICE_MARKS: Final = str.maketrans("", "", ":-.")
_BRACKETS: Final = {"[": "]", "{": "}"}
_GUID: Final = re.compile(r"\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}")
# A template's place for a value, wherever it stands (in a link with % for its marks), and the forms that are one only
# as the whole text: so is what Go prints for a value that its format does not fit.
_PLACE: Final = re.compile(
    r"\{\{.*\}\}|[$#]\{.*\}|\{[a-z_][\w. ]*\}|<%.*%>|\[\[.*\]\]|\*\|.*\|\*|%7b%7b.*%7d%7d|%24%7b.*%7d", re.DOTALL
)
_PLACE_ALONE: Final = re.compile(r"%.+%|<.+>|\$[a-z_][\w.]*|%(?:\(\w+\))?[sd]|%!\w?\(.*\)|__\w+__", re.DOTALL)
_BETWEEN: Final = re.compile(r"[\s_,.:;/|+&-]+")
_SHORTEST_DOUBLED: Final = 3
_ADDRESS: Final = re.compile(r"([^@\s]+)@([^@\s]+)")
_NO_MAILBOX: Final = ("noreply", "donotreply", "dontreply")
_MARKS: Final = str.maketrans("", "", "-_.")


def is_blocked(text: str, more: frozenset[str] = frozenset()) -> bool:
    """Whether a trimmed text is never an identifier. `more` extends the list of words, in lower case."""
    if len(text) > MAX_LENGTH:
        return True
    core = text.lower()
    if not more and _ORDINARY.fullmatch(core):
        # As nearly all are: no word of the list has such a digit, and nothing is wrapped, doubled or a place.
        return core[0] in "09" and _is_constant(core)
    while True:
        if _is_word(core, more) or _is_constant(core) or _is_text_of_many(core) or _is_place(core):
            return True
        if (address := _ADDRESS.fullmatch(core)) is not None:
            return _is_nobodys(address[1], address[2], more)
        if len(core) < 2 or core[-1] != _WRAPS.get(core[0]):
            return False
        core = core[1:-1].strip()


def _is_word(core: str, more: frozenset[str]) -> bool:
    """A word of the list, or several of them: first and last name that are both `undefined`."""
    if core in BLOCKED or core in more or _NOTHING.fullmatch(core):
        return True
    half, odd = divmod(len(core), 2)
    if not odd and half >= _SHORTEST_DOUBLED and core[:half] == core[half:]:
        return core[:half] in BLOCKED or core[:half] in more
    words = [word for word in _BETWEEN.split(core) if word]
    return len(words) > 1 and all(word in BLOCKED or word in more for word in words)


def _is_constant(core: str) -> bool:
    return core.translate(_DEVICE_MARKS) in _DEVICE_CONSTANTS


def _is_text_of_many(core: str) -> bool:
    """The text of an array or object. A GUID in braces is one value."""
    return core[-1] == _BRACKETS.get(core[0]) and not (
        _GUID.fullmatch(core) and not _NOTHING.fullmatch(core[1:-1])
    )  # fmt: skip


def _is_place(core: str) -> bool:
    return _PLACE.search(core) is not None or _PLACE_ALONE.fullmatch(core) is not None


def _is_nobodys(local: str, domain: str, more: frozenset[str]) -> bool:
    """An address that no customer has: nobody reads it, a form was filled in with it, or no mail can get there."""
    name = local.partition("+")[0]
    labels = domain.split(".")
    return (
        len(labels) < 2
        or not all(labels)
        or name in labels[:-1]
        or name.translate(_MARKS).startswith(_NO_MAILBOX)
        or _is_word(name, more)
    )
