"""Triggers for any event, and for what became of a message."""

from __future__ import annotations

import pytest

from streams.core.campaigns import CampaignFile
from tests.support.campaigning import Customer, campaign, campaigns_of
from tests.support.happenings import happened

TEXT = {"t": "{{ trigger.name }} {{ trigger.properties.plan }} {{ products.size }}"}


def waiting(text=None, **trigger) -> Customer:
    """Somebody under a campaign that waits for an event."""
    return Customer(campaigns_of([campaign("c", {"on": "event", **trigger})], text or TEXT))


@pytest.mark.parametrize(
    "name", ["Trial Started", "trial  started", " TRIAL STARTED ", "trial_started", "TrialStarted"]
)
@pytest.mark.parametrize("said", ["Trial Started", "trial-started", "trialStarted"])
def test_an_event_of_the_name_starts_a_campaign(name, said):
    """Whatever its case, blanks, `_` and `-`, in the file as on the event; the template sees its properties."""
    one = waiting(name=name)
    one.does(said, 0, "app", plan="pro")
    one.does("Trial Ended", 1, "app", plan="pro")
    one.upto(2)
    assert [message["body"] for message in one.messages] == [f"{said} pro 0"]
    assert one.messages[0]["trigger"]["type"] == "event"


@pytest.mark.parametrize("came", ["trial_started", "trialStarted", "TRIAL-STARTED"])
@pytest.mark.parametrize("name", ["Trial Started", "trial_started"])
def test_names_are_compared_as_those_of_events_are(name, came):
    """Without case, blanks, underscores and hyphens."""
    one = waiting(name=name)
    one.does(came, 0, "app", plan="pro")
    one.upto(1)
    assert [message["body"] for message in one.messages] == [f"{came} pro 0"]


@pytest.mark.parametrize(
    ("condition", "plan", "starts"),
    [
        ("properties.plan == 'pro'", "pro", True),
        ("properties.plan == 'pro'", "free", False),
        ("event.properties.plan == 'pro' and event.channel == 'web'", "pro", True),
        ("event.channel == 'store'", "pro", False),
        ("properties.nothing > 3", "pro", False),
        ("properties.plan > 3", "pro", False),
        ("profile.first_name", "pro", False),
        ("profile.language == 'en'", "pro", True),
    ],
)
def test_the_condition_of_a_trigger_is_asked_of_the_event(condition, plan, starts):
    """What is missing or cannot be compared is false; then nothing begins and nothing is decided."""
    one = waiting(name="Trial Started", **{"if": condition})
    one.does("Trial Started", 0, plan=plan)
    one.upto(1)
    assert bool(one.messages) is starts
    assert bool(one.decisions) is starts
    assert one.entries("c") == ({"entered": 1} if starts else {})


@pytest.mark.parametrize(
    ("said", "count"),
    [({"products": [{"sku": "A"}, {"sku": "B"}]}, "2"), ({"product_id": "A", "price": 3}, "1"), ({}, "0")],
)
def test_products_are_those_of_the_event(said, count):
    """A list of them, or the one that the event is about."""
    one = waiting({"t": "{{ products.size }}"}, name="Warranty Ends")
    one.does("Warranty Ends", 0, **said)
    one.upto(1)
    assert one.messages[0]["body"] == count


def test_a_late_event_a_page_and_a_repeat_start_nothing():
    """A page may be called anything (contract section 8)."""
    one = waiting(name="Trial Started")
    one.logic.on_event(one.profile, happened("Trial Started", 0, late=True, plan="a"), one.effects)
    one.logic.on_event(one.profile, happened("Trial Started", 1, type_="page", plan="a"), one.effects)
    one.upto(2)
    assert one.decisions == []


def test_an_event_that_means_something_else_too_starts_a_campaign():
    """An order is an event; only a later one ends what it has started."""
    one = waiting({"t": "{{ trigger.properties.order_id }}"}, name="order completed")
    one.buys(0, "o1")
    one.upto(1)
    assert [message["body"] for message in one.messages] == ["o1"]


@pytest.mark.parametrize(
    ("on", "name", "said", "starts"),
    [
        ("message_clicked", "Email Link Clicked", {}, True),
        ("message_clicked", "Email Opened", {}, False),
        ("message_clicked", "Email Link Clicked", {"machine": True}, False),
        ("message_clicked", "Email Link Clicked", {"message_id": "0" * 32}, False),
        ("message_bounced", "Email Bounced", {"bounce_type": "hard"}, True),
        ("message_bounced", "Email Delivered", {}, False),
    ],
)
def test_feedback_on_a_message_starts_a_campaign_once(on, name, said, starts):
    """The first click by a person, the first bounce, of a message that was sent."""
    told = campaign("told", {"on": on}, {"id": "s", "channel": "push", "template": "u"})
    texts = {"t": "hello", "u": "{{ trigger.campaign_id }} {{ trigger.step }} {{ trigger.channel }}"}
    one = Customer(campaigns_of([campaign("c"), told], texts))
    one.adds()
    one.upto(30)
    message_id = one.messages[0]["message_id"]
    for minute in (40, 41):
        one.does(name, minute, "email", **{"message_id": message_id, **said, "n": minute})
    one.upto(60)
    assert [message["body"] for message in one.messages[1:]] == (["c s email"] if starts else [])


@pytest.mark.parametrize(
    ("trigger", "fault"),
    [
        ({"on": "event"}, "needs `name`"),
        ({"on": "event", "name": " "}, "an event's name is a text"),
        ({"on": "event", "name": "x", "topic": "y"}, "does not know 'topic'"),
        ({"on": "message_clicked", "name": "x"}, "it has no parameters"),
    ],
)
def test_a_trigger_that_cannot_be_is_told(trigger, fault):
    """When the file is read."""
    with pytest.raises(ValueError, match="trigger") as told:
        CampaignFile.model_validate({"campaigns": [campaign("c", trigger)]})
    assert fault in str(told.value)
