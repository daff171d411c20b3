"""Templates: Liquid, sandboxed, strict about what is missing, escaped for HTML where the channel is HTML.

Contract 8.95 and 8.100.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate

from streams.core.campaigns import Campaigns
from streams.core.messaging import sms
from streams.core.messaging.templating import markup
from streams.core.messaging.templating.bounds import bounded
from streams.core.messaging.templating.environment import TemplateEnvironment
from streams.core.messaging.templating.names import Names, names_of
from streams.core.messaging.templating.partials import MESSAGE, MessageKind, PartialLoader

_LAX: Final = TemplateEnvironment(strict=False)
LONGEST_BODY: Final = 200_000
"""Characters of a message; the record it travels in takes 1 MiB."""
LONGEST_SUBJECT: Final = 1_000


class Rendered(NamedTuple):
    """A message's text. `subject` is empty where the template has none."""

    subject: str
    body: str


class Renderer:
    """Parses each template once; `render` is a function of its arguments alone.

    A template is named by `template` and by the `channel` it is for; `scope` holds its variables (template_scope.py).
    """

    def __init__(self, campaigns: Campaigns, faults: list[LiquidError] | None = None) -> None:
        """With a list of `faults` these are noted in it, and what comes after them is rendered all the same."""
        # Each kind of text parses the partials for itself.
        plain = TemplateEnvironment(loader=PartialLoader(campaigns.partials), faults=faults)
        html = TemplateEnvironment(html=True, loader=PartialLoader(campaigns.partials), faults=faults)
        self.unread: dict[tuple[str, str, str], list[LiquidError]] = {}
        """By template, what cannot be read of it, where all faults are wanted."""
        self._language = campaigns.file.language
        self._sms_segments = campaigns.file.sms_segments
        self._parsed: dict[tuple[str, str, str], tuple[BoundTemplate | None, BoundTemplate] | None] = {}
        self._errors: dict[tuple[str, str, str], str] = {}
        partials = campaigns.partials.values()
        self._names = {name: names_of((text, *partials)) for name, text in campaigns.templates.items()}
        for name, text in campaigns.templates.items():
            subject, body = split(text)
            try:
                parsed_body = (html if name[2] == "email" else plain).from_string(body)
                self._parsed[name] = (plain.from_string(subject) if subject else None, parsed_body)
            except LiquidError as error:
                self._parsed[name] = None
                self._errors[name] = str(error)
                self.unread[name] = [error]
            if faults:
                self.unread[name] = list(faults)
                faults.clear()

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

        Raises what Liquid does, KeyError for no such template, ValueError for a text that is too long.
        """
        found = self._found(template, channel, language)
        parsed = self._parsed[found] if found is not None else None
        if parsed is None or found is None:
            raise KeyError(self._errors[found] if found is not None else f"no template {template!r} for {channel}")
        seen = {**_shown(scope, self._names[found]), MESSAGE: kind_of(found, language, self._language)}
        subject, body = ("" if part is None else part.render(seen) for part in parsed)
        if channel == "email":
            body = markup.escaped(body)
        subject, body = " ".join(subject.split()), body.strip()
        if channel == "sms":
            body = " ".join(body.split())
            if (needed := sms.segments(body)) > self._sms_segments:
                raise ValueError(f"{needed} segments of a text message; `sms_segments` allows {self._sms_segments}")
        if len(body) > LONGEST_BODY or len(subject) > LONGEST_SUBJECT:
            raise ValueError(f"a message has {LONGEST_BODY:,} characters at most, its subject {LONGEST_SUBJECT:,}")
        return Rendered(subject, body)

    def names(self, template: str, channel: str, language: str = "") -> Names:
        """The names that the template that `render` takes for this `language` may ask for; as of `names_of`."""
        found = self._found(template, channel, language)
        return frozenset() if found is None else self._names[found]

    def _found(self, template: str, channel: str, language: str) -> tuple[str, str, str] | None:
        names = ((of, template, channel) for of in (language, language[:2], self._language, self._language[:2], ""))
        return next((name for name in names if name in self._parsed), None)

    def holds(self, condition: str, scope: dict[str, Any]) -> bool:
        """Whether a step's `if`, `condition`, is true; what is missing, or cannot be compared, makes it false."""
        try:
            return _condition(condition).render(_shown(scope, names_in(condition))) == "1"
        except Exception:  # noqa: BLE001 - as above
            return False


def kind_of(template: tuple[str, str, str], language: str, file_language: str) -> MessageKind:
    """What a message of a `template` (language or "", name, channel) is written in.

    It is in the language of the template's folder; a template outside of such folders is in the customer's `language`,
    else in `file_language`, that of the file.
    """
    own = template[0] or language or file_language
    return MessageKind(own, tuple(dict.fromkeys((own, file_language, ""))), template[2])


@lru_cache(maxsize=256)
def names_in(condition: str) -> Names:
    """The names that a step's `if`, `condition`, may ask for; as of `names_of`."""
    return names_of((f"{{% if {condition} %}}",))


def _shown(scope: dict[str, Any], names: Names) -> dict[str, Any]:
    """What of a `scope` is named, made safe to be shown."""
    return bounded(scope if names is None else {name: value for name, value in scope.items() if name in names})  # type: ignore[no-any-return]


@lru_cache(maxsize=256)
def _condition(expression: str) -> BoundTemplate:
    return _LAX.from_string(f"{{% if {expression} %}}1{{% endif %}}")


def split(text: str) -> tuple[str, str]:
    """A first line `subject: ...`, then a blank line, then the body; without one the whole `text` is body."""
    first, _, rest = text.partition("\n")
    if first.lower().startswith("subject:"):
        return first[len("subject:") :].strip(), rest.lstrip("\n")
    return "", text
