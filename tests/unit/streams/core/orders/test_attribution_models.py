"""Touches and credits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.referrers import NoReferrers
from schemas.topics import DAY_MS
from streams.core.orders import attribution
from streams.core.orders.attribution import LOOKBACK_MS, MOST_KEPT, MOST_TOUCHES, SESSION_MS, before, count
from streams.core.orders.crediting import DIRECT, campaigns, money, of_campaigns, shares, weights
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile, Touch

NOW = 100 * DAY_MS


def visit(time: int, **context: object) -> Sealed:
    """A page on the web."""
    return Sealed(
        time=time, channel="web", type="page", name="", message_id=f"m{time}", properties={}, context=dict(context),
        traits={}, identifiers=[],
    )  # fmt: skip


def campaign(source: str, medium: str) -> dict[str, object]:
    """A context with a campaign."""
    return {"campaign": {"source": source, "medium": medium}}


def shares_of(touches, at):
    """The shares that each model gives."""
    return shares(weights(touches, at))


def on_event(profile, event, *more, lookback=LOOKBACK_MS):
    """A profile remembers a touch, where `more` hosts are no referrals either."""
    attribution.on_event(profile, event, NoReferrers(more), lookback)


channels = st.lists(st.sampled_from(["email", "ads", "search", DIRECT]), min_size=1, max_size=8)


def exactly(parts):
    """The sum of JSON numbers as they are written."""
    return sum(Decimal(str(part)) for part in parts.values())


@given(channels, st.integers(-(10**15), 10**15), st.integers(0, 10**15))
def test_every_model_shares_out_one_order(names, amount, already):
    """Of each model the shares add up to one, and the money to the amount, to the last digit."""
    touches = [Touch(NOW - (len(names) - i) * DAY_MS, name) for i, name in enumerate(names)]
    of = weights(touches, NOW)
    for each in shares(of).values():
        assert exactly(each) == 1
    for each in money(of, amount, already).values():
        assert exactly(each) == Decimal(amount) / 1_000_000


@given(channels, st.integers(1, 10**12), st.integers(1, 10**12))
def test_what_is_taken_back_leaves_nothing_with_any_channel(names, value, refund):
    """However an order is paid back, in one piece or in two, each channel comes to nothing."""
    touches = [Touch(NOW - (len(names) - i) * DAY_MS, name) for i, name in enumerate(names)]
    of, refund = weights(touches, NOW), min(refund, value)
    first, second, third = money(of, value), money(of, -refund, value), money(of, refund - value, value - refund)
    for model, each in first.items():
        for channel, part in each.items():
            assert sum(Decimal(str(m)) for m in (part, second[model][channel], third[model][channel])) == 0


def test_ten_among_three_is_ten():
    """No rounding before multiplying: the odd millionth goes to one of them."""
    parts = money(weights([Touch(NOW, "ads"), Touch(NOW, "email"), Touch(NOW, "search")], NOW), 10_000_000)["linear"]
    assert parts == {"ads": 3.333334, "email": 3.333333, "search": 3.333333}


def test_the_models_say_what_their_names_say():
    """Three touches, the last of them direct."""
    touches = [Touch(NOW - 14 * DAY_MS, "ads"), Touch(NOW - 7 * DAY_MS, "email"), Touch(NOW, DIRECT)]
    found = shares_of(touches, NOW)
    assert found["first"] == {"ads": 1}
    assert found["last"] == {DIRECT: 1}
    assert found["last_non_direct"] == {"email": 1}
    assert found["position"] == {"ads": 0.4, "email": 0.2, DIRECT: 0.4}
    assert found["time_decay"] == {"ads": 0.142857, "email": 0.285714, DIRECT: 0.571429}


def test_without_touches_an_order_is_direct():
    """Nothing is left without credit."""
    assert set(map(tuple, shares_of([], NOW).values())) == {(DIRECT,)}


def test_a_session_is_one_touch_and_direct_never_replaces_what_opened_it():
    """Pages after a click belong to the click."""
    profile = Profile("p")
    for event in (visit(0, **campaign("news", "email")), visit(60_000), visit(120_000, **campaign("news", "email"))):
        on_event(profile, event)
    on_event(profile, visit(120_000 + SESSION_MS + 1))
    assert [(t.channel, t.at) for t in profile.touches] == [("email", 120_000), (DIRECT, 120_000 + SESSION_MS + 1)]


@pytest.mark.parametrize(
    ("context", "channel"),
    [
        (campaign("google", "cpc"), "ads"),
        (campaign("google", "organic"), "search"),
        (campaign("facebook", ""), "social"),
        ({"page": {"referrer": "https://www.google.com/", "url": "https://shop.example/"}}, "search"),
        ({"page": {"referrer": "https://blog.example/", "url": "https://shop.example/"}}, "referral"),
        ({"page": {"referrer": "https://shop.example/a", "url": "https://www.shop.example/b"}}, DIRECT),
        ({"page": {"referrer": "http://[", "url": 5}}, DIRECT),
        ({"campaign": "spring"}, DIRECT),
    ],
)
def test_where_a_visit_comes_from(context, channel):
    """Campaign first, then referrer, else direct; nothing a producer sends can break it."""
    profile = Profile("p")
    on_event(profile, visit(0, **context))
    assert [t.channel for t in profile.touches] == [channel]


def clicked(time: int, name: str = "Email Link Clicked", **properties: object) -> Sealed:
    """A click, as the provider tells it."""
    return Sealed(
        time=time, channel="email", type="track", name=name, message_id=f"m{time}", properties=properties, context={},
        traits={}, identifiers=[],
    )  # fmt: skip


def from_site(referrer: str, url: str = "https://shop.example/thanks") -> dict[str, object]:
    """The context of a page that somebody came to from elsewhere."""
    return {"page": {"referrer": referrer, "url": url}}


@pytest.mark.parametrize("source", ["(direct)", "(none)", "(not set)", "$direct", " (Direct) ", "direct"])
@pytest.mark.parametrize("medium", ["", "(none)", "(not set)", None, "None"])
def test_no_source_is_direct(source, medium):
    """What analytics tools write for no source is none, with and without a medium."""
    profile = Profile("p")
    on_event(profile, visit(0, campaign={"source": source, "medium": medium}, **from_site("https://blog.example/")))
    assert [(t.channel, t.source) for t in profile.touches] == [(DIRECT, None)]


def test_a_source_without_a_medium_is_a_source():
    """Only what says nothing is left out."""
    profile = Profile("p")
    on_event(profile, visit(0, **campaign("facebook", "(not set)")))
    on_event(profile, visit(SESSION_MS + 1, **campaign("(not set)", "email")))
    assert [(t.channel, t.source, t.medium) for t in profile.touches] == [
        ("social", "facebook", None), ("email", None, "email"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "referrer",
    [
        "https://www.paypal.com/checkout",
        "https://pay.klarna.com/eu/",
        "https://hooks.stripe.com/3d_secure/",
        "https://acs.bank.example/3ds",
        "https://acs2.some.bank.example/",
        "https://accounts.google.com/o/oauth2",
        "https://login.microsoftonline.com/",
        "https://checkout.shop.example/",
        "https://shop.example/",
    ],
)
def test_the_way_back_is_no_referral(referrer):
    """From a payment, a bank's check, a login or a page of the shop itself nobody comes."""
    profile = Profile("p")
    on_event(profile, visit(0, **from_site(referrer)))
    assert [t.channel for t in profile.touches] == [DIRECT]


