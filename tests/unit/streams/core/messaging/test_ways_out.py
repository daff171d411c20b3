"""What ends a sequence does so at its own moment, whatever else the event is."""

from __future__ import annotations

from schemas.times import iso
from streams.core.sealing.profile_logic import ProfileLogic
from tests.support.campaigning import SECRET, Customer, campaign, campaigns_of, step
from tests.support.happenings import at, happened


def test_an_order_that_came_by_a_link_is_a_response_too():
    """The same order told again, with the address of the page: the thanks for it end there, not at the next event."""
    customer = Customer([campaign("c", "order_completed", step("a"), step("b", "3d"), exit_on=["engaged"])])
    customer.buys(0)
    customer.upto(1)
    url = f"https://shop.example/thanks?wb_mid={customer.messages[0]['message_id']}"
    customer.buys(5, url=url, id_="again")
    assert customer.outcomes == [("a", "sent", None), ("b", "cancelled", "exited")]
    assert customer.decisions[1]["decided_at"] == iso(at(5))


def test_a_message_is_taken_back_also_when_its_campaign_is_gone():
    """Somebody may be about to send it."""
    customer = Customer([campaign("c", "cart_abandoned", step("a"))])
    customer.adds()
    customer.upto(40)
    customer.logic = ProfileLogic(campaigns_of([]), SECRET)
    event = happened("Order Completed", 10, order_id="o", late=True)
    event.clock = at(60)
    customer.logic.on_event(customer.profile, event, customer.effects)
    assert customer.outcomes == [("a", "sent", None), ("a", "cancelled", "converted")]
