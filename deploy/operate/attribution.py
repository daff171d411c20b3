"""Attribution on request: journeys out of ClickHouse, a model over them, its results into a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from deploy.errors import BadInputError, UnavailableError
from deploy.operate import clickhouse
from schemas.money import MICRO
from schemas.topics import DAY_MS

if TYPE_CHECKING:
    from analysis.attribution.models import Credit
    from schemas.settings import Settings
    from streams.core.campaigns import Attribution

EVER: Final = (date(1970, 1, 1), date(2149, 6, 6))
"""The first and the last day that ClickHouse's `Date` has."""
MEASURES: Final = ("conversions", "revenue")


@dataclass(frozen=True)
class Question:
    """What is asked: a model, the days of the orders (both included), the knobs in days; None: as the stream has it.

    `by` is what shares and removal effects are told of: one of MEASURES.
    """

    model: str
    first: date | None = None
    last: date | None = None
    lookback: int | None = None
    half_life: int | None = None
    by: str = MEASURES[0]


def answer(settings: Settings, question: Question, *, wait: float) -> dict[str, Any]:
    """Compute a model, write its results, and return them as JSON values.

    `wait`: seconds to wait for ClickHouse. Raises BadInputError, UnavailableError.
    """
    try:
        from analysis.attribution.models import credits_of
    except ImportError:
        raise UnavailableError("attribution needs numpy and scipy: pip install 'winback[analysis]'") from None
    from analysis.attribution.journeys import Journey
    from sinks.clickhouse.attribution import Asked, Result, journeys, store

    first, last = question.first or EVER[0], question.last or EVER[1]
    if first > last:
        raise BadInputError(f"--from {first} is after --to {last}: no day lies between them")
    rules = _rules(settings)
    lookback = question.lookback or -(-rules.lookback // DAY_MS)
    half_life = rules.half_life if question.half_life is None else question.half_life * DAY_MS
    decays, days = question.model == "time_decay", -(-half_life // DAY_MS)
    asked = Asked(first, last, settings.timezone, lookback, own_touches=question.lookback is None)
    client = clickhouse.connect(settings, wait=wait, writes=True)
    try:
        clickhouse.state(client)
        found = [Journey(*one) for one in journeys(client, asked)]
        try:
            credited = credits_of(question.model, found, half_life)
        except ValueError as wrong:
            raise BadInputError(f"--model {question.model}: {wrong}") from None
        now = datetime.now(UTC)
        kept = [Result(one.channel, one.currency, one.orders, one.money) for one in credited]
        _write(lambda: store(client, asked, question.model, days if decays else 0, now, kept))
    finally:
        client.close()
    return {
        "model": question.model,
        "from": None if question.first is None else first.isoformat(),
        "to": None if question.last is None else last.isoformat(),
        "lookback_days": lookback,
        "half_life_days": half_life / DAY_MS if decays else None,
        "by": question.by,
        "computed_at": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "journeys": {
            "converted": sum(one.orders for one in found),
            "not_converted": sum(one.customers for one in found if one.is_null),
        },
        "rows": _rows(credited, question.by),
    }


def _rules(settings: Settings) -> Attribution:
    """What the campaigns file of this machine says of attribution."""
    from streams.campaigns import load

    try:
        return load(settings.campaigns).file.attribution
    except (ValueError, OSError) as wrong:
        raise BadInputError(str(wrong)) from None


def _write(statement: Callable[[], None]) -> None:
    from sinks.clickhouse.client import first_line
    from sinks.clickhouse.errors import CLIENT_ERRORS
    from sinks.clickhouse.migrate import ACCESS_DENIED, MAY_NOT_WRITE

    try:
        statement()
    except CLIENT_ERRORS as error:
        why = MAY_NOT_WRITE if getattr(error, "code", None) == ACCESS_DENIED else first_line(error)
        raise UnavailableError(f"the results could not be written: {why}") from None


def _rows(credited: Sequence[Credit], by: str) -> list[dict[str, Any]]:
    """The credits, in each currency the largest first, with the share and the removal effect of what is asked for."""
    nth = MEASURES.index(by)
    totals: dict[str, int] = {}
    for one in credited:
        totals[one.currency] = totals.get(one.currency, 0) + (one.money if nth else one.orders)
    return [
        {
            "channel": one.channel,
            "currency": one.currency,
            "conversions": one.orders / MICRO,
            "revenue": one.money / MICRO,
            "share": (one.money if nth else one.orders) / totals[one.currency] if totals[one.currency] else None,
            "removal_effect": None if one.effects is None else one.effects[nth],
        }
        for one in sorted(credited, key=lambda one: (one.currency, -(one.money if nth else one.orders), one.channel))
    ]
