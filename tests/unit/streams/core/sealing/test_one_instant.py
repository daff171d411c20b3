"""What comes first at one instant, and what an event does to everything at once."""

from __future__ import annotations

from streams.core.profile.state import Engagement
from tests.support.campaigning import Customer, campaign, step
from tests.support.happenings import at

DAY = 1440


def test_timers_of_triggers_come_before_steps():
    """Long ago is said first, so that its step has its turn by priority among those due at that moment."""
    customer = Customer(
        [campaign("thanks", "order_completed", step("t", "1h")),
         campaign("lapsed", {"on": "lapsed", "after": "1h"}, step("l"), priority=1)]
    )  # fmt: skip
    customer.buys(0)
    customer.upto(60)
    assert customer.outcomes == [("l", "sent", None), ("t", "deferred", "capped")]


def test_lapsed_campaigns_go_in_the_order_of_the_file():
    """Two that are due at one moment."""
    customer = Customer([campaign(id_, {"on": "lapsed", "after": "1h"}) for id_ in ("b", "a")])
    customer.buys(0)
    customer.upto(60)
    assert [message["campaign_id"] for message in customer.messages] == ["b", "a"]


def test_an_order_ends_all_that_waits_and_then_starts_thanks():
    """Rows: the order, the cart, what it cancels; the thanks begin after that."""
    customer = Customer([campaign("c", "cart_abandoned", step("s", "1d")), campaign("d", "order_completed")])
    customer.adds()
    customer.upto(40)
    customer.effects.rows.clear()
    customer.buys(50)
    assert [topic for topic, _, _ in customer.effects.rows] == [
        "conversions", "cart.transitions", "retargeting.decisions",
    ]  # fmt: skip
    assert [sequence.campaign for sequence in customer.profile.enrollments] == ["d"]


def test_a_trigger_is_counted_under_its_arm():
    """As many entries as customers who would have been written to, in each arm."""
    customer = Customer([campaign("c", "hashtag_used", holdout="100%")])
    customer.does("Hashtag Used", 0, "social", hashtag="sale")
    assert customer.cell(campaign_id="c", arm="control", step="") == {"triggered": 1}


def test_a_response_counts_for_the_message_it_is_to():
    """Opens and clicks of its campaign, step and channel, each once; everybody learns of each response."""
    customer = Customer([campaign("c", "hashtag_used")])
    customer.does("Hashtag Used", 0, "social", hashtag="sale")
    customer.upto(1)
    mine = customer.messages[0]["message_id"]
    for n, name in enumerate(("Email Delivered", "Email Opened", "Email Opened", "Email Link Clicked")):
        customer.does(name, 2 + n, "email", message_id=mine)
    assert customer.cell(step="s", channel="email") == {"sent": 1, "delivered": 1, "opens": 1, "clicks": 1}
    assert customer.profile.engagement == {"email": Engagement(1, 3)}
    told = list(customer.effects.learned.tell())
    assert len(told) == 1


def test_an_abandoned_visit_is_recovered_by_an_order():
    """Credited to its first message; carts are not what was recovered."""
    customer = Customer([campaign("c", "browse_abandoned", step("one"), step("two", "1d"))])
    customer.does("Product Viewed", 0, product_id="A")
    customer.upto(2 * DAY)
    customer.buys(3 * DAY)
    recovered = customer.rows("conversions")[0]["recovered"]
    assert recovered == {"campaign_id": "c", "step": "one", "message_id": customer.messages[0]["message_id"]}
    assert not any(cell["totals"].get("recovered") for cell in customer.effects.cells if cell["name"] == "cart_hour")
    assert customer.cell(step="one") == {"sent": 1, "conversions": 1, "revenue": 10_000_000}


def test_what_nobody_is_reminded_of_recovers_nothing():
    """Only abandonments do: thanks, prices and the like are no reminders."""
    customer = Customer([campaign("c", "hashtag_used")])
    customer.does("Hashtag Used", 0, "social", hashtag="sale")
    customer.upto(1)
    customer.buys(2)
    assert customer.rows("conversions")[0]["recovered"] is None


def test_a_scanners_click_is_no_touch():
    """It must not have an order credited to the mail."""
    customer = Customer([])
    customer.does("Email Link Clicked", 0, "email", user_agent="Barracuda Sentinel")
    customer.buys(1)
    assert customer.rows("conversions")[0]["credits"]["last"] == {"direct": 1.0}
    customer.does("Email Link Clicked", 2, "email")
    customer.buys(3, "o2")
    assert customer.rows("conversions")[1]["credits"]["last"] == {"email": 1.0}


def test_a_split_starts_nothing():
    """A cart that stands abandoned at its new place reminds nobody there."""
    customer = Customer([campaign("c", "cart_abandoned", step("s", "1d"))])
    customer.adds()
    customer.profile.cart.abandoned = True
    customer.logic.arrive(customer.profile, customer.effects)
    assert customer.profile.enrollments == []
    assert customer.entries("c") == {}
    assert customer.logic.due_at(customer.profile) == at(30 * DAY)
