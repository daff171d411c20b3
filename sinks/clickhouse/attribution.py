"""Attribution as ClickHouse knows it: the journeys of a time, and the results of models over them.

Times are epoch milliseconds, money is in millionths.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from schemas.money import MICRO
from schemas.topics import DAY_MS

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

DIRECT: Final = "direct"
"""Where an order without a touch comes from, as in the stream."""
_MET: Final = """
SELECT
    current_id, arraySort(groupArray((toUnixTimestamp64Milli(at), toString(channel)))) AS met,
    maxIf(toUnixTimestamp64Milli(at), toDate(at, %(zone)s) BETWEEN %(first)s AND %(last)s) AS anchor
FROM current_touches
GROUP BY current_id
"""
_ORDERS: Final = """
SELECT
    order_id, currency, argMax(current_id, kind IN ('order', 'renewal')) AS customer,
    sumIf(conversions.orders, toDate(at, %(zone)s) BETWEEN %(first)s AND %(last)s) AS total,
    sumIf(value, toDate(at, %(zone)s) BETWEEN %(first)s AND %(last)s) AS money,
    toUnixTimestamp64Milli(argMax(at, kind IN ('order', 'renewal'))) AS ordered,
    argMax(touches, kind IN ('order', 'renewal')) AS shown
FROM current_conversions AS conversions
WHERE credits NOT IN ('', '{{}}')
GROUP BY order_id, currency
HAVING total != 0 OR money != 0
"""
CONVERTED: Final = """
SELECT
    arrayMap(touch -> JSONExtractString(touch, 'channel'), JSONExtractArrayRaw(shown)) AS channels,
    arrayMap(
        touch -> toUnixTimestamp64Milli(parseDateTime64BestEffort(JSONExtractString(touch, 'at'), 3, 'UTC')),
        JSONExtractArrayRaw(shown)
    ) AS times,
    ordered, currency, total, money
FROM ({orders})
"""
CONVERTED_WITHIN: Final = """
SELECT
    arrayMap(touch -> touch.2, within) AS channels, arrayMap(touch -> touch.1, within) AS times, ordered, currency,
    total, money
FROM
(
    SELECT
        ordered, currency, total, money,
        arrayFilter(touch -> touch.1 BETWEEN ordered - %(lookback)s AND ordered, met) AS within
    FROM ({orders}) AS placed
    LEFT JOIN ({met}) AS known ON known.current_id = placed.customer
)
"""
NULLS: Final = """
SELECT
    arrayMap(touch -> touch.2, arrayFilter(touch -> touch.1 BETWEEN anchor - %(lookback)s AND anchor, met)) AS channels,
    count() AS customers
FROM ({met})
WHERE anchor > 0 AND current_id NOT IN (SELECT customer FROM ({orders}) WHERE total > 0)
GROUP BY channels
"""
TABLE: Final = "attribution_results"
COLUMNS: Final = (
    "model", "from_day", "to_day", "computed_at", "lookback_days", "half_life_days", "channel", "currency",
    "conversions", "revenue",
)  # fmt: skip


class Asked(NamedTuple):
    """The days that are asked about (both included, in the time zone), and how long before an order touches count.

    `own_touches`: orders have the touches that the stream has credited them to, whatever the `lookback_days`.
    """

    first: date
    last: date
    timezone: str
    lookback_days: int
    own_touches: bool


class Found(NamedTuple):
    """A journey that ended in an order, or those of so many `customers` over the same channels that ended in none."""

    channels: tuple[str, ...]
    times: tuple[int, ...] = ()
    at: int = 0
    currency: str = ""
    orders: int = 0
    value: int = 0
    customers: int = 1


def journeys(client: Client, asked: Asked) -> list[Found]:
    """The journeys of all customers on the days asked about. Raises what the client raises.

    - An order is a journey over the touches before it. What happened to its money on these days is its value, also
      where the order itself was on another day, and is none here.
    - Who placed no order on these days, or none that stands, and met a channel, is a journey without: the touches of
      the lookback before the last one on these days.
    """
    values = {
        "zone": asked.timezone, "first": asked.first.isoformat(), "last": asked.last.isoformat(),
        "lookback": asked.lookback_days * DAY_MS,
    }  # fmt: skip
    orders, met = _ORDERS.format(), _MET
    converted = CONVERTED if asked.own_touches else CONVERTED_WITHIN
    return [
        *_converted(client, converted.format(orders=orders, met=met), values),
        *(
            Found(tuple(channels), customers=customers)
            for channels, customers in client.query(NULLS.format(orders=orders, met=met), parameters=values).result_rows
        ),
    ]


def _converted(client: Client, sql: str, values: dict[str, Any]) -> Iterable[Found]:
    for channels, times, ordered, currency, orders, money in client.query(sql, parameters=values).result_rows:
        known = (tuple(channels), tuple(times)) if channels else ((DIRECT,), (ordered,))
        yield Found(*known, ordered, currency, orders, int(money * MICRO))


class Result(NamedTuple):
    """What a channel is credited with in one currency, orders and money in millionths."""

    channel: str
    currency: str
    orders: int
    money: int


def store(
    client: Client, asked: Asked, model: str, half_life_days: int, computed_at: datetime, results: Sequence[Result]
) -> None:
    """Write the results of a `model`, in one insert, so that a reader sees all of them or none.

    `half_life_days`, in days, is 0 for models without. Raises what the client raises.
    """
    rows = [
        (
            model, asked.first, asked.last, computed_at, asked.lookback_days, half_life_days, one.channel, one.currency,
            Decimal(one.orders).scaleb(-6), Decimal(one.money).scaleb(-6),
        )
        for one in results
    ]  # fmt: skip
    if rows:
        client.insert(TABLE, rows, column_names=list(COLUMNS))
