"""The `date` filter: times in UTC, and never the time of the machine that renders them.

Ruby's own reads the clock for `now` and fills from today what a text leaves out; a message must not depend on when and
where it is written, so both are the moment at which it was decided.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from dateutil import parser
from liquid.filter import with_context

from schemas.times import parse
from streams.core.messaging.templating import markup
from streams.core.messaging.templating.strftime import strftime
from streams.core.messaging.templating.values import text

if TYPE_CHECKING:
    from liquid import RenderContext

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOW: Final = frozenset({"now", "today"})
LONGEST_TEXT: Final = 100
"""A longer text is no time."""


@with_context
def _date(value: Any, form: Any = None, *, context: RenderContext) -> Any:
    """The text of a time by strftime's directives, in UTC; the `value` itself where it is no time, or `form` is empty.

    A `value` is ISO 8601, seconds or milliseconds since 1970, a date in words (`March 5, 2026`), or `now`.
    """
    shape = markup.plain(text(form))
    if not shape or isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    given = markup.plain(value).strip() if isinstance(value, str) else value
    if isinstance(given, str) and given.lower() in _NOW:
        given = context.resolve("now", default=0)
    moment = _moment(given, context)
    return value if moment is None else strftime(moment, shape)


def _moment(given: str | float, context: RenderContext) -> datetime | None:
    """A time; None for what is none."""
    try:
        ms = parse(given)
        if ms is not None:
            return _EPOCH + timedelta(milliseconds=ms)
        return _in_words(given, context) if isinstance(given, str) and 0 < len(given) <= LONGEST_TEXT else None
    except (ValueError, OverflowError):
        return None


def _in_words(said: str, context: RenderContext) -> datetime | None:
    """A date as people write it; the year of the message where it names none."""
    now = parse(context.resolve("now", default=0)) or 0
    midnight = (_EPOCH + timedelta(milliseconds=now)).replace(hour=0, minute=0, second=0, microsecond=0)
    found: datetime = parser.parse(said, default=midnight)
    return found if found.tzinfo is None else found.astimezone(UTC)


FILTERS: Final[dict[str, Callable[..., Any]]] = {"date": _date}
