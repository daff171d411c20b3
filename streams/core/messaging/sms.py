"""How many segments a text message takes: GSM 7-bit where its alphabet does, else UCS-2 (3GPP TS 23.038, 23.040)."""

from __future__ import annotations

from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("^{}\\[~]|€\f")
"""Characters that take two places."""
_SINGLE_GSM, _PART_GSM = 160, 153
_SINGLE_UCS2, _PART_UCS2 = 70, 67


def segments(text: str) -> int:
    """The number of segments of a text; a character of two places is never divided between two segments."""
    if all(letter in _BASIC or letter in _EXTENDED for letter in text):
        return _packed([2 if letter in _EXTENDED else 1 for letter in text], _SINGLE_GSM, _PART_GSM)
    return _packed([2 if ord(letter) > 0xFFFF else 1 for letter in text], _SINGLE_UCS2, _PART_UCS2)


def _packed(places: list[int], single: int, part: int) -> int:
    if sum(places) <= single:
        return 1
    count, used = 1, 0
    for place in places:
        if used + place > part:
            count, used = count + 1, 0
        used += place
    return count
