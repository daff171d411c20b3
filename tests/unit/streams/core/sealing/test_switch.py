"""Campaigns are switched at one point of time, in all partitions, whatever is under way and whoever restarts."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.record import Out, Record
from schemas.settings import Settings
from schemas.topics import DAY_MS, IDENTITY_LINKS, PROFILE_EVENTS, RETARGETING_DECISIONS
from streams.campaigns import load
from streams.core.campaigns import Campaigns
from streams.core.journey import Journey
from streams.core.protocol.link_log import SwitchCampaigns
from streams.core.protocol.order_key import bound
from streams.core.protocol.profile_log import ProfileLogRecord, Round
from streams.core.protocol.records import encode, links_out
from streams.runtime.state.store import MemoryBase, PartitionStore, Position
from streams.testing import Topology
from tests.support.campaigning import campaign, campaigns_of, step

START = 1_767_600_000_000
MINUTE = 60_000
OLD = campaigns_of([campaign("old", "cart_abandoned", step("s", "10m"), step("late", "4h"))])
NEW = campaigns_of([campaign("new", "cart_abandoned", step("s", "5m"))])
LAPSED = campaigns_of([campaign("gone", {"on": "lapsed", "after": "10d"})])

BEST = campaigns_of([campaign("gone", {"on": "lapsed", "after": "10d"}, {**step("s"), "hour": "best"})])


class Shop:
    """Customers who leave their carts, under campaigns that change."""

    def __init__(self, partitions: int, campaigns: Campaigns = OLD) -> None:
        self.topology = Topology(Settings(secret="switch", partitions=partitions), campaigns)  # noqa: S106 - made up
        self._offset = 0

    def tell(self, minute: float, user: str, name: str = "Product Added", **more: Any) -> None:
        """Something goes into a cart, or something else happens."""
        time = START + int(minute * MINUTE)
        said = {"type": "track", "event": name, "userId": user, "timestamp": time}
        value = orjson.dumps({**said, "properties": {"sku": "s", "price": 10, **more}})
        self.topology.feed([Record("channels.web", 0, self._offset, time, None, value)])
        self._offset += 1

    def reach(self, minute: float) -> None:
        """Time comes up to a minute."""
        self.topology.reach(START + int(minute * MINUTE))

    def decided(self) -> list[tuple[str, str, str, str]]:
        """(profile, campaign, step, outcome and time) of each decision, sorted."""
        rows = [orjson.loads(r.value or b"") for r in self.topology.topics[RETARGETING_DECISIONS]]
        return sorted(
            (row["profile_id"], row["campaign_id"], row["step"], row["outcome"] + row["decided_at"][11:16])
            for row in rows
        )

    def by(self) -> set[tuple[str, str, str]]:
        """(campaign, step, outcome and time) of the decisions."""
        return {(campaign, step, outcome) for _, campaign, step, outcome in self.decided()}


@pytest.mark.parametrize("partitions", [1, 3])
def test_decisions_of_before_are_the_old_ones_and_those_behind_the_new(partitions):
    """Time is at 60: what is due then is still decided by the old campaigns, though the request came before it was."""
    shop = Shop(partitions)
    for n in range(6):
        shop.tell(n * 10, f"u{n}")
    shop.reach(60)
    receipts = shop.topology.switch(NEW)
    shop.topology.finish()
    # Added at 08:00 + n x 10 min, abandoned 30 min later: four by then, of which the last one's step still waits.
    assert {(s, o) for c, s, o in shop.by() if c == "new"} == {("s", "suppressed09:15"), ("s", "suppressed09:25")}
    assert {o for c, s, o in shop.by() if (c, s) == ("old", "s")} == {
        "suppressed08:40", "suppressed08:50", "suppressed09:00", "cancelled09:10",
    }  # fmt: skip
    assert {o[:9] for c, s, o in shop.by() if (c, s) == ("old", "late")} == {"cancelled"}
    assert [one["agent"] for one in receipts] == ["identify", *["journey"] * partitions]
    assert receipts[0]["at"] == "2026-01-05T09:00:00.000Z"
    assert sorted(one["partition"] for one in receipts[1:]) == list(range(partitions))


def test_it_lasts_over_restarts_until_the_next():
    """All agents end and begin anew with the campaigns they were started with: those of the log win."""
    shop = Shop(2)
    shop.tell(0, "u1")
    shop.reach(10)
    shop.topology.switch(NEW)
    shop.topology.restart()
    shop.reach(60)
    assert {c for c, *_ in shop.by()} == {"new"}
    shop.topology.switch(OLD)
    shop.topology.restart()
    shop.tell(100, "u1", "Cart Viewed")
    shop.reach(200)
    assert ("old", "s", "suppressed10:20") in shop.by()


def test_timers_are_others_under_new_campaigns():
    """Who has not ordered for a while is due at once under campaigns that ask for it, and was not before."""
    shop = Shop(2)
    shop.tell(0, "u1", "Order Completed", order_id="o1")
    shop.reach(12 * 24 * 60)
    assert not shop.decided()
    shop.topology.switch(LAPSED)
    shop.reach(13 * 24 * 60)
    assert {c for c, *_ in shop.by()} == {"gone"}


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("days", [11, 13, 20])
def test_what_is_overdue_knows_what_everybody_did_until_the_switch(restarts, days):
    """Whatever week of the calendar it was due in: somebody has opened a mail at 3:30 a day before the switch."""
    shop = Shop(2)
    shop.tell(0, "u1", "Order Completed", order_id="o1")
    shop.tell((days * 24 - 4.5) * 60, "u2", "Email Opened")
    shop.reach((days + 1) * 24 * 60)
    shop.topology.switch(BEST)
    if restarts:
        shop.topology.restart()
    shop.reach((days + 2) * 24 * 60)
    assert shop.by() == {("gone", "s", "suppressed03:00")}


@pytest.mark.parametrize("restarts", [False, True])
def test_of_two_at_one_point_the_first_decides_nothing(restarts):
    """Who is overdue by campaigns that others replace before time goes on is asked by the others alone."""
    shop = Shop(2)
    shop.tell(0, "u1", "Order Completed", order_id="o1")
    shop.reach(12 * 24 * 60)
    shop.topology.switch(LAPSED)
    if restarts:
        shop.topology.restart()
    shop.topology.switch(OLD)
    shop.reach(13 * 24 * 60)
    assert not shop.decided()


def test_before_anything_is_read_it_is_at_once():
    """With no source reported nothing has taken effect: the first decision is a new one."""
    shop = Shop(2)
    assert len(shop.topology.switch(NEW)) == 3
    shop.tell(0, "u1")
    shop.topology.finish()
    assert {c for c, *_ in shop.by()} == {"new"}


def test_several_in_a_row():
    """The last one holds; each is answered by all."""
    shop = Shop(2)
    shop.tell(0, "u1")
    shop.reach(10)
    assert [len(shop.topology.switch(one)) for one in (NEW, OLD, NEW)] == [3, 3, 3]
    shop.topology.finish()
    assert {c for c, *_ in shop.by()} == {"new"}
    for store in shop.topology.stores:
        assert not list(store.scan(b"wr"))
    assert not list(shop.topology.stores[0].scan(b"c"))


def test_what_is_no_campaigns_file_changes_nothing():
    """Partitions refuse it, say so, and go on by what they had."""
    shop = Shop(2)
    shop.tell(0, "u1")
    shop.reach(10)
    log = shop.topology.logs.topics[IDENTITY_LINKS][0]
    before = len(log)
    shop.topology.logs.send(links_out(SwitchCampaigns("r", {"file": 7}, "v")))
    shop.topology.finish()
    answers = [orjson.loads(r.value or b"") for r in log[before:] if b'"receipt"' in (r.value or b"")]
    assert [one["refused"] for one in answers if one["agent"] == "journey"] == [True, True]
    assert {c for c, *_ in shop.by()} == {"old"}


class Kept:
    """An `Emit` that keeps what it is given."""

    def __init__(self) -> None:
        self.outs: list[Out] = []

    def send(self, out: Out) -> None:
        """Keep it."""
        self.outs.append(out)

    after = send


def test_a_switch_that_is_broken_off_goes_on():
    """A life ends after each call while timers are looked at: all are looked at in the end, and it is said once."""
    shop = Shop(1, load(None))
    for n in range(10):
        shop.tell(n, f"u{n}", "Order Completed", order_id=f"o{n}")
    log = shop.topology.logs.topics[PROFILE_EVENTS][0]

    def add(notice: ProfileLogRecord, headers: Any = ()) -> None:
        log.append(Record(PROFILE_EVENTS, 0, len(log), 0, None, encode(notice), headers))

    number = [("n", (0xFFFF).to_bytes(2, "big") + (5).to_bytes(8, "big") + (0).to_bytes(4, "big"))]
    for days, switch in ((5, True), (20, False)):
        add(Round(days, bound(START + days * DAY_MS).hex()))
        if switch:
            add(SwitchCampaigns("r", LAPSED.dump(), "v"), number)
    base, outs, read = MemoryBase(), Kept(), 0
    while read < len(log):
        store = PartitionStore(base)
        life = Journey(
            store, outs, partition=0, partitions=1, campaigns=OLD, secret="switch", events_a_call=3  # noqa: S106
        )  # fmt: skip
        life.load()
        read += life.process(log[read:])
        life.flush()
        store.settle(Position(0, 0, read, 0))
    said = [orjson.loads(out.value or b"") for out in outs.outs if out.topic == IDENTITY_LINKS]
    assert [one["request"] for one in said if one["k"] == "receipt"] == ["r"]
    rows = {out.key for out in outs.outs if out.topic == RETARGETING_DECISIONS}
    assert len(rows) == 10
