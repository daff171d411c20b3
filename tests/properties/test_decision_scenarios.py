"""Campaign decisions told as stories: each outcome and each reason once, with the rows they must come to."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.core import agreed
from tests.oracle.outcome import Outcome
from tests.oracle.story import START, minute_of, told

LAMP = {"sku": "lamp", "price": 10}
DAY = 24 * 60
MAIL = "u1 a@b.example"
# A story begins on 2023-11-14 at 22:13:20 UTC, which is 23:13:20 in Berlin and 17:13:20 in New York.
NINE_IN_BERLIN = (9 - 23) * 60 - 13 - 1 / 3 + DAY
BEGUN = (0, "web", MAIL, "Product Added", LAMP)


def told_under(events: list[tuple[Any, ...]], file: str = "", **step: Any) -> Outcome:
    """The outcome of events under one campaign: `step` changes its one step, `file` adds lines before `campaigns`."""
    options = {"after": "0m", "channel": "email", **step}
    holdout = options.pop("holdout", "0%")
    trigger = options.pop("trigger", "{on: cart_abandoned, min_value: 5}")
    inner = ", ".join(f"{name}: {value}" for name, value in options.items())
    campaigns = (
        f"timezone: Europe/Berlin\n{file}\ncampaigns:\n"
        f"  - {{id: back, trigger: {trigger}, holdout: {holdout}, exit_on: [order_completed],\n"
        f"     steps: [{{id: one, template: cart_reminder, {inner}}}]}}\n"
    )
    return agreed(told(*events), campaigns)


def rows(outcome: Outcome) -> list[str]:
    """Decisions as `minute outcome reason`."""
    return [f"{minute_of(d['decided_at']):g} {d['outcome']} {d['reason']}" for d in outcome.decisions]


def test_sent_at_the_abandonment_itself() -> None:
    """With after: 0m the message goes out at the very time of the abandonment, to the newest address."""
    outcome = told_under([BEGUN, (1, "web", "u1 c@d.example", "page")])
    assert rows(outcome) == ["31 sent None"]
    assert [(m["channel"], m["to"], minute_of(m["trigger"]["at"])) for m in outcome.messages] == [
        ("email", "c@d.example", 31)
    ]


def test_too_small_a_cart_has_no_row() -> None:
    """A cart below min_value triggers nothing at all."""
    assert rows(told_under([(0, "web", MAIL, "Product Added", {"sku": "bulb", "price": 4.999999})])) == []


@pytest.mark.parametrize(
    ("stage", "trigger", "wanted"),
    [
        ("Cart Viewed", "cart_abandoned", ["31 sent None"]),
        ("Cart Viewed", "checkout_abandoned", []),
        ("Checkout Started", "cart_abandoned", []),
        ("Checkout Started", "checkout_abandoned", ["31 sent None"]),
    ],
)
def test_a_trigger_is_for_its_own_stage(stage: str, trigger: str, wanted: list[str]) -> None:
    """cart_abandoned is for carts, checkout_abandoned for checkouts, and never one for the other."""
    assert rows(told_under([BEGUN, (1, "web", "u1", stage)], trigger=f"{{on: {trigger}}}")) == wanted


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ((60, "store", "u1", "Order Completed"), ["60 cancelled converted"]),
        ((60, "web", "u1", "Cart Viewed", {"products": []}), ["60 cancelled exited"]),
        ((60, "web", "u1", "page"), ["60 cancelled exited", "150 sent None"]),
        ((60, "callcenter", "u1", "Product Added", LAMP), ["90 sent None"]),
        ((90, "store", "u1", "Order Completed"), ["90 sent None"]),
        ((89.999, "store", "u1", "Order Completed"), ["89.999 cancelled converted"]),
    ],
)
def test_what_ends_the_waiting(event: tuple[Any, ...], wanted: list[str]) -> None:
    """A pending step is cancelled by an order, an empty cart or the customer's return, up to the moment it is due."""
    assert rows(told_under([BEGUN, event], after="1h")) == wanted


