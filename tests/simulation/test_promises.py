"""The promises that are checked without the oracle, where they have to be told from what only looks like them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.oracle.campaigns import Campaigns
from tests.oracle.compare import milliseconds
from tests.simulation.families import Families, Part
from tests.simulation.kept_promises import at_night, beyond_caps, to_a_stranger, without_consent
from tests.simulation.sayings import saying
from tests.simulation.story import Story

ONE_A_DAY = SimpleNamespace(caps={"global": [(1, 86_400_000)]})


@pytest.mark.parametrize(
    ("channel", "key", "told"),
    [
        ("", "broadcast", [True]),
        ("all", "messenger", [True]),
        ("email", "broadcast", []),
        ("mail", "mail", [True]),
        ("push_notifications", "push", [True]),
        ("push_notifications", "sms", []),
    ],
)
def test_a_word_without_a_channel_is_about_all_on_which_a_shop_writes(channel: str, key: str, told: list[bool]) -> None:
    """Screens and messengers as well; one that names a channel is about that alone."""
    event = {
        "type": "track", "name": "Subscription Changed", "channel": "web", "traits": {},
        "properties": {"channel": channel, "subscribed": True},
    }  # fmt: skip
    assert list(saying(event, key)) == told


@pytest.mark.parametrize(
    ("other", "broken"),
    [({"at": 10}, True), ({"at": 10, "transactional": True}, False), ({"at": 9, "transactional": True}, True)],
)
def test_what_is_part_of_a_deal_counts_where_it_has_gone_out_before(other: dict[str, Any], broken: bool) -> None:
    """At the same instant it may have gone out afterwards, whatever the caps say."""
    message = {"at": 10, "channel": "email", "profile_id": "p"}
    families = SimpleNamespace(of=lambda _profile, _at: {"p": Part(99, 99)})
    story: Any = SimpleNamespace(messages=[{**message, **other}, message], families=families)
    campaigns: Any = ONE_A_DAY
    assert (beyond_caps(story, campaigns, message) is not None) is broken


HELD = """
timezone: UTC
quiet_hours: {{from: "21:00", to: "09:00", policy: defer}}
campaigns:
  - id: c
    trigger: {{on: {on}}}
    steps: [{{id: s, after: 0m, channel: email, template: t}}]
"""
LAPSED, BROWSED = HELD.format(on="lapsed, after: 2h"), HELD.format(on="browse_abandoned")
NO = {"type": "track", "name": "Unsubscribed", "properties": {"channel": "email"}}
YES = {"type": "track", "name": "Subscription Changed", "properties": {"channel": "email", "subscribed": True}}
GIVEN = {"type": "identify", "name": "", "identifiers": [{"type": "email", "value": "a@b.example"}]}
START = milliseconds("2024-01-01T00:00:00.000Z")
MESSAGE = {
    "profile_id": "p", "at": 10, "campaign_id": "c", "channel": "email", "to": "a@b.example",
    "trigger": {"type": "lapsed"},
}  # fmt: skip


def story_of(held: str, *events: tuple[int, dict[str, Any]]) -> Story:
    """What one customer did, by time, before and behind the switch at 20 from these campaigns to those for lapsed."""
    plain = {"profile_id": "p", "channel": "web", "late": False, "properties": {}, "traits": {}, "context": {}}
    rows = [{**plain, "identifiers": [], **event, "time": time} for time, event in events]
    files = [Campaigns(held, "k"), Campaigns(LAPSED, "k")]
    return Story(files, Families([], {}, {}), [], [], {"p": rows}, [], [], [20])


@pytest.mark.parametrize(
    ("held", "given", "stranger"),
    [(BROWSED, 9, False), (BROWSED, 15, False), (BROWSED, 21, True), (LAPSED, 9, False), (LAPSED, 15, True)],
)
def test_what_is_overdue_by_other_campaigns_goes_to_what_was_given_before_they_held(
    held: str, given: int, stranger: bool
) -> None:
    """Not to what was given later; and what was due by those that held goes to what was given before it was due."""
    assert (to_a_stranger(story_of(held, (given, GIVEN)), MESSAGE) is not None) is stranger


@pytest.mark.parametrize(("held", "broken"), [(BROWSED, False), (LAPSED, True)])
def test_what_is_overdue_by_other_campaigns_may_know_a_yes_and_a_zone_from_before_they_held(
    held: str, broken: bool
) -> None:
    """What was due by the campaigns that held knows neither."""
    tokyo = {"type": "page", "name": "", "context": {"timezone": "Asia/Tokyo"}}
    story = story_of(held, (5, NO), (15, YES), (16, tokyo))
    assert (without_consent(story, story.files[1], MESSAGE) is not None) is broken
    assert (at_night(story, story.files[1], MESSAGE) is not None) is broken


@pytest.mark.parametrize(
    ("held", "cancelled", "owned"),
    [(BROWSED, 9, False), (BROWSED, 11, False), (BROWSED, 21, True), (LAPSED, 9, False), (LAPSED, 11, True)],
)
def test_what_was_cancelled_before_a_message_is_not_the_customers(held: str, cancelled: int, owned: bool) -> None:
    """An hour or days after the order; what is overdue by other campaigns knows it up to when they began to hold."""
    day = 86_400_000
    of_order = {"order_id": "o", "profile_id": "p", "message_id": "m", "at": "2024-01-01T00:00:00.000Z"}
    gone = {**of_order, "message_id": "n", "changed_at": f"2024-01-{1 + cancelled:02}T00:00:00.000Z"}
    story = story_of(held)
    story.conversions = [{**of_order, "kind": "order", "changed_at": of_order["at"]}, {**gone, "kind": "cancellation"}]
    story.since = [START + 20 * day]
    message = {**MESSAGE, "at": START + 10 * day}
    assert story.bought("p", message["at"]) == {"m"}
    assert story.owned(message) == ({"m"} if owned else set())
