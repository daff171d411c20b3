"""The checks of a decision, one by one and in their order."""

from __future__ import annotations

import pytest

from schemas.times import iso
from streams.core.campaigns.stores import Store
from streams.core.profile.state import Consent, Dated, Engagement, Location, SentMessage
from tests.support.campaigning import Customer, campaign, campaigns_of, step
from tests.support.happenings import HOUR, MINUTE, STORES, at

DAY = 1440
BEST = {"channel": "best", "of": ["push", "email", "sms"]}


def abandoned(*steps, minute=0, campaigns=(), known=None, **file):
    """A customer whose cart has just started a campaign of these steps."""
    customer = Customer([campaign("c", "cart_abandoned", *steps), *campaigns], known=known, **file)
    customer.adds(minute)
    return customer


def test_stale_is_asked_first():
    """What is due longer ago than max_trigger_age by the clock on the wall is not sent, whatever else holds."""
    customer = abandoned(step(), max_trigger_age="2h")
    customer.profile.contacts.clear()
    customer.upto(30, wall=30 + 121)
    assert customer.outcomes == [("s", "suppressed", "stale")]
    customer = abandoned(step(), max_trigger_age="2h")
    customer.upto(30, wall=30 + 120)
    assert customer.outcomes == [("s", "sent", None)]


def test_unless_engaged():
    """A response to an earlier message of the sequence makes the next one needless."""
    customer = abandoned(step("one"), step("two", "1d", unless="engaged"))
    customer.upto(30)
    customer.does("Email Opened", 60, "email", message_id=customer.messages[0]["message_id"])
    customer.upto(3 * DAY)
    assert customer.outcomes == [("one", "sent", None), ("two", "suppressed", "exited")]


def test_unless_engaged_with_nobody_there():
    """A machine's open is no response."""
    customer = abandoned(step("one"), step("two", "1d", unless="engaged"))
    customer.upto(30)
    mine = customer.messages[0]["message_id"]
    customer.does("Email Opened", 60, "email", message_id=mine, machine=True)
    customer.upto(3 * DAY)
    assert customer.outcomes[1] == ("two", "sent", None)


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("cart.value > 9", True),
        ("cart.value > 100", False),
        ("products.size == 1 and cart.stage == 'cart'", True),
        ("profile.tier == 'gold'", False),
        ("nothing.like.it", False),
        ("nothing > 1", False),
        ("cart.value > 'a'", False),
        ("store == nil", True),
        ("this is no liquid (", False),
    ],
)
def test_if_sees_what_a_template_sees_and_is_lax(expression, holds):
    """What is missing, or cannot be compared, is false; so is an expression that is none."""
    customer = abandoned(step(if_=expression))
    customer.upto(30)
    assert customer.outcomes == [("s", "sent", None) if holds else ("s", "suppressed", "exited")]


def test_other_is_not_a_channel_used_before():
    """Another one of `of` than those of earlier steps; of several the best; of none left there is no contact."""
    of = {"channel": "other", "of": ["push", "email", "sms"]}
    steps = [step("one", **BEST), step("two", "1h", **of), step("three", "2h", **of), step("four", "3h", **of)]
    customer = abandoned(*steps)
    customer.profile.engagement = {"email": Engagement(0, 1), "sms": Engagement(0, 2)}
    customer.upto(DAY)
    assert [message["channel"] for message in customer.messages] == ["sms", "email", "push"]
    assert customer.outcomes[3] == ("four", "suppressed", "no_contact")


def test_other_goes_by_what_was_held_out_too():
    """In the control group the same channels are chosen as would have been."""
    of = {"channel": "other", "of": ["push", "email"]}
    customer = Customer([campaign("c", "cart_abandoned", step("one", **BEST), step("two", "1h", **of), holdout="100%")])
    customer.adds()
    customer.upto(DAY)
    assert customer.outcomes == [("one", "held_out", None), ("two", "held_out", None)]
    assert customer.cell(step="one", channel="push") == {"held_out": 1}
    assert customer.cell(step="two", channel="email") == {"held_out": 1}


