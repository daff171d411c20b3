"""What became of events, joined from the topics that a pipeline really writes."""

from __future__ import annotations

from collections import defaultdict

import orjson
import pytest

from deploy.cli import tail_lines
from deploy.operate.following.join import READ, Join
from deploy.operate.following.whom import Whom
from schemas.aliases.effects import Effects
from schemas.events import Reader
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from schemas.times import iso
from schemas.topics import IDENTITY_ASSIGNMENTS, PROFILE_EVENTS
from streams.testing import Topology

SETTINGS = Settings(secret="of the test", partitions=2)  # noqa: S106
START = 1_767_600_000_000
MINUTE = 60_000


def does(value):
    """What an event does by its name."""
    told = Effects().told({"name": value["name"] if value["type"] == "track" else value["type"]})
    return told["does"], told["nearest"]


class Shop:
    """A pipeline, and the join that reads all that it writes."""

    def __init__(self):
        self.topology = Topology(SETTINGS)
        self.join = Join(Reader(), SETTINGS.partitions, does)
        self._read = defaultdict(int)
        self._ends = defaultdict(int)

    def send(self, minute, channel, **value):
        """A raw event at this minute; what is joined when it has been read, and its id."""
        record = self.bytes(minute, channel, orjson.dumps({"timestamp": iso(START + minute * MINUTE), **value}))
        return self.lines(), f"{record.topic}:{record.partition}:{record.offset}"

    def bytes(self, minute, channel, value):
        """A raw record of these bytes."""
        topic = f"channels.{channel}"
        record = Record(topic, 0, self._ends[topic], START + minute * MINUTE, None, value)
        self._ends[topic] += 1
        self.topology.feed([record])
        self.join.take(record)
        return record

    def reach(self, minute):
        """Time comes to this minute, in three reports as workers write them; what is joined then."""
        for more in range(3):
            self.topology.reach(START + minute * MINUTE + more, START + minute * MINUTE + more)
        return self.lines()

    def assignments(self):
        """The records of identity.assignments."""
        return self.topology.topics[IDENTITY_ASSIGNMENTS]

    def lines(self):
        """What is joined of all that was written since."""
        for topic, log in self.topology.logs.topics.items():
            for partition, records in log.items():
                if topic in READ or (topic, partition) == (PROFILE_EVENTS, 0):
                    for record in records.since(self._read[topic, partition]):
                        self.join.take(record)
                    self._read[topic, partition] = records.end
        return self.join.settle()


@pytest.fixture
def shop():
    """A pipeline that has just been opened."""
    opened = Shop()
    opened.reach(0)
    return opened


CART = {"type": "track", "event": "Product Added", "anonymousId": "a1",
        "properties": {"sku": "s1", "price": 30, "currency": "EUR"}}  # fmt: skip


def of(lines, kind):
    """The lines of a kind."""
    return [line for line in lines if line["kind"] == kind]


def test_an_event_is_read_and_then_takes_effect(shop):
    """At once it is accepted, by the name that is read; when time has passed it, it is told what it did, and whose."""
    lines, place = shop.send(1, "web", messageId="m1", **{**CART, "event": "add_to_cart"})
    [read] = lines
    assert (read["kind"], read["outcome"], read["id"], read["name"], read["original_name"]) == (
        "read", "accepted", place, "Product Added", "add_to_cart",
    )  # fmt: skip
    [event] = shop.reach(5)
    assert (event["kind"], event["outcome"], event["id"], event["does"]) == ("event", "accepted", place, "cart")
    assert event["did"] == ["cart: none to open (opened)"]
    assert event["profile_id"] == Hasher("of the test")("anonymous_id", "a1")
    assert shop.join.waiting == 0


def test_a_repeat_is_told_with_what_it_repeats(shop):
    """The second of one messageId has no effect: once time has passed it that is said, and it is waited for no more."""
    _, first = shop.send(1, "web", messageId="m1", **CART)
    _, second = shop.send(1, "web", messageId="m1", **CART)
    lines = shop.reach(5) + shop.reach(10)
    assert [line["id"] for line in of(lines, "event")] == [first]
    assert [(line["outcome"], line["id"], line["of"]) for line in of(lines, "repeat")] == [("duplicate", second, first)]
    assert shop.join.waiting == 0
    _, third = shop.send(11, "web", messageId="m1", **CART)
    lines = shop.reach(15) + shop.reach(20)
    assert [(line["id"], line["of"]) for line in of(lines, "repeat")] == [(third, first)]


