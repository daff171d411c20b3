"""Whether the arms of campaigns have the sizes that were drawn, for Prometheus.

Where they have not, something is broken (a decision that depends on the arm, rows that were lost), and no number that
compares the arms can be trusted. Whoever looks at `winback uplift` is told; this tells of it before anybody looks.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from sinks.clickhouse import metrics
from sinks.clickhouse.export import EVER, over

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

DAYS: Final = 30
"""Customers whose first decision is older are left out: what breaks today is not hidden by a year that was sound."""


def look(client: Client, today: date) -> None:
    """Show, of each campaign that has drawn a control group lately, how often chance alone makes arms so unlike it.

    `today`: the day to count back from. Campaigns without such customers are shown no more. Raises what the client
    raises.
    """
    read = over("v_uplift", str(today - timedelta(days=DAYS)), EVER["to"])
    found = client.query(
        f"SELECT campaign_id, any(sample_ratio_p_value) FROM {read} "  # noqa: S608 - days
        "WHERE sample_ratio_p_value IS NOT NULL GROUP BY campaign_id"
    ).result_rows
    metrics.SAMPLE_RATIO.clear()
    for campaign, p_value in found:
        metrics.SAMPLE_RATIO.labels(campaign).set(p_value)
