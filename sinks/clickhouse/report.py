"""The numbers that `winback report` prints: what is in ClickHouse, told in a page."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sinks.clickhouse.export import view_reads

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

EVENTS: Final = """
SELECT count(), countIf(late), uniqExactIf(current_id, notEmpty(identifiers)),
    min(event_time), max(event_time)
FROM current_events
"""
MERGES: Final = "SELECT countIf(refused = '' AND occurrence = 0), countIf(refused != '') FROM profile_merges FINAL"
DUPLICATES: Final = "SELECT toUInt64(sum(values['duplicates'])) FROM cells FINAL WHERE name = 'duplicate_hour'"
ORDERS: Final = """
SELECT
    currency, sum(c.orders) AS total, sum(value + c.refunds) AS revenue, sum(c.refunds) AS refunds,
    sum(value) AS net_revenue
FROM current_conversions AS c GROUP BY currency ORDER BY net_revenue DESC, currency
"""
FATES: Final = "SELECT fate, count() AS carts FROM carts GROUP BY fate ORDER BY carts DESC, fate"
MESSAGES: Final = "SELECT channel, count() AS sent FROM messages FINAL GROUP BY channel ORDER BY sent DESC, channel"
DECISIONS: Final = """
SELECT campaign_id, outcome, reason, count() AS decisions FROM decisions FINAL
GROUP BY campaign_id, outcome, reason ORDER BY campaign_id, decisions DESC, outcome, reason
"""
TRIGGERS: Final = """
SELECT dimensions['campaign_id'], toUInt64(sum(values['triggered'])) AS triggers FROM cells FINAL
WHERE name = 'campaign_day' GROUP BY 1 HAVING triggers > 0
"""
OUTCOMES: Final = """
SELECT campaign_id, outcome, reason, count() AS decisions FROM decisions FINAL
WHERE outcome = 'sent' OR message_id = '' GROUP BY campaign_id, outcome, reason ORDER BY decisions DESC, reason
"""
RESULTS: Final = """
SELECT
    campaign_id, sum(d), sum(o), sum(c), sum(r), sum(n),
    if(length(arrayDistinct(arrayFlatten(groupArray(coins)))) > 1, NULL, sum(money))
FROM
(
    -- What is not money stands in the row of each currency.
    SELECT
        day, campaign_id, any(delivered) AS d, any(opens) AS o, any(clicks) AS c, any(retracted) AS r,
        sum(conversions) AS n, sum(revenue) AS money, groupArrayIf(currency, revenue != 0) AS coins
    FROM v_campaign_daily GROUP BY day, campaign_id, step, variant
)
GROUP BY campaign_id
"""
CHANNELS: Final = "SELECT channel, count() AS events FROM current_events GROUP BY channel ORDER BY events DESC, channel"
KINDS: Final = """
SELECT kind, name, count() AS events, sum(revenue) AS revenue FROM current_events
WHERE kind != '' GROUP BY kind, name ORDER BY kind, name
"""


def report(client: Client, rows: int | None = None, *, daily: bool = True) -> dict[str, Any]:
    """The counts and sums by subject (`events`, `orders`, ...) as plain JSON values; money is a number.

    `views` has the first so many `rows` of each view, all of them without a number; `rows_left_out` counts the others
    of each view that has more. Without `daily`, views by day that have another one over days are left out.

    Raises what the client raises.
    """
    total, late, customers, first, last = _row(client, EVENTS)
    merges, refused = _row(client, MERGES)
    orders = _named(client, ORDERS)
    messages = dict(_rows(client, MESSAGES))
    fates = dict(_rows(client, FATES))
    return {
        "events": {
            "total": total,
            "late": late,
            "first": _plain(first) if total else None,
            "last": _plain(last) if total else None,
            "by_channel": dict(_rows(client, CHANNELS)),
            "by_kind": _named(client, KINDS),
        },
        "profiles": {"seen": customers, "merges": merges, "refused_links": refused},
        "carts": {"total": sum(fates.values()), "by_fate": fates},
        "messages": {"total": sum(messages.values()), "by_channel": messages},
        "campaigns": campaigns(client),
        "decisions": _named(client, DECISIONS),
        "conversions": {
            "total": sum(row["total"] for row in orders),
            # Currencies are never added: without one of its own, a sum is null.
            **{name: _alone([row[name] for row in orders]) for name in ("revenue", "refunds", "net_revenue")},
            "by_currency": orders,
        },
        **_views(client, rows, daily=daily),
    }


def _views(client: Client, rows: int | None, *, daily: bool) -> dict[str, Any]:
    views, left_out = {}, {}
    for name, read in view_reads(client).items():
        if not daily and name.endswith("_daily"):
            continue
        sql = f"SELECT * FROM {read}"  # noqa: S608 - a view of ours
        views[name] = _named(client, sql if rows is None else f"{sql} LIMIT {rows + 1}")
        if rows is not None and len(views[name]) > rows:
            del views[name][rows:]
            (total,) = _row(client, f"SELECT count() FROM {read}")  # noqa: S608
            left_out[name] = total - rows
    return {"views": views, "rows_left_out": left_out}


def campaigns(client: Client) -> list[dict[str, Any]]:
    """Each campaign that anything happened to: how often it was triggered, what became of it, what it brought back.

    `triggers` are entries of customers into the campaign; each ends, at every step, in one of sent, held out,
    suppressed and cancelled (both by reason), unless it still waits. `deferred` are waits in between.
    """
    found: dict[str, dict[str, Any]] = {}

    def of(campaign_id: str) -> dict[str, Any]:
        return found.setdefault(campaign_id, {
            "campaign_id": campaign_id, "triggers": 0, "sent": 0, "held_out": 0, "suppressed": {}, "cancelled": {},
            "deferred": 0, "retracted": 0, "delivered": 0, "opens": 0, "clicks": 0, "recovered_orders": 0,
            "recovered_revenue": 0,
        })  # fmt: skip

    for campaign_id, triggers in _rows(client, TRIGGERS):
        of(campaign_id)["triggers"] = triggers
    for campaign_id, outcome, reason, decisions in _rows(client, OUTCOMES):
        if outcome in ("suppressed", "cancelled"):
            of(campaign_id)[outcome][reason] = decisions
        else:
            of(campaign_id)[outcome] += decisions
    results = ("delivered", "opens", "clicks", "retracted", "recovered_orders", "recovered_revenue")
    for campaign_id, *values in _rows(client, RESULTS):
        of(campaign_id).update(zip(results, values, strict=True))
    return [found[campaign_id] for campaign_id in sorted(found)]


def _alone(amounts: list[Any]) -> Any:
    return sum(amounts) if len(amounts) < 2 else None


def duplicates(client: Client) -> int:
    """How many events had been there before: no number of the report is of them. Raises what the client raises."""
    (count,) = _row(client, DUPLICATES)
    return int(count)


def _rows(client: Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(map(_plain, row)) for row in client.query(sql).result_rows]


def _row(client: Client, sql: str) -> tuple[Any, ...]:
    return tuple(client.query(sql).result_rows[0])


def _named(client: Client, sql: str) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in row.items()} for row in client.query(sql).named_results()]


def _plain(value: Any) -> Any:
    """A value that JSON has: a number for a Decimal, ISO text for a time."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        # The columns are in UTC; the client leaves that out.
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return value.isoformat() if isinstance(value, date) else value
