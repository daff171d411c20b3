"""Links to unsubscribe: read where they were made, and nowhere else."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from schemas.message_ids import MessageIds
from schemas.settings import Settings
from schemas.unsubscribe_links import CHANNELS, UnsubscribeLinks, Unsubscribing

BASE = "https://events.shop.example/v1/unsubscribe"
MID = MessageIds("s").of("0" * 32, "x", 0)
LINKS = UnsubscribeLinks("s", BASE)


def asked(url: str) -> tuple[str, str]:
    """Token and channel of a link, as a server reads them."""
    query = parse_qs(urlsplit(url).query)
    return query["u"][0], query.get("c", [""])[0]


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_link_says_message_and_channel(channel):
    """What was written is read, in any case of its letters; the link is short and holds nothing else."""
    link = LINKS.of(MID, channel)
    token, named = asked(link)
    assert LINKS.read(token, named) == LINKS.read(token.upper(), named) == Unsubscribing(MID, channel)
    assert link.startswith(BASE + "?u=")
    assert len(link) < len(BASE) + 85


def test_a_message_id_alone_is_no_link():
    """Who knows the id of a message, another's link or another secret, unsubscribes nobody."""
    token, _ = asked(LINKS.of(MID, "email"))
    other = MessageIds("s").of("0" * 32, "y", 0)
    for wrong in (MID, MID + "0" * 16, other + token[48:], token[:-1], token + "0", "", "x" * 64, token[:-1] + "é"):
        assert LINKS.read(wrong) is None
    assert LINKS.read(token, "sms") is None
    assert LINKS.read(token, "ads") is None
    assert UnsubscribeLinks("other", BASE).read(token) is None


def test_an_address_may_have_a_query():
    """What is in it stays."""
    link = UnsubscribeLinks("s", BASE + "?shop=eu").of(MID, "email")
    assert link.startswith(BASE + "?shop=eu&u=")


@pytest.mark.parametrize("base", ["mailto:a@b.example", "shop.example", "https://", "https://a b", "https://é.example"])
def test_what_is_no_address_is_refused(base):
    """The setting takes an address of http or https."""
    with pytest.raises(ValidationError, match="is no address"):
        Settings(unsubscribe_url=base)
