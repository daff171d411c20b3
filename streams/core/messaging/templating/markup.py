"""Text and markup in one string, so that e-mail is escaped once, at output.

While an e-mail is written, the characters that mean something to HTML stand for themselves in values, and are replaced
by marks in what the template's author wrote. So filters work on plain text, whichever it came from, and at the end
values are escaped and marks are put back.
"""

from __future__ import annotations

import re
from typing import Final

_SPECIAL: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
"""As CGI.escapeHTML of Ruby has it, which is Liquid's `escape`."""
_MARK: Final = {letter: chr(0x10FF00 + n) for n, letter in enumerate(_SPECIAL)}
"""Code points of private use (plane 16)."""
_TO_MARKS: Final = str.maketrans(_MARK)
_FROM_MARKS: Final = str.maketrans({mark: letter for letter, mark in _MARK.items()})
_WITHOUT: Final = str.maketrans(dict.fromkeys(_MARK.values()))
_ESCAPED: Final = str.maketrans({**_SPECIAL, **{mark: letter for letter, mark in _MARK.items()}})
_PLAIN_ESCAPED: Final = str.maketrans(_SPECIAL)
_LOOKS: Final = re.compile(r"<[A-Za-z/!]|&(?:[A-Za-z][A-Za-z0-9]*|#[0-9]+|#[xX][0-9A-Fa-f]+);")
_MARKED: Final = re.compile(f"[{_MARK['&']}-{chr(0x10FF00 + len(_MARK) - 1)}]")


def trusted(text: str) -> str:
    """A `text` that the author wrote: it goes out as it is."""
    return text.translate(_TO_MARKS)


def trusted_literal(text: str) -> str:
    """A text in quotes: the author's markup if it has a tag or an entity in it, else plain text."""
    return trusted(text) if _LOOKS.search(text) else text


def plain(text: str) -> str:
    """The `text` with all marks as the characters they stand for: nothing in it is markup any more."""
    return text if text.isascii() else text.translate(_FROM_MARKS)


def cleaned(text: str) -> str:
    """A `text` from outside, without anything that could pass for a mark."""
    return text.translate(_WITHOUT) if not text.isascii() and _MARKED.search(text) else text


def escaped(text: str) -> str:
    """The `text` as HTML: values escaped, the author's markup as it was."""
    return text.translate(_ESCAPED)


def escaped_text(text: str) -> str:
    """The filter `escape` of a `text` where nothing is escaped at output."""
    return text.translate(_PLAIN_ESCAPED)


def within(pattern: str, text: str) -> str:
    """The `pattern` as it occurs in `text`: as a value has it, else as the author's markup has it."""
    if pattern in text:
        return pattern
    marked = trusted(pattern)
    return marked if marked in text else pattern
