"""Topics that look like raw topics and are read by nobody."""

from __future__ import annotations

import pytest

from schemas.topics import catalog
from schemas.unread_topics import Unread, unread


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("channels.webb", "channels.web"), ("channel.web", "channels.web"), ("channels.Web", "channels.web"),
        ("Channels.web", "channels.web"), ("channels-web", "channels.web"), ("channels_e-mail", "channels.email"),
        ("channelsweb", "channels.web"), ("chanels.app", "channels.app"), ("shop.channels.store", "channels.store"),
        ("channels.call-center", "channels.callcenter"), ("channels.stores", "channels.store"),
        ("channels.mails", "channels.mail"), ("channels.tv", None), ("channels.", None),
    ],
)  # fmt: skip
def test_a_misspelt_topic_is_found(name, nearest):
    """Another case, number, separator, letter or prefix: each with the nearest raw topic, if one is near."""
    assert unread([name]) == [Unread(name, nearest)]


@pytest.mark.parametrize(
    "name",
    ["orders", "web", "__consumer_offsets", "winback-__assignor-__leader", "tv-channel-updates", "shop.clicks", "",
     "panels.open"],
)  # fmt: skip
def test_other_topics_are_left_alone(name):
    """Topics of others on the same broker are none of ours, whatever they are called."""
    assert unread([name]) == []


def test_our_own_topics_are_read():
    """None of the catalogue's topics is taken for a misspelt one; a person is told the name that is near."""
    assert unread(topic.name for topic in catalog()) == []
    assert str(*unread(["channels.webb"])) == "channels.webb (did you mean channels.web?)"