def test_a_contact_point_not_seen_for_long_is_none():
    """`stale_after` by channel, from when it was seen last."""
    file = {"stale_after": {"push": "1d", "email": "2d"}}
    customer = abandoned(step(**BEST), **file)
    customer.profile.contacts = {"push": Dated("p", at(30) - 24 * HOUR - 1), "email": Dated("e", at(30) - 48 * HOUR)}
    customer.upto(30)
    assert [message["to"] for message in customer.messages] == ["e"]
    customer = abandoned(step(), **file)
    customer.profile.contacts = {"email": Dated("e", at(30) - 48 * HOUR - 1)}
    customer.upto(30)
    assert customer.outcomes == [("s", "suppressed", "no_contact")]


def test_ads_go_to_the_advertising_id_else_the_address():
    """An audience is told apart by either."""
    for contacts, to in (
        ({"ads": ["aaid", 0], "email": ["a@b.example", 0]}, "aaid"),
        ({"email": ["a@b.example", 0]}, "a@b.example"),
    ):
        customer = abandoned(step(channel="ads"))
        customer.profile.contacts = {channel: Dated(*known) for channel, known in contacts.items()}
        customer.upto(30)
        assert [message["to"] for message in customer.messages] == [to]


def test_broadcast_goes_to_a_billboard_of_the_nearest_store():
    """The first of its billboards; a store without any, or a customer who was nowhere, is no contact."""
    for location, to in (([52.5, 13.4, 0], "b1"), ([52.61, 13.4, 0], None), (None, None)):
        customer = Customer(campaigns_of([campaign("c", "cart_abandoned", step(channel="broadcast"))], stores=STORES))
        customer.profile.location = None if location is None else Location(*location)
        customer.adds()
        customer.upto(30)
        assert [message["to"] for message in customer.messages] == ([to] if to else [])
        assert to is not None or customer.outcomes == [("s", "suppressed", "no_contact")]


def test_consent_by_topic():
    """A no to the campaign's topic, on the channel or on all, is a no; to another topic it is none."""
    for said, sent in (("email:offers", False), ("*:offers", False), ("sms:offers", True), ("email:news", True)):
        customer = Customer([campaign("c", "cart_abandoned", step(), topic="Offers")])
        customer.profile.consent[said] = Consent(False, 0)
        customer.adds()
        customer.upto(30)
        assert (customer.outcomes == [("s", "sent", None)]) is sent


def test_contact_comes_before_consent_and_consent_before_caps():
    """With none left, the reason is the check that took the last one."""
    file = {"consent": {"default": "opt_in"}, "caps": {"global": [{"limit": 0, "per": "1d"}]}}
    customer = abandoned(step(channel="ads"), **file)
    customer.profile.contacts.clear()
    customer.upto(30)
    assert customer.outcomes[-1] == ("s", "suppressed", "no_contact")
    customer = abandoned(step(), **file)
    customer.upto(30)
    assert customer.outcomes[-1] == ("s", "suppressed", "no_consent")
    customer = abandoned(step(), **file)
    customer.profile.consent["email"] = Consent(True, 0)
    customer.upto(30)
    assert customer.outcomes[-1] == ("s", "suppressed", "capped")


def test_caps_of_ads_and_of_all_channels():
    """Every channel may have its own; the global one counts all of them."""
    customer = abandoned(step("one", channel="ads"), step("two", "1h", channel="ads"), step("three", "2h"),
                         caps={"ads": [{"limit": 1, "per": "1d"}], "global": [{"limit": 2, "per": "1d"}]})  # fmt: skip
    customer.upto(DAY)
    assert customer.outcomes == [("one", "sent", None), ("two", "suppressed", "capped"), ("three", "sent", None)]


def test_quiet_hours_come_after_caps_and_are_decided_again():
    """Deferred to their end, under another decision id; then everything is asked anew."""
    customer = abandoned(step(), quiet_hours={"from": "00:00", "to": "09:00"})
    customer.upto(30)
    assert customer.outcomes == [("s", "deferred", "quiet_hours")]
    customer.does("Unsubscribed", 60, channel="sms")
    customer.upto(DAY)
    assert customer.outcomes[1:] == [("s", "sent", None)]
    first, second = customer.decisions
    assert first["decision_id"] != second["decision_id"]
    assert second["decided_at"] == iso(at(9 * 60))


