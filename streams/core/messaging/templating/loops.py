"""Loops as Ruby has them: a limit or an offset that is nil is none, and a limit of 0 is no round at all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from liquid import RenderContext
from liquid.builtin.expressions import LoopExpression, StringLiteral
from liquid.builtin.tags.for_tag import ForNode, ForTag
from liquid.exceptions import LiquidTypeError
from liquid.expression import Expression

from streams.core.messaging.templating.values import integer, known


class Loop(LoopExpression):
    """What `for` and `tablerow` go through."""

    __slots__ = ()

    @classmethod
    def of(cls, parsed: LoopExpression) -> Loop:
        """The same expression as `parsed`."""
        return cls(
            parsed.token, parsed.identifier, parsed.iterable,
            limit=parsed.limit, offset=parsed.offset, reversed_=parsed.reversed, cols=parsed.cols,
        )  # fmt: skip

    def evaluate(self, context: RenderContext) -> tuple[Iterator[object], int]:
        """The items to go through, and how many they are."""
        found, length = self._to_iter(known(self.iterable.evaluate(context)), context)
        key = f"{self.identifier}-{self.iterable}"
        if isinstance(self.offset, StringLiteral) and self.offset.value == "continue":
            start = context.stopindex(key)
        else:
            start = self._count(self.offset, context) or 0
        limit = self._count(self.limit, context)
        first = min(max(start, 0), length)
        stop = max(first, length if limit is None else min(start + limit, length))
        context.stopindex(key=key, index=start + stop - first)
        context.raise_for_loop_limit(stop - first)
        chosen: Iterator[Any] = islice(found, first, stop)
        return (reversed(list(chosen)) if self.reversed else chosen), stop - first

    @staticmethod
    def _count(expression: Expression | None, context: RenderContext) -> int | None:
        value = None if expression is None else known(expression.evaluate(context))
        if value is None:
            return None
        try:
            return integer(value)
        except LiquidTypeError as error:
            error.token = expression.token if expression is not None else None
            raise


class LoopTag(ForTag):
    """`for`."""

    def parse(self, stream: Any) -> ForNode:
        """As the engine's own reads `stream`, with the loop above."""
        node = cast("ForNode", super().parse(stream))
        node.expression = Loop.of(node.expression)
        return node
