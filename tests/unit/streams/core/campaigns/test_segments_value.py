"""Segments of a campaigns file: what they may say, and what is told of those that may not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from streams.core.campaigns import CampaignFile, Campaigns
from tests.support.campaigning import campaign

EVERY = [
    {"all": [{"orders": {"within": "30d", "at_least": 2}}, {"not": {"orders": {"at_most": 0}}}]},
    {"any": [{"revenue": {"currency": "eur", "at_least": "99.90", "at_most": 500}}, {"known": False}]},
    {"last_order": {"older_than": "90d"}}, {"last_activity": {"younger_than": "1d", "older_than": "1h"}},
    {"first_seen": {"younger_than": "7d"}}, {"seen_on": {"channel": "store", "within": "1d"}},
    {"carts_abandoned": {"within": "30d", "at_least": 2}}, {"viewed": {"product": " L-1 ", "at_least": 3}},
    {"bought": {"category": "Lamps", "at_most": 0}}, {"trait": {"name": "vip", "is": True}},
    {"trait": {"name": "plan", "in": ["pro", 1, 2.5]}}, {"trait": {"name": "age", "at_least": 18}},
    {"country": ["DE", "Austria"]}, {"language": ["de", "zh-Hant"]}, {"zone": ["europe/berlin"]},
    {"consent": {"channel": "ads", "topic": "Offers"}}, {"contact": "email"}, {"orders": {}},
]  # fmt: skip


def file_of(*rules, **more):
    """A file with segments s0, s1, ... of these rules."""
    segments = [{"id": f"s{nth}", "rule": rule} for nth, rule in enumerate(rules)]
    return CampaignFile.model_validate({"segments": segments, **more})


def test_every_condition_survives_the_journey_through_json():
    """load(dump(c)) is c, for every kind of condition, an audience and a trigger; types of values stay."""
    campaigns = [campaign("a", {"on": "segment_entered", "segment": "s1"}, audience={"in": ["s0"], "not_in": ["s2"]})]
    before = Campaigns(file_of(*EVERY, campaigns=campaigns), {})
    back = Campaigns.load(before.dump())
    assert back.file == before.file
    assert back.version == before.version
    traits = [rule.trait for segment in back.file.segments for rule in segment.rule.conditions() if rule.trait]
    assert traits[0].value is True
    assert [type(value) for value in traits[1].one_of] == [str, int, float]


@pytest.mark.parametrize(("rule", "said"), [
    ({}, "a rule is a mapping with one key"),
    ({"orders": {}, "known": True}, "a rule is a mapping with one key"),
    ([{"orders": {}}], "a rule is a mapping with one key"),
    ({"ordered": {}}, "condition 'ordered' is not known; known: all, any, not, orders"),
    ({"orders": None}, "orders needs a value"),
    ({"orders": {"within": "0d"}}, "longer than 0"),
    ({"orders": {"within": "a week"}}, "a duration is"),
    ({"orders": {"at_least": 3, "at_most": 2}}, "not above"),
    ({"orders": {"last": "3d"}}, "Extra inputs"),
    ({"revenue": {"currency": "EUR"}}, "`at_least` or `at_most`"),
    ({"revenue": {"currency": "EURO", "at_least": 1}}, "no currency of ISO 4217"),
    ({"last_order": {}}, "`older_than` or `younger_than`"),
    ({"seen_on": {"channel": "tv"}}, "Input should be"),
    ({"carts_abandoned": {"at_least": 21}}, "at most 20"),
    ({"carts_abandoned": {"at_most": 20}}, "at most 20"),
    ({"viewed": {"at_least": 1}}, "either `product`"),
    ({"viewed": {"product": "a", "category": "b"}}, "either `product`"),
    ({"bought": {"product": " "}}, "not empty"),
    ({"trait": {"name": "plan"}}, "one of `is`"),
    ({"trait": {"name": "plan", "is": 1, "exists": True}}, "one of `is`"),
    ({"trait": {"name": "plan", "in": [1, float("inf")]}}, "finite"),
    ({"revenue": {"currency": "EUR", "at_least": float("nan")}}, "finite"),
    ({"zone": ["Berlin"]}, "no time zone"),
    ({"language": ["german"]}, "pattern"),
    ({"contact": "broadcast"}, "channel 'broadcast' is not known"),
    ({"country": []}, "at least 1"),
    ({"all": []}, "at least 1"),
    ({"all": [{"orders": {}}] * 51}, "at most 50 conditions"),
])  # fmt: skip
def test_a_rule_that_says_nothing_is_told_why(rule, said):
    """Each fault in words that name what is wrong."""
    with pytest.raises(ValidationError, match=said.replace("(", r"\(")):
        file_of(rule)


def test_rules_are_no_deeper_than_anybody_can_read():
    """Eight deep is possible, nine is not."""
    rule = {"orders": {}}
    for _ in range(7):
        rule = {"not": rule}
    assert file_of(rule).segments[0].rule.depth() == 8
    with pytest.raises(ValidationError, match="at most 8 deep"):
        file_of({"not": rule})


@pytest.mark.parametrize(("more", "said"), [
    ({"audience": {"in": ["nobody"]}}, "campaign 'c' names the segment 'nobody'"),
    ({"audience": {"not_in": ["nobody"]}}, "names the segment 'nobody'"),
    ({"audience": {}}, "names at least one"),
    ({"trigger": {"on": "segment_entered", "segment": "nobody"}}, "names the segment 'nobody'"),
    ({"trigger": {"on": "segment_entered"}}, "needs `segment`"),
])  # fmt: skip
def test_a_campaign_names_segments_that_there_are(more, said):
    """In its audience and in its trigger."""
    with pytest.raises(ValidationError, match=said):
        file_of({"orders": {}}, campaigns=[{**campaign("c"), **more}])


@pytest.mark.parametrize(("audience", "said"), [
    ({}, "Field required"),
    ({"webhook": "https://ads.example/x"}, "'https://ads.example/x' is no name of a webhook"),
    ({"webhook": "Meta"}, "small letters"),
    ({"webhook": "meta", "identifiers": ["mail"]}, "identifier 'mail' is not known; known: email, email_gmail"),
    ({"webhook": "meta", "identifiers": []}, "at least 1"),
    ({"webhook": "meta", "identifiers": ["email", "email"]}, "each identifier is named once"),
    ({"webhook": "meta", "topics": "offers"}, "Extra inputs"),
])  # fmt: skip
def test_an_audience_names_a_webhook_and_what_is_hashed(audience, said):
    """Each fault in words that name what is wrong: an address of a webhook is a secret, and no part of the file."""
    segment = {"id": "s", "rule": {"orders": {}}, "audience": audience}
    with pytest.raises(ValidationError, match=said):
        CampaignFile.model_validate({"segments": [segment]})


def test_two_segments_do_not_have_one_id():
    """The id is what rows and campaigns name."""
    with pytest.raises(ValidationError, match="two segments have the id 's'"):
        CampaignFile.model_validate({"segments": [{"id": "s", "rule": {"orders": {}}}] * 2})
