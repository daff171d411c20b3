"""Stores: the nearest one, where a customer is, and store_nearby."""

from __future__ import annotations

import random

import pytest

from streams.core.campaigns.stores import Store, Stores, distance
from streams.core.profile.state import Location
from tests.support.happenings import STORES, Customer, at

HERE = {"latitude": 52.521, "longitude": 13.406}


@pytest.mark.parametrize(("points", "metres"), [
    ((52.52, 13.405, 52.52, 13.405), 0),
    ((36.12, -86.67, 33.94, -118.40), 2_886_448),
    ((0, 0, 0, 180), 20_015_115),
    ((90, 0, -90, 123), 20_015_115),
    ((0, 179.5, 0, -179.5), 111_195),
])  # fmt: skip
def test_distances_on_the_globe(points, metres):
    """Known pairs (Nashville to Los Angeles among them), poles, and the date line."""
    assert distance(*points) == pytest.approx(metres, abs=1)


def test_the_nearest_is_the_one_that_looking_at_all_finds():
    """For points all over the globe and stores in clumps, ties and at the edges of the map."""
    rng = random.Random(7)
    for _ in range(60):
        stores = [
            Store(id=f"s{n}", name="S", latitude=rng.choice([rng.uniform(-90, 90), 0, 52.5, 90, -90]),
                  longitude=rng.choice([rng.uniform(-180, 180), 180, -180, 13.4]))
            for n in range(rng.randint(1, 30))
        ]  # fmt: skip
        all_of_them = Stores(stores)
        for _ in range(10):
            point = rng.uniform(-90, 90), rng.uniform(-180, 180)
            far = [(distance(*point, s.latitude, s.longitude), n) for n, s in enumerate(stores)]
            found = all_of_them.nearest(*point)
            assert found is not None
            assert (found[1], found[0].id) == (min(far)[0], f"s{min(far)[1]}")


def test_there_may_be_no_stores_but_not_two_with_one_id():
    """Without a stores file nothing is nearest; an id that comes twice is named."""
    assert Stores().nearest(0, 0) is None
    with pytest.raises(ValueError, match="'mitte'"):
        Stores([*STORES, STORES[0]])


def test_a_customer_comes_near_a_store():
    """From the context or the properties, as numbers or text, each campaign within its own radius."""
    customer = Customer({"on": "store_nearby", "radius": "100m"}, "store_nearby")
    (trigger,) = customer.does("", 0, "app", type_="screen", context={"location": HERE})
    assert trigger[:4] == ("store_nearby", at(0), at(0), f"nearby:m0:{at(0)}:p")
    assert (trigger.campaign, trigger.about) == ("c1", {"store_id": "mitte"})
    found = customer.does("Location Updated", 1, "app", lat=" 52.52 ", lng="13.405")
    assert [t.campaign for t in found] == ["c0", "c1"]
    assert customer.profile.location == Location(52.52, 13.405, at(1))
    assert customer.does("", 2, type_="page", lat=51, lon=13.405) == []


def test_coordinates_are_within_range_or_none():
    """What cannot be a place on the globe leaves the last one as it is; the next name or place is looked at."""
    customer = Customer("store_nearby")
    for junk in (None, True, "", "north", "nan", "inf", [], {}, 181, -181, 10**400, "1e400"):
        assert customer.does("", 0, type_="page", latitude=junk, longitude=13.4) == []
        assert customer.does("", 0, type_="page", latitude=52.52, longitude=junk) == []
        assert customer.does("", 0, type_="page", context={"location": junk}) == []
    assert customer.profile.location is None
    assert customer.does("", 0, type_="page", latitude="?", lat=52.52, lon=13.405) != []
    assert customer.does("", 0, type_="page", context={"location": {"latitude": 99}}, **HERE) != []


def test_a_visit_to_a_store_is_where_the_customer_is():
    """But no news of a store nearby; a store that nobody knows is nowhere; coordinates say more."""
    customer = Customer("store_nearby")
    assert customer.does("Store Visited", 0, "store", store_id="suva") == []
    assert customer.profile.location == Location(-18.1416, 178.4419, at(0))
    assert customer.does("Order Completed", 1, "store", store_id="mitte") == []
    assert customer.profile.location == Location(52.52, 13.405, at(1))
    for junk in ("nowhere", None, [], {}, 5):
        assert customer.does("Store Visited", 2, "store", store_id=junk) == []
    assert customer.profile.location.at == at(1)
    assert customer.does("Store Visited", 3, "web", store_id="suva", **HERE) != []
    assert customer.profile.location == Location(52.521, 13.406, at(3))


@pytest.mark.parametrize(
    ("channel", "known"), [("store", True), ("callcenter", False), ("email", False), ("ads", False)]
)
def test_where_a_till_an_agent_or_a_server_is_says_nothing_of_the_customer(channel, known):
    """Coordinates of theirs are no place of a customer's; a store may say that somebody is in it."""
    customer = Customer("store_nearby")
    assert customer.does("Something", 0, channel, **HERE) == []
    assert customer.does("Something", 1, channel, context={"location": HERE}) == []
    assert customer.profile.location is None
    customer.does("Store Visited", 2, channel, store_id="mitte", **HERE)
    assert (customer.profile.location is not None) is known


def test_the_newest_place_counts():
    """A late one is not where the customer is now and sets nothing off; of two customers the newer place."""
    customer, other = Customer("store_nearby"), Customer(id_="q")
    customer.does("", 10, type_="page", latitude=1, longitude=1)
    assert customer.does("", 5, type_="page", late=True, **HERE) == []
    assert customer.profile.location == Location(1, 1, at(10))
    other.does("", 11, type_="page", **HERE)
    customer.triggers.absorb(customer.profile, other.profile, at(0))
    assert customer.profile.location == Location(52.521, 13.406, at(11))
