"""Customers of campaigns with their arms and what they bought, as ClickHouse has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

ROWS: Final = """
SELECT campaign_id, contaminated, arm = 'treatment' AS treated, control_share, bought
FROM experiment_outcomes
WHERE step = '' AND toDate(first_at, %(timezone)s) BETWEEN %(first)s AND %(last)s
ORDER BY campaign_id, first_at, customer
"""


@dataclass(slots=True)
class Bought:
    """What a customer bought in one currency since the first decision, and in the 90 days before; money is exact."""

    currency: str
    orders: int
    revenue: float
    margin: float
    margins: int
    orders_before: int
    revenue_before: float


@dataclass(slots=True)
class Enrolled:
    """The customers of one campaign, an entry each in the order of their first decisions.

    `treated`: whether the arm is treatment; `shares`: the chance (0 to 1) with which it was drawn control, None where
    it is not known; `bought`: an entry for each currency. `contaminated`: how many more were in both arms.
    """

    treated: list[bool] = field(default_factory=list)
    shares: list[float | None] = field(default_factory=list)
    bought: list[list[Bought]] = field(default_factory=list)
    contaminated: int = 0


def enrolled(client: Client, first: date, last: date, timezone: str) -> dict[str, Enrolled]:
    """The customers of each campaign whose first decision fell on the days from `first` to `last`, both included.

    Days are those of `timezone` (a name of the IANA list). Raises what the client raises.
    """
    found: dict[str, Enrolled] = {}
    values = {"timezone": timezone, "first": first, "last": last}
    for campaign_id, contaminated, treated, share, bought in client.query(ROWS, parameters=values).result_rows:
        campaign = found.setdefault(campaign_id, Enrolled())
        if contaminated:
            campaign.contaminated += 1
            continue
        campaign.treated.append(bool(treated))
        campaign.shares.append(share)
        campaign.bought.append([
            Bought(**{**one, "revenue": float(one["revenue"]), "revenue_before": float(one["revenue_before"])})
            for one in bought
        ])  # fmt: skip
    return found