@pytest.mark.parametrize(
    ("referrer", "channel"),
    [
        ("https://www.google.com/", "search"),
        ("https://paypal.com.evil.example/", "referral"),
        ("https://notpaypal.com/", "referral"),
        ("https://acs.org/", "referral"),
        ("https://shop.example.org/", "referral"),
    ],
)
def test_other_hosts_are_referrals(referrer, channel):
    """A host that only looks like one of the list is another site."""
    profile = Profile("p")
    on_event(profile, visit(0, **from_site(referrer)))
    assert [t.channel for t in profile.touches] == [channel]


def test_of_a_country_with_second_levels_the_shop_is_the_third_label():
    """Two shops under co.uk are two sites."""
    profile = Profile("p")
    on_event(profile, visit(0, **from_site("https://pay.shop.co.uk/", "https://www.shop.co.uk/")))
    on_event(profile, visit(SESSION_MS + 1, **from_site("https://other.co.uk/", "https://www.shop.co.uk/")))
    assert [t.channel for t in profile.touches] == [DIRECT, "referral"]


@pytest.mark.parametrize("named", ["pay.partner.example", "*.partner.example", "www.partner.example"])
def test_a_shop_adds_hosts(named):
    """WINBACK_NO_REFERRERS: a host and all below it."""
    profile = Profile("p")
    on_event(profile, visit(0, **from_site("https://pay.partner.example/back")), named)
    assert [t.channel for t in profile.touches] == [DIRECT]


