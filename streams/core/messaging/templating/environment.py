"""Liquid environments: which tags and filters there are, what is escaped, and how much a template may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from types import MappingProxyType
from typing import Any, ClassVar, Final

from liquid import Environment, Mode, StrictUndefined, Token, TokenStream, Undefined
from liquid.ast import Node
from liquid.exceptions import LiquidError, LiquidTypeError, UndefinedError

from streams.core.messaging.templating import dates, list_filters, money, number_filters, tags, text_filters
from streams.core.messaging.templating.partials import PartialLoader
from streams.core.messaging.templating.values import known

_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    **text_filters.FILTERS,
    **list_filters.FILTERS,
    **number_filters.FILTERS,
    **dates.FILTERS,
    **money.FILTERS,
}


class Missing(StrictUndefined):
    """A name that is not there: an error wherever it is used, save where `default` stands in for it."""

    __slots__ = ()


class Noted(Undefined):
    """A name that is not there, where all faults are wanted: it is noted where it is used, and is nil."""

    __slots__ = ("faults",)
    faults: list[LiquidError]

    def _note(self) -> None:
        known = any(fault.token == self.token and fault.args == (self.hint,) for fault in self.faults)
        if not known:
            self.faults.append(UndefinedError(self.hint or f"{self.name!r} is undefined", token=self.token))

    def __str__(self) -> str:
        self._note()
        return ""

    def __iter__(self) -> Iterator[Any]:
        self._note()
        return iter(())

    def __liquid__(self) -> object:
        self._note()
        return None

    def poke(self) -> bool:
        """It is used; True, since nothing is raised."""
        self._note()
        return True


class TemplateEnvironment(Environment):
    """Liquid for one kind of text. `html`: values are escaped when they are printed, and nowhere else.

    `strict`: a name that is not there is an error; else it is nil. With a list of `faults` these are noted in it, and
    what comes after them is read and rendered all the same.
    """

    loop_iteration_limit: ClassVar[int | None] = 10_000
    output_stream_limit: ClassVar[int | None] = 1_000_000
    """Bytes, where a mark of markup.py takes four."""
    local_namespace_limit: ClassVar[int | None] = 1_000_000

    def __init__(
        self, *, html: bool = False, strict: bool = True, loader: PartialLoader | None = None,
        faults: list[LiquidError] | None = None,
    ) -> None:  # fmt: skip
        self.html = html
        self.faults = faults
        self._read: Token | None = None
        self.rendered: dict[str, Token] = {}
        """The partials that templates parsed here name, each with the first place."""
        super().__init__(
            tolerance=Mode.STRICT if faults is None else Mode.LAX,
            undefined=Missing if strict else Undefined,
            loader=loader or PartialLoader(MappingProxyType({})),
        )

        if faults is not None:
            for tag in self.tags.values():
                tag.get_node = self._watched(tag.get_node)  # type: ignore[assignment, method-assign]
            self.undefined = self._noted  # type: ignore[assignment]

    def error(self, exc: Any, msg: str | None = None, token: Token | None = None) -> None:
        """A template that cannot be read: noted where all faults are wanted, else raised.

        `exc` is the error or its class, `msg` and `token` are what a class is made with.
        """
        if self.faults is None:
            super().error(exc, msg, token)
            return
        found = exc if isinstance(exc, LiquidError) else exc(msg, token=token)
        found.token = found.token or token
        if self._read is not None and (found.token is None or found.token.start_index < 0):
            # The end of an expression has no place of its own: it is that of its tag.
            found.token = self._read
        self.faults.append(found)

    def _watched(self, read: Callable[[TokenStream], Node]) -> Callable[[TokenStream], Node]:
        def get_node(stream: TokenStream) -> Node:
            self._read = stream.current
            return read(stream)

        return get_node

    def _noted(self, name: str, **more: Any) -> Undefined:
        missing = Noted(name, **more)
        missing.faults = self.faults if self.faults is not None else []
        return missing

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Those of Ruby Liquid 5 and `money`, without `include`, which `render` replaces; `extra` adds the engine's."""
        super().setup_tags_and_filters(extra=extra)
        del self.tags["include"]
        for tag in tags.OWN:
            self.add_tag(tag)
        self.filters.clear()
        for name, function in _FILTERS.items():
            self.add_filter(name, _checked(function))
        self.add_filter("default", _default)


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, given nil for names that are missing where that is no error."""

    @wraps(function)
    def checked(value: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return function(known(value), *map(known, arguments), **{name: known(v) for name, v in named.items()})
        except (OverflowError, RecursionError) as error:
            raise LiquidTypeError(str(error), token=None) from error

    return checked


def _default(value: Any, otherwise: Any = "", *, allow_false: Any = False) -> Any:
    """`default` is where a name may be missing."""
    # `isinstance` asks the value for its class, which is an error of a name that is missing.
    there = None if issubclass(type(value), Undefined) else value
    return list_filters.otherwise(there, known(otherwise), allow_false=known(allow_false))