def test_a_higher_priority_that_waits_in_the_same_hour_goes_first():
    """The lower is deferred, as capped, to the begin of the next hour of UTC, and decided again."""
    high = campaign("high", "cart_abandoned", step("h", "25m"), priority=1)
    customer = abandoned(step("l"), campaigns=[high])
    customer.upto(59)
    assert customer.outcomes == [("l", "deferred", "capped"), ("h", "sent", None)]
    customer.upto(60)
    assert customer.outcomes[2:] == [("l", "sent", None)]
    assert customer.decisions[2]["decided_at"] == iso(at(60))


def test_a_higher_priority_that_had_its_say_in_the_hour():
    """Its sequence may be over by then."""
    high = campaign("high", "cart_abandoned", step("h"), priority=1)
    customer = abandoned(step("l", "29m"), step("m", "31m"), campaigns=[high])
    customer.upto(2 * 60)
    assert customer.outcomes == [
        ("h", "sent", None),
        ("l", "deferred", "capped"),
        ("l", "sent", None),
        ("m", "sent", None),
    ]


def test_equal_priorities_do_not_wait_for_each_other():
    """Nor does a higher one for a lower."""
    customer = abandoned(step("l"), campaigns=[campaign("d", "cart_abandoned", step("h", "5m"))])
    customer.upto(59)
    assert customer.outcomes == [("l", "sent", None), ("h", "sent", None)]


def test_contaminated_is_asked_before_the_arm():
    """Who was in both arms gets nothing, and is not held out either."""
    customer = Customer([campaign("c", holdout="100%")])
    customer.profile.contaminated = ["c"]
    customer.adds()
    customer.upto(30)
    assert customer.outcomes == [("s", "suppressed", "contaminated")]


def test_the_global_control_group_gets_nothing_of_any_campaign():
    """Its members are the same for every campaign, and about as many as the file says."""
    members = 0
    for n in range(300):
        customer = Customer([campaign("c"), campaign("d")], id_=f"{n:032x}", control_group="20%")
        customer.adds()
        customer.upto(30)
        outcomes = {outcome for _, outcome, _ in customer.outcomes}
        assert len(outcomes) == 1
        members += outcomes == {"held_out"}
        assert {row["arm"] for row in customer.decisions} == (
            {"control"} if outcomes == {"held_out"} else {"treatment"}
        )
    assert 40 <= members <= 80


def test_holdout_and_control_group_are_drawn_apart():
    """Who is held out of a campaign need not be in the group, and the other way round."""
    arms = {}
    for n in range(300):
        for file in ({}, {"control_group": "50%"}):
            customer = Customer([campaign("c", holdout="50%")], id_=f"{n:032x}", **file)
            customer.adds()
            customer.upto(30)
            arms[n, bool(file)] = customer.decisions[0]["arm"]
    both = sum(arms[n, True] == "control" for n in range(300))
    assert all(arms[n, True] == "control" for n in range(300) if arms[n, False] == "control")
    assert 195 <= both <= 255


def test_a_decision_tells_the_chance_of_its_arm():
    """Two draws, whatever comes of the step: 1 - (1 - 20 %) (1 - 50 %); nobody is held out of a transaction."""
    shares = {}
    for more in ({"holdout": "50%"}, {"transactional": True}, {}):
        customer = Customer([campaign("c", **more)], control_group="20%")
        customer.adds()
        customer.upto(30)
        customer.does("Order Completed", 40)
        shares[str(more)] = {row["control_share"] for row in customer.decisions}
    assert list(shares.values()) == [{0.6}, {0.0}, {0.2}]


class Everybody:
    """What everybody does: rates by channel, responses by hour."""

    def __init__(self, rates=None, hours=None):
        self.rates, self.responses = rates or {}, hours or {}

    def rate(self, channel, at):
        """(sent, engaged)."""
        return self.rates.get(channel, (0, 0))

    def hours(self, at):
        """24 counts."""
        return [self.responses.get(hour, 0) for hour in range(24)]

    def bought_with(self, product_id, at):
        """Nothing."""
        return []

    def product(self, product_id, at):
        """Nothing."""


