"""No producer makes a profile's state too large for a record of the changelog, nor a worker's memory too small."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import products
from schemas.topics import CART_TRANSITIONS, MAX_RECORD_BYTES
from streams.core.cart import lines
from streams.core.orders import attribution
from streams.core.products import interests
from streams.core.profile.state import Profile, decode
from streams.core.protocol.state_keys import PROFILE
from tests.support.journeys import Table, track

LONG = "x" * 300_000
TEXTS = ("name", "url", "image_url")


def kept(*told: dict[str, Any]) -> tuple[Profile, int, Table]:
    """The profile that comes of this, how large its state is, and where it is."""
    table = Table()
    for minute, event in enumerate(told):
        table.feed(minute, {"userId": "u1", **event})
    table.round(len(told) + 10)
    table.journey.flush()
    ((_, value),) = table.store.scan(PROFILE)
    return decode(value[9:]), len(value), table


@pytest.mark.parametrize(
    "told",
    [
        [{"type": "identify", "traits": {f"t{n}": LONG}} for n in range(30)],
        [{"type": "identify", "traits": {f"{n}{LONG}": 1}} for n in range(30)],
        [{"type": "identify", "traits": {f"t{n}": [LONG], "u": {"v": LONG}}} for n in range(30)],
        [{"type": "identify", "traits": {f"t{n}-{m}": "y" * 300 for m in range(1_000)}} for n in range(30)],
        [
            {"type": "page", "context": {"campaign": dict.fromkeys(("source", "medium", "name"), f"{n}{LONG}")}}
            for n in range(30)
        ],
        [{"type": "page", "context": {"page": {"referrer": f"https://{n}{LONG}.example/"}}} for n in range(30)],
        [track("Ad Clicked", campaign_id=f"{n}{LONG}") for n in range(30)],
        [track("Product Added", sku=f"s{n}", url=LONG, image_url=LONG) for n in range(30)],
        [track("Product Viewed", sku=f"s{n}", url=LONG, image_url=LONG) for n in range(30)],
        [track("Order Completed", order_id=f"{n}{LONG}") for n in range(30)],
    ],
)
def test_long_texts_do_not_pile_up(told):
    """A page in the place of a name, images within addresses, an export of a whole database as traits."""
    assert kept(*told)[1] < MAX_RECORD_BYTES / 8


def test_traits_are_kept_as_far_as_templates_show_them():
    """The first 2,000 characters of a text; what is of a sensible size whole."""
    traits = {"note": "n" * 3_000, "cards": ["c" * 9_000], "export": ["e" * 10_000], "age": 40, "x" * 257: 1, "": None}
    profile, _, _ = kept({"type": "identify", "traits": traits})
    assert {name: known.value for name, known in profile.traits.items()} == {
        "note": "n" * 2_000, "cards": ["c" * 9_000], "age": 40, "": None
    }  # fmt: skip


def test_of_traits_the_first_five_hundred_are_kept_and_those_change():
    """Whoever sends more than that sends something else."""
    told = [{"type": "identify", "traits": {f"t{n}-{m}": n for m in range(300)}} for n in range(3)]
    profile, _, _ = kept(*told, {"type": "identify", "traits": {"t0-0": 9, "late": 1}})
    assert (len(profile.traits), profile.traits["t0-0"].value, "late" in profile.traits) == (500, 9, False)


@pytest.mark.parametrize(("length", "shown"), [(2_000, True), (2_001, False)])
def test_a_text_of_a_line_is_of_sensible_length(length, shown):
    """Longer ones say nothing of a product in a cart."""
    said = dict.fromkeys(TEXTS, "x" * length)
    _, _, table = kept({"type": "track", "event": "Product Added", "properties": {"sku": "s", **said}})
    (line,) = table.rows(CART_TRANSITIONS)[0]["lines"]
    assert line["sku"] == "s"
    assert [line[name] is not None for name in TEXTS] == [shown] * 3


def test_long_texts_are_not_kept_for_a_second_reading():
    """What is remembered of items and sources is bounded in bytes as well."""
    remembered = (products._texts, products._key_of, attribution._meant)
    short = products.product_key({"sku": "s"})
    for cache in remembered:
        cache.cache_clear()
    for nth in range(3):
        item = {"sku": f"s{nth}", "name": LONG}
        assert products.product_key({"sku": "s", "product_id": f"{nth}{LONG}"}) == short
        assert lines.line_of(item).sku == interests.seen(item)[1]["sku"] == f"s{nth}"
        assert attribution._word(f"{nth}{LONG}") is None
        assert attribution._host(f"https://shop.example/{nth}{LONG}") == "shop.example"
    assert [cache.cache_info().currsize for cache in remembered] == [0, 0, 0]
