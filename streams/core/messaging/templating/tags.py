"""Tags that write values: as Ruby writes them, and for HTML with the author's markup marked (markup.py)."""

from __future__ import annotations

from typing import Any, Final, TextIO, cast

from liquid import RenderContext, Token, TokenStream
from liquid.ast import Node
from liquid.builtin.content import ContentNode, Literal
from liquid.builtin.expressions import FilteredExpression, StringLiteral
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.assign_tag import AssignNode, AssignTag
from liquid.builtin.tags.cycle_tag import CycleNode, CycleTag
from liquid.builtin.tags.echo_tag import EchoNode, EchoTag
from liquid.builtin.tags.render_tag import RenderNode, RenderTag
from liquid.builtin.tags.tablerow_tag import TableRow, TablerowNode, TablerowTag
from liquid.exceptions import BreakLoop, ContinueLoop, LiquidError, LiquidSyntaxError
from liquid.tag import Tag

from streams.core.messaging.templating import markup
from streams.core.messaging.templating.loops import Loop, LoopTag
from streams.core.messaging.templating.partials import NAME
from streams.core.messaging.templating.values import integer, known, shown

_WRITTEN: Final = {
    "append": (0,), "prepend": (0,), "default": (0,), "join": (0,), "replace": (1,), "replace_first": (1,),
    "replace_last": (1,), "truncate": (1,), "truncatewords": (1,),
}  # fmt: skip
"""The arguments of filters that go into the text: in quotes they are the author's."""


class _Content(Literal):
    """What stands between the tags."""

    def parse(self, stream: TokenStream) -> ContentNode:
        """Marked as the author's own for HTML."""
        node = super().parse(stream)
        if _html(self):
            node.text = markup.trusted(node.text)
        return node


class _Shown(OutputNode):
    """`{{ value }}`."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the value as text."""
        try:
            return buffer.write(shown(known(self.expression.evaluate(context))))
        except LiquidError as fault:
            _noted(context, fault, self.token)
            return 0


class _Read(Tag):
    """A tag with filters: those that there are not are refused when it is read."""

    def parse(self, stream: TokenStream) -> Any:
        """As the engine's own, its filters known."""
        node: Any = super().parse(stream)  # type: ignore[safe-super] # those beside it have one
        _read(self, node.expression)
        return node


class _Output(_Read, Output):
    node_class = _Shown


class _EchoNode(_Shown, EchoNode):
    __slots__ = ()


class _Echo(_Read, EchoTag):
    node_class = _EchoNode


class _AssignNode(AssignNode):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Give the value a name."""
        try:
            return super().render_to_output(context, buffer)
        except LiquidError as fault:
            _noted(context, fault, self.token)
            context.assign(self.name, None)
            return 0


class _Assign(_Read, AssignTag):
    node_class = _AssignNode


class _CycleNode(CycleNode):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the value whose turn it is."""
        values = [known(argument.evaluate(context)) for argument in self.args]
        group = shown(known(self.group.evaluate(context))) if self.group is not None else str(values)
        return buffer.write(shown(values[context.cycle(group, len(values))]))


class _Cycle(CycleTag):
    node_class = _CycleNode


class _TablerowNode(TablerowNode):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the rows; for HTML their tags are marked as the author's."""
        if known(self.expression.iterable.evaluate(context)) is None:
            return 0
        items, length = self.expression.evaluate(context)
        of = known(self.expression.cols.evaluate(context)) if self.expression.cols is not None else None
        row = TableRow(self.expression.identifier, items, length, length if of is None else integer(of))
        names: dict[str, Any] = {"tablerowloop": row}

        def tag(text: str) -> None:
            buffer.write(markup.trusted(text) if getattr(context.env, "html", False) else text)

        tag('<tr class="row1">\n')
        with context.loop(names, row):
            for item in row:
                names[self.expression.identifier] = item
                tag(f'<td class="col{row.col}">')
                try:
                    self.block.render(context, buffer)
                except ContinueLoop:
                    pass
                except BreakLoop:
                    tag("</td>")
                    break
                tag("</td>")
                if row.col_last and not row.last:
                    tag(f'</tr>\n<tr class="row{row.row + 1}">')
        tag("</tr>\n")
        return 1


class _Tablerow(TablerowTag):
    node_class = _TablerowNode

    def parse(self, stream: TokenStream) -> TablerowNode:
        """As the engine's own, with the loop of Ruby."""
        node = super().parse(stream)
        node.expression = Loop.of(node.expression)
        return node


class _Render(RenderTag):
    def parse(self, stream: TokenStream) -> Node:
        """A partial is named in quotes. Raises LiquidSyntaxError for anything that is not just a name."""
        node = super().parse(stream)
        node = cast("RenderNode", node)
        if not isinstance(node.name, StringLiteral) or not NAME.fullmatch(node.name.value):
            raise LiquidSyntaxError("render takes the name of a partial in quotes, such as 'footer'", token=node.token)
        rendered = getattr(self.env, "rendered", None)
        if rendered is not None:
            rendered.setdefault(node.name.value, node.token)
        return node


OWN: Final = (_Content, _Output, _Echo, _Assign, _Cycle, _Tablerow, _Render, LoopTag)
"""All of them."""


def _noted(context: RenderContext, fault: LiquidError, token: Token) -> None:
    """Note a fault where all are wanted; raise it where they are not."""
    faults = getattr(context.env, "faults", None)
    fault.token = fault.token or token
    if faults is None:
        raise fault
    faults.append(fault)


def _html(tag: Any) -> bool:
    return bool(getattr(tag.env, "html", False))


def _read(tag: Any, expression: Any) -> None:
    """Refuse filters that there are not, and mark what the author wrote in quotes."""
    if not isinstance(expression, FilteredExpression):
        return
    for used in expression.filters or ():
        if used.name not in tag.env.filters:
            raise LiquidSyntaxError(f"unknown filter '{used.name}'", token=used.token)
        if _html(tag):
            for place in _WRITTEN.get(used.name, ()):
                if place < len(used.args):
                    _trust(used.args[place].value)
    if _html(tag):
        _trust(expression.left)


def _trust(literal: Any) -> None:
    if isinstance(literal, StringLiteral):
        literal.value = markup.trusted_literal(literal.value)
