"""A source that will never move holds time until somebody says that it is dead, and holds it again once it is live."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from schemas.times import iso
from tests.integration.live.test_lag import values, wrong
from tests.support.hours import STORE, at, between, hours, line
from tests.support.stack import winback

CAMPAIGNS = Path(__file__).with_name("campaigns.yaml")
HOLDS, DEAD, BEHIND = "winback_source_delay_seconds", "winback_source_dead", "winback_watermark_delay_seconds"
TWO_HOURS = 120 * 60


async def sources(shop, *arguments):
    """What `winback sources` prints as JSON."""
    ran = await asyncio.to_thread(winback, "sources", *arguments, "--json", **shop.env)
    assert ran.returncode == 0, ran.stderr + shop.said
    return json.loads(ran.stdout)


@pytest.mark.slow
async def test_a_source_that_will_never_move(live):
    """The store holds time and is named; dead, it lets go, also over a crash; live, it is waited for again.

    Advertising, which is optional, is as far behind all the time, and holds nothing.
    """
    lines = hours(customers=30)
    shop = await live("stuck", at(0), campaigns=CAMPAIGNS, optional_sources="channels.ads")
    await shop.publish(between(lines, -1, 20))
    await shop.read()
    shop.now(at(20))
    await shop.reaches(at(19.5))
    await shop.hold(STORE, "channels.ads")
    await shop.publish(between(lines, 20, 140))
    await shop.publish(line(20 + n / 10, "Ad Clicked", channel="ads", userId=f"c{n}") for n in range(20))
    await shop.read(but=[STORE, "channels.ads"])
    shop.now(at(140))

    # It is named by the metrics and by the command; nothing has been decided.
    await shop.shows(BEHIND, lambda seconds: seconds == TWO_HOURS + 30)
    assert await shop.shows(HOLDS, lambda seconds: seconds == TWO_HOURS + 30, topic=STORE)
    found = await sources(shop)
    first = found["sources"][0]
    assert (first["topic"], first["state"], first["delay_seconds"]) == (STORE, "live", TWO_HOURS + 30)
    assert found["holder"] == f"{STORE}:{first['partition']}"
    assert {one["state"] for one in found["sources"] if one["topic"] == "channels.ads"} == {"optional"}
    assert len(found["sources"]) == 14 * 4
    assert not any((await shop.records("retargeting.decisions")).values())

    # Dead, it lets go. Who bought there cannot be known to have: some are written to.
    found = await sources(shop, "dead", STORE)
    assert {one["state"] for one in found["sources"] if one["topic"] == STORE} == {"dead"}
    await shop.until("retargeting.messages", 15)
    await shop.shows(DEAD, lambda shown: shown == 1, topic=STORE, partition="3")
    await shop.reaches(at(139.5))
    shop.kill()
    shop.start()
    shop.now(at(141))
    await shop.reaches(at(140.5))
    found = await sources(shop)
    assert {one["state"] for one in found["sources"] if one["topic"] == STORE} == {"dead"}

    # Live, it holds time where that is. Read at last, it is late, and takes back what has been said too early.
    found = await sources(shop, "live", f"{STORE}:{first['partition']}")
    assert [one["partition"] for one in found["sources"] if one["topic"] == STORE and one["state"] == "live"] == [
        first["partition"]
    ]
    await sources(shop, "live", STORE)
    shop.now(at(150))
    await shop.shows(HOLDS, lambda seconds: seconds > TWO_HOURS, topic=STORE)
    assert (await sources(shop))["reached"] == iso(at(140.5))
    await shop.hold()
    await shop.reaches(at(149.5))
    await shop.shows(BEHIND, lambda seconds: seconds == 30)
    done = await shop.finish()
    late = [row for row in values(done["stitched.events"]) if row["late"]]
    assert {row["channel"] for row in late} == {"store", "ads"}
    assert len(values(done["conversions"])) == 24
    # Some have been reminded of what they had bought: the price of calling a source dead, taken back where it can be.
    assert wrong(done)
    void = [row for row in values(done["retargeting.decisions"]) if row["message_id"] and row["outcome"] == "cancelled"]
    assert void
    assert {row["reason"] for row in void} == {"converted"}
