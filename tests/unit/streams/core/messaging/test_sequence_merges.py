"""Two customers become one: what each had waiting, and what both remember."""

from __future__ import annotations

from copy import copy

from streams.core.profile.state import SentMessage
from tests.support.campaigning import Customer, campaign, id_of, step
from tests.support.happenings import at

DAY = 1440
TAGGED = [campaign("c", "hashtag_used", step("s", "1d")), campaign("d", "product_added", step("s", "1d"))]


def pair(campaigns=TAGGED):
    """Two customers under one file."""
    return Customer(campaigns, id_="p"), Customer(campaigns, id_="q")


def tags(customer, minute, id_):
    """Somebody uses a hashtag."""
    customer.does("Hashtag Used", minute, "social", hashtag="sale", id_=id_)


def test_what_waits_on_either_side_goes_on():
    """Under the winner's name and with its ids."""
    winner, loser = pair()
    tags(winner, 0, "a")
    loser.adds(1)
    winner.absorbs(loser, 10)
    winner.upto(2 * DAY)
    assert sorted(row["campaign_id"] for row in winner.messages) == ["c", "d"]
    assert {row["profile_id"] for row in winner.messages} == {id_of("p")}


def test_of_one_campaign_the_losers_ends():
    """At the merge's time, as exited; the winner's goes on."""
    winner, loser = pair()
    tags(winner, 5, "a")
    tags(loser, 0, "b")
    winner.absorbs(loser, 10)
    assert winner.outcomes == [("s", "cancelled", "exited")]
    assert [sequence.at for sequence in winner.profile.enrollments] == [at(5)]


def test_an_order_of_the_one_ends_what_the_other_waits_for():
    """Both ways, and only what began no later than the order."""
    for ordered, other in ((0, 1), (1, 0)):
        customers = pair()
        tags(customers[other], 3, "a")
        customers[ordered].buys(4)
        customers[0].absorbs(customers[1], 10)
        assert customers[0].outcomes == [("s", "cancelled", "converted")]
    winner, loser = pair()
    tags(winner, 5, "a")
    loser.buys(4)
    winner.absorbs(loser, 10)
    assert winner.outcomes == []


def test_thanks_stay_unless_the_other_ordered_later():
    """Of two orders the later one has the thanks."""
    thanks = [campaign("c", "order_completed", step("s", "1d"))]
    winner, loser = pair(thanks)
    winner.buys(5, "o1")
    loser.buys(4, "o2")
    winner.absorbs(loser, 10)
    assert winner.outcomes == [("s", "cancelled", "converted")]
    assert [sequence.about["order_id"] for sequence in winner.profile.enrollments] == ["o1"]
    winner, loser = pair(thanks)
    winner.buys(4, "o1")
    loser.buys(5, "o2")
    winner.absorbs(loser, 10)
    assert [sequence.about["order_id"] for sequence in winner.profile.enrollments] == ["o2"]


def test_both_at_once_end_by_priority_of_reasons():
    """First what an order ends, then what both had: nothing is cancelled twice."""
    winner, loser = pair()
    tags(winner, 3, "a")
    tags(loser, 5, "b")
    loser.profile.last_order = at(4)
    winner.absorbs(loser, 10)
    assert winner.outcomes == [("s", "cancelled", "converted")]
    assert [sequence.at for sequence in winner.profile.enrollments] == [at(5)]


def test_entries_and_arms_and_messages_of_both_count():
    """The later entry; each message once, with what is known of it on either side."""
    winner, loser = pair()
    shared = SentMessage(at(1), "email", "m1", "c", "s", "r", "d", None, 0, "hashtag_used", at(1), at(1))
    other = SentMessage(at(0), "sms", "m0", "c", "s", "r", "", None, 0, "hashtag_used", at(0), at(0))
    winner.profile.sent = [copy(shared)]
    loser.profile.sent = [copy(shared), other]
    loser.profile.sent[0].flags = "o"
    winner.profile.last_enrolled, loser.profile.last_enrolled = {"c": 5, "d": 1}, {"c": 3, "d": 2, "e": 4}
    winner.absorbs(loser, 10)
    assert winner.profile.last_enrolled == {"c": 5, "d": 2, "e": 4}
    assert [(message.message_id, message.flags) for message in winner.profile.sent] == [("m0", ""), ("m1", "do")]


def test_caps_count_the_messages_of_both():
    """One person has had both."""
    file = [campaign("c", "hashtag_used", step("s")), campaign("d", "product_added", step("s", "1h"))]
    winner, loser = (Customer(file, id_=id_, caps={"global": [{"limit": 1, "per": "1d"}]}) for id_ in "pq")
    tags(loser, 0, "a")
    winner.adds(0)
    winner.absorbs(loser, 10)
    winner.upto(90)
    assert winner.outcomes == [("s", "suppressed", "capped")]


def test_both_arms_brought_together_are_contaminated():
    """One had a message of the campaign, the other was held out of it: nothing more of it is sent."""
    ids = [f"{n:032x}" for n in range(40)]
    file = [campaign("c", "hashtag_used", step("s"), step("t", "1d"), holdout="50%")]
    arms = {}
    for id_ in ids:
        customer = Customer(file, id_=id_)
        tags(customer, 0, "a")
        customer.upto(1)
        arms.setdefault(customer.decisions[0]["outcome"], customer)
    treated, control = arms["sent"], arms["held_out"]
    treated.absorbs(control, 10)
    treated.upto(2 * DAY)
    assert treated.outcomes[1:] == [("t", "cancelled", "exited"), ("t", "suppressed", "contaminated")]
