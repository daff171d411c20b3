"""Campaigns are switched at one point of the stream, in every partition, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.integration.live.test_lag import values, wrong
from tests.support.hours import at, between, hours
from tests.support.stack import winback

OLD, NEW = Path(__file__).with_name("campaigns.yaml"), Path(__file__).with_name("switched.yaml")


@pytest.mark.slow
async def test_a_switch_while_a_worker_is_killed(live):
    """Before the moment that the command names all is decided by the old file, behind it all by the new one.

    One of two workers is killed while they switch, and so is every worker afterwards: what comes in their place has
    only the old file in its settings.
    """
    lines = hours()
    shop = await live("switch", at(0), campaigns=OLD, workers=2)
    await shop.publish(between(lines, -1, 60))
    await shop.read()
    shop.now(at(60))
    await shop.reaches(at(59.5))
    switching = asyncio.create_task(
        asyncio.to_thread(winback, "campaigns", "apply", NEW, "--json", "--timeout", "90", **shop.env)
    )
    shop.kill()
    shop.start()
    ran = await switching
    assert ran.returncode == 0, ran.stderr + shop.said
    told = json.loads(ran.stdout)
    assert told["partitions"] == [0, 1, 2, 3]
    for _ in range(2):
        shop.kill()
        shop.start()
    await shop.publish(between(lines, 60, 140))
    await shop.read()
    shop.now(at(140))
    found = await shop.finish()

    assert wrong(found) == []
    decided = values(found["retargeting.decisions"])
    before = {row["campaign_id"] for row in decided if row["decided_at"] < told["at"]}
    behind = {(row["campaign_id"], row["outcome"]) for row in decided if row["decided_at"] >= told["at"]}
    assert before == {"abandoned-cart"}
    # What had been begun by the old one is called off.
    assert behind == {("left-cart", "sent"), ("abandoned-cart", "cancelled")}
    assert {row["reason"] for row in decided if row["outcome"] == "cancelled"} <= {"exited", "converted"}
    steps = {(row["profile_id"], row["campaign_id"], row["step"], row["trigger"]["at"]) for row in decided}
    ends = [row for row in decided if row["outcome"] != "deferred"]
    assert len({row["decision_id"] for row in ends}) == len(steps)
