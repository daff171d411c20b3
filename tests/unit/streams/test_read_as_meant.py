"""What producers write loosely, through the whole pipeline: who it is about, when it was, and what it is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.record import Record
from schemas.settings import Settings
from schemas.times import iso
from schemas.topics import CART_TRANSITIONS, CONVERSIONS, IDENTITY_MERGES, RETARGETING_MESSAGES, STITCHED_EVENTS
from streams.testing import Topology

NOON = 1_773_144_000_000
"""2026-03-10T12:00:00Z, a Tuesday."""
MINUTE = 60_000
FILE = """
campaigns:
  - id: cart
    trigger: {on: cart_abandoned}
    steps: [{id: remind, after: 0m, channel: best, of: [email, sms], template: t}]
"""


class Shop:
    """The pipeline with one campaign: events at a minute after noon come in, and what came out is asked for."""

    def __init__(self, folder: Path, region: str = "US") -> None:
        for channel, text in (("email", "subject: Hello\n\nHello {{ message_id }}"), ("sms", "Hello {{ message_id }}")):
            place = folder / "templates" / f"t.{channel}.liquid"
            place.parent.mkdir(exist_ok=True)
            place.write_text(text)
        (folder / "campaigns.yaml").write_text(FILE)
        self.topology = Topology(Settings(clock="event", campaigns=folder / "campaigns.yaml", phone_region=region))
        self._offsets: dict[str, int] = {}

    def takes(self, minute: float, channel: str = "web", **message: Any) -> None:
        """An event in a record of this minute; it has that time unless it says another."""
        at = NOON + int(minute * MINUTE)
        value = orjson.dumps({"type": "track", "timestamp": iso(at), **message})
        self.takes_raw(at, channel, value)

    def takes_raw(self, at: int, channel: str, value: bytes) -> None:
        """A record's bytes."""
        topic = f"channels.{channel}"
        offset = self._offsets[topic] = self._offsets.get(topic, -1) + 1
        self.topology.feed([Record(topic, 0, offset, at, b"k", value)])

    def ends(self) -> None:
        """No more input."""
        self.topology.finish()

    def sent(self) -> list[tuple[str, str]]:
        """Channel and address of each message."""
        return [(row["channel"], row["to"]) for row in self.topology.read(RETARGETING_MESSAGES)]

    def customers(self) -> int:
        """How many customers the events are of."""
        merged = {row["merged_profile_id"]: row["into_profile_id"] for row in self.topology.read(IDENTITY_MERGES)}
        ids = (row["profile_id"] for row in self.topology.read(STITCHED_EVENTS))
        return len({merged.get(profile_id, profile_id) for profile_id in ids})


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop in the US."""
    return Shop(tmp_path)


ADDED = {"event": "Product Added", "properties": {"sku": "S1", "price": 30}}
ORDER = {"event": "Order Completed", "properties": {"order_id": 1, "revenue": 30}}


@pytest.mark.parametrize(
    ("web", "store"),
    [
        ({"userId": "Anna@Shop.example"}, {"userId": "anna@shop.example"}),
        ({"userId": "Anna@Shop.example"}, {"traits": {"email": "anna@shop.example"}}),
        ({"traits": {"email": "anna@shop.example"}}, {"userId": "ANNA@shop.example"}),
        ({"userId": "u", "traits": {"email": "anna@shop.example"}}, {"userId": "ANNA@shop.example"}),
    ],
)
def test_a_user_id_that_is_an_address_is_that_customer(shop: Shop, web: Any, store: Any) -> None:
    """Who is named by address in one system and by user id in another is one customer: no reminder after the order."""
    shop.takes(0, **ADDED, **web)
    shop.takes(10, "store", **ORDER, **store)
    shop.ends()
    assert (shop.customers(), shop.sent()) == (1, [])


def test_a_user_id_that_is_an_address_can_be_written_to(shop: Shop) -> None:
    """Nothing else is known of her; and a no under another spelling is hers."""
    shop.takes(0, **ADDED, userId="Anna@Shop.example")
    shop.takes(1, **ADDED, userId="Ben@Shop.example")
    shop.takes(2, "email", event="Unsubscribed", userId="ben@shop.example", properties={"channel": "email"})
    shop.ends()
    assert shop.sent() == [("email", "anna@shop.example")]


@pytest.mark.parametrize(
    ("region", "one", "other"),
    [
        ("US", "+919876543210", 919876543210), ("DE", "0171 2345678", "491712345678"),
        ("US", "+447911123456", "447911123456"),
        ("MX", "+5215512345678", "55 1234 5678"), ("BR", "(11) 98765-4321", "551187654321"),
        ("AR", "011 15-2345-6789", "+541123456789"),
        ("DE", "+491712345678", "whatsapp:+49 171 2345678"),
    ],
)  # fmt: skip
def test_two_spellings_of_a_phone_are_one_customer(tmp_path: Path, region: str, one: Any, other: Any) -> None:
    """The cart is under one spelling, the order under another."""
    shop = Shop(tmp_path, region)
    shop.takes(0, **ADDED, anonymousId="a", traits={"phone": one})
    shop.takes(10, "store", **ORDER, traits={"phone": other})
    shop.ends()
    assert (shop.customers(), shop.sent()) == (1, [])


@pytest.mark.parametrize(
    ("region", "phone", "to"),
    [
        ("DE", "491712345678", ["+491712345678"]), ("MX", "5215512345678", ["+525512345678"]),
        ("BR", "551187654321", ["+5511987654321"]), ("US", "2033456789", []),
        ("US", "(203) 345-6789", ["+12033456789"]),
        ("DE", "0171 2345678/9", []), ("US", "555-0123", []),
    ],
)  # fmt: skip
def test_where_a_text_message_goes(tmp_path: Path, region: str, phone: str, to: list[str]) -> None:
    """To the number that is meant, and to nobody where that is not sure."""
    shop = Shop(tmp_path, region)
    shop.takes(0, **ADDED, userId="u", traits={"phone": phone})
    shop.ends()
    assert shop.sent() == [("sms", number) for number in to]


@pytest.mark.parametrize("user", ["n/a", "(not set)", "<nil>", "${userId}", "undefined undefined", "{}", "none none"])
def test_two_people_under_one_placeholder(shop: Shop, user: str) -> None:
    """Each is the customer of the own anonymous id."""
    shop.takes(0, **ADDED, userId=user, anonymousId="a")
    shop.takes(1, **ADDED, userId=user, anonymousId="b")
    shop.ends()
    assert shop.customers() == 2


def test_products_with_long_numbers_are_two_lines(shop: Shop) -> None:
    """Their numbers differ in the last of twenty digits."""
    for n in (6, 7):
        number = f"1844674407370955161{n}"
        head = f'{{"type":"track","event":"Product Added","messageId":{number},"userId":"u",'
        value = f'{head}"properties":{{"product_id":{number},"price":5}}}}'
        shop.takes_raw(NOON + n, "web", value.encode())
    shop.ends()
    abandoned = [row for row in shop.topology.read(CART_TRANSITIONS) if row["to"] == "abandoned"]
    assert {line["product_id"] for line in abandoned[0]["lines"]} == {"18446744073709551616", "18446744073709551617"}


@pytest.mark.parametrize(
    "broken",
    [
        {"timestamp": "10/03/2026 12:10"}, {"timestamp": {"$date": "2026-03-10T12:10:00Z"}}, {"timestamp": -1},
        {"timestamp": 0}, {"timestamp": "1970-01-01T00:00:00.000Z"},
        {"timestamp": NOON * 1000}, {"timestamp": str(NOON * 1_000_000)}, {"timestamp": "0000-00-00 00:00:00"},
        {"context": []}, {"traits": ""}, {"context": "{}"}, {"type": "purchase/order"}, {"type": None},
        {"properties": '{"order_id": 1, "revenue": "30,- EUR"}'},
        {"originalTimestamp": "soon", "timestamp": None}, {"originalTimestamp": iso(NOON), "sentAt": "x",
        "timestamp": None},
    ],
)  # fmt: skip
def test_a_purchase_is_seen(shop: Shop, broken: dict[str, Any]) -> None:
    """Whatever is wrong with the envelope of an order, its buyer gets no reminder and its money counts."""
    shop.takes(0, **ADDED, userId="u", traits={"email": "anna@shop.example"})
    shop.takes(10, **{**ORDER, "userId": "u", **broken})
    shop.ends()
    assert shop.sent() == []
    assert [row["value"] for row in shop.topology.read(CONVERSIONS)] == [30]


@pytest.mark.parametrize("broken", [{"timestamp": "10/03/2026 12:00"}, {"traits": []}, {"type": "unsubscribe"}])
def test_a_no_is_heard(shop: Shop, broken: dict[str, Any]) -> None:
    """Whatever is wrong with its envelope."""
    no = {
        "event": "Unsubscribed",
        "properties": {"channel": "email"},
        "context": {"traits": {"email": "anna@shop.example"}},
    }
    shop.takes(0, **ADDED, userId="u", traits={"email": "anna@shop.example"})
    shop.takes(1, "email", **{**no, **broken})
    shop.ends()
    assert shop.sent() == []


def test_a_fast_clock_leaves_no_reminder_after_the_order(shop: Shop) -> None:
    """The phone's clock is two hours ahead: its cart was filled before the order of the web, and is converted by it."""
    ahead = 120 * MINUTE
    shop.takes(
        5, "app", **ADDED, userId="u", traits={"email": "anna@shop.example"},
        timestamp=iso(NOON + ahead), sentAt=iso(NOON + 5 * MINUTE + ahead),
    )  # fmt: skip
    shop.takes(10, **ORDER, userId="u")
    shop.ends()
    assert shop.sent() == []
