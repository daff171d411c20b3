"""The page of `winback uplift`: a table a campaign, as wide as a terminal, and what is wrong said first."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from analysis.experiments.measure import Customers, measure
from deploy.cli.commands import uplift as command
from deploy.errors import BadInputError


class Client:
    """A connection that is only closed."""

    def close(self) -> None:
        """Nothing is open."""


def row(
    campaign: str, control: int = 50, metric: str = "conversion", currency: str = "", **more: Any
) -> dict[str, Any]:
    """A row of 100 customers, so many of them held out of half, of whom treated buy twice as often."""
    treated = np.arange(100) >= control
    people = Customers(treated, np.full(100, 0.5))
    found = measure(people, np.where(np.arange(100) % np.where(treated, 2, 4) == 0, 1.0, 0.0), np.zeros(100))
    ratio = people.ratio()
    assert ratio is not None
    return {
        "campaign_id": campaign, "metric": metric, "currency": currency, "verdict": "not shown",
        "treatment_customers": 100 - control, "control_customers": control, "contaminated": 0, "apart": 0,
        "treatment_mean": found.treatment_mean, "control_mean": found.control_mean,
        "difference": found.difference and asdict(found.difference),
        "sample_ratio": {**asdict(ratio), "alarm": ratio.alarm}, **more,
    }  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """`asked(rows, **options)`: what the command prints of those rows."""
    monkeypatch.setattr("deploy.operate.clickhouse.connect", lambda *_, **__: Client())
    monkeypatch.setattr("deploy.operate.clickhouse.state", lambda _: "")

    def ask(rows: list[dict[str, Any]], **options: Any) -> str:
        monkeypatch.setattr("deploy.operate.uplift.uplift", lambda *_: rows)
        command.uplift(**{"campaign": "", "first": "", "last": "", **options})
        return str(capfd.readouterr().out)

    return ask


def test_a_table_for_each_campaign(asked: Any) -> None:
    """Arms with what was to be expected, each thing measured with its interval and verdict, within 80 columns."""
    out = asked(
        [row("cart"), row("cart", metric="revenue", currency="EUR", contaminated=3), row("browse", verdict="more")]
    )
    assert "cart: 50 treated, 50 held out (50.0 expected)" in out
    assert [out.count(word) for word in ("conversion", "revenue EUR", "not shown", " more ")] == [2, 1, 2, 1]
    assert "50.0 %" in out
    assert "+0.24" in out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80


def test_an_alarm_stands_above_the_numbers(asked: Any) -> None:
    """Arms that chance does not explain are said with their p-value, and no verdict is given."""
    out = asked([row("cart", 20, verdict="sample ratio")])
    assert out.index("ALARM") < out.index("conversion")
    assert "sample ratio" in out


def test_one_arm_alone(asked: Any) -> None:
    """What is not known is a dash."""
    alone = {"difference": None, "control_mean": None, "sample_ratio": None, "verdict": "one arm"}
    out = asked([row("cart", 0, **alone)])
    assert out.splitlines()[0].rstrip() == "cart: 100 treated, 0 held out"
    assert out.splitlines()[4].split() == ["conversion", "50.0", "%", "-", "-", "-", "one", "arm"]


def test_one_campaign_is_found_or_named(asked: Any) -> None:
    """Only its rows; one that has decided nothing is refused, with those that have. Without any there is a sentence."""
    assert "browse" not in asked([row("cart"), row("browse")], campaign="cart")
    with pytest.raises(BadInputError, match="browse, cart"):
        asked([row("cart"), row("browse")], campaign="cat")
    assert "No campaign has decided" in asked([])
