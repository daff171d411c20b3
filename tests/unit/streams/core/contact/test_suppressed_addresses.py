"""What is said of an address holds for whoever has it: known everywhere in time, lifted by a yes alone."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas import consent_words
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from schemas.times import parse
from schemas.topics import CHANNEL_TOPICS, CONTACT_SUPPRESSIONS, RETARGETING_DECISIONS, partition_of
from streams.core.protocol.state_keys import ADDRESS, ADDRESS_WAITS
from streams.testing import Topology
from tests.support.campaigning import campaign, campaigns_of, step

MINUTE = 60_000
DAY = 24 * 60
"""Minutes."""
START = 1_767_600_000_000 // 86_400_000 * 86_400_000
RULES = campaigns_of(
    [campaign("c", "cart_abandoned", step(channel="push")), campaign("news", "cart_abandoned", step(), topic="news")]
)
TOKEN = {"context": {"device": {"token": "tablet"}}}
ANNA, BEN = {"userId": "anna"}, {"userId": "ben"}
PUSH_OFF = {"channel": "push", "subscribed": False}


class Shop:
    """A topology, and what it is told: minutes, calls."""

    def __init__(self, partitions: int = 3) -> None:
        self.topology = Topology(Settings(secret="addresses", partitions=partitions), RULES)  # noqa: S106 - made up
        self.offsets = dict.fromkeys(CHANNEL_TOPICS, 0)
        self.count = 0

    def tell(self, minute: float, channel: str, name: str, who: dict[str, Any], /, **properties: Any) -> None:
        """One event; `name` is a track call's, or `identify`."""
        kind = {"type": "identify"} if name == "identify" else {"type": "track", "event": name}
        topic, time = f"channels.{channel}", START + round(minute * MINUTE)
        self.count += 1
        message_id = properties.pop("id_", f"m{self.count}")
        value = {"messageId": message_id, "timestamp": time, **kind, **who, "properties": properties}
        record = Record(topic, 0, self.offsets[topic], time, None, orjson.dumps(value))
        self.offsets[topic] += 1
        self.topology.feed([record])

    def carts(self, minute: float, who: dict[str, Any]) -> None:
        """Somebody puts something into the cart and leaves it there."""
        self.tell(minute, "web", "Product Added", who, sku=f"s{minute}", price=30)

    def hands_over_the_tablet(self, minute: float) -> None:
        """Ben logs in on Anna's tablet: its token is his from then on."""
        self.tell(minute, "app", "identify", {**BEN, **TOKEN})

    def decided(self, campaign_id: str = "c") -> list[tuple[float, str, str | None]]:
        """(minute, outcome, reason) of the decisions of a campaign."""
        rows = [row for row in self.topology.read(RETARGETING_DECISIONS) if row["campaign_id"] == campaign_id]
        return sorted((minute_of(row["decided_at"]), row["outcome"], row["reason"]) for row in rows)

    def said(self) -> list[tuple[str, bool, str, float]]:
        """(channel, suppressed, reason, since) of each record about addresses."""
        rows = self.topology.read(CONTACT_SUPPRESSIONS)
        return [(row["channel"], row["suppressed"], row["reason"], minute_of(row["since"])) for row in rows]


def minute_of(text: str) -> float:
    """Minutes since the beginning."""
    at = parse(text)
    assert at is not None
    return (at - START) / MINUTE


def household() -> Shop:
    """Anna has a tablet."""
    shop = Shop()
    shop.tell(0, "app", "identify", {**ANNA, **TOKEN})
    return shop


@pytest.mark.parametrize("who", [{**ANNA, **TOKEN}, TOKEN], ids=["both", "the address alone"])
def test_a_no_holds_for_who_has_the_address_later(who) -> None:
    """At once, as the event names the address."""
    shop = household()
    shop.tell(5, "app", "Subscription Changed", who, **PUSH_OFF)
    shop.hands_over_the_tablet(5.001)
    shop.carts(6, BEN)
    shop.topology.finish()
    assert shop.decided() == [(36, "suppressed", "no_consent")]
    assert shop.said() == [("push", True, "unsubscribed", 5)]


