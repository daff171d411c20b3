"""What the page asks ClickHouse: the SQL, what makes an answer old, and the rows as the page shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.operate.person.explanations import why

Row = Mapping[str, Any]
Part = dict[str, Any]

DAYS: Final = 30
"""Days that the page's totals are of, up to today, or to the last day with an event where that is long ago."""
NEVER: Final = 1970
LATEST: Final = 20
"""Decisions that are shown."""
MOST_ROWS: Final = 50
LAST_DAY: Final = "SELECT toDate(max(event_time), {zone:String}), toDate(now(), {zone:String}) FROM events"
"""The last day with an event, and today, in the shop's time zone; ClickHouse knows them without reading a row."""


@dataclass(frozen=True)
class Question:
    """One question, asked again if one of its `tables` was written to since, and not for what cannot have changed.

    It rests for `every` seconds at least, and longer while the sinks have little to do; for `longest` at most.
    `shown` makes the part of the page of the rows. In the SQL, {first} and {last} are the days of the period.
    """

    name: str
    sql: str
    tables: frozenset[str]
    every: float
    longest: float
    shown: Callable[[Sequence[Row]], Any]


def period(last: date, today: date) -> tuple[date, date] | None:
    """The first and the last day of the page's totals, given the last day with an event and today; None without one.

    The latest event of an empty table is of 1970.
    """
    if last.year <= NEVER:
        return None
    end = max(last, today) if today - last < timedelta(days=DAYS) else last
    return end - timedelta(days=DAYS - 1), end


def decisions(rows: Sequence[Row]) -> list[Part]:
    """The latest decisions, each with its reason in words, of `rows` of the table."""
    return [
        {
            "at": _moment(row["at"]),
            "campaign": row["campaign_id"],
            "step": row["step"],
            "trigger": row["trigger_type"],
            "arm": row["arm"],
            "outcome": row["outcome"],
            "why": why({**row, "at": _moment(row["at"])}, ()),
        }
        for row in rows
    ]


def carts(rows: Sequence[Row]) -> list[Part]:
    """What became of the carts of the period, of `rows` of v_cart_funnel; shares are of the carts opened."""
    opened = next((int(row["number"]) for row in rows if row["step"] == "opened"), 0)
    return [
        {
            "step": row["step"],
            "carts": int(row["number"]),
            "share": _number(row["number"] / opened) if opened else None,
        }
        for row in rows
    ]


def campaigns(rows: Sequence[Row]) -> list[Part]:
    """What campaigns have caused by the rate of customers who bought, with its interval, of `rows` of v_uplift."""
    return [
        {
            "campaign": row["campaign_id"],
            "treatment": int(row["treatment_customers"]),
            "control": int(row["control_customers"]),
            "treatment_rate": _number(row["treatment_mean"]),
            "control_rate": _number(row["control_mean"]),
            "difference": _number(row["difference"]),
            "low": _number(row["always_low"]),
            "high": _number(row["always_high"]),
            "verdict": row["verdict"],
        }
        for row in rows[:MOST_ROWS]
    ]


def messages(rows: Sequence[Row]) -> list[Part]:
    """What became of the messages of the period by channel, of `rows` of message_facts."""
    names = ("sent", "delivered", "bounced", "opened", "clicked", "unsubscribed", "complained")
    return [{"channel": row["channel"], **{name: int(row[f"n_{name}"]) for name in names}} for row in rows[:MOST_ROWS]]


QUESTIONS: Final = (
    Question(
        "decisions",
        f"""
SELECT decided_at AS at, campaign_id, step, trigger_type, arm, outcome, reason, message_id
FROM decisions ORDER BY decided_at DESC, decision_id LIMIT 1 BY decision_id LIMIT {LATEST}""",  # noqa: S608 - a number
        frozenset({"decisions"}), 5.0, 15.0, decisions,
    ),
    Question(
        "carts",
        """
SELECT step, sum(carts) AS number FROM v_cart_funnel(from = '{first}', to = '{last}')
GROUP BY position, step ORDER BY position""",
        frozenset({"cart_transitions", "profile_merges"}), 60.0, 300.0, carts,
    ),
    Question(
        "messages",
        """
SELECT channel, count() AS n_sent, countIf(delivered) AS n_delivered, countIf(bounced) AS n_bounced,
       countIf(opened) AS n_opened, countIf(clicked) AS n_clicked, countIf(unsubscribed) AS n_unsubscribed,
       countIf(complained) AS n_complained
FROM message_facts WHERE ours AND day BETWEEN '{first}' AND '{last}' GROUP BY channel ORDER BY n_sent DESC, channel""",
        frozenset({"messages", "events"}), 60.0, 300.0, messages,
    ),
    Question(
        "campaigns",
        """
SELECT campaign_id, treatment_customers, control_customers, treatment_mean, control_mean, difference, always_low,
       always_high, verdict
FROM v_uplift(from = '{first}', to = '{last}') WHERE metric = 'conversion' ORDER BY campaign_id""",
        frozenset({"decisions", "conversions"}), 60.0, 900.0, campaigns,
    ),
)  # fmt: skip
"""All questions, the cheap ones first."""


def _number(value: Any) -> float | None:
    return None if value is None else round(float(value), 6)


def _moment(value: datetime) -> str:
    from deploy.operate.person.timeline import moment

    return moment(value)
