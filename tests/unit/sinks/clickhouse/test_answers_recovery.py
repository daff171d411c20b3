"""v_recovery on the simulated shop: every number is that of plain Python over the output topics."""

from __future__ import annotations

from typing import Any

import pytest

from tests.answers.recovery import recovery
from tests.support.shop_topics import shop_topics


def test_every_number_of_the_shop(shop: Any) -> None:
    """Carts, those bought, money and rates, by day and currency."""
    expected = recovery(shop_topics())
    rows = list(shop.query("SELECT * FROM v_recovery").named_results())
    assert {(row["day"], row["currency"]) for row in rows} == set(expected)
    assert sum(row["returned_control"] for row in rows) > 0
    for row in rows:
        wanted = expected[row["day"], row["currency"]]
        for name in ("abandoned", "abandoned_value", "messaged", "returned_messaged", "unmessaged", "treated",
                     "returned_treated", "control", "returned_control", "recovered", "recovered_value"):  # fmt: skip
            assert row[name] == wanted[name], (row["day"], row["currency"], name)
        assert row["returned_alone"] == wanted["returned_unmessaged"]
        for rate, part, whole in (
            ("messaged_return_rate", "returned_messaged", "messaged"),
            ("control_return_rate", "returned_control", "control"),
            ("alone_return_rate", "returned_unmessaged", "unmessaged"), ("recovery_rate", "won", "messaged"),
            ("treated_return_rate", "returned_treated", "treated"),
        ):  # fmt: skip
            assert row[rate] == (pytest.approx(wanted[part] / wanted[whole]) if wanted[whole] else None), rate
