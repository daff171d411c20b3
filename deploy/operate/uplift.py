"""What campaigns caused: customers from ClickHouse, through the statistics of experiments, to rows that say it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from deploy.errors import UnavailableError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from sinks.clickhouse.experiments import Bought, Enrolled


def uplift(client: Client, first: date, last: date, timezone: str) -> list[dict[str, Any]]:
    """A row for each campaign, metric and currency, of customers first decided about from `first` to `last`.

    Both days are included, and are those of `timezone`. A row has the columns of v_uplift; what belongs to an effect
    is an object of its own (`difference`, `lift`, `cuped`, each with its intervals, or null), as is `sample_ratio`.
    Raises UnavailableError when the statistics are not installed.
    """
    from sinks.clickhouse.experiments import enrolled

    try:
        from analysis.experiments.verdicts import verdicts
    except ModuleNotFoundError as missing:
        raise UnavailableError(f"{missing.name} is not installed: pip install 'winback[analysis]'") from None

    found = [
        (campaign_id, people, *measured)
        for campaign_id, people in sorted(enrolled(client, first, last, timezone).items())
        for measured in _measured(people)
    ]
    said = verdicts([(measured, ratio) for *_, measured, ratio in found])
    return [
        {
            "campaign_id": campaign_id,
            "metric": metric,
            "currency": currency,
            "verdict": verdict.word,
            "adjusted_p_value": verdict.adjusted_p_value,
            "treatment_customers": measured.treatment,
            "control_customers": measured.control,
            "contaminated": people.contaminated,
            "apart": measured.apart,
            "treatment_mean": measured.treatment_mean,
            "control_mean": measured.control_mean,
            "difference": measured.difference and asdict(measured.difference),
            "lift": measured.lift and asdict(measured.lift),
            "cuped": measured.adjusted and {**asdict(measured.adjusted), "explained": measured.explained},
            "detectable": measured.detectable,
            "sample_ratio": ratio and {**asdict(ratio), "alarm": ratio.alarm},
        }
        for (campaign_id, people, metric, currency, measured, ratio), verdict in zip(found, said, strict=True)
    ]


def _measured(people: Enrolled) -> Iterator[tuple[str, str, Any, Any]]:
    """(metric, currency, what was measured, the check of the arms) of one campaign."""
    import numpy as np

    from analysis.experiments.measure import Customers, measure

    shares = [float("nan") if share is None else share for share in people.shares]
    customers = Customers(np.array(people.treated, dtype=bool), np.array(shares, dtype=float))
    ratio = customers.ratio()

    def numbers(of: Callable[[Bought], float], currency: str | None = None) -> Any:
        return np.array([
            sum(of(one) for one in bought if currency is None or one.currency == currency) for bought in people.bought
        ], dtype=float)  # fmt: skip

    orders, before = numbers(lambda one: one.orders), numbers(lambda one: one.orders_before)
    yield "conversion", "", measure(customers, (orders > 0).astype(float), before), ratio
    currencies = {one.currency for bought in people.bought for one in bought}
    with_margin = {one.currency for bought in people.bought for one in bought if one.margins}
    for currency in sorted(currencies):
        earlier = numbers(lambda one: one.revenue_before, currency)
        if currency in with_margin:
            yield "margin", currency, measure(customers, numbers(lambda one: one.margin, currency), earlier), ratio
        yield "revenue", currency, measure(customers, numbers(lambda one: one.revenue, currency), earlier), ratio