@pytest.mark.parametrize("seconds", [-60, -5, 0, 5, 60])
@pytest.mark.parametrize(
    "context", [campaign("news", "email"), from_site("https://mail.example/"), {**campaign("esp", "newsletter")}]
)
def test_a_click_and_the_page_it_leads_to_are_one_touch(seconds, context):
    """Whichever is told first, with or without a campaign of its own."""
    profile = Profile("p")
    events = [clicked(10**9, campaign_id="cart"), visit(10**9 + seconds * 1000, **context)]
    for event in sorted(events, key=lambda event: event.time):
        on_event(profile, event)
    assert [(t.channel, t.campaign) for t in profile.touches] == [("email", "cart")]


def test_a_visit_of_another_channel_after_a_click_is_a_touch_of_its_own():
    """An advert that is followed a minute after a click in a mail, and a newsletter an hour later."""
    profile = Profile("p")
    on_event(profile, clicked(0))
    on_event(profile, visit(60_000, **campaign("google", "cpc")))
    on_event(profile, visit(2 * SESSION_MS, **campaign("news", "email")))
    assert [t.channel for t in profile.touches] == ["email", "ads", "email"]


def test_of_many_touches_the_first_and_the_last_are_kept_and_all_are_counted():
    """The first one keeps its credit, however many follow."""
    profile = Profile("p")
    for n in range(80):
        on_event(profile, visit(n * 2 * SESSION_MS, **campaign(f"s{n}", "email")))
    touches = before(profile, 80 * 2 * SESSION_MS)
    assert len(touches) == MOST_TOUCHES
    assert [t.source for t in touches] == ["s0", *(f"s{n}" for n in range(31, 80))]
    assert count(touches) == 80


