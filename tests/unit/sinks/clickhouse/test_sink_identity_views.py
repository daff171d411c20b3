"""The views about identity: who is known on each channel, and whether stitching is sound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.record import Record
from sinks.clickhouse.load import load
from tests.support import sink_rows as make

Rows = Callable[[str], list[tuple[Any, ...]]]
A, B, C, D = (make.hexed(name) for name in "ABCD")
NOON, HOUR = make.NOON, make.HOUR


def by(type_: str, profile: str, at: int, channel: str = "web") -> Record:
    """An event of a profile whose strongest identifier is of some type."""
    return make.event(profile, "Product Viewed", at, channel=channel, identifiers=[{"type": type_, "value": "v"}])


def test_match_rate(client: Any, rows: Rows) -> None:
    """A customer is known on every channel once any event of theirs showed a person; a merge makes old events known."""
    load(client, [
        by("anonymous_id", A, NOON), by("anonymous_id", A, NOON + 1), by("device_id", A, NOON + 2, "app"),
        by("email", B, NOON, "store"), by("order_id", C, NOON, "store"), by("loyalty_card", D, NOON, "store"),
        make.event(D, "Spot Aired", NOON, channel="broadcast", identifiers=[]),
    ])  # fmt: skip
    assert rows("SELECT * FROM v_match_rate") == [
        ("app", 1, 0, 0.0, 1, 0), ("broadcast", 1, 0, 0.0, 0, 0), ("store", 3, 2, 2 / 3, 3, 2),
        ("web", 2, 0, 0.0, 1, 0),
    ]  # fmt: skip
    load(client, [make.merge(A, B)])
    assert rows("SELECT * FROM v_match_rate WHERE channel IN ('app', 'web')") == [
        ("app", 1, 1, 1.0, 1, 1), ("web", 2, 2, 1.0, 1, 1),
    ]  # fmt: skip


def test_identity_health(client: Any, rows: Rows) -> None:
    """Sizes of clusters by their latest members, refusals by rule, merges by hour, also when written twice."""
    records = [
        *(make.assignment(f"a{at}", "anonymous_id", A, at + 1) for at in range(12)),
        *(make.assignment(f"b{at}", "email", B, at + 20) for at in range(2)),
        make.assignment("c", "user_id", C, 30), make.assignment("a11", "anonymous_id", C, 31),
        make.assignment("d", "user_id", D, 32), make.assignment("d", "user_id", None, 33),
        make.merge(A, B, NOON, 1), make.merge(C, B, NOON + HOUR, 2), make.merge("x", "y", NOON + HOUR + 1, 3),
        make.merge(A, C, version=4, refused="user_limit"), make.merge(A, C, version=5, refused="user_limit"),
        make.merge(A, C, version=6, refused="profile_limit"),
        make.split(A, B, ["h"], version=7), make.split("x", B, [], version=8, history=True),
        make.erasure(D, version=9), make.erasure("z", version=10),
    ]  # fmt: skip
    for _ in range(2):
        load(client, records)
        assert rows("SELECT * FROM v_identity_health") == [
            ("cluster_quantile", "50 %", 2), ("cluster_quantile", "90 %", 11), ("cluster_quantile", "99 %", 11),
            ("cluster_quantile", "99.9 %", 11), ("cluster_quantile", "100 %", 11),
            ("cluster_size", "2", 2), ("cluster_size", "11-50", 1), ("erasures", "", 2),
            ("largest_profile", A, 11), *(("largest_profile", one, 2) for one in sorted([B, C])),
            ("merges_an_hour", "2026-11-21 12:00", 1), ("merges_an_hour", "2026-11-21 13:00", 2),
            ("refused_links", "profile_limit", 1), ("refused_links", "user_limit", 2), ("splits", "", 1),
        ]  # fmt: skip


def test_identity_health_of_nothing(client: Any, rows: Rows) -> None:
    """An empty database has no rows, not a row of zeros."""
    assert rows("SELECT * FROM v_identity_health") == []
    assert rows("SELECT * FROM v_match_rate") == []
