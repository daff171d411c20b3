"""Ids of messages: what they say to who has the secret, what they are to others, and where they fit."""

from __future__ import annotations

import re

import pytest

from schemas.message_ids import LENGTH, MessageIds, named
from schemas.topics import DAY_MS

IDS = MessageIds("secret")
PROFILE = "5f1d7a84db00d2fce00b31a7fc73224f"
NOW = 20_000 * DAY_MS + 5
ONE = IDS.of(PROFILE, "cart-reminder", NOW)


@pytest.mark.parametrize("profile", [PROFILE, "0" * 32, "f" * 32])
@pytest.mark.parametrize("at", [0, NOW, 65_536 * DAY_MS - 1, 70_000 * DAY_MS])
def test_an_id_says_whose_message_it_is(profile, at):
    """The profile, and how many days ago the trigger was, also over the end of the count of days."""
    sent = IDS.read(IDS.of(profile, "about", at))
    assert sent is not None
    assert sent.profile.hex() == profile
    assert [sent.age(at + days * DAY_MS) for days in (-1, 0, 1, 400)] == [-1, 0, 1, 400]


def test_the_same_message_has_the_same_id_and_no_other_has():
    """By profile, by what it is about and by day of the trigger; the hour of that day is not in it."""
    assert IDS.of(PROFILE, "cart-reminder", NOW + 1) == ONE
    others = {
        IDS.of("0" * 32, "cart-reminder", NOW), IDS.of(PROFILE, "cart-nudge", NOW), IDS.of(PROFILE, "", NOW),
        MessageIds("other").of(PROFILE, "cart-reminder", NOW), IDS.of(PROFILE, "cart-reminder", NOW + DAY_MS),
    }  # fmt: skip
    assert len(others | {ONE}) == 6
    heads = {IDS.read(one).thread for one in (ONE, IDS.of(PROFILE, "cart-nudge", NOW))}
    assert len(heads) == 2


def test_an_id_fits_where_ids_go():
    """Letters in lower case and digits; with `bounces+` before it within the 64 octets of a local part (RFC 5321)."""
    assert re.fullmatch(f"[0-9a-v]{{{LENGTH}}}", ONE)
    assert len(f"bounces+{ONE}") <= 64
    assert PROFILE not in ONE


@pytest.mark.parametrize("place", range(LENGTH))
def test_an_id_with_another_letter_is_none_of_ours(place):
    """Whichever it is."""
    other = "0" if ONE[place] != "0" else "1"
    assert IDS.read(ONE[:place] + other + ONE[place + 1 :]) is None


@pytest.mark.parametrize("other", ["", "a" * 32, "v" * 48, "0" * 48, ONE[:-1], ONE + "0", "w" * 48, "_" * 48, "é" * 48])
def test_what_was_not_made_here_is_none_of_ours(other):
    """Nor what was made under another secret."""
    assert IDS.read(other) is None
    assert MessageIds("other").read(ONE) is None


@pytest.mark.parametrize("written", [ONE, ONE.upper(), f"<{ONE}@shop.example>", f" {ONE} ", f"{ONE}@shop.example"])
def test_an_id_is_read_as_mail_servers_hand_it_on(written):
    """In any case, with blanks, and as the Message-ID of a mail."""
    assert named(written) == ONE


@pytest.mark.parametrize(
    "other", [None, 5, [ONE], {"id": ONE}, "", "a" * 32, f"x{ONE}", f"{ONE}x", f"a@{ONE}", "-" * 48]
)
def test_anything_else_is_no_id(other):
    """Ids of other senders keep to themselves."""
    assert named(other) is None
