"""This machine's clock beside ClickHouse's, and the age of the time zones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from deploy.errors import UnavailableError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

APART: Final = 5.0
"""Seconds that two clocks may differ; decisions wait for 30 (WINBACK_LATENESS)."""
OLD_YEARS: Final = 2


def theirs(client: Client) -> float:
    """What ClickHouse's clock shows, in epoch seconds."""
    return float(client.query("SELECT toUnixTimestamp64Milli(now64(3)) / 1000").result_rows[0][0])


def told(shown: float, before: float, after: float) -> str:
    """What to say when ClickHouse's clock has `shown` a time between `before` and `after`, all in epoch seconds.

    Raises UnavailableError when it has not, and they differ by more than APART.
    """
    apart = max(before - shown, shown - after, 0.0)
    if apart > APART:
        raise UnavailableError(
            f"this machine and ClickHouse's differ by {apart:,.0f} s: `timedatectl set-ntp true` where it is wrong"
        )
    return f"as ClickHouse's ({datetime.fromtimestamp(after, UTC):%Y-%m-%d %H:%M:%S} UTC)"


def zones(version: str, year: int) -> str:
    """What to say of a `version` of tzdata, such as 2025.2, in a `year`. Raises UnavailableError when it is old."""
    if year - int(version[:4]) >= OLD_YEARS:
        raise UnavailableError(
            f"those of tzdata {version}, which is old: `pip install --upgrade tzdata` on all workers alike"
        )
    return f"those of tzdata {version}, whatever the system has"