def test_no_contact_and_no_consent() -> None:
    """Without an address no_contact, with a withdrawn consent no_consent; the default decides what silence means."""
    nameless = (0, "web", "u1", "Product Added", LAMP)
    left = (1, "email", "u1", "Unsubscribed")
    yes = (1, "web", "u1", "Subscription Changed", {"channel": "email", "subscribed": True})
    assert rows(told_under([nameless])) == ["30 suppressed no_contact"]
    assert rows(told_under([BEGUN, left])) == ["30 suppressed no_consent"]
    assert rows(told_under([BEGUN], "consent: {default: opt_in}")) == ["30 suppressed no_consent"]
    assert rows(told_under([BEGUN, yes], "consent: {default: opt_in}")) == ["30 sent None"]
    assert rows(told_under([BEGUN, (1, "email", "u1", "Email Marked as Spam")])) == ["30 suppressed no_consent"]


def test_a_merge_keeps_the_withdrawn_consent() -> None:
    """Whoever unsubscribed on one side stays unsubscribed, even if the other side agreed later."""
    events = [
        BEGUN,
        (1, "email", "a1", "Unsubscribed"),
        (2, "web", "u1", "Subscription Changed", {"channel": "email", "subscribed": True}),
        (3, "web", "u1 a1", "identify"),
    ]
    assert rows(told_under(events)) == ["30 suppressed no_consent"]
    assert rows(
        told_under([*events, (4, "web", "u1", "Subscription Changed", {"channel": "email", "subscribed": True})])
    )


def test_caps_count_a_window_that_is_open_at_its_start() -> None:
    """One message in (now - per, now] fills a limit of one; exactly `per` later there is room again."""
    events = [BEGUN, (60, "web", "u1", "page"), (120, "web", "u1", "page")]
    cap = "caps: {{global: [{{limit: 1, per: {}m}}]}}"
    assert rows(told_under(events, cap.format(60))) == ["30 sent None", "90 sent None", "150 sent None"]
    assert rows(told_under(events, cap.format(61))) == ["30 sent None", "90 suppressed capped", "150 sent None"]


def test_quiet_hours_put_it_off_to_their_end() -> None:
    """At night in the customer's own zone a message waits for the end of the quiet hours, and is decided anew there."""
    quiet = 'quiet_hours: {from: "21:00", to: "09:00", policy: defer}'
    morning = f"{NINE_IN_BERLIN:g}"
    at_night = told_under([BEGUN], quiet)
    assert rows(at_night) == ["30 deferred quiet_hours", f"{morning} sent None"]
    assert len({d["decision_id"] for d in at_night.decisions}) == 2
    assert [d["message_id"] for d in at_night.decisions] == [None, at_night.messages[0]["message_id"]]
    away = (0, "web", MAIL, "Product Added", {**LAMP, "context": {"timezone": "America/New_York"}})
    assert rows(told_under([away], quiet)) == ["30 sent None"]
    bought = (60, "store", "u1", "Order Completed")
    assert rows(told_under([BEGUN, bought], quiet)) == ["30 deferred quiet_hours", "60 cancelled converted"]
    left = (60, "email", "u1", "Unsubscribed")
    assert rows(told_under([BEGUN, left], quiet)) == ["30 deferred quiet_hours", f"{morning} suppressed no_consent"]


def test_the_control_group_is_held_out() -> None:
    """A holdout of everybody sends nothing and leaves a row."""
    outcome = told_under([BEGUN], holdout="100%")
    assert rows(outcome) == ["30 held_out None"]
    assert outcome.messages == []


def test_best_is_where_this_customer_engages() -> None:
    """`best` follows engagement; between equals the order of `of` decides; a channel that was tried counts for less."""
    phone = (0, "web", "u1", "page", {"context": {"traits": {"phone": "+4930123456"}}})
    clicked = (1, "sms", "u1", "SMS Link Clicked")
    best = {"channel": "best", "of": "[email, sms]"}
    assert [m["channel"] for m in told_under([phone, BEGUN], **best).messages] == ["email"]
    assert [m["channel"] for m in told_under([phone, BEGUN, clicked], **best).messages] == ["sms"]
    twice = [phone, BEGUN, (60, "web", "u1", "page")]
    assert [m["channel"] for m in told_under(twice, **best).messages] == ["email", "sms"]


PHONE = {"context": {"traits": {"phone": "+4930123456"}}}


def test_a_merge_brings_engagement_along() -> None:
    """What the other side clicked on counts for `best` from the merge on."""
    events = [
        BEGUN,
        (1, "sms", "a1", "SMS Link Clicked"),
        (2, "web", "u1", "page", PHONE),
        (3, "web", "u1 a1", "identify"),
    ]
    best = {"channel": "best", "of": "[email, sms]"}
    assert [m["channel"] for m in told_under(events[:3], **best).messages] == ["email"]
    assert [m["channel"] for m in told_under(events, **best).messages] == ["sms"]


