"""What happens to a product takes effect once, at its time, in everybody who is interested in it by then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import pytest

from schemas.identifiers import Hasher, Identifier
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import CHANNEL_TOPICS, DEAD_LETTERS, PROFILE_EVENTS, RETARGETING_DECISIONS
from streams.core.campaigns import Campaigns
from streams.core.journey import Journey
from streams.core.protocol.order_key import bound
from streams.core.protocol.profile_log import Round
from streams.core.protocol.records import encode
from streams.runtime.state.store import MemoryBase, PartitionStore, Position
from streams.testing import Topology
from tests.support.campaigning import campaign, campaigns_of

START = 1_767_600_000_000
HOUR = 60
RULES = campaigns_of([campaign("cheaper", "price_dropped"), campaign("again", "back_in_stock", reentry="always")])
VIEWED, CHANGED, BACK = "Product Viewed", "Product Price Changed", "Product Restocked"
Said = tuple[float, dict[str, Any]]


def track(minute: float, name: str, user: str | None = "u1", /, *, channel: str = "web", **more: Any) -> Said:
    """A track call of a user at a minute."""
    said: dict[str, Any] = {"type": "track", "event": name, "channel": channel}
    if user is not None:
        said["userId"] = user
    if "message_id" in more:
        said["messageId"] = more.pop("message_id")
    return minute, {**said, "properties": {"product_id": "p", **more}}


def change(minute: float, name: str = CHANGED, message_id: str = "c1", /, **more: Any) -> Said:
    """Something happens to p: it is told on broadcast, of nobody."""
    more = {"price": 8, "old_price": 10, **more}
    return track(minute, name, None, channel="broadcast", message_id=message_id, **more)


class Shop:
    """A topology, and what it is told."""

    def __init__(self, partitions: int = 2, rules: Campaigns = RULES) -> None:
        self.topology = Topology(Settings(secret="catalogue", partitions=partitions), rules)  # noqa: S106 - made up
        self._offsets = dict.fromkeys(CHANNEL_TOPICS, 0)
        self._hash = Hasher("catalogue")

    def tell(self, *told: Said) -> None:
        """Raw events, as they come."""
        for minute, said in told:
            topic = f"channels.{said['channel']}"
            time, offset = START + int(minute * 60_000), self._offsets[topic]
            self._offsets[topic] += 1
            value = orjson.dumps({"timestamp": time, **{k: v for k, v in said.items() if k != "channel"}})
            self.topology.feed([Record(topic, 0, offset, time, None, value)])

    def reach(self, minute: float) -> None:
        """Time comes up to a minute."""
        self.topology.reach(START + int(minute * 60_000))

    def written_to(self) -> list[tuple[str, str, str]]:
        """(profile, campaign, time of the change) of each first decision, sorted."""
        rows = [orjson.loads(r.value or b"") for r in self.topology.topics[RETARGETING_DECISIONS]]
        return sorted((row["profile_id"], row["campaign_id"], row["trigger"]["at"]) for row in rows)

    def ids(self, users: Iterable[str]) -> list[str]:
        """The profiles of users who were never linked."""
        return sorted(self._hash(*Identifier("user_id", user)) for user in users)

    def kept(self, prefix: bytes) -> int:
        """How many keys of a kind the partitions hold."""
        return sum(len(list(store.scan(prefix))) for store in self.topology.stores[1:])


def outcome(told: Sequence[Said], partitions: int, every: float | None, *, restarts: bool = False) -> Any:
    """What follows: read at once, or as time comes, with or without restarts."""
    shop = Shop(partitions)
    if every is None:
        shop.tell(*told)
    else:
        for minute, said in sorted(told, key=lambda one: one[0]):
            shop.tell((minute, said))
            shop.reach(minute - minute % every)
            if restarts:
                shop.topology.restart()
    shop.topology.finish()
    return shop.written_to()


def test_everybody_who_is_interested_and_nobody_else():
    """In whatever partition they are; not who looked at something else, nor who looks later."""
    shop = Shop(3)
    users = [f"u{n}" for n in range(20)]
    shop.tell(*(track(n / 100, VIEWED, user) for n, user in enumerate(users)))
    shop.tell(track(0, VIEWED, "v1", product_id="q"), change(1), track(2, VIEWED, "v2"))
    shop.topology.finish()
    assert [profile for profile, *_ in shop.written_to()] == shop.ids(users)


@pytest.mark.parametrize("others", [0, 7, 8, 40])
@pytest.mark.parametrize("names", [{"sku": "s"}, {"product_id": "P"}, {"product_id": "p", "sku": "s"}])
def test_a_change_is_heard_of_however_much_else_is_of_interest(others, names):
    """Among few and among many products, by its id and by its sku, and by none that it does not share."""
    shop = Shop(2)
    shop.tell(*(track(n / 10, VIEWED, product_id=f"q{n}") for n in range(others)))
    shop.tell(track(others / 10, VIEWED, sku="s"))
    shop.tell(*(track(5 + n / 10, VIEWED, "u2", product_id=f"q{n}") for n in range(others)))
    shop.tell(change(10, CHANGED, "c1", **{"product_id": None, **names}))
    shop.reach(8)
    shop.topology.finish()
    assert [profile for profile, *_ in shop.written_to()] == shop.ids(["u1"])


@pytest.mark.parametrize(("first", "second"), [("sku", "product_id"), ("product_id", "sku")])
def test_of_changes_that_name_a_product_in_other_ways_those_behind_the_look_are_heard_of(first, second):
    """Whatever was told of it before by the other name."""
    shop, by = Shop(1), {"sku": {"product_id": None, "sku": "s"}, "product_id": {}}
    shop.tell(change(1, CHANGED, "c1", **by[first]), track(2, VIEWED, sku="s"), change(3, CHANGED, "c2", **by[second]))
    shop.topology.finish()
    assert [at for *_, at in shop.written_to()] == ["2026-01-05T08:03:00.000Z"]


@pytest.mark.parametrize("switched", [4, 10])
def test_a_change_that_no_campaign_asked_for_is_past_when_one_does(switched):
    """It sets off what holds at its own time: campaigns that come before it, not those that come later."""
    shop = Shop(1, campaigns_of([campaign("cart", "cart_abandoned")]))
    shop.tell(track(1, VIEWED), change(5, CHANGED, "c1"))
    shop.reach(switched)
    shop.topology.switch(RULES)
    shop.tell(change(20, BACK, "c2"), track(21, VIEWED, "other"))
    shop.topology.finish()
    told = [campaign_id for _, campaign_id, _ in shop.written_to()]
    assert told == (["again", "cheaper"] if switched < 5 else ["again"])


def test_interest_counts_at_the_time_of_the_change():
    """Within one round: viewed before it, at its very time, behind it, bought before it."""
    shop = Shop(1)
    shop.tell(track(1, VIEWED, "before"), track(5, VIEWED, "then"), track(6, VIEWED, "after"), change(5))
    shop.tell(track(1, VIEWED, "buyer"), track(2, "Order Completed", "buyer", products=[{"product_id": "p"}]))
    shop.topology.finish()
    # At one time channels.broadcast comes before channels.web.
    assert [profile for profile, *_ in shop.written_to()] == shop.ids(["before"])


def test_the_event_itself_comes_before_what_it_says():
    """A customer's own event of a change: what it makes of them counts for that change."""
    shop = Shop(1)
    shop.tell(track(1, VIEWED, "u1"), track(5, CHANGED, "u1", price=1, old_price=2))
    shop.topology.finish()
    assert [profile for profile, *_ in shop.written_to()] == shop.ids(["u1"])


