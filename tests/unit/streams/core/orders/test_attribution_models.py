"""Touches and credits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import DAY_MS
from streams.core.orders.attribution import DIRECT, SESSION_MS, on_event
from streams.core.orders.attribution import credits as shares_of
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


channels = st.lists(st.sampled_from(["email", "ads", "search", DIRECT]), min_size=1, max_size=8)


@given(channels)
def test_every_model_shares_out_one_order(names):
    """The shares of each model add up to one."""
    touches = [Touch(NOW - (len(names) - i) * DAY_MS, name) for i, name in enumerate(names)]
    for shares in shares_of(touches, NOW).values():
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)


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
