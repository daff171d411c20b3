"""v_uplift on the simulated shop: every number is that of plain Python over the output topics."""

from __future__ import annotations

from typing import Any

import pytest

from sinks.clickhouse.export import view_reads
from tests.answers.uplift import uplift
from tests.support.shop_topics import shop_topics


def test_every_number_of_the_shop(shop: Any) -> None:
    """Customers, means, intervals, p-values and checks; p-values of few degrees of freedom are series, to 0.2 %."""
    expected = uplift(shop_topics())
    rows = list(shop.query(f"SELECT * FROM {view_reads(shop)['v_uplift']}").named_results())  # noqa: S608
    assert {(row["campaign_id"], row["metric"], row["currency"]) for row in rows} == set(expected)
    assert len(rows) == len(expected) > 10
    assert sum(row["p_value"] is not None for row in rows) > 5
    for row in rows:
        wanted = expected[row["campaign_id"], row["metric"], row["currency"]]
        few = wanted.pop("freedom", 99) < 30
        for name, value in wanted.items():
            exact = 2e-3 if few and name == "p_value" else 1e-6
            assert row[name] == pytest.approx(value, rel=exact, abs=1e-9), (row["campaign_id"], name)
        for name in {"difference", "low", "p_value", "lift", "always_low", "detectable"} - wanted.keys():
            assert row[name] is None, name