def test_what_an_order_leaves_out_another_one_may_need():
    """When the first touch is more than 30 days old, an order's first one is the oldest of the 30 days."""
    profile = Profile("p")
    for n in range(100):
        on_event(profile, visit(n * DAY_MS * 2 // 5, **campaign(f"s{n}", "email")))
    early, late = before(profile, 30 * DAY_MS), before(profile, 99 * DAY_MS * 2 // 5)
    assert ([t.source for t in early][:2], count(early)) == (["s0", "s27"], 76)
    assert ([t.source for t in late][:2], count(late)) == (["s24", "s51"], 76)


def test_of_very_many_touches_the_first_is_kept_as_well():
    """State is bounded: of more than 150 the first and the last ones, and how many there were."""
    profile = Profile("p")
    for n in range(400):
        on_event(profile, visit(n * (SESSION_MS + 1), **campaign(f"s{n}", "email")))
    touches = before(profile, 400 * (SESSION_MS + 1))
    assert len(profile.touches) == MOST_KEPT
    assert ([t.source for t in touches][:2], touches[-1].source, count(touches)) == (["s0", "s351"], "s399", 400)


@pytest.mark.parametrize(("days", "found"), [(1, ["s9"]), (3, ["s7", "s8", "s9"]), (60, [f"s{n}" for n in range(10)])])
def test_how_long_touches_count_can_be_set(days, found):
    """`lookback` of the campaigns file; a touch at its very beginning counts."""
    profile = Profile("p")
    for n in range(10):
        on_event(profile, visit(n * DAY_MS, **campaign(f"s{n}", "email")), lookback=days * DAY_MS)
    assert [t.source for t in before(profile, 10 * DAY_MS, days * DAY_MS)] == found


@pytest.mark.parametrize(("half_life", "share"), [(7, 0.333333), (14, 0.414214), (1, 0.007752)])
def test_how_fast_touches_fade_can_be_set(half_life, share):
    """`half_life` of the campaigns file: a week before, of two touches."""
    of = weights([Touch(NOW - 7 * DAY_MS, "ads"), Touch(NOW, "email")], NOW, half_life * DAY_MS)
    assert shares(of)["time_decay"]["ads"] == share


def test_campaigns_are_credited_as_channels_are():
    """Of a campaign on two channels both touches count; touches without one are those of the empty name."""
    touches = [
        Touch(NOW - 14 * DAY_MS, "ads", campaign="spring"), Touch(NOW - 7 * DAY_MS, "email", campaign="x" * 300),
        Touch(NOW - DAY_MS, "email", campaign="spring"), Touch(NOW, DIRECT),
    ]  # fmt: skip
    of = of_campaigns(campaigns(touches, NOW))
    long = "x" * 100
    assert shares(of)["linear"] == {"spring": 0.5, long: 0.25, "": 0.25}
    assert shares(of)["position"] == {"spring": 0.5, long: 0.1, "": 0.4}
    assert (shares(of)["first"], shares(of)["last"], shares(of)["last_non_direct"]) == (
        {"spring": 1}, {"": 1}, {"spring": 1},
    )  # fmt: skip
    assert sum(weights(touches, NOW)["time_decay"].values()) == sum(of["time_decay"].values())
    assert campaigns([Touch(NOW, DIRECT)], NOW) == {}


def told(events) -> list[tuple[object, ...]]:
    """What each event tells of a touch: whether one before it told of the same, its change, channel and source."""
    profile, seen, found = Profile("p"), set(), []
    for event in events:
        on_event(profile, event)
        if event.touch is None:
            found.append(None)
            continue
        key = (event.touch["id"], event.touch["at"])
        found.append((key in seen, event.touch["change"], event.touch["channel"], event.touch["source"]))
        seen.add(key)
    return found


def test_an_event_tells_the_touch_that_it_opens_or_changes():
    """Once a session; a page that a click has led to tells the same touch anew, with its source."""
    assert told([clicked(0), visit(60_000, **campaign("news", "email")), visit(120_000), visit(60_000 * 90)]) == [
        (False, 0, "email", None), (True, 1, "email", "news"), None, (False, 0, DIRECT, None),
    ]  # fmt: skip


def test_a_merge_keeps_the_first_and_the_last_of_both_sides():
    """What is left out on either side is counted still."""
    one, other = Profile("p"), Profile("q")
    for n in range(60):
        on_event(one, visit(2 * n * SESSION_MS * 2, **campaign(f"a{n}", "email")))
        on_event(other, visit((2 * n + 1) * SESSION_MS * 2, **campaign(f"b{n}", "email")))
    attribution.absorb(one, other)
    touches = before(one, 240 * SESSION_MS)
    assert (touches[0].source, len(touches), count(touches)) == ("a0", MOST_TOUCHES, 120)
