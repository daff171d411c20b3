"""The metric of arms that have not the sizes that were drawn, and the loop that shows it."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from schemas import topics
from schemas.record import Record
from schemas.settings import Settings
from schemas.times import iso
from sinks.clickhouse import metrics, sample_ratios, service
from sinks.clickhouse.load import load
from tests.support import sink_rows as make

TODAY = date(2026, 11, 21)


def drawn(campaign: str, arm: str, number: int, at: int = make.NOON) -> Record:
    """A first decision about a customer of a campaign that holds half of them out."""
    value = orjson.loads(make.decision("", f"{campaign}-{arm}-{number}", "sent").value or b"")
    value |= {"campaign_id": campaign, "arm": arm, "control_share": 0.5, "decided_at": iso(at)}
    return make.record(topics.RETARGETING_DECISIONS, value, make.hexed(f"{campaign}-{arm}-{number}"))


def shown() -> dict[str, float]:
    """The metric, by campaign."""
    samples = [sample for metric in metrics.SAMPLE_RATIO.collect() for sample in metric.samples]
    return {sample.labels["campaign"]: sample.value for sample in samples}


def test_a_campaign_is_shown_while_it_draws(client: Any) -> None:
    """600 to 400 (known answer: 2.54e-10), and sound arms; a year ago counts no more; who draws nobody is not shown."""
    counts = {("broken", "treatment"): 600, ("broken", "control"): 400, ("sound", "treatment"): 50,
              ("sound", "control"): 50}  # fmt: skip
    load(client, [drawn(*of, number) for of, count in counts.items() for number in range(count)])
    load(client, [drawn("sound", "control", 1_000 + n, make.NOON - 365 * make.DAY) for n in range(100)])
    sample_ratios.look(client, TODAY)
    assert shown() == {"broken": pytest.approx(2.54e-10, rel=1e-2), "sound": pytest.approx(1)}
    sample_ratios.look(client, date(2027, 11, 21))
    assert shown() == {}


async def test_the_leader_shows_it(client: Any, embedded: Settings) -> None:
    """The process that leads looks; one that does not any more shows nothing, not what it once knew."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    load(client, [drawn("now", arm, n, now) for arm in ("treatment", "control") for n in range(9)])
    await service._show_ratios(embedded, leads=True)
    assert shown() == {"now": pytest.approx(1)}
    await service._show_ratios(embedded, leads=False)
    assert shown() == {}


async def test_looks_go_on_until_told_to_stop(embedded: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time and again, asking each time who leads."""
    stopped, looks = asyncio.Event(), list[bool]()
    consumer = SimpleNamespace(leads=True)

    async def show(_: Settings, *, leads: bool) -> None:
        looks.append(leads)
        consumer.leads = False
        if len(looks) == 3:
            stopped.set()

    monkeypatch.setattr(service, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(service, "_show_ratios", show)
    async with asyncio.timeout(60):
        await service._look(embedded, consumer, stopped)  # type: ignore[arg-type]
    assert looks == [True, False, False]
