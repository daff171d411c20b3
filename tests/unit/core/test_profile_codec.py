"""Profiles as bytes."""

from __future__ import annotations

from streams.core.profile import Cart, Line, Profile, Reminder, Step, Touch, decode, encode


def test_a_full_profile_survives_its_bytes():
    """decode(encode(p)) is p, with every part of it present."""
    cart = Cart("c", 1, 2, 3, {"s:1": Line(sku="1", price=19_990_000, quantity=1.5)}, "EUR", True, True, 2)
    profile = Profile(
        "p", ["q", "00"], [["r", "01"]], 5, 4, cart, {"m": 1}, {"m": 2}, ["o"], ["Europe/Berlin", 1],
        {"name": ["Ann", 1]},
        {"email": ["a@b.example", 1]}, {"email": [False, 2]}, [[1, "email"]], {"email": [2, 1]},
        [Step("c1", "s", "cart_abandoned", 1, 2, "c", 1, 0, 3)], [Reminder("c", 1, 2, "c1", "s", None, "email", "m1")],
        [Touch(1, "email", "news", "email", "spring")],
    )  # fmt: skip
    assert decode(encode(profile)) == profile


def test_an_empty_profile_survives_its_bytes():
    """The defaults are what is read back."""
    assert decode(encode(Profile("p"))) == Profile("p")