@pytest.mark.parametrize(("minute", "outcome"), [(40, "sent"), (DAY - 30, "sent"), (DAY - 29.999, "suppressed")])
def test_a_no_without_an_address_is_about_those_that_the_profile_has_then(minute, outcome) -> None:
    """For the profile at once; for who has the address later from the next midnight on, not yet at midnight itself."""
    shop = household()
    shop.tell(1, "web", "Product Added", ANNA, sku="s", price=3)
    shop.tell(5, "email", "Subscription Changed", ANNA, **PUSH_OFF)
    shop.tell(32, "web", "Order Completed", ANNA, order_id="1", total=3)
    shop.hands_over_the_tablet(33)
    shop.carts(minute, BEN)
    shop.topology.finish()
    assert [(at, what) for at, what, _ in shop.decided()] == [
        (31, "suppressed"), (pytest.approx(minute + 30), outcome)
    ]  # fmt: skip
    assert shop.said() == [("push", True, "unsubscribed", 5)]


def test_another_address_of_the_same_customer_is_not_touched_by_a_bounce() -> None:
    """Anna's tablet is dead, her telephone is not."""
    shop = household()
    shop.tell(2, "app", "identify", {**ANNA, "context": {"device": {"token": "telephone"}}})
    shop.tell(5, "push", "Push Notification Bounced", TOKEN)
    shop.tell(6, "app", "identify", {**ANNA, "context": {"device": {"token": "telephone"}}})
    shop.carts(20, ANNA)
    shop.topology.finish()
    assert shop.decided() == [(50, "sent", None)]


@pytest.mark.parametrize("who", [{**BEN, **TOKEN}, BEN], ids=["names the address", "comes from who has it"])
def test_a_yes_lifts_it_for_everybody(who) -> None:
    """For who has said it at once, for others from the next midnight on; the record on the topic says so."""
    shop = household()
    shop.tell(5, "push", "Push Notification Bounced", TOKEN)
    shop.hands_over_the_tablet(10)
    shop.tell(49, "app", "Subscription Changed", who, channel="push", subscribed=True)
    shop.carts(20, BEN)
    shop.topology.finish()
    assert shop.decided() == [(50, "sent", None)]
    assert shop.said() == [("push", True, "bounced", 5), ("push", False, "subscribed", 49)]


def test_a_yes_about_another_channel_or_an_older_one_lifts_nothing() -> None:
    """The newest word about the channel holds, whatever came in between."""
    shop = household()
    shop.tell(4, "app", "Subscription Changed", {**ANNA, **TOKEN}, channel="push", subscribed=True)
    shop.tell(4.5, "app", "Subscription Changed", {**ANNA, **TOKEN}, **PUSH_OFF)
    shop.tell(6, "app", "Subscription Changed", {**ANNA, **TOKEN}, channel="email", subscribed=True)
    shop.hands_over_the_tablet(10)
    shop.carts(20, BEN)
    shop.topology.finish()
    assert shop.decided() == [(50, "suppressed", "no_consent")]


def test_a_yes_that_comes_twice_lifts_once() -> None:
    """A retry of a yes from before the no, under its own message id, is no new word."""
    shop = household()
    shop.tell(4, "app", "Subscription Changed", {**ANNA, **TOKEN}, id_="yes", channel="push", subscribed=True)
    shop.tell(5, "app", "Subscription Changed", {**ANNA, **TOKEN}, **PUSH_OFF)
    shop.tell(7, "app", "Subscription Changed", {**ANNA, **TOKEN}, id_="yes", channel="push", subscribed=True)
    shop.hands_over_the_tablet(10)
    shop.carts(20, BEN)
    shop.topology.finish()
    assert shop.decided() == [(50, "suppressed", "no_consent")]


def test_a_topic_is_refused_for_the_address_alone() -> None:
    """News to the mailbox stops; what is not news does not."""
    shop = Shop()
    mail = {"context": {"traits": {"email": "home@x.example"}}}
    shop.tell(0, "web", "identify", {**ANNA, **mail})
    shop.tell(5, "email", "Unsubscribed", mail, channel="email", topic="news")
    shop.topology.reach(START + 6 * MINUTE)
    hasher = Hasher("addresses")
    shop.topology.request("erase", "user_id", hasher("user_id", "anna"), now=START + 7 * MINUTE)
    shop.tell(10, "web", "identify", {**BEN, **mail})
    shop.carts(20, BEN)
    shop.topology.finish()
    assert shop.decided("news") == [(50, "suppressed", "no_consent")]
    key = hasher("email:news", "home@x.example")
    records = shop.topology.topics[CONTACT_SUPPRESSIONS]
    assert [(record.key, record.partition) for record in records] == [(key.encode(), partition_of(key, 3))]
    assert b"home@x" not in (records[0].value or b"")


