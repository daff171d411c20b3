"""Partials: templates that other templates show with `{% render "name" %}`, all of one folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from liquid.exceptions import TemplateNotFoundError
from liquid.loader import BaseLoader, TemplateSource

if TYPE_CHECKING:
    from liquid import BoundTemplate, Environment, RenderContext

NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
"""What a partial may be called: never a path."""
MESSAGE: Final = " message"
"""What the `MessageKind` is called in a scope: no template can name it."""


class MessageKind(NamedTuple):
    """What a message is written for: its `language` (two letters) and its `channel`.

    `languages`: the folders where its partials are looked for, in this order, "" for none.
    """

    language: str
    languages: tuple[str, ...]
    channel: str


class PartialLoader(BaseLoader):
    """Finds a partial in the customer's language, else in the file's, else in none.

    `texts` are by (language, name, channel).
    """

    def __init__(self, texts: Mapping[tuple[str, str, str], str]) -> None:
        self._texts = texts
        self._parsed: dict[tuple[str, str, str], BoundTemplate] = {}

    def get_source(
        self, env: Environment, template_name: str, *, context: RenderContext | None = None, **kwargs: object
    ) -> TemplateSource:
        """The text of `template_name` for the message of this `context`. Raises TemplateNotFoundError."""
        del env, kwargs
        return TemplateSource(self._texts[self._place(template_name, context)], template_name, None)

    def load(
        self, env: Environment, name: str, *, globals: Any = None,  # noqa: A002 - the engine's name
        context: RenderContext | None = None, **kwargs: object,
    ) -> BoundTemplate:  # fmt: skip
        """The partial `name`, parsed once with its `globals`. Raises TemplateNotFoundError."""
        del kwargs
        place = self._place(name, context)
        if place not in self._parsed:
            self._parsed[place] = env.from_string(self._texts[place], name=name, path="/".join(place), globals=globals)
        return self._parsed[place]

    def _place(self, name: str, context: RenderContext | None) -> tuple[str, str, str]:
        kind = context.resolve(MESSAGE, default=None) if context is not None else None
        if isinstance(kind, MessageKind):
            for language in kind.languages:
                if (language, name, kind.channel) in self._texts:
                    return language, name, kind.channel
        raise TemplateNotFoundError(f"no partial {name!r}", token=None)
