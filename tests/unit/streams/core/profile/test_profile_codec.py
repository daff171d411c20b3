"""Profiles as bytes."""

from __future__ import annotations

import pytest

from streams.core.profile.state import (
    Cart,
    Consent,
    Dated,
    Engagement,
    Enrollment,
    Interest,
    Line,
    Location,
    OfferCode,
    Profile,
    Reminder,
    ScheduledStep,
    SentMessage,
    Touch,
    Viewed,
    decode,
    encode,
    of_json,
    to_json,
)  # fmt: skip


def through_json(profile: Profile) -> Profile:
    """As it travels inside a record."""
    return of_json(to_json(profile))


def through_bytes(profile: Profile) -> Profile:
    """As it is kept."""
    return decode(encode(profile))


def full() -> Profile:
    """A profile with every part present."""
    cart = Cart("c", 1, 2, 3, {"s:1": Line(sku="1", price=19_990_000, quantity=1.5)}, "EUR", True, True, 2)
    step = ScheduledStep("s", 2, 3, True)
    enrollment = Enrollment("c1", "cart_abandoned", 1, 0, "c", "c", 1, [{"sku": "1"}], {"a": 1}, ["sms"], True, [step])
    sent = SentMessage(1, "email", "m", "c1", "s", "c", "oc", None, 1, "cart_abandoned", 1, 0)
    return Profile(
        "p", ["q", "00"], [["r", "01"]], 5, 4, cart, {"m": 1}, {"m": 2}, ["o"], Dated("Europe/Berlin", 1),
        {"name": Dated("Ann", 1)}, {"email": Dated("a@b.example", 1)}, {"email": Consent(False, 2)}, [sent],
        {"email": Engagement(2, 1)}, [enrollment], [Reminder("c", 1, 2, "c1", "s", None, "email", "m1")],
        [Touch(1, "email", "news", "email", "spring")],
        {"c1": "treatment"}, ["c2"], {"c1": 1}, {"c1": OfferCode("B-1", 1, 2)}, {"p": Viewed(1, {"sku": "1"})},
        {"p": Interest(1, "cv", 5, {"sku": "1"})}, {"t": [1, 2]}, Location(52.5, 13.4, 1), Dated("de", 1), {"9": 2},
        {"l": 4},
    )  # fmt: skip


@pytest.mark.parametrize("through", [through_bytes, through_json])
def test_a_full_profile_survives(through):
    """What is read back is what was written, with every part of it present."""
    profile = full()
    assert all(getattr(profile, name) != getattr(Profile("x"), name) for name in Profile.__struct_fields__)
    assert through(profile) == profile


@pytest.mark.parametrize("through", [through_bytes, through_json])
def test_an_empty_profile_survives(through):
    """The defaults are what is read back."""
    assert through(Profile("p")) == Profile("p")


@pytest.mark.parametrize("through", [through_bytes, through_json])
@pytest.mark.parametrize("value", [1, 1.0, 1.5, 2**64 - 1, -(2**63), 1e300, True, None, "\u00fc", [1, {"a": 2.0}]])
def test_a_trait_keeps_its_type(through, value):
    """A whole number stays an int and 1.0 a float: what a template shows does not depend on a restart."""
    read = through(Profile("p", traits={"t": Dated(value, 1)})).traits["t"].value
    assert repr(read) == repr(value)


@pytest.mark.parametrize("through", [through_bytes, through_json])
@pytest.mark.parametrize("quantity", [1, 2.5, 1_000_000_000])
def test_a_quantity_keeps_its_type(through, quantity):
    """A whole number of pieces is shown as one."""
    line = through(Profile("p", cart=Cart("c", 1, 1, 1, {"k": Line(quantity=quantity)}))).cart.lines["k"]
    assert repr(line.quantity) == repr(quantity)