def test_the_erased_stay_suppressed() -> None:
    """Who comes under an address whose owner has been forgotten is a new customer, and is not written to."""
    shop = household()
    shop.tell(5, "app", "Subscription Changed", ANNA, **PUSH_OFF)
    shop.topology.reach(START + 6 * MINUTE)
    receipts = shop.topology.request("erase", "user_id", Hasher("addresses")("user_id", "anna"), now=START + 7 * MINUTE)
    assert receipts
    shop.hands_over_the_tablet(10)
    shop.carts(DAY, BEN)
    shop.topology.finish()
    assert shop.decided() == [(DAY + 30, "suppressed", "no_consent")]


def test_a_record_says_from_when_decisions_know() -> None:
    """Of what names the address its own time, of what the profile tells the next midnight, of what comes late then."""
    shop = household()
    shop.tell(5, "app", "Subscription Changed", {**ANNA, **TOKEN}, **PUSH_OFF)
    shop.tell(6, "app", "Subscription Changed", {**ANNA, **TOKEN}, channel="push", subscribed=True)
    shop.topology.reach(START + 2 * DAY * MINUTE)
    shop.tell(8, "push", "Push Notification Bounced", TOKEN)
    shop.topology.finish()
    rows = shop.topology.read(CONTACT_SUPPRESSIONS)
    assert [(row["reason"], minute_of(row["known_at"])) for row in rows] == [
        ("unsubscribed", 5), ("subscribed", DAY), ("bounced", 2 * DAY)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("about", "outcome"),
    [
        ({"channel": "push", "subscribed": True}, "sent"),
        ({"channel": "*", "subscribed": "yes"}, "sent"),
        ({"channel": "email", "subscribed": True}, "suppressed"),
        ({"channel": "push", "topic": "news", "subscribed": True}, "suppressed"),
    ],
)
def test_the_customers_own_yes_holds_at_once(about, outcome) -> None:
    """A minute before the decision Ben says yes to the tablet that he has from Anna, who had said no to it."""
    shop = household()
    shop.tell(5, "app", "Subscription Changed", {**ANNA, **TOKEN}, **PUSH_OFF)
    shop.hands_over_the_tablet(10)
    shop.carts(12, BEN)
    shop.tell(41, "email", "Subscription Changed", BEN, **about)
    shop.topology.finish()
    assert [(minute, what) for minute, what, _ in shop.decided()] == [(42, outcome)]


@pytest.mark.parametrize("later", [43, DAY - 1])
def test_a_no_of_afterwards_does_not_change_what_an_own_yes_has_allowed(later) -> None:
    """Also if both no's are known before the decision is made: it knows what was said up to its time."""
    shop = household()
    shop.tell(5, "app", "Subscription Changed", {**ANNA, **TOKEN}, **PUSH_OFF)
    shop.hands_over_the_tablet(10)
    shop.carts(12, BEN)
    shop.tell(41, "email", "Subscription Changed", BEN, channel="push", subscribed=True)
    shop.tell(later, "app", "Subscription Changed", {**BEN, **TOKEN}, **PUSH_OFF)
    shop.carts(DAY, BEN)
    shop.topology.finish()
    assert [(minute, what) for minute, what, _ in shop.decided()] == [
        (42, "sent"), (later, "cancelled"), (DAY + 30, "suppressed")
    ]  # fmt: skip


def test_an_own_yes_lifts_all_that_was_said_before_it_and_nothing_since() -> None:
    """Of several no's in a row the last one is what a yes is compared with."""
    shop = household()
    for minute in (5, 7):
        shop.tell(minute, "app", "Subscription Changed", {**ANNA, **TOKEN}, **PUSH_OFF)
    shop.hands_over_the_tablet(10)
    shop.carts(12, BEN)
    shop.tell(41, "email", "Subscription Changed", BEN, channel="push", subscribed=True)
    shop.tell(50, "push", "Push Notification Bounced", TOKEN, bounce_type="hard")
    shop.carts(60, BEN)
    shop.topology.finish()
    assert [(minute, what) for minute, what, _ in shop.decided() if minute != 50] == [(42, "sent"), (90, "suppressed")]


