"""How many segments a text message takes (3GPP TS 23.038 and 23.040)."""

from __future__ import annotations

import pytest

from streams.core.messaging.sms import segments


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("é" * 160, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("x" * 70 + "`", 2),
        ("🎁" * 35, 1),
        ("🎁" * 36, 2),
    ],
)
def test_alphabets_and_their_lengths(text, count):
    """160 and 153 of GSM 7-bit, 70 and 67 of UCS-2; a character of two places counts as two."""
    assert segments(text) == count


def test_a_character_of_two_places_is_not_divided():
    """153 places of which the last would be half a character: it goes to the next segment."""
    assert segments("x" * 152 + "€" + "x" * 151) == 2
    assert segments("x" * 152 + "€" + "x" * 152) == 3
    assert segments("ж" * 66 + "🎁" + "ж" * 65) == 2
    assert segments("ж" * 66 + "🎁" + "ж" * 66) == 3
