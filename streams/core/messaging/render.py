"""Templates: Liquid, sandboxed, strict about what is missing, escaped for HTML where the channel is HTML.

Contract 8.85 and 8.86.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

from liquid import Environment, StrictUndefined
from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate

from streams.core.campaigns import Campaigns
from streams.core.messaging import sms
from streams.core.messaging.liquid_dates import date


def _environment(**options: Any) -> Environment:
    environment = Environment(**options)
    environment.add_filter("date", date)
    return environment


_LAX: Final = _environment()


class Rendered(NamedTuple):
    """A message's text. `subject` is empty where the template has none."""

    subject: str
    body: str


class Renderer:
    """Parses each template once; `render` is a function of its arguments alone.

    A template is named by `template` and by the `channel` it is for; `scope` holds its variables (template_scope.py).
    """

    def __init__(self, campaigns: Campaigns) -> None:
        plain = _environment(undefined=StrictUndefined)
        html = _environment(undefined=StrictUndefined, autoescape=True)
        self._language = campaigns.file.language
        self._sms_segments = campaigns.file.sms_segments
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
        """The text of a message; None when the template is invalid, names something missing, or is too long.

        Of the templates of that name it is the one in the customer's `language` (of `zh-Hant` also `zh`), else in the
        file's, else in none.
        """
        try:
            return self.rendered(template, channel, scope, language)
        except Exception:  # noqa: BLE001 - whatever a template does with a value, it must not stop the stream
            return None

    def rendered(self, template: str, channel: str, scope: dict[str, Any], language: str = "") -> Rendered:
        """The same text as of `render`, in the same `language`, or the reason why there is none.

        Raises what Liquid does, KeyError for no such template, ValueError for a text message that is too long.
        """
        names = ((of, template, channel) for of in (language, language[:2], self._language, self._language[:2], ""))
        found = next((name for name in names if name in self._parsed), None)
        parsed = self._parsed[found] if found is not None else None
        if parsed is None:
            raise KeyError(self._errors[found] if found is not None else f"no template {template!r} for {channel}")
        subject, body = ("" if part is None else part.render(**scope) for part in parsed)
        if channel == "sms":
            body = " ".join(body.split())
            if (needed := sms.segments(body)) > self._sms_segments:
                raise ValueError(f"{needed} segments of a text message; `sms_segments` allows {self._sms_segments}")
        return Rendered(" ".join(subject.split()), body.strip())

    def holds(self, condition: str, scope: dict[str, Any]) -> bool:
        """Whether a step's `if`, `condition`, is true; what is missing, or cannot be compared, makes it false."""
        try:
            return _condition(condition).render(**scope) == "1"
        except Exception:  # noqa: BLE001 - as above
            return False


@lru_cache(maxsize=256)
def _condition(expression: str) -> BoundTemplate:
    return _LAX.from_string(f"{{% if {expression} %}}1{{% endif %}}")


def _split(text: str) -> tuple[str, str]:
    """A first line `subject: ...`, then a blank line, then the body; without one the whole text is body."""
    first, _, rest = text.partition("\n")
    if first.lower().startswith("subject:"):
        return first[len("subject:") :].strip(), rest.lstrip("\n")
    return "", text
