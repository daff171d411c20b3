"""Audiences of advertising told as stories: which hashes are in which when, as oracle and core agree."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import pytest

from schemas.audiences import read_key
from schemas.topics import AUDIENCES_MEMBERS
from tests.oracle.compare import records_of
from tests.oracle.core import agreed
from tests.oracle.story import minute_of, told
from tests.properties.test_segment_scenarios import DAY, LATER, SEEN, file
from tests.properties.test_segments_move import NONE, applied_both, stepped

ADS = "{contact: email}, audience: {webhook: meta, identifiers: [email]}"
ANNA = (0, "web", "u1", "identify", {"context": {"traits": {"email": "Anna+x@gmail.com", "phone": "+49 30 123456"}}})
NAMES = {
    sha256(text.encode()).hexdigest(): text
    for text in ("a@b.example", "c@d.example", "anna+x@gmail.com", "anna@gmail.com", "+4930123456", "4930123456")
}


def short(records: Sequence[tuple[str, Any]]) -> list[str]:
    """Each record as `+what minute`, or `-what` for what is taken out."""
    found = []
    for key, row in records:
        member = read_key(key.encode())
        assert member is not None
        found.append(f"-{NAMES[member.sha256]}" if row is None else f"+{NAMES[member.sha256]} {minute_of(row['at']):g}")
    return found


def members(rule: str, *events: tuple[Any, ...], more: str = "") -> list[str]:
    """What becomes of the only audience."""
    return short(agreed(told(*events), file(rule, more=more)).audiences)


def said(minute: float, channel: str, yes: bool, **more: Any) -> tuple[Any, ...]:
    """The customer says yes or no to a channel."""
    return (minute, "web", "u1", "Subscription Changed", {"channel": channel, "subscribed": yes, **more})


def test_members_come_with_the_segment_and_go_with_it() -> None:
    """By the hash of the address, from the event on and until the window has passed."""
    rule = "{first_seen: {younger_than: 2d}}, audience: {webhook: meta, identifiers: [email]}"
    assert members(rule, SEEN, LATER) == ["+a@b.example 0", "-a@b.example"]


@pytest.mark.parametrize(("identifiers", "wanted"), [
    ("[email, phone]", ["+anna+x@gmail.com 0", "++4930123456 0"]),
    ("[email_gmail]", ["+anna@gmail.com 0"]),
    ("[email_untagged, phone_digits]", ["+anna@gmail.com 0", "+4930123456 0"]),
])  # fmt: skip
def test_each_platform_has_its_own_spelling(identifiers: str, wanted: list[str]) -> None:
    """An address is hashed as the platform hashes it."""
    assert members(f"{{contact: email}}, audience: {{webhook: meta, identifiers: {identifiers}}}", ANNA) == wanted


def test_who_says_no_to_ads_is_taken_out_and_who_says_yes_comes_back() -> None:
    """A no to e-mail is none to ads, and a no to ads none to e-mail."""
    events = [SEEN, said(5, "email", False), said(9, "ads", False), said(20, "ads", True)]
    assert members(ADS, *events) == ["+a@b.example 0", "-a@b.example", "+a@b.example 20"]


def test_a_no_to_the_topic_of_an_audience_takes_out() -> None:
    """A no to another topic does not; one to this topic everywhere does."""
    rule = "{contact: email}, audience: {webhook: meta, identifiers: [email], topic: Offers}"
    events = [SEEN, said(5, "ads", False, topic="news"), said(9, "ads", False, topic="offers")]
    assert members(rule, *events[:2]) == ["+a@b.example 0"]
    assert members(rule, *events) == ["+a@b.example 0", "-a@b.example"]


def test_nobody_is_told_without_a_yes_where_one_is_needed() -> None:
    """Under opt_in, only who has said yes to ads is a member."""
    more = "consent: {default: opt_in}\ncampaigns: []"
    assert members(ADS, SEEN, LATER, more=more) == []
    assert members(ADS, SEEN, said(7, "ads", True), more=more) == ["+a@b.example 7"]


def test_another_address_takes_the_place_of_the_old_one() -> None:
    """The old hash is taken out before the new one is told."""
    other = (10, "web", "u1 c@d.example", "identify")
    assert members(ADS, SEEN, other) == ["+a@b.example 0", "-a@b.example", "+c@d.example 10"]


def test_an_address_that_is_too_old_is_taken_out() -> None:
    """As one that no message would go to on the channel ads, at the moment at which it is too old."""
    more = "stale_after: {ads: 3d}\ncampaigns: []"
    rule = "{orders: {at_most: 0}}, audience: {webhook: meta, identifiers: [email]}"
    assert members(rule, SEEN, LATER, more=more) == ["+a@b.example 0", "-a@b.example", f"+a@b.example {40 * DAY}",
                                                     "-a@b.example"]  # fmt: skip


def test_a_merge_moves_the_member() -> None:
    """The profile that is no more is taken out under its own id, the one that stays is told."""
    events = [(0, "web", "a1 a@b.example", "identify"), (1, "web", "a1", "page"), (9, "web", "a1 u1", "identify")]
    records = agreed(told(*events), file(ADS)).audiences
    inside: dict[str, set[str]] = {}
    for key, row in records:
        member = read_key(key.encode())
        assert member is not None
        holders = inside.setdefault(member.sha256, set())
        (holders.discard if row is None else holders.add)(member.profile_id)
    assert [len(holders) for holders in inside.values()] == [1]


@pytest.mark.parametrize("new", [NONE, file("{contact: email}"), file(ADS.replace("[email]", "[phone]"))])
def test_a_file_without_the_audience_takes_its_members_out(new: str) -> None:
    """Whether the segment, its audience or an identifier is gone."""
    assert short(applied_both(file(ADS), [new], 90, SEEN).audiences) == ["+a@b.example 0", "-a@b.example"]


def test_another_webhook_is_told_anew() -> None:
    """The webhook that was told before is told that they are gone."""
    new = file(ADS.replace("meta", "google"))
    found = applied_both(file(ADS), [new], 90, SEEN).audiences
    assert [(key.split("/")[1], row is None) for key, row in found] == [
        ("meta", False), ("meta", True), ("google", False),
    ]  # fmt: skip


def test_who_is_erased_is_taken_out() -> None:
    """The key alone tells the hash: nothing of the customer is left, and what is written last takes the member out."""
    before = [(0, "web", "u1 a1 a@b.example", "identify"), (1, "web", "a1", "page")]
    steps = stepped("erase", file(ADS), before, [(70, "web", "u1", "page")])
    assert short(records_of(steps.topics, AUDIENCES_MEMBERS)) == ["+a@b.example 0", "-a@b.example"]
