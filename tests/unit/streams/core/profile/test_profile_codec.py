"""Profiles as bytes."""

from __future__ import annotations

from streams.core.profile.state import Cart, Line, Profile, Reminder, Sequence, Touch, Waiting, decode, encode


def test_a_full_profile_survives_its_bytes():
    """decode(encode(p)) is p, with every part of it present."""
    cart = Cart("c", 1, 2, 3, {"s:1": Line(sku="1", price=19_990_000, quantity=1.5)}, "EUR", True, True, 2)
    waiting = [Waiting("s", 2, 3, True)]
    sequence = Sequence("c1", "cart_abandoned", 1, 0, "c", "c", 1, [{"sku": "1"}], {"a": "t"}, ["sms"], True, waiting)
    sent = [1, "email", "m", "c1", "s", "c", "oc", None, 1, "cart_abandoned", 1]
    profile = Profile(
        "p", ["q", "00"], [["r", "01"]], 5, 4, cart, {"m": 1}, {"m": 2}, ["o"], ["Europe/Berlin", 1],
        {"name": ["Ann", 1]}, {"email": ["a@b.example", 1]}, {"email": [False, 2]}, [sent], {"email": [2, 1]},
        [sequence], [Reminder("c", 1, 2, "c1", "s", None, "email", "m1")],
        [Touch(1, "email", "news", "email", "spring")],
        {"c1": "treatment"}, ["c2"], {"c1": 1}, {"c1": ["B-1", 1, 2]}, {"p": [1, {"sku": "1"}]},
        {"p": [1, "cv", 5, {"sku": "1"}]}, {"t": [1, 2]}, [52.5, 13.4, 1], ["de", 1], {"9": 2}, {"l": 4},
    )  # fmt: skip
    assert decode(encode(profile)) == profile


def test_an_empty_profile_survives_its_bytes():
    """The defaults are what is read back."""
    assert decode(encode(Profile("p"))) == Profile("p")
