"""The promises that are checked without the oracle, where they have to be told from what only looks like them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.simulation.families import Part
from tests.simulation.kept_promises import beyond_caps
from tests.simulation.sayings import saying

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
