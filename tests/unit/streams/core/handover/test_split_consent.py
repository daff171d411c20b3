"""Who has said no before a split has said so on both sides, at whatever address each is to be written to now."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import RETARGETING_DECISIONS, RETARGETING_MESSAGES
from streams.testing import Topology
from tests.support.campaigning import campaign, campaigns_of

START, MINUTE = 1_767_600_000_000, 60_000
SECRET = "split consent"  # noqa: S105 - of made-up customers
ANNA, COOKIE = {"userId": "anna"}, {"anonymousId": "a1"}
BOTH = {**ANNA, **COOKIE}
NO, OFF, YES = "Unsubscribed", {"channel": "email"}, {"channel": "email", "subscribed": True}
SENT, REFUSED = [("sent", None)], [("suppressed", "no_consent")]


class Shop:
    """Anna and a browser that is taken for hers until it is split off; each gives a new address and fills a cart."""

    def __init__(self, default: str = "opt_out", partitions: int = 3) -> None:
        settings = Settings(secret=SECRET, partitions=partitions)
        self.topology = Topology(settings, campaigns_of([campaign()], consent={"default": default}))
        self.offset = 0

    def tells(self, minute: int, who: dict[str, Any], name: str, /, **properties: Any) -> None:
        """One track call on the web."""
        value = {"timestamp": START + minute * MINUTE, "messageId": f"m{self.offset}", "type": "track", "event": name}
        self.feed({**value, **who, "properties": properties}, minute)

    def feed(self, value: dict[str, Any], minute: int) -> None:
        """One record on the web."""
        self.topology.feed([Record("channels.web", 0, self.offset, START + minute * MINUTE, None, orjson.dumps(value))])
        self.offset += 1

    def reach(self, minute: int) -> None:
        """All before has taken effect."""
        self.topology.reach(START + minute * MINUTE)

    def split(self, minute: int) -> None:
        """The browser is not Anna's."""
        hashed = Hasher(SECRET)("anonymous_id", "a1")
        receipt = self.topology.request("split", "anonymous_id", hashed, now=START + minute * MINUTE)[0]
        assert receipt["found"]

    def decided(self, minute: int) -> dict[str, list[tuple[str, str | None]]]:
        """What becomes of the carts that both leave from a minute on, by who."""
        for who, nth in ((ANNA, 0), (COOKIE, 1)):
            at = minute + nth
            value = {"timestamp": START + at * MINUTE, "messageId": f"m{self.offset}", "type": "identify", **who}
            self.feed({**value, "traits": {"email": f"new{nth}@shop.example"}}, at)
            self.tells(at + 2, who, "Product Added", sku=f"s{nth}", price=10 + nth)
        self.topology.finish()
        rows = self.topology.read(RETARGETING_DECISIONS)
        anna = Hasher(SECRET)("user_id", "anna")
        told = {"anna": [row for row in rows if row["profile_id"] == anna]}
        told["browser"] = [row for row in rows if row not in told["anna"]]
        to = {row["to"] for row in self.topology.read(RETARGETING_MESSAGES)}
        assert to <= {"new0@shop.example", "new1@shop.example"}
        return {who: [(row["outcome"], row["reason"]) for row in some] for who, some in told.items()}


@pytest.mark.parametrize("partitions", [1, 3])
def test_without_a_no_both_are_written_to(partitions: int) -> None:
    """So what the others are not told is by the no alone."""
    shop = Shop(partitions=partitions)
    shop.tells(0, BOTH, "Home")
    shop.reach(10)
    shop.split(10)
    assert shop.decided(20) == {"anna": SENT, "browser": SENT}


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("first", [ANNA, COOKIE, BOTH], ids=["anna", "browser", "both"])
@pytest.mark.parametrize("joined", [1, 5], ids=["before", "after"])
def test_who_has_said_no_has_said_so_on_both_sides(joined: int, first: dict[str, Any], partitions: int) -> None:
    """Whoever of them said it, before they were taken for one or since; it names no address."""
    shop = Shop(partitions=partitions)
    shop.tells(joined, BOTH, "Home")
    shop.tells(3, first, NO, **OFF)
    shop.reach(10)
    shop.split(10)
    assert shop.decided(20) == {"anna": REFUSED, "browser": REFUSED}


def test_a_no_that_waits_goes_with_who_said_it() -> None:
    """It takes effect after the split: the other has not said it."""
    shop = Shop()
    shop.tells(1, BOTH, "Home")
    shop.reach(2)
    shop.tells(3, COOKIE, NO, **OFF)
    shop.split(2)
    assert shop.decided(20) == {"anna": SENT, "browser": REFUSED}


@pytest.mark.parametrize(("who", "right"), [(ANNA, (REFUSED, SENT)), (COOKIE, (SENT, REFUSED))])
def test_a_no_that_comes_late_counts_where_its_customer_is_by_then(who: dict[str, Any], right: tuple[Any, Any]) -> None:
    """Time was past it before they were split."""
    shop = Shop()
    shop.tells(1, BOTH, "Home")
    shop.reach(10)
    shop.split(10)
    shop.tells(3, who, NO, **OFF)
    assert shop.decided(20) == dict(zip(("anna", "browser"), right, strict=True))


def test_a_late_no_of_before_a_split_is_said_on_both_sides() -> None:
    """It came after its time, but before the split."""
    shop = Shop()
    shop.tells(1, BOTH, "Home")
    shop.reach(10)
    shop.tells(3, COOKIE, NO, **OFF)
    shop.split(10)
    assert shop.decided(20) == {"anna": REFUSED, "browser": REFUSED}


def test_a_profile_that_joins_late_brings_its_no_to_both_sides() -> None:
    """The link came after its time, then the browser was split off."""
    shop = Shop()
    shop.tells(3, COOKIE, NO, **OFF)
    shop.tells(4, ANNA, "Home")
    shop.reach(10)
    shop.tells(5, BOTH, "Home")
    shop.split(10)
    assert shop.decided(20) == {"anna": REFUSED, "browser": REFUSED}


def test_a_yes_of_before_a_split_is_said_on_both_sides() -> None:
    """Where only who has said yes is written to, both are; without it neither is."""
    for said, right in ((YES, SENT), (None, REFUSED)):
        shop = Shop("opt_in")
        shop.tells(1, BOTH, "Home")
        if said:
            shop.tells(3, ANNA, "Subscription Changed", **said)
        shop.reach(10)
        shop.split(10)
        assert shop.decided(20) == {"anna": right, "browser": right}