def test_one_message_id_counts_once_a_day_for_a_product():
    """Repeated within 24 h: the first in order of time. A day later, or of another product: again."""
    shop = Shop(2)
    for user in ("u1", "u2"):
        shop.tell(track(0, VIEWED, user), track(0, VIEWED, user, product_id="q"))
    told = [change(n * HOUR, BACK, "c1") for n in (30, 24, 6, 2, 7)] + [change(3 * HOUR, BACK, "c1", product_id="q")]
    shop.tell(*told)
    shop.topology.finish()
    at = sorted({when for *_, when in shop.written_to()})
    assert [when[11:16] for when in at] == ["10:00", "11:00", "14:00"]
    assert len(shop.written_to()) == 6


STORIES: dict[str, list[Said]] = {
    "several changes and people": [
        *(track(n * 7, VIEWED, f"u{n % 5}", product_id="pqr"[n % 3]) for n in range(60)),
        *(change(n * 31 + 3, (CHANGED, BACK)[n % 2], f"c{n}", product_id="qpr"[n % 3]) for n in range(13)),
    ],
    "over days": [
        *(track(n * 500, VIEWED, f"u{n % 4}", product_id="pq"[n % 2]) for n in range(30)),
        *(change(n * 911, BACK, f"c{n % 3}", product_id="qp"[n % 2]) for n in range(14)),
    ],
    "a merge between interest and change": [
        (0, {**track(0, VIEWED, None)[1], "anonymousId": "a1"}),
        track(1, VIEWED, "u2", product_id="q"),
        (50, {**track(0, "Product Clicked", "u2", product_id="x")[1], "anonymousId": "a1"}),
        change(40, BACK, "c1"), change(60, BACK, "c2"), change(61, BACK, "c3", product_id="q"),
    ],
    "merges of merges, days apart": [
        *((n, {**track(0, VIEWED, None, product_id="pqr"[n % 3])[1], "anonymousId": f"a{n}"}) for n in range(6)),
        *(
            (n * 900 + 400, {**track(0, "Product Clicked", f"u{n // 2}", product_id="x")[1], "anonymousId": f"a{n}"})
            for n in range(6)
        ),
        (3_000, {"type": "alias", "channel": "web", "userId": "u0", "previousId": "u1"}),
        (7_000, {"type": "alias", "channel": "web", "userId": "u2", "previousId": "u0"}),
        *(change(n * 450 + 5, BACK, f"c{n}", product_id="pqr"[n % 3]) for n in range(20)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_however_it_is_read(story):
    """At once, hour by hour or as it comes, in any number of partitions, with restarts: the same decisions."""
    want = outcome(story, 1, None)
    assert want
    assert outcome(story, 3, None) == want
    assert outcome(story, 2, 60) == want
    assert outcome(story, 4, 1) == want
    assert outcome(story, 3, 60, restarts=True) == want


def test_what_comes_late_starts_nothing():
    """Time has passed it: nobody is told, and its repeat in time is another change."""
    shop = Shop(2)
    shop.tell(track(0, VIEWED))
    shop.reach(100)
    shop.tell(change(50))
    shop.reach(200)
    assert not shop.written_to()
    shop.tell(change(300))
    shop.topology.finish()
    assert len(shop.written_to()) == 1


def test_a_change_read_again_is_the_same_one():
    """Ingest was killed before it had committed: the record comes twice, while it waits and when it has passed."""
    shop = Shop(2)
    shop.tell(track(0, VIEWED), change(50, BACK))
    notices = [
        (p, log[-1]) for p, log in shop.topology.logs.topics[PROFILE_EVENTS].items() if b'"product"' in log[-1].value
    ]
    assert len(notices) == 2
    for minute in (60, 70):
        for partition, record in notices:
            log = shop.topology.logs.topics[PROFILE_EVENTS][partition]
            log.append(record._replace(offset=len(log)))
        shop.reach(minute)
    shop.topology.finish()
    assert len(shop.written_to()) == 1


def test_without_a_name_it_needs_to_be_broadcast():
    """Elsewhere an event of nobody is a dead letter, and nothing happens; one that names no product concerns nobody."""
    shop = Shop(1)
    shop.tell(track(0, VIEWED), track(1, CHANGED, None, price=1, old_price=2), change(2, product_id=None))
    shop.tell(
        (3, {"type": "page", "name": CHANGED, "channel": "web", "userId": "u9", "properties": {"product_id": "p"}})
    )
    shop.topology.finish()
    assert not shop.written_to()
    assert [dict(r.headers)["reason"] for r in shop.topology.topics[DEAD_LETTERS]] == [b"no_identifier"]


def test_nothing_is_kept_for_ever():
    """A day behind the last stop changes are forgotten; what is said of single profiles as soon as it holds for all."""
    shop = Shop(2)
    shop.tell(track(0, VIEWED), change(10))
    shop.reach(20)
    assert shop.kept(b"k") == 2
    assert shop.kept(b"u") == 0
    for day in range(1, 4):
        shop.tell(track(day * 24 * HOUR, VIEWED, "u2"))
        shop.reach(day * 24 * HOUR + HOUR)
    assert shop.kept(b"k") == 0


def test_a_round_that_is_broken_off_gives_nobody_a_change_twice():
    """A life ends after each call of a round that takes many; the profiles that had the change do not get it again."""
    shop, users = Shop(1), [f"u{n}" for n in range(9)]
    shop.tell(*(track(n, VIEWED, user) for n, user in enumerate(users)), change(20, BACK))
    # Whoever becomes interested behind the change, in the same round, has not been so before.
    shop.tell(*(track(30, VIEWED, f"late{n}") for n in range(5)))
    log = shop.topology.logs.topics[PROFILE_EVENTS][0]
    notice = Round(1, bound(START + HOUR * 60_000).hex())
    log.append(Record(PROFILE_EVENTS, 0, len(log), 0, None, encode(notice)))
    base, read, outs, lives = MemoryBase(), 0, Kept(), 0
    while read < len(log):
        store = PartitionStore(base)
        life = Journey(
            store, outs, partition=0, partitions=1, campaigns=RULES, secret="catalogue", events_a_call=1  # noqa: S106
        )  # fmt: skip
        life.load()
        read += life.process(log[read:])
        life.flush()
        store.settle(Position(0, 0, read, 0))
        lives += 1
    assert lives > 10
    rows = [orjson.loads(out.value) for out in outs.outs if out.topic == RETARGETING_DECISIONS]
    assert sorted(row["profile_id"] for row in rows) == shop.ids(users)
    assert not list(base.scan(b"u"))


class Kept:
    """An `Emit` that keeps what it is given."""

    def __init__(self) -> None:
        self.outs: list[Any] = []

    def send(self, out: Any) -> None:
        """Keep it."""
        self.outs.append(out)

    after = send
