"""Templates: Liquid, sandboxed, strict about what is missing, escaped for HTML where the channel is HTML."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit, urlunsplit

from liquid import Environment, StrictUndefined
from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate

from streams.core.campaigns import Campaigns


class Rendered(NamedTuple):
    """A message's text. `subject` is empty where the template has none."""

    subject: str
    body: str


class Renderer:
    """Parses each template once; `render` is a function of its arguments alone."""

    def __init__(self, campaigns: Campaigns) -> None:
        plain = Environment(undefined=StrictUndefined)
        html = Environment(undefined=StrictUndefined, autoescape=True)
        self._language = campaigns.file.language
        self._parsed: dict[tuple[str, str, str], tuple[BoundTemplate | None, BoundTemplate] | None] = {}
        self._errors: dict[tuple[str, str, str], str] = {}
        for name, text in campaigns.templates.items():
            subject, body = _split(text)
            try:
                parsed_body = (html if name[2] == "email" else plain).from_string(body)
                self._parsed[name] = (plain.from_string(subject) if subject else None, parsed_body)
            except LiquidError as error:
                self._parsed[name] = None
                self._errors[name] = str(error)

    @property
    def errors(self) -> dict[tuple[str, str, str], str]:
        """Templates that are no Liquid, with the reason."""
        return self._errors

    def render(self, template: str, channel: str, scope: dict[str, Any], language: str = "") -> Rendered | None:
        """The text of a message; None when the template is invalid or names something that is not there.

        Of the customer's language, else of the file's, else of none.
        """
        names = ((of, template, channel) for of in (language, self._language, ""))
        parsed = next((self._parsed[name] for name in names if name in self._parsed), None)
        if parsed is None:
            return None
        subject, body = parsed
        try:
            return Rendered(" ".join(subject.render(**scope).split()) if subject else "", body.render(**scope).strip())
        except LiquidError:
            return None


def with_message_id(url: str, message_id: str) -> str:
    """A link that tells which message it was in: the page's own address with `wb_mid`."""
    parts = urlsplit(url)
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=query + urlencode({"wb_mid": message_id})))


def _split(text: str) -> tuple[str, str]:
    """A first line `subject: ...`, then a blank line, then the body; without one the whole text is body."""
    first, _, rest = text.partition("\n")
    if first.lower().startswith("subject:"):
        return first[len("subject:") :].strip(), rest.lstrip("\n")
    return "", text
