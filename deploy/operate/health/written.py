"""What the topics and ClickHouse say of one another: dead letters, sinks that write into nothing, missing rates."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from deploy.errors import UnavailableError
from deploy.operate import broker, draining, links
from schemas.topics import CHANNEL_TOPICS, DAY_MS, DEAD_LETTERS, STITCHED_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clickhouse_connect.driver.client import Client

    from schemas.settings import Settings
    from streams.core.campaigns import Campaigns

SHARE: Final = 0.1
"""Dead letters of a day, in records of that day, that are a fault; a handful is none."""
LEAST: Final = 10
AHEAD: Final = 1_000
"""Records that the sinks may have committed while ClickHouse shows nothing yet."""


async def dead_letters(settings: Settings) -> str:
    """What to say of dead letters of the last day when there are few. Raises UnavailableError when there are many."""
    since = time.time_ns() // 1_000_000 - DAY_MS
    async with links.consumer(settings) as consumer:
        ends = await draining.ends(consumer, [*CHANNEL_TOPICS, DEAD_LETTERS], settings)
        begins = await consumer.offsets_for_times(dict.fromkeys(ends, since))
    new = {tp: end - begins[tp].offset for tp, end in ends.items() if begins.get(tp) is not None}
    dead = sum(count for tp, count in new.items() if tp.topic == DEAD_LETTERS)
    return told(dead, sum(new.values()) - dead)


def told(dead: int, records: int) -> str:
    """What to say of so many dead letters of so many `records`. Raises UnavailableError for ten, over a tenth."""
    if not dead:
        return "none in the last day"
    named = (
        f"{dead:,} in the last day, of {records:,} records: `winback deadletters --by reason,source` names their source"
    )
    if dead >= LEAST and dead > SHARE * records:
        raise UnavailableError(named)
    return named


async def committed(settings: Settings, *, wait: float) -> int:
    """How many records of `stitched.events` the sinks have committed; the broker is waited for `wait` seconds.

    Raises UnavailableError.
    """
    async with broker.admin(settings, wait=wait) as client:
        have = await draining.offsets(client, f"{settings.group}-sinks")
    return sum(offset for tp, offset in have.items() if tp.topic == STITCHED_EVENTS)


def rows(client: Client, done: int) -> str:
    """What to say when ClickHouse has what the sinks have committed (`done` records). Raises UnavailableError."""
    there = client.query("SELECT count() FROM events").result_rows[0][0]
    if not there and done > AHEAD:
        raise UnavailableError(
            f"the sinks have committed {done:,} events and the table has none: it was emptied, or they write to "
            "another ClickHouse. Start `winback sinks` again: it reads all topics from their beginning"
        )
    return f"{there:,} rows of events, {done:,} records committed"


def rates(client: Client, campaigns: Campaigns) -> str:
    """What to say when every currency of the last month can be converted. Raises UnavailableError naming the others."""
    found = [row[0] for row in client.query(
        "SELECT DISTINCT currency FROM cart_transitions WHERE currency != '' AND at > now() - INTERVAL 30 DAY"
    ).result_rows]  # fmt: skip
    return rates_told(found, campaigns)


def rates_told(currencies: Iterable[str], campaigns: Campaigns) -> str:
    """The same, of these `currencies` of carts. Raises UnavailableError."""
    seen = sorted(set(currencies))
    if len(seen) < 2:
        return f"carts are in one currency ({seen[0]})" if seen else "there are no carts yet"
    now = time.time_ns() // 1_000_000
    rates = campaigns.rates
    base = None if rates is None else rates.base
    lacks = [one for one in seen if rates is None or base is None or rates.between(one, base, now) is None]
    if lacks:
        raise UnavailableError(
            f"the campaigns file lacks rates for {', '.join(lacks)}: carts of several currencies have no value. Add "
            "them to its `rates`, then `winback campaigns apply`"
        )
    return f"{', '.join(seen)} can be converted"
