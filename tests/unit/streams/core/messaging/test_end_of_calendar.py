"""Times at the end of the calendar: whatever a record's clock says, nothing leaves the years that can be written."""

from __future__ import annotations

import pytest

from streams.core.profile.state import Dated
from streams.core.protocol.ports import MAX_TIME
from tests.support.campaigning import Customer, campaign, step
from tests.support.happenings import MINUTE, START

END = (MAX_TIME - START) / MINUTE


@pytest.mark.parametrize("before_the_end", [29, 30, 31, 600, 2_880])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
@pytest.mark.parametrize("more", [{}, {"hour": "best"}])
def test_a_cart_of_the_year_9999(before_the_end, zone, more):
    """Offers, quiet hours and best hours that would end later end with the calendar."""
    offer = {"prefix": "B", "discount": "10%", "valid_for": "36500d"}
    quiet = {"from": "00:00", "to": "23:59"}
    for file in ({}, {"quiet_hours": quiet}):
        customer = Customer([campaign("c", "cart_abandoned", step(**more), offer=offer)], message_ttl="36500d", **file)
        customer.profile.zone, customer.profile.hours = Dated(zone, 0), {"7": 1}
        customer.adds(END - before_the_end)
        customer.upto(END)
        assert {row["outcome"] for row in customer.decisions} <= {"sent", "deferred"}
        assert all(message["offer"]["expires_at"].startswith("9999-12-31") for message in customer.messages)