@pytest.mark.parametrize(
    ("engagement", "rates", "channel"),
    [
        ({}, {}, "push"),
        ({"email": [0, 1]}, {}, "email"),
        ({"push": [1, 0]}, {}, "email"),
        ({}, {"email": (100, 20)}, "email"),
        ({}, {"push": (100, 1)}, "email"),
        ({"push": [10, 2]}, {"email": (100, 20)}, "email"),
        ({"push": [10, 4]}, {"email": (100, 20)}, "push"),
        ({"sms": [10, 2], "email": [0, 0]}, {"sms": (90, 9)}, "sms"),
    ],
)
def test_best_is_the_customers_own_rate_with_everybodys_as_prior(engagement, rates, channel):
    """(engaged + 10 prior) / (sent + 10), of equals the first in `of`; everybody's rate weighs as ten messages."""
    customer = abandoned(step(**BEST), known=Everybody(rates))
    customer.profile.engagement = {on: Engagement(*counts) for on, counts in engagement.items()}
    customer.upto(30)
    assert customer.messages[0]["channel"] == channel


def test_best_hour_waits_without_a_row():
    """To the next begin of the hour with the most responses, where the customer is; then it is decided."""
    customer = abandoned(step(hour="best"))
    customer.profile.zone = Dated("Asia/Kolkata", 0)
    customer.profile.hours = {"19": 2, "8": 1}
    customer.upto(30)
    assert customer.outcomes == []
    customer.upto(DAY)
    assert [row["decided_at"] for row in customer.decisions] == [iso(at(13 * 60 + 30))]


def test_best_hour_is_looked_up_once():
    """Quiet hours at the best hour move it on, and do not send it round in a circle."""
    customer = abandoned(step(hour="best"), quiet_hours={"from": "02:00", "to": "04:00"})
    customer.profile.hours = {"3": 1}
    customer.upto(DAY)
    assert [(row["outcome"], row["decided_at"]) for row in customer.decisions] == [
        ("deferred", iso(at(180))), ("sent", iso(at(240))),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("own", "everybody", "hour"),
    [
        ({}, {}, None),
        ({"0": 1}, {}, None),
        ({}, {7: 3, 9: 3, 11: 1}, 7),
        ({"9": 1}, {7: 3, 9: 3}, 9),
        ({"9": 20}, {7: 1}, 7),
        ({"9": 25}, {7: 1}, 9),
    ],
)
def test_best_hour_weighs_everybody_as_24_responses(own, everybody, hour):
    """Own responses and 24 times the share of everybody's; of equals the earliest; in that hour, or with none: now."""
    customer = abandoned(step(hour="best"), known=Everybody(hours=everybody))
    customer.profile.hours = own
    customer.upto(2 * DAY)
    assert customer.decisions[0]["decided_at"] == iso(at(30) if hour is None else at(hour * 60))


def test_stale_is_asked_of_the_hour_it_was_moved_to():
    """A step that waits for its hour is not too old when the hour comes."""
    customer = abandoned(step(hour="best"), max_trigger_age="1h")
    customer.profile.hours = {"20": 1}
    customer.upto(30, wall=31)
    customer.upto(20 * 60, wall=20 * 60 + 1)
    assert customer.outcomes == [("s", "sent", None)]


def test_a_store_is_asked_for_at_the_time_of_the_decision():
    """The location of the moment counts, not that of the trigger."""
    stores = (Store(id="a", name="A", latitude=0, longitude=0, billboards=("ba",)),
              Store(id="b", name="B", latitude=10, longitude=0, billboards=("bb",)))  # fmt: skip
    customer = Customer(campaigns_of([campaign("c", "cart_abandoned", step(channel="broadcast"))], stores=stores))
    customer.adds()
    customer.profile.location = Location(9.0, 0.0, at(10))
    customer.upto(30)
    assert customer.messages[0]["to"] == "bb"


def test_a_template_that_fails_sends_nothing_and_uses_no_channel():
    """Suppressed, and no trace of it in caps or among the channels used."""
    customer = Customer(campaigns_of([campaign("c")], {"t": "{{ missing }}"}))
    customer.adds()
    customer.upto(30)
    assert customer.outcomes == [("s", "suppressed", "invalid_template")]
    assert customer.profile.sent == []
    assert customer.profile.arms == {}


def test_what_is_sent_is_remembered():
    """Who, when, what about: caps, feedback and later orders ask for it."""
    customer = abandoned(step())
    customer.upto(30)
    message, cart = customer.messages[0], customer.profile.cart
    assert customer.profile.sent == [SentMessage(
        at(30), "email", message["message_id"], "c", "s", cart.id, "", None, 1, "cart_abandoned", at(30), at(0),
        "email-point",
    )]  # fmt: skip
    assert message["expires_at"] == iso(at(30) + 24 * 60 * MINUTE)
