"""The text of an HTML body, for readers that show none."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from typing import Final

_TAG: Final = re.compile(r"<(?:[a-zA-Z][^<>]*|/[a-zA-Z][^<>]*|!--.*?--|!doctype[^<>]*)>", re.DOTALL | re.IGNORECASE)
_BLOCKS: Final = frozenset({"p", "div", "br", "ul", "ol", "table", "tr", "h1", "h2", "h3", "h4", "hr", "section"})
_SILENT: Final = frozenset({"style", "script", "head", "title"})


def is_html(body: str) -> bool:
    """Whether a body has any tag in it."""
    return _TAG.search(body) is not None


def to_html(text: str) -> str:
    """The HTML of a plain text."""
    return "<p>" + escape(text.strip(), quote=False).replace("\n", "<br>\n") + "</p>\n"


def to_text(html: str) -> str:
    """The plain text of HTML: blocks on lines of their own, list items with a dash, links with their address."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._links: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag == "a":
            self._links.append(dict(attrs).get("href") or "")
        elif tag == "img" and (alt := dict(attrs).get("alt")):
            self.parts.append(alt)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag == "a" and self._links and (link := self._links.pop()):
            self.parts.append(f" ({link})")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))
