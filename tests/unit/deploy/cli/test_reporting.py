"""The report as people see it."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from deploy.cli.report_tables import render


def shown(report: dict[str, Any]) -> str:
    """What stands on the terminal."""
    out = io.StringIO()
    console = Console(file=out, width=120, highlight=False)
    for renderable in render(report):
        console.print(renderable)
    return out.getvalue()


def test_each_campaign_says_what_became_of_its_triggers() -> None:
    """Triggers, sent, held out, suppressed and cancelled by reason, and what came back, in one table."""
    text = shown({"campaigns": [{
        "campaign_id": "abandoned-cart", "triggers": 6012, "sent": 1, "held_out": 2,
        "suppressed": {"no_consent": 1, "capped": 4}, "cancelled": {}, "deferred": 1, "retracted": 0, "delivered": 1,
        "opens": 1, "clicks": 0, "recovered_orders": 1, "recovered_revenue": 1234.5,
    }]})  # fmt: skip
    for word in ("Campaigns", "abandoned-cart", "6,012", "capped 4", "no consent 1", "1,234.50"):
        assert word in text
    assert text.index("capped 4") < text.index("no consent 1")
