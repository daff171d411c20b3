"""Profiles as bytes."""

from __future__ import annotations

import pytest

from streams.core.profile.state import Cart, Dated, Line, Profile, decode, encode, of_json, to_json
from tests.support.profiles import full


def through_json(profile: Profile) -> Profile:
    """As it travels inside a record."""
    return of_json(to_json(profile))


def through_bytes(profile: Profile) -> Profile:
    """As it is kept."""
    return decode(encode(profile))


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