def test_late_and_dead_events_are_told(shop):
    """An event from behind the watermark is late and takes effect at once; one that cannot be read is dead."""
    shop.send(1, "web", messageId="m1", **CART)
    shop.reach(60)
    lines, place = shop.send(2, "app", messageId="m2", type="page", name="Home", userId="u1")
    lines += shop.reach(61) + shop.reach(62)
    [late] = of(lines, "event")
    assert (late["outcome"], late["id"], late["does"]) == ("late", place, "activity")
    assert not of(lines, "repeat")
    dead = of(shop.send(63, "store", type="track", userId="u1")[0], "dead")
    assert [(line["reason"], line["channel"]) for line in dead] == [("missing_event_name", "store")]


def test_orders_consent_and_nothing(shop):
    """An order converts the cart, a no is a no, and a name that nobody knows does nothing, with the nearest name."""
    shop.send(1, "web", messageId="m1", **CART)
    shop.send(2, "web", messageId="m2", type="track", event="Order Completed", anonymousId="a1",
              properties={"order_id": "o1", "revenue": 30, "currency": "EUR"})  # fmt: skip
    shop.send(3, "email", messageId="m3", type="track", event="Unsubscribed", userId="u1")
    shop.send(4, "web", messageId="m4", type="track", event="Order Completd", userId="u1")
    by_id = {line["message_id"]: line for line in of(shop.reach(10), "event")}
    assert sorted(by_id["m2"]["did"])[:2] == ["cart: open to converted (order)", "order o1 (order)"]
    assert by_id["m3"]["did"] == ["consent: no to email"]
    assert (by_id["m4"]["did"], by_id["m4"]["does"], by_id["m4"]["resembles"]) == ([], "nothing", "Order Completed")


def test_decisions_name_the_check(shop):
    """A cart that is left is told when time has passed, and the decision with the check that decided and why."""
    shop.send(1, "web", messageId="m1", **CART)
    lines = shop.reach(60) + shop.reach(120)
    [left] = of(lines, "cart")
    assert (left["from"], left["to"], left["reason"]) == ("open", "abandoned", "inactivity")
    [decision] = of(lines, "decision")
    assert (decision["outcome"], decision["check"], decision["profile_id"]) == (
        "suppressed", "no_contact", left["profile_id"],
    )  # fmt: skip
    assert "no address" in decision["why"]


def test_one_customer_is_followed(shop):
    """All identifiers of a customer lead to the lines of the same one, decisions too; others' are left out."""
    hasher = Hasher("of the test")
    shop.send(1, "web", messageId="m1", type="identify", userId="4711", anonymousId="a1")
    shop.reach(5)
    whom = Whom(hasher, channel=None, asked=hasher("user_id", "4711"), mentions=lambda value: b"4711" in value)
    for record in (*shop.assignments(), *shop.assignments()):
        whom.learn(record)
    lines = [
        *shop.send(6, "web", messageId="m2", **CART)[0],
        *shop.send(6, "app", messageId="m3", **{**CART, "anonymousId": "a2"})[0],
    ]
    shop.bytes(7, "web", b'{"userId": "4711", ')
    shop.bytes(7, "web", b'{"userId": "4712", ')
    lines += shop.lines() + shop.reach(60) + shop.reach(120)
    kept = [line for line in lines if whom(line)]
    assert {line["message_id"] for line in kept if "message_id" in line and line["kind"] in ("read", "event")} == {"m2"}
    assert [line["kind"] for line in kept].count("dead") == 1
    assert len(of(kept, "decision")) == 1
    assert len(of(lines, "decision")) == 2


def test_one_channel_is_followed(shop):
    """Of a channel: its events, its dead letters, and the decisions about customers who were seen there."""
    whom = Whom(Hasher("of the test"), channel="app", asked=None)
    lines = [
        *shop.send(1, "web", messageId="m1", **CART)[0],
        *shop.send(1, "app", messageId="m2", **{**CART, "anonymousId": "a2"})[0],
        *shop.reach(60), *shop.reach(120),
    ]  # fmt: skip
    kept = [line for line in lines if whom(line)]
    assert [line["kind"] for line in kept] == ["read", "event", "cart", "decision"]
    assert {line.get("channel", "app") for line in kept} == {"app"}


def test_lines_hide_values_unless_they_are_asked_for(shop):
    """A line shows the types of identifiers alone, in text and in JSON, and no bytes of a dead letter."""
    lines, _ = shop.send(1, "web", messageId="m1", **{**CART, "userId": "secret-user"})
    shop.bytes(1, "web", b'{"userId": "secret-user", ')
    lines += [*shop.lines(), *shop.reach(60), *shop.reach(120)]
    assert {"read", "event", "dead", "cart", "decision"} == {line["kind"] for line in lines}
    for line in lines:
        lean = tail_lines.lean(line, values=False)
        assert "secret-user" not in tail_lines.as_text(lean) + tail_lines.as_json(lean)
        assert "\n" not in tail_lines.as_text(lean)
    assert "user_id:secret-user" in tail_lines.as_text(tail_lines.lean(lines[0], values=True))
