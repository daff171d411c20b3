"""The campaigns file as a value: its triggers' parameters, and how it travels."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from streams.core.campaigns import PARAMETERS, TRIGGERS, CampaignFile, Campaigns
from tests.support.campaigning import campaign, step
from tests.support.happenings import STORES

VALUES = {
    "min_value": 20,
    "min_drop": "10%",
    "interest": ["viewed"],
    "within": "3d",
    "after": "60d",
    "topic": " Wine ",
    "times": 2,
    "hashtags": ["#Sale"],
    "radius": "2km",
    "name": "Trial Started",
    "if": "properties.plan",
    "segment": "new",
}
NEEDED = {
    "lapsed": {"after": "60d"}, "event": {"name": "Trial Started", "if": "properties.plan"},
    "segment_entered": {"segment": "new"},
}  # fmt: skip
SEGMENTS = [{"id": "new", "description": "came this week", "rule": {"first_seen": {"younger_than": "7d"}}}]
WHOLE = {
    "timezone": "Europe/Berlin", "language": "de", "consent": {"default": "opt_in"}, "control_group": "5%",
    "max_trigger_age": "2h", "message_ttl": "12h", "stale_after": {"push": "270d"}, "sms_segments": 2,
    "stores": "stores.yaml", "caps": {"global": [{"limit": 3, "per": "7d"}], "broadcast": [{"limit": 1, "per": "1h"}]},
    "quiet_hours": {"from": "21:00", "to": "09:00"}, "segments": SEGMENTS,
    "campaigns": [
        campaign(
            "a", {"on": "price_dropped", "min_drop": 0.15, "interest": ["wished", "carted"]},
            step("one", variants={"z": 1, "a": 3}), step("two", "20h", "other", of=["sms", "ads"], unless="engaged"),
            step("three", "3d", "best", of=["email"], hour="best", if_="cart.value > 100"),
            priority=2, topic="Offers", holdout="10%", reentry="7d", exit_on=["engaged", "visited"],
            offer={"prefix": "BACK", "discount": "10%", "valid_for": "14d", "variants": ["a"]},
        ),
        *(campaign(on, {"on": on, **NEEDED.get(on, {})}, reentry="never") for on in TRIGGERS),
    ],
}  # fmt: skip


def file_of(trigger, **more):
    """A file with one campaign of this trigger."""
    return CampaignFile.model_validate({"segments": SEGMENTS, "campaigns": [campaign("c", trigger, **more)]})


def test_a_whole_file_survives_the_journey_through_json():
    """load(dump(c)) is c: every value, the order of everything, templates and stores; and the version is the same."""
    templates = {("de", "t", "email"): "Hallo", ("", "t", "sms"): "Hello"}
    campaigns = Campaigns(CampaignFile.model_validate(WHOLE), templates, STORES)
    back = Campaigns.load(campaigns.dump())
    assert back.file == campaigns.file
    assert list(back.file.campaigns[0].steps[0].variants) == ["z", "a"]
    assert (back.templates, back.stores.all) == (templates, STORES)
    assert back.version == campaigns.version
    assert len(back.version) == 16


def test_the_version_is_another_when_anything_is():
    """A word in a template, a store, the order of variants."""
    whole = CampaignFile.model_validate(WHOLE)
    versions = {
        Campaigns(whole, {}).version, Campaigns(whole, {("", "t", "sms"): "x"}).version,
        Campaigns(whole, {}, STORES).version, Campaigns(CampaignFile(), {}).version,
        Campaigns(file_of("hashtag_used", steps=[step(variants={"a": 1, "b": 2})]), {}).version,
        Campaigns(file_of("hashtag_used", steps=[step(variants={"b": 2, "a": 1})]), {}).version,
    }  # fmt: skip
    assert len(versions) == 6


def test_campaigns_are_found_by_trigger_in_the_order_of_the_file():
    """Several may have the same."""
    campaigns = Campaigns(CampaignFile.model_validate({"campaigns": [campaign("b"), campaign("a")]}), {})
    assert [found.id for found in campaigns.by_trigger["cart_abandoned"]] == ["b", "a"]
    assert campaigns.by_trigger.get("lapsed") is None


@pytest.mark.parametrize("on", TRIGGERS)
def test_a_trigger_knows_its_own_parameters_alone(on):
    """Those of others are refused by name."""
    mine = {name: VALUES[name] for name in PARAMETERS[on]}
    assert file_of({"on": on, **mine}).campaigns[0].trigger.on == on
    for name in VALUES.keys() - mine.keys():
        with pytest.raises(ValidationError, match=f"trigger {on} does not know '{name}'"):
            file_of({"on": on, **mine, name: VALUES[name]})


def test_values_are_made_comparable():
    """Topics and hashtags without case and sign, distances in metres, interests as letters, defaults by trigger."""
    assert file_of({"on": "content_viewed", "topic": " Wine "}).campaigns[0].trigger.topic == "wine"
    assert file_of({"on": "hashtag_used", "hashtags": [" #Sale"]}).campaigns[0].trigger.hashtags == ("sale",)
    for text, metres in (("500m", 500), ("2km", 2000), ("1.5 km", 1500), (750, 750)):
        assert file_of({"on": "store_nearby", "radius": text}).campaigns[0].trigger.radius == metres
    trigger = file_of({"on": "back_in_stock", "interest": ["wished", "carted"]}).campaigns[0].trigger
    assert (trigger.kinds, trigger.within) == ("cw", 30 * 24 * 3_600_000)
    assert file_of("content_viewed").campaigns[0].trigger.within == 7 * 24 * 3_600_000


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"trigger": {"on": "lapsed"}}, "needs `after`"),
        ({"trigger": {"on": "store_nearby", "radius": "far"}}, "distance"),
        ({"trigger": {"on": "store_nearby", "radius": 0}}, "distance"),
        ({"trigger": {"on": "content_viewed", "times": 0}}, "greater than or equal to 1"),
        ({"steps": [step(channel="best")]}, "needs `of`"),
        ({"steps": [step(channel="other")]}, "needs `of`"),
        ({"steps": [step(), step()]}, "two steps have the id 's'"),
        ({"steps": [step(unless="bored")]}, "engaged"),
        ({"steps": [step(hour="nine")]}, "best"),
        ({"steps": [step(after="999999999d")]}, "at most"),
        ({"exit_on": ["sunset"]}, "exit_on"),
        ({"reentry": "sometimes"}, "duration"),
        ({"offer": {"prefix": "B C", "discount": "1"}}, "prefix"),
        ({"offer": {"prefix": "B", "discount": "1", "variants": ["b"]}}, "which no step has"),
        ({"weather": "fine"}, "weather"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(part, says):
    """One part of a campaign at a time."""
    with pytest.raises(ValidationError, match=says):
        CampaignFile.model_validate({"campaigns": [{**campaign("c"), **part}]})