def test_an_own_yes_to_another_address_holds_for_that_alone() -> None:
    """Ben's yes was to his telephone; of the tablet, which he has afterwards, Anna's no stands."""
    shop = household()
    shop.tell(5, "app", "Subscription Changed", {**ANNA, **TOKEN}, **PUSH_OFF)
    shop.tell(6, "app", "identify", {**BEN, "context": {"device": {"token": "telephone"}}})
    shop.tell(7, "email", "Subscription Changed", BEN, channel="push", subscribed=True)
    shop.hands_over_the_tablet(10)
    shop.carts(12, BEN)
    shop.topology.finish()
    assert [(minute, what) for minute, what, _ in shop.decided()] == [(42, "suppressed")]


def test_a_no_that_comes_late_counts_from_then_on() -> None:
    """Time had passed it: later decisions know it, and what was decided before is taken back."""
    shop = household()
    shop.hands_over_the_tablet(10)
    shop.carts(20, BEN)
    shop.topology.reach(START + 60 * MINUTE)
    shop.tell(5, "push", "Push Notification Bounced", TOKEN)
    shop.tell(70, "web", "Order Completed", BEN, order_id="1", total=3)
    shop.carts(80, BEN)
    shop.topology.finish()
    assert shop.decided() == [
        (5, "cancelled", "no_consent"), (50, "sent", None), (110, "suppressed", "no_consent")
    ]  # fmt: skip


def test_what_is_kept_survives_a_restart_and_does_not_grow() -> None:
    """What waits and what has been said come back from the store; the same said again and again is kept in bounds."""
    shop = household()
    for nth in range(60):
        shop.tell(5 + nth / 10, "push", "Push Notification Bounced", TOKEN)
    shop.topology.restart()
    shop.hands_over_the_tablet(12)
    shop.carts(20, BEN)
    shop.topology.reach(START + 30 * MINUTE)
    shop.topology.restart()
    shop.topology.finish()
    assert shop.decided() == [(50, "suppressed", "no_consent")]
    for store in shop.topology.stores[1:]:
        assert list(store.scan(ADDRESS_WAITS)) == []
        assert [len(orjson.loads(value)) for _, value in store.scan(ADDRESS)] == [50]


def test_of_days_that_are_over_one_word_is_kept() -> None:
    """Whatever was said of an address before the last midnight is what holds since."""
    shop = household()
    for day in range(3):
        for minute in (5, 6):
            shop.tell(day * DAY + minute, "push", "Push Notification Bounced", TOKEN)
    shop.topology.finish()
    for store in shop.topology.stores[1:]:
        assert [len(orjson.loads(value)) for _, value in store.scan(ADDRESS)] == [3]


@pytest.mark.parametrize(
    "name",
    [f"email_{word}" for word in sorted(consent_words._POSITIVE | consent_words._NEGATIVE)]
    + ["newsletter", "emailMarketing"],
)
def test_no_trait_that_says_something_is_passed_over(name) -> None:
    """Ingest looks into the traits of every event whose traits may say something, and into no others."""
    assert consent_words.may_say({"a": 1, name: False})
    assert consent_words.may_say({"email": "a@b.c", name: False})
    assert not consent_words.may_say({"email": "a@b.c", "said": name})


def test_ingest_looks_wherever_there_is_a_no() -> None:
    """Every word of the tables, as a name, as a part of one, around one and as a value: a no that is read is told."""
    tables = [table for table in vars(consent_words).values() if isinstance(table, frozenset | tuple | dict)]
    words = sorted({word for table in tables for word in table if isinstance(word, str) and word.isidentifier()})
    assert len(words) > 200
    values = (False, True, "no", "unsubscribed", *sorted(consent_words._UNSUBSCRIBED), *sorted(consent_words._NO))
    said = 0
    for word in words:
        for beside in ("email", "sms", "Marketing", "status"):
            for value in values:
                names = (word, f"{word}_{beside}", f"{beside}_{word}", f"{word}{beside.title()}")
                shapes = (*({name: value} for name in names), {word: {beside: value}}, {beside: {word: value}})
                for traits in shapes:
                    if consent_words.says_no(traits):
                        said += 1
                        for told in (traits, {"a": 1, **traits}):
                            assert consent_words.may_say(told), told
    assert said > 1_000
