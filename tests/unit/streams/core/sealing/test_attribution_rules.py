"""What the campaigns file says of attribution reaches the rows of orders, and what touches are told of events."""

from __future__ import annotations

from typing import Any

from schemas.topics import STITCHED_EVENTS
from tests.support.campaigning import Customer
from tests.support.journeys import Table

DAY = 24 * 60


def credits_with(**attribution: str) -> dict[str, Any]:
    """The row of an order after a click nine days before and another one day before."""
    customer = Customer([], attribution=attribution)
    customer.does("Ad Clicked", 0, "ads")
    customer.does("Email Link Clicked", 8 * DAY, "email")
    customer.buys(9 * DAY)
    (row,) = customer.rows("conversions")
    return row


def test_the_file_says_how_long_touches_count_and_how_fast_they_fade():
    """Thirty days and seven if it says nothing."""
    plain, short, slow = credits_with(), credits_with(lookback="2d"), credits_with(half_life="16d")
    assert (plain["touch_count"], plain["credits"]["first"]) == (2, {"ads": 1})
    assert plain["credits"]["time_decay"] == {"ads": 0.311703, "email": 0.688297}
    assert (short["touch_count"], short["credits"]["first"]) == (1, {"email": 1})
    assert slow["credits"]["time_decay"] == {"ads": 0.414214, "email": 0.585786}


def test_a_stitched_event_carries_the_touch_that_it_has_opened():
    """The first page of a visit does, the second does not."""
    table = Table()
    page = {"type": "page", "userId": "u1", "context": {"campaign": {"source": "news", "medium": "email"}}}
    for minute in (0, 5):
        table.feed(minute, {**page, "messageId": f"m{minute}"})
    table.round(10)
    first, second = table.rows(STITCHED_EVENTS)
    assert first["touch"] == {
        "id": first["touch"]["id"], "change": 0, "channel": "email", "at": first["event_time"], "source": "news",
        "medium": "email", "campaign": None,
    }  # fmt: skip
    assert "touch" not in second
