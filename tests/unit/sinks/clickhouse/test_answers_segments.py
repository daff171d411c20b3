"""Segments in ClickHouse: the view and the table against plain Python over the records of a simulated shop."""

from __future__ import annotations

from typing import Any

from schemas.topics import SEGMENTS_MEMBERSHIP
from sinks.clickhouse.load import load
from tests.answers import segments
from tests.support.shop_topics import SEGMENTS, shop_records, shop_topics


def test_the_shops_segments_day_by_day(shop: Any) -> None:
    """Members, who entered and who left, of each segment and day of the simulated shop; and who is in at the end."""
    told = shop_topics()[SEGMENTS_MEMBERSHIP]
    wanted = segments.segments(told)
    assert {row[0] for row in wanted} == {name for name, _ in SEGMENTS}
    assert {row["reason"] for row in told} == {"event", "time", "merge"}
    assert [tuple(row) for row in shop.query("SELECT * FROM v_segments").result_rows] == wanted
    now = shop.query("SELECT segment, profile_id FROM current_members").result_rows
    assert {tuple(row) for row in now} == segments.members(told)


def test_what_is_loaded_twice_counts_once(shop: Any) -> None:
    """After a crash the sink reads again."""
    before = shop.query("SELECT * FROM v_segments").result_rows
    load(shop, [record for record in shop_records() if record.topic == SEGMENTS_MEMBERSHIP])
    assert shop.query("SELECT * FROM v_segments").result_rows == before