@pytest.mark.parametrize(
    ("channel", "event", "wanted"),
    [
        ("email", "Email Opened", "email"),
        ("email", "Email Link Clicked", "email"),
        ("email", "Email Delivered", "sms"),
        ("ads", "Ad Clicked", "sms"),
    ],
)
def test_what_counts_as_engagement(channel: str, event: str, wanted: str) -> None:
    """Opens and clicks count for their channel, deliveries and ads for none."""
    events = [(0, "web", "u1", "page", PHONE), BEGUN, (1, channel, "u1", event)]
    assert [m["channel"] for m in told_under(events, channel="best", of="[sms, email]").messages] == [wanted]


@pytest.mark.parametrize(
    ("minute", "wanted"), [(0, "a@b.example"), (1, "a@b.example"), (2, "z@b.example")], ids=["older", "equal", "newer"]
)
def test_a_merge_takes_the_newer_address(minute: float, wanted: str) -> None:
    """The newest address of either side is written to; between equals the survivor's."""
    events = [
        (1, "web", MAIL, "Product Added", LAMP),
        (minute, "web", "a1 z@b.example", "page", {"partition": 1}),
        (3, "web", "u1 a1", "identify"),
    ]
    assert [m["to"] for m in told_under(events).messages] == [wanted]


@pytest.mark.parametrize(("minute", "deferred"), [(0, True), (2, False)], ids=["older", "newer"])
def test_a_merge_takes_the_newer_zone(minute: float, deferred: bool) -> None:
    """The newest time zone of either side decides about quiet hours."""
    events = [
        (1, "web", MAIL, "Product Added", {**LAMP, "context": {"timezone": "Europe/Berlin"}}),
        (minute, "web", "a1", "page", {"context": {"timezone": "America/New_York"}, "partition": 1}),
        (3, "web", "u1 a1", "identify"),
    ]
    outcome = told_under(events, 'quiet_hours: {from: "21:00", to: "09:00", policy: defer}')
    assert (outcome.decisions[0]["outcome"] == "deferred") == deferred


def test_recovered_goes_to_the_first_message_within_seven_days() -> None:
    """An order within seven days of the first message is credited to it, once; later orders and later days are not."""
    ordered = (30 + 7 * DAY, "store", "u1", "Order Completed", {"order_id": "o1", "revenue": 5})
    again = (30 + 7 * DAY, "store", "u1", "Order Completed", {"order_id": "o2", "revenue": 5})
    late = (30.001 + 7 * DAY, "store", "u1", "Order Completed", {"order_id": "o1", "revenue": 5})
    first, second = told_under([BEGUN, ordered, again]).conversions
    assert first["recovered"]["campaign_id"] == "back"
    assert second["recovered"] is None
    assert [c["recovered"] for c in told_under([BEGUN, late]).conversions] == [None]


def test_recovered_uses_up_the_earlier_abandonments() -> None:
    """Of two abandonments the latest gets the order, and the earlier one gets none after it."""
    orders = [(100 + n, "store", "u1", "Order Completed", {"order_id": f"o{n}"}) for n in range(2)]
    outcome = told_under([BEGUN, (60, "web", "u1", "page"), *orders])
    assert [minute_of(m["trigger"]["at"]) for m in outcome.messages] == [30, 90]
    credited = [c["recovered"] and c["recovered"]["message_id"] for c in outcome.conversions]
    assert credited == [outcome.messages[1]["message_id"], None]


def test_an_order_counts_once() -> None:
    """The same order on two channels is one conversion; without an order_id each message is an order of its own."""
    same = [
        (1, "web", "u1", "Order Completed", {"order_id": 7}),
        (2, "store", "u1", "Order Completed", {"order_id": "7"}),
    ]
    nameless = [(1, "web", "u1", "Order Completed"), (2, "store", "u1", "Order Completed", {"total": "1,234.50"})]
    assert [c["order_id"] for c in told_under(same).conversions] == ["7"]
    assert [(c["order_id"], c["value"]) for c in told_under(nameless).conversions] == [("m0", 0), ("m1", 1234.5)]


def test_a_story_begins_at_night_in_berlin() -> None:
    """The constant that the quiet hours above lean on."""
    assert START == 1_700_000_000_000
    assert abs(NINE_IN_BERLIN - 586 - 2 / 3) < 1e-9
