"""A quiet day by the wall clock: what is due is noticed in time, though the clock is reported only when it matters."""

from __future__ import annotations

from typing import Any

import orjson
from faust.types import TP

from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import CHANNEL_TOPICS, HOUR_MS, IDENTITY_LINKS, OUTPUT_TOPICS, PROFILE_EVENTS, RETARGETING_DECISIONS
from streams.agents.reports import Reports
from streams.core.watermark.horizon import Horizon
from streams.testing import Topology
from tests.support.campaigning import campaign, campaigns_of, step

START = 1_767_600_000_000
"""2026-01-05 08:00 UTC: a day begins in the middle of what is looked at."""
LATENESS = 30_000
TICK = 10_000
PARTITIONS = 2
CAMPAIGNS = campaigns_of([campaign("carts", "cart_abandoned", step("soon", "10m"), step("late", "4h"))])
WEB = TP("channels.web", 0)
Noticed = dict[tuple[str, bytes], int]
"""When each record was written, in milliseconds of the wall clock since the start."""


class Following:
    """What `Reports` asks: the horizon, read off the links as they are."""

    version = 0

    def __init__(self, topology: Topology) -> None:
        self._log = topology.logs.topics[IDENTITY_LINKS][0]
        self._horizon = Horizon(PARTITIONS)
        self._read: int | None = None

    def due(self) -> int | None:
        if self._read is None:
            self._read = len(self._log)
            self._horizon.begin(self._read)
        for record in self._log[self._read :]:
            self._horizon.take(record.offset, record.value)
        self._read = len(self._log)
        return self._horizon.due

    def busy(self) -> None:
        self._read = None


class Unknowing(Following):
    """Knows nothing, so that every tick is reported."""

    def due(self) -> None:
        return None


class Quiet:
    """A shop with three customers and then none, and what it took to keep time."""

    def __init__(self, replica: type[Following]) -> None:
        self.topology = Topology(Settings(secret="idle", partitions=PARTITIONS), CAMPAIGNS)  # noqa: S106 - made up
        self.now = START
        self.noticed: Noticed = {}
        self.reports: list[int] = []
        self._read = 0
        self._reports = Reports(
            self, {}, replica(self.topology), wall=True, lateness=LATENESS / 1000,
            clock=self.seconds, ticks=self.seconds,
        )  # fmt: skip

    def seconds(self) -> float:
        return self.now / 1000

    async def ends(self, partitions: Any) -> dict[TP, int]:
        """All has been read."""
        return {tp: self._read if tp == WEB else 0 for tp in partitions}

    def tell(self, user: str, name: str, **more: Any) -> None:
        """Something happens now."""
        said = {"type": "track", "event": name, "userId": user, "timestamp": self.now, **more}
        line = {"product_id": "s", "sku": "s", "price": 10}
        value = orjson.dumps({**said, "properties": {**line, "order_id": f"o-{user}", "products": [line]}})
        self.topology.feed([Record(*WEB, self._read, self.now, None, value)])
        self._read += 1

    async def tick(self) -> None:
        """A line: a report if it is worth one, and all that follows."""
        self.now += TICK
        offsets = {TP(topic, p): 0 for topic in CHANNEL_TOPICS for p in range(PARTITIONS)} | {WEB: self._read}
        await self._reports.prepare(offsets)
        self._reports.draw(offsets)
        if self._reports.report() is not None:
            self.reports.append(self.now - START)
            self.topology.reach(self.now - LATENESS, self.now)
        for topic in OUTPUT_TOPICS:
            for record in self.topology.topics[topic]:
                self.noticed.setdefault((topic, record.value or b""), self.now - START)

    async def day(self) -> None:
        """A purchase, a cart that is left, one that is left after a while; then nothing for 17 hours."""
        self.tell("u1", "Order Completed")
        self.tell("u2", "Product Added")
        for _ in range(6 * 60):
            await self.tick()
        self.tell("u3", "Product Added", anonymousId="a3")
        while self.now < START + 17 * HOUR_MS:
            await self.tick()

    def rounds(self) -> int:
        """How many rounds there were."""
        log = self.topology.logs.topics[PROFILE_EVENTS][0]
        return sum((record.value or b"").startswith(b'{"k":"round"') for record in log)


async def test_a_quiet_day_is_the_same_with_a_sixth_of_the_reports():
    """Carts, reminders and the midnight at which days are told: the same records, none noticed later than a tick.

    A tick here is ten seconds, so that a report a minute is a sixth; in a worker it is a second, and a sixtieth.
    """
    every, idle = Quiet(Unknowing), Quiet(Following)
    await every.day()
    await idle.day()
    assert idle.noticed.keys() == every.noticed.keys()
    assert {k: at for k, at in idle.noticed.items() if at > every.noticed[k] + TICK} == {}
    decided = [at for (topic, _), at in idle.noticed.items() if topic == RETARGETING_DECISIONS]
    assert len(decided) >= 4, "something has to fall due for this to say anything"
    assert len(every.reports) == 17 * 360
    minutes = 17 * 60
    assert minutes <= len(idle.reports) < minutes + 60
    assert idle.rounds() < every.rounds() / 5


async def test_nothing_due_means_nothing_but_signs_of_life():
    """An empty shop for an hour: one report a minute and one round for each."""
    shop = Quiet(Following)
    for _ in range(360):
        await shop.tick()
    assert len(shop.reports) <= 63
    assert shop.rounds() <= 64
