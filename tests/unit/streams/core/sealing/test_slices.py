"""Each field of a profile belongs to one machine, which says what becomes of it at a merge and at a split."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from streams.core.profile.machine import PLACE, Leaving, Machine
from streams.core.profile.state import Profile
from streams.core.sealing.profile_logic import ProfileLogic
from tests.support.campaigning import campaign, campaigns_of
from tests.support.profiles import full

MACHINES = ProfileLogic(campaigns_of([campaign("c1")]), "slices").machines
NOBODY = Leaving(9, frozenset(), lambda _type, _value: False)
EVERYBODY = Leaving(9, frozenset({""}), lambda _type, _value: True)

GOES = {"cart", "sold", "contacts", "earlier", "touches", "persons"}
ON_BOTH_SIDES = {
    "last_activity", "last_order", "seen", "late_seen", "overtaken", "orders", "zone", "consent", "soft_bounces",
    "sent", "contaminated", "belongings", "strangers", "devices", "purchases", "lapsed", "elsewhere",
    "first_seen",
}  # fmt: skip
STAYS = {
    "traits", "engagement", "enrollments", "reminders", "arms", "last_enrolled", "offers", "browsed", "interests",
    "topics", "location", "locale", "hours", "segments",
}  # fmt: skip

each_machine = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: type(machine).__name__)


def settled() -> Profile:
    """A full profile as one is between two events: nothing is browsed while there is a cart, or before an order."""
    profile = full()
    profile.browsed = {}
    return profile


def values(profile: Profile) -> dict[str, Any]:
    """The fields by name. Of an order both sides of a split know, one knows besides that it is elsewhere."""
    found = {name: getattr(profile, name) for name in Profile.__struct_fields__}
    known = {order_id: replace(order, flags=order.flags.rstrip("e")) for order_id, order in profile.orders.items()}
    return {**found, "orders": known}


def differing(one: Profile, other: Profile) -> set[str]:
    """The fields in which they differ."""
    theirs = values(other)
    return {name for name, value in values(one).items() if value != theirs[name]}


def test_every_field_has_one_owner():
    """The slices and the place of a profile are all of its fields, each once."""
    owners = Counter(name for machine in MACHINES for name in machine.fields)
    owners.update(PLACE)
    assert owners == Counter(Profile.__struct_fields__)


@each_machine
def test_a_merge_takes_the_whole_slice_and_no_other_field(machine: Machine[Any, Any]):
    """An empty profile that absorbs a full one has all of the slice after it."""
    winner = Profile("p")
    assert list(machine.absorb(winner, full(), 9)) == []
    assert differing(winner, Profile("p")) == machine.fields
    assert not differing(winner, full()) & machine.fields


@each_machine
def test_absorbing_an_empty_profile_changes_nothing(machine: Machine[Any, Any]):
    """Nothing is lost, nothing happens."""
    winner = settled()
    assert list(machine.absorb(winner, Profile("q"), 9)) == []
    assert winner == settled()


@each_machine
def test_dividing_with_nobody_changes_nothing(machine: Machine[Any, Any]):
    """Without an identifier that leaves, the share has what is on both sides, and the profile what it had."""
    profile, share = settled(), Profile("q")
    assert list(machine.divide(profile, share, NOBODY)) == []
    assert profile == settled()
    assert differing(share, Profile("q")) == machine.fields & ON_BOTH_SIDES
    assert not differing(share, profile) & machine.fields & ON_BOTH_SIDES


@each_machine
def test_dividing_an_empty_profile_gives_nothing(machine: Machine[Any, Any]):
    """There is nothing to go."""
    profile, share = Profile("p"), Profile("q")
    assert list(machine.divide(profile, share, EVERYBODY)) == []
    assert (profile, share) == (Profile("p"), Profile("q"))


@each_machine
def test_a_split_takes_what_the_identifiers_brought(machine: Machine[Any, Any]):
    """With all identifiers: what goes is gone, what both have is on both sides, what stays is not in the share."""
    profile, share = settled(), Profile("q")
    machine.divide(profile, share, EVERYBODY)
    assert differing(profile, settled()) == machine.fields & GOES
    assert not any(getattr(profile, name) for name in machine.fields & GOES)
    assert differing(share, Profile("q")) == machine.fields & (GOES | ON_BOTH_SIDES)


def test_every_field_is_said_to_go_to_stay_or_to_be_on_both_sides():
    """A new field of a profile has to be put into one of the lists of this test, too."""
    assert Counter([*GOES, *ON_BOTH_SIDES, *STAYS, *PLACE]) == Counter(Profile.__struct_fields__)
