"""A topic that lags holds time: nobody who has bought is written to, and the result is that of no lag."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from deploy.stack import outputs
from deploy.stack.lines import of_objects
from schemas.record import Record
from schemas.settings import Settings
from sinks.dispatch.dryrun import dry_run
from streams import testing as replay
from streams.campaigns import load
from tests.integration.runtime.conftest import eventually
from tests.support.hours import STORE, at, between, customer, hours
from tests.support.stack import same_files

CAMPAIGNS = Path(__file__).with_name("campaigns.yaml")
EVERYTHING = Path(__file__).with_name("everything") / "campaigns.yaml"
SECRET = "of the test"  # noqa: S105 - of made-up customers
LAG = 120
"""Minutes that the store is held back."""
FIRST = 20
"""The minute it begins; before it, all topics flow."""


def alone(folder, lines):
    """The outputs of the pure core over these lines, as files."""
    settings = Settings(secret=SECRET, campaigns=EVERYTHING, clock="event")
    offsets, records = {}, []
    for chunk in of_objects(sorted(lines, key=lambda one: one["timestamp"]), settings.partitions):
        for one in chunk:
            offset = offsets.setdefault((one.topic, one.partition), 0)
            records.append(Record(one.topic, one.partition, offset, one.timestamp, one.key, one.value))
            offsets[one.topic, one.partition] += 1
    return files(folder, replay.replay(records, settings, load(EVERYTHING)))


def files(folder, records):
    """Records of the output topics as files; which partition a cell was counted in is left out."""
    folder.mkdir()
    outputs.write_topics(folder, records)
    total = defaultdict(Counter)
    for row in map(json.loads, (folder / "aggregates.jsonl").read_text().splitlines()):
        total[json.dumps(row["cell"], sort_keys=True)].update(row["values"])
    lines = [f"{cell} {json.dumps(total[cell], sort_keys=True)}\n" for cell in sorted(total)]
    (folder / "aggregates.jsonl").write_text("".join(lines))
    return folder


def values(records):
    """Records as what their values say; what was written again after a crash, byte for byte, is one."""
    return [json.loads(value) for value in dict.fromkeys(record.value for record in records) if value]


def wrong(records, *, ever=False):
    """Ids of messages to somebody with an order since what set them off (the opening of the cart).

    The order is not later than the decision, unless any counts (`ever`).
    """
    into = {row["merged_profile_id"]: row["into_profile_id"] for row in values(records["identity.merges"])}

    def who(profile):
        while into.get(profile):
            profile = into[profile]
        return profile

    opened = {row["cart_id"]: row["at"] for row in values(records["cart.transitions"]) if row["reason"] == "opened"}
    orders = [(who(row["profile_id"]), row["at"]) for row in values(records["conversions"])]

    def bought(message, when):
        trigger = message["trigger"]
        if not ever and when > message["decided_at"]:
            return False
        if trigger["type"] == "order_completed":
            return trigger["at"] < when
        return opened.get(trigger["cart_id"], trigger["at"]) <= when

    return [
        message["message_id"]
        for message in values(records["retargeting.messages"])
        for buyer, when in orders
        if buyer == who(message["profile_id"]) and bought(message, when)
    ]


async def sent_by_a_dispatcher(shop, folder, wanted):
    """Ids of the messages that a dispatcher would send now: those wanted, and all others until a second later."""
    stopped = asyncio.Event()
    running = asyncio.create_task(dry_run(shop.settings, (), folder, stopped))

    async def sent():
        return {path.stem for path in folder.rglob("*.*")} >= wanted

    await eventually(sent, f"{len(wanted)} messages to be sent")
    await asyncio.wait([running], timeout=1.0)  # nothing says that it has seen all
    stopped.set()
    await running
    return {path.stem for path in folder.rglob("*.*")}


async def day(shop, lines, *, lags):
    """The shop is open for some hours, while the store lags or does not; the records when all is over."""
    await shop.publish(between(lines, -1, FIRST))
    await shop.read()
    shop.now(at(FIRST))
    if lags:
        await shop.hold(STORE)
    for minute in range(FIRST, FIRST + LAG, 30):
        await shop.publish(between(lines, minute, minute + 30))
        await shop.read(but=[STORE] if lags else [])
        shop.now(at(minute + 30))
    return await shop.records("retargeting.messages", "retargeting.decisions")


async def test_a_store_two_hours_behind(live, tmp_path):
    """Two hours of the store wait unread, the web goes on: no message to a buyer, and the result of no lag."""
    lines = hours()
    shop = await live("lags", at(0), campaigns=EVERYTHING)
    so_far = await day(shop, lines, lags=True)
    assert so_far["retargeting.messages"] == so_far["retargeting.decisions"] == []
    # Time was held meanwhile, and it is said by whom.
    assert await shop.shows("winback_watermark_delay_seconds", lambda seconds: seconds >= LAG * 60)
    assert await shop.shows("winback_source_delay_seconds", lambda seconds: seconds >= LAG * 60, topic=STORE)
    await shop.hold()
    found = await shop.finish()
    assert wrong(found) == []
    assert len(values(found["conversions"])) == 48
    # What was decided before a purchase is decided without a lag, too; but it is sent to nobody who has bought since.
    messages = {row["message_id"] for row in values(found["retargeting.messages"])}
    wanted = messages - set(wrong(found, ever=True))
    assert 0 < len(wanted) < len(messages)
    assert await sent_by_a_dispatcher(shop, tmp_path / "sent", wanted) == wanted
    shop.close()

    shop = await live("free", at(0), campaigns=EVERYTHING)
    await day(shop, lines, lags=False)
    await shop.until("retargeting.messages", 40)
    usual = await shop.finish()
    sent = Counter(row["campaign_id"] for row in values(usual["retargeting.messages"]))
    assert sent.keys() == {"abandoned-cart", "thanks", "visit", "cheaper", "goes-with-it"}
    same_files(files(tmp_path / "free-out", usual), files(tmp_path / "late-out", found))
    same_files(alone(tmp_path / "alone", lines), tmp_path / "late-out")


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [{"lateness": 3 * 3600}, {"steady_sources": STORE}, {"clock": "event"}],
    ids=["lateness", "steady", "event-clock"],
)
async def test_a_store_that_sends_nothing_for_two_hours(live, tmp_path, settings):
    """What is not in its topic yet cannot be seen: lateness, a steady source or a declared end waits for it."""
    lines = hours()
    shop = await live("silent", at(0), campaigns=EVERYTHING, **settings)
    await shop.publish(between(lines, -1, FIRST))
    await shop.publish(one for one in between(lines, FIRST, FIRST + LAG) if one["topic"] != STORE)
    await shop.read()
    shop.now(at(FIRST + LAG))
    so_far = await shop.records("retargeting.messages", "retargeting.decisions")
    assert so_far["retargeting.messages"] == so_far["retargeting.decisions"] == []
    await shop.publish(one for one in between(lines, FIRST, FIRST + LAG) if one["topic"] == STORE)
    found = await shop.finish()
    assert wrong(found) == []
    same_files(alone(tmp_path / "alone", lines), files(tmp_path / "out", found))


async def test_a_purchase_that_comes_too_late(live):
    """A purchase whose moment has passed still cancels what waits; it is flagged, counted, and its message void."""
    shop = await live("late", at(0), campaigns=CAMPAIGNS, lateness=30)
    lines = [one for number in (0, 1, 5, 6) for one in customer(number, 2)]
    bought = [one for one in lines if one["topic"] == STORE]
    await shop.publish(one for one in lines if one["topic"] != STORE)
    await shop.read()
    shop.now(at(60))
    await shop.until("retargeting.messages", 4)
    await shop.publish(bought)
    await shop.until("conversions", 2)
    found = await shop.finish()
    buyers = {row["profile_id"] for row in values(found["conversions"])}
    assert [row["late"] for row in values(found["stitched.events"]) if row["name"] == "Order Completed"] == [True, True]
    assert shop.metric("winback_late_events_total", channel="store") == 2
    decided = [row for row in values(found["retargeting.decisions"]) if row["profile_id"] in buyers]
    reminders = {row["message_id"] for row in decided if row["step"] == "reminder" and row["outcome"] == "sent"}
    assert len(reminders) == 2
    void = [row for row in decided if row["outcome"] == "cancelled"]
    assert {row["reason"] for row in void} == {"converted"}
    assert sorted(row["step"] for row in void) == ["nudge", "nudge", "reminder", "reminder"]
    assert {row["message_id"] for row in void if row["step"] == "reminder"} == reminders
