"""content_viewed, hashtag_used and lapsed: what is counted, what a campaign takes, and when."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from streams.core.aggregates.population import NoStats
from streams.core.profile.machine import Moment
from streams.core.triggers import content_viewed, lapsed
from tests.support.happenings import DAY, Customer, at, happened

YEAR = 365 * DAY / 60_000
TWICE = {"on": "content_viewed", "topic": " Running ", "times": 2, "within": "1h"}


def test_a_topic_is_read_about_often_enough():
    """Pages, screens and track calls count, topics in any case; the window is open at its far end."""
    customer = Customer(TWICE)
    assert customer.does("", 0, type_="page", topic="running") == []
    (trigger,) = customer.does("Article Read", 30, "app", topics=["Shoes", " RUNNING"])
    assert trigger[:4] == ("content_viewed", at(30), at(30), f"content:m30:{at(30)}:p")
    assert (trigger.about, trigger.campaign) == ({"topic": "running"}, "c0")
    assert len(customer.does("", 60, type_="screen", topic="running")) == 1
    assert customer.does("", 120, type_="screen", topic="running") == []


def test_a_campaign_without_a_topic_takes_the_first_that_was_seen_enough():
    """In the order of the event: `topic`, then `topics`."""
    customer = Customer({"on": "content_viewed", "times": 2})
    assert customer.does("", 0, type_="page", topics=["b", "c"]) == []
    (trigger,) = customer.does("", 1, type_="page", topic="a", topics=["c", "b", "c"])
    assert trigger.about == {"topic": "c"}


def test_a_message_id_that_is_used_again_after_a_day_is_about_something_else():
    """What is sent about either event has its own id."""
    customer = Customer({"on": "content_viewed"})
    views = (replace(happened("", day * 1_440, type_="page", topic="a"), message_id="same") for day in (0, 2))
    first, second = (customer.triggers.on_event(customer.profile, view, ())[0] for view in views)
    assert first.ref != second.ref


def test_what_is_said_elsewhere_is_not_read():
    """Not on a channel that carries messages, not by an identify; what comes late counts but sets nothing off."""
    customer = Customer({"on": "content_viewed"})
    assert customer.does("", 0, "email", type_="page", topic="a") == []
    assert customer.does("", 1, type_="identify", topic="a") == []
    assert customer.profile.topics == {}
    assert customer.does("", 2, type_="page", topic="a", late=True) == []
    assert customer.profile.topics == {"a": [at(2)]}


@pytest.mark.parametrize("junk", [None, 5, True, {"a": 1}, [["a"], None, 7, " "], "  ", "x" * 101])
def test_what_is_no_text_is_no_topic(junk):
    """Anything may stand in `topic` and `topics`."""
    customer = Customer({"on": "content_viewed"})
    assert customer.does("", 0, type_="page", topic=junk, topics=junk) == []
    assert customer.profile.topics == {}


def test_topics_are_bounded():
    """Twenty topics with twenty times each: the topic seen longest ago goes first, and so do the oldest times."""
    customer = Customer({"on": "content_viewed"})
    for n in range(30):
        customer.does("", n, type_="page", topic="often")
    for n in range(25):
        customer.does("", 100 + n, type_="page", topic=f"t{n:02}")
    assert sorted(customer.profile.topics) == [f"t{n:02}" for n in range(5, 25)]
    customer.does("", 200, type_="page", topics=[f"x{n}" for n in range(500)])
    assert len(customer.profile.topics) == 20
    assert Customer({"on": "content_viewed", "times": 20}).does("", 0, type_="page", topic="a") == []


def test_times_of_two_become_one_list():
    """Sorted, each once, the last twenty."""
    winner, loser = Customer(), Customer(id_="q")
    for n in range(15):
        winner.does("", 2 * n, type_="page", topic="a")
        loser.does("", 3 * n, type_="page", topic="a")
    loser.does("", 1, type_="page", topic="b")
    content_viewed.absorb(winner.profile, loser.profile)
    both = sorted({*(2 * n for n in range(15)), *(3 * n for n in range(15))})
    assert winner.profile.topics == {"a": [at(n) for n in both][-20:], "b": [at(1)]}


def test_hashtags_are_known_in_any_form():
    """With or without the sign, in any case, in a list or alone; of several the first that the campaign takes."""
    customer = Customer({"on": "hashtag_used", "hashtags": ["#WinBack", "sale"]}, "hashtag_used")
    found = customer.does("Post Shared", 0, "social", hashtags=["#other", " #Sale ", "winback"])
    assert [(t.campaign, t.about["hashtag"]) for t in found] == [("c0", "sale"), ("c1", "other")]
    assert found[0][:4] == ("hashtag_used", at(0), at(0), f"hashtag:m0:{at(0)}:p")
    found = customer.does("Hashtag Used", 1, "social", hashtag="##WINBACK")
    assert [t.about["hashtag"] for t in found] == ["winback", "winback"]
    assert customer.does("Post Commented", 2, "social", hashtags=["x"]) != []


@pytest.mark.parametrize("junk", [None, 5, True, {}, [None, 5, [], "#", " "], "", "#"])
def test_what_is_no_text_is_no_hashtag(junk):
    """Anything may stand in `hashtag` and `hashtags`."""
    assert Customer("hashtag_used").does("Post Shared", 0, "social", hashtag=junk, hashtags=junk) == []


def test_a_post_seen_or_late_is_no_hashtag_used():
    """Only those who use it themselves, and only in time."""
    customer = Customer("hashtag_used")
    assert customer.does("Post Viewed", 0, "social", hashtags=["a"]) == []
    assert customer.does("Post Liked", 0, "social", hashtags=["a"]) == []
    assert customer.does("Post Shared", 0, "social", hashtags=["a"], late=True) == []


def test_a_customer_has_lapsed_once_for_each_last_order():
    """Each campaign at its own time, none without an order, again after the next order."""
    customer = Customer({"on": "lapsed", "after": "90d"}, {"on": "lapsed", "after": "60d"})
    assert customer.waits(YEAR) == []
    customer.does("Order Completed", 0)
    customer.does("Order Completed", -10, late=True)
    assert customer.triggers.due_at(customer.profile) == at(0) + 60 * DAY
    first, second = customer.waits(YEAR)
    assert first[:4] == ("lapsed", at(0) + 60 * DAY, at(0) + 60 * DAY, f"lapsed:{at(0)}:p")
    assert (first.campaign, second.campaign, second.at) == ("c1", "c0", at(0) + 90 * DAY)
    assert customer.waits(2 * YEAR) == []
    customer.does("Order Completed", YEAR)
    assert len(customer.waits(2 * YEAR)) == 2


def test_campaigns_of_one_moment_go_in_the_order_of_the_file():
    """Also where one of them has been set off by this order already."""
    rules = [{"on": "lapsed", "after": "1d"}] * 3
    customer = Customer(*rules)
    customer.does("Order Completed", 0)
    customer.profile.lapsed["c1"] = at(0)
    assert [trigger.campaign for trigger in customer.waits(YEAR)] == ["c0", "c2"]


def test_the_visit_goes_before_the_lapsed_order():
    """At one moment."""
    customer = Customer({"on": "lapsed", "after": "61m"}, "browse_abandoned")
    customer.does("Order Completed", 0, products=[{"sku": "bought"}])
    customer.does("Product Viewed", 1, product_id="a")
    found = customer.triggers.on_time(customer.profile, at(61), Moment(None, NoStats()))
    assert [trigger.type for trigger in found] == ["browse_abandoned", "lapsed"]


def test_lapsed_orders_of_two():
    """The later order of which it has been said holds for both."""
    winner, loser = Customer({"on": "lapsed", "after": "1d"}), Customer(id_="q")
    winner.profile.lapsed, loser.profile.lapsed = {"c0": 5, "c1": 9}, {"c0": 7, "c2": 1}
    lapsed.absorb(winner.profile, loser.profile)
    assert winner.profile.lapsed == {"c0": 7, "c1": 9, "c2": 1}
